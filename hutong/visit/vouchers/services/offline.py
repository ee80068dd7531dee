"""Scans that were made without a network: one row a fact, written once, settled by policy or by a person."""

from dataclasses import asdict
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from hutong.kernel import audit, budget
from hutong.kernel.errors import Conflict, Invalid, NotFound
from hutong.kernel.ids import new_id
from hutong.kernel.rows import execute, row
from hutong.town.merchants.models import Device, Merchant, Store
from hutong.town.people.models import Person
from hutong.visit.vouchers import queries, rules
from hutong.visit.vouchers.models import OfflineRules, OfflineScan
from hutong.visit.vouchers.queries.offline import limits_of
from hutong.visit.vouchers.services.errors import VoucherUnknown
from hutong.visit.vouchers.types.face import Face
from hutong.visit.vouchers.types.offline import Bearer, OfflineLimits, ScanFact, ScanOutcome, ScanTold

# A scan that is told later than this is not judged at the moment it claims.
LATEST = timedelta(days=7)
_NO_LIMIT = 2**31 - 1

# The unique nonce is the guard: whoever tells it again at the same moment waits here until the first one is done.
_BEGIN = """
INSERT INTO vouchers_offlinescan (public_id, voucher_id, store_id, device_id, person_id, actor_ref, nonce, uses,
  scanned_at, received_at, off_s, outcome, reason, redemption_ref, borne_by, settled_by, settled_reason)
SELECT %(ref)s, v.id, %(store_id)s::int8, %(device_id)s::int8, %(person_id)s::int8, %(actor_ref)s, %(nonce)s,
  %(uses)s::int4, %(scanned_at)s, %(at)s, %(off_s)s::int4, 'waits', '', '', '', '', ''
FROM vouchers_voucher v WHERE v.public_id = %(voucher_ref)s AND v.merchant_id = %(merchant_id)s::int8
ON CONFLICT (actor_ref, nonce) DO NOTHING RETURNING id
"""
# The state is the guard: its unused uses are there as long as their money was not asked back.
_REOPEN = """
UPDATE vouchers_voucher SET state = 'ready' WHERE public_id = %(voucher_ref)s AND state = 'expired'
  AND uses_left > 0 AND valid_from <= %(at)s AND valid_until > %(at)s
"""
_CLOSE_AGAIN = """
UPDATE vouchers_voucher SET state = 'expired' WHERE public_id = %(voucher_ref)s AND state = 'ready'
  AND valid_until <= %(at)s
"""


class ReasonMissing(Invalid):
    """Whoever decides about a conflict says why."""

    code = "offline_reason_missing"
    message = _("Write why you decide it this way.")


class LimitsWrong(Invalid):
    """A limit of scanning without a network is out of its range."""

    code = "offline_limits_wrong"
    message = _("Choose 1 to 168 hours, 1 to 1,000 scans and a value above zero.")


class EndedMeanwhile(Conflict):
    """It was made in time and told after the end, when the money had gone back by itself."""

    code = "offline_ended_meanwhile"
    message = _("The voucher ended before this scan was sent, and its money has gone back by itself.")


class GivenMeanwhile(Conflict):
    """The voucher belongs to somebody else now, with a code of their own; this scan is of the code before."""

    code = "offline_given_meanwhile"
    message = _("The voucher was given away before this scan was sent. Its code changed.")


class ScanTooOld(Conflict):
    """It is told more than seven days after it was made."""

    code = "offline_too_old"
    message = _("This scan was sent more than seven days after it was made.")


def corrected(scanned_at: datetime, *, off: timedelta, at: datetime) -> datetime:
    """When a scan was made by the server's clock, of a device whose clock was `off` when it told; never after `at`."""
    return min(scanned_at + off, at)


def begin_scan(
    *,
    fact: ScanFact,
    face: Face,
    store: Store,
    actor_ref: str,
    device: Device | None,
    by: Person | None,
    off: timedelta,
    at: datetime,
) -> tuple[int | None, ScanTold | None]:
    """Write a fact down: the key of its row, or what came of it before where it was told already.

    Runs inside the caller's transaction, which ends it with `redeemed` or `conflicted`. Raises `VoucherUnknown` where
    the merchant has no such voucher.
    """
    begun = row(
        _BEGIN,
        {
            "ref": new_id("ofs"),
            "voucher_ref": face.voucher_ref,
            "merchant_id": store.merchant_id,
            "store_id": store.pk,
            "device_id": device.pk if device else None,
            "person_id": by.pk if by else None,
            "actor_ref": actor_ref,
            "nonce": fact.nonce,
            "uses": fact.uses,
            "scanned_at": corrected(fact.scanned_at, off=off, at=at),
            "at": at,
            # A clock that is years off is as wrong as one that is days off.
            "off_s": max(-(2**31), min(2**31 - 1, round(off.total_seconds()))),
        },
    )
    if begun:
        return begun["id"], None
    stored = (
        OfflineScan.objects.select_related("voucher").filter(actor_ref=actor_ref, nonce=fact.nonce).first()
    )
    if stored is None:
        raise VoucherUnknown
    if stored.voucher.public_id != face.voucher_ref:
        # The nonce was used for another voucher: a device that does that is broken, and its fact counts for nothing.
        return None, ScanTold(nonce=fact.nonce, outcome=ScanOutcome.REFUSED)
    return None, _told(stored, replay=True)


def reopen(*, voucher_ref: str, scanned_at: datetime) -> bool:
    """Open a voucher again that was closed as expired, for a scan that was made in time; False where there is nothing
    left of it, or it was over then. Inside the caller's transaction, which ends it with `close_again`."""
    return bool(execute(_REOPEN, {"voucher_ref": voucher_ref, "at": scanned_at}))


def close_again(*, voucher_ref: str, at: datetime) -> None:
    """What such a scan left of it is over, as it was."""
    execute(_CLOSE_AGAIN, {"voucher_ref": voucher_ref, "at": at})


def redeemed(*, scan_id: int, redemption_ref: str) -> ScanTold:
    """A scan became a redemption."""
    scan = OfflineScan.objects.select_related("voucher").get(pk=scan_id)
    scan.outcome, scan.redemption_ref = ScanOutcome.REDEEMED.value, redemption_ref
    scan.save(update_fields=["outcome", "redemption_ref"])
    return _told(scan, replay=False)


def conflicted(*, scan_id: int, reason: str, at: datetime) -> ScanTold:
    """A scan was served and cannot be redeemed: a conflict, which the merchant's policy settles where it has one."""
    scan = OfflineScan.objects.select_related("voucher__merchant").get(pk=scan_id)
    merchant_ref = scan.voucher.merchant.public_id
    scan.outcome, scan.reason = ScanOutcome.CONFLICT.value, reason
    borne_by = limits_of(merchant_ref).borne_by
    if borne_by:
        scan.borne_by, scan.settled_by, scan.settled_at = borne_by.value, "policy", at
    scan.save(update_fields=["outcome", "reason", "borne_by", "settled_by", "settled_at"])
    audit.record(
        action="offline_scan.conflict",
        subject=scan.public_id,
        by=scan.actor_ref,
        at=at,
        after={"reason": reason, "borne_by": scan.borne_by},
        merchant=merchant_ref,
    )
    return _told(scan, replay=False)


def settle_conflict(
    *, scan_ref: str, borne_by: Bearer, reason: str, merchant_ref: str, by: Person, at: datetime
) -> None:
    """Decide who bears a conflict, with a reason, in place of the policy or of an earlier decision. It is on record.

    Whether `by` may is asked before. Raises `NotFound`, also for another merchant's; `ReasonMissing` without a reason.
    """
    said = reason.strip()[:200]
    if not said:
        raise ReasonMissing
    with transaction.atomic():
        scan = (
            OfflineScan.objects.select_for_update(of=("self",))
            .filter(
                public_id=scan_ref,
                voucher__merchant__public_id=merchant_ref,
                outcome=ScanOutcome.CONFLICT.value,
            )
            .first()
        )
        if scan is None:
            raise NotFound
        before = scan.borne_by
        scan.borne_by, scan.settled_by = borne_by.value, by.public_id
        scan.settled_at, scan.settled_reason = at, said
        scan.save(update_fields=["borne_by", "settled_by", "settled_at", "settled_reason"])
        audit.record(
            action="offline_scan.settled",
            subject=scan_ref,
            by=by.public_id,
            at=at,
            before={"borne_by": before, "decided": ""},
            after={"borne_by": borne_by.value, "decided": "yes"},
            merchant=merchant_ref,
            reason=said,
        )


def set_limits(*, merchant_ref: str, limits: OfflineLimits, by: Person, at: datetime) -> None:
    """Say what the merchant's scanners may do without a network. It is on record. Raises `LimitsWrong`."""
    if not (
        1 <= limits.most_hours <= 168 and 1 <= limits.most_scans <= 1000 and limits.most_value_minor >= 1
    ):
        raise LimitsWrong
    with transaction.atomic():
        merchant = Merchant.objects.select_for_update().get(public_id=merchant_ref)
        before = limits_of(merchant_ref)
        OfflineRules.objects.update_or_create(
            merchant=merchant,
            defaults={
                "allowed": limits.allowed,
                "most_hours": limits.most_hours,
                "most_scans": limits.most_scans,
                "most_value": limits.most_value_minor,
                "borne_by": limits.borne_by.value if limits.borne_by else "",
            },
        )
        audit.record(
            action="offline.limits_changed",
            subject=merchant_ref,
            by=by.public_id,
            at=at,
            before=asdict(before),
            after=asdict(limits),
            merchant=merchant_ref,
        )


def count_refused(*, number: int, actor_ref: str, merchant_ref: str, address: str, at: datetime) -> None:
    """Count QR texts that are not this merchant's like wrong codes. Outside any transaction, as `guessing_stopped`."""
    for key in (f"voucher:{actor_ref}", f"voucher:{merchant_ref}", f"voucher:at:{address}"):
        budget.spend(key, limit=_NO_LIMIT, window_s=rules.FAILURE_WINDOW_S, at=at, cost=number)


def _told(scan: OfflineScan, *, replay: bool) -> ScanTold:
    return ScanTold(
        nonce=scan.nonce,
        outcome=ScanOutcome(scan.outcome),
        ref=scan.public_id,
        reason=scan.reason,
        title=next(iter(queries.loaded(scan.voucher.titles).values()), ""),
        at=scan.scanned_at,
        borne_by=Bearer(scan.borne_by) if scan.borne_by else None,
        replay=replay,
    )
