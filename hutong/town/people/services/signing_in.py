"""Signing in, and the browsers that stay signed in."""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth.hashers import make_password
from django.db import transaction

from hutong.kernel import audit
from hutong.kernel.secret import keyed_hex
from hutong.town.people import rules
from hutong.town.people.models import ApiToken, Person, SignIn
from hutong.town.people.queries import SESSION_PURPOSE
from hutong.town.people.services import codes
from hutong.town.people.services.errors import PersonBlocked
from hutong.town.people.types import CodePurpose, Language


def sign_in(*, phone: str, code: str, language: str, address: str, at: datetime) -> Person:
    """The person who owns `phone`, made now if it is their first time, once `code` proves the phone.

    An erasure that was asked for and is not done yet is called off: then `erase_after` of the answer is when it
    would have been. Raises PhoneInvalid, CodeWrong (a try is spent, even if this request fails afterwards),
    CodeExpired, PersonBlocked, TooMany. Must not run inside a transaction that could undo the spent try.
    """
    phone = codes.normalise_phone(phone)
    codes.spend_people("guess.address", address, rules.GUESSES_PER_ADDRESS, at)
    with transaction.atomic(durable=True):
        tried = codes.guess(sent_to=phone, code=code, purpose=CodePurpose.SIGN_IN, at=at)
        person = _person_with(phone, language, at) if tried and tried[0] else None
    codes.refuse_wrong(tried)
    assert person is not None, "a right code always finds or makes somebody"
    if not person.is_active:
        raise PersonBlocked()
    return person


def open_sign_in(
    *, person: Person, session_key: str, agent: str, address: str, proved: bool, at: datetime
) -> SignIn:
    """Note that a browser is signed in as `person`. `proved` says that a code was entered just now.

    The session's key is kept as a keyed hash, of `agent` only the names of browser and system, of `address`
    only its first half.
    """
    browser, system = rules.browser_of(agent)
    opened, _made = SignIn.objects.get_or_create(
        session_hmac=keyed_hex(SESSION_PURPOSE, session_key),
        defaults={
            "person": person,
            "browser": browser,
            "system": system,
            "place": rules.mask_address(address),
            "signed_in_at": at,
            "last_seen_at": at,
            "proved_at": at if proved else None,
        },
    )
    return opened


def touch_sign_in(*, sign_in_ref: str, address: str, at: datetime) -> None:
    """Note that a browser was seen, at most once in `rules.SIGN_IN_TOUCH_EVERY` however many requests it makes."""
    stale = SignIn.objects.filter(public_id=sign_in_ref, last_seen_at__lte=at - rules.SIGN_IN_TOUCH_EVERY)
    stale.update(last_seen_at=at, place=rules.mask_address(address))


def prove_again(*, person: Person, sign_in_ref: str, code: str, address: str, at: datetime) -> None:
    """Note that a code of purpose CONFIRM was entered in this browser. Raises as `codes.try_code`."""
    codes.try_code(sent_to=person.phone or "", code=code, purpose=CodePurpose.CONFIRM, address=address, at=at)
    SignIn.objects.filter(public_id=sign_in_ref, person=person, ended_at=None).update(proved_at=at)


def end_sign_in(*, person: Person, sign_in_ref: str, by: Person, at: datetime) -> bool:
    """Log one browser of `person` out; False where it is not signed in (any more), or not theirs."""
    with transaction.atomic():
        living = SignIn.objects.filter(public_id=sign_in_ref, person=person, ended_at=None)
        if not living.update(ended_at=at, ended_by=by.public_id):
            return False
        audit.record(action="person.signed_out", subject=sign_in_ref, by=by.public_id, at=at)
        return True


def end_sign_ins(*, person: Person, but_ref: str = "", by: Person, at: datetime, tokens: bool = False) -> int:
    """Log all browsers of `person` out but `but_ref`, with `tokens` their API tokens too; how many ended."""
    with transaction.atomic():
        living = SignIn.objects.filter(person=person, ended_at=None).exclude(public_id=but_ref)
        ended = living.update(ended_at=at, ended_by=by.public_id)
        if tokens:
            own = ApiToken.objects.filter(person=person, revoked_at=None)
            ended += own.update(revoked_at=at, revoked_by=by.public_id)
        if ended:
            audit.record(
                action="person.signed_out_elsewhere",
                subject=person.public_id,
                by=by.public_id,
                at=at,
                after={"ended": ended},
            )
        return ended


def close_sign_in(*, sign_in_ref: str, at: datetime) -> None:
    """The browser itself signed out."""
    living = SignIn.objects.filter(public_id=sign_in_ref, ended_at=None).select_related("person").first()
    if living is not None:
        still = SignIn.objects.filter(pk=living.pk, ended_at=None)
        still.update(ended_at=at, ended_by=living.person.public_id)


def _person_with(phone: str, language: str, at: datetime) -> Person:
    """Whoever has `phone`. An erasure that is waiting ends, unless it was faster: then this is somebody new."""
    spoken = language if language in set(Language) else Language.EN.value
    first_time = {"language": spoken, "created_at": at, "password": make_password(None)}
    person, _made = Person.objects.get_or_create(phone=phone, defaults=first_time)
    if person.erase_after is None:
        return person
    waiting = Person.objects.filter(pk=person.pk, phone=phone, erase_after__isnull=False)
    if waiting.update(erase_after=None):
        audit.record(action="person.erasure_called_off", subject=person.public_id, by=person.public_id, at=at)
        return person
    return Person.objects.get_or_create(phone=phone, defaults=first_time)[0]
