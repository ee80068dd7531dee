"""Refunds: what was not used goes back where it came from; never what was used."""

from datetime import datetime, timedelta

import pytest

from hutong.flows import checkout, payment_received, refund
from hutong.kernel import clock
from hutong.pay.ledger.queries import balance
from hutong.pay.ledger.types import AccountKind
from hutong.pay.orders import queries as orders
from hutong.pay.orders import services as order_services
from hutong.pay.orders.types import OrderState
from hutong.pay.payments import queries as payments
from hutong.pay.payments.services import reconcile
from hutong.pay.payments.types import RefundState
from hutong.visit.stock.queries import stock_of
from hutong.visit.vouchers import queries as vouchers
from hutong.visit.vouchers.services import UnitsNotRefundable, VoucherRefunded
from hutong.visit.vouchers.types import VoucherState, VoucherView
from tests.factories import people
from tests.factories.loop import Scene, scene
from tests.fakes.sandbox import Sandbox

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def shop(sandbox: Sandbox) -> Scene:
    """A shop whose clock is the sandbox's."""
    return scene(at=clock.now(), capacity=10)


def buy(shop: Scene, sandbox: Sandbox, quantity: int = 1) -> tuple[str, list[VoucherView]]:
    """Pay at the real sandbox; the order and its vouchers."""
    placed = shop.order(quantity=quantity)
    checkout.pay(
        order_ref=placed.order_ref,
        person=shop.shopper,
        return_url="http://127.0.0.1:8000/",
        language="en",
        at=shop.at,
    )
    payment = payments.payment_for_order(placed.order_ref)
    assert payment is not None
    sandbox.pay(payment.ref)
    payment_received.look(order_ref=placed.order_ref, at=clock.now())
    return placed.order_ref, vouchers.vouchers_of_order(placed.order_ref, at=shop.at)


def give_back(shop: Scene, order_ref: str, unit_refs: list[str] | None = None) -> RefundState:
    return refund.refund(
        order_ref=order_ref, unit_refs=unit_refs, reason="changed my mind", by=shop.shopper, as_operator=False,
        at=clock.now(),
    ).state  # fmt: skip


def test_unused_voucher_is_refunded(shop: Scene, sandbox: Sandbox) -> None:
    order_ref, (voucher,) = buy(shop, sandbox)
    assert give_back(shop, order_ref) is RefundState.DONE
    seen = vouchers.voucher_view(voucher.ref, shop.shopper, at=clock.now())
    order = orders.order_facts(order_ref)
    assert seen is not None
    assert order is not None
    assert (seen.state, order.state) == (VoucherState.REFUNDED, OrderState.REFUNDED)
    assert balance(AccountKind.UNREDEEMED, shop.merchant.public_id, "EUR").minor == 0
    assert stock_of([shop.offer.public_id])[shop.offer.public_id].left == 10
    with pytest.raises(VoucherRefunded):
        shop.scan(voucher.code, at=clock.now())
    mine = {payment.ref for payment in payments.payments_of_order(order_ref)}
    assert [
        d for d in reconcile(provider="sandbox", at=clock.now(), grace_s=0) if d.payment_ref in mine
    ] == []


def test_part_of_an_order(shop: Scene, sandbox: Sandbox) -> None:
    order_ref, (used, unused) = buy(shop, sandbox, quantity=2)
    shop.scan(used.code, at=clock.now())
    assert give_back(shop, order_ref) is RefundState.DONE
    order = orders.order_facts(order_ref)
    assert order is not None
    assert (order.state, order.refunded.minor) == (OrderState.PARTLY_REFUNDED, 1990)
    with pytest.raises(refund.NothingToRefund):
        give_back(shop, order_ref)
    with pytest.raises(UnitsNotRefundable):
        give_back(shop, order_ref, [used.uses[0].unit_ref])
    assert unused.uses[0].unit_ref


def test_somebody_elses_order_looks_unknown(shop: Scene, sandbox: Sandbox) -> None:
    order_ref, _vouchers = buy(shop, sandbox)
    with pytest.raises(order_services.OrderUnknown):
        refund.refund(
            order_ref=order_ref,
            unit_refs=None,
            reason="",
            by=people.person(),
            as_operator=False,
            at=clock.now(),
        )


def test_operator_refunds(shop: Scene, sandbox: Sandbox) -> None:
    order_ref, _vouchers = buy(shop, sandbox)
    done = refund.refund(
        order_ref=order_ref, unit_refs=None, reason="shop closed", by=people.operator(), as_operator=True,
        at=clock.now(),
    )  # fmt: skip
    assert done.state is RefundState.DONE


def test_lost_answer_is_settled_by_the_janitor(shop: Scene, sandbox: Sandbox, at: datetime) -> None:
    order_ref, (voucher,) = buy(shop, sandbox)
    sandbox.fault("error_after", call="refund")
    state = give_back(shop, order_ref)
    assert state is RefundState.UNKNOWN
    seen = vouchers.voucher_view(voucher.ref, shop.shopper, at=clock.now())
    assert seen is not None
    assert seen.state is VoucherState.REFUNDED
    payment_received.ask_unknown(at=clock.now() + timedelta(seconds=30))
    (kept,) = payments.refunds_of_order(order_ref)
    assert kept.state is RefundState.DONE
    assert balance(AccountKind.UNREDEEMED, shop.merchant.public_id, "EUR").minor == 0
