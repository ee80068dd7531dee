"""Who answers: PostgreSQL, or OpenSearch where the site names one, and PostgreSQL again while that is away."""

import logging
import time
from typing import Protocol

from django.conf import settings

from hutong.attract.search.opensearch import calls, index
from hutong.attract.search.opensearch.calls import OpenSearchAway, Server
from hutong.attract.search.queries import elsewhere
from hutong.attract.search.queries.find import find as find_rows
from hutong.attract.search.queries.suggest import suggest as suggest_terms
from hutong.attract.search.types import Answer, Question, Suggestion
from hutong.kernel.geo import Place

# After it was away, nobody waits for it again for so long.
REST_S = 5.0
_log = logging.getLogger("hutong.search")
_rests_until_s: dict[str, float] = {}


class Engine(Protocol):
    """What answers questions. Whoever does promises the same, which `tests/attract/search/engine` asks of each: what
    is found, in which order, how many there are of each value, pages without repetition.

    What it answers from are the rows of search, or documents made of them that `services.feeding` hands over.
    """

    def find(self, question: Question, *, explain: bool = False, facets: bool = True) -> Answer:
        """The stores that answer a question. Raises `CursorInvalid`, `QuestionInvalid`, `PlaceInvalid`."""

    def suggest(self, prefix: str, *, place: Place, language: str, limit: int = 8) -> list[Suggestion]:
        """What somebody who is still typing may mean, at most `limit`."""


class InPostgres:
    """The rows themselves."""

    def find(self, question: Question, *, explain: bool = False, facets: bool = True) -> Answer:
        """See `queries.find`."""
        return find_rows(question, explain=explain, facets=facets)

    def suggest(self, prefix: str, *, place: Place, language: str, limit: int = 8) -> list[Suggestion]:
        """See `queries.suggest`."""
        return suggest_terms(prefix, place=place, language=language, limit=limit)


class InOpenSearch:
    """Documents at a server. Beside what every engine raises, `OpenSearchAway`."""

    def __init__(self, server: Server) -> None:
        self.server = server

    def find(self, question: Question, *, explain: bool = False, facets: bool = True) -> Answer:
        """See `elsewhere`."""
        return elsewhere.find(question, self.server, explain=explain, facets=facets)

    def suggest(self, prefix: str, *, place: Place, language: str, limit: int = 8) -> list[Suggestion]:
        """See `elsewhere`."""
        return elsewhere.suggest(prefix, self.server, place=place, language=language, limit=limit)


def find(question: Question, *, explain: bool = False, facets: bool = True) -> Answer:
    """The stores that answer a question, as the engine of this site finds them.

    A list that PostgreSQL began goes on there. Raises `CursorInvalid`, also for a list that OpenSearch began while it
    is away, `QuestionInvalid`, `PlaceInvalid`.
    """
    url: str = settings.HUTONG_SEARCH_URL
    begun_here = bool(question.after) and not str(question.after).startswith(elsewhere.MARK)
    if url and not begun_here and not _rests(url):
        try:
            return InOpenSearch(calls.server(url)).find(question, explain=explain, facets=facets)
        except OpenSearchAway as error:
            _rest(url, error)
    return InPostgres().find(question, explain=explain, facets=facets)


def suggest(prefix: str, *, place: Place, language: str, limit: int = 8) -> list[Suggestion]:
    """What somebody who is still typing may mean, as the engine of this site knows it."""
    url: str = settings.HUTONG_SEARCH_URL
    if url and not _rests(url):
        try:
            return InOpenSearch(calls.server(url)).suggest(
                prefix, place=place, language=language, limit=limit
            )
        except OpenSearchAway as error:
            _rest(url, error)
    return InPostgres().suggest(prefix, place=place, language=language, limit=limit)


def away() -> str:
    """What is wrong with OpenSearch now, "" where it answers, or where the site names none. One call."""
    url: str = settings.HUTONG_SEARCH_URL
    if not url:
        return ""
    server = calls.server(url)
    try:
        there = index.aliases(server)
    except OpenSearchAway as error:
        return str(error)
    return "" if server.alias in there else "It has no index yet: run `hutong search rebuild`."


def forget() -> None:
    """Ask it again at once, whatever happened before. For tests, and for who just mended it."""
    _rests_until_s.clear()


def _rests(url: str) -> bool:
    return time.monotonic() < _rests_until_s.get(url, 0.0)


def _rest(url: str, error: OpenSearchAway) -> None:
    _rests_until_s[url] = time.monotonic() + REST_S
    _log.warning("%s PostgreSQL answers for the next %d seconds", error, REST_S)
