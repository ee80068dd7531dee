"""The audit log: who changed what, when, from what to what, and why. It is only ever added to.

A service writes its entry in the transaction that makes the change, so that neither is there without the
other. Entries hold public ids, never a name, phone or secret: the log outlives the people in it.
"""

import contextlib
import contextvars
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import Q

from hutong.kernel.models import AuditEntry
from hutong.kernel.tracing import request_id

MOST_TEXT = 2_000
_acting_for: contextvars.ContextVar[str] = contextvars.ContextVar("acting_for", default="")


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the log. `changes` holds `[before, after]` by field."""

    ref: str
    at: datetime
    action: str
    subject_ref: str
    actor_ref: str
    on_behalf_of: str
    merchant_ref: str
    changes: dict[str, list[Any]]
    reason: str
    request_id: str


@dataclass(frozen=True, slots=True)
class Found:
    """A page of entries, the newest first; `before` is the cursor of the next page, None on the last."""

    entries: tuple[Entry, ...]
    before: str | None


@contextlib.contextmanager
def acting_for(merchant_ref: str) -> Iterator[None]:
    """Mark the entries made inside as done on behalf of a merchant; "" marks nothing."""
    token = _acting_for.set(merchant_ref)
    try:
        yield
    finally:
        _acting_for.reset(token)


def record(
    *,
    action: str,
    subject: str,
    by: str,
    at: datetime,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    merchant: str = "",
    reason: str = "",
) -> None:
    """Write that `by` did `action` to `subject`; all three are public ids or plain names ("platform").

    Of `before` and `after` only the fields that differ are kept. Where both are given and nothing differs,
    nothing happened and nothing is written. Values are what JSON can hold, long texts are cut.
    """
    changes = _differences(before or {}, after or {})
    if before is not None and after is not None and not changes:
        return
    on_behalf_of = _acting_for.get()
    AuditEntry.objects.create(
        at=at,
        action=action,
        subject_ref=subject,
        actor_ref=by,
        on_behalf_of=on_behalf_of,
        merchant_ref=merchant or on_behalf_of,
        changes=changes,
        reason=reason[:500],
        request_id=request_id(),
    )


def search(
    *,
    action: str = "",
    subject: str = "",
    actor: str = "",
    merchant: str = "",
    text: str = "",
    since: datetime | None = None,
    until: datetime | None = None,
    before: str | None = None,
    limit: int = 50,
) -> Found:
    """Entries that fit all of what is given, the newest first.

    `action` may be a whole action or its beginning ("store."). `text` is looked for in subjects, reasons and
    changed values. The span is half open. `before` is the cursor of the page before.
    """
    wanted = Q()
    for field, value in (("subject_ref", subject), ("actor_ref", actor), ("merchant_ref", merchant)):
        if value:
            wanted &= Q(**{field: value})
    if action:
        wanted &= Q(action__startswith=action)
    if text:
        wanted &= Q(subject_ref=text) | Q(reason__icontains=text) | Q(changes__icontains=text)
    if since:
        wanted &= Q(at__gte=since)
    if until:
        wanted &= Q(at__lt=until)
    if before and before.isdigit():
        wanted &= Q(pk__lt=int(before))
    found = list(AuditEntry.objects.filter(wanted).order_by("-pk")[: limit + 1])
    shown = found[:limit]
    cursor = str(shown[-1].pk) if len(found) > limit else None
    return Found(tuple(_entry(row) for row in shown), cursor)


def _differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, list[Any]]:
    fields = sorted(set(before) | set(after))
    pairs = {field: [_plain(before.get(field)), _plain(after.get(field))] for field in fields}
    return {field: pair for field, pair in pairs.items() if pair[0] != pair[1]}


def _plain(value: Any) -> Any:
    """The value as JSON holds it, texts cut to `MOST_TEXT`."""
    plain = json.loads(json.dumps(value, cls=DjangoJSONEncoder, ensure_ascii=False))
    return plain[:MOST_TEXT] if isinstance(plain, str) else plain


def _entry(row: AuditEntry) -> Entry:
    return Entry(
        ref=row.public_id,
        at=row.at,
        action=row.action,
        subject_ref=row.subject_ref,
        actor_ref=row.actor_ref,
        on_behalf_of=row.on_behalf_of,
        merchant_ref=row.merchant_ref,
        changes=row.changes,
        reason=row.reason,
        request_id=row.request_id,
    )
