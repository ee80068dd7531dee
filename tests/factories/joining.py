"""Claims, invitations and pairings for tests; and what was sent to a shop."""

from __future__ import annotations

import io
import re
from datetime import datetime

from PIL import Image

from hutong.town.merchants import services
from hutong.town.merchants.models import Merchant, Store
from hutong.town.merchants.types import ClaimMethod, NewShop, Role
from hutong.town.people import queries
from hutong.town.people.models import Person
from tests.factories import merchants

SHOP_PHONE = "+358912345678"


def listing(*, phone: str = SHOP_PHONE, website: str = "", email: str = "", name: str = "Kahvila") -> Store:
    """A place out of the extract that nobody has claimed, with ways to prove it."""
    made = merchants.listing(name=name, osm_ref=f"node/{Store.objects.count() + 1}")
    Store.objects.filter(pk=made.pk).update(phone=phone, website=website, email=email)
    made.refresh_from_db()
    return made


def start(
    store: Store,
    person: Person,
    *,
    at: datetime,
    method: ClaimMethod = ClaimMethod.PHONE,
    email: str = "",
    merchant: Merchant | None = None,
) -> str:
    """A claim for which a code was sent."""
    return services.start_claim(
        store_ref=store.public_id,
        merchant_ref=merchant.public_id if merchant else None,
        method=method,
        email=email,
        by=person,
        address="127.0.0.1",
        language="en",
        at=at,
    )


def told(to: str) -> str:
    """The code in the newest message to a phone or mailbox."""
    found = re.search(r"\b[0-9]{6}\b", queries.messages(1, to=to)[0].body)
    assert found
    return found[0]


def submit(store: Store, person: Person, *, at: datetime, data: bytes = b"%PDF-1.7 a lease") -> str:
    """A claim that waits for the operator with a document."""
    return services.submit_document(
        store_ref=store.public_id,
        merchant_ref=None,
        data=data,
        note="The lease.",
        by=person,
        address="127.0.0.1",
        at=at,
    )


def new_shop(*, name: str = "Uusi Kahvila", lon: float = 24.945, lat: float = 60.17) -> NewShop:
    """A shop that no extract knows; its category is made."""
    return NewShop(
        names={"en": name},
        category_slug=merchants.category().slug,
        address="Uusikatu 1",
        postcode="00100",
        city="Helsinki",
        lon=lon,
        lat=lat,
        phone="+358401111111",
    )


def sign_up(person: Person, *, at: datetime, region_ref: str, merchant_ref: str | None = None) -> str:
    """The ref of a store that a person signed up."""
    _merchant, store_ref = services.sign_up(
        region_ref=region_ref,
        shop=new_shop(),
        merchant_ref=merchant_ref,
        legal_name="Uusi Kahvila Oy",
        business_id="1234567-8",
        email="",
        by=person,
        at=at,
    )
    return store_ref


def invitation(
    merchant: Merchant,
    by: Person,
    *,
    at: datetime,
    role: Role = Role.CASHIER,
    to: str = "",
    store: Store | None = None,
) -> tuple[str, str]:
    """An invitation's ref and key."""
    ref = services.invite(
        merchant_ref=merchant.public_id,
        store_ref=store.public_id if store else None,
        role=role,
        to=to,
        by=by,
        at=at,
    )
    return ref, services.invitation_key(ref)


def photo() -> bytes:
    """A JPEG with a place in its Exif data."""
    image = Image.new("RGB", (640, 480), "white")
    exif = Image.Exif()
    exif[0x010E] = "a secret place"
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", exif=exif)
    return buffer.getvalue()
