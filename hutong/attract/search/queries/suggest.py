"""What somebody who is still typing may mean."""

# Statements are put together of constants of this package; words are quoted, values are parameters.
# ruff: noqa: S608

from json import loads
from typing import Any

from hutong.attract.search.queries.asked import TABLE, quoted
from hutong.attract.search.queries.statements import HERE
from hutong.attract.search.rules import tokens
from hutong.attract.search.rules.letters import plain
from hutong.attract.search.types import Suggestion, TermKind
from hutong.kernel.geo import Place, distance_m, mercator
from hutong.kernel.rows import rows
from hutong.kernel.text import clean, fold, pick

MOST = 10
MAX_PREFIX = 40
# Longer beginnings are of so few terms that all are looked at.
MOST_TERMS, MOST_LOOKED_AT, STORES = 400, 400, 3
_KINDS = [TermKind.CATEGORY, TermKind.WORD, TermKind.DEAL, TermKind.NAME]


def suggest(prefix: str, *, place: Place, language: str, limit: int = 8) -> list[Suggestion]:
    """Categories, words, deals and names that begin so, and shops near the place, at most `limit`. One statement.

    What is typed may be Chinese, its pinyin or its initials. Plan relied on: one or two letters are the beginning of
    too many terms, so `search_term_first` and `search_term_second` have those first that most stores have; longer ones
    are a range of `search_term_prefix`. Shops are looked for among the nearest few hundred.
    """
    statement = suggest_statement(prefix, place)
    if statement is None:
        return []
    found = rows(*statement)
    terms = [entry for entry in found if entry["kind"] != "store"]
    stores = [entry for entry in found if entry["kind"] == "store"]
    return suggested(terms, stores, place=place, language=language, limit=limit)


def suggested(
    terms: list[dict[str, Any]], stores: list[dict[str, Any]], *, place: Place, language: str, limit: int
) -> list[Suggestion]:
    """What to suggest of the terms and of the shops that were found, each by its card."""
    shops = [_store(entry, place, language) for entry in stores]
    return _mixed(_terms(terms, language), shops, max(1, min(limit, MOST)))


def typed_prefix(prefix: str) -> str:
    """What was typed, as terms are compared with it."""
    return plain(clean(prefix, limit=MAX_PREFIX))


def begun(typed: str) -> list[dict[str, Any]]:
    """The terms that begin so, without shops. One statement, see `suggest`."""
    return rows(f"WITH {_begun(typed)} {_TERMS} ORDER BY 1, 7", {})


def suggest_statement(prefix: str, place: Place) -> tuple[str, dict[str, Any]] | None:
    """The statement of `suggest` and its parameters; None where what is typed looks for nothing."""
    typed = typed_prefix(prefix)
    pieces = tokens.typed(typed)
    if not typed or not pieces:
        return None
    x, y = mercator(place)
    return _statement(typed, tokens.tsquery(pieces, weights="A")), {"x": x, "y": y}


def _begun(typed: str) -> str:
    like = quoted(typed.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%")
    if len(typed) <= 2:
        by = f"left(t.key, {len(typed)}) = {quoted(typed)} ORDER BY t.stores DESC LIMIT {MOST_TERMS}"
    else:
        by = f"t.key LIKE {like} LIMIT {MOST_TERMS}"
    return f"""begun AS MATERIALIZED (SELECT t.kind, t.term, t.key, t.stores FROM search_searchterm t WHERE {by}),
terms AS (
  SELECT b.kind, b.term, max(b.stores) AS stores, min(length(b.key)) AS length,
         row_number() OVER (PARTITION BY b.kind ORDER BY max(b.stores) DESC, min(length(b.key)), b.term) AS n
    FROM begun b WHERE b.stores > 0 GROUP BY b.kind, b.term)"""


_TERMS = f"""SELECT t.kind, t.term, t.stores, c.slug, (c.names || c.own_names)::text AS names, NULL AS card, t.n
  FROM terms t LEFT JOIN LATERAL (
    SELECT c.slug, c.names, c.own_names FROM merchants_category c WHERE t.kind = 'category'
       AND EXISTS (SELECT FROM jsonb_each_text(c.names || c.own_names) o WHERE o.value = t.term)
     ORDER BY c.parent_id NULLS FIRST LIMIT 1) c ON true
 WHERE t.n <= {MOST}"""


def _statement(typed: str, query: str) -> str:
    return f"""WITH {_begun(typed)},
near AS (
  SELECT t.card, t.d FROM (
    SELECT t.card, t.words, t.place <-> {HERE} AS d FROM {TABLE} t ORDER BY t.place <-> {HERE} LIMIT {MOST_LOOKED_AT}) t
   WHERE t.words @@ {quoted(query)}::tsquery ORDER BY t.d LIMIT {STORES})
{_TERMS}
UNION ALL SELECT 'store', '', 1, NULL, NULL, n.card::text, row_number() OVER (ORDER BY n.d) FROM near n
 ORDER BY 1, 7"""


def _terms(found: list[dict[str, Any]], language: str) -> dict[TermKind, list[Suggestion]]:
    by_kind: dict[TermKind, list[Suggestion]] = {kind: [] for kind in _KINDS}
    for entry in found:
        kind = TermKind(entry["kind"])
        text = pick(loads(entry["names"]), language) if entry["slug"] else entry["term"]
        if all(fold(text) != fold(other.text) for other in by_kind[kind]):
            by_kind[kind].append(Suggestion(kind, text, entry["slug"] or "", entry["stores"]))
    return by_kind


def _store(entry: dict[str, Any], place: Place, language: str) -> Suggestion:
    card = loads(entry["card"])
    away = distance_m(place, Place(card["lon"], card["lat"]))
    return Suggestion(TermKind.NAME, pick(card["names"], language), card["ref"], 1, away)


def _mixed(terms: dict[TermKind, list[Suggestion]], stores: list[Suggestion], size: int) -> list[Suggestion]:
    """Categories first, then shops nearby, then texts to look for; each text once, and some room for every kind."""
    chosen: list[Suggestion] = [*terms[TermKind.CATEGORY][:2], *stores[:STORES]]
    for kind, most in ((TermKind.WORD, 2), (TermKind.DEAL, 2), (TermKind.NAME, MOST), (TermKind.WORD, MOST)):
        taken = 0
        for one in terms[kind]:
            if taken < most and all(fold(one.text) != fold(other.text) for other in chosen):
                chosen.append(one)
                taken += 1
    return chosen[:size]
