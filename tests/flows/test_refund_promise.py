"""What a deal promises of money back: any time and by itself at the end, until the last day, or not at all."""

from __future__ import annotations

from datetime import timedelta

import pytest

from hutong.flows import books, checkout, expire_orders, payment_received, refund
from hutong.kernel import clock
from hutong.kernel.models import OutboxRow
from hutong.pay.orders import queries as orders
from hutong.pay.orders.types import OrderState, UnitState
from hutong.pay.payments import queries as payments
from hutong.pay.payments.types import DisputeStatus, RefundState
from hutong.visit.vouchers import queries as vouchers
from hutong.visit.vouchers.services import claim, give
from hutong.visit.vouchers.types import RefundPromise, VoucherState, VoucherView
from tests.factories import disputes, people
from tests.factories import vouchers as promises
from tests.factories.loop import Scene, scene
from tests.fakes.sandbox import Sandbox

pytestmark = pytest.mark.django_db(transaction=True)

LATER = timedelta(days=3)


@pytest.fixture
def shop(sandbox: Sandbox) -> Scene:
    """A shop whose clock is the sandbox's."""
    return scene(at=clock.now(), capacity=10)


def bought(shop: Scene, sandbox: Sandbox, promise: RefundPromise, uses: int = 1) -> VoucherView:
    """A voucher that was paid at the real sandbox and holds for a day."""
    promises.promise(shop.offer.public_id, valid_days=1, uses=uses, refund=promise, at=shop.at)
    placed = shop.order()
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
    return vouchers.vouchers_of_order(placed.order_ref, at=clock.now())[0]


def ended(shop: Scene) -> list[dict[str, object]]:
    """The vouchers' time is over; what is asked for by itself."""
    assert expire_orders.expire_vouchers(at=shop.at + LATER) == 1
    return list(OutboxRow.objects.filter(job="refund_expired").values_list("payload", flat=True))


def by_shopper(shop: Scene, voucher: VoucherView) -> RefundState:
    return refund.refund(
        order_ref=voucher.order_ref, unit_refs=None, reason="shopper", by=shop.shopper, as_operator=False,
        at=shop.at + LATER,
    ).state  # fmt: skip


def test_what_is_unused_at_the_end_comes_back_by_itself(shop: Scene, sandbox: Sandbox) -> None:
    card = bought(shop, sandbox, RefundPromise.ANY_TIME, uses=3)
    shop.scan(card.code, at=clock.now())
    (asked,) = ended(shop)
    unused = [use.unit_ref for use in card.uses[1:]]
    assert asked == {"order_ref": card.order_ref, "unit_refs": unused}
    done = refund.refund_expired(order_ref=card.order_ref, unit_refs=unused, at=clock.now())
    assert done is not None
    assert done.state is RefundState.DONE
    assert [unit.state for unit in orders.units_of(card.order_ref)] == [
        UnitState.USED,
        UnitState.REFUNDED,
        UnitState.REFUNDED,
    ]
    (after,) = vouchers.vouchers_of_order(card.order_ref, at=shop.at + LATER)
    assert after.state is VoucherState.USED
    assert refund.refund_expired(order_ref=card.order_ref, unit_refs=unused, at=clock.now()) is None
    assert books.check(at=clock.now()).problems == ()


def test_until_the_last_day_and_no_longer(shop: Scene, sandbox: Sandbox) -> None:
    voucher = bought(shop, sandbox, RefundPromise.UNTIL_EXPIRY)
    assert voucher.gives_back
    assert ended(shop) == []
    units = [use.unit_ref for use in voucher.uses]
    assert refund.refund_expired(order_ref=voucher.order_ref, unit_refs=units, at=shop.at + LATER) is None
    with pytest.raises(refund.NothingToRefund):
        by_shopper(shop, voucher)
    with pytest.raises(refund.NotPromised):
        refund.refund(
            order_ref=voucher.order_ref, unit_refs=units, reason="", by=shop.shopper, as_operator=False,
            at=shop.at + LATER,
        )  # fmt: skip
    early = bought(shop, sandbox, RefundPromise.UNTIL_EXPIRY)
    done = refund.refund(
        order_ref=early.order_ref,
        unit_refs=None,
        reason="",
        by=shop.shopper,
        as_operator=False,
        at=clock.now(),
    )
    assert done.state is RefundState.DONE


def test_what_is_not_refundable_goes_back_by_the_shops_word_alone(shop: Scene, sandbox: Sandbox) -> None:
    voucher = bought(shop, sandbox, RefundPromise.NEVER)
    assert not voucher.gives_back
    units = [use.unit_ref for use in voucher.uses]
    with pytest.raises(refund.NotPromised):
        refund.refund(
            order_ref=voucher.order_ref, unit_refs=units, reason="", by=shop.shopper, as_operator=False,
            at=clock.now(),
        )  # fmt: skip
    (unit,) = orders.units_of(voucher.order_ref)
    assert unit.state is UnitState.SOLD
    done = refund.refund(
        order_ref=voucher.order_ref, unit_refs=None, reason="They moved away.", by=people.operator(),
        as_operator=True, at=clock.now(),
    )  # fmt: skip
    assert done.state is RefundState.DONE
    order = orders.order_facts(voucher.order_ref)
    assert order is not None
    assert order.state is OrderState.REFUNDED


def test_a_present_that_nobody_used_goes_back_where_it_was_paid_from(shop: Scene, sandbox: Sandbox) -> None:
    voucher = bought(shop, sandbox, RefundPromise.ANY_TIME)
    now = clock.now()
    token = give(voucher_ref=voucher.ref, message="", by=shop.shopper, at=now).token
    claim(token=token, by=people.person(), at=now)
    with pytest.raises(refund.NothingToRefund):
        refund.refund(
            order_ref=voucher.order_ref, unit_refs=None, reason="", by=shop.shopper, as_operator=False, at=now
        )
    (asked,) = ended(shop)
    units = [use.unit_ref for use in voucher.uses]
    assert asked == {"order_ref": voucher.order_ref, "unit_refs": units}
    done = refund.refund_expired(order_ref=voucher.order_ref, unit_refs=units, at=shop.at + LATER)
    assert done is not None
    assert done.state is RefundState.DONE


def disputed(voucher: VoucherView, status: DisputeStatus = DisputeStatus.NEEDS_RESPONSE) -> None:
    """The bank says so of the voucher's payment."""
    disputes.tell(disputes.report(voucher.order_ref, status), clock.now())


def asked_for() -> list[dict[str, object]]:
    """What jobs are asked to give back by themselves, the oldest first."""
    return list(
        OutboxRow.objects.filter(job="refund_expired").order_by("pk").values_list("payload", flat=True)
    )


def test_what_ended_while_the_bank_decided_goes_back_when_the_shop_wins(
    shop: Scene, sandbox: Sandbox
) -> None:
    card = bought(shop, sandbox, RefundPromise.ANY_TIME, uses=3)
    shop.scan(card.code, at=clock.now())
    unused = [use.unit_ref for use in card.uses[1:]]
    disputed(card)
    assert len(ended(shop)) == 1
    later = shop.at + LATER
    assert refund.refund_expired(order_ref=card.order_ref, unit_refs=unused, at=later) is None
    assert expire_orders.ask_again(at=later) == 0, "the bank still has the money"
    OutboxRow.objects.all().delete()
    disputed(card, DisputeStatus.WON)
    (asked,) = asked_for()
    assert asked == {"order_ref": card.order_ref, "unit_refs": unused}
    done = refund.refund_expired(order_ref=card.order_ref, unit_refs=unused, at=later)
    assert done is not None
    assert done.state is RefundState.DONE
    assert [unit.state for unit in orders.units_of(card.order_ref)][1:] == [UnitState.REFUNDED] * 2
    OutboxRow.objects.all().delete()
    disputed(card, DisputeStatus.WON)
    assert asked_for() == []


@pytest.mark.parametrize("status", [DisputeStatus.WON, DisputeStatus.LOST])
def test_the_end_of_a_dispute_asks_for_nothing_that_holds_or_is_gone(
    status: DisputeStatus, shop: Scene, sandbox: Sandbox
) -> None:
    voucher = bought(shop, sandbox, RefundPromise.ANY_TIME)
    disputed(voucher)
    if status is DisputeStatus.LOST:
        ended(shop)
        OutboxRow.objects.all().delete()
    disputed(voucher, status)
    assert asked_for() == []


def test_what_its_job_did_not_give_back_is_asked_for_again(shop: Scene, sandbox: Sandbox) -> None:
    voucher = bought(shop, sandbox, RefundPromise.ANY_TIME)
    kept = bought(shop, sandbox, RefundPromise.UNTIL_EXPIRY)
    # Counted from its end: how far off that is depends on what is left of the shop's day.
    soon = voucher.valid_until + timedelta(minutes=59)
    later = soon + timedelta(days=1)
    assert expire_orders.expire_vouchers(at=soon) == 2
    OutboxRow.objects.all().delete()  # its job failed for good
    assert expire_orders.ask_again(at=soon) == 0, "its job has an hour"
    assert expire_orders.ask_again(at=later) == 1
    assert [each["order_ref"] for each in asked_for()] == [voucher.order_ref]
    assert expire_orders.ask_again(at=later) == 0, "once a day"
    units = [use.unit_ref for use in voucher.uses]
    assert refund.refund_expired(order_ref=voucher.order_ref, unit_refs=units, at=later) is not None
    assert expire_orders.ask_again(at=later + timedelta(days=1)) == 0
    assert [unit.state for unit in orders.units_of(kept.order_ref)] == [UnitState.SOLD]
