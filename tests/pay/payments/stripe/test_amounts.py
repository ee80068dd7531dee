"""Currencies that Stripe counts in another way than ISO 4217."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from hutong.kernel import ids
from hutong.kernel.money import Money
from hutong.pay.payments.providers.errors import ProviderRefused
from hutong.pay.payments.providers.stripe.amounts import from_stripe, to_stripe
from hutong.pay.payments.providers.stripe.client import StripeProvider
from hutong.pay.payments.types import ReportStatus
from tests.fakes.providers.stripe import StripeSimulator
from tests.pay.payments.contract import refund_of, request_for

CASES = [
    (Money(1990, "EUR"), 1990),
    (Money(500, "JPY"), 500),  # no decimals with either
    (Money(500, "KRW"), 500),
    (Money(700, "ISK"), 70_000),  # none, and hundredths at Stripe
    (Money(700, "UGX"), 70_000),
    (Money(300_00, "MGA"), 300),  # hundredths, and none at Stripe
    (Money(5_120, "KWD"), 5_120),  # thousandths in steps of ten
]


@pytest.mark.parametrize(("money", "amount"), CASES)
def test_amounts_go_and_come_back(money: Money, amount: int) -> None:
    assert to_stripe(money) == (amount, money.unit.lower())
    assert from_stripe(amount, money.unit.lower()) == money


@pytest.mark.parametrize(
    "money", [Money(5_121, "KWD"), Money(301, "MGA"), Money(10, "pts_merchant"), Money(1, "Ä€")]
)
def test_what_stripe_cannot_write_is_refused(money: Money) -> None:
    with pytest.raises(ProviderRefused) as refused:
        to_stripe(money)
    assert "Stripe" in refused.value.details["reason"]


@pytest.mark.parametrize(
    ("amount", "currency"),
    [(50, "isk"), (1.0, "eur"), ("5", "eur"), (True, "eur"), (5, "e"), (5, None), (5, "äöü")],
)
def test_what_is_no_amount_is_none(amount: object, currency: object) -> None:
    with pytest.raises(ValueError):
        from_stripe(amount, currency)


@pytest.mark.parametrize("price", [Money(2500, "JPY"), Money(700, "ISK")])
def test_yen_are_paid_and_sent_back_whole(
    simulator: StripeSimulator, client: Callable[..., StripeProvider], price: Money
) -> None:
    provider, payment_ref = client(), ids.new_id("pay")
    started = provider.start(request_for(payment_ref, price))
    assert simulator.books.trade(payment_ref).amount == to_stripe(price)[0]
    simulator.pay(payment_ref)
    report = provider.query(payment_ref=payment_ref, provider_ref=started.provider_ref)
    assert report.captured == price
    with pytest.raises(ProviderRefused):
        provider.refund(refund_of(payment_ref, started.provider_ref, price + Money(1, price.unit)))
    with pytest.raises(ProviderRefused):
        provider.refund(refund_of(payment_ref, started.provider_ref, Money(1, "EUR")))
    assert provider.refund(refund_of(payment_ref, started.provider_ref, price)).status is ReportStatus.DONE
    assert simulator.books.trade(payment_ref).sent_back == to_stripe(price)[0]
