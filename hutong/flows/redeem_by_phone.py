"""Redeeming without the code: the shopper says a phone number, and confirms on that phone.

The shop learns nothing from asking: for a number that nobody has, one whose owner has no voucher here, and one whose
owner says no, its question ends in the same way after the same time. Who is asked sees which shop asks, by which device
or whom, and chooses the voucher. Confirming redeems it by the same flow as every scan.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from hutong.flows import redeem, tell
from hutong.flows.redeem import Actor, MayNotRedeem, Wanted
from hutong.kernel import outbox
from hutong.kernel.errors import NotFound
from hutong.kernel.locking import retrying
from hutong.kernel.money import Money
from hutong.town.merchants.models import Store
from hutong.town.people import queries as people
from hutong.town.people.models import Person
from hutong.town.people.services import normalise_phone
from hutong.visit.vouchers import queries as vouchers
from hutong.visit.vouchers import services
from hutong.visit.vouchers.queries import requests as requests_read
from hutong.visit.vouchers.services import requests
from hutong.visit.vouchers.types import RedemptionResult
from hutong.visit.vouchers.types.requests import RequestForOwner, RequestForShop, RequestState, Taken, Usable

JOB = "tell_asked"


@dataclass(frozen=True, slots=True)
class Answered:
    """A question as the shop sees it, and once it is confirmed what was redeemed."""

    request: RequestForShop
    result: RedemptionResult | None


def ask(
    *, phone: str, uses: int, bill: Money | None, actor: Actor, nonce: str, address: str, at: datetime
) -> RequestForShop:
    """Ask whoever signs in with `phone`, as it was typed, for leave to redeem in the actor's store.

    The same nonce gets the same request. Raises `PhoneInvalid` for what is no number, `TooMany` where a device, a
    merchant, an address or a number has had its share, and `RequestOpen` while the actor waits for another answer.
    """
    number = normalise_phone(phone)
    merchant = actor.store.merchant
    assert merchant is not None, "an unclaimed store has no staff and no device"
    before = requests_read.by_nonce(actor.ref, nonce, at=at)
    if before:
        return before
    requests.spend_budgets(
        phone=number, actor_ref=actor.ref, merchant_ref=merchant.public_id, address=address, at=at
    )
    with transaction.atomic():
        asked = requests.ask(
            person=people.person_by_phone(number), phone=number, store=actor.store, actor_ref=actor.ref,
            device=actor.device, by=actor.person, nonce=nonce, uses=uses, bill=bill, at=at,
        )  # fmt: skip
        # Also where there is nobody to tell: the answer takes as long.
        outbox.send(JOB, at=at, request_ref=asked.ref, happened_at=at.isoformat())
    return asked


def tell_asked(*, request_ref: str, happened_at: str) -> None:
    """The job behind a question: its person is told, where there is one."""
    tell.asked(request_ref=request_ref, at=datetime.fromisoformat(happened_at))


def answered(*, request_ref: str, actor: Actor, at: datetime) -> Answered:
    """How the actor's own question stands. Raises `NotFound` for another's."""
    request = requests_read.for_shop(request_ref, actor.ref, at=at)
    if request is None:
        raise NotFound
    result = None
    if request.state is RequestState.CONFIRMED:
        result = services.stored_answer(actor_ref=actor.ref, nonce=request.ref)
    return Answered(request=request, result=result)


def usable(request: RequestForOwner, *, by: Person, at: datetime) -> list[Usable]:
    """What of one's own could be used where the question comes from, what ends first at the head."""
    store = Store.objects.filter(pk=request.store_id).first()
    return services.usable(person=by, store=store, at=at) if store else []


@retrying
def confirm(
    *, request_ref: str, voucher_ref: str, choices: Sequence[int] = (), by: Person, at: datetime
) -> RedemptionResult:
    """Let the shop redeem one's own voucher as it asked, now: all or nothing, its terms and the shop's rights as they
    are at this moment.

    Again: the same answer. Raises `NotFound` for another's question or voucher, `RequestOver` for one that is over,
    `MayNotRedeem` where the device or the person that asked may not any more, and what `redeem` raises; then the
    question is still open.
    """
    voucher = vouchers.voucher_view(voucher_ref, by, at=at)
    if voucher is None:
        raise NotFound
    try:
        with transaction.atomic():
            taken = requests.take(request_ref=request_ref, by=by, at=at)
            actor = _actor(taken)
            merchant = actor.store.merchant
            assert merchant is not None, "whoever may redeem works for a merchant"
            result = redeem.redeem_within(
                wanted=Wanted(code=voucher.code, uses=taken.uses, choices=tuple(choices), bill=taken.bill),
                actor=actor,
                merchant_ref=merchant.public_id,
                nonce=taken.ref,
                at=at,
                booked_at=at,
            )
            requests.confirmed(request_ref=taken.ref, redemption_ref=result.redemption_ref)
            return result
    except requests.RequestOver:
        stored = _confirmed_before(request_ref, by, at)
        if stored is None:
            raise
        return stored


def _actor(taken: Taken) -> Actor:
    """Who asked, if they still may. A device that stands in another store meanwhile may not."""
    asked_by = people.person_by_id(taken.asked_by_id) if taken.asked_by_id else None
    if taken.device_ref is None and asked_by is None:
        raise MayNotRedeem
    actor = redeem.actor_for(device_ref=taken.device_ref, person=asked_by, store_ref=taken.store_ref)
    if actor.store.public_id != taken.store_ref:
        raise MayNotRedeem
    return actor


def _confirmed_before(request_ref: str, by: Person, at: datetime) -> RedemptionResult | None:
    """The answer of a question that this person had confirmed."""
    request = requests_read.for_owner(request_ref, by, at=at)
    if request is None or not request.redemption_ref:
        return None
    return services.stored_answer(actor_ref=requests_read.actor_of(request_ref), nonce=request_ref)
