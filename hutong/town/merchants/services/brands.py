"""Brands: names that many stores share, as imports bring them; an operator may give one to its merchant."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction

from hutong.kernel import audit
from hutong.kernel.errors import Forbidden, NotFound
from hutong.kernel.ids import new_id
from hutong.kernel.rows import execute, rows
from hutong.town.contents.rules import TAKE_BACK_WITHIN
from hutong.town.contents.services import TooLateToTakeBack
from hutong.town.merchants.models import Brand, BrandGift, Claim, Merchant, Store
from hutong.town.merchants.services.granting import attach, release
from hutong.town.merchants.types import ClaimKind, ClaimState, ImportedBrand, MerchantState, StoreState
from hutong.town.people.models import Person

# Sorted, so that two imports of the same brands wait for each other in one order. A name that is known stays
# as it is where the new file has it otherwise: one file must not rename the stores of another.
_UPSERT = """
INSERT INTO merchants_brand AS b (public_id, key, names, wikidata)
SELECT r.public_id, r.key, r.names, r.wikidata
FROM jsonb_to_recordset(%(brands)s::jsonb) AS r(public_id text, key text, names jsonb, wikidata text)
ORDER BY r.key
ON CONFLICT (key) DO UPDATE SET
  names = excluded.names || b.names,
  wikidata = CASE WHEN b.wikidata = '' THEN excluded.wikidata ELSE b.wikidata END
WHERE (b.names, b.wikidata) IS DISTINCT FROM
  (excluded.names || b.names, CASE WHEN b.wikidata = '' THEN excluded.wikidata ELSE b.wikidata END)
"""
_IDS = "SELECT b.key, b.id FROM merchants_brand b WHERE b.key = ANY(%s::text[])"

# A chain is given in parts of this size, so that no page waits long and nobody waits for it.
MOST_AT_ONCE = 300


def store_brands(brands: Sequence[ImportedBrand]) -> dict[str, int]:
    """Make the brands that are not there yet; the key of each by its folded name. Two statements, or none."""
    if not brands:
        return {}
    whole: dict[str, ImportedBrand] = {}
    for brand in brands:
        seen = whole.get(brand.key)
        names = {**brand.names, **seen.names} if seen else brand.names
        wikidata = (seen.wikidata if seen else "") or brand.wikidata
        whole[brand.key] = ImportedBrand(brand.key, names, wikidata)
    listed = [
        {"public_id": new_id("brd"), "key": brand.key, "names": brand.names, "wikidata": brand.wikidata}
        for brand in whole.values()
    ]
    execute(_UPSERT, {"brands": json.dumps(listed)})
    return {row["key"]: row["id"] for row in rows(_IDS, [list(whole)])}


def give_brand(*, brand_ref: str, merchant_ref: str, by: Person, at: datetime) -> int:
    """An operator gives a merchant the open listings of a brand in the merchant's region; how many.

    At most `MOST_AT_ONCE`; the rest by giving it again. Stores that somebody has already stay theirs. Raises
    `Forbidden`, `NotFound`.
    """
    if not by.is_operator:
        raise Forbidden
    with transaction.atomic():
        brand = Brand.objects.select_for_update().filter(public_id=brand_ref).first()
        merchant = Merchant.objects.filter(public_id=merchant_ref, state=MerchantState.APPROVED.value).first()
        if brand is None or merchant is None:
            raise NotFound
        free = Store.objects.filter(
            brand=brand, region=merchant.region_id, merchant=None, state=StoreState.OPEN.value
        )
        listings = list(free.order_by("pk")[:MOST_AT_ONCE])
        if not listings and brand.merchant_id == merchant.pk:
            return 0
        for store in listings:
            attach(store=store, merchant=merchant, by=by, at=at)
        gift = BrandGift.objects.create(
            brand=brand,
            merchant=merchant,
            merchant_before=brand.merchant,
            store_refs=[store.public_id for store in listings],
            by=by,
            at=at,
        )
        Brand.objects.filter(pk=brand.pk).update(merchant=merchant)
        _audit("brand.given", gift, len(listings), by, at)
    return len(listings)


def take_brand_back(*, gift_ref: str, by: Person, at: datetime) -> int:
    """Undo the last gift of a brand within five minutes: its listings are nobody's again; how many were still there.

    What waited for the operator about them waits as a claim again. Raises `Forbidden`, `NotFound`,
    `TooLateToTakeBack`.
    """
    if not by.is_operator:
        raise Forbidden
    with transaction.atomic():
        found = BrandGift.objects.filter(public_id=gift_ref).select_related("merchant", "brand").first()
        if found is None:
            raise NotFound
        brand = Brand.objects.select_for_update().get(pk=found.brand_id)
        last = BrandGift.objects.filter(brand=brand, undone_at=None).order_by("-pk").first()
        is_last = last is not None and last.pk == found.pk
        if not is_last or not timedelta() <= at - found.at <= TAKE_BACK_WITHIN:
            raise TooLateToTakeBack
        BrandGift.objects.filter(pk=found.pk).update(undone_at=at, undone_by=by)
        Brand.objects.filter(pk=brand.pk).update(merchant=found.merchant_before_id)
        waiting = Claim.objects.filter(store__public_id__in=found.store_refs, store__merchant=found.merchant)
        waiting.filter(state=ClaimState.WAITING.value).update(kind=ClaimKind.CLAIM.value)
        number = release(found.merchant, found.store_refs, by=by, at=at)
        _audit("brand.taken_back", found, number, by, at)
    return number


def _audit(action: str, gift: BrandGift, number: int, by: Person, at: datetime) -> None:
    audit.record(
        action=action,
        subject=gift.brand.public_id,
        by=by.public_id,
        at=at,
        after={"merchant": gift.merchant.public_id, "stores": number},
        merchant=gift.merchant.public_id,
    )
