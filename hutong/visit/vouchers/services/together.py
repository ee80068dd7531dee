"""From which of the vouchers that were bought together one scan takes, and what they gave before."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from hutong.kernel.rows import rows
from hutong.visit.vouchers import queries
from hutong.visit.vouchers.rules.terms import day_of, from_json, left_of_day
from hutong.visit.vouchers.services.errors import NotEnoughLeft
from hutong.visit.vouchers.services.why_not import say_why_not
from hutong.visit.vouchers.types import Terms

# What one scan takes from: the voucher that was shown, and where it has too little those bought with it, in the order
# of their keys, so that two scans never wait for each other.
_TOGETHER = """
SELECT v.id, v.uses_left, v.code_hmac = %(code_hmac)s AS shown, v.terms, g.zone
FROM vouchers_voucher v, merchants_store s JOIN regions_region g ON g.id = s.region_id
WHERE (v.order_ref, v.offer_ref, v.person_id) = (
    SELECT order_ref, offer_ref, person_id FROM vouchers_voucher
    WHERE code_hmac = %(code_hmac)s AND merchant_id = %(merchant_id)s::int8)
  AND v.state = 'ready' AND v.blocked_at IS NULL AND v.valid_from <= %(at)s AND v.valid_until > %(at)s
  AND v.store_ids @> ARRAY[%(store_id)s::int8] AND s.id = %(store_id)s::int8
ORDER BY v.id FOR NO KEY UPDATE OF v
"""
_TAKEN_BEFORE = """
SELECT voucher_id, count(*) FILTER (WHERE at >= %(starts_at)s AND at < %(ends_at)s) AS today,
  array_agg(choice) FILTER (WHERE choice IS NOT NULL) AS choices
FROM vouchers_redemption WHERE voucher_id = ANY(%(voucher_ids)s::int8[]) AND undone_at IS NULL
GROUP BY voucher_id
"""


def shares_of(guard: Mapping[str, Any], uses: int) -> tuple[int, list[tuple[int, int]]]:
    """The key of the voucher that was shown, and from which vouchers, by their keys, how many of `uses` are taken.

    Locks all that were bought together. The one that was shown comes first, then the others by their keys: what each
    has left for the day, and where that is too little what it has left at all, which its terms then refuse or a manager
    lets pass. Raises `NotEnoughLeft`, and what `say_why_not` raises.
    """
    found = rows(_TOGETHER, guard)
    found.sort(key=lambda entry: not entry["shown"])
    if not found or not found[0]["shown"]:
        say_why_not(guard)
    for lefts in (_lefts_of_day(found, guard["at"]), [entry["uses_left"] for entry in found]):
        left, shares = uses, []
        for entry, own in zip(found, lefts, strict=True):
            take = min(left, own)
            shares += [(entry["id"], take)] * (take > 0)
            left -= take
        if not left:
            return found[0]["id"], shares
    raise NotEnoughLeft(left=uses - left)


def _lefts_of_day(found: Sequence[Mapping[str, Any]], at: datetime) -> list[int]:
    """How many uses each voucher gives at most on the day of the scan. Their rows are locked, so it stays true."""
    terms = from_json(queries.loaded(found[0]["terms"]))
    if terms.a_day is None:
        return [entry["uses_left"] for entry in found]
    before = taken_before([entry["id"] for entry in found], terms, zone=found[0]["zone"], at=at)
    todays = [before[entry["id"]]["today"] if entry["id"] in before else 0 for entry in found]
    return [left_of_day(terms, entry["uses_left"], today) for entry, today in zip(found, todays, strict=True)]


def taken_before(
    voucher_ids: list[int], terms: Terms, *, zone: str, at: datetime
) -> dict[int, dict[str, Any]]:
    """How often vouchers were used on the day of `at` (`today`), and which choices were ever taken; by key.

    Vouchers that were never used are not in it. True as long as their rows are locked. One statement.
    """
    starts_at, ends_at = day_of(terms, zone=zone, at=at)
    values = {"voucher_ids": voucher_ids, "starts_at": starts_at, "ends_at": ends_at}
    return {entry["voucher_id"]: entry for entry in rows(_TAKEN_BEFORE, values)}
