"""Served in the shop: one use becomes a fact, its money is settled, the customer is remembered, the page turns."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from hutong.kernel import live, outbox
from hutong.kernel.errors import Forbidden
from hutong.kernel.locking import retrying
from hutong.kernel.money import Money
from hutong.know.customers.types import VisitKind
from hutong.pay.orders import services as orders
from hutong.pay.settlement.services import settle, unsettle
from hutong.pay.settlement.types import Share
from hutong.town.merchants.models import Device, Store
from hutong.town.merchants.queries import may_redeem
from hutong.town.people.models import Person
from hutong.visit.vouchers import services as vouchers
from hutong.visit.vouchers.types import RedemptionResult, UndoResult


class MayNotRedeem(Forbidden):
    """The device is not paired with this store any more, or the person does not work there."""

    code = "may_not_redeem"
    message = _("You may not redeem in this store. Ask its manager to add you or to pair this device.")


@dataclass(frozen=True, slots=True)
class Actor:
    """Who redeems: a device paired with a store, or a member of its staff (or both)."""

    store: Store
    device: Device | None = None
    person: Person | None = None

    @property
    def ref(self) -> str:
        """What nonces and budgets are counted by: the device, else the person."""
        if self.device:
            return str(self.device.public_id)
        assert self.person is not None, "somebody redeems"
        return str(self.person.public_id)


def actor_for(
    *, device_ref: str | None = None, person: Person | None = None, store_ref: str | None = None
) -> Actor:
    """Whoever is to redeem, with the store it happens in; raises `MayNotRedeem`.

    A device redeems in its own store alone. A person names the store and must work there.
    """
    if device_ref:
        device = (
            Device.objects.select_related("store__merchant", "store__region")
            .filter(public_id=device_ref)
            .first()
        )
        if device is None or not may_redeem(device, device.store):
            raise MayNotRedeem
        return Actor(store=device.store, device=device, person=person)
    store = Store.objects.select_related("merchant", "region").filter(public_id=store_ref or "").first()
    if person is None or store is None or not may_redeem(person, store):
        raise MayNotRedeem
    return Actor(store=store, person=person)


def redeem(*, code: str, actor: Actor, nonce: str, address: str, at: datetime) -> RedemptionResult:
    """Use the voucher of `code` once in the actor's store; the same nonce again gives the same answer.

    Wrong codes are counted by actor, merchant and `address`; too many raise `TooMany`. Raises what
    `vouchers.services.redeem` raises, each with a sentence for the person at the counter. At most 15 statements.
    """
    merchant = actor.store.merchant
    assert merchant is not None, "an unclaimed store has no staff and no device"
    with vouchers.guessing_stopped(
        actor_ref=actor.ref, merchant_ref=merchant.public_id, address=address, at=at
    ):
        return _redeem(code, actor, merchant.public_id, nonce, at)


@retrying
def _redeem(code: str, actor: Actor, merchant_ref: str, nonce: str, at: datetime) -> RedemptionResult:
    with transaction.atomic():
        result = vouchers.redeem(
            code=code, store=actor.store, actor_ref=actor.ref, device=actor.device, by=actor.person,
            nonce=nonce, at=at,
        )  # fmt: skip
        if result.replay:
            return result
        (unit,) = orders.mark_units_used(unit_refs=[result.unit_ref], at=at)
        settle(
            shares=[
                Share(
                    unit_ref=unit.unit_ref,
                    gross=unit.gross,
                    commission=unit.commission,
                    commission_tax=unit.commission_tax,
                    provider_fee=unit.provider_fee,
                )
            ],
            merchant_ref=merchant_ref,
            reference=result.redemption_ref,
            store_ref=result.store_ref,
            at=at,
        )
        _remember(VisitKind.REDEMPTION, result, merchant_ref, unit.paid, at)
        for topic in (result.voucher_ref, f"today:{result.store_ref}"):
            live.hint(topic)
    return result


def _remember(
    kind: VisitKind, result: RedemptionResult | UndoResult, merchant_ref: str, paid: Money, at: datetime
) -> None:
    outbox.send(
        "remember_visit",
        at=at,
        kind=kind.value,
        redemption_ref=result.redemption_ref,
        voucher_ref=result.voucher_ref,
        order_ref=result.order_ref,
        person_ref=result.person_ref,
        merchant_ref=merchant_ref,
        store_ref=result.store_ref,
        titles=result.titles,
        paid_minor=paid.minor,
        unit=paid.unit,
        happened_at=at.isoformat(),
    )


@retrying
def undo(*, redemption_ref: str, actor: Actor, at: datetime) -> UndoResult:
    """Take a redemption back within its window: the use, the settlement and the memory of it; all or nothing.

    Raises what `vouchers.services.undo` raises.
    """
    with transaction.atomic():
        result = vouchers.undo(redemption_ref=redemption_ref, actor_ref=actor.ref, by=actor.person, at=at)
        if result.replay:
            return result
        if actor.person and not actor.device:
            # Who redeemed may have left this shop for another within the window.
            actor_for(person=actor.person, store_ref=result.store_ref)
        (unit,) = orders.mark_units_unused(unit_refs=[result.unit_ref], at=at)
        unsettle(reference=redemption_ref, at=at)
        _remember(VisitKind.UNDO, result, unit.merchant_ref, unit.paid, at)
        for topic in (result.voucher_ref, f"today:{result.store_ref}"):
            live.hint(topic)
    return result
