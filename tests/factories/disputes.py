"""Chargebacks of orders: what a provider says of one, and what it leaves in the books."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from hutong.flows import dispute
from hutong.kernel.money import Money
from hutong.pay.ledger.queries import balance
from hutong.pay.ledger.types import PLATFORM, AccountKind
from hutong.pay.payments import queries as payments
from hutong.pay.payments.types import DisputeReport, DisputeStatus, DisputeView
from tests.factories.loop import Scene

FEE = 1500


def bought(shop: Scene, *, quantity: int = 1, used: int = 0) -> str:
    """An order whose first units were used."""
    made = shop.bought(quantity=quantity)
    for voucher in made[:used]:
        shop.scan(voucher.code)
    return made[0].order_ref


def report(
    order_ref: str, status: DisputeStatus = DisputeStatus.NEEDS_RESPONSE, *, fee: int = FEE, **changed: Any
) -> DisputeReport:
    """What a provider says of a dispute about the whole of an order's payment."""
    payment = payments.payment_for_order(order_ref)
    assert payment is not None
    said = DisputeReport(
        provider_ref=f"dp_{order_ref}",
        payment_ref="",
        payment_provider_ref=payment.provider_ref or "",
        amount=payment.amount,
        fee=Money(fee, "EUR"),
        reason="product_not_received",
        status=status,
        due_at=payment.created_at + timedelta(days=7),
    )
    return replace(said, **changed)


def tell(said: DisputeReport, at: datetime) -> str:
    """The sandbox says so; what became of it."""
    return dispute.record(provider="sandbox", report=said, at=at)


def one(order_ref: str) -> DisputeView:
    """The only dispute of an order."""
    (found,) = payments.disputes_of_order(order_ref)
    return found


def in_books(shop: Scene) -> dict[str, int]:
    """What each account that a dispute moves stands at."""
    owners = {
        AccountKind.CLEARING: "sandbox",
        AccountKind.DISPUTED: "sandbox",
        AccountKind.PROVIDER_FEES: PLATFORM,
        AccountKind.LOSSES: PLATFORM,
        AccountKind.COMMISSION: PLATFORM,
        AccountKind.UNREDEEMED: shop.merchant.public_id,
        AccountKind.PAYABLE: shop.merchant.public_id,
    }
    return {kind.value: balance(kind, owner, "EUR").minor for kind, owner in owners.items()}
