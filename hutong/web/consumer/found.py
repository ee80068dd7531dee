"""The rows of a list: its pages from the first to where somebody is, with what is paid for among them, labelled."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from django.http import HttpRequest

from hutong.attract.placements.rules import ONE_IN_LISTS, spread
from hutong.attract.placements.types import Slotted, Subject
from hutong.attract.search import queries as search
from hutong.attract.search.types import Answer, DealCard, DealSort, Found, FoundStore
from hutong.kernel import clock
from hutong.web.consumer import ads
from hutong.web.consumer.asking import Asking
from hutong.web.consumer.open_web import deal_path, store_path
from hutong.web.consumer.place import Whereabouts
from hutong.web.consumer.spot import Spot

Row = TypeVar("Row", FoundStore, DealCard)


@dataclass(frozen=True, slots=True)
class Rows:
    """What is shown: `one`, and `ad`, the ref of the placement that pays for it, if one does.

    `next` is the cursor of the page after, `paid` is as in `Spot`.
    """

    shown: Sequence[Mapping[str, Any]]
    next: str | None
    paid: tuple[tuple[str, str], ...]

    def named(self) -> list[tuple[Mapping[str, str], str]]:
        """The names and paths of what nobody pays for."""
        found: list[tuple[Mapping[str, str], str]] = []
        for row in self.shown:
            one = row["one"]
            if "ad" in row:
                continue
            if isinstance(one, DealCard):
                found.append((one.titles, deal_path(one.offer_ref, one.titles)))
            else:
                found.append((one.card.names, store_path(one.card.ref, one.card.names)))
        return found


def store_rows(
    request: HttpRequest, asking: Asking, where: Whereabouts, spot: Spot, first: Answer, *, explain: bool
) -> Rows:
    """The stores, after the page that was found already."""

    def read_on(after: str) -> tuple[Sequence[FoundStore], str | None]:
        answer = search.find(replace(asking.question, after=after), explain=explain, facets=False)
        return answer.items, answer.next

    def cards(refs: Sequence[str]) -> dict[str, FoundStore]:
        found = search.stores_by_refs(refs=refs, place=asking.question.place, at=asking.question.at)
        return {ref: FoundStore(card, 0, 0, (), None, ()) for ref, card in found.items()}

    items, after = _pages(first.items, first.next, read_on, spot, asking)
    rows, paid = _with_paid(
        request, asking, where, spot, items, Subject.STORE, cards, lambda one: one.card.ref
    )
    return Rows(rows, after, paid)


def deal_rows(
    request: HttpRequest,
    asking: Asking,
    where: Whereabouts,
    spot: Spot,
    first: Found[DealCard],
    *,
    sort: DealSort,
) -> Rows:
    """The deals, after the page that was found already."""

    def read_on(after: str) -> tuple[Sequence[DealCard], str | None]:
        found = search.find_deals(replace(asking.question, after=after), sort=sort)
        return found.items, found.next

    def cards(refs: Sequence[str]) -> dict[str, DealCard]:
        return search.deals_by_refs(refs=refs, place=asking.question.place, at=asking.question.at)

    items, after = _pages(first.items, first.next, read_on, spot, asking)
    rows, paid = _with_paid(
        request, asking, where, spot, items, Subject.DEAL, cards, lambda one: one.offer_ref
    )
    return Rows(rows, after, paid)


def _pages(
    items: Sequence[Row],
    after: str | None,
    read_on: Callable[[str], tuple[Sequence[Row], str | None]],
    spot: Spot,
    asking: Asking,
) -> tuple[list[Row], str | None]:
    """All pages up to the spot, a statement each; of a list that goes on somewhere only the page that was found."""
    shown = list(items)
    for _page in range(1, 1 if asking.question.after else spot.pages):
        if after is None:
            break
        more, after = read_on(after)
        shown += more
    return shown, after


def _with_paid(
    request: HttpRequest,
    asking: Asking,
    where: Whereabouts,
    spot: Spot,
    items: Sequence[Row],
    kind: Subject,
    cards: Callable[[Sequence[str]], Mapping[str, Row]],
    ref_of: Callable[[Row], str],
) -> tuple[list[dict[str, Any]], tuple[tuple[str, str], ...]]:
    """The rows with what is paid for among those of the first page, and nothing of it a second time.

    A list that somebody narrowed, or looks for words in, has no paid positions.
    """
    if asking.question.after:
        there = {subject for _ref, subject in spot.paid}
        return [{"one": one} for one in items if ref_of(one) not in there], spot.paid
    slots = _slots(asking, where, spot, kind)
    known = {ref_of(one): one for one in items}
    missing = [one.subject_ref for one in slots if one.subject_ref not in known]
    known |= cards(missing) if missing else {}
    first, rest = items[: asking.question.limit], items[asking.question.limit :]
    mixed = spread(
        first,
        [one for one in slots if one.subject_ref in known],
        same=lambda item, one: ref_of(item) == one.subject_ref,
        one_in=ONE_IN_LISTS,
    )
    paid = tuple((one.ref, one.subject_ref) for _item, one in mixed if one)
    if spot.pages == 1:
        ads.count(request, [ref for ref, _subject in paid], clock.now())
    rows = [{"one": known[one.subject_ref], "ad": one.ref} if one else {"one": item} for item, one in mixed]
    there = {subject for _ref, subject in paid}
    return rows + [{"one": one} for one in rest if ref_of(one) not in there], paid


def _slots(asking: Asking, where: Whereabouts, spot: Spot, kind: Subject) -> list[Slotted]:
    """What may stand in paid positions: on a list that somebody comes back to, what stood there."""
    if not asking.plain or (spot.pages > 1 and not spot.paid):
        return []
    found = ads.placed(region_id=where.region.region_id, category=asking.question.category, at=clock.now())[
        kind
    ]
    if spot.pages == 1:
        return found
    by_ref = {one.ref: one for one in found}
    return [by_ref[ref] for ref, _subject in spot.paid if ref in by_ref]
