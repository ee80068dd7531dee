"""One-time codes: made, sent to a phone or an e-mail address, and tried."""

from __future__ import annotations

import secrets
from datetime import datetime
from smtplib import SMTPException

from django.conf import settings
from django.core.mail import send_mail
from django.db import transaction
from django.utils.translation import gettext

from hutong.kernel.budget import spend
from hutong.kernel.rows import row
from hutong.kernel.secret import keyed_hex
from hutong.town.people import rules
from hutong.town.people.models import OneTimeCode
from hutong.town.people.senders import chosen_sender
from hutong.town.people.services.errors import CodeExpired, CodeWrong, EmailInvalid, MailNotSent, PhoneInvalid
from hutong.town.people.types import CodePurpose, CodeSent

CODE_PURPOSE = "people.code"
BUDGET_PURPOSE = "people.budget"

# The whole guess is one statement, so that 50 guesses at one moment are 50 in a row for the row lock:
# a wrong one costs a try, the right one uses the code up, and neither happens once the tries are spent.
GUESS_SQL = """
UPDATE people_onetimecode
SET used_at = CASE WHEN code_hmac = %(guess)s THEN %(at)s END,
    tries_left = CASE WHEN code_hmac = %(guess)s THEN tries_left ELSE tries_left - 1 END
WHERE id = (SELECT id FROM people_onetimecode WHERE sent_to = %(sent_to)s AND purpose = %(purpose)s
            ORDER BY id DESC LIMIT 1)
  AND tries_left > 0 AND used_at IS NULL AND expires_at > %(at)s
RETURNING used_at IS NOT NULL AS right, tries_left
"""


def normalise_phone(written: str) -> str:
    """`written` in E.164 form; the country of the site is assumed without a prefix. Raises PhoneInvalid."""
    country: str = settings.HUTONG_PHONE_COUNTRY
    phone = rules.normalise_phone(written, country=country)
    if phone is None:
        text = gettext("This is not a phone number we can send a code to. Write it like %(example)s.")
        raise PhoneInvalid(text % {"example": rules.example_phone(country)})
    return phone


def normalise_email(written: str) -> str:
    """`written` as it is stored, in lower case. Raises EmailInvalid."""
    email = rules.normalise_email(written)
    if email is None:
        raise EmailInvalid
    return email


def send_code(
    *, phone: str, address: str, at: datetime, purpose: CodePurpose = CodePurpose.SIGN_IN
) -> CodeSent:
    """Send a new one-time code to `phone`, in the language that is active.

    The answer is the same whether or not the phone belongs to somebody. `address` is the client's network
    address. A code opens only what it was sent for. Raises PhoneInvalid, and TooMany when the phone or the
    address has asked too often this hour. Must not run inside a transaction: the budget has to survive, and
    the sender may be slow.
    """
    phone = normalise_phone(phone)
    code, expires_at = _new_code(phone, purpose, address, at)
    body = gettext(
        "%(code)s is your code for %(site)s. It works for 5 minutes. Nobody from %(site)s will ask for it."
    )
    chosen_sender().send(to=phone, body=body % {"code": code, "site": settings.HUTONG_SITE_NAME}, at=at)
    return CodeSent(phone=phone, expires_at=expires_at)


def mail_code(*, email: str, address: str, at: datetime) -> str:
    """Mail a new one-time code to `email`, in the language that is active; the address as it is stored.

    Raises EmailInvalid, MailNotSent, and TooMany as `send_code` does. Must not run inside a transaction.
    """
    email = normalise_email(email)
    code, _expires_at = _new_code(email, CodePurpose.EMAIL, address, at)
    body = gettext(
        "%(code)s is your code for %(site)s. It works for 5 minutes.\n\n"
        "Enter it on the page where you gave this address. If that was not you, you need not do anything."
    )
    mail(
        to=email,
        subject=gettext("Your code for %(site)s"),
        body=body % {"code": code, "site": settings.HUTONG_SITE_NAME},
    )
    return email


def mail(*, to: str, subject: str, body: str) -> None:
    """Mail `body` to one address; `%(site)s` in the subject becomes the site's name. Raises MailNotSent."""
    try:
        send_mail(subject % {"site": settings.HUTONG_SITE_NAME}, body, None, [to])
    except (SMTPException, OSError) as error:
        raise MailNotSent from error


def try_code(*, sent_to: str, code: str, purpose: CodePurpose, address: str, at: datetime) -> None:
    """Use up the newest code that was sent to `sent_to` for `purpose`, if `code` is it.

    Raises CodeWrong (a try is spent, even if this request fails afterwards), CodeExpired, TooMany. Must not run
    inside a transaction that could undo the spent try.
    """
    spend_people("guess.address", address, rules.GUESSES_PER_ADDRESS, at)
    with transaction.atomic(durable=True):
        tried = guess(sent_to=sent_to, code=code, purpose=purpose, at=at)
    refuse_wrong(tried)


def guess(*, sent_to: str, code: str, purpose: CodePurpose, at: datetime) -> tuple[bool, int] | None:
    """Try `code` in the caller's transaction: whether it is right and the tries left, or None without any code.

    For callers whose own write belongs to the same transaction; they end with `refuse_wrong`.
    """
    values = {
        "guess": _code_hmac(sent_to, purpose, "".join(code.split())),
        "sent_to": sent_to,
        "purpose": purpose.value,
        "at": at,
    }
    tried = row(GUESS_SQL, values)
    return (tried["right"], tried["tries_left"]) if tried else None


def refuse_wrong(tried: tuple[bool, int] | None) -> None:
    """Raise CodeExpired or CodeWrong unless the code that was tried is right."""
    if tried is None:
        raise CodeExpired()
    right, tries_left = tried
    if not right:
        raise CodeWrong(tries_left=tries_left)


def spend_people(what: str, key: str, limit: int, at: datetime) -> None:
    """Take one from an hour's budget. The key is kept as a keyed hash: budgets outlive an erased phone."""
    hidden = keyed_hex(BUDGET_PURPOSE, f"{what} {key}")
    spend(f"people.{what}:{hidden}", limit=limit, window_s=rules.BUDGET_WINDOW_S, at=at)


def _new_code(sent_to: str, purpose: CodePurpose, address: str, at: datetime) -> tuple[str, datetime]:
    spend_people("code.address", address, rules.CODES_PER_ADDRESS, at)
    spend_people("code.phone", sent_to, rules.CODES_PER_PHONE, at)
    code = f"{secrets.randbelow(10**rules.CODE_DIGITS):0{rules.CODE_DIGITS}d}"
    expires_at = at + rules.CODE_LIFETIME
    OneTimeCode.objects.create(
        sent_to=sent_to,
        purpose=purpose.value,
        code_hmac=_code_hmac(sent_to, purpose, code),
        tries_left=rules.CODE_TRIES,
        created_at=at,
        expires_at=expires_at,
    )
    return code, expires_at


def _code_hmac(sent_to: str, purpose: CodePurpose, code: str) -> str:
    return keyed_hex(CODE_PURPOSE, f"{purpose.value} {sent_to} {code}")
