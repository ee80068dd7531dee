"""The steps of an order and of its units: those of the table, and no others."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from hutong.kernel.errors import DomainError
from hutong.kernel.money import Money
from hutong.pay.orders import queries, services
from hutong.pay.orders.models import Line, Order, OrderEvent, Unit
from hutong.pay.orders.rules import TRANSITIONS, TransitionRefused, next_state
from hutong.pay.orders.types import OrderEventKind, OrderState, UnitState
from tests.factories.orders import paid, placed

pytestmark = pytest.mark.django_db


def euros(minor: int) -> Money:
    return Money(minor, "EUR")


def state_of(order_ref: str) -> str:
    return Order.objects.get(public_id=order_ref).state


def test_every_step_outside_the_table_is_refused() -> None:
    for state in OrderState:
        for event in OrderEventKind:
            if (state, event) not in TRANSITIONS:
                with pytest.raises(TransitionRefused):
                    next_state(state, event)


def test_paying_writes_each_unit_with_its_amounts(at: datetime) -> None:
    order = placed(quantity=3, price=333)
    units = services.mark_paid(order_ref=order.order_ref, by="payments", at=at)

    assert [unit.paid for unit in units] == [euros(333)] * 3
    assert [unit.commission.minor for unit in units] == [34, 33, 33]
    assert units == queries.units_of(order.order_ref)
    assert queries.units([units[1].unit_ref, "unt_unknown"]) == (units[1],)
    assert list(queries.unit_offers(order.order_ref)) == [unit.unit_ref for unit in units]
    assert Order.objects.get().paid_at == at
    assert queries.problems() == []


def test_an_order_is_paid_once(at: datetime) -> None:
    (unit,) = paid()
    with pytest.raises(services.OrderMoved), transaction.atomic():
        services.mark_paid(order_ref=unit.order_ref, by="payments", at=at)
    assert Unit.objects.count() == 1


def test_time_to_pay_ends(at: datetime) -> None:
    order = placed()
    assert queries.orders_to_expire(at + timedelta(minutes=14)) == []
    with pytest.raises(services.OrderMoved), transaction.atomic():
        services.expire_order(order_ref=order.order_ref, by="janitor", at=at + timedelta(minutes=14))

    late = at + timedelta(minutes=15)
    assert queries.orders_to_expire(late) == [order.order_ref]
    services.expire_order(order_ref=order.order_ref, by="janitor", at=late)
    assert state_of(order.order_ref) == "expired"
    assert queries.orders_to_expire(late) == []
    assert queries.problems() == []


def test_a_late_payment_is_honoured_or_goes_back(at: datetime) -> None:
    late = at + timedelta(minutes=20)
    honoured, returned = placed(), placed()
    for order in (honoured, returned):
        services.expire_order(order_ref=order.order_ref, by="janitor", at=late)

    services.mark_paid(order_ref=honoured.order_ref, by="payments", at=late, late=True)
    services.note_late_payment_returned(order_ref=returned.order_ref, by="payments", at=late)

    assert (state_of(honoured.order_ref), state_of(returned.order_ref)) == ("paid", "expired")
    history = queries.order_view(returned.order_ref)
    assert history is not None
    assert [event.event.value for event in history.events] == ["placed", "expired", "late_payment_returned"]
    assert queries.problems() == []


def test_a_payment_is_late_only_for_an_expired_order(at: datetime) -> None:
    order, cancelled = placed(), placed()
    services.cancel_order(order_ref=cancelled.order_ref, by="per_1", at=at)
    for order_ref, late in (
        (order.order_ref, True),
        (cancelled.order_ref, True),
        (cancelled.order_ref, False),
    ):
        with pytest.raises(services.OrderMoved), transaction.atomic():
            services.mark_paid(order_ref=order_ref, by="payments", at=at, late=late)
    with pytest.raises(services.OrderMoved), transaction.atomic():
        services.note_late_payment_returned(order_ref=order.order_ref, by="payments", at=at)


def test_a_unit_is_used_and_the_use_undone(at: datetime) -> None:
    first, second = paid(quantity=2)
    (used,) = services.mark_units_used(unit_refs=[first.unit_ref], at=at)
    assert (used.state, used.gross, used.commission) == (UnitState.USED, euros(1990), euros(199))
    assert used.order_ref == first.order_ref

    with pytest.raises(services.UnitsNotSold), transaction.atomic():
        services.mark_units_used(unit_refs=[second.unit_ref, first.unit_ref], at=at)
    assert Unit.objects.get(public_id=second.unit_ref).state == "sold"

    services.mark_units_unused(unit_refs=[first.unit_ref], at=at)
    assert set(Unit.objects.values_list("state", "used_at")) == {("sold", None)}
    with pytest.raises(services.UnitsNotUsed), transaction.atomic():
        services.mark_units_unused(unit_refs=[first.unit_ref], at=at)


def test_an_unknown_unit_is_neither_used_nor_undone(at: datetime) -> None:
    for change in (services.mark_units_used, services.mark_units_unused):
        with pytest.raises(DomainError), transaction.atomic():
            change(unit_refs=["unt_unknown"], at=at)


def test_refunds_add_up_to_the_order(at: datetime) -> None:
    units = paid(quantity=3)
    order_ref = units[0].order_ref
    refs = [unit.unit_ref for unit in units]

    services.mark_units_refunded(order_ref=order_ref, unit_refs=refs[:1], by="per_1", at=at)
    view = queries.order_view(order_ref)
    assert view is not None
    assert (view.state, view.refunded, view.refundable) == (
        OrderState.PARTLY_REFUNDED,
        euros(1990),
        euros(3980),
    )

    services.mark_units_refunded(order_ref=order_ref, unit_refs=refs[1:], by="per_1", at=at)
    view = queries.order_view(order_ref)
    assert view is not None
    assert (view.state, view.refunded, view.refundable) == (OrderState.REFUNDED, euros(5970), euros(0))
    assert [event.to_state.value for event in view.events] == [
        "awaiting_payment",
        "paid",
        "partly_refunded",
        "refunded",
    ]
    assert queries.problems() == []


def test_a_unit_is_used_or_refunded_never_both(at: datetime) -> None:
    used, refunded = paid(quantity=2)
    services.mark_units_used(unit_refs=[used.unit_ref], at=at)
    services.mark_units_refunded(
        order_ref=refunded.order_ref, unit_refs=[refunded.unit_ref], by="per_1", at=at
    )

    with pytest.raises(services.UnitsNotSold), transaction.atomic():
        services.mark_units_used(unit_refs=[refunded.unit_ref], at=at)
    with pytest.raises(services.UnitsNotSold), transaction.atomic():
        services.mark_units_refunded(order_ref=used.order_ref, unit_refs=[used.unit_ref], by="per_1", at=at)
    # The used unit is the merchant's, so the order stays partly refunded.
    assert state_of(used.order_ref) == "partly_refunded"
    assert queries.problems() == []


def test_a_refund_names_units_of_its_own_order(at: datetime) -> None:
    (mine,), (other,) = paid(), paid()
    with pytest.raises(services.UnitsNotSold), transaction.atomic():
        services.mark_units_refunded(order_ref=mine.order_ref, unit_refs=[other.unit_ref], by="per_1", at=at)
    with pytest.raises(services.OrderUnknown), transaction.atomic():
        services.mark_units_refunded(order_ref="ord_unknown", unit_refs=[mine.unit_ref], by="per_1", at=at)


@pytest.mark.parametrize("quantity", [1, 3])
def test_statements_do_not_grow_with_the_units(quantity: int, at: datetime) -> None:
    units = paid(quantity=quantity)
    refs = [unit.unit_ref for unit in units]
    with CaptureQueriesContext(connection) as statements:
        services.mark_units_used(unit_refs=refs, at=at)
    assert len(statements) == 1
    services.mark_units_unused(unit_refs=refs, at=at)
    with CaptureQueriesContext(connection) as statements:
        services.mark_units_refunded(order_ref=units[0].order_ref, unit_refs=refs, by="per_1", at=at)
    assert len(statements) == 3


def test_a_lock_says_what_the_order_is(at: datetime) -> None:
    order = placed(quantity=2)
    facts = services.lock_order(order_ref=order.order_ref)
    assert (facts.state, facts.total, facts.lines[0].quantity) == (
        OrderState.AWAITING_PAYMENT,
        order.total,
        2,
    )
    with pytest.raises(services.OrderUnknown):
        services.lock_order(order_ref="ord_unknown")


@pytest.mark.django_db(transaction=True)
def test_a_lock_outside_a_transaction_is_refused() -> None:
    order = placed()
    with pytest.raises(transaction.TransactionManagementError):
        services.lock_order(order_ref=order.order_ref)


@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        (lambda at: Order.objects.update(state="expired"), "orders_order_paid_at_iff_paid"),
        (lambda at: Order.objects.update(state="lost"), "orders_order_"),
        (lambda at: Order.objects.update(refunded=1991), "orders_order_refund_headroom"),
        (lambda at: Unit.objects.update(state="used"), "orders_unit_state_with_its_time"),
        (lambda at: Unit.objects.update(state="used", used_at=at, refunded_at=at), "orders_unit_state"),
        (lambda at: Unit.objects.update(paid=1), "orders_unit_adds_up"),
        (lambda at: Unit.objects.update(commission=1991), "orders_unit_fees_within_price"),
        (lambda at: Unit.objects.update(commission_tax=1792), "orders_unit_fees_within_price"),
        (lambda at: Unit.objects.update(provider_fee=1792), "orders_unit_fees_within_price"),
        (lambda at: Unit.objects.update(provider_fee=-1), "orders_unit_fees_within_price"),
        (lambda at: Unit.objects.update(commission_tax=-1), "orders_unit_fees_within_price"),
    ],
)
def test_the_database_refuses_what_cannot_be(
    change: Callable[[datetime], object], constraint: str, at: datetime
) -> None:
    paid()
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        change(at)


@pytest.mark.parametrize(
    ("damage", "found"),
    [
        (lambda at: Order.objects.update(total=5), "its units do not add up to its total"),
        (lambda at: Line.objects.update(total=5), "its lines do not add up to its total"),
        (lambda at: Line.objects.update(quantity=5), "it has another number of units than was ordered"),
        (lambda at: Unit.objects.update(unit="SEK"), "a unit is of another currency"),
        (
            lambda at: Order.objects.update(refunded=5),
            "what was refunded is not the sum of its refunded units",
        ),
        (
            lambda at: Unit.objects.update(state="refunded", refunded_at=at),
            "its state does not follow from its refunded units",
        ),
        (lambda at: OrderEvent.objects.filter(event="paid").delete(), "its history ends in another state"),
    ],
)
@pytest.mark.unbalanced("changes orders behind the services")
def test_the_check_finds_what_drifted(damage: Callable[[datetime], object], found: str, at: datetime) -> None:
    (unit,) = paid()
    assert queries.problems() == []
    damage(at)
    assert f"orders: {unit.order_ref}: {found}" in queries.problems()
