"""The kinds of questions that are measured: how each is drawn, asked over HTTP, and sent as bare statements."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from pypinyin import Style, lazy_pinyin

from bench.found import words
from bench.found.worker import KM_LAT, KM_LON
from bench.load import Statement
from hutong.attract.search.queries.asked import ask
from hutong.attract.search.queries.facets import facet_statement
from hutong.attract.search.queries.find import list_statement, read_cursor
from hutong.attract.search.queries.stores import nearby_json_statement
from hutong.attract.search.queries.suggest import suggest_statement
from hutong.attract.search.types import Bounds, Circle, Question
from hutong.kernel.geo import Place
from hutong.kernel.rows import rows

LIMIT = 20
RADIUS_M = 20_000.0
SEED = 20261123
# Who asks stands up to so far from some store: people are where shops are.
AWAY_KM = 0.4
# Half the side of "search this area".
HALF_KM = 1.0


@dataclass(frozen=True, slots=True)
class Asked:
    """One question: its address on the site, and the statements that answer it there."""

    path: str
    statements: tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of question. `mark` is the least share of pgbench's rate; `prepared` tells that the site sends one
    statement with parameters again and again, where otherwise its words stand in its text."""

    name: str
    mark: float
    prepared: bool
    draw: Callable[[random.Random, Sequence[Named], datetime], Asked]


@dataclass(frozen=True, slots=True)
class Named:
    """A store of the city: what it is called, and where it is."""

    names: dict[str, str]
    place: Place


def stores(count: int = 5_000) -> list[Named]:
    """So many stores of the city, or all, spread over it evenly; the same ones each time."""
    found = rows(
        "SELECT s.names->>'name' AS zh, s.names->>'en' AS en, s.lon, s.lat FROM merchants_store s"
        " WHERE s.id %% greatest(1, (SELECT max(id) FROM merchants_store) / %s::int8) = 0 ORDER BY s.id",
        [count],
    )
    return [Named({"zh": one["zh"], "en": one["en"]}, Place(one["lon"], one["lat"])) for one in found]


def drawn(kind: Kind, among: Sequence[Named], count: int, at: datetime) -> list[Asked]:
    """So many questions of a kind, the same ones each time."""
    chance = random.Random(f"{SEED} {kind.name}")
    return [kind.draw(chance, among, at) for _ in range(count)]


def _near(chance: random.Random, among: Sequence[Named]) -> tuple[Place, Named]:
    store = chance.choice(among)
    lon = store.place.lon + chance.uniform(-AWAY_KM, AWAY_KM) * KM_LON
    return Place(lon, store.place.lat + chance.uniform(-AWAY_KM, AWAY_KM) * KM_LAT), store


def _nearby(chance: random.Random, among: Sequence[Named], category: str | None) -> Asked:
    place, _store = _near(chance, among)
    sql, params = nearby_json_statement(
        place=place, category=category, text=None, limit=LIMIT, after=None, radius_m=RADIUS_M
    )
    query = {"lon": place.lon, "lat": place.lat, "limit": LIMIT, "radius_m": RADIUS_M}
    if category:
        query["category"] = category  # type: ignore[assignment]
    return Asked(f"/api/v1/stores/nearby?{urlencode(query)}", (Statement(sql, params),))


def _find(question: Question, *, facets: bool, **query: object) -> Asked:
    asked = ask(question)
    statements = [Statement(*list_statement(asked, read_cursor(None)))]
    if facets:
        statements.append(Statement(facet_statement(asked), asked.params))
    place = question.place
    address = urlencode({"lon": place.lon, "lat": place.lat, "limit": LIMIT, **query})
    return Asked(f"/api/v1/stores/find?{address}{'&facets=true' if facets else ''}", tuple(statements))


def nearest(chance: random.Random, among: Sequence[Named], at: datetime) -> Asked:
    """The 20 nearest stores."""
    return _nearby(chance, among, None)


def of_category(chance: random.Random, among: Sequence[Named], at: datetime) -> Asked:
    """The 20 nearest of a category, any of them as likely."""
    return _nearby(chance, among, chance.choice(list(words.KINDS)))


def ranked(chance: random.Random, among: Sequence[Named], at: datetime) -> Asked:
    """The best 20 around a place, by relevance."""
    place, _store = _near(chance, among)
    question = Question(place=place, within=Circle(place, RADIUS_M), at=at, limit=LIMIT)
    return _find(question, facets=False, radius_m=RADIUS_M)


def of_words(chance: random.Random, among: Sequence[Named], at: datetime) -> Asked:
    """The best 20 for words: what shops sell in Chinese, English, pinyin or initials, or the name of one."""
    place, store = _near(chance, among)
    zh, en = chance.choice(words.KINDS[chance.choice(list(words.KINDS))])
    text = chance.choice(
        [
            zh,
            zh,
            en,
            "".join(lazy_pinyin(zh)),
            "".join(lazy_pinyin(zh, style=Style.FIRST_LETTER)),
            store.names["zh"].partition("(")[0],
            store.names["en"].partition(" (")[0],
        ]
    )
    question = Question(place=place, within=Circle(place, RADIUS_M), at=at, text=text, limit=LIMIT)
    return _find(question, facets=False, radius_m=RADIUS_M, text=text)


def of_area(chance: random.Random, among: Sequence[Named], at: datetime) -> Asked:
    """A square of two kilometres with all its counts; of three questions one is about a category."""
    place, _store = _near(chance, among)
    bounds = Bounds(
        place.lon - HALF_KM * KM_LON,
        place.lat - HALF_KM * KM_LAT,
        place.lon + HALF_KM * KM_LON,
        place.lat + HALF_KM * KM_LAT,
    )
    category = chance.choice(list(words.KINDS)) if chance.random() < 1 / 3 else None
    question = Question(place=place, within=bounds, at=at, category=category, limit=LIMIT)
    box = f"{bounds.west:.9f},{bounds.south:.9f},{bounds.east:.9f},{bounds.north:.9f}"
    return _find(question, facets=True, box=box, **({"category": category} if category else {}))


def begun(chance: random.Random, among: Sequence[Named], at: datetime) -> Asked:
    """Suggestions for the first one to four letters of a name, in Chinese, English or pinyin."""
    place, store = _near(chance, among)
    whole = chance.choice([store.names["zh"], store.names["en"], "".join(lazy_pinyin(store.names["zh"][:3]))])
    text = whole[: chance.randint(1, 4)].strip()
    query = {"lon": place.lon, "lat": place.lat, "text": text, "language": "zh-hans"}
    statement = suggest_statement(text, place)
    if statement is None:
        raise RuntimeError(f"nothing is looked for with {text!r}")
    return Asked(f"/api/v1/stores/suggest?{urlencode(query)}", (Statement(*statement),))


KINDS = (
    Kind("nearby", 0.15, True, nearest),
    Kind("category + nearby", 0.15, True, of_category),
    Kind("nearby, the best first", 0.15, True, ranked),
    Kind("text + nearby", 0.15, False, of_words),
    Kind("search this area, with facets", 0.10, True, of_area),
    Kind("suggest", 0.15, False, begun),
)
