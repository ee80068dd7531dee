"""The end of an account: asked for, called off by signing in, done after a week; and what time alone removes."""

from __future__ import annotations

from datetime import datetime, timedelta

from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.contrib.admin.models import LogEntry
from django.contrib.auth.hashers import make_password
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session
from django.db import transaction

from hutong.kernel import audit
from hutong.town.people import rules
from hutong.town.people.models import (
    Address,
    ApiToken,
    ConsentEvent,
    Message,
    OneTimeCode,
    Person,
    SignIn,
    WechatId,
)
from hutong.town.people.services import signing_in
from hutong.town.people.services.errors import CodeFirst
from hutong.town.people.types import SignInState


def ask_erasure(*, person: Person, sign_in: SignInState | None, at: datetime) -> datetime:
    """Erase `person` when `rules.ERASURE_WAIT` is over; when that will be. Every browser and token ends now.

    Signing in again before then calls it off. What stands in the way of erasing, and telling the person, is the
    caller's part. Raises CodeFirst unless a code was entered in this browser just now.
    """
    if sign_in is None or not rules.is_fresh(sign_in.proved_at, at):
        raise CodeFirst
    erase_after = at + rules.ERASURE_WAIT
    with transaction.atomic():
        Person.objects.filter(pk=person.pk, erased_at=None).update(erase_after=erase_after)
        signing_in.end_sign_ins(person=person, by=person, at=at, tokens=True)
        audit.record(action="person.erasure_asked", subject=person.public_id, by=person.public_id, at=at)
    return erase_after


def erase_person(*, person_ref: str, at: datetime) -> bool:
    """Take everything away that says who somebody was; False when it is not due (any more).

    Joins the caller's transaction, in which the other rooms forget the person too. The row stays, closed and
    without a name, because orders and books point at it; consents stay as kind and moment.
    """
    due = Person.objects.filter(public_id=person_ref, erased_at=None, erase_after__lte=at)
    person = due.first()
    if person is None:
        return False
    ways = [way for way in (person.phone, person.email) if way]
    # Codes before the person, as somebody signing in locks them: whoever is second waits, and then looks again.
    codes = OneTimeCode.objects.filter(sent_to__in=ways)
    list(codes.select_for_update().order_by("pk"))
    person = due.select_for_update().first()
    if person is None:
        return False
    codes.delete()
    Message.objects.filter(to__in=ways).delete()
    _forget_back_office(person, ways)
    for table in (Address, SignIn, ApiToken, WechatId):
        table.objects.filter(person=person).delete()
    person.groups.clear()
    person.user_permissions.clear()
    Person.objects.filter(pk=person.pk).update(
        phone=None,
        email=None,
        email_proved_at=None,
        name=rules.ERASED_NAME,
        password=make_password(None),
        last_login=None,
        is_active=False,
        is_operator=False,
        is_staff=False,
        is_superuser=False,
        erase_after=None,
        erased_at=at,
    )
    ConsentEvent.objects.filter(person=person).exclude(source="").update(source="")
    audit.record(action="person.erased", subject=person.public_id, by="platform", at=at)
    return True


def purge(*, at: datetime) -> None:
    """Remove what nobody needs any more: old codes, messages and sessions, addresses past undoing."""
    OneTimeCode.objects.filter(expires_at__lt=at - rules.CODES_KEPT).delete()
    Address.objects.filter(deleted_at__lt=at - rules.ADDRESS_UNDO).delete()
    changed = Address.objects.filter(former__isnull=False, updated_at__lt=at - rules.ADDRESS_UNDO)
    changed.update(former=None)
    Message.objects.filter(created_at__lte=at - rules.MESSAGES_KEPT).delete()
    SignIn.objects.filter(ended_at__lt=at - rules.SIGN_INS_KEPT).delete()
    SignIn.objects.filter(last_seen_at__lt=at - rules.SIGN_INS_KEPT).delete()
    Session.objects.filter(expire_date__lt=at - timedelta(hours=1)).delete()


def _forget_back_office(person: Person, ways: list[str]) -> None:
    """What the framework's back office wrote down: names in its log, phones of tries to sign in there."""
    about = LogEntry.objects.filter(
        content_type=ContentType.objects.get_for_model(Person), object_id=str(person.pk)
    )
    about.update(object_repr=person.public_id, change_message="")
    for table in (AccessAttempt, AccessLog, AccessFailureLog):
        table.objects.filter(username__in=ways).delete()
