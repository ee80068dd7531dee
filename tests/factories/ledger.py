"""Transfers and captured money for tests."""

from __future__ import annotations

from datetime import UTC, datetime

from hutong.kernel.money import Money
from hutong.pay.ledger import queries, services
from hutong.pay.ledger.queries import Added
from hutong.pay.ledger.types import AccountKind, Posted, TransactionKind, TransferSpec

NOON = datetime(2026, 6, 1, 9, tzinfo=UTC)


def euros(minor: int) -> Money:
    """An amount in euro cents."""
    return Money(minor, "EUR")


def capture_transfer(amount: Money, *, merchant: str = "mer_a", provider: str = "sandbox") -> TransferSpec:
    """What a provider took from a shopper for a merchant's order."""
    return TransferSpec(AccountKind.CLEARING, provider, AccountKind.UNREDEEMED, merchant, amount)


def refund_transfer(amount: Money, *, merchant: str = "mer_a", provider: str = "sandbox") -> TransferSpec:
    """What goes back to a shopper."""
    return TransferSpec(AccountKind.UNREDEEMED, merchant, AccountKind.CLEARING, provider, amount)


def capture(
    amount: Money,
    *,
    merchant: str = "mer_a",
    provider: str = "sandbox",
    reference: str = "capture:1",
    at: datetime = NOON,
) -> Posted:
    """Money of a shopper arrives in the books."""
    return services.post(
        kind=TransactionKind.CAPTURE,
        reference=reference,
        transfers=[capture_transfer(amount, merchant=merchant, provider=provider)],
        at=at,
    )


def added_up() -> Added:
    """What is new, added up, and settled up to the mark unless something holds that back for good.

    A transaction of another database on this server that ends while the books are added up may hold it back too: then
    they are added up once more, as the worker does a quarter of an hour later.
    """
    for _again in range(50):
        added = queries.add_up_since()
        if added.settled or added.problems:
            break
    return added
