"""Every movement of what is owed to a merchant, line by line, and the balance before and after."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from hutong.kernel.money import Money
from hutong.kernel.rows import rows, scalar
from hutong.pay.settlement.types import LineKind, StatementLine

# Each source of lines by itself, so that each takes its index and `WHERE` says which of them are meant.
_REDEEMED = """SELECT 'redeemed' AS kind, s.at, s.net AS amount, s.unit_ref AS ref, s.store_ref, s.gross,
    s.commission, s.commission_tax, s.provider_fee, '' AS reference, '' AS note FROM settlement_settled s"""
_UNDONE = """SELECT 'undone' AS kind, s.undone_at AS at, -s.net AS amount, s.unit_ref AS ref, s.store_ref, s.gross,
    s.commission, s.commission_tax, s.provider_fee, '' AS reference, '' AS note FROM settlement_settled s"""
_ADJUSTED = """SELECT 'adjusted' AS kind, s.at, s.amount, s.public_id AS ref, '' AS store_ref,
    NULL::bigint AS gross, NULL::bigint AS commission, NULL::bigint AS commission_tax,
    NULL::bigint AS provider_fee, s.reason AS reference, s.note FROM settlement_adjustment s"""
_PAID_OUT = """SELECT 'paid_out' AS kind, s.sent_at AS at, -s.amount AS amount, s.public_id AS ref,
    '' AS store_ref, NULL::bigint AS gross, NULL::bigint AS commission, NULL::bigint AS commission_tax,
    NULL::bigint AS provider_fee, '' AS reference, '' AS note FROM settlement_payout s"""
_BOUNCED = """SELECT 'bounced' AS kind, s.bounced_at AS at, s.amount, s.public_id AS ref, '' AS store_ref,
    NULL::bigint AS gross, NULL::bigint AS commission, NULL::bigint AS commission_tax,
    NULL::bigint AS provider_fee, '' AS reference, s.reason AS note FROM settlement_payout s"""

_MINE = "s.merchant_ref = %(merchant)s AND s.unit = %(unit)s"
_SPAN = "{0} >= %(from)s::timestamptz AND {0} < %(to)s::timestamptz"
_MOMENTS = (
    (_REDEEMED, "s.at"),
    (_UNDONE, "s.undone_at"),
    (_ADJUSTED, "s.at"),
    (_PAID_OUT, "s.sent_at"),
    (_BOUNCED, "s.bounced_at"),
)
_OF_SPAN = "\nUNION ALL ".join(f"{lines} WHERE {_MINE} AND {_SPAN.format(at)}" for lines, at in _MOMENTS)
_BEFORE = "\nUNION ALL ".join(
    f"{lines} WHERE {_MINE} AND {at} < %(from)s::timestamptz" for lines, at in _MOMENTS
)
_OF_PAYOUT = "\nUNION ALL ".join(
    f"{lines} WHERE {which}"
    for lines, which in (
        (_REDEEMED, "s.payout_id = %(payout)s"),
        (_UNDONE, "s.undo_payout_id = %(payout)s"),
        (_ADJUSTED, "s.payout_id = %(payout)s"),
        (_BOUNCED, "s.repaid_by_id = %(payout)s"),
    )
)


def lines(
    merchant_ref: str, *, unit: str, starts_at: datetime, ends_at: datetime, limit: int | None = None
) -> list[StatementLine]:
    """Every movement in a half-open span, the oldest first. One statement over the indexes by merchant and time."""
    sql = f"SELECT * FROM ({_OF_SPAN}) AS l ORDER BY at, kind, ref LIMIT %(limit)s"  # noqa: S608  # constants above
    found = rows(
        sql, {"merchant": merchant_ref, "unit": unit, "from": starts_at, "to": ends_at, "limit": limit}
    )
    return [_line(each, unit) for each in found]


def balance_at(merchant_ref: str, *, unit: str, at: datetime) -> Money:
    """What was owed to a merchant just before `at`, added up from the rows that statements are made of."""
    sql = f"SELECT coalesce(sum(amount), 0)::bigint FROM ({_BEFORE}) AS l"  # noqa: S608  # constants above
    return Money(int(scalar(sql, {"merchant": merchant_ref, "unit": unit, "from": at})), unit)


def booked_at(merchant_ref: str, *, unit: str, at: datetime) -> Money:
    """The same by the books: the merchant's payable account just before `at`."""
    minor = scalar(
        """SELECT coalesce(sum(CASE WHEN t.to_account_id = a.id THEN t.amount ELSE -t.amount END), 0)::bigint
           FROM ledger_account a
           JOIN ledger_transfer t ON a.id IN (t.to_account_id, t.from_account_id)
           JOIN ledger_transaction x ON x.id = t.transaction_id
           WHERE a.kind = 'payable' AND a.owner_ref = %s AND a.unit = %s AND x.at < %s::timestamptz""",
        [merchant_ref, unit, at],
    )
    return Money(int(minor), unit)


def lines_of_payout(payout_ref: str) -> list[StatementLine]:
    """What a payout paid, the oldest first; its lines add up to its amount. One statement more finds its key."""
    known = rows("SELECT id, unit FROM settlement_payout WHERE public_id = %s", [payout_ref])
    if not known:
        return []
    sql = f"SELECT * FROM ({_OF_PAYOUT}) AS l ORDER BY at, kind, ref"  # noqa: S608  # constants above
    return [_line(each, known[0]["unit"]) for each in rows(sql, {"payout": known[0]["id"]})]


def _line(found: dict[str, Any], unit: str) -> StatementLine:
    sign = -1 if found["kind"] == LineKind.UNDONE.value else 1

    def money(name: str) -> Money | None:
        return Money(sign * found[name], unit) if found[name] is not None else None

    kind = LineKind(found["kind"])
    return StatementLine(
        kind=kind,
        at=found["at"],
        ref=found["ref"],
        amount=Money(found["amount"], unit),
        store_ref=found["store_ref"],
        gross=money("gross"),
        commission=money("commission"),
        commission_tax=money("commission_tax"),
        provider_fee=money("provider_fee"),
        reason=found["reference"] if kind is LineKind.ADJUSTED else "",
        note=found["note"],
    )


def began_at(merchant_ref: str, *, unit: str) -> datetime | None:
    """When something first was owed to a merchant; None where nothing ever was."""
    found: datetime | None = scalar(
        """SELECT least((SELECT min(at) FROM settlement_settled WHERE merchant_ref = %(merchant)s AND unit = %(unit)s),
                  (SELECT min(at) FROM settlement_adjustment WHERE merchant_ref = %(merchant)s AND unit = %(unit)s))""",
        {"merchant": merchant_ref, "unit": unit},
    )
    return found
