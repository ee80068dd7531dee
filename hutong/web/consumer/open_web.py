"""What search engines and messengers read of a page: its one address, its languages, its card, its facts.

The facts are JSON-LD in the vocabulary of schema.org. A page says nothing there that it does not show.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.urls.converters import StringConverter
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from pypinyin import lazy_pinyin

from hutong.attract.reviews.types import Summary
from hutong.attract.search.types import DealCard
from hutong.kernel import clock
from hutong.kernel.money import Money
from hutong.kernel.text import fold, pick
from hutong.town.catalog.types import OfferView
from hutong.town.merchants.rules import week_hours
from hutong.town.merchants.types import DayHours, StoreView
from hutong.town.pictures.types import Cover
from hutong.town.regions.types import RegionView
from hutong.web.shell.languages import PARAMETER, tag
from hutong.web.shell.templatetags.pictures import file_url

MOST_SLUG = 60
MOST_PICTURES = 6
MOST_NAMED = 5
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
# The type of schema.org that says most of a store, by its category, else by the group; all are LocalBusiness.
_TYPES = {
    "food": "Restaurant",
    "fast-food": "FastFoodRestaurant",
    "cafe": "CafeOrCoffeeShop",
    "bakery": "Bakery",
    "nightlife": "NightClub",
    "bar": "BarOrPub",
    "beauty": "BeautySalon",
    "hairdresser": "HairSalon",
    "massage": "DaySpa",
    "pharmacy": "Pharmacy",
    "hotel": "Hotel",
}


class StoreRef(StringConverter):
    """The public id of a store as part of an address."""

    regex = r"sto_[0-9a-z]{26}"


class OfferRef(StringConverter):
    """The public id of an offer as part of an address."""

    regex = r"off_[0-9a-z]{26}"


@dataclass(frozen=True, slots=True)
class OpenWeb:
    """The head of a page for machines. Addresses are whole. `facts` are JSON-LD; `indexed` whether to list the page."""

    title: str
    description: str
    canonical: str
    alternates: tuple[tuple[str, str], ...]
    kind: str = "website"
    image: Mapping[str, Any] | None = None
    facts: Sequence[Mapping[str, Any]] = field(default_factory=tuple)
    indexed: bool = True


def slug_of(names: Mapping[str, str], language: str) -> str:
    """A name as part of an address, in letters that every address may have; Chinese by its sound.

    "Café Ääni" is `cafe-aani`, 兰州拉面 is `lan-zhou-la-mian`; "-" where nothing is left.
    """
    spelled = " ".join(lazy_pinyin(pick(names, language)))
    return "-".join(re.findall(r"[a-z0-9]+", fold(spelled)))[:MOST_SLUG].strip("-") or "-"


def store_path(store_ref: str, names: Mapping[str, str]) -> str:
    """The address of a store with its name in the site's usual language."""
    return reverse("store_named", args=[slug_of(names, settings.LANGUAGE_CODE), store_ref])


def deal_path(offer_ref: str, titles: Mapping[str, str]) -> str:
    """The address of a deal with its title in the site's usual language."""
    return reverse("deal_named", args=[slug_of(titles, settings.LANGUAGE_CODE), offer_ref])


def absolute(path: str) -> str:
    """A path of this site as a whole address."""
    return f"{settings.HUTONG_SITE_URL}{path}"


def alternates(path: str) -> tuple[tuple[str, str], ...]:
    """The page in each language of the site, and without one for whoever speaks none of them."""
    joint = "&" if "?" in path else "?"
    return (
        *((tag(code), absolute(f"{path}{joint}{PARAMETER}={code}")) for code, _name in settings.LANGUAGES),
        ("x-default", absolute(path)),
    )


def about(
    request: HttpRequest, path: str, *, title: str, description: str, indexed: bool = True, **more: Any
) -> OpenWeb:
    """The head of a page whose one address is `path`; the language is part of it where it was asked for."""
    asked = request.GET.get(PARAMETER, "")
    joint = "&" if "?" in path else "?"
    own = f"{path}{joint}{PARAMETER}={asked}" if asked in dict(settings.LANGUAGES) else path
    return OpenWeb(
        title=title,
        description=description,
        canonical=absolute(own),
        alternates=alternates(path),
        indexed=indexed,
        **more,
    )


def about_site(request: HttpRequest, region: RegionView) -> OpenWeb:
    """The head of the home page, with the address by which a search engine may search here itself."""
    language = get_language() or settings.LANGUAGE_CODE
    home = absolute(reverse("home"))
    search = {
        "@type": "SearchAction",
        "target": {
            "@type": "EntryPoint",
            "urlTemplate": f"{absolute(reverse('nearby'))}?q={{search_term_string}}",
        },
        "query-input": "required name=search_term_string",
    }
    facts = {
        "@context": "https://schema.org",
        "@type": "WebSite",
        "@id": home,
        "url": home,
        "name": settings.HUTONG_SITE_NAME,
        "inLanguage": [tag(code) for code, _name in settings.LANGUAGES],
        "potentialAction": search,
    }
    title = f"{settings.HUTONG_SITE_NAME} · {pick(region.names, language)}"
    return about(
        request, reverse("home"), title=title, description=_("Deals of the shops around you"), facts=[facts]
    )


def about_list(
    request: HttpRequest,
    path: str,
    *,
    names: Mapping[str, str] | None,
    place: Mapping[str, str],
    found: Sequence[tuple[Mapping[str, str], str]],
    indexed: bool,
    deals: bool,
) -> OpenWeb:
    """The head of a list of shops or deals around a place; `names` are those of its category, `found` names and paths."""
    language = get_language() or settings.LANGUAGE_CODE
    what = pick(names, language) if names else _("Deals") if deals else _("Shops")
    title = f"{what} · {pick(place, language)}"
    entries: list[dict[str, Any]] = [
        {
            "@type": "ListItem",
            "position": number,
            "url": absolute(listed),
            "name": pick(called, language),
        }
        for number, (called, listed) in enumerate(found, start=1)
    ]
    facts = {
        "@context": "https://schema.org",
        "@type": "ItemList",
        "name": title,
        "url": absolute(path),
        "numberOfItems": len(entries),
        "itemListElement": entries,
    }
    shown = " · ".join(dict.fromkeys(entry["name"] for entry in entries[:MOST_NAMED]))
    return about(
        request,
        path,
        title=title,
        description=shown or title,
        facts=[facts] if indexed else [],
        indexed=indexed,
    )


def about_store(
    request: HttpRequest,
    store: StoreView,
    pictures: Sequence[Cover],
    *,
    deals: Sequence[DealCard],
    rating: Summary,
    at: datetime,
) -> OpenWeb:
    """The head of a store's page, with the hours of seven days from `at`; `deals` are those shown."""
    language, path = get_language() or settings.LANGUAGE_CODE, store_path(store.ref, store.names)
    category = pick(store.category.names, language)
    facts: dict[str, Any] = {
        "@context": "https://schema.org",
        **_business(store.ref, store.names, language),
        "@type": _TYPES.get(store.category.slug)
        or _TYPES.get(store.group.slug if store.group else "")
        or "LocalBusiness",
        "description": pick(store.descriptions, language) if store.descriptions else category,
        "geo": {"@type": "GeoCoordinates", "latitude": store.lat, "longitude": store.lon},
        "address": {
            "@type": "PostalAddress",
            "streetAddress": store.address,
            "postalCode": store.postcode,
            "addressLocality": store.city,
        },
    }
    for name, value in (("telephone", store.phone), ("sameAs", store.website), ("image", _images(pictures))):
        if value:
            facts[name] = value
    today = clock.local(at, store.zone).date()
    week = week_hours(store.opening_hours, zone=store.zone, first_on=today, lon=store.lon, lat=store.lat)
    if week:
        facts["openingHoursSpecification"] = _hours(week)
    if rating.mean is not None:
        facts["aggregateRating"] = _stars(rating.mean, rating.count)
    if deals:
        facts["makesOffer"] = [
            {
                "@type": "Offer",
                "name": deal.title(language),
                "url": absolute(deal_path(deal.offer_ref, deal.titles)),
                **_price(deal.price),
            }
            for deal in deals
        ]
    place = f"{category} · {store.address}" if store.address else category
    return about(
        request,
        path,
        title=pick(store.names, language),
        description=place,
        kind="place",
        image=_card_image(pictures, language),
        facts=[facts],
    )


def about_deal(
    request: HttpRequest, offer: OfferView, pictures: Sequence[Cover], *, on_sale: bool, sold_out: bool
) -> OpenWeb:
    """The head of a deal's page; one that cannot be bought any more is not to be listed."""
    language, path = get_language() or settings.LANGUAGE_CODE, deal_path(offer.ref, offer.titles)
    title = pick(offer.titles, language)
    shops = [_business(store.ref, store.names, language) for store in offer.stores if store.open]
    available = "SoldOut" if sold_out else "InStock" if on_sale else "Discontinued"
    price: dict[str, Any] = {
        "@type": "Offer",
        "url": absolute(path),
        **_price(offer.price),
        "availability": f"https://schema.org/{available}",
        "validFrom": offer.starts_at.isoformat(),
        "seller": {"@type": "Organization", "name": pick(offer.merchant_names, language)},
    }
    if shops:
        price["availableAtOrFrom"] = shops
    if offer.ends_at:
        price["priceValidUntil"] = offer.ends_at.isoformat()
    facts: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": "Product",
        "@id": absolute(path),
        "name": title,
        "offers": price,
    }
    described = pick(offer.descriptions, language) if offer.descriptions else ""
    for name, value in (("description", described), ("image", _images(pictures))):
        if value:
            facts[name] = value
    where = pick(offer.stores[0].names, language) if offer.stores else pick(offer.merchant_names, language)
    return about(
        request,
        path,
        title=title,
        description=described or where,
        kind="product",
        image=_card_image(pictures, language),
        facts=[facts],
        indexed=on_sale,
    )


def _business(ref: str, names: Mapping[str, str], language: str) -> dict[str, Any]:
    url = absolute(store_path(ref, names))
    return {"@type": "LocalBusiness", "@id": url, "url": url, "name": pick(names, language)}


def _price(price: Money) -> dict[str, str]:
    return {"price": price.major_text, "priceCurrency": price.unit}


def _stars(mean: float, count: int) -> dict[str, Any]:
    return {
        "@type": "AggregateRating",
        "ratingValue": f"{mean:.1f}",
        "reviewCount": count,
        "bestRating": "5",
        "worstRating": "1",
    }


def _hours(week: Sequence[DayHours]) -> list[dict[str, str]]:
    return [
        {
            "@type": "OpeningHoursSpecification",
            "dayOfWeek": _DAYS[day.on.weekday()],
            "opens": f"{starts_at:%H:%M}",
            "closes": f"{ends_at:%H:%M}",
            "validFrom": day.on.isoformat(),
            "validThrough": day.on.isoformat(),
        }
        for day in week
        for starts_at, ends_at in day.spans
    ]


def _images(pictures: Sequence[Cover]) -> list[str]:
    return [absolute(file_url(one.variants[-1].jpeg)) for one in pictures[:MOST_PICTURES]]


def _card_image(pictures: Sequence[Cover], language: str) -> Mapping[str, Any] | None:
    """The cover for a messenger's card, which wants a JPEG of more than 600 pixels."""
    if not pictures:
        return None
    widest = pictures[0].variants[-1]
    return {
        "url": absolute(file_url(widest.jpeg)),
        "width": widest.width,
        "height": widest.height,
        "alt": pick(pictures[0].alts, language) if pictures[0].alts else "",
    }
