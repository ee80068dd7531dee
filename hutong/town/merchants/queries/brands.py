"""Reads of brands, for the operator who gives one to its merchant."""

from collections.abc import Iterable

from django.db.models import Count, F, Q

from hutong.kernel.text import fold
from hutong.town.merchants.models import Brand, BrandGift, Store
from hutong.town.merchants.types import BrandGiftView, BrandLine, BrandPlace, StoreState

GIFTS_SHOWN = 20


def brand_list(*, text: str = "", after: str = "", limit: int = 30) -> list[BrandLine]:
    """Brands by their folded name, of which `text` is a part; `after` is the key of the page before's last one.

    Two statements: the brands, and how many stores those on the page have.
    """
    found = Brand.objects.select_related("merchant")
    if wanted := fold(text):
        found = found.filter(key__contains=wanted)
    if after:
        found = found.filter(key__gt=after)
    return _lines(found.order_by("key")[:limit])


def brand_by_ref(ref: str) -> BrandLine | None:
    """The brand of this public id, or None. Two statements."""
    return next(iter(_lines(Brand.objects.select_related("merchant").filter(public_id=ref))), None)


def brand_places(ref: str) -> list[BrandPlace]:
    """In which towns a brand has stores that are not closed, where it has most first. One statement."""
    found = Store.objects.filter(brand__public_id=ref).exclude(state=StoreState.CLOSED.value)
    counted = found.values("region_id", "region__names").annotate(
        stores=Count("pk"), free=Count("pk", filter=_FREE)
    )
    return [
        BrandPlace(row["region_id"], row["region__names"], row["stores"], row["free"])
        for row in counted.order_by("-stores", "region_id")
    ]


def brand_gifts(ref: str) -> list[BrandGiftView]:
    """To whom an operator gave a brand, the newest first, taken back ones too. One statement."""
    found = BrandGift.objects.filter(brand__public_id=ref).select_related("merchant", "by")
    return [
        BrandGiftView(
            ref=gift.public_id,
            merchant_ref=gift.merchant.public_id,
            merchant_names=gift.merchant.names,
            stores=len(gift.store_refs),
            by_name=gift.by.name,
            at=gift.at,
            undone_at=gift.undone_at,
        )
        for gift in found.order_by("-pk")[:GIFTS_SHOWN]
    ]


def brand_names(refs: Iterable[str]) -> dict[str, dict[str, str]]:
    """The names of brands by public id; one statement."""
    return dict(Brand.objects.filter(public_id__in=list(refs)).values_list("public_id", "names"))


_FREE = Q(merchant=None, state=StoreState.OPEN.value)


def _lines(found: Iterable[Brand]) -> list[BrandLine]:
    brands = list(found)
    stores = Store.objects.filter(brand__in=[brand.pk for brand in brands]).exclude(
        state=StoreState.CLOSED.value
    )
    counted = stores.values(key=F("brand_id")).annotate(stores=Count("pk"), free=Count("pk", filter=_FREE))
    by_key = {row["key"]: (row["stores"], row["free"]) for row in counted} if brands else {}
    return [
        BrandLine(
            ref=brand.public_id,
            key=brand.key,
            names=brand.names,
            wikidata=brand.wikidata,
            stores=by_key.get(brand.pk, (0, 0))[0],
            free=by_key.get(brand.pk, (0, 0))[1],
            merchant_ref=brand.merchant.public_id if brand.merchant else "",
            merchant_names=brand.merchant.names if brand.merchant else {},
        )
        for brand in brands
    ]
