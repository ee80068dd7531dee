"""What a web process counts for Prometheus: requests and how long they took, by the name of their route.

With several processes each counts in files of its own below PROMETHEUS_MULTIPROC_DIR, and whichever is asked
adds them up. Labels are names from the code, never what a visitor typed, so that their number stays small.
"""

import logging
import time
from collections.abc import Callable, Iterable

from django.http import HttpRequest, HttpResponse
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest, multiprocess
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

_LABELS = ["route", "method"]
REQUESTS = Counter("hutong_requests", "Requests that were answered.", [*_LABELS, "status"])
SECONDS = Histogram(
    "hutong_request_seconds",
    "How long answers took, in seconds.",
    _LABELS,
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
_access = logging.getLogger("hutong.access")


class MeasureMiddleware:
    """Counts and times each request and writes one line about it: route, status, milliseconds."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass the request on; the address is told by its route's name, because refs and tokens stand in it."""
        started_s = time.perf_counter()
        response = self.get_response(request)
        took_s = time.perf_counter() - started_s
        match = request.resolver_match
        route = (match.view_name or match.route) if match else "none"
        method = request.method if request.method in _METHODS else "other"
        REQUESTS.labels(route, method, str(response.status_code)).inc()
        SECONDS.labels(route, method).observe(took_s)
        if route not in _QUIET:
            told = {"route": route, "method": method, "status": response.status_code}
            told["ms"] = round(took_s * 1000, 1)
            _access.info("%s %s %s", method, route, response.status_code, extra=told)
        return response


# Supervisors and monitors look every few seconds; a line for each would hide the others.
_QUIET = {"healthz", "readyz", "metrics"}
_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}


class _Gauges(Collector):
    """Numbers that are looked up when somebody asks."""

    def __init__(self, gauges: Iterable[tuple[str, str, dict[str, str], float]]) -> None:
        self.gauges = list(gauges)

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """One family for each name."""
        families: dict[str, GaugeMetricFamily] = {}
        for name, meaning, labels, value in self.gauges:
            family = families.setdefault(name, GaugeMetricFamily(name, meaning, labels=list(labels)))
            family.add_metric(list(labels.values()), value)
        return families.values()


def as_text(gauges: Iterable[tuple[str, str, dict[str, str], float]], *, folder: str | None) -> bytes:
    """Everything counted in all processes that write to `folder` (None: in this one), and these gauges.

    A gauge is its name, meaning, labels and value. The format is Prometheus' text exposition, version 0.0.4.
    """
    registry = CollectorRegistry()
    if folder:
        multiprocess.MultiProcessCollector(registry, path=folder)  # type: ignore[no-untyped-call]
    else:
        registry.register(_OwnProcess())
    registry.register(_Gauges(gauges))
    return generate_latest(registry)


class _OwnProcess(Collector):
    """The counters of this process alone."""

    def collect(self) -> Iterable[object]:  # type: ignore[override]
        """What this process counted."""
        yield from REQUESTS.collect()
        yield from SECONDS.collect()
