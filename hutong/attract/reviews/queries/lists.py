"""Reads of reviews: of a store, of an author, of a visit, of a merchant's stores."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from hutong.attract.reviews.models import SHOWN, Review
from hutong.attract.reviews.queries.views import views, whole
from hutong.attract.reviews.rules import PAGE
from hutong.attract.reviews.types import ReviewPage, ReviewState, ReviewView, Side, Sort
from hutong.kernel.errors import Invalid
from hutong.town.people.models import Person

# The column each order begins with (the key comes behind it), whether it goes down, and what it leaves out.
_ORDERS: dict[Sort, tuple[str, bool, Q]] = {
    Sort.NEWEST: ("", True, Q()),
    Sort.HELPFUL: ("helpful", True, Q()),
    Sort.LOWEST: ("stars", False, Q()),
    Sort.PHOTOS: ("", True, Q(photos__gt=0)),
}
_MAX_KEY = 2**63
_READ = Q(state=ReviewState.PUBLISHED.value, visit_gone_at__isnull=True)


class CursorInvalid(Invalid):
    """The cursor was not given out by this list."""

    code = "cursor_invalid"
    message = _("This page of the list does not exist. Please start at the first page.")


def of_store(
    store_ref: str,
    *,
    sort: Sort = Sort.NEWEST,
    stars: int | None = None,
    after: str = "",
    limit: int = PAGE,
    reader: Person | None = None,
) -> ReviewPage:
    """What everybody reads about a store, in an order, of all or of so many `stars`. Three statements at most.

    Walks the partial index of the order. Raises `CursorInvalid`.
    """
    found = whole().filter(SHOWN, store__public_id=store_ref)
    if stars is not None:
        found = found.filter(stars=stars)
    return _paged(found, sort, after, limit, reader)


def of_author(person: Person, *, after: str = "", limit: int = PAGE) -> ReviewPage:
    """What somebody wrote about stores, the newest first, in whatever state but withdrawn."""
    found = whole().filter(author=person, side=Side.SHOPPER.value)
    return _paged(found.exclude(state=ReviewState.WITHDRAWN.value), Sort.NEWEST, after, limit, person)


def of_stores(
    store_refs: Sequence[str],
    *,
    unanswered: bool = False,
    stars: int | None = None,
    after: str = "",
    limit: int = PAGE,
) -> ReviewPage:
    """What everybody reads about these stores, for their people; `unanswered` leaves out what was answered."""
    found = whole().filter(SHOWN, store__public_id__in=list(store_refs))
    if unanswered:
        found = found.filter(answer__isnull=True)
    if stars is not None:
        found = found.filter(stars=stars)
    return _paged(found, Sort.NEWEST, after, limit, None)


def unanswered_count(store_refs: Sequence[str], *, most: int = 100) -> int:
    """How many reviews of these stores wait for an answer, counted up to `most`."""
    waiting = Review.objects.filter(SHOWN, store__public_id__in=list(store_refs), answer__isnull=True)
    return len(waiting.values_list("pk", flat=True)[:most])


def shown_review(review_ref: str, *, reader: Person | None = None) -> ReviewView | None:
    """A review that everybody reads, or None."""
    return next(iter(views(whole().filter(SHOWN, public_id=review_ref), reader)), None)


def own_review(review_ref: str, person: Person) -> ReviewView | None:
    """Somebody's own review in whatever state but withdrawn, or None, also where it is somebody else's."""
    found = whole().filter(public_id=review_ref, author=person).exclude(state=ReviewState.WITHDRAWN.value)
    return next(iter(views(found, person)), None)


def review_by_ref(review_ref: str) -> ReviewView | None:
    """A review in whatever state, for operators, or None."""
    return next(iter(views(whole().filter(public_id=review_ref))), None)


def written_about(
    person: Person, visit_refs: Sequence[str]
) -> dict[tuple[str, str], tuple[str, ReviewState]]:
    """Which of these visits somebody has reviewed: ref and state by (visit, store); withdrawn ones, too."""
    found = Review.objects.filter(author=person, visit_ref__in=list(visit_refs), side=Side.SHOPPER.value)
    return {
        (visit_ref, store_ref): (ref, ReviewState(state))
        for visit_ref, store_ref, ref, state in found.values_list(
            "visit_ref", "store__public_id", "public_id", "state"
        )
    }


def about(person: Person, *, limit: int = 20) -> tuple[ReviewView, ...]:
    """What stores said about somebody and that somebody may read, the newest first. At most three statements."""
    found = whole().filter(person=person, side=Side.MERCHANT.value, state=ReviewState.PUBLISHED.value)
    return views(found.filter(visit_gone_at__isnull=True).order_by("-pk")[:limit], person)


def sealed_about(person: Person, *, at: datetime, limit: int = 20) -> tuple[ReviewView, ...]:
    """What stores said about somebody and nobody reads yet: that they wrote, never what; the newest first."""
    found = whole().filter(person=person, side=Side.MERCHANT.value, state=ReviewState.SEALED.value)
    sealed = views(found.filter(visit_gone_at__isnull=True, reveal_at__gt=at).order_by("-pk")[:limit])
    return tuple(replace(one, stars=0, text="", aspects={}, photos=()) for one in sealed)


def of_guests(store_ref: str, *, limit: int = 50) -> tuple[ReviewView, ...]:
    """What a store's people said about its customers, for them, in whatever state but withdrawn."""
    found = whole().filter(store__public_id=store_ref, side=Side.MERCHANT.value)
    return views(found.exclude(state=ReviewState.WITHDRAWN.value).order_by("-pk")[:limit])


def guests_reviewed(store_ref: str, visit_refs: Sequence[str]) -> set[str]:
    """Which of these visits a store cannot review any more: it did, or it has read what the shopper said."""
    found = Review.objects.filter(store__public_id=store_ref, visit_ref__in=list(visit_refs))
    read = Q(side=Side.SHOPPER.value, reveal_at__isnull=True) & ~Q(state=ReviewState.WAITING.value)
    return set(found.filter(Q(side=Side.MERCHANT.value) | read).values_list("visit_ref", flat=True))


def read_by(review_ref: str, person: Person) -> ReviewView | None:
    """A review that everybody reads, or one about `person` that `person` reads, or None."""
    whose = Q(person=person, side=Side.MERCHANT.value) & _READ
    return next(iter(views(whole().filter(SHOWN | whose, public_id=review_ref), person)), None)


def _paged(
    found: "QuerySet[Review]", sort: Sort, after: str, limit: int, reader: Person | None
) -> ReviewPage:
    column, down, only = _ORDERS[sort]
    found = found.filter(only)
    if after:
        found = found.filter(_behind(column, down, after))
    order = [f"-{column}" if down else column] if column else []
    rows = list(found.order_by(*order, "-pk")[: limit + 1])
    shown = rows[:limit]
    last: Any = shown[-1] if len(rows) > limit else None
    cursor = f"{getattr(last, column) if column else 0}.{last.pk}" if last is not None else ""
    return ReviewPage(views(shown, reader), cursor)


def _behind(column: str, down: bool, after: str) -> Q:
    first, _dot, key = after.partition(".")
    if not (first.isascii() and first.isdigit() and key.isascii() and key.isdigit()):
        raise CursorInvalid
    value, pk = int(first), int(key)
    if value >= _MAX_KEY or pk >= _MAX_KEY:
        raise CursorInvalid
    if not column:
        return Q(pk__lt=pk)
    further = Q(**{f"{column}__lt" if down else f"{column}__gt": value})
    return further | Q(**{column: value, "pk__lt": pk})
