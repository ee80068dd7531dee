"""What a process of the books bench can do: one sale, as the books see it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.db import transaction

from hutong.kernel.money import Money
from hutong.pay.ledger.services import post
from hutong.pay.ledger.types import PLATFORM, AccountKind, TransactionKind, TransferSpec

AT = datetime(2026, 6, 1, 9, tzinfo=UTC)
PROVIDER = "sandbox"


def ready() -> None:
    """Nothing is kept between two sales."""


def sell(sale: tuple[str, str]) -> int:
    """Capture and redeem in a transaction each, as on the site: two postings, three transfers."""
    reference, merchant = sale
    paid, commission = Money(1990, "EUR"), Money(199, "EUR")
    with transaction.atomic():
        post(
            kind=TransactionKind.CAPTURE,
            reference=f"capture:{reference}",
            transfers=[TransferSpec(AccountKind.CLEARING, PROVIDER, AccountKind.UNREDEEMED, merchant, paid)],
            at=AT,
        )
    with transaction.atomic():
        post(
            kind=TransactionKind.REDEEM,
            reference=f"redeem:{reference}",
            transfers=[
                TransferSpec(
                    AccountKind.UNREDEEMED, merchant, AccountKind.PAYABLE, merchant, paid - commission
                ),
                TransferSpec(AccountKind.UNREDEEMED, merchant, AccountKind.COMMISSION, PLATFORM, commission),
            ],
            at=AT,
        )
    return 2


STEPS: dict[str, Any] = {"sales": sell}
