"""A voucher bought with a gift card, scanned and refunded at one moment: the shop or the card has the money."""

from __future__ import annotations

from datetime import datetime
from functools import partial

import pytest

from hutong.flows import refund
from hutong.pay.giftcards import queries as giftcards_read
from hutong.pay.ledger.queries import balance
from hutong.pay.ledger.types import AccountKind
from hutong.pay.orders import queries as orders
from hutong.pay.orders.types import UnitState
from hutong.visit.vouchers import queries as vouchers
from hutong.visit.vouchers.services import UnitsNotRefundable, VoucherRefunded
from tests.concurrency.forgetting import WHO_HAS_IT, forgetting
from tests.concurrency.race import all_at_once
from tests.factories import giftcards
from tests.factories.loop import Scene, scene

pytestmark = pytest.mark.django_db(transaction=True)

ROUNDS = 12
PRICE = 1990


def scan_or_refund(shop: Scene, order_ref: str, number: int) -> str:
    """Of two runners at each voucher one scans it and the other refunds it; what came of it."""
    voucher = vouchers.vouchers_of_order(order_ref, at=shop.at)[number // 2]
    try:
        if number % 2:
            shop.scan(voucher.code)
            return "used"
        refund.refund(
            order_ref=order_ref,
            unit_refs=[voucher.uses[0].unit_ref],
            reason="",
            by=shop.shopper,
            as_operator=False,
            at=shop.at,
        )
    except (VoucherRefunded, UnitsNotRefundable, refund.NothingToRefund):
        return ""
    return "refunded"


def sold(at: datetime) -> tuple[Scene, str]:
    """An order of so many vouchers that a gift card paid."""
    shop = scene(at=at)
    giftcards.card(ROUNDS * PRICE, holder=shop.shopper, at=at)
    return shop, shop.order(quantity=ROUNDS, from_balance=ROUNDS * PRICE).order_ref


def test_each_use_is_the_shops_or_the_cards(at: datetime) -> None:
    shop, order_ref = sold(at)
    outcomes = all_at_once(2 * ROUNDS, partial(scan_or_refund, shop, order_ref))
    used, refunded = outcomes.count("used"), outcomes.count("refunded")
    assert used + refunded == ROUNDS
    states = [unit.state for unit in orders.units_of(order_ref)]
    assert (states.count(UnitState.USED), states.count(UnitState.REFUNDED)) == (used, refunded)
    assert giftcards_read.balance_of(shop.shopper.pk, "EUR").minor == refunded * PRICE
    assert balance(AccountKind.PAYABLE, shop.merchant.public_id, "EUR").minor == used * 1791
    assert balance(AccountKind.UNREDEEMED, shop.merchant.public_id, "EUR").minor == 0


@pytest.mark.unbalanced
def test_control_without_the_guards_shop_and_card_have_it(at: datetime) -> None:
    """Half of the vouchers: what the others cost is what the ledger lets them take, too."""
    shop, order_ref = sold(at)
    with forgetting(*WHO_HAS_IT):
        outcomes = all_at_once(ROUNDS, partial(scan_or_refund, shop, order_ref))
    assert outcomes == ["refunded", "used"] * (ROUNDS // 2)
