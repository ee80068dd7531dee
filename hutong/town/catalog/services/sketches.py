"""Sketches of offers: begun, saved step by step, deleted and brought back, handed in.

What stands in them is whatever somebody typed so far. It is read strictly when it is handed in, by `flows`.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from hutong.kernel import audit
from hutong.kernel.errors import Conflict, Forbidden, NotFound
from hutong.kernel.locking import advisory
from hutong.town.catalog import queries, rules
from hutong.town.catalog.models import Offer, Sketch
from hutong.town.catalog.services.errors import OfferUnknown, SketchTooLarge, SketchUnknown, TooManySketches
from hutong.town.catalog.types import SketchView
from hutong.town.merchants.models import Merchant
from hutong.town.merchants.queries import has_right
from hutong.town.merchants.types import Right
from hutong.town.people.models import Person


class SketchTwice(Conflict):
    """Another draft of changes to the same offer was begun since this one was deleted."""

    code = "sketch_twice"
    message = _("Other changes of this deal were begun meanwhile. Finish or delete them first.")


def start_sketch(
    *, merchant_ref: str, body: Mapping[str, Any], offer_ref: str = "", by: Person, at: datetime
) -> SketchView:
    """Begin a draft; of changes to an offer there is one at a time, and that one is given then.

    Raises `Forbidden`, `NotFound`, `OfferUnknown`, `SketchTooLarge`, `TooManySketches`.
    """
    with transaction.atomic():
        merchant = Merchant.objects.filter(public_id=merchant_ref).first()
        if merchant is None:
            raise NotFound
        _check_may(by, merchant_ref)
        # One at a time, so that neither the limit nor the one draft of an offer is passed by two clicks.
        advisory("catalog.sketches", merchant_ref)
        mine = Sketch.objects.filter(merchant=merchant, done_at=None, dropped_at=None)
        offer = None
        if offer_ref:
            offer = Offer.objects.filter(public_id=offer_ref, merchant=merchant).first()
            if offer is None:
                raise OfferUnknown
            begun = mine.filter(offer=offer).first()
            if begun is not None:
                return _view(begun, merchant_ref)
        if mine.count() >= rules.MAX_SKETCHES:
            raise TooManySketches(most=rules.MAX_SKETCHES, retry_after_s=0)
        made = Sketch.objects.create(
            merchant=merchant, offer=offer, body=_bounded(body), created_at=at, changed_at=at, changed_by=by
        )
        _record("sketch_begun", made.public_id, merchant_ref, by, at, after={"offer": offer_ref})
    return _view(made, merchant_ref)


def save_sketch(
    *, sketch_ref: str, merchant_ref: str, body: Mapping[str, Any], by: Person, at: datetime
) -> SketchView:
    """Keep what was filled in so far. Who saves last is kept. Raises `Forbidden`, `SketchUnknown`,
    `SketchTooLarge`."""
    with transaction.atomic():
        _check_may(by, merchant_ref)
        found = (
            Sketch.objects.select_for_update()
            .filter(public_id=sketch_ref, merchant__public_id=merchant_ref, done_at=None, dropped_at=None)
            .first()
        )
        if found is None:
            raise SketchUnknown
        before, found.body = found.body, _bounded(body)
        found.changed_at, found.changed_by = at, by
        found.save(update_fields=["body", "changed_at", "changed_by"])
        _record("sketch_saved", sketch_ref, merchant_ref, by, at, before=before, after=found.body)
    return _view(found, merchant_ref)


def drop_sketch(*, sketch_ref: str, merchant_ref: str, by: Person, at: datetime) -> None:
    """Delete a draft; `restore_sketch` brings it back. Raises `Forbidden`, `SketchUnknown`."""
    _end(sketch_ref, merchant_ref, by, at, done=False)


def finish_sketch(*, sketch_ref: str, merchant_ref: str, by: Person, at: datetime) -> None:
    """The draft was handed in. Two people who hand it in at once: the second one is told `SketchUnknown`."""
    _end(sketch_ref, merchant_ref, by, at, done=True)


def restore_sketch(*, sketch_ref: str, merchant_ref: str, by: Person, at: datetime) -> None:
    """Bring a deleted draft back; one that is open stays as it is.

    Raises `Forbidden`, `SketchUnknown`, `SketchTwice`, `TooManySketches`.
    """
    with transaction.atomic():
        _check_may(by, merchant_ref)
        advisory("catalog.sketches", merchant_ref)
        mine = Sketch.objects.filter(merchant__public_id=merchant_ref, done_at=None)
        found = mine.filter(public_id=sketch_ref).first()
        if found is None:
            raise SketchUnknown
        if found.dropped_at is None:
            return
        opened = mine.filter(dropped_at=None)
        if found.offer_id is not None and opened.filter(offer_id=found.offer_id).exists():
            raise SketchTwice
        if opened.count() >= rules.MAX_SKETCHES:
            raise TooManySketches(most=rules.MAX_SKETCHES, retry_after_s=0)
        mine.filter(pk=found.pk).update(dropped_at=None, changed_at=at, changed_by=by)
        _record("sketch_restored", sketch_ref, merchant_ref, by, at)


def _end(sketch_ref: str, merchant_ref: str, by: Person, at: datetime, *, done: bool) -> None:
    with transaction.atomic():
        _check_may(by, merchant_ref)
        opened = Sketch.objects.filter(
            public_id=sketch_ref, merchant__public_id=merchant_ref, done_at=None, dropped_at=None
        )
        changes = {"done_at": at} if done else {"dropped_at": at}
        if not opened.update(changed_at=at, changed_by=by, **changes):
            raise SketchUnknown
        _record("sketch_handed_in" if done else "sketch_deleted", sketch_ref, merchant_ref, by, at)


def _bounded(body: Mapping[str, Any]) -> dict[str, Any]:
    if len(json.dumps(body, ensure_ascii=False)) > rules.MAX_SKETCH_LENGTH:
        raise SketchTooLarge
    return dict(body)


def _check_may(by: Person, merchant_ref: str) -> None:
    if not by.is_operator and not has_right(by, Right.EDIT_DEALS, merchant_ref):
        raise Forbidden


def _record(
    what: str,
    sketch_ref: str,
    merchant_ref: str,
    by: Person,
    at: datetime,
    *,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    audit.record(
        action=f"offer.{what}",
        subject=sketch_ref,
        by=by.public_id,
        at=at,
        before=before,
        after=after,
        merchant=merchant_ref,
    )


def _view(found: Sketch, merchant_ref: str) -> SketchView:
    view = queries.sketch(found.public_id, merchant_ref)
    assert view is not None, "it was written or read in this transaction"
    return view
