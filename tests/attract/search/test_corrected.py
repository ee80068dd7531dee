"""Words that nothing is called: what is meant by them among a few shops, and what the page says it took them for."""

from datetime import datetime

import pytest

from hutong.attract.search import queries, services
from hutong.attract.search.rules import sounds, spelling
from hutong.attract.search.types import Answer, Circle, Question
from hutong.kernel.geo import Place
from tests.factories import merchants

pytestmark = pytest.mark.django_db
HERE = Place(24.94, 60.17)
NAMES = (
    "Burger King",
    "Mc Donalds",
    "Bäckerei Müller",
    "Fire Department of Northern Harbour Station",
    "Kahvila Kaneli",
    "海底捞火锅",
)


@pytest.fixture
def shops(at: datetime) -> None:
    """Shops of these names, with their words in the vocabulary."""
    stores = [merchants.store(name=name, lon=HERE.lon, lat=HERE.lat) for name in NAMES]
    services.index_stores(store_refs=[store.public_id for store in stores], at=at)


def ask(text: str, at: datetime, *, exact: bool = False) -> Answer:
    """What is found for the text close by."""
    return queries.find(Question(HERE, Circle(HERE, 5_000), at, text=text, exact=exact))


@pytest.mark.parametrize(
    ("typed", "name", "meant"),
    [
        ("mcdonalds kaneli", "", ""),
        ("mcdonalds", "Mc Donalds", "mc donalds"),
        ("harbour statin", NAMES[3], "harbour station"),
        ("kahvilakaneli", "Kahvila Kaneli", "kahvila kaneli"),
        ("kahvlia kaneli", "Kahvila Kaneli", "kahvila kaneli"),
        ("kahvila kanneli", "Kahvila Kaneli", "kahvila kaneli"),
        ("baeckerei", "Bäckerei Müller", "backerei"),
        ("mueller", "Bäckerei Müller", "muller"),
        ("fire department northern harbour statoin", NAMES[3], "fire department northern harbour station"),
        ("northernharbour", NAMES[3], "northern harbour"),
        ("海底劳火锅", "海底捞火锅", "海底捞火锅"),
        ("海地捞火国", "海底捞火锅", "海底捞火锅"),
        ("haidilaohuogou", "海底捞火锅", "haidilaohuoguo"),
        ("haidialo", "海底捞火锅", "haidilao"),
    ],
)
def test_what_is_meant_by_words_that_nothing_is_called(
    at: datetime, shops: None, typed: str, name: str, meant: str
) -> None:
    found = ask(typed, at)
    assert [one.card.names["name"] for one in found.items[:1]] == ([name] if name else [])
    if name:
        assert found.corrected == meant
        assert ask(typed, at, exact=True).items == ()


@pytest.mark.parametrize(
    ("typed", "among"),
    [("haidialo", "haidilao"), ("lanzoulamian", "lanzhoulamian"), ("huogou", "huoguo"), ("xiann", "")],
)
def test_pinyin_is_mended_by_its_syllables(typed: str, among: str) -> None:
    found = spelling.spoken(typed)
    assert (among in found) is bool(among)
    assert all(spelling.errors(typed, one) <= 1 and sounds.full_pieces(one) for one in found)


def test_what_is_no_pinyin_by_one_error_has_no_neighbours() -> None:
    assert spelling.spoken("starbucsk") == []
    assert spelling.spoken("l" * 5_000) == []
    assert spelling.spoken("火锅火锅火锅") == []
