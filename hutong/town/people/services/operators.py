"""Who runs the site: making somebody an operator, and ending it."""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from hutong.kernel import audit
from hutong.kernel.errors import Conflict, NotFound
from hutong.kernel.locking import advisory
from hutong.kernel.text import clean
from hutong.town.people.models import Person
from hutong.town.people.services.codes import normalise_phone
from hutong.town.people.services.errors import PersonBlocked


class NoSuchOperator(NotFound):
    """Nobody with this phone is an operator."""

    code = "no_such_operator"
    message = _("Nobody with this number is an operator.")


class LastOperator(Conflict):
    """Without an operator nobody can approve merchants or refund; it has to be meant."""

    code = "last_operator"
    message = _("This is the last operator: nobody could approve or refund any more. Make another one first.")


def grant_operator(*, phone: str, name: str = "", by: str, at: datetime) -> tuple[Person, bool]:
    """Make whoever owns `phone` an operator, made now where nobody does; and whether it changed anything.

    They sign in with a code like anybody. `by` is a public id, or "platform" for who sits at the server. A
    name that is given replaces the old one. Raises PhoneInvalid, PersonBlocked.
    """
    phone = normalise_phone(phone)
    with transaction.atomic():
        first_time = {"created_at": at, "password": make_password(None)}
        person, _made = Person.objects.get_or_create(phone=phone, defaults=first_time)
        if not person.is_active:
            raise PersonBlocked
        if wanted := clean(name, limit=120):
            Person.objects.filter(pk=person.pk).update(name=wanted)
        changed = bool(Person.objects.filter(pk=person.pk, is_operator=False).update(is_operator=True))
        if changed:
            audit.record(
                action="operator.granted",
                subject=person.public_id,
                by=by,
                at=at,
                before={"is_operator": False},
                after={"is_operator": True},
            )
    person.refresh_from_db()
    return person, changed


def revoke_operator(*, phone: str, force: bool = False, by: str, at: datetime) -> Person:
    """End somebody's being an operator, at once: their open pages are refused from the next request on.

    The last one stays unless `force`. Raises PhoneInvalid, NoSuchOperator, LastOperator.
    """
    phone = normalise_phone(phone)
    with transaction.atomic():
        # One at a time: two that see each other would leave nobody.
        advisory("people.operators", "site")
        person = Person.objects.filter(phone=phone, is_operator=True).first()
        if person is None:
            raise NoSuchOperator
        others = Person.objects.filter(is_operator=True, is_active=True).exclude(pk=person.pk)
        if not force and not others.exists():
            raise LastOperator
        # The back office is for operators: its door closes with it.
        Person.objects.filter(pk=person.pk).update(is_operator=False, is_staff=False, is_superuser=False)
        audit.record(
            action="operator.revoked",
            subject=person.public_id,
            by=by,
            at=at,
            before={"is_operator": True},
            after={"is_operator": False},
        )
    person.refresh_from_db()
    return person
