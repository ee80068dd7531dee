"""The clauses of a question: what is looked at, what is filtered, which words; shared by list, facets and the rest."""

# Statements are put together of constants of this package; words are quoted, values are parameters.
# ruff: noqa: S608

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext_lazy as _
from psycopg import sql

from hutong.attract.search import rules
from hutong.attract.search.rules import ranking, squares, tokens
from hutong.attract.search.rules.tokens import Wanted
from hutong.attract.search.types import Area, Bounds, Circle, Question
from hutong.kernel.errors import Invalid
from hutong.kernel.geo import mercator
from hutong.kernel.text import clean

TABLE = "search_searchstore"
# All that `search_store_around` has with it: whatever is looked through by thousands names no other column.
COLUMNS = (
    "t.store_id, t.place, t.category_id, t.root_category_id, t.district_id, t.circle_id, t.hours_id, t.rating,"
    " t.price_band, t.price_from, t.sold, t.deals, t.quality, t.tags"
)
CHOSEN = "chosen AS MATERIALIZED (SELECT id, parent_id FROM merchants_category WHERE slug = %(category)s)"
_IN_GROUP = "(SELECT parent_id IS NULL FROM chosen) AND t.root_category_id = (SELECT id FROM chosen)"
_IN_CATEGORY = "(SELECT parent_id IS NOT NULL FROM chosen) AND t.category_id = (SELECT id FROM chosen)"
_IN_EITHER = "(SELECT id FROM chosen) IN (t.category_id + 0, t.root_category_id + 0)"
_BOX = "box(point(%(x0)s::float8, %(y0)s::float8), point(%(x1)s::float8, %(y1)s::float8))"
# A hashed set: hours are shared, so there are some thousands of them for any number of stores.
_OPEN_IDS = "(SELECT h.id FROM search_searchhours h WHERE h.open @> {moment}::timestamptz)"
OPEN_NOW = _OPEN_IDS.format(moment="%(at)s")
LARGEST_RADIUS_M = 200_000.0


class QuestionInvalid(Invalid):
    """A question that cannot be meant as it was asked."""

    code = "question_invalid"
    message = _("Please look within 1 metre to 200 km, with least stars from 1 to 5.")


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as clauses: `within` may use an index; `filters` by name are what a reader chose, one clause each."""

    question: Question
    pieces: tuple[Wanted, ...]
    within: str
    filters: dict[str, str]
    params: dict[str, Any]
    words: dict[str, str] = field(default_factory=dict)

    @property
    def by_text(self) -> bool:
        """Whether words are looked for."""
        return bool(self.pieces)

    @property
    def columns(self) -> str:
        """What a look through many takes along."""
        return f"{COLUMNS}, t.words" if self.by_text else COLUMNS

    @property
    def matches(self) -> str:
        """The clause of the words, "true" where none were typed."""
        return f"t.words @@ {quoted(self.words['all'])}::tsquery" if self.by_text else "true"

    @property
    def sides(self) -> tuple[str, str, str, str]:
        """West, south, east and north of what is looked at, on the map."""
        if isinstance(self.question.within, Circle):
            x, y, radius = "%(cx)s::float8", "%(cy)s::float8", "%(radius)s::float8"
            return f"{x} - {radius}", f"{y} - {radius}", f"{x} + {radius}", f"{y} + {radius}"
        return "%(x0)s::float8", "%(y0)s::float8", "%(x1)s::float8", "%(y1)s::float8"

    @property
    def inside(self) -> str:
        """`within`, for rows that words lead to: PostgreSQL takes any place for as rare as the rarest word, and would
        otherwise go through all of the area for it."""
        return self.within.replace("t.place <@", "(t.place + point '(0,0)') <@")

    @property
    def near_words(self) -> str:
        """The clause of the words within squares that cover what is looked at."""
        return f"{self.matches}{in_squares(squares.cover(*self._sides_of_params()))}"

    def near_words_around(self, level: int) -> tuple[str, float]:
        """The clause of the words in the squares around the place, and how far all of them are within those."""
        found, reach = squares.around(self.params["x"], self.params["y"], level)
        return f"{self.matches}{in_squares(found)}", reach

    def _sides_of_params(self) -> tuple[float, float, float, float]:
        known = self.params
        if isinstance(self.question.within, Circle):
            x, y, radius = known["cx"], known["cy"], known["radius"]
            return x - radius, y - radius, x + radius, y + radius
        return known["x0"], known["y0"], known["x1"], known["y1"]

    def branches(self) -> tuple[str, ...]:
        """The clause that an index on the category serves, once for a category and once for a group; one is false."""
        return (_IN_CATEGORY, _IN_GROUP) if "category" in self.filters else ("true",)

    def filtered(self, *without: str) -> str:
        """All filters but those named, as one clause."""
        kept = [clause for name, clause in self.filters.items() if name not in without]
        return " AND ".join(kept) or "true"


def quoted(text: str) -> str:
    """A literal of SQL, with its percent signs doubled because the statement has parameters as well."""
    return sql.Literal(text).as_string().replace("%", "%%")


def in_squares(numbers: Sequence[int]) -> str:
    """What is added to a clause of words, so that the index tells which have them in one of these squares."""
    listed = ",".join(str(number) for number in numbers)
    return f" AND search_squares(t.place) && '{{{listed}}}'::int8[]" if numbers else ""


def ask(question: Question, pieces: tuple[Wanted, ...] | None = None) -> Asked:
    """The clauses of a question; `pieces` in place of its own text where that was corrected.

    Raises `QuestionInvalid`, and `PlaceInvalid` where a box leaves the map.
    """
    x, y = mercator(question.place)
    params: dict[str, Any] = {"x": x, "y": y, "lon": question.place.lon, "lat": question.place.lat}
    params["at"] = question.at
    looked_for = tokens.typed(question.text) if pieces is None else pieces
    within = _within(question.within, params)
    return Asked(
        question=question,
        pieces=looked_for,
        within=within,
        filters=_filters(question, params),
        params=params,
        words=ranking.queries(looked_for) if looked_for else {},
    )


def _within(within: Circle | Bounds | Area, params: dict[str, Any]) -> str:
    if isinstance(within, Circle):
        if not 1 <= within.radius_m <= LARGEST_RADIUS_M:  # also refuses what is not a number
            raise QuestionInvalid
        params["cx"], params["cy"] = mercator(within.place)
        params["radius"] = within.radius_m * rules.scale_at(within.place.lat)
        return "t.place <@ circle(point(%(cx)s::float8, %(cy)s::float8), %(radius)s::float8)"
    bounds = within if isinstance(within, Bounds) else within.bounds
    south_west, north_east = bounds.corners
    if south_west.lon > north_east.lon or south_west.lat > north_east.lat:
        raise QuestionInvalid
    (params["x0"], params["y0"]), (params["x1"], params["y1"]) = mercator(south_west), mercator(north_east)
    if isinstance(within, Bounds):
        return f"t.place <@ {_BOX}"
    params["area"] = within.region_id
    return f"t.place <@ {_BOX} AND (t.district_id = %(area)s::int8 OR t.circle_id = %(area)s::int8)"


def _filters(question: Question, params: dict[str, Any]) -> dict[str, str]:
    found = {}
    if question.category:
        params["category"] = clean(
            question.category, limit=60
        )  # PostgreSQL takes no NUL, and no slug has one
        found["category"] = _IN_EITHER
    if question.price_bands:
        params["bands"] = sorted(question.price_bands)
        found["price"] = "t.price_band = ANY(%(bands)s::int2[])"
    if question.least_rating is not None:
        if not 0 <= question.least_rating <= 5:
            raise QuestionInvalid
        params["least"] = question.least_rating
        found["rating"] = "t.rating >= %(least)s::float8"
    if question.open_at:
        params["open_at"] = question.open_at
        found["open"] = f"t.hours_id IN {_OPEN_IDS.format(moment='%(open_at)s')}"
    if question.has_deal:
        found["deal"] = "t.deals > 0"
    if question.bookable:
        found["bookable"] = f"t.tags @> ARRAY['{ranking.BOOKABLE}']"
    if question.tags:
        params["tags"] = sorted(clean(tag, limit=60) for tag in question.tags)
        found["tags"] = "t.tags @> %(tags)s::text[]"
    return found


def score_columns(asked: Asked) -> str:
    """The rows of `found` with the parts of their score as columns, and the score: what `rules.ranking` describes."""
    half = ranking.HALF_M * rules.scale_at(asked.question.place.lat)
    parts = {
        "near": f"(1 / (1 + t.d / {half!r}))",
        "quality": "t.quality",
        "open": f"coalesce(t.hours_id IN {OPEN_NOW}, false)::int::float8",
    }
    if asked.by_text:
        parts["text"] = _text_value(asked)
    used = ranking.weights(asked.by_text)
    columns = ", ".join(f"{value} AS part_{name}" for name, value in parts.items() if name in used)
    return (
        f"SELECT u.*, {' + '.join(f'{weight} * part_{name}' for name, weight in used.items())} AS score"
        + (f" FROM (SELECT t.*, {columns} FROM found t OFFSET 0) u")
    )


def _text_value(asked: Asked) -> str:
    """How well the words fit the row: see the constants of `rules.ranking`."""
    fits = {name: f"t.words @@ {quoted(text)}::tsquery" for name, text in asked.words.items()}
    written, spoken = ranking.typed_lexemes(asked.question.text, asked.pieces)
    covered = (
        f"least(1, CASE WHEN {fits['written']} THEN {written} ELSE {spoken} END"
        " / greatest(1, length(ts_filter(t.words, '{a}')))::float8)"
    )
    return (
        f"CASE WHEN {fits['begins']} THEN CASE WHEN {fits['whole']} THEN {ranking.NAME_WHOLE}"
        f" ELSE {ranking.NAME_BEGINS} END + {ranking.COVERED} * {covered}"
        f" WHEN {fits['category']} THEN {ranking.NAME_OR_CATEGORY}"
        f" WHEN {fits['deals']} THEN {ranking.NAME_TO_DEALS} ELSE {ranking.ANYWHERE} END::float8"
    )
