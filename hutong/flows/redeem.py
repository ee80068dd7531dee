"""Served in the shop: one use becomes a fact, its money is settled, the customer is remembered, the page turns."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from hutong.kernel import audit, live, outbox
from hutong.kernel.errors import Forbidden
from hutong.kernel.locking import retrying
from hutong.kernel.money import Money
from hutong.know.customers.types import VisitKind
from hutong.pay.orders import services as orders
from hutong.pay.orders.types import SoldUnit
from hutong.pay.settlement.services import settle, unsettle_units
from hutong.pay.settlement.types import Share
from hutong.town.merchants.models import Device, Store
from hutong.town.merchants.queries import may_redeem
from hutong.town.people.models import Person
from hutong.visit.vouchers import services as vouchers
from hutong.visit.vouchers.types import Prepared, RedemptionResult, UndoResult


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


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for at the counter; see `vouchers.services.redeem`."""

    code: str
    uses: int = 1
    choices: tuple[int, ...] = ()
    bill: Money | None = None
    override_reason: str = ""


def redeem(*, wanted: Wanted, actor: Actor, nonce: str, address: str, at: datetime) -> RedemptionResult:
    """Use a voucher as `wanted` in the actor's store; the same nonce again gives the same answer.

    Wrong codes are counted by actor, merchant and `address`; too many raise `TooMany`. Raises what
    `vouchers.services.redeem` raises, each with a sentence for the person at the counter. At most 15 statements for
    one use.
    """
    merchant = actor.store.merchant
    assert merchant is not None, "an unclaimed store has no staff and no device"
    with vouchers.guessing_stopped(
        actor_ref=actor.ref, merchant_ref=merchant.public_id, address=address, at=at
    ):
        try:
            return _redeem(wanted, actor, merchant.public_id, nonce, at)
        except (vouchers.CodeMistyped, vouchers.VoucherUnknown):
            found = _redeem_of_channel(wanted, actor, nonce, at)
            if found is None:
                raise
            return found


def prepare(*, code: str, actor: Actor, address: str, at: datetime) -> Prepared:
    """What the voucher of `code` could be used for now; wrong codes are counted as in `redeem`. Changes nothing."""
    merchant = actor.store.merchant
    assert merchant is not None, "an unclaimed store has no staff and no device"
    with vouchers.guessing_stopped(
        actor_ref=actor.ref, merchant_ref=merchant.public_id, address=address, at=at
    ):
        try:
            return vouchers.prepare(code=code, store=actor.store, at=at)
        except (vouchers.CodeMistyped, vouchers.VoucherUnknown):
            found = vouchers.prepare_channel(code=code, store=actor.store, at=at)
            if found is None:
                raise
            return found


@retrying
def _redeem(wanted: Wanted, actor: Actor, merchant_ref: str, nonce: str, at: datetime) -> RedemptionResult:
    return redeem_within(
        wanted=wanted, actor=actor, merchant_ref=merchant_ref, nonce=nonce, at=at, booked_at=at
    )


@retrying
def _redeem_of_channel(wanted: Wanted, actor: Actor, nonce: str, at: datetime) -> RedemptionResult | None:
    """The same for a voucher that another channel sold: whoever sold it pays the shop, and knows the customer."""
    with transaction.atomic():
        result = vouchers.redeem_channel(
            code=wanted.code, uses=wanted.uses, bill=wanted.bill, override_reason=wanted.override_reason,
            store=actor.store, actor_ref=actor.ref, device=actor.device, by=actor.person, nonce=nonce, at=at,
        )  # fmt: skip
        if result and not result.replay:
            _audit_override(wanted, actor, result, at)
            live.hint(f"today:{result.store_ref}")
    return result


def redeem_within(
    *, wanted: Wanted, actor: Actor, merchant_ref: str, nonce: str, at: datetime, booked_at: datetime
) -> RedemptionResult:
    """As `redeem`, without counting wrong codes, within the caller's transaction where there is one.

    The use is judged and remembered at `at`. Its money moves at `booked_at`, since nothing is posted into the past.
    """
    with transaction.atomic():
        result = vouchers.redeem(
            code=wanted.code, uses=wanted.uses, choices=wanted.choices, bill=wanted.bill,
            override_reason=wanted.override_reason, store=actor.store, actor_ref=actor.ref, device=actor.device,
            by=actor.person, nonce=nonce, at=at,
        )  # fmt: skip
        if result.replay:
            return result
        paid = _settle(result, merchant_ref, booked_at) or Money(0, actor.store.region.currency)
        _remember(VisitKind.REDEMPTION, result, merchant_ref, paid, at)
        _audit_override(wanted, actor, result, at)
        for topic in (*{one.voucher_ref for one in result.redeemed}, f"today:{result.store_ref}"):
            live.hint(topic)
    return result


def _audit_override(wanted: Wanted, actor: Actor, result: RedemptionResult, at: datetime) -> None:
    if wanted.override_reason:
        merchant = actor.store.merchant
        assert merchant is not None, "an unclaimed store has no staff and no device"
        audit.record(
            action="voucher.override",
            subject=result.voucher_ref,
            by=actor.person.public_id if actor.person else actor.ref,
            at=at,
            after={"redemption": result.redemption_ref},
            merchant=merchant.public_id,
            reason=wanted.override_reason,
        )


def _settle(result: RedemptionResult, merchant_ref: str, at: datetime) -> Money | None:
    """Owe the merchant what the used units sold for; what was paid for them. A later visit of a pass uses none."""
    if not result.spent_units:
        return None
    units = orders.mark_units_used(unit_refs=list(result.spent_units), at=at)
    settle(
        shares=[
            Share(
                unit_ref=unit.unit_ref,
                gross=unit.gross,
                commission=unit.commission,
                commission_tax=unit.commission_tax,
                provider_fee=unit.provider_fee,
            )
            for unit in units
        ],
        merchant_ref=merchant_ref,
        reference=result.redemption_ref,
        store_ref=result.store_ref,
        at=at,
    )
    return _paid(units)


def _paid(units: Sequence[SoldUnit]) -> Money:
    return sum((unit.paid for unit in units[1:]), units[0].paid)


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
    """Take a scan back within its window: its uses, their settlement and the memory of it; all or nothing.

    Raises what `vouchers.services.undo` raises.
    """
    of_channel = redemption_ref.startswith("chr_")
    take_back = vouchers.undo_channel if of_channel else vouchers.undo
    with transaction.atomic():
        result = take_back(redemption_ref=redemption_ref, actor_ref=actor.ref, by=actor.person, at=at)
        if result.replay:
            return result
        if actor.person and not actor.device:
            # Who redeemed may have left this shop for another within the window.
            actor_for(person=actor.person, store_ref=result.store_ref)
        if of_channel:
            live.hint(f"today:{result.store_ref}")
            return result
        merchant = actor.store.merchant
        assert merchant is not None, "who undoes works for a merchant"
        paid = Money(0, actor.store.region.currency)
        if result.unit_refs:
            units = orders.mark_units_unused(unit_refs=list(result.unit_refs), at=at)
            unsettle_units(unit_refs=result.unit_refs, reference=result.redemption_ref, at=at)
            paid = _paid(units)
        _remember(VisitKind.UNDO, result, merchant.public_id, paid, at)
        for topic in (result.voucher_ref, f"today:{result.store_ref}"):
            live.hint(topic)
    return result
