"""Questions that OpenSearch answers: it says which stores and how many, PostgreSQL what they are.

Statements: which hours are open and what the category is (one); the stores of a page (one); names of what was counted
(one). Whatever goes wrong with OpenSearch raises `OpenSearchAway`.
"""

# Statements are put together of constants of this package; words are quoted, values are parameters.
# ruff: noqa: S608

from collections.abc import Iterator
from dataclasses import dataclass, replace
from json import loads
from typing import Any

from hutong.attract.search.opensearch import asking
from hutong.attract.search.opensearch.asking import Known
from hutong.attract.search.opensearch.calls import OpenSearchAway, Server
from hutong.attract.search.queries.asked import Asked, ask
from hutong.attract.search.queries.deals import deal_card
from hutong.attract.search.queries.facets import MOST_AREAS, Counted, told
from hutong.attract.search.queries.find import DEALS_EACH, Cursor, answered, read_cursor
from hutong.attract.search.queries.statements import CursorInvalid, bounded
from hutong.attract.search.queries.stores import store_card
from hutong.attract.search.queries.suggest import STORES, begun, suggested, typed_prefix
from hutong.attract.search.rules import ranking, tokens
from hutong.attract.search.rules.tokens import Wanted
from hutong.attract.search.types import Answer, FoundStore, Part, Question, StoreSort, Suggestion
from hutong.kernel.geo import Place
from hutong.kernel.rows import rows
from hutong.town.catalog.rules import TAGS

# A cursor of ours begins so; PostgreSQL takes it for none of its own.
MARK = "o"
SHOPS_WITHIN_M = 50_000.0
_KNOWN = """
SELECT (SELECT c.id FROM merchants_category c WHERE c.slug = %(category)s) AS category_id,
       (SELECT coalesce(c.parent_id, c.id) FROM merchants_category c WHERE c.slug = %(category)s) AS group_id,
       (SELECT coalesce(json_agg(h.id ORDER BY h.id), '[]') FROM search_searchhours h
         WHERE h.open @> %(at)s::timestamptz)::text AS open_now,
       (SELECT coalesce(json_agg(h.id ORDER BY h.id), '[]') FROM search_searchhours h
         WHERE h.open @> %(open_at)s::timestamptz)::text AS open_then
"""
_NAMES = """
SELECT 'category' AS kind, c.id, c.slug AS value, (c.names || c.own_names)::text AS names, c.parent_id
  FROM merchants_category c WHERE c.parent_id IS NOT DISTINCT FROM %(group)s::int8
UNION ALL SELECT 'area', r.id, r.slug, r.names::text, NULL FROM regions_region r WHERE r.id = ANY(%(areas)s::int8[])
"""


def find(question: Question, server: Server, *, explain: bool, facets: bool) -> Answer:
    """The stores that answer a question, as OpenSearch finds them. Raises what `answered` does, `OpenSearchAway`."""
    if question.after and not (question.after.startswith(MARK) and len(question.after) > len(MARK)):
        raise CursorInvalid
    own = replace(question, after=question.after[len(MARK) :] if question.after else None)
    answer = answered(own, Elsewhere(server), explain=explain, facets=facets)
    return replace(answer, next=MARK + answer.next) if answer.next else answer


def suggest(prefix: str, server: Server, *, place: Place, language: str, limit: int) -> list[Suggestion]:
    """As `queries.suggest`; the vocabulary is PostgreSQL's, shops are looked for everywhere within 50 km."""
    typed = typed_prefix(prefix)
    pieces = tokens.typed(typed)
    if not typed or not pieces:
        return []
    body = asking.shops(pieces, place, within_m=SHOPS_WITHIN_M, size=STORES)
    keys = [int(hit["sort"][1]) for hit in _hits(server, body)]
    found = rows(
        "SELECT s.store_id, s.card FROM search_searchstore s WHERE s.store_id = ANY(%s::int8[])", [keys]
    )
    cards = {entry["store_id"]: entry["card"] for entry in found}
    near = [{"card": cards[key]} for key in keys if key in cards]
    return suggested(begun(typed), near, place=place, language=language, limit=limit)


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """The lists and counts of one server."""

    server: Server

    def listed(
        self, question: Question, *, explain: bool = False, pieces: tuple[Wanted, ...] | None = None
    ) -> Answer:
        """A page, without facets: one search and two statements. Raises `CursorInvalid`, `QuestionInvalid`."""
        asked = ask(question, pieces)
        cursor = read_cursor(question.after)
        size = bounded(question.limit)
        body = asking.page(
            question, asked.pieces, _known(question), size=size + 1, after=_after(question, cursor)
        )
        hits = _hits(self.server, body)
        more = _cursor(question, hits[size - 1]).text() if len(hits) > size else None
        return Answer(items=tuple(_shown(hits[:size], asked, explain)), next=more)

    def counted(self, question: Question, pieces: tuple[Wanted, ...]) -> Counted:
        """What the question may be narrowed to: one search and two statements."""
        asked, known = ask(question, pieces), _known(question)
        found = self.server.search(asking.counts(question, pieces, known))["aggregations"]
        return told(asked, list(_counts(asked, known, found)))


def _known(question: Question) -> Known:
    category = (question.category or "").replace("\0", "")
    asked = {"category": category, "at": question.at, "open_at": question.open_at}
    found = rows(_KNOWN, asked)[0]
    return Known(found["category_id"], found["group_id"], loads(found["open_now"]), loads(found["open_then"]))


def _hits(server: Server, body: dict[str, Any]) -> list[dict[str, Any]]:
    try:
        return list(server.search(body)["hits"]["hits"])
    except (KeyError, TypeError):
        raise OpenSearchAway("it answered with no hits") from None


def _after(question: Question, cursor: Cursor) -> list[float | int]:
    """The sort values behind a cursor. Whole numbers go as such, since the field that they are compared with is one."""
    pair = cursor.scored if question.sort in asking.BY_SCORE else cursor.start
    if pair is None:
        return []
    value, key = pair
    if question.sort is StoreSort.NEWEST:
        return [key]
    return [int(value) if question.sort in (StoreSort.PRICE, StoreSort.SALES) else value, key]


def _cursor(question: Question, hit: dict[str, Any]) -> Cursor:
    pair = (float(hit["sort"][0]), int(hit["sort"][-1]))
    return Cursor(None, pair) if question.sort in asking.BY_SCORE else Cursor(pair, None)


def _shown(hits: list[dict[str, Any]], asked: Asked, explain: bool) -> Iterator[FoundStore]:
    """The stores of a page as their rows say; one whose row has gone meanwhile is left out."""
    question = asked.question
    place, by_score = question.place, question.sort is StoreSort.RELEVANCE
    keys = [int(hit["sort"][-1]) for hit in hits]
    found = {entry["store_id"]: entry for entry in rows(_page(asked), {**asked.params, "keys": keys})}
    for hit, key in zip(hits, keys, strict=True):
        if key not in found:
            continue
        entry = found[key]
        card = store_card(loads(entry["card"]), place, question.at)
        yield FoundStore(
            card=card,
            rating=entry["rating"],
            reviews=entry["reviews"],
            deals=tuple(
                deal_card({"card": deal, "sold": deal["sold"]}, place)
                for deal in loads(entry["offers"] or "[]")
            ),
            score=float(hit["sort"][0]) if by_score else None,
            parts=_parts(hit, entry, asked, card.distance_m) if by_score and explain else (),
        )


def _page(asked: Asked) -> str:
    """What is shown of the stores of a page, by their keys. One statement."""
    matching = f"{asked.matches.replace('t.words', 'd.words')} DESC, " if asked.by_text else ""
    return f"""SELECT s.store_id, s.card, s.rating, s.reviews, s.quality,
       coalesce(length(ts_filter(s.words, '{{a}}')), 0) AS name_size, o.deals AS offers
  FROM search_searchstore s LEFT JOIN LATERAL (
    SELECT jsonb_agg(m.card || jsonb_build_object('sold', m.sold)) AS deals FROM (
      SELECT d.card, d.sold FROM search_searchdeal d
       WHERE s.deals > 0 AND d.store_id = s.store_id AND d.starts_at <= %(at)s::timestamptz
         AND (d.ends_at IS NULL OR d.ends_at > %(at)s::timestamptz)
       ORDER BY {matching}d.price, d.offer_ref LIMIT {DEALS_EACH}) m) o ON true
 WHERE s.store_id = ANY(%(keys)s::int8[])"""


def _parts(hit: dict[str, Any], entry: dict[str, Any], asked: Asked, distance_m: float) -> tuple[Part, ...]:
    """The parts of a score: which clauses the hit matched, and what its row says."""
    matched = hit.get("matched_queries", ())
    values = {
        "part_near": 1 / (1 + distance_m / ranking.HALF_M),
        "part_quality": entry["quality"],
        "part_open": float("open" in matched),
    }
    if asked.by_text:
        values["part_text"] = asking.text_value(asked.question, asked.pieces, matched, entry["name_size"])
    return ranking.parts(values, asked.by_text)


def _counts(asked: Asked, known: Known, found: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A row for each kind and value, as the statement of `queries.facets` has them."""
    for name in ("total", "open", "deal", "bookable", *(f"without {name}" for name in asked.filters)):
        yield _row(name, "", found[name]["doc_count"])
    bands = {str(bucket["key"]): bucket["doc_count"] for bucket in found["price"]["of"]["buckets"]}
    for band in range(1, 5):
        yield _row("price", str(band), bands.get(str(band), 0))
    stars = found["rating"]["of"]["buckets"]
    for least in sorted(stars):
        yield _row("rating", least, stars[least]["doc_count"])
    tags = {bucket["key"]: bucket["doc_count"] for bucket in found["tags"]["of"]["buckets"]}
    for tag in sorted(TAGS):
        yield _row("tags", tag, tags.get(tag, 0))
    yield from _named(asked, known, found)


def _named(asked: Asked, known: Known, found: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Categories and areas, with the names that PostgreSQL knows them by."""
    numbers = {
        kind: {bucket["key"]: bucket["doc_count"] for bucket in found[kind]["of"]["buckets"]}
        for kind in ("category", "district", "circle")
    }
    areas = [(kind, key, n) for kind in ("district", "circle") for key, n in numbers[kind].items()]
    most = sorted(areas, key=lambda one: (-one[2], one[1]))[:MOST_AREAS]
    asked_for = {"group": known.group_id, "areas": [key for _, key, _ in most]}
    names = rows(_NAMES, asked_for)
    listed_by = "category" if asked.question.category else "group"
    wanted = [] if listed_by == "category" and known.category_id is None else names
    kinds = [
        _row(listed_by, one["value"], numbers["category"].get(one["id"], 0), one["names"])
        for one in wanted
        if one["kind"] == "category"
    ]
    yield from sorted(kinds, key=lambda one: (-one["n"], one["value"]))
    known_areas = {one["id"]: one for one in names if one["kind"] == "area"}
    shown = [
        _row(kind, known_areas[key]["value"], n, known_areas[key]["names"])
        for kind, key, n in most
        if key in known_areas
    ]
    yield from sorted(shown, key=lambda one: (-one["n"], one["value"]))


def _row(kind: str, value: str, n: int, names: str | None = None) -> dict[str, Any]:
    return {"kind": kind, "value": value, "n": n, "names": names, "cut": False}
