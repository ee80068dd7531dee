"""What a person says about themselves: name, language, phone, e-mail address."""

from __future__ import annotations

from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils.translation import gettext, override

from hutong.kernel import audit
from hutong.kernel.text import clean, mask_phone
from hutong.town.people.models import OneTimeCode, Person
from hutong.town.people.senders import chosen_sender
from hutong.town.people.services import codes, signing_in
from hutong.town.people.services.errors import EmailTaken, PhoneSame, PhoneTaken
from hutong.town.people.types import CodePurpose, CodeSent, Language


def set_language(*, person: Person, language: str) -> None:
    """Speak to `person` in `language` from now on; a language we do not have leaves it as it is."""
    if language in set(Language):
        Person.objects.filter(pk=person.pk).update(language=language)


def rename_person(*, person: Person, name: str) -> None:
    """Write down what `person` wants to be called (at most 120 characters are kept)."""
    Person.objects.filter(pk=person.pk).update(name=clean(name, limit=120))


def ask_new_phone(*, person: Person, phone: str, address: str, at: datetime) -> CodeSent:
    """Send a code to the phone a person wants to change to. Raises as `send_code`, and PhoneSame.

    Whether somebody has that number already is told only to who proves it.
    """
    if codes.normalise_phone(phone) == person.phone:
        raise PhoneSame
    return codes.send_code(phone=phone, address=address, at=at, purpose=CodePurpose.NEW_PHONE)


def change_phone(
    *, person: Person, phone: str, code: str, sign_in_ref: str, address: str, at: datetime
) -> Person:
    """`person` is known by `phone` from now on, once `code` proves it; every other browser and token ends.

    The number they had before is told about it by a text message. Raises PhoneInvalid, CodeWrong, CodeExpired,
    TooMany, PhoneTaken. Must not run inside a transaction: the spent try has to survive, and the sender may be
    slow.
    """
    phone = codes.normalise_phone(phone)
    former = person.phone
    codes.try_code(sent_to=phone, code=code, purpose=CodePurpose.NEW_PHONE, address=address, at=at)
    try:
        with transaction.atomic():
            Person.objects.filter(pk=person.pk).update(phone=phone)
            OneTimeCode.objects.filter(sent_to=former or "").delete()
            signing_in.end_sign_ins(person=person, but_ref=sign_in_ref, by=person, at=at, tokens=True)
            # No numbers here: the log outlives an erasure.
            audit.record(action="person.phone_changed", subject=person.public_id, by=person.public_id, at=at)
    except IntegrityError as error:
        raise PhoneTaken from error
    if former:
        _tell_former_phone(person, former, phone, at)
    person.refresh_from_db()
    return person


def prove_email(*, person: Person, email: str, code: str, address: str, at: datetime) -> Person:
    """`person` is reached at `email` from now on, once `code` proves it.

    Raises EmailInvalid, CodeWrong, CodeExpired, TooMany, EmailTaken. Must not run inside a transaction.
    """
    email = codes.normalise_email(email)
    codes.try_code(sent_to=email, code=code, purpose=CodePurpose.EMAIL, address=address, at=at)
    try:
        with transaction.atomic():
            Person.objects.filter(pk=person.pk).update(email=email, email_proved_at=at)
            audit.record(action="person.email_changed", subject=person.public_id, by=person.public_id, at=at)
    except IntegrityError as error:
        raise EmailTaken from error
    person.refresh_from_db()
    return person


def remove_email(*, person: Person, at: datetime) -> bool:
    """Forget the e-mail address; False when there was none."""
    with transaction.atomic():
        known = Person.objects.filter(pk=person.pk, email__isnull=False)
        if not known.update(email=None, email_proved_at=None):
            return False
        audit.record(action="person.email_removed", subject=person.public_id, by=person.public_id, at=at)
        return True


def _tell_former_phone(person: Person, former: str, phone: str, at: datetime) -> None:
    with override(person.language):
        body = gettext(
            "The number of your Hutong account was changed to %(phone)s. "
            "If that was not you, write to the platform at once."
        )
        chosen_sender().send(to=former, body=body % {"phone": mask_phone(phone)}, at=at)
