"""Writes of the catalog: offers are made, submitted, decided, paused and resumed.

An offer is its merchant's: who manages the merchant may change it, and the operator. `by` None is the
platform itself, which seeds a demo. What decides about an offer is the operator's alone.
"""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from hutong.kernel import audit
from hutong.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from hutong.town.catalog import rules
from hutong.town.catalog.models import Offer, OfferDecision, OfferStore
from hutong.town.catalog.types import OfferDraft, OfferEvent, OfferState
from hutong.town.merchants.models import Merchant, Store
from hutong.town.merchants.queries import has_right
from hutong.town.merchants.types import Right
from hutong.town.people.models import Person


class OfferUnknown(NotFound):
    """There is no such offer, or it is another merchant's."""

    code = "offer_unknown"
    message = _("There is no such offer.")


class OfferMoveRefused(Conflict):
    """The offer is in a state from which this move does not lead on; `state` says which."""

    code = "offer_move_refused"
    message = _("This offer has changed meanwhile. Please look at it again.")


class OfferInvalid(Invalid):
    """The draft of an offer cannot be stored; `faults` are the codes of `rules.faults`."""

    code = "offer_invalid"
    message = _("The offer is not complete yet. Please check the marked fields.")


class OfferStoresWrong(Invalid):
    """The offer names no store, too many, or one that is not the merchant's."""

    code = "offer_stores_wrong"
    message = _("Choose at least one store of your own.")


class ReasonMissing(Invalid):
    """A refusal without a reason helps nobody to do better."""

    code = "reason_missing"
    message = _("Please say why, so that the merchant can mend it.")


def create_offer(
    *, merchant_ref: str, store_refs: Sequence[str], draft: OfferDraft, by: Person | None, at: datetime
) -> Offer:
    """Store a new offer in state draft, for stores of this merchant.

    Raises `OfferInvalid`, `OfferStoresWrong`, `Forbidden`, or `NotFound` for an unknown merchant.
    """
    found = rules.faults(draft)
    if found:
        raise OfferInvalid(faults=found)
    with transaction.atomic():
        merchant = Merchant.objects.filter(public_id=merchant_ref).first()
        if merchant is None:
            raise NotFound
        _check_may_manage(by, merchant)
        wanted = set(store_refs)
        stores = list(Store.objects.filter(merchant=merchant, public_id__in=wanted).order_by("id"))
        if not 0 < len(wanted) <= rules.MAX_STORES or len(stores) != len(wanted):
            raise OfferStoresWrong
        offer = Offer.objects.create(merchant=merchant, created_at=at, created_by=by, **_columns(draft))
        OfferStore.objects.bulk_create(OfferStore(offer=offer, store=store) for store in stores)
        audit.record(
            action="offer.created",
            subject=offer.public_id,
            by=by.public_id if by else "platform",
            at=at,
            after={"titles": draft.titles, "price": draft.price.minor, "list_price": draft.list_price.minor},
            merchant=merchant_ref,
        )
        return offer


def submit_offer(*, offer_ref: str, by: Person | None, at: datetime) -> Offer:
    """Hand a draft, or a rejected offer that was mended, to the operator. Raises `OfferMoveRefused`."""
    return _move(offer_ref, OfferEvent.SUBMIT, reason="", by=by, at=at)


def decide_offer(*, offer_ref: str, approve: bool, reason: str, by: Person, at: datetime) -> Offer:
    """The operator's word on a submitted offer: live, or rejected with a reason.

    Also takes a live or paused offer off the site (approve=False). Raises `Forbidden`, `ReasonMissing`,
    `OfferMoveRefused` when somebody decided first, `OfferUnknown`.
    """
    if not by.is_operator:
        raise Forbidden
    if not approve and not reason.strip():
        raise ReasonMissing
    event = OfferEvent.APPROVE if approve else OfferEvent.REJECT
    return _move(offer_ref, event, reason=reason.strip(), by=by, at=at)


def pause_offer(*, offer_ref: str, by: Person | None, at: datetime) -> Offer:
    """Stop the sale of a live offer; what was sold stays good. Raises `OfferMoveRefused`."""
    return _move(offer_ref, OfferEvent.PAUSE, reason="", by=by, at=at)


def resume_offer(*, offer_ref: str, by: Person | None, at: datetime) -> Offer:
    """Sell a paused offer again. Raises `OfferMoveRefused`."""
    return _move(offer_ref, OfferEvent.RESUME, reason="", by=by, at=at)


def _move(offer_ref: str, event: OfferEvent, *, reason: str, by: Person | None, at: datetime) -> Offer:
    """One step along the table, written only if the state is still the one the step starts from."""
    with transaction.atomic():
        offer = Offer.objects.filter(public_id=offer_ref).select_related("merchant").first()
        if offer is None:
            raise OfferUnknown
        _check_may_manage(by, offer.merchant)
        before = OfferState(offer.state)
        after = rules.next_state(before, event)
        if after is None:
            raise OfferMoveRefused(state=before.value)
        changes = {"state": after.value} | ({"submitted_at": at} if event is OfferEvent.SUBMIT else {})
        if not Offer.objects.filter(pk=offer.pk, state=before.value).update(**changes):
            raise OfferMoveRefused(state=before.value)
        OfferDecision.objects.create(
            offer=offer, from_state=before.value, to_state=after.value, reason=reason[:500], by=by, at=at
        )
        audit.record(
            action=f"offer.{event.value}",
            subject=offer_ref,
            by=by.public_id if by else "platform",
            at=at,
            before={"state": before.value},
            after={"state": after.value},
            merchant=offer.merchant.public_id,
            reason=reason,
        )
        for name, value in changes.items():
            setattr(offer, name, value)
        return offer


def _check_may_manage(by: Person | None, merchant: Merchant) -> None:
    if by is not None and not by.is_operator and not has_right(by, Right.EDIT_DEALS, merchant.public_id):
        raise Forbidden


def _columns(draft: OfferDraft) -> dict[str, object]:
    return {
        "kind": draft.kind.value,
        "titles": draft.titles,
        "descriptions": draft.descriptions,
        "list_price": draft.list_price.minor,
        "price": draft.price.minor,
        "unit": draft.price.unit,
        "includes": [
            {
                "names": include.names,
                "quantity": include.quantity,
                "value": None if include.value is None else include.value.minor,
            }
            for include in draft.includes
        ],
        "emoji": draft.emoji,
        "hue": draft.hue,
        "tags": list(draft.tags),
        "starts_at": draft.starts_at,
        "ends_at": draft.ends_at,
        "per_person_limit": draft.per_person_limit,
        "sample": draft.sample,
    }
