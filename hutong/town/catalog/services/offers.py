"""Offers are made, changed, submitted, decided, paused, resumed and ended."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from hutong.kernel import audit
from hutong.kernel.errors import Forbidden, NotFound
from hutong.town.catalog import rules
from hutong.town.catalog.models import Offer, OfferDecision, OfferStore, SpecialPrice
from hutong.town.catalog.queries import offer_history
from hutong.town.catalog.services.errors import (
    OfferInvalid,
    OfferMoveRefused,
    OfferStoresWrong,
    OfferUnknown,
)
from hutong.town.catalog.types import OfferDraft, OfferEvent, OfferState
from hutong.town.contents.services import ReasonMissing, TooLateToTakeBack
from hutong.town.merchants.models import Merchant, Store
from hutong.town.merchants.queries import has_right
from hutong.town.merchants.types import Right
from hutong.town.people.models import Person


def create_offer(
    *, merchant_ref: str, store_refs: Sequence[str], draft: OfferDraft, by: Person | None, at: datetime
) -> Offer:
    """Store a new offer in state draft, for stores of this merchant.

    Raises `OfferInvalid`, `OfferStoresWrong`, `Forbidden`, or `NotFound` for an unknown merchant.
    """
    with transaction.atomic():
        merchant = Merchant.objects.filter(public_id=merchant_ref).first()
        if merchant is None:
            raise NotFound
        stores = _checked(merchant, store_refs, draft, by)
        offer = Offer.objects.create(merchant=merchant, created_at=at, created_by=by, **_columns(draft))
        OfferStore.objects.bulk_create(OfferStore(offer=offer, store=store) for store in stores)
        _set_special_prices(offer, draft)
        audit.record(
            action="offer.created",
            subject=offer.public_id,
            by=by.public_id if by else "platform",
            at=at,
            after={"titles": draft.titles, "price": draft.price.minor, "list_price": draft.list_price.minor},
            merchant=merchant_ref,
        )
        return offer


def check_offer(*, offer_ref: str, store_refs: Sequence[str], draft: OfferDraft, by: Person) -> None:
    """Pass what an offer shall say from now on, said by somebody who may say it.

    Raises `OfferUnknown`, `Forbidden`, `OfferInvalid`, `OfferStoresWrong`.
    """
    offer = _offer(offer_ref)
    _checked(offer.merchant, store_refs, draft, by)


def change_offer(
    *, offer_ref: str, store_refs: Sequence[str], draft: OfferDraft, by: Person, at: datetime
) -> Offer:
    """Rewrite an offer that nobody can buy yet: a draft, or one that was rejected.

    Raises `OfferUnknown`, `Forbidden`, `OfferInvalid`, `OfferStoresWrong`, and `OfferMoveRefused` when it is
    in another state, also when it got there at this very moment.
    """
    with transaction.atomic():
        offer = _offer(offer_ref)
        stores = _checked(offer.merchant, store_refs, draft, by)
        before = {**_said(offer), "special_prices": _special_prices(offer)}
        _rewrite(offer, stores, draft, rules.REWRITABLE)
        audit.record(
            action="offer.changed",
            subject=offer_ref,
            by=by.public_id,
            at=at,
            before=before,
            after={
                **{name: value for name, value in _columns(draft).items() if name in _SAID},
                "special_prices": _special_prices(offer),
            },
            merchant=offer.merchant.public_id,
        )
    offer.refresh_from_db()
    return offer


def apply_contents(*, offer_ref: str, store_refs: Sequence[str], draft: OfferDraft) -> None:
    """Let an approved offer say what a published version says; it was checked when it was proposed.

    What was sold keeps its titles and amounts, which the orders hold. The log was written by who published.
    Raises `OfferUnknown`, `OfferInvalid`, `OfferStoresWrong`, and `OfferMoveRefused` for an offer that is not
    approved.
    """
    with transaction.atomic():
        offer = _offer(offer_ref)
        _rewrite(offer, _checked(offer.merchant, store_refs, draft, None), draft, rules.REVISED)


def withdraw_offer(*, offer_ref: str, by: Person, at: datetime) -> Offer:
    """Take a submitted offer back, to change it. Raises `OfferMoveRefused` when it was decided meanwhile."""
    return _move(offer_ref, OfferEvent.WITHDRAW, reason="", by=by, at=at)


def end_offer(*, offer_ref: str, by: Person, at: datetime) -> Offer:
    """End the sale of an offer; what was sold stays good. `resume_offer` or `pause_offer` undo it.

    Raises `OfferMoveRefused`.
    """
    return _move(offer_ref, OfferEvent.END, reason="", by=by, at=at)


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


def take_back_decision(*, offer_ref: str, by: Person, at: datetime) -> OfferState:
    """Undo the operator's last decision about an offer within five minutes; the state it has again.

    What was sold meanwhile stays good. Raises `Forbidden`, `OfferUnknown`, `TooLateToTakeBack`,
    `OfferMoveRefused`.
    """
    if not by.is_operator:
        raise Forbidden
    with transaction.atomic():
        offer = Offer.objects.filter(public_id=offer_ref).select_related("merchant").first()
        if offer is None:
            raise OfferUnknown
        moves = offer_history(offer_ref)
        state = OfferState(offer.state)
        if not moves or not rules.may_take_back(moves[-1], state, at=at):
            raise TooLateToTakeBack
        back = moves[-1].from_state
        if not Offer.objects.filter(pk=offer.pk, state=state.value).update(state=back.value):
            raise OfferMoveRefused(state=state.value)
        OfferDecision.objects.create(offer=offer, from_state=state.value, to_state=back.value, by=by, at=at)
        audit.record(
            action="offer.decision_taken_back",
            subject=offer_ref,
            by=by.public_id,
            at=at,
            before={"state": state.value},
            after={"state": back.value},
            merchant=offer.merchant.public_id,
        )
    return back


def pause_offer(*, offer_ref: str, by: Person | None, at: datetime) -> Offer:
    """Stop the sale of a live offer; what was sold stays good. Raises `OfferMoveRefused`."""
    return _move(offer_ref, OfferEvent.PAUSE, reason="", by=by, at=at)


def resume_offer(*, offer_ref: str, by: Person | None, at: datetime) -> Offer:
    """Sell a paused offer again. Raises `OfferMoveRefused`."""
    return _move(offer_ref, OfferEvent.RESUME, reason="", by=by, at=at)


def _move(offer_ref: str, event: OfferEvent, *, reason: str, by: Person | None, at: datetime) -> Offer:
    """One step along the table, written only if the state is still the one the step starts from."""
    with transaction.atomic():
        offer = _offer(offer_ref)
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


def _offer(offer_ref: str) -> Offer:
    offer = Offer.objects.filter(public_id=offer_ref).select_related("merchant").first()
    if offer is None:
        raise OfferUnknown
    return offer


def _checked(
    merchant: Merchant, store_refs: Sequence[str], draft: OfferDraft, by: Person | None
) -> list[Store]:
    """The stores of a draft that may be stored, said by somebody who may say it."""
    _check_may_manage(by, merchant)
    found = rules.faults(draft)
    if found:
        raise OfferInvalid(faults=found)
    wanted = set(store_refs)
    stores = list(Store.objects.filter(merchant=merchant, public_id__in=wanted).order_by("id"))
    if not 0 < len(wanted) <= rules.MAX_STORES or len(stores) != len(wanted):
        raise OfferStoresWrong
    return stores


def _rewrite(offer: Offer, stores: Sequence[Store], draft: OfferDraft, states: frozenset[OfferState]) -> None:
    """Write a draft over an offer, if its state is still one of `states`. The kind and the currency stay."""
    if draft.price.unit != offer.unit or draft.kind.value != offer.kind:
        raise OfferInvalid(faults=["unit_mixed"])
    allowed = Offer.objects.filter(pk=offer.pk, state__in=[state.value for state in states])
    told = {name: value for name, value in _columns(draft).items() if name in _SAID}
    if not allowed.update(**told):
        raise OfferMoveRefused(state=offer.state)
    OfferStore.objects.filter(offer=offer).exclude(store__in=stores).delete()
    OfferStore.objects.bulk_create(
        (OfferStore(offer=offer, store=store) for store in stores), ignore_conflicts=True
    )
    _set_special_prices(offer, draft)


def _special_prices(offer: Offer) -> list[dict[str, object]]:
    """The special prices for the log, in the form of sketches and versions."""
    return [
        {
            "price": row.price,
            "from_quantity": row.from_quantity,
            "windows": [[each["weekdays"], each["opens"], each["closes"]] for each in row.windows],
        }
        for row in SpecialPrice.objects.filter(offer=offer).order_by("position")
    ]


def _set_special_prices(offer: Offer, draft: OfferDraft) -> None:
    """Replace the special prices; the offer's row is locked by the statement that wrote it."""
    SpecialPrice.objects.filter(offer=offer).delete()
    SpecialPrice.objects.bulk_create(
        SpecialPrice(
            offer=offer,
            position=position,
            price=special.price.minor,
            from_quantity=special.from_quantity,
            windows=[
                {
                    "weekdays": sorted(window.weekdays),
                    "opens": f"{window.opens:%H:%M}",
                    "closes": f"{window.closes:%H:%M}",
                }
                for window in special.windows
            ],
        )
        for position, special in enumerate(draft.special_prices)
    )


def _said(offer: Offer) -> dict[str, object]:
    """What an offer says now, by the names of `_columns`."""
    return {name: getattr(offer, name) for name in _SAID}


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
        "steps_bind": draft.steps_bind,
    }


_SAID = frozenset(
    (
        "titles", "descriptions", "list_price", "price", "includes", "emoji", "hue", "tags", "starts_at",
        "ends_at", "per_person_limit", "steps_bind",
    )
)  # fmt: skip
