"""Points of people: what may be spent, in which lots, what is owed in all, and whether it adds up."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from hutong.kernel.money import Money
from hutong.kernel.rows import rows, scalar, values
from hutong.pay.ledger.models import Lot, LotPart, LotPiece
from hutong.pay.ledger.types import LotView

_LIVE = "remaining > 0 AND (expires_at IS NULL OR expires_at > %s::timestamptz)"


def spendable(owner: str, unit: str, at: datetime) -> Money:
    """How many points somebody may spend at `at`: what is left of lots whose time is not over. One statement."""
    found = scalar(
        f"SELECT sum(remaining) FROM ledger_lot WHERE owner_ref = %s AND unit = %s AND {_LIVE}",  # noqa: S608
        [owner, unit, at],
    )
    return Money(int(found or 0), unit)


def live_lots(owner: str, at: datetime) -> list[LotView]:
    """Somebody's lots of which something may be spent, in the order in which they are."""
    found = rows(
        f"""SELECT source_ref, unit, earned, remaining, earned_at, expires_at FROM ledger_lot
            WHERE owner_ref = %s AND {_LIVE} ORDER BY unit, expires_at NULLS LAST, id""",  # noqa: S608
        [owner, at],
    )
    return [_lot(each) for each in found]


def earned_with(source_refs: Collection[str]) -> dict[str, LotView]:
    """The lots that were earned with these, by source, without those that were taken back. One statement."""
    found = rows(
        """SELECT source_ref, unit, earned, remaining, earned_at, expires_at FROM ledger_lot
           WHERE source_ref = ANY (%s::text[]) AND revoked_at IS NULL""",
        [list(source_refs)],
    )
    return {each["source_ref"]: _lot(each) for each in found}


def _lot(found: dict[str, Any]) -> LotView:
    unit = found["unit"]
    return LotView(
        source_ref=found["source_ref"],
        earned=Money(found["earned"], unit),
        remaining=Money(found["remaining"], unit),
        earned_at=found["earned_at"],
        expires_at=found["expires_at"],
    )


def owners_to_expire(at: datetime, *, limit: int = 100) -> list[tuple[str, str]]:
    """Who has points of which programme whose time is over. Index `ledger_lot_to_expire`."""
    found = rows(
        """SELECT DISTINCT owner_ref, unit FROM (
               SELECT owner_ref, unit FROM ledger_lot WHERE remaining > 0 AND expires_at <= %s::timestamptz
               ORDER BY expires_at LIMIT %s) due ORDER BY 1, 2""",
        [at, limit],
    )
    return [(each["owner_ref"], each["unit"]) for each in found]


def units_of(owner: str) -> list[str]:
    """The programmes somebody ever had points of."""
    found = rows("SELECT DISTINCT unit FROM ledger_lot WHERE owner_ref = %s ORDER BY 1", [owner])
    return [each["unit"] for each in found]


def owed(unit: str) -> tuple[Money, Money]:
    """What all people have of a programme, and what of theirs orders have set aside. One statement."""
    found = rows(
        """SELECT a.kind, sum(b.minor)::int8 AS minor FROM ledger_account a JOIN ledger_balance b ON b.account_id = a.id
           WHERE a.unit = %s AND a.kind IN ('points', 'points_held') GROUP BY 1""",
        [unit],
    )
    minor = {each["kind"]: each["minor"] for each in found}
    return Money(minor.get("points", 0), unit), Money(minor.get("points_held", 0), unit)


def written_off(unit: str) -> Money:
    """Points of a programme that were spent before what they were earned with was refunded, and not yet returned."""
    found = scalar("SELECT sum(written_off) FROM ledger_lot WHERE unit = %s", [unit])
    return Money(int(found or 0), unit)


def everything_about(person_ref: str, order_refs: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    """Somebody's points, by model: for the person's own file."""
    return {
        "ledger.Lot": values(
            Lot.objects.filter(owner_ref=person_ref),
            *("unit", "source_ref", "earned", "remaining", "expired", "taken_back", "written_off"),
            *("earned_at", "expires_at", "revoked_at"),
        ),
        "ledger.LotPart": values(
            LotPart.objects.filter(for_ref__in=order_refs),
            *("lot__source_ref", "for_ref", "amount", "state", "held_at"),
        ),
        "ledger.LotPiece": values(
            LotPiece.objects.filter(part__for_ref__in=order_refs),
            *("part__for_ref", "piece_ref", "amount", "returned_at"),
        ),
    }


# A person's lots against its accounts; each lot against its parts; each spent part against its pieces; and what is
# owed in all, added up from what was ever issued, against all balances.
_PROBLEMS = """
WITH piece AS (
    SELECT part_id, sum(amount) AS amount, sum(amount) FILTER (WHERE returned_at IS NULL) AS gone
    FROM ledger_lotpiece GROUP BY part_id
), part AS (
    SELECT p.id, p.lot_id, p.for_ref, p.state, p.amount, coalesce(c.amount, 0) AS pieces, coalesce(c.gone, 0) AS gone
    FROM ledger_lotpart p LEFT JOIN piece c ON c.part_id = p.id
), lot AS (
    SELECT l.id, l.owner_ref, l.unit, l.earned, l.remaining, l.expired, l.taken_back,
        coalesce(sum(part.amount) FILTER (WHERE part.state = 'held'), 0) AS held,
        coalesce(sum(part.gone) FILTER (WHERE part.state = 'spent'), 0) AS gone
    FROM ledger_lot l LEFT JOIN part ON part.lot_id = l.id GROUP BY l.id
), owner AS (
    SELECT owner_ref, unit, sum(remaining) AS remaining, sum(held) AS held FROM lot GROUP BY 1, 2
), pot AS (
    SELECT a.owner_ref, a.unit, coalesce(sum(b.minor) FILTER (WHERE a.kind = 'points'), 0) AS has,
        coalesce(sum(b.minor) FILTER (WHERE a.kind = 'points_held'), 0) AS held
    FROM ledger_account a JOIN ledger_balance b ON b.account_id = a.id
    WHERE a.kind IN ('points', 'points_held') GROUP BY 1, 2
), owed AS (
    SELECT a.unit, sum(CASE WHEN t.from_account_id = a.id THEN t.amount ELSE -t.amount END) AS minor
    FROM ledger_account a JOIN ledger_transfer t ON a.id IN (t.from_account_id, t.to_account_id)
    WHERE a.kind IN ('points_issued', 'points_spent', 'points_expired') GROUP BY 1
), total AS (
    SELECT unit, sum(has + held) AS minor FROM pot GROUP BY 1
)
SELECT coalesce(o.owner_ref, p.owner_ref) || ' has ' || coalesce(p.has, 0) || ' and ' || coalesce(p.held, 0)
    || ' set aside ' || coalesce(o.unit, p.unit) || ', its lots ' || coalesce(o.remaining, 0) || ' and '
    || coalesce(o.held, 0) AS what
FROM owner o FULL JOIN pot p ON p.owner_ref = o.owner_ref AND p.unit = o.unit
WHERE coalesce(p.has, 0) <> coalesce(o.remaining, 0) OR coalesce(p.held, 0) <> coalesce(o.held, 0)
UNION ALL SELECT 'lot ' || id || ' of ' || owner_ref || ' had ' || earned || ', and ' || remaining || ' left, ' || held
    || ' held, ' || gone || ' spent, ' || expired || ' expired, ' || taken_back || ' taken back'
FROM lot WHERE earned <> remaining + held + gone + expired + taken_back
UNION ALL SELECT 'a part for ' || for_ref || ' of ' || amount || ' is ' || state || ' and has pieces of ' || pieces
FROM part WHERE pieces <> CASE state WHEN 'spent' THEN amount ELSE 0 END
UNION ALL SELECT 'of ' || coalesce(o.unit, t.unit) || ' are owed ' || coalesce(o.minor, 0) || ', people have '
    || coalesce(t.minor, 0)
FROM owed o FULL JOIN total t ON t.unit = o.unit WHERE coalesce(o.minor, 0) <> coalesce(t.minor, 0)
ORDER BY 1 LIMIT 100
"""


def lot_problems() -> list[str]:
    """What does not hold of points: points owed = balances, lots = accounts. Reads every lot."""
    return [each["what"] for each in rows(_PROBLEMS)]
