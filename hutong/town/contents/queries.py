"""Reads of contents."""

from datetime import datetime
from typing import Any

from django.db.models import OuterRef, Q, QuerySet, Subquery

from hutong.kernel.rows import values
from hutong.town.contents.models import Announcement, ReasonTemplate, Revision
from hutong.town.contents.rules import REASONS
from hutong.town.contents.types import (
    AnnouncementView,
    Audience,
    ReasonKind,
    ReasonView,
    RevisionState,
    RevisionView,
    SubjectKind,
)
from hutong.town.people.models import Person


def waiting(limit: int = 200) -> list[RevisionView]:
    """Revisions that wait for the operator, the longest waiting first; one statement."""
    found = _revisions().filter(state=RevisionState.WAITING.value)
    return [_view(revision) for revision in found.order_by("at", "id")[:limit]]


def history(subject_ref: str, limit: int = 100) -> list[RevisionView]:
    """The versions of a subject, the newest first."""
    found = _revisions().filter(subject_ref=subject_ref)
    return [_view(revision) for revision in found.order_by("-number")[:limit]]


def revision(ref: str) -> RevisionView | None:
    """The revision of this public id, or None."""
    found = _revisions().filter(public_id=ref).first()
    return _view(found) if found else None


def published(subject_ref: str) -> RevisionView | None:
    """The newest version of a subject that readers may see, or None before the first."""
    found = _revisions().filter(subject_ref=subject_ref, state=RevisionState.PUBLISHED.value)
    newest = found.order_by("-number").first()
    return _view(newest) if newest else None


def reasons(kind: ReasonKind, *, retired: bool = False) -> list[ReasonView]:
    """The ready reasons of a kind: those of the code in their order, then the operators' own; one statement.

    With `retired`, those that are not offered any more are among them.
    """
    stored = list(ReasonTemplate.objects.filter(kind=kind.value).order_by("pk"))
    by_key = {row.default_key: row for row in stored if row.default_key}
    found = []
    for key, texts in REASONS[kind].items():
        row = by_key.get(key)
        found.append(
            ReasonView(
                key=key,
                kind=kind,
                texts=row.texts if row else texts,
                of_code=True,
                changed=row is not None and row.texts != texts,
                retired=row is not None and row.retired_at is not None,
            )
        )
    found += [
        ReasonView(
            row.public_id, kind, row.texts, of_code=False, changed=False, retired=row.retired_at is not None
        )
        for row in stored
        if row.default_key is None
    ]
    return [reason for reason in found if retired or not reason.retired]


def announcements(*, ends_after: datetime | None = None, limit: int = 50) -> list[AnnouncementView]:
    """The announcements, the newest first; with `ends_after` only those not over by then. One statement."""
    found = Announcement.objects.select_related("by").order_by("-pk")
    if ends_after is not None:
        found = found.filter(ended_at=None, ends_at__gt=ends_after)
    return [
        AnnouncementView(
            ref=row.public_id,
            texts=row.texts,
            audience=Audience(row.audience),
            urgent=row.urgent,
            starts_at=row.starts_at,
            ends_at=row.ends_at,
            ended_at=row.ended_at,
            by_name=row.by.name,
        )
        for row in found[:limit]
    ]


def waiting_of(subject_ref: str) -> RevisionView | None:
    """The version of a subject that waits for a decision, or None."""
    found = _revisions().filter(subject_ref=subject_ref, state=RevisionState.WAITING.value).first()
    return _view(found) if found else None


def unsettled_of(merchant_ref: str) -> list[RevisionView]:
    """The newest versions of a merchant's subjects that wait, or were refused; the newest first. One statement."""
    newest = Revision.objects.filter(subject_ref=OuterRef("subject_ref")).order_by("-number")
    found = _revisions().filter(merchant_ref=merchant_ref, pk=Subquery(newest.values("pk")[:1]))
    unsettled = (RevisionState.WAITING.value, RevisionState.REJECTED.value)
    return [_view(revision) for revision in found.filter(state__in=unsettled).order_by("-at", "-id")[:50]]


def everything_about(person: Person) -> dict[str, list[dict[str, Any]]]:
    """All rows of this app that `person` wrote or decided, by model: for the person's own file."""
    revisions = Revision.objects.filter(Q(by=person) | Q(decided_by=person))
    told = ("public_id", "subject_ref", "kind", "number", "body", "state", "at", "decided_at", "reason")
    announced = Announcement.objects.filter(by=person)
    return {
        "contents.Revision": values(revisions, *told),
        "contents.Announcement": values(
            announced, "public_id", "texts", "starts_at", "ends_at", "created_at"
        ),
    }


def _revisions() -> "QuerySet[Revision]":
    return Revision.objects.select_related("by", "decided_by")


def _view(revision: Revision) -> RevisionView:
    by, decided_by = revision.by, revision.decided_by
    return RevisionView(
        ref=revision.public_id,
        subject_ref=revision.subject_ref,
        kind=SubjectKind(revision.kind),
        merchant_ref=revision.merchant_ref,
        region_ref=revision.region_ref,
        number=revision.number,
        body=revision.body,
        state=RevisionState(revision.state),
        by_ref=by.public_id if by else "",
        by_name=by.name if by else "",
        at=revision.at,
        decided_by_ref=decided_by.public_id if decided_by else "",
        decided_by_name=decided_by.name if decided_by else "",
        decided_at=revision.decided_at,
        reason=revision.reason,
    )
