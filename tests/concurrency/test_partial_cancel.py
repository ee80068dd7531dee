"""A piece is scanned while another of the same quantity price is given back, and two tabs give back at one moment."""

from __future__ import annotations

from datetime import datetime

import pytest

from hutong.flows import books, refund, refund_terms
from hutong.kernel.money import Money
from hutong.pay.ledger.queries import balance
from hutong.pay.ledger.types import AccountKind
from hutong.pay.orders import queries as orders
from hutong.pay.orders import services
from hutong.pay.orders.types import UnitState
from hutong.pay.payments.types import RefundReport, RefundView, ReportStatus
from hutong.visit.vouchers import queries as vouchers
from hutong.visit.vouchers.types import RedemptionResult
from tests.concurrency.unguarded import unguarded
from tests.concurrency.waiting import behind
from tests.factories import quoted
from tests.factories.loop import Scene, scene

pytestmark = pytest.mark.django_db(transaction=True)


class Three:
    """Three at 8.00, of which two would be 10.00 each."""

    def __init__(self, at: datetime) -> None:
        self.at = at
        self.shop: Scene = scene(at=at, price=1000)
        self.order_ref = quoted.bought(self.shop, quoted.quoted([quoted.bulk(self.shop)]), at=at)
        self.units = [unit.unit_ref for unit in orders.units_of(self.order_ref)]

    def scan(self, number: int) -> RedemptionResult:
        voucher = next(
            voucher
            for voucher in vouchers.vouchers_of_order(self.order_ref, at=self.at)
            if voucher.uses[0].unit_ref == self.units[number]
        )
        return self.shop.scan(voucher.code, at=self.at)

    def give_back(self, number: int, expected: int | None = None) -> RefundView:
        amount = None if expected is None else Money(expected, "EUR")
        unit = self.units[number]
        return refund._request(self.order_ref, [unit], "", self.shop.shopper, False, self.at, expected=amount)

    def sent(self, given: RefundView) -> None:
        refund.finish(report=RefundReport(given.ref, ReportStatus.DONE, f"prv_{given.ref}"), at=self.at)

    @property
    def owed(self) -> int:
        return balance(AccountKind.PAYABLE, self.shop.merchant.public_id, "EUR").minor

    @property
    def problems(self) -> tuple[str, ...]:
        return books.check(at=self.at, ask_providers=False).problems


def test_a_scan_first_is_settled_anew(at: datetime) -> None:
    made = Three(at)
    given = behind(lambda: made.scan(0), lambda: made.give_back(1))
    assert given.amount == Money(400, "EUR")
    made.sent(given)
    assert made.owed == 1000 - 80
    assert made.problems == ()


@pytest.mark.unbalanced("a control")
def test_control_without_the_lock_the_shop_is_owed_what_it_was(at: datetime) -> None:
    made = Three(at)
    with unguarded(services.lock_units, "FOR UPDATE OF u"):
        made.sent(behind(lambda: made.scan(0), lambda: made.give_back(1)))
    assert made.owed == 800 - 80
    assert made.problems


def test_a_scan_that_comes_second_is_settled_at_what_it_costs_then(at: datetime) -> None:
    made = Three(at)
    given: list[RefundView] = []
    behind(lambda: given.append(made.give_back(1)), lambda: made.scan(0))
    made.sent(given[0])
    assert made.owed == 1000 - 80
    assert made.problems == ()


def test_two_tabs_give_back_what_each_showed_or_nothing(at: datetime) -> None:
    """Both show 4.00. The second one finds that it is 10.00 by now, and gives nothing back."""
    made = Three(at)
    given: list[RefundView] = []
    second = behind(
        lambda: given.append(made.give_back(0, expected=400)),
        lambda: made.give_back(1, expected=400),
        expected=(refund.RefundChanged,),
    )
    assert isinstance(second, refund.RefundChanged)
    made.sent(given[0])
    states = [unit.state for unit in orders.units_of(made.order_ref)]
    assert states == [UnitState.REFUNDED, UnitState.SOLD, UnitState.SOLD]
    assert made.problems == ()


def test_control_without_the_shown_amount_another_one_goes_back(at: datetime) -> None:
    made = Three(at)
    given: list[RefundView] = []
    with unguarded(refund_terms.counted, "expected != found.refund", "False"):
        second = behind(
            lambda: given.append(made.give_back(0, expected=400)), lambda: made.give_back(1, expected=400)
        )
    assert second.amount == Money(1000, "EUR")
    for each in (given[0], second):
        made.sent(each)
    assert made.problems == ()
