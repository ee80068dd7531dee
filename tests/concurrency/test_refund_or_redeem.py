"""Figure 4: a voucher is scanned in the shop and refunded from the phone at one moment, in whole flows: never both."""

from __future__ import annotations

import random
import threading
from collections import Counter

import pytest

from hutong.flows import payment_received, refund
from hutong.kernel import clock
from hutong.kernel.rows import scalar
from hutong.pay.ledger.queries import balance
from hutong.pay.ledger.types import AccountKind
from hutong.visit.vouchers import queries as vouchers
from hutong.visit.vouchers.services import UnitsNotRefundable, VoucherRefunded
from hutong.visit.vouchers.types import VoucherView
from tests.concurrency.forgetting import WHO_HAS_IT, forgetting
from tests.concurrency.race import WAIT_S, all_at_once
from tests.factories.loop import Scene, scene
from tests.fakes.sandbox import Sandbox
from tests.faults.figures import Measured
from tests.faults.many_orders import at_once, buyer, ordered, start

pytestmark = pytest.mark.django_db(transaction=True)

SHORT, LONG, CONTROL = 8, 1_000, 4
PAIRS = 4
PRICE, EARNED = 1990, 1791


def bought(shop: Scene, sandbox: Sandbox, count: int) -> list[VoucherView]:
    """So many orders of one voucher each, paid at the sandbox."""
    made = ordered(shop, count)

    def pay(one: tuple[str, object]) -> None:
        order_ref = one[0]
        start(order_ref)
        sandbox.pay(scalar("SELECT public_id FROM payments_payment WHERE order_ref = %s", [order_ref]))
        payment_received.look(order_ref=order_ref, at=clock.now())

    at_once(pay, made)
    return [vouchers.vouchers_of_order(order_ref, at=clock.now())[0] for order_ref, _payment in made]


def scan_and_refund(shop: Scene, wanted: list[VoucherView]) -> Counter[str]:
    """Two at each voucher at one moment; how many were used and how many refunded.

    The way of a scan is shorter. A shop that looks at the voucher once or twice before lets either be first.
    """
    meet = [threading.Barrier(2, timeout=WAIT_S) for _pair in range(PAIRS)]

    def side(number: int) -> Counter[str]:
        done, draw = Counter[str](), random.Random(number)
        for voucher in wanted[number // 2 :: PAIRS]:
            meet[number // 2].wait()
            try:
                if number % 2:
                    for _look in range(draw.randint(0, 8)):
                        vouchers.vouchers_of_order(voucher.order_ref, at=clock.now())
                    shop.scan(voucher.code, at=clock.now())
                    done["used"] += 1
                else:
                    give_back(voucher)
                    done["refunded"] += 1
            except (VoucherRefunded, UnitsNotRefundable, refund.NothingToRefund):
                done["came second"] += 1
        return done

    return sum(all_at_once(2 * PAIRS, side), Counter())


def give_back(voucher: VoucherView) -> None:
    refund.refund(
        order_ref=voucher.order_ref,
        unit_refs=None,
        reason="",
        by=buyer(voucher.order_ref),
        as_operator=False,
        at=clock.now(),
    )


def run(sandbox: Sandbox, count: int) -> Counter[str]:
    shop = scene(at=clock.now())
    done = scan_and_refund(shop, bought(shop, sandbox, count))
    used, refunded = done["used"], done["refunded"]
    assert used + refunded == done["came second"] == count
    assert scalar("SELECT count(*) FROM orders_unit WHERE state = 'used'") == used
    assert scalar("SELECT count(*) FROM payments_refund WHERE state = 'done'") == refunded
    ours = set(scalar("SELECT array_agg(public_id) FROM payments_payment"))
    sent_back = [row["refunded"] for ref, row in sandbox.books().items() if ref in ours]
    assert Counter(sent_back) == Counter({0: used, PRICE: refunded})
    assert balance(AccountKind.PAYABLE, shop.merchant.public_id, "EUR").minor == used * EARNED
    assert balance(AccountKind.UNREDEEMED, shop.merchant.public_id, "EUR").minor == 0
    return done


def test_a_voucher_is_redeemed_or_refunded(sandbox: Sandbox) -> None:
    run(sandbox, SHORT)


@pytest.mark.long
def test_a_thousand_vouchers_are_redeemed_or_refunded(sandbox: Sandbox, measured: Measured) -> None:
    done = run(sandbox, LONG)
    # Otherwise there was no race.
    assert min(done["used"], done["refunded"]) > LONG // 100
    measured(
        4, "refund against redemption", f"{done['used']} redeemed, {done['refunded']} refunded, none both"
    )


@pytest.mark.unbalanced
def test_control_without_the_guards_both_have_it(sandbox: Sandbox) -> None:
    """As many again lie unused: the ledger lets shop and shopper take what those cost."""
    shop = scene(at=clock.now())
    made = bought(shop, sandbox, 2 * CONTROL)
    with forgetting(*WHO_HAS_IT):
        assert scan_and_refund(shop, made[:CONTROL]) == {"used": CONTROL, "refunded": CONTROL}
