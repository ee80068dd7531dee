"""Checking the books takes as long as there are rows, not as their square."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from django.db import connection

from hutong.flows import books
from hutong.kernel.rows import rows


def statements_of_a_check(at: datetime) -> list[tuple[str, Any]]:
    """What a check sends, with its parameters."""
    sent = []

    def note(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        sent.append((sql, params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        assert books.check(at=at, ask_providers=False).problems == ()
    return sent


@pytest.mark.django_db
def test_what_was_given_up_is_not_read_again_for_each_unit(at: datetime) -> None:
    reading = [
        each
        for each in statements_of_a_check(at)
        if "payments_refund" in each[0] and "orders_unit" in each[0]
    ]
    assert reading
    for sql, params in reading:
        plan = "\n".join(next(iter(line.values())) for line in rows(f"EXPLAIN {sql}", params))
        assert "SubPlan" not in plan, plan
        assert "Anti Join" in plan, plan
