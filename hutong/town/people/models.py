"""Tables of `people`: fields and constraints; the rules are in `rules.py`, the writes in `services.py`."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from hutong.kernel import clock
from hutong.kernel.ids import public_id_field

from .types import CodePurpose, ConsentKind, Language, TokenKind

E164 = r"^\+[1-9][0-9]{6,14}$"


class PersonManager(BaseUserManager["Person"]):
    """What Django's authentication asks of a user model's manager."""

    def create_user(self, phone: str, password: str | None = None, **fields: Any) -> Person:
        """Make a person; `password=None` (everybody but superusers) leaves it unusable."""
        person = self.model(phone=phone, **fields)
        person.set_password(password)
        person.save(using=self._db)
        return person

    def create_superuser(self, phone: str, password: str | None = None, **fields: Any) -> Person:
        """Make somebody who may enter the Django admin; the only kind of person with a password."""
        return self.create_user(phone, password, is_staff=True, is_superuser=True, is_operator=True, **fields)


class Person(AbstractBaseUser, PermissionsMixin):
    """Anybody, whatever the role: shopper, staff, operator.

    The phone is null once a person has been erased; the row stays, since orders and books point at it.
    """

    public_id = public_id_field("per")
    phone = models.CharField(_("phone"), max_length=16, unique=True, null=True)
    email = models.CharField(_("e-mail"), max_length=254, unique=True, null=True, blank=True)
    email_proved_at = models.DateTimeField(null=True, blank=True)
    name = models.CharField(_("name"), max_length=120, blank=True)
    language = models.CharField(
        _("language"), max_length=10, choices=[(code.value, code.value) for code in Language], default="en"
    )
    is_operator = models.BooleanField(_("operator"), default=False)
    is_staff = models.BooleanField(_("may enter the admin"), default=False)
    is_active = models.BooleanField(_("active"), default=True)
    created_at = models.DateTimeField(_("created at"), default=clock.now, editable=False)
    # When an erasure that was asked for will be done; signing in before then empties it.
    erase_after = models.DateTimeField(null=True, blank=True, editable=False)
    erased_at = models.DateTimeField(null=True, blank=True, editable=False)

    USERNAME_FIELD = "phone"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    objects: ClassVar[PersonManager] = PersonManager()

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("people")
        constraints = [
            models.CheckConstraint(
                condition=Q(phone__isnull=True) | Q(phone__regex=E164), name="people_person_phone_is_e164"
            ),
            models.CheckConstraint(
                condition=Q(email__isnull=True) | Q(email=Lower("email")), name="people_person_email_is_lower"
            ),
            models.CheckConstraint(
                condition=Q(email_proved_at__isnull=True) | Q(email__isnull=False),
                name="people_person_proved_email",
            ),
            models.CheckConstraint(
                condition=Q(erased_at__isnull=True)
                | Q(phone__isnull=True, email__isnull=True, is_active=False, erase_after__isnull=True),
                name="people_person_erased_is_nobody",
            ),
        ]
        indexes = [
            models.Index(
                fields=["erase_after"],
                condition=Q(erase_after__isnull=False),
                name="people_person_to_erase",
            ),
        ]

    def __str__(self) -> str:
        return self.name or self.public_id


class OneTimeCode(models.Model):
    """A code sent to a phone or an e-mail address. Only the newest of a receiver and a purpose opens anything."""

    sent_to = models.CharField(max_length=254)
    purpose = models.CharField(max_length=10, default=CodePurpose.SIGN_IN.value)
    code_hmac = models.CharField(max_length=64)
    tries_left = models.SmallIntegerField(default=3)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(tries_left__gte=0), name="people_code_tries_not_negative"),
            models.CheckConstraint(
                condition=Q(expires_at__gt=F("created_at")), name="people_code_expires_later"
            ),
            models.CheckConstraint(
                condition=Q(purpose__in=[purpose.value for purpose in CodePurpose]),
                name="people_code_purpose",
            ),
        ]
        indexes = [models.Index(fields=["sent_to", "purpose", "-id"], name="people_code_newest")]

    def __str__(self) -> str:
        return f"code {self.pk}"


class ApiToken(models.Model):
    """A bearer token of the API. Its plain text was shown once and is not here."""

    public_id = public_id_field("tok")
    token_hmac = models.CharField(max_length=64, unique=True)
    kind = models.CharField(max_length=10, choices=[(kind.value, kind.value) for kind in TokenKind])
    subject_ref = models.CharField(max_length=40)
    person = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    scopes = ArrayField(models.CharField(max_length=40))
    name = models.CharField(max_length=120)
    created_by = models.CharField(max_length=40)
    created_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
    revoked_by = models.CharField(max_length=40, blank=True, default="")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(kind=TokenKind.PERSON.value, person__isnull=False)
                | (~Q(kind=TokenKind.PERSON.value) & Q(person__isnull=True)),
                name="people_token_person_iff_kind",
            ),
        ]
        indexes = [models.Index(fields=["subject_ref"], name="people_token_by_subject")]

    def __str__(self) -> str:
        return self.public_id

    def is_dead(self, at: datetime) -> bool:
        """Whether the token opens nothing any more at `at`."""
        return self.revoked_at is not None or (self.expires_at is not None and self.expires_at <= at)


class Message(models.Model):
    """A message as the demo's tray shows it. A production site sends its messages away and keeps none."""

    public_id = public_id_field("msg")
    to = models.CharField(max_length=254)  # a phone or an e-mail address
    kind = models.CharField(max_length=20)
    body = models.TextField()
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.public_id


class SignIn(models.Model):
    """A browser signed in as a person, or that was. Joined to Django's session by a keyed hash of its key.

    `proved_at` is when a code was last entered in it; sessions that came otherwise (a superuser's password) have
    none. Of the network address only half is kept.
    """

    public_id = public_id_field("sgn")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="sign_ins")
    session_hmac = models.CharField(max_length=64, unique=True)
    browser = models.CharField(max_length=40, blank=True)
    system = models.CharField(max_length=40, blank=True)
    place = models.CharField(max_length=60, blank=True)
    signed_in_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    proved_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    ended_by = models.CharField(max_length=40, blank=True, default="")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True, ended_by="")
                | (Q(ended_at__isnull=False) & ~Q(ended_by="")),
                name="people_sign_in_ended",
            ),
        ]

    def __str__(self) -> str:
        return self.public_id


class WechatId(models.Model):
    """Who a person is to WeChat, by the app id that was told so last (openid). Who pays is what a session was told."""

    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="wechat_ids")
    appid = models.CharField(max_length=40)
    openid = models.CharField(max_length=128)
    told_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["person", "appid"], name="people_one_wechat_id_an_app"),
        ]

    def __str__(self) -> str:
        return self.appid


class Address(models.Model):
    """Where a person wants things to come to.

    A deleted one stays for the hour in which it can be brought back, and so does what a changed one was before:
    `former` holds its text, and the default there was.
    """

    public_id = public_id_field("adr")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="addresses")
    label = models.CharField(max_length=40, blank=True)
    name = models.CharField(max_length=120, blank=True)
    phone = models.CharField(max_length=16, blank=True)
    street = models.CharField(max_length=200)
    postcode = models.CharField(max_length=20, blank=True)
    city = models.CharField(max_length=100)
    region = models.CharField(max_length=100, blank=True)
    note = models.CharField(max_length=300, blank=True)
    lon = models.FloatField(null=True)
    lat = models.FloatField(null=True)
    is_default = models.BooleanField(default=False)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    deleted_at = models.DateTimeField(null=True)
    former = models.JSONField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["person"], condition=Q(is_default=True), name="people_address_one_default"
            ),
            models.CheckConstraint(
                condition=Q(is_default=False) | Q(deleted_at__isnull=True),
                name="people_address_default_is_kept",
            ),
            models.CheckConstraint(
                condition=Q(lon__isnull=True, lat__isnull=True)
                | Q(lon__gte=-180, lon__lte=180, lat__gte=-90, lat__lte=90),
                name="people_address_position",
            ),
        ]

    def __str__(self) -> str:
        return self.public_id


class ConsentEvent(models.Model):
    """One line of what a person agreed to or took back; the newest of a kind holds.

    Only ever added to, held by triggers; erasing a person empties `source`, and nothing else.
    """

    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="consent_events")
    kind = models.CharField(max_length=20)
    granted = models.BooleanField()
    version = models.CharField(max_length=60, blank=True)
    source = models.CharField(max_length=60, blank=True)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=[kind.value for kind in ConsentKind]), name="people_consent_kind"
            ),
        ]
        indexes = [models.Index(fields=["person", "kind", "-id"], name="people_consent_newest")]

    def __str__(self) -> str:
        return f"{self.kind} {self.granted}"
