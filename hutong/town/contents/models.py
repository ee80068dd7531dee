from django.conf import settings
from django.db import models
from django.db.models import Q

from hutong.kernel.ids import public_id_field
from hutong.town.contents.types import Audience, ReasonKind, RevisionState, SubjectKind


class Revision(models.Model):
    """One version of what a subject says, and what was decided about it."""

    public_id = public_id_field("rev")
    subject_ref = models.CharField(max_length=60)
    kind = models.CharField(max_length=10)
    merchant_ref = models.CharField(max_length=40, blank=True, default="")
    region_ref = models.CharField(max_length=40, blank=True, default="")
    number = models.IntegerField()
    body = models.JSONField()
    state = models.CharField(max_length=10)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    at = models.DateTimeField()
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    reason = models.CharField(max_length=500, blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["subject_ref", "number"], name="contents_revision_number"),
            models.UniqueConstraint(
                fields=["subject_ref"],
                condition=Q(state=RevisionState.WAITING.value),
                name="contents_revision_one_waits",
            ),
            models.CheckConstraint(
                condition=Q(state__in=[state.value for state in RevisionState]),
                name="contents_revision_state",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=[kind.value for kind in SubjectKind]), name="contents_revision_kind"
            ),
            models.CheckConstraint(
                condition=Q(state=RevisionState.WAITING.value, decided_at__isnull=True)
                | (~Q(state=RevisionState.WAITING.value) & Q(decided_at__isnull=False)),
                name="contents_revision_decided_at",
            ),
        ]
        indexes = [
            models.Index(
                fields=["at", "id"],
                condition=Q(state=RevisionState.WAITING.value),
                name="contents_revision_queue",
            )
        ]

    def __str__(self) -> str:
        return f"{self.subject_ref} {self.number}"


class ReasonTemplate(models.Model):
    """A ready reason of the operators: one of their own, or one of the code's with other words or retired."""

    public_id = public_id_field("rsn")
    kind = models.CharField(max_length=10)
    default_key = models.CharField(max_length=40, null=True, blank=True, unique=True)
    texts = models.JSONField()
    changed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    changed_at = models.DateTimeField()
    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=[kind.value for kind in ReasonKind]), name="contents_reason_kind"
            )
        ]

    def __str__(self) -> str:
        return self.public_id


class Announcement(models.Model):
    """Something the operator tells everybody at the top of the pages, for a while."""

    public_id = public_id_field("ann")
    texts = models.JSONField()
    audience = models.CharField(max_length=10)
    urgent = models.BooleanField(default=False)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(audience__in=[audience.value for audience in Audience]),
                name="contents_announcement_audience",
            ),
            models.CheckConstraint(
                condition=Q(ends_at__gt=models.F("starts_at")), name="contents_announcement_time"
            ),
        ]
        indexes = [models.Index(fields=["ends_at"], name="contents_announcement_ends")]

    def __str__(self) -> str:
        return self.public_id
