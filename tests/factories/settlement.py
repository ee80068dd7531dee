"""Redeemed units, bank accounts and payouts for tests."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count

from hutong.kernel.money import Money
from hutong.pay.settlement import queries, services
from hutong.pay.settlement.types import BankAccount, BatchView, PayoutView, Share, SiteTerms
from tests.factories.ledger import capture, euros

NOON = datetime(2026, 6, 1, 9, tzinfo=UTC)
SITE = SiteTerms(holdback_days=3, cooling_days=3, second_above=1000, minimum=0)
IBAN = "FI2112345600000785"
OTHER_IBAN = "DE89370400440532013000"
_numbers = count(1)


def earned(
    minor: int = 1800,
    *,
    merchant: str = "mer_a",
    at: datetime = NOON,
    commission: int = 200,
    unit: str = "EUR",
    store: str = "sto_a",
) -> str:
    """A unit that was paid and redeemed, of which the merchant gets `minor`; the reference of its redemption."""
    number = next(_numbers)
    capture(Money(minor + commission, unit), merchant=merchant, reference=f"capture:{number}", at=at)
    share = Share(
        unit_ref=f"unt_{number}",
        gross=Money(minor + commission, unit),
        commission=Money(commission, unit),
        commission_tax=Money(0, unit),
        provider_fee=Money(0, unit),
    )
    services.settle(shares=[share], merchant_ref=merchant, store_ref=store, reference=f"red_{number}", at=at)
    return f"red_{number}"


def account(
    merchant: str = "mer_a", *, iban: str = IBAN, at: datetime = NOON, cooling_days: int = 3
) -> BankAccount:
    """A merchant's bank account."""
    return services.set_account(
        merchant_ref=merchant,
        holder="Kahvila Oy",
        country=iban[:2],
        iban=iban,
        account_number="",
        bank_code="",
        bic="",
        cooling_days=cooling_days,
        by="per_owner",
        at=at,
    )


def batch(*, at: datetime, site: SiteTerms = SITE, unit: str = "EUR", by: str = "per_maker") -> BatchView:
    """A draft of what is due."""
    made, _waiting = services.make_batch(unit=unit, on=at.date(), site=site, by=by, at=at)
    return made


def sent(*, at: datetime, site: SiteTerms = SITE) -> BatchView:
    """What is due, approved by as many as it takes, and sent."""
    made = batch(at=at, site=site)
    for operator in ("per_first", "per_second")[: 2 if made.needs_two else 1]:
        services.approve_batch(batch_ref=made.ref, by=operator, at=at)
    return services.send_batch(batch_ref=made.ref, by="per_first", at=at)


def paid(*, at: datetime, site: SiteTerms = SITE) -> list[PayoutView]:
    """What is due, sent, and arrived."""
    payouts = queries.payouts_of_batch(sent(at=at, site=site).ref)
    return [services.confirm_paid(payout_ref=each.ref, by="per_first", at=at) for each in payouts]


def days(number: float) -> timedelta:
    """So many days."""
    return timedelta(days=number)


def owed(merchant: str = "mer_a") -> Money:
    """What the books owe a merchant."""
    return queries.claim(merchant, unit="EUR", holdback_days=3, at=NOON).balance


__all__ = [
    "IBAN",
    "NOON",
    "OTHER_IBAN",
    "SITE",
    "account",
    "batch",
    "days",
    "earned",
    "euros",
    "owed",
    "paid",
    "sent",
]
