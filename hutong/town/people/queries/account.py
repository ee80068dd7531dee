"""Reads of a person's own pages: browsers, addresses, consents."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import F, FilteredRelation, Q, QuerySet

from hutong.kernel.rows import values
from hutong.kernel.secret import keyed_hex
from hutong.town.people import rules
from hutong.town.people.models import Address, ApiToken, ConsentEvent, Message, Person, SignIn, WechatId
from hutong.town.people.types import (
    AddressText,
    AddressView,
    ConsentKind,
    ConsentLine,
    ConsentState,
    SignInState,
    SignInView,
)

SESSION_PURPOSE = "people.session"


def person_in_session(*, person_id: int, session_key: str) -> tuple[Person, SignInState | None] | None:
    """The active person of a session with the sign-in that belongs to it, in one statement.

    None where the person is closed or gone; no sign-in where none was noted for this session.
    """
    wanted = Q(sign_ins__session_hmac=keyed_hex(SESSION_PURPOSE, session_key))
    person = (
        Person.objects.filter(pk=person_id, is_active=True)
        .annotate(held=FilteredRelation("sign_ins", condition=wanted))
        .annotate(
            sign_in_ref=F("held__public_id"),
            sign_in_ended_at=F("held__ended_at"),
            sign_in_seen_at=F("held__last_seen_at"),
            sign_in_proved_at=F("held__proved_at"),
        )
        .first()
    )
    if person is None:
        return None
    if person.sign_in_ref is None:
        return person, None
    state = SignInState(
        ref=person.sign_in_ref,
        ended=person.sign_in_ended_at is not None,
        last_seen_at=person.sign_in_seen_at,
        proved_at=person.sign_in_proved_at,
    )
    return person, state


def sign_ins_of(person: Person, at: datetime) -> list[SignInView]:
    """The browsers that are signed in as `person`, seen last first."""
    living = SignIn.objects.filter(person=person, ended_at=None, last_seen_at__gt=at - rules.SIGN_INS_KEPT)
    return [
        SignInView(
            ref=one.public_id,
            browser=one.browser,
            system=one.system,
            place=one.place,
            signed_in_at=one.signed_in_at,
            last_seen_at=one.last_seen_at,
        )
        for one in living.order_by("-last_seen_at", "-pk")
    ]


def addresses_of(person: Person) -> list[AddressView]:
    """The addresses of `person`, the default first, then in the order they were added."""
    kept = Address.objects.filter(person=person, deleted_at=None)
    return [_address(one) for one in kept.order_by("-is_default", "pk")]


def address_of(person: Person, address_ref: str) -> AddressView | None:
    """One address of `person`; None where it is not theirs or was deleted."""
    one = Address.objects.filter(person=person, public_id=address_ref, deleted_at=None).first()
    return _address(one) if one else None


def deleted_address(person: Person, address_ref: str, at: datetime) -> AddressView | None:
    """An address of `person` that was deleted and can still be brought back."""
    one = Address.objects.filter(
        person=person, public_id=address_ref, deleted_at__gt=at - rules.ADDRESS_UNDO
    ).first()
    return _address(one) if one else None


def changed_address(person: Person, address_ref: str, at: datetime) -> AddressView | None:
    """An address of `person` whose last change can still be undone, as it is now."""
    one = Address.objects.filter(
        person=person,
        public_id=address_ref,
        deleted_at=None,
        former__isnull=False,
        updated_at__gt=at - rules.ADDRESS_UNDO,
    ).first()
    return _address(one) if one else None


def consent_states(person: Person) -> dict[ConsentKind, ConsentState]:
    """Where each consent to the platform stands; one statement."""
    newest = ConsentEvent.objects.filter(person=person).order_by("kind", "-pk").distinct("kind")
    states = {kind: ConsentState(kind, False, "", None) for kind in ConsentKind}
    for event in newest:
        kind = ConsentKind(event.kind)
        states[kind] = ConsentState(kind, event.granted, event.version, event.at)
    return states


def consent_history(person: Person) -> list[ConsentLine]:
    """Everything `person` agreed to with the platform and took back, the newest first."""
    events = ConsentEvent.objects.filter(person=person).order_by("-pk")
    return [
        ConsentLine(ConsentKind(one.kind), one.granted, one.version, one.source, one.at) for one in events
    ]


def due_for_erasure(at: datetime, *, limit: int = 20) -> list[str]:
    """The people whose wait is over, who asked first comes first."""
    due = Person.objects.filter(erased_at=None, erase_after__lte=at).order_by("erase_after", "pk")
    return list(due.values_list("public_id", flat=True)[:limit])


def operates_alone(person: Person) -> bool:
    """Whether `person` is the only operator left."""
    others = Person.objects.filter(is_operator=True, is_active=True).exclude(pk=person.pk)
    return person.is_operator and not others.exists()


# What the person's own file tells of each table; secrets and hashes are not among it.
_TOLD: dict[str, tuple[str, ...]] = {
    "people.Person": (
        *("public_id", "phone", "email", "email_proved_at", "name", "language", "is_operator", "is_staff"),
        *("created_at", "last_login", "erase_after"),
    ),
    "people.Address": (
        *(
            "public_id",
            "label",
            "name",
            "phone",
            "street",
            "postcode",
            "city",
            "region",
            "note",
            "lon",
            "lat",
        ),
        *("is_default", "created_at", "updated_at", "deleted_at", "former"),
    ),
    "people.ConsentEvent": ("kind", "granted", "version", "source", "at"),
    "people.SignIn": ("public_id", "browser", "system", "place", "signed_in_at", "last_seen_at", "ended_at"),
    "people.ApiToken": (
        *("public_id", "kind", "name", "scopes", "created_at", "last_used_at", "expires_at", "revoked_at"),
    ),
    "people.WechatId": ("appid", "openid", "told_at"),
    "people.Message": ("to", "kind", "body", "created_at"),
}


def everything_about(person: Person) -> dict[str, list[dict[str, Any]]]:
    """All rows of this app about `person`, by model, without secrets: for the person's own file. Seven statements."""
    ways = [way for way in (person.phone, person.email) if way]
    found: dict[str, QuerySet[Any]] = {
        "people.Person": Person.objects.filter(pk=person.pk),
        "people.Address": Address.objects.filter(person=person),
        "people.ConsentEvent": ConsentEvent.objects.filter(person=person),
        "people.SignIn": SignIn.objects.filter(person=person),
        "people.ApiToken": ApiToken.objects.filter(Q(person=person) | Q(created_by=person.public_id)),
        "people.WechatId": WechatId.objects.filter(person=person),
        "people.Message": Message.objects.filter(to__in=ways),
    }
    return {model: values(rows, *_TOLD[model]) for model, rows in found.items()}


def _address(one: Address) -> AddressView:
    text = AddressText(
        label=one.label,
        name=one.name,
        phone=one.phone,
        street=one.street,
        postcode=one.postcode,
        city=one.city,
        region=one.region,
        note=one.note,
        lon=one.lon,
        lat=one.lat,
    )
    return AddressView(ref=one.public_id, text=text, is_default=one.is_default)
