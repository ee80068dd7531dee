"""Reads of `payments`."""

from hutong.pay.payments.queries.bills import (
    bill_view,
    bills,
    difference_view,
    money_done_between,
    newest_bill_on,
    newest_open_difference,
    open_differences,
    our_money,
)
from hutong.pay.payments.queries.checks import book_differences, problems, provider_totals, unknown_since
from hutong.pay.payments.queries.views import (
    everything_about,
    open_refunds,
    open_refunds_of,
    order_of_payment,
    payment_by_ref,
    payment_for_order,
    payment_view,
    payments_of_order,
    recent_payments,
    refund_by_ref,
    refund_view,
    refunds_of_order,
)

__all__ = [
    "bill_view",
    "bills",
    "book_differences",
    "difference_view",
    "everything_about",
    "money_done_between",
    "newest_bill_on",
    "newest_open_difference",
    "open_differences",
    "open_refunds",
    "open_refunds_of",
    "order_of_payment",
    "our_money",
    "payment_by_ref",
    "payment_for_order",
    "payment_view",
    "payments_of_order",
    "problems",
    "provider_totals",
    "recent_payments",
    "refund_by_ref",
    "refund_view",
    "refunds_of_order",
    "unknown_since",
]
