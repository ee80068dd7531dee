"""Stripe's bill: the balance transactions of a day (UTC).

A line is money of a shopper that came or went. Of refunds that name ours the amount is what went back (negative
where a refund failed and its money returned). Where a line names nothing of ours, its amount is signed as in Stripe's
balance: a refund made by hand in the Dashboard or a dispute is negative. A bill for Stripe's services is a line
without amount whose fee is what was taken. Payouts to the bank stand beside the lines: no shopper's money moves. Transfers
to merchants that carry our reference are left out, since each is asked about under it; those made or taken back by hand
are lines.
"""

import json
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

from hutong.kernel.money import Money
from hutong.pay.payments.providers.stripe.amounts import from_stripe
from hutong.pay.payments.providers.stripe.reports import intent_ref, metadata
from hutong.pay.payments.types import Bill, BillLine, BillPayout, BrokenLine

PAYOUTS = frozenset(("payout", "payout_cancel", "payout_failure"))
_OWN_FEES = frozenset(("stripe_fee", "stripe_fx_fee", "tax_fee"))
_TEXT_LIMIT = 2_000


def read(rows: Iterable[Any], *, payment_ref_of: Callable[[str], str]) -> Bill:
    """The bill out of balance transactions in the order of time; what cannot be read is kept beside the rest.

    `payment_ref_of` finds our reference of a payment intent, for what carries none itself, such as disputes.
    """
    lines: list[BillLine] = []
    broken: list[BrokenLine] = []
    payouts: list[BillPayout] = []
    for number, row in enumerate(rows, 1):
        try:
            if isinstance(row, dict) and row.get("type") in PAYOUTS:
                payouts.append(_payout(row))
            elif not _is_our_transfer(row):
                lines.append(_line(row, payment_ref_of))
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            why = f"{type(error).__name__}: {error}"[:200]
            broken.append(BrokenLine(number, json.dumps(row, ensure_ascii=False)[:_TEXT_LIMIT], why))
    return Bill(tuple(lines), tuple(broken), tuple(payouts))


def _is_our_transfer(row: Any) -> bool:
    return (
        isinstance(row, dict)
        and row.get("type") == "transfer"
        and bool(metadata(row.get("source"), "transfer_ref"))
    )


def _payout(row: dict[str, Any]) -> BillPayout:
    """What left Stripe's balance for the bank, with the fee of sending it; negative where it came back."""
    return BillPayout(
        provider_ref=row["id"],
        amount=-from_stripe(row["amount"], row["currency"]),
        at=datetime.fromtimestamp(row["created"], UTC),
    )


def _line(row: dict[str, Any], payment_ref_of: Callable[[str], str]) -> BillLine:
    kind = row["type"]
    if not isinstance(kind, str):
        raise ValueError(f"no type: {kind!r}")
    moved, fee = from_stripe(row["amount"], row["currency"]), from_stripe(row["fee"], row["currency"])
    source = row.get("source")
    thing: dict[str, Any] = source if isinstance(source, dict) else {}
    refund_ref = metadata(thing, "refund_ref")
    payment_ref = metadata(thing, "payment_ref")
    if not payment_ref and intent_ref(thing):
        payment_ref = payment_ref_of(intent_ref(thing))
    amount = _shoppers_money(moved, thing)
    if kind in _OWN_FEES:
        amount, fee = Money(0, moved.unit), fee - moved
    return BillLine(
        payment_ref=payment_ref,
        refund_ref=refund_ref,
        provider_ref=thing.get("id") or row["id"],
        amount=-amount if refund_ref else amount,
        fee=fee,
        status=kind,
        at=datetime.fromtimestamp(row["created"], UTC),
    )


def _shoppers_money(moved: Money, source: dict[str, Any]) -> Money:
    """What the shopper paid or got: where Stripe changed it into the account's currency, the source says it."""
    currency = source.get("currency")
    if not isinstance(currency, str) or currency.upper() == moved.unit:
        return moved
    whole = from_stripe(source["amount"], currency)
    return -whole if moved.minor < 0 else whole
