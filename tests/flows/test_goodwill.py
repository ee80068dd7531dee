"""What was used is refunded out of goodwill: by the shop or the operator, with a reason, before and after the payout."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from hutong.flows import payment_received, refund
from hutong.kernel.money import Money
from hutong.pay.ledger import services as ledger
from hutong.pay.ledger.queries import balance
from hutong.pay.ledger.types import PLATFORM, AccountKind, TransactionKind, TransferSpec
from hutong.pay.orders import queries as orders
from hutong.pay.orders.services import OrderUnknown, UnitsNotSold
from hutong.pay.orders.types import OrderState, UnitState
from hutong.pay.payments import queries as payments
from hutong.pay.payments import services as payment_services
from hutong.pay.payments.types import RefundReport, RefundState, ReportStatus
from hutong.pay.settlement import queries as settlement
from hutong.town.merchants.types import Role
from hutong.town.people.models import Person
from hutong.visit.stock.queries import stock_of
from hutong.visit.vouchers import queries as vouchers
from hutong.visit.vouchers import services as voucher_services
from hutong.visit.vouchers.types import RedemptionResult, UseState, VoucherState
from tests.factories import merchants, people
from tests.factories.loop import Scene, scene

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def shop(at: datetime) -> Scene:
    """A shop of whose deal ten may be sold."""
    return scene(at=at, capacity=10)


@pytest.fixture
def owner(shop: Scene) -> Person:
    """Who runs it."""
    person = people.person()
    merchants.staff(merchant=shop.merchant, person=person, role=Role.OWNER)
    return person


def ask(
    shop: Scene,
    unit_refs: list[str],
    order_ref: str,
    *,
    by: Person,
    as_merchant: bool = False,
    as_operator: bool = False,
    reason: str = "It was cold",
) -> str:
    """Ask for a refund that no provider answers, and let its news come: the refund's ref."""
    asked = refund.refund(
        order_ref=order_ref,
        unit_refs=unit_refs,
        reason=reason,
        by=by,
        as_operator=as_operator,
        as_merchant=as_merchant,
        at=shop.at + timedelta(minutes=2),
    )
    refund.finish(
        report=RefundReport(asked.ref, ReportStatus.DONE, provider_ref=f"prv_{asked.ref}"),
        at=shop.at + timedelta(minutes=3),
    )
    return asked.ref


def used_of_two(shop: Scene) -> RedemptionResult:
    """Two were bought, one of them used."""
    used, _unused = shop.bought(quantity=2)
    return shop.scan(used.code)


def payable(shop: Scene) -> int:
    return balance(AccountKind.PAYABLE, shop.merchant.public_id, "EUR").minor


def test_a_used_unit_goes_back_with_what_the_shop_had_earned(shop: Scene, owner: Person) -> None:
    redeemed = used_of_two(shop)
    assert payable(shop) > 0
    ask(shop, [redeemed.unit_ref], redeemed.order_ref, by=owner, as_merchant=True)
    assert payable(shop) == 0
    assert balance(AccountKind.COMMISSION, PLATFORM, "EUR").minor == 0
    assert balance(AccountKind.UNREDEEMED, shop.merchant.public_id, "EUR").minor == 1990
    order = orders.order_view(redeemed.order_ref)
    assert order is not None
    assert (order.state, order.refunded.minor) == (OrderState.PARTLY_REFUNDED, 1990)
    (unit,) = [unit for unit in order.lines[0].units if unit.unit_ref == redeemed.unit_ref]
    assert (unit.state, unit.used_at is None, unit.refunded_at is None) == (UnitState.REFUNDED, False, False)
    # its shopper sees both: when it was used, and that its money went back
    voucher = vouchers.voucher_view(redeemed.voucher_ref, shop.shopper, at=shop.at)
    assert voucher is not None
    assert voucher.state is VoucherState.REFUNDED
    assert (voucher.uses[0].state, voucher.uses[0].redeemed_at is None) == (UseState.REFUNDED, False)
    # what was enjoyed is not on sale again
    assert stock_of([shop.offer.public_id])[shop.offer.public_id].left == 8
    with pytest.raises(voucher_services.VoucherRefunded):
        voucher_services.undo(
            redemption_ref=redeemed.redemption_ref, actor_ref=shop.device.public_id, by=None, at=shop.at
        )


@pytest.mark.unbalanced  # its payout is posted by hand, and no row of settlement says so
def test_after_the_payout_the_shop_owes_it(shop: Scene) -> None:
    redeemed = used_of_two(shop)
    (earned,) = settlement.settled(redeemed.redemption_ref)
    owed = Money(payable(shop), "EUR")
    ref = shop.merchant.public_id
    ledger.post(
        kind=TransactionKind.PAYOUT_SENT,
        reference="payout:sent",
        transfers=[TransferSpec(AccountKind.PAYABLE, ref, AccountKind.PAYOUT, ref, owed)],
        at=shop.at,
    )
    ask(shop, [redeemed.unit_ref], redeemed.order_ref, by=people.operator(), as_operator=True)
    assert payable(shop) == -earned.net.minor
    (undone,) = settlement.settled(redeemed.redemption_ref)
    assert undone.undone_at is not None
    # the payout itself is no row of settlement here, so that payable lacks it there
    assert [line for line in settlement.problems() if "payable" not in line] == []


def test_used_and_unused_go_back_together(shop: Scene) -> None:
    redeemed = used_of_two(shop)
    units = [unit.unit_ref for unit in orders.units_of(redeemed.order_ref)]
    ref = ask(shop, units, redeemed.order_ref, by=people.operator(), as_operator=True)
    made = payments.refund_by_ref(ref)
    order = orders.order_facts(redeemed.order_ref)
    assert made is not None
    assert order is not None
    assert (made.amount.minor, made.state, order.state) == (3980, RefundState.DONE, OrderState.REFUNDED)
    assert balance(AccountKind.UNREDEEMED, shop.merchant.public_id, "EUR").minor == 0
    assert stock_of([shop.offer.public_id])[shop.offer.public_id].left == 9


def test_only_its_own_share_is_taken_back(shop: Scene, owner: Person) -> None:
    first, second = shop.bought(quantity=2)
    one, other = shop.scan(first.code), shop.scan(second.code)
    before = payable(shop)
    ask(shop, [one.unit_ref], one.order_ref, by=owner, as_merchant=True)
    (kept,) = settlement.settled(other.redemption_ref)
    assert kept.undone_at is None
    assert payable(shop) == before - kept.net.minor == kept.net.minor


def test_the_reason_is_said(shop: Scene, owner: Person) -> None:
    redeemed = used_of_two(shop)
    with pytest.raises(refund.ReasonMissing):
        ask(shop, [redeemed.unit_ref], redeemed.order_ref, by=owner, as_merchant=True, reason="  ")
    assert payments.refunds_of_order(redeemed.order_ref) == []
    assert payable(shop) > 0


def test_the_shopper_takes_back_only_what_was_not_used(shop: Scene) -> None:
    redeemed = used_of_two(shop)
    with pytest.raises(voucher_services.UnitsNotRefundable):
        ask(shop, [redeemed.unit_ref], redeemed.order_ref, by=shop.shopper)


def test_who_may_refund_for_a_shop(shop: Scene, at: datetime) -> None:
    redeemed = used_of_two(shop)
    for role in (Role.CASHIER, Role.COURIER, Role.ACCOUNTANT):
        person = people.person()
        merchants.staff(merchant=shop.merchant, person=person, role=role)
        with pytest.raises(OrderUnknown):
            ask(shop, [redeemed.unit_ref], redeemed.order_ref, by=person, as_merchant=True)
    elsewhere = scene(at=at)
    stranger = people.person()
    merchants.staff(merchant=elsewhere.merchant, person=stranger, role=Role.OWNER)
    for by, as_merchant, as_operator in (
        (stranger, True, False),
        (shop.shopper, True, False),
        (stranger, False, True),
    ):
        with pytest.raises(OrderUnknown):
            ask(
                shop, [redeemed.unit_ref], redeemed.order_ref, by=by, as_merchant=as_merchant,
                as_operator=as_operator,
            )  # fmt: skip
    manager = people.person()
    merchants.staff(merchant=shop.merchant, person=manager, role=Role.MANAGER)
    assert ask(shop, [redeemed.unit_ref], redeemed.order_ref, by=manager, as_merchant=True)


def test_two_tabs_are_one_refund(shop: Scene, owner: Person) -> None:
    redeemed = used_of_two(shop)
    ask(shop, [redeemed.unit_ref], redeemed.order_ref, by=owner, as_merchant=True)
    with pytest.raises(voucher_services.UnitsNotRefundable):
        ask(shop, [redeemed.unit_ref], redeemed.order_ref, by=people.operator(), as_operator=True)
    assert len(payments.refunds_of_order(redeemed.order_ref)) == 1


def test_units_of_another_order_are_refused(shop: Scene, owner: Person) -> None:
    redeemed, other = used_of_two(shop), used_of_two(shop)
    with pytest.raises(UnitsNotSold):
        ask(shop, [redeemed.unit_ref, other.unit_ref], redeemed.order_ref, by=owner, as_merchant=True)
    assert payments.refunds_of_order(redeemed.order_ref) == []


def test_what_is_stuck_at_the_provider_says_so_until_it_ends(shop: Scene) -> None:
    redeemed = used_of_two(shop)
    asked = refund.refund(
        order_ref=redeemed.order_ref,
        unit_refs=None,
        reason="",
        by=shop.shopper,
        as_operator=False,
        at=shop.at,
    )
    payment_services.record_refund(
        report=RefundReport(asked.ref, ReportStatus.PENDING, "prv_stuck", "ABNORMAL"), at=shop.at
    )
    stuck = payments.refund_by_ref(asked.ref)
    assert stuck is not None
    assert (stuck.state, stuck.failure, stuck.stuck) == (RefundState.PENDING, "ABNORMAL", True)
    assert [one.ref for one in payments.open_refunds()] == [asked.ref]
    refund.finish(report=RefundReport(asked.ref, ReportStatus.DONE, "prv_stuck"), at=shop.at)
    ended = payments.refund_by_ref(asked.ref)
    assert ended is not None
    assert (ended.state, ended.failure, ended.stuck) == (RefundState.DONE, "", False)
    assert payment_received.ask_unknown(at=shop.at) == 0
