"""Requests are as they were recorded, the simulator answers them so, and refuses what it does not know."""

from __future__ import annotations

from typing import Any

import pytest

from hutong.attract.search.opensearch import asking
from hutong.attract.search.rules import tokens
from hutong.attract.search.types import Circle, Question
from tests.attract.search.engine.recorded import AT, FOLDER, HERE, KNOWN, bodies, filled, text
from tests.fakes.opensearch import search
from tests.fakes.opensearch_query import COVERED, NEAR, Reader, Refused

MEND = "if that is meant: python -m tests.attract.search.engine.recorded"


def test_requests_and_answers_are_the_recorded_ones() -> None:
    there = filled()
    made = {f"{name}.json": text(body, search(there, body)) for name, body in bodies()}
    assert sorted(made) == sorted(path.name for path in FOLDER.glob("*.json")), MEND
    for name, written in made.items():
        assert written == (FOLDER / name).read_text(), f"{name}: {MEND}"


def test_the_simulator_knows_the_scripts_by_their_text() -> None:
    assert (asking.SCORE, asking.COVERED) == (NEAR, COVERED)


@pytest.mark.parametrize(
    "query",
    [
        {"query_string": {"query": "aurora"}},
        {"match": {"words": "aurora"}},
        {"wildcard": {"words": "*"}},
        {"term": {"no_such_field": 1}},
        {"term": {"words": "a"}, "prefix": {"words": "a"}},
        {"range": {"rating": {"lt": 3}}},
        {"bool": {"must": [{"match_all": {}}]}},
        {"bool": {"should": [{"term": {"words": "aurora"}}]}},
        {"script_score": {"query": {"match_all": {}}, "script": {"source": "1", "params": {}}}},
    ],
    ids=str,
)
def test_the_simulator_refuses_what_it_does_not_know(query: dict[str, Any]) -> None:
    with pytest.raises(Refused):
        search(filled(), {"query": query, "size": 1, "sort": [{"_score": "desc"}]})


def test_what_is_typed_is_never_more_than_a_value() -> None:
    nasty = 'name:* AND "x" OR (y)~2^5 [a TO b] {"match_all":{}} \\ /re/ ' * 200
    asked = Question(place=HERE, within=Circle(HERE, 1_000.0), at=AT, text=nasty)
    question = asking.page(asked, tokens.typed(nasty), KNOWN, size=3, after=())
    assert not _keys(question) & {
        "query_string",
        "simple_query_string",
        "match",
        "wildcard",
        "regexp",
        "fuzzy",
    }
    values = {value for value in _strings(question) if value not in (asking.SCORE, asking.COVERED)}
    assert all(
        not set(value) & set('*"()[]{}\\~^/:') or (value[0] in "~^" and value[1:].isalnum())
        for value in values
    )
    assert len(str(question)) < 40_000


def _keys(node: Any) -> set[str]:
    if isinstance(node, dict):
        return set(node) | {key for value in node.values() for key in _keys(value)}
    return {key for value in node for key in _keys(value)} if isinstance(node, list) else set()


def _strings(node: Any) -> set[str]:
    if isinstance(node, dict):
        return {text for value in node.values() for text in _strings(value)}
    if isinstance(node, list):
        return {text for value in node for text in _strings(value)}
    return {node} if isinstance(node, str) else set()


def test_a_reader_names_the_clauses_that_matched() -> None:
    there = filled()
    reader = Reader(there.mapping, there.seen["1"])
    (body,) = [body for name, body in bodies() if name == "words"]
    assert reader.score(body["query"]) is not None
    assert {"whole", "begins", "written", "open"} <= set(reader.matched)
