"""Reads of requests to redeem: for the shop that asks, and for the person who is asked."""

from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from hutong.kernel.money import Money
from hutong.town.people.models import Person
from hutong.visit.vouchers.models import RedemptionRequest
from hutong.visit.vouchers.types.requests import RequestForOwner, RequestForShop, RequestState


def for_shop(ref: str, actor_ref: str, *, at: datetime) -> RequestForShop | None:
    """What a device or person asked, as it stands at `at`; None for another's. One statement."""
    return _shown(_all().filter(public_id=ref, actor_ref=actor_ref), at)


def by_nonce(actor_ref: str, nonce: str, *, at: datetime) -> RequestForShop | None:
    """The request of a nonce, where there is one."""
    return _shown(_all().filter(actor_ref=actor_ref, nonce=nonce), at)


def open_of(actor_ref: str, *, at: datetime) -> RequestForShop | None:
    """The request for whose answer a device or person waits at `at`; one statement."""
    return _shown(_all().filter(actor_ref=actor_ref, closed_at=None, ends_at__gt=at), at)


def for_owner(ref: str, person: Person, *, at: datetime) -> RequestForOwner | None:
    """What this person is or was asked; None for another's. One statement."""
    found = _all().filter(public_id=ref, person=person).first()
    return _to_owner(found, at) if found else None


def actor_of(ref: str) -> str:
    """The device or person that asked."""
    return str(RedemptionRequest.objects.values_list("actor_ref", flat=True).get(public_id=ref))


def told(ref: str) -> tuple[str, dict[str, str]] | None:
    """Whom to tell of a question, and the names of the store that asks; None where nobody has the number."""
    found = _all().select_related("person").filter(public_id=ref).first()
    return (found.person.public_id, found.store.names) if found and found.person else None


def to_answer(person: Person, *, at: datetime) -> list[RequestForOwner]:
    """What waits for an answer of this person, the newest first; one statement."""
    waiting = _all().filter(person=person, closed_at=None, refused_at=None, ends_at__gt=at)
    return [_to_owner(one, at) for one in waiting.order_by("-pk")[:10]]


def _all() -> QuerySet[RedemptionRequest]:
    return RedemptionRequest.objects.select_related("store__region", "store__merchant", "device", "asked_by")


def _shown(found: QuerySet[RedemptionRequest], at: datetime) -> RequestForShop | None:
    one = found.first()
    if one is None:
        return None
    state = _state(one, at)
    return RequestForShop(
        ref=one.public_id,
        # Who is asked may not be there at all, so a no is not told.
        state=RequestState.WAITING if state is RequestState.REFUSED else state,
        store_ref=one.store.public_id,
        ending=one.ending,
        uses=one.uses,
        ends_at=one.ends_at,
        redemption_ref=one.redemption_ref,
    )


def _to_owner(one: RedemptionRequest, at: datetime) -> RequestForOwner:
    merchant = one.store.merchant
    named: dict[str, Any] = merchant.names if merchant else {}
    return RequestForOwner(
        ref=one.public_id,
        state=_state(one, at),
        store_id=one.store_id,
        store_ref=one.store.public_id,
        store_names=one.store.names,
        merchant_names=named,
        device_name=one.device.name if one.device else "",
        staff_name=one.asked_by.name if one.asked_by else "",
        uses=one.uses,
        bill=Money(one.bill, one.bill_unit) if one.bill is not None else None,
        asked_at=one.asked_at,
        ends_at=one.ends_at,
        zone=one.store.region.zone,
        redemption_ref=one.redemption_ref,
    )


def _state(one: RedemptionRequest, at: datetime) -> RequestState:
    if one.redemption_ref:
        return RequestState.CONFIRMED
    if one.ends_at <= at:
        return RequestState.UNANSWERED
    if one.closed_at is not None:
        return RequestState.WITHDRAWN
    return RequestState.REFUSED if one.refused_at is not None else RequestState.WAITING
