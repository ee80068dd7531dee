"""Letting the vouchers of an offer hold longer: a promise of the shop, which is never taken back."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction

from hutong.kernel import audit
from hutong.kernel.errors import Forbidden, NotFound
from hutong.kernel.rows import execute
from hutong.town.catalog.queries import offer_by_ref
from hutong.town.merchants.queries import has_right
from hutong.town.merchants.types import Right
from hutong.town.people.models import Person
from hutong.visit.vouchers.services.errors import ExtensionRefused

LONGEST_EXTENSION = timedelta(days=730)


def extend(*, offer_ref: str, until_on: date, by: Person, at: datetime) -> int:
    """Let every unused voucher of an offer hold until the end of `until_on`, a day of the offer's zone; how many.

    Vouchers that hold longer keep what they have, and what has expired stays expired, so that telling it twice
    changes nothing. Who manages the merchant may do it, and an operator. Raises `NotFound`, `Forbidden`,
    `ExtensionRefused` for a day that has passed or is more than two years away.
    """
    offer = offer_by_ref(offer_ref)
    if offer is None or not offer.stores:
        raise NotFound
    if not by.is_operator and not has_right(by, Right.EDIT_DEALS, offer.merchant_ref):
        raise Forbidden
    zone = ZoneInfo(offer.stores[0].zone)
    if abs(until_on - at.date()) > LONGEST_EXTENSION:
        raise ExtensionRefused
    until = datetime.combine(until_on + timedelta(days=1), time.min, zone)
    if not at < until <= at + LONGEST_EXTENSION:
        raise ExtensionRefused
    with transaction.atomic():
        # The guard stands in the WHERE: a voucher that is used or ends at this very moment is left alone.
        changed = execute(
            """
            UPDATE vouchers_voucher SET valid_until = %(until)s
            WHERE merchant_id = %(merchant)s::int8 AND offer_ref = %(offer)s AND state = 'ready'
              AND valid_until > %(at)s AND valid_until < %(until)s
            """,
            {"until": until, "merchant": offer.merchant_id, "offer": offer_ref, "at": at},
        )
        if changed:
            audit.record(
                action="vouchers.extended",
                subject=offer_ref,
                by=by.public_id,
                at=at,
                after={"until": until_on, "vouchers": changed},
                merchant=offer.merchant_ref,
            )
    return changed
