"""Questions as OpenSearch's JSON: which stores answer, in which order, how many there are of each value.

Only clauses that take values are used (`term`, `terms`, `prefix`, `range`, `geo_*`), never a query that is parsed out
of text, so nothing typed is ever a part of a query's language. Scores are worked out by the formula of `rules.ranking`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hutong.attract.search.opensearch.calls import SEARCH_WITHIN
from hutong.attract.search.opensearch.index import FIELDS
from hutong.attract.search.rules import ranking
from hutong.attract.search.rules.tokens import Lexeme, Wanted
from hutong.attract.search.types import Area, Bounds, Circle, Question, StoreSort
from hutong.kernel.geo import Place
from hutong.town.catalog.rules import TAGS

Clause = dict[str, Any]

MOST_AREAS = 24
MOST_CATEGORIES = 1_000
# Nearness with all else that a document has of its own; `_score` is what its words and hours are worth. The order by
# distance is this one with nothing but nearness, because `_geo_distance` with a second key fails in OpenSearch 3.0.
SCORE = (
    "_score + params.near / (1 + doc['place'].arcDistance(params.lat, params.lon) / params.half)"
    " + params.quality * doc['quality'].value"
)
COVERED = "params.worth * Math.min(1.0, params.typed / Math.max(1.0, doc['name_size'].value))"
NONE: Clause = {"match_none": {}}
ALL: Clause = {"match_all": {}}
_SORTS = {
    StoreSort.RELEVANCE: [{"_score": "desc"}, {"store": "asc"}],
    StoreSort.DISTANCE: [{"_score": "desc"}, {"store": "asc"}],
    StoreSort.RATING: [{"rating": "desc"}, {"store": "desc"}],
    StoreSort.PRICE: [{"price": "asc"}, {"store": "asc"}],
    StoreSort.SALES: [{"sold": "desc"}, {"store": "desc"}],
    StoreSort.NEWEST: [{"store": "desc"}],
}
BY_SCORE = (StoreSort.RELEVANCE, StoreSort.DISTANCE)


@dataclass(frozen=True, slots=True)
class Known:
    """What a question needs that PostgreSQL knows: the key of its category, which hours are open now, and when asked.

    `category_id` is None where there is no category of that name, and where none is asked for.
    """

    category_id: int | None = None
    group_id: int | None = None
    open_now: Sequence[int] = field(default=())
    open_then: Sequence[int] = field(default=())


def page(
    question: Question, pieces: tuple[Wanted, ...], known: Known, *, size: int, after: Sequence[float | int]
) -> Clause:
    """The body of the search for a page; `after` are the sort values of the last hit of the page before."""
    kept = [*_words(pieces), *within(question), *filters(question, known).values()]
    if question.sort is StoreSort.RELEVANCE:
        query = _ranked(question, pieces, known, kept)
    elif question.sort is StoreSort.DISTANCE:
        query = _scored({"bool": {"filter": kept}}, question.place, near=1.0, quality=0.0)
    else:
        query = {"bool": {"filter": kept}}
    body = {**_body(size), "query": query, "sort": _SORTS[question.sort]}
    if after:
        body["search_after"] = list(after)
    return body


def shops(pieces: tuple[Wanted, ...], place: Place, *, within_m: float, size: int) -> Clause:
    """The body of the search for the nearest shops with names that have the words."""
    circle = _circle(Circle(place, within_m))
    query = {"bool": {"filter": [*_every(pieces, "A"), circle]}}
    scored = _scored(query, place, near=1.0, quality=0.0)
    return {**_body(size), "query": scored, "sort": _SORTS[StoreSort.DISTANCE]}


def counts(question: Question, pieces: tuple[Wanted, ...], known: Known) -> Clause:
    """The body of the search that counts: each value with all filters but its own."""
    chosen = filters(question, known)

    def others(name: str) -> Clause:
        return {"bool": {"filter": [clause for key, clause in chosen.items() if key != name] or [ALL]}}

    def counted(name: str, *more: Clause, by: Clause | None = None) -> Clause:
        clause: Clause = {"filter": {"bool": {"filter": [others(name), *more]}}}
        return {**clause, "aggs": {"of": by}} if by else clause

    found = {
        "total": counted(""),
        "open": counted("open", {"terms": {"hours": list(known.open_now)}}),
        "deal": counted("deal", {"range": {"deals": {"gt": 0}}}),
        "bookable": counted("bookable", {"term": {"tags": ranking.BOOKABLE}}),
        "price": counted("price", by={"terms": {"field": "price_band", "size": 5}}),
        "rating": counted("rating", by={"filters": {"filters": _LEAST}}),
        "tags": counted("tags", by={"terms": {"field": "tags", "size": len(TAGS), "include": list(TAGS)}}),
        "category": counted("category", by=_terms("category" if question.category else "group")),
        "district": counted("", by=_terms("district", MOST_AREAS)),
        "circle": counted("", by=_terms("circle", MOST_AREAS)),
        **{f"without {name}": counted(name) for name in chosen},
    }
    query = {"bool": {"filter": [*_words(pieces), *within(question)]}}
    return {**_body(0), "query": query, "aggs": found}


_LEAST = {f"{least:g}": {"range": {"rating": {"gte": least}}} for least in ranking.LEAST_RATINGS}


def _terms(field_name: str, size: int = MOST_CATEGORIES) -> Clause:
    return {"terms": {"field": field_name, "size": size}}


def _body(size: int) -> Clause:
    return {"size": size, "timeout": SEARCH_WITHIN, "track_total_hits": False, "_source": False}


def within(question: Question) -> list[Clause]:
    """The clauses of where is looked; what cannot be a place was refused before."""
    area = question.within
    if isinstance(area, Circle):
        return [_circle(area)]
    bounds = area if isinstance(area, Bounds) else area.bounds
    corners = {"top": bounds.north, "left": bounds.west, "bottom": bounds.south, "right": bounds.east}
    box: Clause = {"geo_bounding_box": {"place": corners}}
    return [box, {"term": {"areas": area.region_id}}] if isinstance(area, Area) else [box]


def _circle(circle: Circle) -> Clause:
    place = {"lat": circle.place.lat, "lon": circle.place.lon}
    return {"geo_distance": {"distance": f"{circle.radius_m}m", "place": place}}


def filters(question: Question, known: Known) -> dict[str, Clause]:
    """What a reader chose, one clause each, by the names that `queries.asked` has for them."""
    found: dict[str, Clause] = {}
    if question.category:
        found["category"] = NONE if known.category_id is None else {"term": {"categories": known.category_id}}
    if question.price_bands:
        found["price"] = {"terms": {"price_band": sorted(question.price_bands)}}
    if question.least_rating is not None:
        found["rating"] = {"range": {"rating": {"gte": question.least_rating}}}
    if question.open_at:
        found["open"] = {"terms": {"hours": list(known.open_then)}}
    if question.has_deal:
        found["deal"] = {"range": {"deals": {"gt": 0}}}
    if question.bookable:
        found["bookable"] = {"term": {"tags": ranking.BOOKABLE}}
    if question.tags:
        found["tags"] = {"bool": {"filter": [{"term": {"tags": tag}} for tag in sorted(question.tags)]}}
    return found


def _ranked(question: Question, pieces: tuple[Wanted, ...], known: Known, kept: list[Clause]) -> Clause:
    """The stores with their scores. The clauses have the names by which `parts` reads them."""
    weights = ranking.weights(bool(pieces))
    worth = [_worth({"terms": {"hours": list(known.open_now)}}, weights["open"], "open")]
    if pieces:
        worth += _fits(question, pieces, weights["text"])
    inner: Clause = {"bool": {"filter": kept, "should": worth, "minimum_should_match": 0}}
    return _scored(inner, question.place, near=weights["near"], quality=weights["quality"])


def _fits(question: Question, pieces: tuple[Wanted, ...], weight: float) -> list[Clause]:
    """What the words are worth: the best of how they fit, and how much of the name was typed."""
    fits = {name: {"bool": {"filter": _every(*judged)}} for name, judged in ranking.judged(pieces).items()}
    steps = {name: weight * value for name, value in _STEPS.items()}
    best = [_worth(fits[name], value, name) for name, value in steps.items()]
    best.append({"constant_score": {"filter": ALL, "boost": weight * ranking.ANYWHERE}})
    written, spoken = ranking.typed_lexemes(question.text, pieces)
    begun = fits["begins"]
    both: Clause = {"bool": {"filter": [begun, fits["written"]], "_name": "written"}}
    heard: Clause = {"bool": {"filter": [begun], "must_not": [fits["written"]]}}
    return [
        {"dis_max": {"queries": best, "tie_breaker": 0.0}},
        _covered(both, weight * ranking.COVERED, written),
        _covered(heard, weight * ranking.COVERED, spoken),
    ]


_STEPS = {
    "whole": ranking.NAME_WHOLE,
    "begins": ranking.NAME_BEGINS,
    "category": ranking.NAME_OR_CATEGORY,
    "deals": ranking.NAME_TO_DEALS,
}


def text_value(
    question: Question, pieces: tuple[Wanted, ...], matched: Sequence[str], name_size: int
) -> float:
    """How well the words fit a hit, by the names of the clauses that it matched: what its score was made of."""
    best = max((_STEPS[name] for name in matched if name in _STEPS), default=ranking.ANYWHERE)
    if "begins" not in matched:
        return best
    typed = ranking.typed_lexemes(question.text, pieces)["written" not in matched]
    return best + ranking.COVERED * min(1.0, typed / max(1, name_size))


def _covered(clause: Clause, worth: float, typed: int) -> Clause:
    params = {"worth": worth, "typed": typed}
    return {"script_score": {"query": clause, "script": {"source": COVERED, "params": params}}}


def _worth(clause: Clause, value: float, name: str) -> Clause:
    return {"constant_score": {"filter": clause, "boost": value, "_name": name}}


def _scored(query: Clause, place: Place, *, near: float, quality: float) -> Clause:
    params: Mapping[str, float] = {
        "lat": place.lat,
        "lon": place.lon,
        "half": ranking.HALF_M,
        "near": near,
        "quality": quality,
    }
    return {"script_score": {"query": query, "script": {"source": SCORE, "params": params}}}


def _words(pieces: tuple[Wanted, ...]) -> list[Clause]:
    return _every(pieces, "")


def _every(pieces: Sequence[Wanted], weights: str) -> list[Clause]:
    """A clause for each piece: any of its choices, of which every lexeme, in the field of these weights."""
    name = FIELDS[weights]
    return [
        {"bool": {"should": [_choice(name, one.lexemes) for one in piece.choices], "minimum_should_match": 1}}
        for piece in pieces
    ]


def _choice(name: str, lexemes: Sequence[Lexeme]) -> Clause:
    parts: list[Clause] = [{"prefix" if one.prefix else "term": {name: one.text}} for one in lexemes]
    return parts[0] if len(parts) == 1 else {"bool": {"filter": parts}}
