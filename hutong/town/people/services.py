"""Writes of `people`: sending codes, signing in, giving out and revoking tokens."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from datetime import datetime

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from hutong.kernel.budget import spend
from hutong.kernel.errors import Forbidden, Invalid
from hutong.kernel.rows import row
from hutong.kernel.secret import keyed_hex, new_token
from hutong.kernel.text import clean

from . import rules
from .models import ApiToken, OneTimeCode
from .models import Person as Person  # noqa: PLC0414  # the type that rooms above may name
from .queries import TOKEN_PURPOSE, token_by_plain
from .senders import chosen_sender
from .types import CodeSent, Language, TokenKind, TokenSubject

CODE_PURPOSE = "people.code"

# The whole guess is one statement, so that 50 guesses at one moment are 50 in a row for the row lock:
# a wrong one costs a try, the right one uses the code up, and neither happens once the tries are spent.
GUESS_SQL = """
UPDATE people_onetimecode
SET used_at = CASE WHEN code_hmac = %(guess)s THEN %(at)s END,
    tries_left = CASE WHEN code_hmac = %(guess)s THEN tries_left ELSE tries_left - 1 END
WHERE id = (SELECT id FROM people_onetimecode WHERE phone = %(phone)s ORDER BY id DESC LIMIT 1)
  AND tries_left > 0 AND used_at IS NULL AND expires_at > %(at)s
RETURNING used_at IS NOT NULL AS right, tries_left
"""


class PhoneInvalid(Invalid):
    """What was written is no phone number; the message shows one that is."""

    code = "phone_invalid"
    message = _("This is not a phone number.")


class CodeWrong(Invalid):
    """The code is not the one that was sent. `tries_left` says how many tries remain."""

    code = "code_wrong"
    message = _("This code is not right. Look at the message again.")


class CodeExpired(Invalid):
    """There is no code to try: none was sent, or it is used, too old, or out of tries."""

    code = "code_expired"
    status = 410
    message = _("This code no longer works. Ask for a new one.")


class PersonBlocked(Forbidden):
    """The phone was proved, but the operator has closed this person's access."""

    code = "person_blocked"
    message = _("This account is closed. Please contact the platform.")


def normalise_phone(written: str) -> str:
    """`written` in E.164 form; the country of the site is assumed without a prefix. Raises PhoneInvalid."""
    country: str = settings.HUTONG_PHONE_COUNTRY
    phone = rules.normalise_phone(written, country=country)
    if phone is None:
        text = gettext("This is not a phone number we can send a code to. Write it like %(example)s.")
        raise PhoneInvalid(text % {"example": rules.example_phone(country)})
    return phone


def send_code(*, phone: str, address: str, at: datetime) -> CodeSent:
    """Send a new one-time code to `phone`, in the language that is active.

    The answer is the same whether or not the phone belongs to somebody. `address` is the client's network
    address. Raises PhoneInvalid, and TooMany when the phone or the address has asked too often this hour.
    Must not run inside a transaction: the budget has to survive, and the sender may be slow.
    """
    phone = normalise_phone(phone)
    _spend("code.address", address, rules.CODES_PER_ADDRESS, at)
    _spend("code.phone", phone, rules.CODES_PER_PHONE, at)
    code = f"{secrets.randbelow(10**rules.CODE_DIGITS):0{rules.CODE_DIGITS}d}"
    expires_at = at + rules.CODE_LIFETIME
    OneTimeCode.objects.create(
        phone=phone,
        code_hmac=_code_hmac(phone, code),
        tries_left=rules.CODE_TRIES,
        created_at=at,
        expires_at=expires_at,
    )
    body = gettext(
        "%(code)s is your Hutong code. It works for 5 minutes. Nobody from Hutong will ask for it."
    )
    chosen_sender().send(to=phone, body=body % {"code": code}, at=at)
    return CodeSent(phone=phone, expires_at=expires_at)


def sign_in(*, phone: str, code: str, language: str, address: str, at: datetime) -> Person:
    """The person who owns `phone`, made now if it is their first time, once `code` proves the phone.

    Raises PhoneInvalid, CodeWrong (a try is spent, even if this request fails afterwards), CodeExpired,
    PersonBlocked, TooMany. Must not run inside a transaction that could undo the spent try.
    """
    phone = normalise_phone(phone)
    _spend("guess.address", address, rules.GUESSES_PER_ADDRESS, at)
    guess = _code_hmac(phone, "".join(code.split()))
    with transaction.atomic(durable=True):
        tried = row(GUESS_SQL, {"guess": guess, "phone": phone, "at": at})
        person = _person_with(phone, language, at) if tried and tried["right"] else None
    if tried is None:
        raise CodeExpired()
    if person is None:
        raise CodeWrong(tries_left=tried["tries_left"])
    if not person.is_active:
        raise PersonBlocked()
    return person


def set_language(*, person: Person, language: str) -> None:
    """Speak to `person` in `language` from now on; a language we do not have leaves it as it is."""
    if language in set(Language):
        Person.objects.filter(pk=person.pk).update(language=language)


def rename_person(*, person: Person, name: str) -> None:
    """Write down what `person` wants to be called (at most 120 characters are kept)."""
    Person.objects.filter(pk=person.pk).update(name=clean(name, limit=120))


def issue_token(
    *,
    kind: TokenKind,
    subject_ref: str,
    person: Person | None = None,
    scopes: Iterable[str],
    name: str,
    by: Person,
    at: datetime,
    expires_at: datetime | None = None,
) -> tuple[ApiToken, str]:
    """A new token and its plain text, which nobody can ever read again.

    `person` belongs to a token of kind PERSON and to no other (the table checks it). Whether `by` may give
    out such a token is the caller's question.
    """
    plain = new_token(kind.value[:3])
    token = ApiToken.objects.create(
        token_hmac=keyed_hex(TOKEN_PURPOSE, plain),
        kind=kind.value,
        subject_ref=subject_ref,
        person=person,
        scopes=sorted(set(scopes)),
        name=clean(name, limit=120),
        created_by=by.public_id,
        created_at=at,
        expires_at=expires_at,
    )
    return token, plain


def revoke_token(*, token_ref: str, by: Person | None, at: datetime) -> bool:
    """Kill a token at once; True if it was alive. Whether `by` may is the caller's question.

    `by` is None when the token itself asked for its end.
    """
    alive = ApiToken.objects.filter(public_id=token_ref, revoked_at=None)
    return bool(alive.update(revoked_at=at, revoked_by=by.public_id if by else ""))


def revoke_tokens_of(*, subject_ref: str, by: Person | None, at: datetime) -> int:
    """Kill every token that speaks for a person, device or merchant; how many were alive."""
    alive = ApiToken.objects.filter(subject_ref=subject_ref, revoked_at=None)
    return alive.update(revoked_at=at, revoked_by=by.public_id if by else "")


def open_token(*, plain: str, at: datetime) -> TokenSubject | None:
    """Who `plain` speaks for, and note that it was used; None where it opens nothing.

    The note is written once a minute at most, so that a busy scanner costs a read, not a write.
    """
    subject = token_by_plain(plain, at)
    if subject is None:
        return None
    stale = at - rules.TOKEN_TOUCH_EVERY
    if subject.last_used_at is None or subject.last_used_at <= stale:
        unseen = Q(last_used_at=None) | Q(last_used_at__lte=stale)
        ApiToken.objects.filter(unseen, public_id=subject.token_ref).update(last_used_at=at)
    return subject


def _spend(what: str, key: str, limit: int, at: datetime) -> None:
    spend(f"people.{what}:{key}", limit=limit, window_s=rules.BUDGET_WINDOW_S, at=at)


def _code_hmac(phone: str, code: str) -> str:
    return keyed_hex(CODE_PURPOSE, f"{phone} {code}")


def _person_with(phone: str, language: str, at: datetime) -> Person:
    spoken = language if language in set(Language) else Language.EN.value
    first_time = {"language": spoken, "created_at": at, "password": make_password(None)}
    person, _made = Person.objects.get_or_create(phone=phone, defaults=first_time)
    return person
