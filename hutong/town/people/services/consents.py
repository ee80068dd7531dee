"""What a person agreed to with the platform itself; merchants' memory is in `know/customers`."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from hutong.kernel.locking import advisory
from hutong.town.people.models import ConsentEvent, Person
from hutong.town.people.services.errors import ConsentNeeded
from hutong.town.people.types import ConsentKind


def give_consent(*, person: Person, kind: ConsentKind, version: str = "", source: str, at: datetime) -> bool:
    """Write down that `person` agrees from now on; False when they did already, to this `version`.

    `version` names the text of terms and privacy that was accepted; `source` where it was done (`account`,
    `sign_in`, `api`). Raises ConsentNeeded for marketing by e-mail without a proved address.
    """
    if kind is ConsentKind.MARKETING_EMAIL and person.email_proved_at is None:
        raise ConsentNeeded
    return _note(person, kind, True, version, source, at)


def withdraw_consent(*, person: Person, kind: ConsentKind, source: str, at: datetime) -> bool:
    """Write down that `person` takes a consent back; False when there was none."""
    return _note(person, kind, False, "", source, at)


def _note(person: Person, kind: ConsentKind, granted: bool, version: str, source: str, at: datetime) -> bool:
    with transaction.atomic():
        advisory("people.consents", person.pk)
        last = ConsentEvent.objects.filter(person=person, kind=kind.value).order_by("-pk").first()
        stands = (last.granted, last.version) if last else (False, "")
        if stands == (granted, version) or not (granted or stands[0]):
            return False
        ConsentEvent.objects.create(
            person=person, kind=kind.value, granted=granted, version=version, source=source, at=at
        )
        return True
