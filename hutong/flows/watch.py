"""What the clock tells people: vouchers that end soon, a queue that waits, a provider in trouble, an old backup.

Each is noticed again and again and told once: the notification names what was noticed, and nobody is told the
same one twice.
"""

import hashlib
import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

from django.conf import settings
from django.db import transaction

from hutong.attract.reviews import queries as reviews
from hutong.flows import tell
from hutong.flows.alarms import alarm, isolated
from hutong.flows.notify import moment
from hutong.kernel import budget
from hutong.kernel.errors import TooMany
from hutong.pay.payments import queries as payments
from hutong.pay.settlement import queries as settlement
from hutong.town.catalog import queries as catalog
from hutong.town.contents import queries as contents
from hutong.town.merchants import queries as merchants
from hutong.town.notifications import queries as notifications_read
from hutong.town.notifications import services as notifications
from hutong.town.notifications.types import Kind
from hutong.town.regions.queries import default_region
from hutong.visit.vouchers import queries as vouchers
from hutong.visit.vouchers.types import ExpiringVoucher

EVERY_S = 10 * 60
UNKNOWN_FOR = timedelta(minutes=10)
BACKUP_OLD_AFTER = timedelta(days=3)
# How long before its end a voucher's owner is told, and for how long that is still worth telling.
REMINDERS = (
    (Kind.VOUCHER_EXPIRES_IN_WEEK, timedelta(days=7)),
    (Kind.VOUCHER_EXPIRES_TOMORROW, timedelta(days=1)),
)
WORTH_TELLING = timedelta(days=1)
_BACKUP = re.compile(r"hutong-(\d{8}-\d{6})\.tar")


def run(*, at: datetime) -> None:
    """One round of everything; safe in several workers at once. What is due is asked for each time."""
    with isolated("notifications.due", at=at):
        notifications.due(at=at)
    try:
        budget.spend("watch", limit=1, window_s=EVERY_S, at=at)
    except TooMany:
        return  # another tick did it less than ten minutes ago
    with isolated("watch.remind_of_vouchers", at=at):
        remind_of_vouchers(at=at)
    with isolated("watch.tell_of_queue", at=at):
        tell_of_queue(at=at)
    with isolated("watch.tell_of_provider", at=at):
        tell_of_provider(at=at)
    with isolated("watch.tell_of_backup", at=at):
        tell_of_backup(at=at)
    with isolated("notifications.purge", at=at):
        notifications.purge(at=at)


def remind_of_vouchers(*, at: datetime, limit: int = 500) -> int:
    """Tell owners of vouchers that end in a week, or within a day; how many reminders were asked for.

    A voucher that was bought a moment ago is not reminded of: its owner has just read until when it is good.
    """
    asked = 0
    for kind, before in REMINDERS:
        ends_after = at + max(before - WORTH_TELLING, timedelta(0))
        after_ref = ""
        while found := vouchers.expiring(
            ends_after=ends_after, ends_until=at + before, bought_before=at - WORTH_TELLING,
            after_ref=after_ref, limit=limit,
        ):  # fmt: skip
            after_ref = found[-1].voucher_ref
            keys = [f"{_reminder(kind, one).value}:{tell.end_of(one)}" for one in found]
            told = notifications_read.told_keys(keys)
            with transaction.atomic():
                for key, one in zip(keys, found, strict=True):
                    if key in told:
                        continue
                    tell.voucher_ends(_reminder(kind, one), one, at=at)
                    asked += 1
    return asked


def _reminder(kind: Kind, voucher: ExpiringVoucher) -> Kind:
    """The words of a reminder: on the last day money is named where the voucher promises it, and nowhere else."""
    if kind is Kind.VOUCHER_EXPIRES_TOMORROW and not voucher.gives_back:
        return Kind.VOUCHER_LAST_DAY
    return kind


def tell_of_queue(*, at: datetime) -> bool:
    """Tell operators that something new waits for them, at most once an hour however much it is."""
    waiting = [
        *((one.applied_at, one.ref) for one in merchants.pending_merchants()),
        *((one.submitted_at or one.created_at, one.ref) for one in catalog.pending_offers()),
        *((one.at, one.ref) for one in contents.waiting()),
        *((one.submitted_at or one.created_at, one.ref) for one in merchants.open_claims()),
        *((one.since_at, one.review.ref) for one in reviews.queue()),
    ]
    if not waiting:
        return False
    _since, newest = max(waiting)
    return alarm(Kind.QUEUE_WAITS, {"count": len(waiting)}, newest, at)


def tell_of_provider(*, at: datetime) -> bool:
    """Tell operators that nobody knows how payments or refunds ended, or that payouts wait, for over ten minutes."""
    refs = payments.unknown_since(at - UNKNOWN_FOR)
    batches = settlement.batches_of(refs)
    others = [ref for ref in refs if ref not in batches]
    told = bool(others) and alarm(Kind.PROVIDER_TROUBLE, {"count": len(others)}, min(others), at)
    if batches:
        oldest = min(batches)
        params = {"count": len(batches), "batch_ref": batches[oldest]}
        told |= alarm(Kind.PAYOUTS_WAIT, params, oldest, at)
    return told


def tell_of_books(*, problems: Sequence[str], at: datetime) -> bool:
    """Tell operators that the books do not add up; the same problems once."""
    if not problems:
        return False
    what = hashlib.sha256("\n".join(sorted(problems)).encode()).hexdigest()[:16]
    return alarm(Kind.BOOKS_PROBLEM, {"count": len(problems)}, what, at)


def tell_of_bills(*, at: datetime) -> bool:
    """Tell operators that a provider's bill and our rows do not agree; each newest difference once."""
    number, newest = payments.newest_open_difference()
    return bool(newest) and alarm(Kind.BILL_DIFFERS, {"count": number}, newest, at)


def tell_of_late_bills(*, late: Sequence[tuple[str, date]], at: datetime) -> bool:
    """Tell operators of providers' bills (with their days) that do not come; once for days that follow each other."""
    told = False
    for provider in sorted({name for name, _on in late}):
        days = sorted(on for name, on in late if name == provider)
        begins = [on for on in days if on - timedelta(days=1) not in days]
        what = f"{provider}:{begins[-1].isoformat()}"
        told |= alarm(Kind.BILL_LATE, {"count": len(days)}, what, at)
    return told


def tell_of_backup(*, at: datetime) -> bool:
    """Tell operators that the newest backup in HUTONG_HOME is old. A site that keeps them elsewhere has none here."""
    folder = settings.HUTONG_HOME / "backups"
    names = [found for path in folder.glob("hutong-*.tar") if (found := _BACKUP.fullmatch(path.name))]
    if not names:
        return False
    newest = max(name[1] for name in names)
    made_at = datetime.strptime(newest, "%Y%m%d-%H%M%S").replace(tzinfo=UTC)
    if at - made_at < BACKUP_OLD_AFTER:
        return False
    region = default_region()
    told_on = {"on": moment(made_at, region.zone if region else "UTC")}
    return alarm(Kind.BACKUP_OLD, told_on, newest, at)
