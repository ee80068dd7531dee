"""Whatever is refunded in whatever order, each card and the provider get back exactly what came from them."""

from datetime import UTC, datetime

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hutong.flows import books, refund
from hutong.flows.stored_value import GIFT_CARD
from hutong.pay.ledger.queries import balance
from hutong.pay.ledger.types import AccountKind
from hutong.pay.orders import queries as orders
from hutong.pay.payments.types import RefundReport, ReportStatus
from tests.factories import giftcards
from tests.factories.loop import scene

NOON = datetime(2026, 6, 1, 9, tzinfo=UTC)


@pytest.mark.django_db
@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), quantity=st.integers(1, 6), price=st.integers(1, 2500))
def test_everything_goes_back_to_where_it_came_from(data: st.DataObject, quantity: int, price: int) -> None:
    total = quantity * price
    stored = data.draw(st.integers(1, total), label="from cards")
    faces = data.draw(st.lists(st.integers(1, 3000), min_size=1, max_size=3), label="cards")
    faces[-1] += max(0, stored - sum(faces))
    with transaction.atomic():
        shop = scene(at=NOON, price=price)
        cards = [giftcards.card(face, holder=shop.shopper, at=NOON) for face in faces]
        placed = shop.order(quantity=quantity, from_balance=stored)
        if placed.to_pay:
            assert shop.money_arrives(placed) == "paid"
        units = [unit.unit_ref for unit in orders.units_of(placed.order_ref)]
        sequence = data.draw(st.permutations(units), label="order of refunds")
        cuts = sorted(data.draw(st.sets(st.integers(1, quantity)), label="batches") | {quantity})
        for first, last in zip([0, *cuts[:-1]], cuts, strict=True):
            back = refund._request(placed.order_ref, sequence[first:last], "cold", shop.shopper, False, NOON)
            if back.provider != GIFT_CARD:
                refund.finish(report=RefundReport(back.ref, ReportStatus.DONE, back.ref), at=NOON)
            refunded = orders.order_facts(placed.order_ref)
            assert refunded is not None
            on_cards = sum(balance(AccountKind.STORED_VALUE, card.ref, "EUR").minor for card in cards)
            at_provider = -balance(AccountKind.CLEARING, "sandbox", "EUR").minor
            assert on_cards - at_provider == sum(faces) - total + refunded.refunded.minor
        assert [balance(AccountKind.STORED_VALUE, card.ref, "EUR").minor for card in cards] == faces
        assert balance(AccountKind.CLEARING, "sandbox", "EUR").minor == 0
        assert balance(AccountKind.UNREDEEMED, shop.merchant.public_id, "EUR").minor == 0
        assert books.check(at=NOON, ask_providers=False).problems == ()
        transaction.set_rollback(True)
