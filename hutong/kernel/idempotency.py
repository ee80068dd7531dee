"""The same request sent twice has its effect once and gets the same answer."""

import hashlib
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext_lazy as _

from hutong.kernel.errors import Conflict, Invalid
from hutong.kernel.rows import execute, row

_MAX_KEY = 120
ABANDONED_AFTER = timedelta(seconds=60)  # no request runs as long: statements end after 30 s


class KeyReused(Conflict):
    """The key was used before for another request."""

    code = "idempotency_key_reused"
    message = _("This Idempotency-Key was used for a different request. Send a new key.")


class StillRunning(Conflict):
    """The first request under this key has not ended yet."""

    code = "idempotency_still_running"
    message = _("The first request with this key is still running. Ask again in a moment.")


class KeyMissing(Invalid):
    """The route moves money or stock and needs a key."""

    code = "idempotency_key_missing"
    message = _(
        "Send an Idempotency-Key header: a new random value for each new action, the same one to repeat it."
    )


def run_once(
    *, actor: str, route: str, key: str, request: Any, at: datetime, act: Callable[[], tuple[int, Any]]
) -> tuple[int, Any]:
    """Run `act()` -> (status, JSON body) once per (actor, route, key); repeat its stored answer afterwards.

    A key that comes with another request raises `KeyReused`. When `act` raises, the key is free again, so
    a refused request can be corrected and sent anew. `act` opens its own transactions: a flow may commit,
    call a provider and commit again.
    """
    if not key or len(key) > _MAX_KEY:
        raise KeyMissing
    digest = hashlib.sha256(json.dumps(request, sort_keys=True, default=str).encode()).hexdigest()
    taken = execute(
        "INSERT INTO kernel_idempotencykey (actor, route, key, request_hash, created_at)"
        " VALUES (%s, %s, %s, %s, %s) ON CONFLICT (actor, route, key) DO NOTHING",
        [actor, route, key, digest, at],
    )
    name = [actor, route, key]
    if not taken and not _taken_over(name, digest, at):
        return _stored(name, digest)
    try:
        status, body = act()
    except BaseException:
        execute("DELETE FROM kernel_idempotencykey WHERE actor = %s AND route = %s AND key = %s", name)
        raise
    execute(
        "UPDATE kernel_idempotencykey SET status = %s, body = %s::jsonb WHERE actor = %s AND route = %s AND key = %s",
        [status, json.dumps(body), *name],
    )
    return status, body


def forget(*, actor: str) -> int:
    """Remove the answers kept for somebody who is being erased; how many. Their keys are free again."""
    return execute("DELETE FROM kernel_idempotencykey WHERE actor = %s", [actor])


def _taken_over(name: list[str], digest: str, at: datetime) -> bool:
    """Whether the first request is long gone without an answer (its process was killed), and this one goes on.

    What `act` does stands on keys of its own, so doing it again is safe. One of several takers wins.
    """
    return bool(
        execute(
            "UPDATE kernel_idempotencykey SET created_at = %s WHERE actor = %s AND route = %s AND key = %s"
            " AND request_hash = %s AND status IS NULL AND created_at <= %s",
            [at, *name, digest, at - ABANDONED_AFTER],
        )
    )


def _stored(name: list[str], digest: str) -> tuple[int, Any]:
    found = row(
        "SELECT request_hash, status, body FROM kernel_idempotencykey WHERE actor = %s AND route = %s AND key = %s",
        name,
    )
    if found is None:
        raise StillRunning
    if found["request_hash"] != digest:
        raise KeyReused
    if found["status"] is None:
        raise StillRunning
    body = found["body"]
    return found["status"], json.loads(body) if isinstance(body, str) else body
