"""Writes of contents: a version is proposed, and decided about."""

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
from hutong.town.contents.models import Revision
from hutong.town.contents.types import RevisionState, RevisionView, SubjectKind
from hutong.town.people.models import Person


class RevisionDecided(Conflict):
    """Somebody decided about the revision meanwhile, or a newer one replaced it."""

    code = "revision_decided"
    message = _("This version has been decided or replaced meanwhile. Look at the newest one.")


class ReasonMissing(Invalid):
    """A refusal without a reason helps nobody to do better."""

    code = "reason_missing"
    message = _("Please say why, so that the merchant can mend it.")


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
            subject=revision.subject_ref,
            by=by.public_id,
            at=at,
            merchant=revision.merchant_ref,
            after={"revision": revision_ref, "number": revision.number},
            reason=reason,
        )
    return _view(revision_ref)


def _view(ref: str) -> RevisionView:
    found = queries.revision(ref)
    assert found is not None, "it was written in this transaction"
    return found
