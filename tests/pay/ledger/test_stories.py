"""The books told as stories: what each account holds after each step, by the doors that the site itself goes through.

Assets are negative and debts positive: `clearing` is minus what the provider holds, `bank` minus what lies at our bank;
`unredeemed` is owed to shoppers, `payable` to the shop, `stored_value` to holders of gift cards; `commission` is ours.
Every step names all accounts that are not at nothing, so they always add up to nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import pytest

from hutong.flows import bank_in, books, dispute, payouts, reconcile, refund
from hutong.kernel.money import Money
from hutong.kernel.rows import execute
from hutong.pay.fees.types import Bearer
from hutong.pay.ledger.queries import balances
from hutong.pay.ledger.types import AccountKind
from hutong.pay.orders import queries as orders
from hutong.pay.payments import queries as payments
from hutong.pay.payments.types import Bill, DisputeReport, DisputeStatus, RefundReport, ReportStatus
from hutong.pay.pricing.types import AmountOff
from hutong.pay.settlement import queries as settlement_read
from hutong.visit.vouchers import queries as vouchers
from hutong.visit.vouchers.types import VoucherView
from tests.factories import catalog, giftcards, merchants, people, promotions, settlement
from tests.factories.fees import rule
from tests.factories.ledger import euros
from tests.factories.loop import Scene
from tests.factories.payments import line

pytestmark = pytest.mark.django_db


@dataclass
class Story:
    """A shop with two branches; a deal of 19.90, or of another price, is good in both."""

    shop: Scene
    branch: Scene

    def bought(self, *, quantity: int, coupon: str = "", from_balance: int = 0) -> list[VoucherView]:
        """Ordered and paid."""
        coupons = [coupon] if coupon else None
        placed = self.shop.order(quantity=quantity, coupons=coupons, from_balance=from_balance)
        assert self.shop.money_arrives(placed, at=self.shop.at) == "paid"
        return vouchers.vouchers_of_order(placed.order_ref, at=self.shop.at)

    def given_back(self, *bought: VoucherView) -> None:
        """Refunded to where it came from; the provider's news comes a moment later."""
        asked = refund.refund(
            order_ref=bought[0].order_ref,
            unit_refs=[use.unit_ref for voucher in bought for use in voucher.uses],
            reason="changed my mind",
            by=self.shop.shopper,
            as_operator=False,
            at=self.shop.at,
        )
        report = RefundReport(asked.ref, ReportStatus.DONE, f"prv_{asked.ref}")
        assert refund.finish(report=report, at=self.shop.at) == "recorded"

    def pay_out(self, *, bounced: bool = False) -> int:
        """Everything due goes to the bank, approved by as many as it takes; how much, in cents."""
        at = self.shop.at
        first, second = people.operator(), people.operator()
        batch = payouts.make(unit="EUR", on=at.date(), by=people.operator(), at=at)
        for operator in (first, second)[: 2 if batch.needs_two else 1]:
            payouts.approve(batch_ref=batch.ref, by=operator, at=at)
        payouts.send(batch_ref=batch.ref, by=first, at=at)
        (payout,) = settlement_read.payouts_of_batch(batch.ref)
        if bounced:
            payouts.bounced(payout_ref=payout.ref, reason="account closed", by=first, at=at)
        else:
            payouts.paid(payout_ref=payout.ref, by=first, at=at)
        return payout.amount.minor

    def later(self, **span: float) -> None:
        """Time passes."""
        self.shop.at = self.branch.at = self.shop.at + timedelta(**span)

    def stands(self, **expected: int) -> None:
        """Exactly these accounts are not at nothing; and every other check of the books holds, too."""
        found = {kind.value: sum(money.minor for owned in balances(kind).values() for money in owned)
                 for kind in AccountKind}  # fmt: skip
        assert {kind: minor for kind, minor in found.items() if minor} == expected
        assert sum(expected.values()) == 0
        execute("DELETE FROM kernel_outboxrow")  # no worker runs here
        assert books.check(at=self.shop.at, ask_providers=False).problems == ()


@pytest.fixture
def story(at: datetime) -> Story:
    return told(at)


def told(at: datetime, *, price: int = 1990) -> Story:
    """A story that begins at `at`."""
    one = merchants.store(at=at)
    assert one.merchant is not None
    other = merchants.store(merchant=one.merchant, at=at)
    offer = catalog.offer(stores=[one, other], at=at, price=price)
    shop = Scene(at=at, store=one, offer=offer, device=merchants.device(store=one))
    return Story(shop, replace(shop, store=other, device=merchants.device(store=other)))


def test_a_deal_with_a_platform_coupon_is_used_in_two_branches_and_half_of_it_given_back(
    story: Story,
) -> None:
    # Four at 19.90; the platform pays 5.00 of each, the shopper 14.90.
    coupon = promotions.coupon(story.shop.shopper, AmountOff(euros(2000)), at=story.shop.at)
    first, second, third, fourth = story.bought(quantity=4, coupon=coupon)
    story.stands(clearing=-5960, promotion=-2000, unredeemed=7960)
    story.shop.scan(first.code)
    story.stands(clearing=-5960, promotion=-2000, unredeemed=5970, payable=1791, commission=199)
    story.branch.scan(second.code)
    story.stands(clearing=-5960, promotion=-2000, unredeemed=3980, payable=3582, commission=398)
    # The shopper gets back what the shopper paid, the platform what the platform paid.
    story.given_back(third, fourth)
    story.stands(clearing=-2980, promotion=-1000, payable=3582, commission=398)


def test_all_of_it_with_one_order_a_new_commission_a_payout_and_a_chargeback_after_it(story: Story) -> None:
    settlement.account(story.shop.merchant.public_id, at=story.shop.at)
    coupon = promotions.coupon(story.shop.shopper, AmountOff(euros(2000)), at=story.shop.at)
    first, second, third, fourth = story.bought(quantity=4, coupon=coupon)
    rule(at=story.shop.at, merchant=story.shop.merchant.public_id, rate_ppm=500_000)
    story.later(minutes=1)
    story.shop.scan(first.code)
    story.stands(clearing=-5960, promotion=-2000, unredeemed=5970, payable=1791, commission=199)
    story.branch.scan(second.code)
    story.given_back(third, fourth)
    story.stands(clearing=-2980, promotion=-1000, payable=3582, commission=398)
    story.later(days=20)
    bank_in.enter(
        provider="sandbox", amount=euros(2980), on=story.shop.at.date(), entry="one", note="",
        by=people.operator(), at=story.shop.at,
    )  # fmt: skip
    assert story.pay_out() == 3582
    story.stands(bank=602, promotion=-1000, commission=398)
    # The shopper's bank takes back what the shopper had not got back yet.
    said = chargeback(first.order_ref, amount=euros(2980), at=story.shop.at)
    assert dispute.record(provider="sandbox", report=said, at=story.shop.at) == "opened"
    story.stands(
        bank=602, promotion=-1000, commission=398, clearing=4480, disputed=-2980, provider_fees=-1500
    )
    # The shop earned nothing by it after all: what the shopper and the platform paid goes back to them.
    lost = replace(said, status=DisputeStatus.LOST)
    assert dispute.record(provider="sandbox", report=lost, at=story.shop.at) == "lost"
    story.stands(bank=602, clearing=4480, provider_fees=-1500, payable=-3582)


def test_a_commission_that_changes_meanwhile_changes_nothing_that_is_sold(story: Story) -> None:
    (before,) = story.bought(quantity=1)
    rule(at=story.shop.at, merchant=story.shop.merchant.public_id, rate_ppm=500_000)
    story.later(minutes=1)
    (after,) = story.bought(quantity=1)
    story.stands(clearing=-3980, unredeemed=3980)
    story.shop.scan(before.code)
    story.stands(clearing=-3980, unredeemed=1990, payable=1791, commission=199)
    story.shop.scan(after.code)
    story.stands(clearing=-3980, payable=1791 + 995, commission=199 + 995)


def test_a_merchant_is_paid_after_a_payout_that_bounced_and_owes_what_a_bank_takes_back(story: Story) -> None:
    settlement.account(story.shop.merchant.public_id, at=story.shop.at)
    bought = story.bought(quantity=3)
    for voucher in bought:
        story.shop.scan(voucher.code)
    story.stands(clearing=-5970, payable=5373, commission=597)
    # The provider pays us out what it holds.
    story.later(days=20)
    bank_in.enter(
        provider="sandbox", amount=euros(5970), on=story.shop.at.date(), entry="one", note="",
        by=people.operator(), at=story.shop.at,
    )  # fmt: skip
    story.stands(bank=-5970, payable=5373, commission=597)
    # The first payout comes back, so the debt is there again; the next one arrives.
    assert story.pay_out(bounced=True) == 5373
    story.stands(bank=-5970, payable=5373, commission=597)
    story.later(days=1)
    assert story.pay_out() == 5373
    story.stands(bank=-597, commission=597)
    # The shopper's bank takes all of it back, and keeps 15.00 for that.
    said = chargeback(bought[0].order_ref, at=story.shop.at)
    assert dispute.record(provider="sandbox", report=said, at=story.shop.at) == "opened"
    story.stands(bank=-597, commission=597, clearing=7470, disputed=-5970, provider_fees=-1500)
    lost = replace(said, status=DisputeStatus.LOST)
    assert dispute.record(provider="sandbox", report=lost, at=story.shop.at) == "lost"
    # The shop earned nothing by it after all, nor did we; what it was paid it owes.
    story.stands(bank=-597, clearing=7470, provider_fees=-1500, payable=-5373)
    # What it sells next is netted with that.
    for voucher in story.bought(quantity=4):
        story.shop.scan(voucher.code)
    story.stands(bank=-597, clearing=-490, provider_fees=-1500, payable=1791, commission=796)
    story.later(days=20)
    assert story.pay_out() == 1791
    story.stands(bank=1194, clearing=-490, provider_fees=-1500, commission=796)


def chargeback(order_ref: str, *, at: datetime, amount: Money | None = None) -> DisputeReport:
    """A bank takes back the whole of what a provider took, or this much of it."""
    payment = payments.payment_for_order(order_ref)
    assert payment is not None
    return DisputeReport(
        provider_ref="dp_1",
        payment_ref=payment.ref,
        payment_provider_ref=payment.provider_ref or "",
        amount=amount or payment.amount,
        fee=euros(1500),
        reason="product_not_received",
        status=DisputeStatus.NEEDS_RESPONSE,
        due_at=at + timedelta(days=7),
    )


def test_a_gift_card_pays_a_part_and_gets_its_part_back(at: datetime) -> None:
    story = told(at, price=2500)
    giftcards.card(2000, holder=story.shop.shopper, at=at)
    story.stands(promotion=-2000, stored_value=2000)
    placed = story.shop.order(quantity=2, from_balance=2000)
    story.stands(promotion=-2000, stored_held=2000)
    assert story.shop.money_arrives(placed) == "paid"
    story.stands(promotion=-2000, clearing=-3000, unredeemed=5000)
    used, kept = vouchers.vouchers_of_order(placed.order_ref, at=at)
    story.shop.scan(used.code)
    story.stands(promotion=-2000, clearing=-3000, unredeemed=2500, payable=2250, commission=250)
    story.given_back(kept)
    story.stands(promotion=-2000, clearing=-1500, stored_value=1000, payable=2250, commission=250)
    assert orders.order_facts(placed.order_ref) is not None


def test_the_providers_fee_is_borne_by_the_shop_and_paid_from_the_bill(story: Story) -> None:
    rule(
        at=story.shop.at,
        merchant=story.shop.merchant.public_id,
        rate_ppm=100_000,
        bearer=Bearer.MERCHANT,
        provider_rate_ppm=15_000,
    )
    story.later(minutes=1)
    (voucher,) = story.bought(quantity=1)
    story.shop.scan(voucher.code)
    # 1.5 % of 19.90 is 0.30.
    story.stands(clearing=-1990, payable=1761, commission=199, provider_fees=30)
    payment = payments.payment_for_order(voucher.order_ref)
    assert payment is not None
    reconcile.keep(
        Bill((line(payment.ref, payment.amount, fee=30),)),
        provider="sandbox",
        on=story.shop.at.date(),
        at=story.shop.at,
    )
    story.stands(clearing=-1960, payable=1761, commission=199)
