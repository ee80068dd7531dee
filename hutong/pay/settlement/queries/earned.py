"""What redeemed units earned, and whether the books say the same."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from hutong.kernel.money import Money
from hutong.kernel.rows import row, rows
from hutong.pay.ledger import queries as ledger
from hutong.pay.ledger.types import PLATFORM, AccountKind, TransactionKind
from hutong.pay.settlement.types import Earnings, SettledUnit

_SUMS = """
    coalesce(sum(s.gross), 0)::bigint AS gross, coalesce(sum(s.commission), 0)::bigint AS commission,
    coalesce(sum(s.commission_tax), 0)::bigint AS commission_tax,
    coalesce(sum(s.provider_fee), 0)::bigint AS provider_fee, coalesce(sum(s.net), 0)::bigint AS net"""


def earnings(
    merchant_ref: str, *, unit: str, starts_at: datetime, ends_at: datetime, store_ref: str | None = None
) -> Earnings:
    """What a merchant, or one of its stores, earned in a half-open span. Index `settlement_by_merchant`."""
    found = row(
        f"""SELECT count(*) AS units, {_SUMS} FROM settlement_settled s
           WHERE merchant_ref = %(merchant)s AND unit = %(unit)s AND undone_at IS NULL
             AND at >= %(from)s::timestamptz AND at < %(to)s::timestamptz
             AND (%(store)s::text IS NULL OR store_ref = %(store)s::text)""",  # noqa: S608  # a constant above
        {"merchant": merchant_ref, "unit": unit, "from": starts_at, "to": ends_at, "store": store_ref},
    )
    assert found is not None, "a statement of aggregates always has one row"
    return _earnings(found, unit)


# Days are steps of wall time, so that a day of 23 or 25 hours is one step.
_DAILY = f"""
WITH step AS (
    SELECT d.day::date AS on_day, d.day AT TIME ZONE %(zone)s AS starts_at,
        (d.day + interval '1 day') AT TIME ZONE %(zone)s AS ends_at
    FROM generate_series(%(first)s::timestamp, %(last)s::timestamp, interval '1 day') AS d (day)
)
SELECT step.on_day, count(s.id) AS units, {_SUMS}
FROM step LEFT JOIN settlement_settled s ON s.merchant_ref = %(merchant)s AND s.unit = %(unit)s
    AND s.undone_at IS NULL AND s.at >= step.starts_at AND s.at < step.ends_at
    AND (%(store)s::text IS NULL OR s.store_ref = %(store)s::text)
GROUP BY step.on_day ORDER BY step.on_day
"""  # noqa: S608  # a constant above


def daily(
    merchant_ref: str, *, unit: str, zone: str, first_on: date, last_on: date, store_ref: str | None = None
) -> list[tuple[date, Earnings]]:
    """What was earned on each calendar day of `zone`, both days included. Index `settlement_by_merchant`."""
    found = rows(
        _DAILY,
        {
            "merchant": merchant_ref,
            "store": store_ref,
            "unit": unit,
            "zone": zone,
            "first": first_on.isoformat(),
            "last": last_on.isoformat(),
        },
    )
    return [(day["on_day"], _earnings(day, unit)) for day in found]


def _earnings(found: dict[str, Any], unit: str) -> Earnings:
    return Earnings(
        units=found["units"],
        gross=Money(found["gross"], unit),
        commission=Money(found["commission"], unit),
        commission_tax=Money(found["commission_tax"], unit),
        provider_fee=Money(found["provider_fee"], unit),
        net=Money(found["net"], unit),
    )


def settled(reference: str) -> list[SettledUnit]:
    """What was settled under a redemption, undone or not."""
    found = rows(
        """SELECT unit_ref, reference, merchant_ref, store_ref, gross, commission, commission_tax,
                  provider_fee, net, unit, at, undone_at
           FROM settlement_settled WHERE reference = %s ORDER BY id""",
        [reference],
    )
    return [settled_unit(one) for one in found]


def unit_refs() -> set[str]:
    """The public ids of all units that were ever settled."""
    return {found["unit_ref"] for found in rows("SELECT DISTINCT unit_ref FROM settlement_settled")}


def settled_unit(found: dict[str, Any]) -> SettledUnit:
    """A row of a statement that reads or returns settled units, as the value that crosses the boundary."""
    unit = found["unit"]
    return SettledUnit(
        unit_ref=found["unit_ref"],
        reference=found["reference"],
        merchant_ref=found["merchant_ref"],
        store_ref=found["store_ref"],
        gross=Money(found["gross"], unit),
        commission=Money(found["commission"], unit),
        commission_tax=Money(found["commission_tax"], unit),
        provider_fee=Money(found["provider_fee"], unit),
        net=Money(found["net"], unit),
        at=found["at"],
        undone_at=found["undone_at"],
    )


_PLATFORMS = {
    "commission": AccountKind.COMMISSION,
    "commission_tax": AccountKind.COMMISSION_TAX,
    "provider_fee": AccountKind.PROVIDER_FEES,
}


def problems() -> list[str]:
    """Compare the rows with the books: what redemptions made payable to each merchant with the net of its live
    rows, and what they brought the platform with theirs. One line for each difference."""
    live = rows(
        f"""SELECT s.merchant_ref, s.unit, {_SUMS} FROM settlement_settled s
            WHERE s.undone_at IS NULL GROUP BY s.merchant_ref, s.unit"""  # noqa: S608  # a constant above
    )
    owed = {(found["merchant_ref"], found["unit"]): int(found["net"]) for found in live}
    problems = _differences("payable", owed, AccountKind.PAYABLE)
    for column, kind in _PLATFORMS.items():
        brought: dict[tuple[str, str], int] = {}
        for found in live:
            key = (PLATFORM, found["unit"])
            brought[key] = brought.get(key, 0) + int(found[column])
        problems += _differences(kind.value, brought, kind)
    return problems


def _differences(name: str, expected: dict[tuple[str, str], int], kind: AccountKind) -> list[str]:
    """Other transactions touch these accounts, too; redemptions and their undoing alone are compared here."""
    booked = ledger.moved(kind, TransactionKind.REDEEM, TransactionKind.UNDO_REDEEM)
    return [
        f"settlement: {name} of {owner} in {unit} is {booked.get((owner, unit), 0)} in the books, "
        f"{expected.get((owner, unit), 0)} by what is settled"
        for owner, unit in sorted(booked.keys() | expected.keys())
        if booked.get((owner, unit), 0) != expected.get((owner, unit), 0)
    ]
