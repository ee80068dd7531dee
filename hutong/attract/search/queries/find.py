"""One question, answered: the list in one statement, what it may be narrowed to in a second one.

Only where nothing was found are there more: the spelling that may have been meant and the list for that, or the
nearest store beyond the area.
"""

# Statements are put together of constants of this package; words are quoted, values are parameters.
# ruff: noqa: S608

from dataclasses import dataclass, replace
from json import loads
from typing import Any, Protocol

from hutong.attract.search.queries import corrected
from hutong.attract.search.queries.asked import LARGEST_RADIUS_M, Asked, ask, score_columns
from hutong.attract.search.queries.deals import deal_card
from hutong.attract.search.queries.facets import Counted, count
from hutong.attract.search.queries.paths import BOUNDS, ORDERS, Bounds, path_column, ways, window
from hutong.attract.search.queries.statements import CursorInvalid, bounded
from hutong.attract.search.queries.stores import store_card
from hutong.attract.search.rules import ranking, tokens
from hutong.attract.search.rules.tokens import Wanted
from hutong.attract.search.types import Answer, Circle, Count, FoundStore, Question, StoreCard, StoreSort
from hutong.kernel.rows import rows
from hutong.kernel.text import clean

DEALS_EACH = 2
# The last part of a cursor of a list for corrected words.
_CORRECTED = "c"


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a page begins: after a row in the order of the question and, by relevance, after a score in the window
    of the nearest rows that begins there. `corrected` says that the list is one for corrected words."""

    start: tuple[float, int] | None
    scored: tuple[float, int] | None
    corrected: bool = False

    def text(self) -> str:
        """As it stands in an address."""
        pairs = ["" if pair is None else f"{pair[0]!r}~{pair[1]}" for pair in (self.start, self.scored)]
        return "_".join([*pairs, *([_CORRECTED] if self.corrected else [])])


def read_cursor(text: str | None) -> Cursor:
    """The cursor that `Cursor.text` wrote; the beginning for nothing. Raises `CursorInvalid` for anything else."""
    if not text:
        return Cursor(None, None)
    try:
        pairs = text.removesuffix(f"_{_CORRECTED}")
        start, scored = (_read_pair(part) for part in pairs.split("_"))
    except ValueError as error:
        raise CursorInvalid from error
    return Cursor(start, scored, corrected=pairs != text)


def _read_pair(text: str) -> tuple[float, int] | None:
    if not text:
        return None
    value, key = text.split("~")
    number, store = float(value), int(key)
    if (
        not (abs(number) < 2.0**63 and abs(store) < 2**63) or len(text) > 60
    ):  # also refuses what is not a number
        raise ValueError(text)
    return number, store


class Lists(Protocol):
    """What finds the stores of a question by words that are given, and counts them; `answered` does the rest."""

    def listed(
        self, question: Question, *, explain: bool = False, pieces: tuple[Wanted, ...] | None = None
    ) -> Answer:
        """A page, without facets; `pieces` in place of the question's text."""

    def counted(self, question: Question, pieces: tuple[Wanted, ...]) -> Counted:
        """Everything that is counted of the question."""


@dataclass(frozen=True, slots=True)
class Rows:
    """PostgreSQL, which looks at the rows themselves."""

    bounds: Bounds = BOUNDS

    def listed(
        self, question: Question, *, explain: bool = False, pieces: tuple[Wanted, ...] | None = None
    ) -> Answer:
        """One statement."""
        return listed(question, explain=explain, pieces=pieces, bounds=self.bounds)

    def counted(self, question: Question, pieces: tuple[Wanted, ...]) -> Counted:
        """One statement."""
        return count(ask(question, pieces), bounds=self.bounds)


def find(
    question: Question, *, explain: bool = False, facets: bool = True, bounds: Bounds = BOUNDS
) -> Answer:
    """The stores that answer a question, as PostgreSQL finds them; see `answered`."""
    return answered(question, Rows(bounds), explain=explain, facets=facets)


def answered(question: Question, lists: Lists, *, explain: bool, facets: bool) -> Answer:
    """The stores that answer a question, a page of them, in exact order.

    Two statements, one without facets. Where the first page is empty: the words are corrected (two more statements;
    never where the question is `exact`), or the nearest store is looked for (one more). The cursor of a corrected list
    goes on in that list. Raises `CursorInvalid`, `QuestionInvalid`, `PlaceInvalid`.
    """
    pieces = tokens.typed(question.text)
    if clean(question.text, limit=80) and not pieces:
        return Answer(items=(), next=None, total=Count(0))  # signs and emoji, which nothing is called
    goes_on = read_cursor(question.after).corrected and not question.exact
    found = Answer(items=(), next=None) if goes_on else lists.listed(question, explain=explain)
    nothing = not (found.items or found.next or question.after or question.exact)
    if pieces and (goes_on or nothing):
        found, pieces = _corrected(question, pieces, found, lists, explain=explain)
    if not facets:
        return found
    counted = lists.counted(question, pieces)
    answer = replace(found, total=counted.total, facets=counted.facets)
    if found.items or found.next or question.after:
        return answer
    return replace(answer, nearest=_nearest(question, pieces, lists), left_out=counted.without)


def _corrected(
    question: Question, pieces: tuple[Wanted, ...], found: Answer, lists: Lists, *, explain: bool
) -> tuple[Answer, tuple[Wanted, ...]]:
    """The answer for what was probably meant, and what that looks for; what was found before where nothing else may be
    meant. Two statements."""
    meant = corrected.near(pieces)
    wider = corrected.widened(pieces, meant)
    if wider == pieces:
        return found, pieces
    again = lists.listed(question, explain=explain, pieces=wider)
    if not again.items and not meant:
        return found, pieces
    names = again.items[0].card.names if again.items else {}
    words = corrected.in_words(question.text, pieces, meant, names)
    after = replace(read_cursor(again.next), corrected=True).text() if again.next else None
    return replace(again, corrected=words, next=after), wider


def _nearest(question: Question, pieces: tuple[Wanted, ...], lists: Lists) -> StoreCard | None:
    """The nearest store with the words and the category, wherever it is. One statement."""
    wanted = Question(
        place=question.place,
        within=Circle(question.place, LARGEST_RADIUS_M),
        at=question.at,
        text=question.text,
        category=question.category,
        sort=StoreSort.DISTANCE,
        limit=1,
    )
    found = lists.listed(wanted, pieces=pieces).items
    return found[0].card if found else None


def listed(
    question: Question,
    *,
    explain: bool = False,
    pieces: tuple[Wanted, ...] | None = None,
    bounds: Bounds = BOUNDS,
) -> Answer:
    """A page of the stores that answer a question, without facets. One statement.

    `pieces` are looked for in place of the question's text. Raises `CursorInvalid`, `QuestionInvalid`, `PlaceInvalid`.
    """
    asked = ask(question, pieces)
    cursor = read_cursor(question.after)
    sql, params = list_statement(asked, cursor, bounds)
    found = rows(sql, params)
    shown = [entry for entry in found if entry["store_id"] is not None]
    size = bounded(question.limit)
    return Answer(
        items=tuple(_found(entry, asked, explain) for entry in shown[:size]),
        next=_next(asked, cursor, found[0], shown, size),
    )


def list_statement(asked: Asked, cursor: Cursor, bounds: Bounds = BOUNDS) -> tuple[str, dict[str, Any]]:
    """The statement of a page and its parameters; its first columns say where the next page begins."""
    size = bounded(asked.question.limit)
    by_score = asked.question.sort is StoreSort.RELEVANCE
    order = ORDERS[asked.question.sort]
    wanted = (max(window(asked, bounds), size) if by_score else size) + 1
    params = dict(asked.params)
    ctes = ways(asked, after=cursor.start is not None, wanted=wanted, bounds=bounds)
    if cursor.start:
        params["start_value"], params["start_key"] = _cast(order.cast, cursor.start[0]), cursor.start[1]
    if by_score:
        whole = path_column(asked)
        # Of the nearest, one more was looked for than are ranked together: it begins the next window.
        ctes.append(
            f"ranked AS MATERIALIZED (SELECT t.*, row_number() OVER (ORDER BY t.value, t.store_id) AS n FROM ("
            f"{score_columns(asked)}) t)"
        )
        limits = f"({whole}) OR t.n < {wanted}"
        later = ""
        if cursor.scored:
            params["score"], params["score_key"] = cursor.scored
            later = " AND (t.score < %(score)s::float8 OR t.score = %(score)s::float8 AND t.store_id > %(score_key)s::int8)"
        page = f"SELECT t.* FROM ranked t WHERE ({limits}){later} ORDER BY t.score DESC, t.store_id LIMIT {size + 1}"
        ends = (
            f"(SELECT e.value FROM ranked e WHERE e.n = {wanted - 1} AND NOT ({whole})"
            f" AND EXISTS (SELECT FROM ranked o WHERE o.n = {wanted})) AS end_value,"
            f" (SELECT e.store_id FROM ranked e WHERE e.n = {wanted - 1}) AS end_key"
        )
        final = "p.score DESC, p.store_id"
    else:
        down = " DESC" if order.descending else ""
        page = f"SELECT t.* FROM found t ORDER BY t.value{down}, t.store_id{down} LIMIT {size + 1}"
        ends = "NULL AS end_value, NULL AS end_key"
        final = f"p.value{down}, p.store_id{down}"
    on_sale = "d.starts_at <= %(at)s::timestamptz AND (d.ends_at IS NULL OR d.ends_at > %(at)s::timestamptz)"
    matching = f"{asked.matches.replace('t.words', 'd.words')} DESC, " if asked.by_text else ""
    sql = f"""WITH {", ".join(ctes)}, page AS MATERIALIZED ({page})
SELECT {ends}, (SELECT value FROM stopped) AS stop_value, (SELECT store_id FROM stopped) AS stop_key,
       p.*, s.card, s.reviews, o.deals AS offers
  FROM (SELECT 1) one LEFT JOIN page p ON true LEFT JOIN search_searchstore s ON s.store_id = p.store_id
  LEFT JOIN LATERAL (
    SELECT jsonb_agg(m.card || jsonb_build_object('sold', m.sold)) AS deals FROM (
      SELECT d.card, d.sold FROM search_searchdeal d WHERE p.deals > 0 AND d.store_id = p.store_id AND {on_sale}
       ORDER BY {matching}d.price, d.offer_ref LIMIT {DEALS_EACH}) m) o ON true
 ORDER BY {final}"""
    return sql, params


def _cast(cast: str, value: float) -> float | int:
    return int(value) if cast == "int8" else value


def _next(
    asked: Asked, cursor: Cursor, first: dict[str, Any], shown: list[dict[str, Any]], size: int
) -> str | None:
    """The cursor of the page after this one: later in the window, in the next window, where it was given up, or none."""
    by_score = asked.question.sort is StoreSort.RELEVANCE
    if len(shown) > size:
        last = shown[size - 1]
        if by_score:
            return Cursor(cursor.start, (last["score"], last["store_id"])).text()
        return Cursor((last["value"], last["store_id"]), None).text()
    for value, key in (("end_value", "end_key"), ("stop_value", "stop_key")):
        if first[value] is not None:
            return Cursor((first[value], first[key]), None).text()
    return None


def _found(entry: dict[str, Any], asked: Asked, explain: bool) -> FoundStore:
    place, at = asked.question.place, asked.question.at
    by_score = asked.question.sort is StoreSort.RELEVANCE
    return FoundStore(
        card=store_card(loads(entry["card"]), place, at),
        rating=entry["rating"],
        reviews=entry["reviews"],
        deals=tuple(
            deal_card({"card": deal, "sold": deal["sold"]}, place) for deal in loads(entry["offers"] or "[]")
        ),
        score=entry["score"] if by_score else None,
        parts=ranking.parts(entry, asked.by_text) if by_score and explain else (),
    )
