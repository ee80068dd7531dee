"""The addresses a person keeps: at most `rules.ADDRESSES_MAX`, one of them the default."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime

from django.db import transaction

from hutong.kernel.locking import advisory
from hutong.kernel.text import clean
from hutong.town.people import rules
from hutong.town.people.models import Address, Person
from hutong.town.people.services import codes
from hutong.town.people.services.errors import AddressesFull, AddressInvalid, AddressUndoOver, AddressUnknown
from hutong.town.people.types import AddressText


def add_address(*, person: Person, text: AddressText, default: bool, at: datetime) -> Address:
    """Keep one more address; the first one is the default. Raises AddressInvalid, PhoneInvalid, AddressesFull."""
    fields = _fields(text)
    with transaction.atomic():
        advisory("people.addresses", person.pk)
        kept = Address.objects.filter(person=person, deleted_at=None).count()
        if kept >= rules.ADDRESSES_MAX:
            raise AddressesFull(limit=rules.ADDRESSES_MAX)
        added = Address.objects.create(person=person, created_at=at, updated_at=at, **fields)
        if default or not kept:
            _make_default(person, added.pk)
        return added


def change_address(
    *, person: Person, address_ref: str, text: AddressText, default: bool, at: datetime
) -> None:
    """Write an address anew; `default` makes it the default, its absence does not unmake it.

    What it was can be had back for `rules.ADDRESS_UNDO` (`undo_change`).
    Raises AddressUnknown, AddressInvalid, PhoneInvalid.
    """
    fields = _fields(text)
    with transaction.atomic():
        advisory("people.addresses", person.pk)
        found = Address.objects.filter(person=person, public_id=address_ref, deleted_at=None).first()
        if found is None:
            raise AddressUnknown
        first = Address.objects.filter(person=person, is_default=True).exclude(pk=found.pk).first()
        loses = first.public_id if default and first else ""
        former = {"text": {name: getattr(found, name) for name in fields}, "default": loses}
        Address.objects.filter(pk=found.pk).update(updated_at=at, former=former, **fields)
        if default:
            _make_default(person, found.pk)


def undo_change(*, person: Person, address_ref: str, at: datetime) -> None:
    """Write an address as it was before its last change; where that made it the default, the former one is it again.

    Raises AddressUnknown, and AddressUndoOver where nothing was changed within `rules.ADDRESS_UNDO`.
    """
    with transaction.atomic():
        advisory("people.addresses", person.pk)
        kept = Address.objects.filter(person=person, deleted_at=None)
        changed = kept.filter(public_id=address_ref).first()
        if changed is None:
            raise AddressUnknown
        former = changed.former if changed.updated_at > at - rules.ADDRESS_UNDO else None
        if former is None:
            raise AddressUndoOver
        kept.filter(pk=changed.pk).update(updated_at=at, former=None, **former["text"])
        first = kept.filter(public_id=former["default"]).first()
        if first is not None:
            _make_default(person, first.pk)


def default_address(*, person: Person, address_ref: str) -> None:
    """Make an address the default. Raises AddressUnknown."""
    with transaction.atomic():
        advisory("people.addresses", person.pk)
        kept = Address.objects.filter(person=person, public_id=address_ref, deleted_at=None).first()
        if kept is None:
            raise AddressUnknown
        _make_default(person, kept.pk)


def delete_address(*, person: Person, address_ref: str, at: datetime) -> None:
    """Delete an address; it can be brought back for `rules.ADDRESS_UNDO`, then the worker removes the row.

    The default passes to the address kept longest. Raises AddressUnknown.
    """
    with transaction.atomic():
        advisory("people.addresses", person.pk)
        kept = Address.objects.filter(person=person, deleted_at=None)
        if not kept.filter(public_id=address_ref).update(deleted_at=at, is_default=False):
            raise AddressUnknown
        heir = kept.order_by("-is_default", "pk").first()
        if heir is not None and not heir.is_default:
            _make_default(person, heir.pk)


def restore_address(*, person: Person, address_ref: str, at: datetime) -> None:
    """Bring an address back that was deleted a moment ago. Raises AddressUnknown, AddressesFull."""
    with transaction.atomic():
        advisory("people.addresses", person.pk)
        kept = Address.objects.filter(person=person, deleted_at=None).count()
        if kept >= rules.ADDRESSES_MAX:
            raise AddressesFull(limit=rules.ADDRESSES_MAX)
        gone = Address.objects.filter(
            person=person, public_id=address_ref, deleted_at__gt=at - rules.ADDRESS_UNDO
        )
        if not gone.update(deleted_at=None):
            raise AddressUnknown
        if not kept:
            _make_default(person, Address.objects.get(public_id=address_ref).pk)


def _make_default(person: Person, address_id: int) -> None:
    # The old default goes first: a unique index allows one.
    Address.objects.filter(person=person, is_default=True).exclude(pk=address_id).update(is_default=False)
    Address.objects.filter(pk=address_id).update(is_default=True)


def _fields(text: AddressText) -> dict[str, object]:
    """The columns of an address as they are stored. Raises AddressInvalid, PhoneInvalid."""
    fields: dict[str, object] = {}
    for name, value in asdict(text).items():
        limit = rules.ADDRESS_LIMITS.get(name)
        fields[name] = clean(value, limit=limit) if limit else value
    if not fields["street"] or not fields["city"]:
        raise AddressInvalid
    if fields["phone"]:
        fields["phone"] = codes.normalise_phone(str(fields["phone"]))
    if not rules.is_position(text.lon, text.lat):
        raise AddressInvalid
    return fields
