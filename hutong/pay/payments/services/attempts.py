"""Calls that may have an effect, written down before they are made. Used by the other services only."""

import json
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import F, Func, JSONField, TextField, Value
from django.db.models.functions import Cast

from hutong.kernel.rows import scalar
from hutong.pay.payments.models import Attempt, Payment, Refund
from hutong.pay.payments.types import AttemptKind, AttemptState

_OPEN = [AttemptState.SENT, AttemptState.UNKNOWN]
# Who pays is kept for as long as the very same request may have to be sent again.
_WITHOUT_PAYER = Func(
    F("request"),
    Cast(Value("address"), TextField()),
    Cast(Value("openid"), TextField()),
    template="(%(expressions)s)",
    arg_joiner=" - ",
    output_field=JSONField(),
)


_INSERT = """
INSERT INTO payments_attempt (public_id, payment_id, refund_id, kind, state, request, tries, created_at, error)
VALUES (%s, %s, %s, %s, %s, %s::jsonb, %s, %s, %s) ON CONFLICT DO NOTHING RETURNING id
"""


def _columns(made: Attempt) -> list[Any]:
    request = json.dumps(made.request)
    keys = [made.public_id, made.payment_id, made.refund_id]
    return [*keys, str(made.kind), str(made.state), request, made.tries, made.created_at, made.error]


def open_attempt(
    *,
    payment: Payment,
    kind: AttemptKind,
    request: dict[str, Any],
    at: datetime,
    refund: Refund | None = None,
) -> Attempt:
    """The attempt to make the call with: the one whose outcome is still open, else a new one.

    Two callers at once get the same row, and so the same key: a unique constraint keeps one open attempt of a
    kind, and the caller holds the lock of the payment or refund. Only in the short transaction that commits the intent.
    """
    assert connection.in_atomic_block
    made = Attempt(payment=payment, kind=kind, refund=refund, request=request, created_at=at)
    while not (pk := scalar(_INSERT, _columns(made))):
        found = Attempt.objects.filter(payment=payment, kind=kind, refund=refund, state__in=_OPEN)
        attempt = found.first()
        # None: the one that stood in the way has ended between our two statements.
        if attempt and found.filter(pk=attempt.pk).update(state=AttemptState.SENT, tries=F("tries") + 1):
            return attempt
    made.pk = pk
    return made


def finish_attempt(attempt: Attempt, state: AttemptState, at: datetime, error: str = "") -> None:
    """Record how the call ended."""
    found = Attempt.objects.filter(pk=attempt.pk)
    if state is AttemptState.UNKNOWN:
        found.update(state=state, error=error[:300], finished_at=None)
    else:
        found.update(state=state, error=error[:300], finished_at=at, request=_WITHOUT_PAYER)


def resolve_attempts(*, payment: Payment, done: bool, at: datetime, refund: Refund | None = None) -> None:
    """The provider has told us where it stands, so no call about it is open any more."""
    Attempt.objects.filter(payment=payment, refund=refund, state__in=_OPEN).update(
        state=AttemptState.DONE if done else AttemptState.FAILED, finished_at=at, request=_WITHOUT_PAYER
    )
