"""Writes of contents: a version is proposed, and decided about; ready reasons are kept."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext_lazy as _

from hutong.kernel import audit
from hutong.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from hutong.kernel.locking import advisory
from hutong.town.contents import queries
from hutong.town.contents.models import Announcement, ReasonTemplate, Revision
from hutong.town.contents.rules import (
    MAX_ANNOUNCEMENT,
    MAX_REASON,
    REASONS,
    may_take_back,
    owner_of,
    unknown_places,
)
from hutong.town.contents.types import Audience, ReasonKind, RevisionState, RevisionView, SubjectKind
from hutong.town.people.models import Person


class RevisionDecided(Conflict):
    """Somebody decided about the revision meanwhile, or a newer one replaced it."""

    code = "revision_decided"
    message = _("This version has been decided or replaced meanwhile. Look at the newest one.")


class ReasonMissing(Invalid):
    """A refusal without a reason helps nobody to do better."""

    code = "reason_missing"
    message = _("Please say why, so that the merchant can mend it.")


class TooLateToTakeBack(Conflict):
    """The decision is older than five minutes, or something happened after it."""

    code = "too_late_to_take_back"
    message = _("This can no longer be taken back. Decide anew instead.")


class ReasonInvalid(Invalid):
    """A ready reason without words, too long, or with a place that nothing fills."""

    code = "reason_invalid"
    message = _(
        "Write the reason in both languages, at most 400 characters; the only places are {name} and {merchant}."
    )


class AnnouncementInvalid(Invalid):
    """An announcement without words, too long, or that ends before it starts."""

    code = "announcement_invalid"
    message = _("Say it in at least one language, in at most 300 characters, and let it end after it starts.")


def announce(
    *,
    texts: Mapping[str, str],
    audience: Audience,
    urgent: bool,
    starts_at: datetime,
    ends_at: datetime,
    by: Person,
    at: datetime,
) -> str:
    """Tell everybody something for a while; the public id. Raises `Forbidden`, `AnnouncementInvalid`."""
    if not by.is_operator:
        raise Forbidden
    kept = {language: text.strip() for language, text in texts.items() if text.strip()}
    if (
        not kept
        or any(len(text) > MAX_ANNOUNCEMENT for text in kept.values())
        or ends_at <= max(starts_at, at)
    ):
        raise AnnouncementInvalid
    with transaction.atomic():
        made = Announcement.objects.create(
            texts=kept,
            audience=audience.value,
            urgent=urgent,
            starts_at=starts_at,
            ends_at=ends_at,
            by=by,
            created_at=at,
        )
        audit.record(
            action="announcement.made",
            subject=made.public_id,
            by=by.public_id,
            at=at,
            after={**kept, "audience": audience.value, "shown_from": starts_at, "shown_until": ends_at},
        )
    return made.public_id


def end_announcement(*, ref: str, by: Person, at: datetime) -> None:
    """Take an announcement off the pages. Raises `Forbidden`, `NotFound` also when it is over already."""
    if not by.is_operator:
        raise Forbidden
    with transaction.atomic():
        if not Announcement.objects.filter(public_id=ref, ended_at=None, ends_at__gt=at).update(ended_at=at):
            raise NotFound
        audit.record(action="announcement.ended", subject=ref, by=by.public_id, at=at)


def propose(
    *,
    subject_ref: str,
    kind: SubjectKind,
    body: Mapping[str, Any],
    publish: bool,
    merchant_ref: str = "",
    region_ref: str = "",
    by: Person | None,
    at: datetime,
) -> RevisionView:
    """The next version of a subject: published at once, or waiting for the operator.

    A version that waited before is replaced. Whether `by` (None is the platform itself) may write about the
    subject, and whether it may be published at once, is the caller's question; so is bringing a published
    version to the subject. The audit log is written by the caller, too, who knows what changed.
    """
    with transaction.atomic():
        advisory("contents.subject", subject_ref)
        Revision.objects.filter(subject_ref=subject_ref, state=RevisionState.WAITING.value).update(
            state=RevisionState.REPLACED.value, decided_at=at
        )
        last = Revision.objects.filter(subject_ref=subject_ref).aggregate(last=Max("number"))["last"] or 0
        made = Revision.objects.create(
            subject_ref=subject_ref,
            kind=kind.value,
            merchant_ref=merchant_ref,
            region_ref=region_ref,
            number=last + 1,
            body=dict(body),
            state=RevisionState.PUBLISHED.value if publish else RevisionState.WAITING.value,
            by=by,
            at=at,
            decided_at=at if publish else None,
        )
    return _view(made.public_id)


def decide(*, revision_ref: str, approve: bool, reason: str = "", by: Person, at: datetime) -> RevisionView:
    """The operator's word on a waiting version; a refusal needs its reason.

    Bringing an approved version to its subject is the caller's part, in the same transaction. Raises
    `Forbidden`, `NotFound`, `ReasonMissing`, `RevisionDecided`.
    """
    if not by.is_operator:
        raise Forbidden
    reason = reason.strip()[:500]
    if not approve and not reason:
        raise ReasonMissing
    state = RevisionState.PUBLISHED if approve else RevisionState.REJECTED
    with transaction.atomic():
        revision = queries.revision(revision_ref)
        if revision is None:
            raise NotFound
        waits = Revision.objects.filter(public_id=revision_ref, state=RevisionState.WAITING.value)
        if not waits.update(state=state.value, decided_by=by, decided_at=at, reason=reason):
            raise RevisionDecided
        audit.record(
            action=f"content.{state.value}",
            subject=owner_of(revision.subject_ref),
            by=by.public_id,
            at=at,
            merchant=revision.merchant_ref,
            after={"revision": revision_ref, "number": revision.number},
            reason=reason,
        )
    return _view(revision_ref)


def take_back(*, revision_ref: str, by: Person, at: datetime) -> RevisionView:
    """Undo the operator's word on a version within five minutes: it waits again. The version as it was decided.

    Bringing the version before back to the subject is the caller's part, in the same transaction. Raises
    `Forbidden`, `NotFound`, `TooLateToTakeBack`.
    """
    if not by.is_operator:
        raise Forbidden
    with transaction.atomic():
        revision = queries.revision(revision_ref)
        if revision is None:
            raise NotFound
        advisory("contents.subject", revision.subject_ref)
        newest = queries.history(revision.subject_ref, limit=1)[0]
        if newest.ref != revision_ref or not may_take_back(revision, at=at):
            raise TooLateToTakeBack
        moved = Revision.objects.filter(public_id=revision_ref, state=revision.state.value).update(
            state=RevisionState.WAITING.value, decided_by=None, decided_at=None, reason=""
        )
        if not moved:
            raise RevisionDecided
        audit.record(
            action="content.decision_taken_back",
            subject=owner_of(revision.subject_ref),
            by=by.public_id,
            at=at,
            before={"revision": revision_ref, "state": revision.state.value},
            after={"revision": revision_ref, "state": RevisionState.WAITING.value},
            merchant=revision.merchant_ref,
        )
    return revision


def save_reason(
    *, key: str | None, kind: ReasonKind, texts: Mapping[str, str], by: Person, at: datetime
) -> str:
    """Write a ready reason in both languages: a new one (`key` None), or other words for a known one.

    A retired one is offered again by saving it. The key of the reason. Raises `Forbidden`, `ReasonInvalid`,
    `NotFound`.
    """
    if not by.is_operator:
        raise Forbidden
    kept = {language: " ".join(texts.get(language, "").split()) for language in ("en", "zh-Hans")}
    if any(not text or len(text) > MAX_REASON or unknown_places(text) for text in kept.values()):
        raise ReasonInvalid
    with transaction.atomic():
        before = _reason(key, kind) if key else {}
        row = _reason_row(key, kind, kept, by, at)
        ReasonTemplate.objects.filter(pk=row.pk).update(
            texts=kept, changed_by=by, changed_at=at, retired_at=None
        )
        saved = row.default_key or row.public_id
        audit.record(
            action="reason.changed" if key else "reason.added",
            subject=saved,
            by=by.public_id,
            at=at,
            before=before,
            after={"kind": kind.value, "texts": kept, "retired": False},
        )
    return saved


def retire_reason(*, key: str, kind: ReasonKind, by: Person, at: datetime) -> None:
    """Stop offering a ready reason; decisions that used its words keep them. Raises `Forbidden`, `NotFound`."""
    if not by.is_operator:
        raise Forbidden
    with transaction.atomic():
        before = _reason(key, kind)
        row = _reason_row(key, kind, before["texts"], by, at)
        ReasonTemplate.objects.filter(pk=row.pk).update(retired_at=at, changed_by=by, changed_at=at)
        audit.record(
            action="reason.retired",
            subject=key,
            by=by.public_id,
            at=at,
            before=before,
            after={**before, "retired": True},
        )


def _reason(key: str, kind: ReasonKind) -> dict[str, Any]:
    """What a known reason says now; raises `NotFound`."""
    found = next((each for each in queries.reasons(kind, retired=True) if each.key == key), None)
    if found is None:
        raise NotFound
    return {"kind": kind.value, "texts": found.texts, "retired": found.retired}


def _reason_row(
    key: str | None, kind: ReasonKind, texts: Mapping[str, str], by: Person, at: datetime
) -> ReasonTemplate:
    """The row of a reason, made where there is none yet; two operators at once make one."""
    new = {"kind": kind.value, "texts": dict(texts), "changed_by": by, "changed_at": at}
    if key is None:
        return ReasonTemplate.objects.create(**new)
    if key in REASONS[kind]:
        return ReasonTemplate.objects.get_or_create(default_key=key, defaults=new)[0]
    return ReasonTemplate.objects.get(public_id=key, kind=kind.value)


def _view(ref: str) -> RevisionView:
    found = queries.revision(ref)
    assert found is not None, "it was written in this transaction"
    return found
