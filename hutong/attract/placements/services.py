"""Writes of placements: made, paused, ended by the operator; views and clicks counted without a statement each."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from hutong.attract.placements import rules
from hutong.attract.placements.models import Placement
from hutong.attract.placements.types import Counted, PlacementDraft, PlacementEvent, PlacementState
from hutong.kernel import audit
from hutong.kernel.counting import Recorder
from hutong.kernel.errors import Conflict, Invalid, NotFound
from hutong.kernel.rows import execute
from hutong.town.catalog.models import Offer
from hutong.town.merchants.models import Category, Store
from hutong.town.people.models import Person
from hutong.town.regions.models import Region

# The day is that of the placement's region. Keys come sorted, so that two processes never wait in a circle.
_ADD = """
INSERT INTO placements_placementday AS d (placement_id, day, views, clicks)
SELECT p.id, (n.at AT TIME ZONE r.zone)::date, sum(n.views)::int8, sum(n.clicks)::int8
  FROM unnest(%s::text[], %s::timestamptz[], %s::int8[], %s::int8[]) AS n(ref, at, views, clicks)
  JOIN placements_placement p ON p.public_id = n.ref
  JOIN regions_region r ON r.id = p.region_id
 GROUP BY p.id, (n.at AT TIME ZONE r.zone)::date
 ORDER BY 1, 2
ON CONFLICT (placement_id, day)
DO UPDATE SET views = d.views + excluded.views, clicks = d.clicks + excluded.clicks
"""


class PlacementUnknown(NotFound):
    """There is no such placement."""

    code = "placement_unknown"
    message = _("There is no such placement.")


class PlacementInvalid(Invalid):
    """Something in it does not fit together; the message says what."""

    code = "placement_invalid"
    message = _("This placement does not fit together.")


class PlacementOver(Conflict):
    """It is in another state by now."""

    code = "placement_over"
    message = _("That is not possible any more: somebody changed it, or it has ended.")


def place(*, draft: PlacementDraft, by: Person, at: datetime) -> str:
    """A new placement, which runs from its beginning on; its public id. Raises PlacementInvalid."""
    region = Region.objects.filter(public_id=draft.region_ref).first()
    store = Store.objects.filter(public_id=draft.subject_ref).first()
    offer = Offer.objects.filter(public_id=draft.subject_ref).first()
    category = Category.objects.filter(slug=draft.category_slug).first() if draft.category_slug else None
    if region is None:
        raise PlacementInvalid(_("Choose a region."))
    if store is None and offer is None:
        raise PlacementInvalid(_("There is no such shop or deal."))
    if draft.category_slug and category is None:
        raise PlacementInvalid(_("There is no such category."))
    if not at <= draft.ends_at or not draft.starts_at < draft.ends_at <= draft.starts_at + rules.LONGEST:
        raise PlacementInvalid(_("It ends after it begins and after now, and lasts a year at most."))
    if not 0 < draft.views_a_day <= rules.MOST_VIEWS_A_DAY:
        raise PlacementInvalid(_("Say how many views a day it may have at most."))
    shops = [store] if store else list(Store.objects.filter(pk__in=_shops_of(offer)))
    if not any(_in_region(shop, region) for shop in shops):
        raise PlacementInvalid(_("This shop is not in that region."))
    if category and not any(_in_category(shop, category) for shop in shops):
        raise PlacementInvalid(_("This shop is not in that category, so its lists would not show it."))
    merchant = store.merchant if store else offer.merchant if offer else None
    with transaction.atomic():
        made = Placement.objects.create(
            region=region, store=store, offer=offer, category=category,
            starts_at=draft.starts_at, ends_at=draft.ends_at, views_a_day=draft.views_a_day,
            by=by, created_at=at,
        )  # fmt: skip
        audit.record(
            action="placement.made",
            subject=made.public_id,
            by=by.public_id,
            at=at,
            after={
                "shows": draft.subject_ref,
                "region": draft.region_ref,
                "category": draft.category_slug or "",
                "starts_at": draft.starts_at,
                "ends_at": draft.ends_at,
                "views_a_day": draft.views_a_day,
            },
            merchant=merchant.public_id if merchant else "",
        )
    return made.public_id


def move(*, placement_ref: str, event: PlacementEvent, by: Person, at: datetime) -> PlacementState:
    """Pause a placement, go on with it, or end it for good; its new state. Raises PlacementUnknown, PlacementOver."""
    with transaction.atomic():
        found = Placement.objects.filter(public_id=placement_ref).first()
        if found is None:
            raise PlacementUnknown
        before = PlacementState(found.state)
        after = rules.MOVES.get((before, event))
        if after is None:
            raise PlacementOver
        changed = Placement.objects.filter(pk=found.pk, state=before.value).update(
            state=after.value, ended_at=at if after is PlacementState.ENDED else None
        )
        if not changed:
            raise PlacementOver
        audit.record(
            action=f"placement.{event.value}",
            subject=placement_ref,
            by=by.public_id,
            at=at,
            before={"state": before.value},
            after={"state": after.value},
        )
    return after


def count_views(*, placement_refs: Sequence[str], at: datetime) -> None:
    """These placements were shown to somebody, once each; costs no statement.

    Call it where the page is made and only for people: `know.insight.rules.is_machine` says who is none.
    """
    for ref in placement_refs:
        _recorder.count((ref, _minute(at), Counted.VIEW))


def count_click(*, placement_ref: str, at: datetime) -> None:
    """Somebody followed this placement; costs no statement."""
    _recorder.count((placement_ref, _minute(at), Counted.CLICK))


def _minute(at: datetime) -> datetime:
    """The beginning of the minute: fine enough for any zone's midnight, and few different keys."""
    return at.replace(second=0, microsecond=0)


_Key = tuple[str, datetime, Counted]


def _write(counts: Mapping[_Key, int]) -> int:
    keys = sorted(counts)
    return execute(
        _ADD,
        [
            [ref for ref, _at, _kind in keys],
            [at for _ref, at, _kind in keys],
            [counts[key] if key[2] is Counted.VIEW else 0 for key in keys],
            [counts[key] if key[2] is Counted.CLICK else 0 for key in keys],
        ],
    )


def _shops_of(offer: Offer | None) -> list[int]:
    return list(offer.places.values_list("store_id", flat=True)) if offer else []


def _in_region(shop: Store, region: Region) -> bool:
    """Whether the region is the shop's, one around it, or a part of it."""
    return region.pk in _around(shop.region) or shop.region_id in _around(region)


def _around(region: Region) -> set[int]:
    found: set[int] = set()
    at: Region | None = region
    while at is not None and at.pk not in found:
        found.add(at.pk)
        at = at.parent
    return found


def _in_category(shop: Store, category: Category) -> bool:
    return category.pk in (shop.category_id, shop.category.parent_id)


_recorder: Recorder[_Key] = Recorder(name="placements", write=_write)
flush = _recorder.flush
start = _recorder.start
waiting = _recorder.waiting
