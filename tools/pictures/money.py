"""Money that has moved on: payouts sent, arrived and come back, chargebacks, gift cards, a rule of commission."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from hutong.flows import dispute, payouts
from hutong.kernel.money import Money as Amount
from hutong.pay.fees import services as rules
from hutong.pay.orders.models import Order
from hutong.pay.payments.models import Dispute
from hutong.pay.payments.queries import payment_for_order
from hutong.pay.payments.types import DisputeReport, DisputeStatus
from hutong.pay.settlement import queries, services
from hutong.pay.settlement.models import PayoutBatch, Settled
from hutong.town.merchants.models import Merchant
from hutong.town.people.models import Person
from hutong.town.regions.models import Region
from tests.factories import fees, giftcards

ACCOUNT = {"country": "FI", "iban": "FI2112345600000785", "account_number": "", "bank_code": "", "bic": ""}
# Of each chargeback how it stands, and what the cardholder says; the first one waits for its answer.
CHARGEBACKS = (
    (DisputeStatus.NEEDS_RESPONSE, "product_not_received"),
    (DisputeStatus.UNDER_REVIEW, "fraudulent"),
    (DisputeStatus.WON, "duplicate"),
    (DisputeStatus.LOST, "credit_not_processed"),
)


@dataclass(frozen=True, slots=True)
class Money:
    """What is looked at by itself: a batch that was sent, and a chargeback that waits."""

    batch_ref: str
    dispute_ref: str


def money(*, operator: Person, owner: Person, merchant: Merchant, at: datetime) -> Money:
    """Make it of what was sold before, once in a demo."""
    if not PayoutBatch.objects.exists():
        _payouts(operator, owner, merchant, at)
        _chargebacks(at)
        _others(operator, merchant, at)
    return Money(
        batch_ref=PayoutBatch.objects.order_by("pk")[0].public_id,
        dispute_ref=Dispute.objects.filter(status="needs_response").order_by("pk")[0].public_id,
    )


def _payouts(operator: Person, owner: Person, merchant: Merchant, at: datetime) -> None:
    """A batch of three weeks ago, and what is due now as a draft."""
    refs = sorted(set(Settled.objects.values_list("merchant_ref", flat=True)))
    for ref in refs[:-2]:
        holder = owner.name if ref == merchant.public_id else "Kahvila Oy"
        payouts.set_account(
            merchant_ref=ref, typed=ACCOUNT | {"holder": holder}, by=owner, at=at - timedelta(days=50)
        )
    site = replace(payouts.site_terms(), holdback_days=20)
    sent_at = at - timedelta(days=8)
    batch, _waiting = services.make_batch(
        unit="EUR", on=(at - timedelta(days=20)).date(), site=site, by=operator.public_id, at=sent_at
    )
    second = Person.objects.create_user("+358400005090", name="Outi Operator", is_operator=True)
    services.approve_batch(batch_ref=batch.ref, by=operator.public_id, at=sent_at)
    if batch.needs_two:
        services.approve_batch(batch_ref=batch.ref, by=second.public_id, at=sent_at)
    services.send_batch(batch_ref=batch.ref, by=operator.public_id, at=sent_at)
    first, came_back, *_on_their_way = queries.payouts_of_batch(batch.ref)
    payouts.paid(payout_ref=first.ref, by=operator, at=sent_at + timedelta(days=1))
    payouts.bounced(
        payout_ref=came_back.ref, reason="Account closed", by=operator, at=sent_at + timedelta(days=2)
    )
    payouts.make(unit="EUR", on=at.date(), by=operator, at=at)


def _chargebacks(at: datetime) -> None:
    paid = Order.objects.filter(state="paid").order_by("-pk")
    for days, (order, (status, reason)) in enumerate(zip(paid, CHARGEBACKS, strict=False), start=2):
        payment = payment_for_order(order.public_id)
        assert payment is not None
        report = DisputeReport(
            provider_ref=f"dp_{order.public_id}",
            payment_ref=payment.ref,
            payment_provider_ref="",
            amount=payment.amount,
            fee=Amount(1500, payment.amount.unit),
            reason=reason,
            status=DisputeStatus.NEEDS_RESPONSE,
            due_at=at + timedelta(days=days),
        )
        dispute.record(provider=payment.provider, report=report, at=at - timedelta(days=days))
        if status is not DisputeStatus.NEEDS_RESPONSE:
            dispute.record(provider=payment.provider, report=replace(report, status=status), at=at)


def _others(operator: Person, merchant: Merchant, at: datetime) -> None:
    region = Region.objects.order_by("pk")[0]
    shopper = Person.objects.get(phone="+358400000004")
    giftcards.card(2000, holder=shopper, region=region, by=operator, at=at - timedelta(days=3))
    giftcards.card(5000, region=region, by=operator, at=at)
    for rule in (
        fees.draft(starts_at=at, rate_ppm=80_000),
        fees.draft(merchant=merchant.public_id, starts_at=at, rate_ppm=50_000, free_months=3),
    ):
        rules.make_rule(draft=rule, by=operator, at=at)
