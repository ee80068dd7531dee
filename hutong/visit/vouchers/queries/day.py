"""Reads for the shop: its day, and what was sold and ends unused. They say nothing about the shoppers."""

from collections.abc import Sequence
from datetime import datetime

from hutong.kernel.rows import rows
from hutong.visit.vouchers.queries.stored import loaded
from hutong.visit.vouchers.types import EndingUnits, ExpiringLine, RedeemedLine


def today(store_ids: Sequence[int], *, starts_at: datetime, ends_at: datetime) -> list[RedeemedLine]:
    """The redemptions of these stores in [starts_at, ends_at), undone ones too, the newest first."""
    found = rows(
        """
        WITH done AS (
          SELECT r.public_id, r.unit_ref, first_value(r.public_id) OVER scan AS scan_ref, r.actor_ref, r.at,
            r.undone_at, v.titles, '' AS channel, r.store_id, r.device_id, r.person_id
          FROM vouchers_redemption r JOIN vouchers_voucher v ON v.id = r.voucher_id
          WHERE r.store_id = ANY(%(stores)s::int8[]) AND r.at >= %(starts_at)s AND r.at < %(ends_at)s
          WINDOW scan AS (PARTITION BY r.actor_ref, r.nonce ORDER BY r.position)
          UNION ALL
          SELECT r.public_id, '', r.public_id, r.actor_ref, r.at, r.undone_at, i.titles, i.channel, r.store_id,
            r.device_id, r.person_id
          FROM vouchers_channelredemption r JOIN vouchers_channelvoucher v ON v.id = r.voucher_id
          JOIN vouchers_channelimport i ON i.id = v.brought_by_id
          WHERE r.store_id = ANY(%(stores)s::int8[]) AND r.at >= %(starts_at)s AND r.at < %(ends_at)s
        )
        SELECT done.*, s.public_id AS store_ref, s.names AS store_names, d.name AS device_name, p.name AS staff_name
        FROM done JOIN merchants_store s ON s.id = done.store_id
        LEFT JOIN merchants_device d ON d.id = done.device_id
        LEFT JOIN people_person p ON p.id = done.person_id
        ORDER BY done.at DESC, done.public_id DESC
        """,
        {"stores": list(store_ids), "starts_at": starts_at, "ends_at": ends_at},
    )
    return [
        RedeemedLine(
            redemption_ref=entry["public_id"],
            scan_ref=entry["scan_ref"],
            unit_ref=entry["unit_ref"],
            titles=loaded(entry["titles"]),
            store_ref=entry["store_ref"],
            store_names=loaded(entry["store_names"]),
            actor_ref=entry["actor_ref"],
            device_name=entry["device_name"],
            staff_name=entry["staff_name"],
            at=entry["at"],
            undone_at=entry["undone_at"],
            channel=entry["channel"],
        )
        for entry in found
    ]


# Walks the index of a merchant's ready vouchers by their end.
_UNUSED_BY_WEEK = """
SELECT v.offer_ref, (array_agg(v.titles ORDER BY v.id DESC))[1] AS titles,
  date_trunc('week', (v.valid_until - interval '1 second') AT TIME ZONE %(zone)s)::date AS week_on,
  count(*) AS vouchers, sum(v.uses_left)::int8 AS uses, min(v.valid_until) AS first_until,
  max(v.valid_until) AS last_until
FROM vouchers_voucher v
WHERE v.merchant_id = %(merchant)s::int8 AND v.state = 'ready' AND v.valid_until > %(at)s
  AND v.valid_until <= %(until)s
GROUP BY v.offer_ref, week_on ORDER BY week_on, vouchers DESC, v.offer_ref
"""


def unused_by_week(merchant_id: int, *, zone: str, at: datetime, until: datetime) -> list[ExpiringLine]:
    """What was sold and not used, and ends after `at` and at `until` at the latest, by week and offer.

    Weeks are those of the wall clock of `zone`. One statement; it says nothing about the shoppers.
    """
    found = rows(_UNUSED_BY_WEEK, {"merchant": merchant_id, "zone": zone, "at": at, "until": until})
    return [
        ExpiringLine(
            offer_ref=entry["offer_ref"],
            titles=loaded(entry["titles"]),
            week_on=entry["week_on"],
            vouchers=entry["vouchers"],
            uses=entry["uses"],
            first_until=entry["first_until"],
            last_until=entry["last_until"],
        )
        for entry in found
    ]


# Walks the index of a merchant's ready vouchers by their end, then the uses of each.
_UNUSED_BY_DAY = """
SELECT ((v.valid_until - interval '1 second') AT TIME ZONE %(zone)s)::date AS ends_on,
  v.terms ->> 'refund' = 'any_time' AS goes_back, array_agg(u.unit_ref ORDER BY u.id) AS unit_refs
FROM vouchers_voucher v JOIN vouchers_use u ON u.voucher_id = v.id AND u.state = 'ready'
WHERE v.merchant_id = %(merchant)s::int8 AND v.state = 'ready' AND v.valid_until > %(at)s
GROUP BY 1, 2 ORDER BY 1, 2
"""


def unused_units_by_day(merchant_id: int, *, zone: str, at: datetime) -> list[EndingUnits]:
    """The units that were sold and not used at `at`, by the last day of their vouchers on the wall clock of `zone`, and
    by whether their terms send the money back then. One statement; it says nothing about the shoppers."""
    found = rows(_UNUSED_BY_DAY, {"merchant": merchant_id, "zone": zone, "at": at})
    return [EndingUnits(**{**entry, "unit_refs": tuple(entry["unit_refs"])}) for entry in found]
