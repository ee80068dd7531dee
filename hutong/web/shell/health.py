"""What machines ask about a running site: is it alive, is it ready, how is it doing."""

import logging
import os
from collections.abc import Iterator
from datetime import timedelta

from django.conf import settings
from django.db import Error, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from hutong.attract.search import queries as search
from hutong.kernel import clock, metrics, outbox
from hutong.kernel.http import client_address
from hutong.kernel.rows import rows, scalar
from hutong.kernel.secret import same
from hutong.pay.orders.queries import counts_by_state
from hutong.pay.payments.queries import open_refunds
from hutong.town.catalog.queries import pending_offers
from hutong.town.merchants.queries import pending_merchants
from hutong.web.shell.access import public

MOST_COUNTED = 1_000
# The process that answered "ready" once has all its tables; nobody takes them away below it.
_ready: set[str] = set()


@public
@require_safe
def readyz(_request: HttpRequest) -> HttpResponse:
    """`ready` once this process may be given requests: its database answers and has the tables of this version.

    503 with the reason before. `healthz` says whether to start a process anew, this one whether to send to it.
    """
    try:
        if "tables" not in _ready:
            executor = MigrationExecutor(connection)
            if executor.migration_plan(executor.loader.graph.leaf_nodes()):
                return _not_ready("the tables are older than this version: run `hutong migrate`")
            _ready.add("tables")
        scalar("SELECT 1")
    except Error:
        logging.getLogger("hutong.health").exception("the database does not answer")
        return _not_ready("the database does not answer")
    return HttpResponse("ready", content_type="text/plain")


def _not_ready(reason: str) -> HttpResponse:
    return HttpResponse(reason, status=503, content_type="text/plain", headers={"Retry-After": "5"})


@public
@require_safe
def metrics_page(request: HttpRequest) -> HttpResponse:
    """Counters for Prometheus: for this machine itself, or for who knows HUTONG_METRICS_TOKEN; 404 for others."""
    token: str = settings.HUTONG_METRICS_TOKEN
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    knows = bool(token) and same(given, token)
    # A request that came through a proxy has another address than this machine's, or says where it came from.
    local = client_address(request) in ("127.0.0.1", "::1") and "X-Forwarded-For" not in request.headers
    if not (knows or (local and not token)):
        raise Http404
    body = metrics.as_text(gauges(), folder=os.environ.get("PROMETHEUS_MULTIPROC_DIR"))
    return HttpResponse(body, content_type="text/plain; version=0.0.4; charset=utf-8")


def gauges() -> Iterator[tuple[str, str, dict[str, str], float]]:
    """What the database says about how the site is doing; each number is one indexed statement."""
    at = clock.now()
    yield "hutong_outbox_age_seconds", "Age of the oldest job not handed over yet.", {}, outbox.age_s(at)
    for job in rows("SELECT status::text AS status, count(*) AS n FROM procrastinate_jobs GROUP BY 1"):
        yield "hutong_jobs", "Jobs by their state.", {"state": job["status"]}, job["n"]
    for state, number in counts_by_state(since=at - timedelta(days=1)).items():
        yield "hutong_orders", "Orders of the last 24 hours by state.", {"state": state}, number
    open_now = len(open_refunds(limit=MOST_COUNTED))
    yield "hutong_refunds_open", "Refunds whose outcome is still open.", {}, open_now
    for kind, waiting in (
        ("merchant", len(pending_merchants(MOST_COUNTED))),
        ("deal", len(pending_offers(MOST_COUNTED))),
    ):
        yield "hutong_waiting", "What waits for an operator, counted up to 1000.", {"kind": kind}, waiting
    if settings.HUTONG_SEARCH_URL:
        told = "1 while OpenSearch does not answer, and PostgreSQL does in its place."
        yield "hutong_search_away", told, {}, bool(search.away())
    used = scalar("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()")
    yield "hutong_database_connections", "Open connections to the database.", {}, used
