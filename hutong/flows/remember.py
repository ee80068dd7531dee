"""What a merchant remembers: purchases and visits of those who agreed, and nobody else."""

from collections.abc import Mapping
from datetime import datetime

from hutong.kernel import live
from hutong.kernel.money import Money
from hutong.know.customers import services as customers
from hutong.know.customers.types import VisitKind
from hutong.pay.orders import queries as orders_read


def purchase(*, order_ref: str) -> None:
    """Write a paid order into its merchant's memory, if its shopper agreed. Again: nothing happens."""
    order = orders_read.order_facts(order_ref)
    if order is None or order.paid_at is None:
        return
    customers.record_visit(
        person_ref=order.person_ref,
        merchant_ref=order.merchant_ref,
        store_ref=order.store_ref,
        kind=VisitKind.PURCHASE,
        ref=order_ref,
        titles=dict(order.lines[0].titles),
        amount=order.total,
        at=order.paid_at,
    )
    live.hint(f"customers:{order.merchant_ref}")


def visit(
    *,
    kind: str,
    redemption_ref: str,
    person_ref: str,
    merchant_ref: str,
    store_ref: str,
    titles: Mapping[str, str],
    paid_minor: int,
    unit: str,
    happened_at: str,
) -> None:
    """Write a redemption, or its undo, into the merchant's memory, if the visitor agreed. Again: nothing happens."""
    customers.record_visit(
        person_ref=person_ref,
        merchant_ref=merchant_ref,
        store_ref=store_ref,
        kind=VisitKind(kind),
        ref=redemption_ref,
        titles=dict(titles),
        amount=Money(paid_minor, unit),
        at=datetime.fromisoformat(happened_at),
    )
    live.hint(f"customers:{merchant_ref}")
