"""Facts of a store, as its own people set them: names, category, how to reach it, where it is."""

import re
from dataclasses import asdict
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from hutong.kernel import audit
from hutong.kernel.errors import Forbidden, Invalid, NotFound
from hutong.kernel.geo import Place, distance_m
from hutong.kernel.text import clean, mask_email, mask_phone
from hutong.town.merchants.models import Category, Store
from hutong.town.merchants.queries import has_right
from hutong.town.merchants.services.placing import place_in_regions
from hutong.town.merchants.types import Right, StoreFacts
from hutong.town.people.models import Person

LIMITS = {"phone": 60, "website": 500, "address": 300, "postcode": 20, "city": 100}
MAX_NAME = 120
LANGUAGES = ("name", "en", "zh-Hans")
# A store that moves goes around the corner; one that moves further is another store.
FURTHEST_MOVE_M = 20_000
_PHONE = re.compile(r"[+0-9 ()./-]{4,60}")


class FactsInvalid(Invalid):
    """A fact of a store that cannot be stored; `field` says which."""

    code = "facts_invalid"
    message = _("Please check the marked field.")


class MovedTooFar(Invalid):
    """A store may not be moved to another town."""

    code = "moved_too_far"
    message = _("This position is more than 20 km away. A store elsewhere is a new store.")


def set_facts(*, store_ref: str, facts: StoreFacts, by: Person, at: datetime) -> bool:
    """Set what shoppers read of a store at once; whether that changed anything.

    Raises `NotFound`, `Forbidden`, `FactsInvalid`, `MovedTooFar`, `PlaceInvalid`.
    """
    there, wanted = Place(facts.lon, facts.lat), _checked(facts)
    with transaction.atomic():
        rows = Store.objects.select_for_update(of=("self",)).select_related("merchant", "category")
        store = rows.filter(public_id=store_ref).first()
        if store is None or store.merchant is None:
            raise NotFound
        merchant_ref = store.merchant.public_id
        if not by.is_operator and not has_right(by, Right.EDIT_STORE, merchant_ref, store_ref):
            raise Forbidden
        category = Category.objects.filter(slug=facts.category_slug, parent__isnull=False).first()
        if category is None:
            raise FactsInvalid(field="category")
        if not by.is_operator and distance_m(Place(store.lon, store.lat), there) > FURTHEST_MOVE_M:
            raise MovedTooFar
        # Names in other languages, which the import brought, stay as they are.
        kept = {key: name for key, name in store.names.items() if key not in LANGUAGES}
        wanted["names"] = {**wanted["names"], **kept}
        before = {name: getattr(store, name) for name in wanted} | {"category": store.category.slug}
        after = wanted | {"category": category.slug}
        if before == after:
            return False
        Store.objects.filter(pk=store.pk).update(**wanted, category=category, updated_at=at)
        if (store.lon, store.lat) != (facts.lon, facts.lat):
            place_in_regions(store_refs=[store_ref])
        audit.record(
            action="store.facts_changed",
            subject=store_ref,
            by=by.public_id,
            at=at,
            before=_masked(before),
            after=_masked(after, unlike=before),
            merchant=merchant_ref,
        )
    return True


def _checked(facts: StoreFacts) -> dict[str, Any]:
    names = {key: clean(name, limit=MAX_NAME) for key, name in facts.names.items() if key in LANGUAGES}
    names = {key: name for key, name in names.items() if name}
    if "name" not in names:
        raise FactsInvalid(field="name")
    wanted: dict[str, Any] = {
        name: clean(str(value), limit=LIMITS[name]) for name, value in asdict(facts).items() if name in LIMITS
    }
    if wanted["phone"] and not _PHONE.fullmatch(wanted["phone"]):
        raise FactsInvalid(field="phone")
    address = urlsplit(wanted["website"])
    if wanted["website"] and (address.scheme not in ("http", "https") or "." not in address.netloc):
        raise FactsInvalid(field="website")
    email = facts.email.strip()
    if email:
        try:
            validate_email(email)
        except ValidationError as error:
            raise FactsInvalid(field="email") from error
    return wanted | {"names": names, "email": email, "lon": facts.lon, "lat": facts.lat}


def _masked(facts: dict[str, Any], unlike: dict[str, Any] | None = None) -> dict[str, Any]:
    """Facts as the log may hold them; a number that changed behind the same mask is marked."""
    shown = dict(facts)
    for name, mask in (("phone", mask_phone), ("email", mask_email)):
        if facts[name]:
            shown[name] = mask(facts[name])
            if unlike and unlike[name] != facts[name] and mask(unlike[name] or "") == shown[name]:
                shown[name] += " *"
    return shown
