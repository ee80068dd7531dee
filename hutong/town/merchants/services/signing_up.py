"""A shop that no extract knows is signed up by its owner."""

from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from hutong.kernel import audit, outbox
from hutong.kernel.budget import spend
from hutong.kernel.errors import Forbidden, Invalid, NotFound
from hutong.kernel.geo import Place, distance_m
from hutong.kernel.locking import advisory
from hutong.kernel.text import clean
from hutong.town.merchants.models import Category, Merchant, Store
from hutong.town.merchants.queries import has_right
from hutong.town.merchants.rules import SIGN_UPS_A_DAY
from hutong.town.merchants.services.claims import DAY_S
from hutong.town.merchants.services.granting import make_merchant
from hutong.town.merchants.services.placing import place_in_regions
from hutong.town.merchants.types import MerchantState, NewShop, Right, StoreState
from hutong.town.people.models import Person
from hutong.town.people.services import normalise_email, normalise_phone
from hutong.town.regions.models import Region
from hutong.town.regions.queries import feature_on
from hutong.town.regions.types import Feature

# A shop may lie a little outside of the box that the extract was cut with.
MARGIN_DEGREES = 0.05
# Sent twice, the form makes one shop: the same name, this near, within this time.
SAME_WITHIN_M = 100
SAME_WITHIN = timedelta(hours=1)


class SignUpClosed(Forbidden):
    """The operator of this town takes no new shops at present."""

    code = "sign_up_closed"
    message = _("New shops cannot sign up here at present. Please ask the platform.")


class ShopElsewhere(Invalid):
    """The position is not in this town."""

    code = "shop_elsewhere"
    message = _("This place is not in this town. Move the pin to your door.")


class ShopIncomplete(Invalid):
    """A shop needs a name, and a category that exists."""

    code = "shop_incomplete"
    message = _("Please give the shop a name and a category.")


def sign_up(
    *,
    region_ref: str,
    shop: NewShop,
    merchant_ref: str | None,
    legal_name: str,
    business_id: str,
    email: str,
    by: Person,
    at: datetime,
) -> tuple[str, str]:
    """A new store, of a merchant one has or of a new one; the refs of merchant and store.

    Shoppers see it once the merchant is approved. Sent twice it is made once. Raises `NotFound`,
    `SignUpClosed`, `ShopElsewhere`, `ShopIncomplete`, `PhoneInvalid`, `EmailInvalid`, `Forbidden`, `TooMany`.
    Must not run inside a transaction, so that the budget survives.
    """
    region = Region.objects.filter(public_id=region_ref).first()
    if region is None:
        raise NotFound
    if not feature_on(region.pk, Feature.SIGN_UP):
        raise SignUpClosed
    category = Category.objects.filter(slug=shop.category_slug, parent__isnull=False).first()
    names = _names(shop.names)
    if category is None or not names:
        raise ShopIncomplete
    if not _inside(region, shop):
        raise ShopElsewhere
    phone, email = normalise_phone(shop.phone), normalise_email(email) if email else ""
    spend(f"sign_up:{by.public_id}", limit=SIGN_UPS_A_DAY, window_s=DAY_S, at=at)
    with transaction.atomic():
        advisory("merchants.sign_up", by.pk)
        merchant = _joined(merchant_ref, by)
        twin = _twin(names, shop, by, at)
        if twin is not None and twin.merchant is not None:
            return twin.merchant.public_id, twin.public_id
        if merchant is None:
            merchant = make_merchant(names=names, region=region, phone=phone, by=by, at=at)
            facts = {"legal_name": clean(legal_name, limit=200), "business_id": clean(business_id, limit=40)}
            Merchant.objects.filter(pk=merchant.pk).update(**facts, email=email)
        store = Store.objects.create(
            merchant=merchant,
            region=region,
            category=category,
            names=names,
            lon=shop.lon,
            lat=shop.lat,
            address=clean(shop.address, limit=300),
            postcode=clean(shop.postcode, limit=20),
            city=clean(shop.city, limit=100),
            phone=phone,
            email=email,
            updated_at=at,
        )
        place_in_regions(store_refs=[store.public_id])
        audit.record(
            action="store.signed_up",
            subject=store.public_id,
            by=by.public_id,
            at=at,
            after={"names": names, "address": store.address, "category": category.slug},
            merchant=merchant.public_id,
        )
        outbox.send("index_store", at=at, store_ref=store.public_id)
    return merchant.public_id, store.public_id


def _names(written: dict[str, str]) -> dict[str, str]:
    """The names that were given, and under `name` what stands on the door: the first of them."""
    names = {language: text for language in written if (text := clean(written[language], limit=200))}
    return names | {"name": names.get("name") or next(iter(names.values()))} if names else {}


def _inside(region: Region, shop: NewShop) -> bool:
    margin = MARGIN_DEGREES
    return (
        region.west - margin <= shop.lon <= region.east + margin
        and region.south - margin <= shop.lat <= region.north + margin
    )


def _joined(merchant_ref: str | None, by: Person) -> Merchant | None:
    """The chain the store joins; None for a new merchant. Raises `Forbidden`."""
    if not merchant_ref:
        return None
    joinable = [MerchantState.APPLIED.value, MerchantState.APPROVED.value]
    merchant = Merchant.objects.filter(public_id=merchant_ref, state__in=joinable).first()
    if merchant is None or not has_right(by, Right.MANAGE_MERCHANT, merchant_ref):
        raise Forbidden
    return merchant


def _twin(names: dict[str, str], shop: NewShop, by: Person, at: datetime) -> Store | None:
    """The shop that the same form made a moment ago."""
    own = Store.objects.filter(
        merchant__staff__person=by,
        merchant__staff__revoked_at=None,
        state=StoreState.OPEN.value,
        names=names,
        osm_ref=None,
        updated_at__gt=at - SAME_WITHIN,
    ).select_related("merchant")
    here = Place(shop.lon, shop.lat)
    return next(
        (store for store in own if distance_m(here, Place(store.lon, store.lat)) <= SAME_WITHIN_M), None
    )
