"""Gift cards in an order: a part or all of it, set free when it ends, and back to the very card with its units."""

from datetime import datetime, timedelta

import pytest

from hutong.flows import expire_orders, refund, stored_value
from hutong.kernel.money import Money
from hutong.pay.giftcards import queries as giftcards_read
from hutong.pay.giftcards import services as giftcards_services
from hutong.pay.ledger.queries import balance
from hutong.pay.ledger.types import AccountKind
from hutong.pay.orders import queries as orders
from hutong.pay.orders.types import OrderState, PlacedOrder
from hutong.pay.payments import queries as payments
from hutong.pay.payments.types import RefundReport, RefundState, RefundView, ReportStatus
from hutong.visit.stock.queries import stock_of
from hutong.visit.vouchers import queries as vouchers
from tests.factories import giftcards, people
from tests.factories.janitor import ask_unknown
from tests.factories.loop import Scene, scene

pytestmark = pytest.mark.django_db

LATER = timedelta(minutes=16)


def euros(minor: int) -> Money:
    return Money(minor, "EUR")


def left(shop: Scene) -> int:
    """What the shopper may spend, in cents."""
    return giftcards_read.balance_of(shop.shopper.pk, "EUR").minor


def unredeemed(shop: Scene) -> int:
    return balance(AccountKind.UNREDEEMED, shop.merchant.public_id, "EUR").minor


def state_of(placed: PlacedOrder) -> OrderState:
    facts = orders.order_facts(placed.order_ref)
    assert facts is not None
    return facts.state


def give_back(shop: Scene, placed: PlacedOrder, *unit_refs: str, at: datetime) -> RefundView:
    """Ask for units back, as the flow does before it calls the provider."""
    return refund._request(placed.order_ref, unit_refs or None, "cold", shop.shopper, False, at)


def sent(back: RefundView, *, at: datetime) -> None:
    """The provider says that it sent a refund."""
    assert refund.finish(report=RefundReport(back.ref, ReportStatus.DONE, "prv"), at=at) == "recorded"


def test_a_part_comes_from_the_card_and_the_rest_is_asked_of_the_provider(at: datetime) -> None:
    shop = scene(at=at, price=2500)
    card = giftcards.card(2000, holder=shop.shopper, at=at)
    placed = shop.order(quantity=2, from_balance=2000)
    payment = payments.payment_for_order(placed.order_ref)
    assert payment is not None
    assert (placed.state, placed.total, placed.to_pay) == (
        OrderState.AWAITING_PAYMENT,
        euros(5000),
        euros(3000),
    )
    assert payment.amount == euros(3000)
    assert (left(shop), balance(AccountKind.STORED_HELD, card.ref, "EUR").minor) == (0, 2000)
    assert shop.money_arrives(placed) == "paid"
    assert unredeemed(shop) == 5000
    assert balance(AccountKind.CLEARING, "sandbox", "EUR").minor == -3000
    assert balance(AccountKind.STORED_HELD, card.ref, "EUR").minor == 0
    for unit in orders.units_of(placed.order_ref):
        assert (unit.paid, unit.paid_stored, unit.paid_provider) == (euros(2500), euros(1000), euros(1500))


def test_an_order_that_cards_cover_is_paid_at_once_without_a_provider(at: datetime) -> None:
    shop = scene(at=at, capacity=3)
    giftcards.card(1000, holder=shop.shopper, at=at)
    giftcards.card(5000, holder=shop.shopper, at=at)
    placed = shop.order(from_balance=1990)
    assert (placed.state, placed.to_pay.minor) == (OrderState.PAID, 0)
    assert state_of(placed) is OrderState.PAID
    assert payments.payments_of_order(placed.order_ref) == []
    (voucher,) = vouchers.vouchers_of_order(placed.order_ref, at=at)
    assert (unredeemed(shop), left(shop)) == (1990, 4010)
    assert stock_of([shop.offer.public_id])[shop.offer.public_id].sold == 1
    shop.scan(voucher.code)
    assert unredeemed(shop) == 0
    assert balance(AccountKind.PAYABLE, shop.merchant.public_id, "EUR").minor == 1791


def test_a_double_click_spends_once(at: datetime) -> None:
    shop = scene(at=at)
    giftcards.card(5000, holder=shop.shopper, at=at)
    first = shop.order(from_balance=1990, client_key="one")
    second = shop.order(from_balance=1990, client_key="one")
    assert (second.order_ref, second.state, second.created) == (first.order_ref, OrderState.PAID, False)
    assert left(shop) == 3010


@pytest.mark.parametrize("wanted", [2001, 2501, -1])
def test_a_part_that_is_not_there_or_more_than_the_price_orders_nothing(at: datetime, wanted: int) -> None:
    shop = scene(at=at, capacity=1, price=2500)
    giftcards.card(2000, holder=shop.shopper, at=at)
    with pytest.raises(giftcards_services.BalanceChanged):
        shop.order(from_balance=wanted)
    assert orders.orders_of(shop.shopper.pk) == []
    assert left(shop) == 2000
    assert stock_of([shop.offer.public_id])[shop.offer.public_id].left == 1


def test_an_order_that_expires_sets_its_part_free(at: datetime) -> None:
    shop = scene(at=at)
    giftcards.card(1000, holder=shop.shopper, at=at)
    placed = shop.order(from_balance=700)
    assert left(shop) == 300
    assert expire_orders.run(at=at + LATER) == 1
    assert (state_of(placed), left(shop)) == (OrderState.EXPIRED, 1000)


def late(shop: Scene, at: datetime) -> PlacedOrder:
    """An order of 1990 that ended unpaid, of which a card bore 700."""
    placed = shop.order(from_balance=700)
    assert expire_orders.run(at=at + LATER) == 1
    return placed


def test_late_money_takes_the_part_again(at: datetime) -> None:
    shop = scene(at=at)
    giftcards.card(1000, holder=shop.shopper, at=at)
    placed = late(shop, at)
    assert shop.money_arrives(placed, at=at + LATER) == "paid_late"
    assert (state_of(placed), left(shop), unredeemed(shop)) == (OrderState.PAID, 300, 1990)


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("sandbox")
def test_late_money_goes_back_when_the_card_was_spent_elsewhere(at: datetime) -> None:
    shop = scene(at=at, capacity=5)
    giftcards.card(1000, holder=shop.shopper, at=at)
    placed = late(shop, at)
    shop.order(from_balance=900, at=at + LATER)
    assert shop.money_arrives(placed, at=at + LATER) == "returned"
    assert (state_of(placed), left(shop), unredeemed(shop)) == (OrderState.EXPIRED, 100, 0)
    assert stock_of([shop.offer.public_id])[shop.offer.public_id].held == 1
    (back,) = payments.refunds_of_order(placed.order_ref)
    assert back.amount == euros(1290)


def test_each_part_goes_back_to_where_it_came_from(at: datetime) -> None:
    shop = scene(at=at, price=1000)
    first = giftcards.card(500, holder=shop.shopper, at=at)
    second = giftcards.card(4000, holder=shop.shopper, at=at)
    placed = shop.order(quantity=3, from_balance=1000)
    shop.money_arrives(placed)
    units = orders.units_of(placed.order_ref)
    assert [unit.paid_stored.minor for unit in units] == [334, 333, 333]

    back = give_back(shop, placed, units[1].unit_ref, at=at)
    assert (back.provider, back.amount, back.state) == ("sandbox", euros(667), RefundState.PENDING)
    # The cards have theirs at once: 166 of the unit came from the first, 167 from the second.
    assert balance(AccountKind.STORED_VALUE, first.ref, "EUR").minor == 166
    assert balance(AccountKind.STORED_VALUE, second.ref, "EUR").minor == 3500 + 167
    assert unredeemed(shop) == 3000 - 333
    sent(back, at=at)
    assert unredeemed(shop) == 2000

    sent(give_back(shop, placed, at=at), at=at)
    assert (unredeemed(shop), state_of(placed)) == (0, OrderState.REFUNDED)
    assert balance(AccountKind.STORED_VALUE, first.ref, "EUR").minor == 500
    assert balance(AccountKind.STORED_VALUE, second.ref, "EUR").minor == 4000
    assert balance(AccountKind.CLEARING, "sandbox", "EUR").minor == 0
    amounts = [(one.provider, one.amount.minor) for one in stored_value.refunds_of_order(placed.order_ref)]
    assert sorted(amounts) == [
        ("gift_card", 333),
        ("gift_card", 667),
        ("sandbox", 667),
        ("sandbox", 1333),
    ]


def test_a_refund_wholly_from_cards_calls_no_provider(at: datetime) -> None:
    shop = scene(at=at)
    giftcards.card(5000, holder=shop.shopper, at=at)
    placed = shop.order(quantity=2, from_balance=3980)
    back = refund.refund(
        order_ref=placed.order_ref,
        unit_refs=None,
        reason="changed my mind",
        by=shop.shopper,
        as_operator=False,
        at=at,
    )
    assert (back.provider, back.state, back.amount) == ("gift_card", RefundState.DONE, euros(3980))
    assert (left(shop), unredeemed(shop), state_of(placed)) == (5000, 0, OrderState.REFUNDED)
    assert payments.refunds_of_order(placed.order_ref) == []
    with pytest.raises(refund.NothingToRefund):
        give_back(shop, placed, at=at)
    assert ask_unknown(at=at + LATER).refunds == []


def test_what_was_used_goes_back_to_the_card_out_of_goodwill(at: datetime) -> None:
    shop = scene(at=at)
    giftcards.card(5000, holder=shop.shopper, at=at)
    placed = shop.order(from_balance=1990)
    (voucher,) = vouchers.vouchers_of_order(placed.order_ref, at=at)
    shop.scan(voucher.code)
    back = refund.refund(
        order_ref=placed.order_ref,
        unit_refs=[voucher.uses[0].unit_ref],
        reason="the kitchen was closed",
        by=people.operator(),
        as_operator=True,
        at=at,
    )
    assert back.state is RefundState.DONE
    assert left(shop) == 5000
    assert balance(AccountKind.PAYABLE, shop.merchant.public_id, "EUR").minor == 0


def test_a_refund_to_a_blocked_card_waits_on_it(at: datetime) -> None:
    shop = scene(at=at)
    card = giftcards.card(5000, holder=shop.shopper, at=at)
    placed = shop.order(from_balance=1990)
    giftcards_services.block(card_ref=card.ref, reason="stolen phone", by=people.operator(), at=at)
    assert give_back(shop, placed, at=at).amount == euros(1990)
    assert balance(AccountKind.STORED_VALUE, card.ref, "EUR").minor == 5000
    assert left(shop) == 0
