"""Reads for scanners without a network: their limits, what is over before its time, and conflicts."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from hutong.kernel.rows import row, rows
from hutong.town.merchants.models import Merchant
from hutong.visit.vouchers.models import OfflineRules, Voucher
from hutong.visit.vouchers.queries import code_of, loaded
from hutong.visit.vouchers.rules.face import revoked_mark
from hutong.visit.vouchers.types.offline import (
    DEFAULT_OFFLINE,
    Bearer,
    ConflictLine,
    OfflineLimits,
    Revoked,
    VoucherStanding,
)

MOST_REVOKED = 5_000

# Walks the partial indexes of what is over and of what was given, the newest first. Of a voucher that was given it is not
# over, but the codes of its owners before are.
_REVOKED = """
(SELECT v.id, v.public_id, 0 AS given FROM vouchers_voucher v
 WHERE v.merchant_id = %(merchant_id)s::int8 AND (v.state IN ('used', 'refunded') OR v.blocked_at IS NOT NULL)
   AND v.valid_until > %(at)s
 ORDER BY v.id DESC LIMIT %(limit)s::int4)
UNION ALL
(SELECT v.id, v.public_id, v.code_no AS given FROM vouchers_voucher v
 WHERE v.merchant_id = %(merchant_id)s::int8 AND v.code_no > 0 AND v.state = 'ready' AND v.blocked_at IS NULL
   AND v.valid_until > %(at)s
 ORDER BY v.id DESC LIMIT %(limit)s::int4)
ORDER BY id DESC LIMIT %(limit)s::int4
"""
_CONFLICTS = """
SELECT o.public_id AS ref, v.titles, s.public_id AS store_ref, s.names AS store_names,
  coalesce(d.name, '') AS device_name, coalesce(p.name, '') AS staff_name, o.scanned_at, o.received_at, o.reason,
  f.at AS first_at, fs.names AS first_store, coalesce(fd.name, fp.name, '') AS first_by, o.borne_by, o.settled_by,
  o.settled_at, o.settled_reason
FROM vouchers_offlinescan o
JOIN vouchers_voucher v ON v.id = o.voucher_id
JOIN merchants_store s ON s.id = o.store_id
LEFT JOIN merchants_device d ON d.id = o.device_id
LEFT JOIN people_person p ON p.id = o.person_id
LEFT JOIN LATERAL (SELECT * FROM vouchers_redemption r WHERE r.voucher_id = v.id AND r.undone_at IS NULL
  ORDER BY r.id DESC LIMIT 1) f ON true
LEFT JOIN merchants_store fs ON fs.id = f.store_id
LEFT JOIN merchants_device fd ON fd.id = f.device_id
LEFT JOIN people_person fp ON fp.id = f.person_id
WHERE o.outcome = 'conflict' AND s.public_id = ANY(%s::text[]) AND (%s = '' OR o.public_id = %s)
ORDER BY o.id DESC LIMIT %s::int4
"""


def limits_of(merchant_ref: str) -> OfflineLimits:
    """What a merchant allows its scanners without a network; the defaults where nobody set anything. One statement."""
    found = OfflineRules.objects.filter(merchant__public_id=merchant_ref).first()
    if found is None:
        return DEFAULT_OFFLINE
    return OfflineLimits(
        allowed=found.allowed,
        most_hours=found.most_hours,
        most_scans=found.most_scans,
        most_value_minor=found.most_value,
        borne_by=Bearer(found.borne_by) if found.borne_by else None,
    )


def standing_of(voucher_ref: str) -> VoucherStanding:
    """Of which order a voucher is, when it ends, its units, and how often it changed hands; two statements."""
    voucher = Voucher.objects.prefetch_related("uses").get(public_id=voucher_ref)
    return VoucherStanding(
        order_ref=voucher.order_ref,
        valid_until=voucher.valid_until,
        unit_refs=frozenset(use.unit_ref for use in voucher.uses.all()),
        code_no=voucher.code_no,
    )


def revoked_of(merchant: Merchant, *, at: datetime, limit: int = MOST_REVOKED) -> Revoked:
    """What a scanner refuses although it is signed and would still hold at `at`. One statement.

    Vouchers of a merchant that were used up, refunded or blocked, and the codes that those had which were given away:
    their new owner has another.
    """
    found = rows(_REVOKED, {"merchant_id": merchant.pk, "at": at, "limit": limit + 1})
    return Revoked(
        marks=tuple(mark for entry in found[:limit] for mark in _marks(entry)), complete=len(found) <= limit
    )


def _marks(entry: Mapping[str, Any]) -> list[str]:
    if not entry["given"]:
        return [revoked_mark(entry["public_id"])]
    return [revoked_mark(code_of(entry["public_id"], number)) for number in range(entry["given"])]


def conflicts_in(store_refs: list[str], *, limit: int = 200) -> list[ConflictLine]:
    """What was served without a network in these stores and could not be redeemed, the newest first. One statement."""
    return [_line(entry) for entry in rows(_CONFLICTS, [store_refs, "", "", limit])]


def conflict(ref: str, store_refs: list[str]) -> ConflictLine | None:
    """One of `conflicts_in`, or None, also where it is another store's."""
    found = row(_CONFLICTS, [store_refs, ref, ref, 1])
    return _line(found) if found else None


def _line(entry: dict[str, object]) -> ConflictLine:
    named = {name: loaded(entry[name]) for name in ("titles", "store_names", "first_store")}
    borne_by = Bearer(str(entry["borne_by"])) if entry["borne_by"] else None
    return ConflictLine(**{**entry, **named, "borne_by": borne_by})
