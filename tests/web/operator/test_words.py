"""Words of one meaning as the operator adds them: the page, what is refused, and how far the index is."""

from __future__ import annotations

import pytest
from django.test import Client

from hutong.attract.search import queries
from hutong.attract.search.queries.own_words import own_words
from hutong.flows import index_search, jobs
from hutong.kernel import clock
from hutong.kernel.geo import Place
from tests.factories import merchants, people
from tests.web.visitors import visitor

pytestmark = pytest.mark.django_db
URL = "/operator/site/words/"
HERE = Place(24.9414, 60.1710)


@pytest.fixture
def operator() -> Client:
    return visitor(people.operator())


def found(text: str) -> list[str]:
    return [card.ref for card in queries.nearby(place=HERE, at=clock.now(), text=text).items]


def test_added_followed_taken_away_and_given_back(operator: Client) -> None:
    shop = merchants.listing()
    index_search.index_stores([shop.public_id], clock.now())
    page = operator.get(URL).content.decode()
    assert "No words of your own yet" in page
    assert "hx-trigger" not in page.partition('id="own-words"')[2].partition(">")[0]
    sent = {"category": shop.category.slug, "words": "jamjar, 蜜罐子\n  Jam-Jar "}
    assert operator.post(URL, sent)["Location"] == URL
    (line,) = own_words()
    assert (line.words, line.stores, line.done, line.followed) == (
        ("jamjar", "蜜罐子", "Jam-Jar"),
        1,
        0,
        False,
    )
    page = operator.get(URL).content.decode()
    assert "Indexing shops: 0 of 1" in page
    assert 'hx-trigger="every 2s"' in page
    part = operator.get(URL, headers={"HX-Request": "true"}).content.decode()
    assert part.lstrip().startswith('<div id="own-words"')
    jobs.drain()
    assert "1 shop indexed" in operator.get(URL).content.decode()
    assert found("jamjar") == found("蜜罐子") == [shop.public_id]
    hold = f"{URL}{line.ref}/hold/"
    assert operator.post(hold, {"to": "off"})["Location"] == URL
    assert "Give back" in operator.get(URL).content.decode()
    jobs.drain()
    assert found("蜜罐子") == []
    operator.post(hold, {"to": "off"})
    assert "Somebody else has changed these words meanwhile." in operator.get(URL).content.decode()
    operator.post(hold, {"to": "on"})
    jobs.drain()
    assert found("蜜罐子") == [shop.public_id]
    log = operator.get("/operator/audit/").content.decode()
    for action in ("added", "taken away", "given back"):
        assert f"Words of one meaning {action}" in log
    assert operator.post(hold, {"to": "away"}).status_code == 404
    assert operator.post(f"{URL}wrd_none/hold/", {"to": "on"}).status_code == 404


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("", "required"), ("alone", "at least two words"), ("!!!, ???", "no letter"), ("a" * 41 + ", b", "40 characters"),
        (", ".join(f"word{n}" for n in range(21)), "20 at most"), ("soda, drink", "another line already"),
    ],
)  # fmt: skip
def test_what_cannot_be_kept_is_said_and_nothing_is_kept(operator: Client, words: str, said: str) -> None:
    operator.post(URL, {"category": "", "words": "Soda、汽水"})
    before = own_words()
    answer = operator.post(URL, {"category": "", "words": words})
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert own_words() == before
    assert operator.post(URL, {"category": "no-such", "words": "b, c"}).status_code == 422
