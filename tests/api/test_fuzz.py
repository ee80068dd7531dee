"""What nobody would send: every route with generated requests. No fault of ours, and every answer as documented."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.specs.openapi.checks import response_schema_conformance

from hutong.api.doors import Scope
from hutong.api.v1 import api
from hutong.config.wsgi import application
from hutong.town.merchants.types import Role
from tests.api.caller import Caller, as_person
from tests.api.stage import merchant_of, stage
from tests.factories import merchants, people
from tests.fakes.sandbox import Sandbox
from tests.faults.figures import Measured

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

# `make faults` asks for more; this is the short form.
CASES = int(os.environ.get("HUTONG_FUZZ_CASES", "12"))


@pytest.fixture
def open_connection() -> Iterator[None]:
    """Keep the test's transaction over a request, as Django's own test client does."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


def somebody_who_may_do_anything(at: datetime) -> Caller:
    """An operator who also manages a shop and buys: no scope and no role stops the generated requests."""
    there = stage(at)
    person = people.operator()
    merchants.staff(merchant=merchant_of(there.shop), person=person, role=Role.OWNER)
    return as_person(person, at, scopes=list(Scope))


def fuzz(operation: Any, token: str) -> int:
    """`CASES` generated requests to one route, or as many as it has; how many."""
    asked = itertools.count()

    @settings(
        max_examples=CASES,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def ask(case: Any) -> None:
        next(asked)
        response = case.call(headers={"Authorization": f"Bearer {token}"})
        assert response.status_code < 500, f"{case.method} {case.formatted_path}: {response.text}"
        case.validate_response(response, checks=[response_schema_conformance])

    ask()
    return next(asked)


def test_generated_requests_find_no_fault(
    at: datetime, sandbox: Sandbox, open_connection: None, measured: Measured
) -> None:
    caller = somebody_who_may_do_anything(at)
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", application)
    tried, cases = set(), 0
    found: Any
    for found in schema.get_all_operations():
        operation = found.ok()
        name = operation.definition.raw["operationId"]
        # A token ends itself but once.
        token = caller.token if name != "end_token" else somebody_who_may_do_anything(at).token
        cases += fuzz(operation, token or "")
        tried.add(name)
    assert tried == set(api.operations())
    measured(14, "requests that nobody would send", f"{cases:,} to {len(tried)} routes, no fault")
