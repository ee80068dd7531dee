"""A voucher bought with a gift card, scanned and refunded at one moment: the shop or the card has the money."""

from __future__ import annotations

from datetime import datetime

import pytest

from hutong.flows import refund
from hutong.pay.giftcards import queries as giftcards_read
from hutong.pay.ledger.queries import balance
from hutong.pay.ledger.types import AccountKind
from hutong.pay.orders import queries as orders
from hutong.pay.orders.types import UnitState
from hutong.visit.vouchers import queries as vouchers
from hutong.visit.vouchers.services import UnitsNotRefundable, VoucherRefunded
from tests.concurrency.race import all_at_once
from tests.factories import giftcards
from tests.factories.loop import scene

pytestmark = pytest.mark.django_db(transaction=True)

ROUNDS = 12
PRICE = 1990


def test_each_use_is_the_shops_or_the_cards(at: datetime) -> None:
    shop = scene(at=at)
    giftcards.card(ROUNDS * PRICE, holder=shop.shopper, at=at)
    placed = shop.order(quantity=ROUNDS, from_balance=ROUNDS * PRICE)
    bought = vouchers.vouchers_of_order(placed.order_ref, at=at)

    def scan_or_refund(number: int) -> str:
        voucher = bought[number // 2]
        try:
            if number % 2:
                shop.scan(voucher.code)
                return "used"
            refund.refund(
                order_ref=placed.order_ref,
                unit_refs=[voucher.uses[0].unit_ref],
                reason="",
                by=shop.shopper,
                as_operator=False,
                at=at,
            )
        except (VoucherRefunded, UnitsNotRefundable, refund.NothingToRefund):
            return ""
        return "refunded"

    outcomes = all_at_once(2 * ROUNDS, scan_or_refund)
    used, refunded = outcomes.count("used"), outcomes.count("refunded")
    assert used + refunded == ROUNDS
    states = [unit.state for unit in orders.units_of(placed.order_ref)]
    assert (states.count(UnitState.USED), states.count(UnitState.REFUNDED)) == (used, refunded)
    assert giftcards_read.balance_of(shop.shopper.pk, "EUR").minor == refunded * PRICE
    assert balance(AccountKind.PAYABLE, shop.merchant.public_id, "EUR").minor == used * 1791
    assert balance(AccountKind.UNREDEEMED, shop.merchant.public_id, "EUR").minor == 0
