"""Letting the vouchers of an offer hold longer: a promise of the shop, which is never taken back."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction

from hutong.kernel import audit
from hutong.kernel.errors import Forbidden, NotFound
from hutong.kernel.rows import execute, rows
from hutong.town.catalog.queries import offer_by_ref
from hutong.town.merchants.queries import has_right
from hutong.town.merchants.types import Right
from hutong.town.people.models import Person
from hutong.visit.vouchers.queries import loaded
from hutong.visit.vouchers.rules.terms import end_of_day, from_json
from hutong.visit.vouchers.services.errors import ExtensionRefused

LONGEST_EXTENSION = timedelta(days=730)

_OF_OFFER = """
merchant_id = %(merchant)s::int8 AND offer_ref = %(offer)s AND state = 'ready' AND valid_until > %(at)s
"""
_TERMS = f"SELECT DISTINCT terms FROM vouchers_voucher WHERE {_OF_OFFER}"  # noqa: S608  constants alone
# The guard stands in the WHERE: a voucher that is used or ends at this very moment is left alone.
_EXTEND = f"""
UPDATE vouchers_voucher SET valid_until = %(until)s
WHERE {_OF_OFFER} AND terms = %(terms)s::jsonb AND valid_until < %(until)s
"""  # noqa: S608  constants alone


def extend(*, offer_ref: str, until_on: date, by: Person, at: datetime) -> int:
    """Let every unused voucher of an offer hold until the end of `until_on`, a day of the offer's zone; how many.

    A day ends with the night that begins on it, by the terms of each voucher, as at the sale.

    Vouchers that hold longer keep what they have, and what has expired stays expired, so that telling it twice
    changes nothing. Who manages the merchant may do it, and an operator. Raises `NotFound`, `Forbidden`,
    `ExtensionRefused` for a day that has passed or is more than two years away.
    """
    offer = offer_by_ref(offer_ref)
    if offer is None or not offer.stores:
        raise NotFound
    if not by.is_operator and not has_right(by, Right.EDIT_DEALS, offer.merchant_ref):
        raise Forbidden
    zone = offer.stores[0].zone
    if abs(until_on - at.date()) > LONGEST_EXTENSION:
        raise ExtensionRefused
    midnight = datetime.combine(until_on + timedelta(days=1), time.min, ZoneInfo(zone))
    if not at < midnight <= at + LONGEST_EXTENSION:
        raise ExtensionRefused
    of_offer = {"merchant": offer.merchant_id, "offer": offer_ref, "at": at}
    with transaction.atomic():
        changed = 0
        # Vouchers keep the terms of their order, so those of one offer may have nights that end at other times.
        for found in rows(_TERMS, of_offer):
            until = end_of_day(from_json(loaded(found["terms"])), until_on, zone=zone)
            changed += execute(_EXTEND, {**of_offer, "terms": found["terms"], "until": until})
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
