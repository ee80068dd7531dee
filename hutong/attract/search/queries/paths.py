"""The ways to the stores that answer a question, in one statement that chooses among them by what it meets.

Plan relied on, each with a bound on the rows looked at (named below), whatever is asked:

- *few*: rare words lead to all rows of the area that have them, along `search_store_words`, which has where they are as
  well: squares that cover the area (`rules/squares.py`).
- *outward*: from the place along `search_store_around` (index-only, as all filtered columns are in it), with words that
  are common along `search_store_place`, in a category along `search_store_category` or `search_store_group`; with another
  order than nearness all of the area at once.
- *around*: with other words the squares around the place, small ones, then larger ones, until enough are met that nothing
  outside can be nearer.
- *hits*: all rows of the area that have the words.
- *far*: outward again with a larger bound, or along the index of the order (`search_store_rating`, `_price`, `_sold`,
  the key). Where that bound is met before the page is full, the page is short and its cursor goes on from there.

What the vocabulary knows of words (`told_of`) is a guide only: a way that does not come to an end within its bound is given
up for the next, so what is found does not depend on it. A branch that does not apply is never run (one-time filters on
materialized CTEs). Columns of an outer query are filtered after the bound, on purpose.
"""

# Statements are put together of constants of this package; words are quoted, values are parameters.
# ruff: noqa: S608

from dataclasses import dataclass

from hutong.attract.search.queries.asked import CHOSEN, TABLE, Asked, quoted
from hutong.attract.search.queries.statements import HERE
from hutong.attract.search.rules.tokens import How, Wanted
from hutong.attract.search.types import StoreSort

# The most rows that each way looks at.
FIRST_PLAIN, FIRST_TEXT, POOL_PLAIN, HITS, FAR = 10_000, 4_000, 10_000, 5_000, 20_000
# The most that are looked at to count one value by itself.
COUNTED_FAR = 20_000
# The most stores with the words that are looked at to count everything.
COUNTED_HITS = 20_000
# Words that no more stores have are rare; those of so large a share of all stores are common.
RARE, COMMON = 1_000, 0.05
# The squares around a place that are looked through for words, one size after the other.
AROUND = (16, 14, 12)
# How many of the nearest are ranked together where the order is by relevance.
WINDOW_PLAIN, WINDOW_TEXT = 200, 40
NO_PRICE = 2**62
# The key in a cursor that goes on after all stores of one distance.
_AFTER_TIES = f"{2**63 - 1}::int8"


@dataclass(frozen=True, slots=True)
class Order:
    """An order of rows: the key that it sorts by, whether the largest comes first, and the type of the key."""

    key: str
    descending: bool
    cast: str

    @property
    def sql(self) -> str:
        """What stands after ORDER BY; the row's own key breaks ties."""
        down = " DESC" if self.descending else ""
        return f"{self.key}{down}, t.store_id{down}"

    def after(self, value: str, key: str) -> str:
        """The clause for rows that come after one, given by its value and its own key."""
        sign = "<" if self.descending else ">"
        return f"({self.key}, t.store_id) {sign} (%({value})s::{self.cast}, %({key})s::int8)"


NEAREST = Order(f"(t.place <-> {HERE})", False, "float8")
ORDERS = {
    StoreSort.RELEVANCE: NEAREST,
    StoreSort.DISTANCE: NEAREST,
    StoreSort.RATING: Order("t.rating", True, "float8"),
    StoreSort.PRICE: Order(f"coalesce(t.price_from, {NO_PRICE})", False, "int8"),
    StoreSort.SALES: Order("t.sold", True, "int8"),
    StoreSort.NEWEST: Order("t.store_id", True, "int8"),
}


@dataclass(frozen=True, slots=True)
class Bounds:
    """How many rows the ways look at. Tests make them small, to see every way taken."""

    first_plain: int = FIRST_PLAIN
    first_text: int = FIRST_TEXT
    pool_plain: int = POOL_PLAIN
    few: int = RARE
    hits: int = HITS
    far: int = FAR
    window_plain: int = WINDOW_PLAIN
    window_text: int = WINDOW_TEXT
    counted: int = COUNTED_FAR
    counted_hits: int = COUNTED_HITS


BOUNDS = Bounds()


def ways(asked: Asked, *, after: bool, wanted: int, bounds: Bounds) -> list[str]:
    """The CTEs of a statement; the last two are `found`, the rows in any order, and `stopped`, where it was given up.

    `wanted` rows are enough. With `after` the rows come after the cursor's `start_value` and `start_key`. Every row
    has the key it is sorted by as `value`.
    """
    order = ORDERS[asked.question.sort]
    plan = _Plan(asked, order, f" AND {order.after('start_value', 'start_key')}" if after else "", wanted)
    chosen = [CHOSEN] if "category" in asked.filters else []
    if order is not NEAREST:
        return chosen + _sorted_ways(plan, bounds)
    return chosen + (_text_ways(plan, bounds) if asked.by_text else _plain_ways(plan, bounds))


@dataclass(frozen=True, slots=True)
class _Plan:
    """What all ways of one statement share."""

    asked: Asked
    order: Order
    cursor: str
    wanted: int

    @property
    def columns(self) -> str:
        """What a way takes along of a row."""
        return f"{self.asked.columns}, t.place <-> {HERE} AS d, {self.order.key} AS value"

    @property
    def few(self) -> str:
        """The best rows of a way, and no more of them than are wanted."""
        down = " DESC" if self.order.descending else ""
        return f" ORDER BY t.value{down}, t.store_id{down} LIMIT {self.wanted}"

    @property
    def kept(self) -> str:
        """What a row must have beside its place and, where an index serves that, its category."""
        return f"{self.asked.matches} AND {self.asked.filtered('category')}"

    def outward(self, bound: int, gate: str) -> str:
        """The nearest rows that answer; each index of a branch looks at no more than `bound` rows of the area."""
        scans = [
            f"(SELECT t.* FROM ({self._scan(branch, self.columns, bound, gate)}) t WHERE {self.kept}{self.few})"
            for branch in self.asked.branches()
        ]
        return " UNION ALL ".join(scans)

    def looked_at(self, columns: str, bound: int, gate: str) -> str:
        """The rows of the area that `outward` looks at, whether they answer or not."""
        return " UNION ALL ".join(
            f"({self._scan(branch, columns, bound, gate)})" for branch in self.asked.branches()
        )

    def _scan(self, branch: str, columns: str, bound: int, gate: str) -> str:
        return (
            f"SELECT {columns} FROM {TABLE} t WHERE {gate} AND {branch} AND {self.asked.within}{self.cursor}"
            # Without a key beside the distance no plan that sorts the whole area is as cheap; ties are all looked at.
            f" ORDER BY {NEAREST.key} FETCH FIRST {bound} ROWS WITH TIES"
        )

    def pool(self, bound: int) -> str:
        """All rows of the area, up to the bound, in any order."""
        scans = [
            f"(SELECT {self.columns} FROM {TABLE} t WHERE {branch} AND {self.asked.within} LIMIT {bound})"
            for branch in self.asked.branches()
        ]
        return " UNION ALL ".join(scans)

    def along(self, columns: str, bound: int, gate: str) -> str:
        """The rows in the order that is asked for, wherever they are."""
        return f"SELECT {columns} FROM {TABLE} t WHERE {gate}{self.cursor} ORDER BY {self.order.sql} LIMIT {bound}"

    def hits(self, bounds: Bounds, gate: str) -> list[str]:
        """All rows of the area that have the words, and whether those are too many to look at."""
        return [
            self._met("hits", f"{self.asked.near_words} AND {self.asked.inside}", gate, bounds.hits),
            f"many AS MATERIALIZED (SELECT count(*) > {bounds.hits} AS yes FROM hits)",
        ]

    def few_of_rare(self, bounds: Bounds) -> list[str]:
        """All rows of the area with words that are rare, and whether they are as few as was thought."""
        rare = "(SELECT rare FROM told)"
        return [
            # Rows outside the area count as well, because they are read.
            self._met("few", self.asked.near_words, rare, bounds.few),
            f"whole AS MATERIALIZED (SELECT {rare} AND count(*) <= {bounds.few} AS yes FROM few)",
        ]

    def around(self, level: int, gate: str, done: str, bounds: Bounds) -> list[str]:
        """The rows with the words in the squares around the place, and whether enough of them are nearer than any other."""
        words, _reach = self.asked.near_words_around(level)
        met = f"met{level}"
        return [
            self._met(met, words, gate, bounds.hits),
            f"{done} AS MATERIALIZED (SELECT NOT {gate} OR (SELECT count(*) FROM {met}) <= {bounds.hits}"
            f" AND count(*) >= {self.wanted} AS yes FROM ({self.of_around(level, 'true')}) t)",
        ]

    def of_around(self, level: int, gate: str) -> str:
        """The best of the rows of `around`."""
        _words, reach = self.asked.near_words_around(level)
        return (
            f"SELECT t.* FROM met{level} t WHERE {gate} AND t.d <= {reach!r}"
            f" AND {self.asked.within} AND {self.asked.filtered()}{self.cursor}{self.few}"
        )

    def of_hits(self, name: str, gate: str) -> str:
        """The hits that answer: all where relevance is asked for, because the best may be far away."""
        limit = "" if self.asked.question.sort is StoreSort.RELEVANCE else self.few
        return (
            f"SELECT t.* FROM {name} t"
            f" WHERE {gate} AND {self.asked.within} AND {self.asked.filtered()}{self.cursor}{limit}"
        )

    def _met(self, name: str, words: str, gate: str, bound: int) -> str:
        return (
            f"{name} AS MATERIALIZED (SELECT {self.columns} FROM {TABLE} t"
            f" WHERE {gate} AND {words} LIMIT {bound + 1})"
        )

    def ends(self, found: list[str], looked_at: str, bound: int, gate: str) -> list[str]:
        """The last two CTEs; `looked_at` is what the last way looks at."""
        return [
            f"found AS MATERIALIZED ({' UNION ALL '.join(f'({branch})' for branch in found)})",
            f"filled AS MATERIALIZED (SELECT count(*) >= {self.wanted} OR NOT {gate} AS yes FROM found)",
            f"stopped AS MATERIALIZED (SELECT * FROM ({looked_at}) b OFFSET {bound - 1} LIMIT 1)",
        ]


_NOT_FILLED = "NOT (SELECT yes FROM filled)"


def _plain_ways(plan: _Plan, bounds: Bounds) -> list[str]:
    """Outward, and no other way: without words nothing tells where else to look."""
    bound = bounds.first_plain
    looked_at = plan.looked_at(f"{_AFTER_TIES} AS store_id, {NEAREST.key} AS value", bound, _NOT_FILLED)
    return plan.ends([plan.outward(bound, "true")], looked_at, bound, "true")


def _text_ways(plan: _Plan, bounds: Bounds) -> list[str]:
    """Few hits; else outward a little where the words are common; else squares around the place, the smaller ones first;
    else all hits; else outward as far as may be."""
    bound, common = bounds.first_text, "(SELECT common FROM told)"
    beyond = plan.looked_at("t.store_id", bound + 1, f"{common} AND NOT (SELECT yes FROM whole)")
    many = "(SELECT yes FROM many)"
    looked_at = plan.looked_at(f"{_AFTER_TIES} AS store_id, {NEAREST.key} AS value", bounds.far, _NOT_FILLED)
    ctes = [
        f"told AS MATERIALIZED ({told_of(plan.asked.pieces)})",
        *plan.few_of_rare(bounds),
        f"near AS MATERIALIZED ({plan.outward(bound, f'{common} AND NOT (SELECT yes FROM whole)')})",
        f"enough AS MATERIALIZED (SELECT CASE WHEN (SELECT yes FROM whole) THEN true WHEN {common}"
        f" THEN (SELECT count(*) FROM near) >= {plan.wanted}"
        f" OR (SELECT count(*) FROM ({beyond}) b) <= {bound} ELSE false END AS yes)",
    ]
    found = [
        plan.of_hits("few", "(SELECT yes FROM whole)"),
        f"SELECT t.* FROM near t WHERE (SELECT yes FROM enough){plan.few}",
    ]
    done = "enough"
    for level in AROUND:
        before, done = f"NOT (SELECT yes FROM {done})", f"enough{level}"
        ctes += plan.around(level, before, done, bounds)
        found.append(plan.of_around(level, f"{before} AND (SELECT yes FROM {done})"))
    ctes += plan.hits(bounds, f"NOT (SELECT yes FROM {done})")
    found.append(plan.of_hits("hits", f"NOT {many}"))
    found.append(plan.outward(bounds.far, many))
    return [*ctes, *plan.ends(found, looked_at, bounds.far, many)]


def _sorted_ways(plan: _Plan, bounds: Bounds) -> list[str]:
    """All of the area where it has few rows, or all hits of words; else along the index of the order."""
    asked, order, bound = plan.asked, plan.order, bounds.pool_plain
    if asked.by_text:
        gate = "(SELECT yes FROM many)"
        ctes = plan.hits(bounds, "true")
        found = [plan.of_hits("hits", f"NOT {gate}")]
    else:
        gate = "NOT (SELECT yes FROM enough)"
        ctes = [
            f"pool AS MATERIALIZED ({plan.pool(bound + 1)})",
            f"enough AS MATERIALIZED (SELECT count(*) <= {bound} AS yes FROM pool)",
        ]
        found = [
            f"SELECT t.* FROM pool t WHERE (SELECT yes FROM enough) AND {plan.kept}{plan.cursor}{plan.few}"
        ]
    along = plan.along(plan.columns, bounds.far, gate)
    found.append(
        f"SELECT t.* FROM ({along}) t WHERE {asked.within} AND {asked.matches} AND {asked.filtered()}{plan.few}"
    )
    last = plan.along(f"t.store_id, {order.key} AS value", bounds.far, _NOT_FILLED)
    return [*ctes, *plan.ends(found, last, bounds.far, gate)]


def path_column(asked: Asked) -> str:
    """Whether the rows of `found` are all there are beyond the cursor (the hits), which then are one window."""
    if not asked.by_text:
        return "false"
    last = f"(SELECT yes FROM enough{AROUND[-1]})"
    return f"(SELECT yes FROM whole) OR NOT {last} AND NOT (SELECT yes FROM many)"


def told_of(pieces: tuple[Wanted, ...]) -> str:
    """Whether all pieces are `rare` or `common`, by what the vocabulary knows of each, as if they were independent."""
    if not pieces:
        return "SELECT false AS rare, true AS common"
    shares = " * ".join(f"least(1, {_known(piece)} / n)" for piece in pieces)
    return (
        f"SELECT share * n <= {RARE} AS rare, share >= {COMMON} AS common FROM (SELECT n, {shares} AS share"
        f" FROM (SELECT greatest(1, c.reltuples)::float8 AS n FROM pg_class c WHERE c.oid = '{TABLE}'::regclass) c) s"
    )


def _known(piece: Wanted) -> str:
    """About how many stores have a piece: as many as have words that begin so, or begin as one of the same meaning."""
    alike = [choice.lexemes[0].text for choice in piece.choices if choice.how is How.MEANING]
    return f"({' + '.join(_known_word(word) for word in [piece.text, *alike])})"


def _known_word(word: str) -> str:
    """How many stores have the words that begin so; all, where those are a hundred words or more."""
    pattern = quoted(word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%")
    return (
        "coalesce((SELECT CASE WHEN count(*) < 100 THEN coalesce(sum(w.stores), 0) END"
        f" FROM (SELECT v.stores FROM search_searchterm v WHERE v.kind = 'word' AND v.key LIKE {pattern} LIMIT 100) w), n)"
    )


def window(asked: Asked, bounds: Bounds) -> int:
    """How many of the nearest are ranked together."""
    return bounds.window_text if asked.by_text else bounds.window_plain
