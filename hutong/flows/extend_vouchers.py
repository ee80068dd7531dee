"""A shop lets its vouchers hold longer, and those who have one are told."""

from datetime import date, datetime

from django.db import transaction

from hutong.kernel import outbox
from hutong.town.people.models import Person
from hutong.visit.vouchers import queries as vouchers_read
from hutong.visit.vouchers import services as vouchers

TOLD_AT_ONCE = 200


def extend(*, offer_ref: str, until_on: date, by: Person, at: datetime) -> int:
    """Let every unused voucher of an offer hold until the end of `until_on`, a day of the offer's zone; how many.

    Raises what `vouchers.services.extend` raises.
    """
    with transaction.atomic():
        before = vouchers_read.ends_of_offer(offer_ref, at=at)
        changed = vouchers.extend(offer_ref=offer_ref, until_on=until_on, by=by, at=at)
        after = vouchers_read.ends_of_offer(offer_ref, at=at) if changed else {}
        refs = [ref for ref, ends_at in after.items() if before.get(ref, ends_at) < ends_at]
        for start in range(0, len(refs), TOLD_AT_ONCE):
            outbox.send(
                "tell_extended",
                at=at,
                voucher_refs=refs[start : start + TOLD_AT_ONCE],
                happened_at=at.isoformat(),
            )
    return changed
