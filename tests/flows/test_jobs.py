"""What the clock asks for: each due thing once, the books every quarter of an hour."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from hutong.flows import jobs
from hutong.kernel.rows import execute
from hutong.pay.orders import queries as orders
from hutong.pay.orders.types import OrderState
from tests.factories.loop import scene
from tests.fakes.sandbox import Sandbox


@pytest.mark.django_db(transaction=True)
def test_tick_ends_orders_whose_time_is_over(at: datetime, sandbox: Sandbox) -> None:
    shop = scene(at=at, capacity=1)
    placed = shop.order()
    jobs.tick(at=at + timedelta(minutes=16))
    facts = orders.order_facts(placed.order_ref)
    assert facts is not None
    assert facts.state is OrderState.EXPIRED


@pytest.mark.unbalanced
@pytest.mark.django_db(transaction=True)
def test_books_are_added_up_every_quarter_of_an_hour(
    at: datetime, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    shop = scene(at=at)
    shop.bought()
    execute("UPDATE ledger_balance SET minor = minor + 1")
    assert any("ledger" in problem for problem in jobs.check_books(at=at))
    assert "ledger" in caplog.text
    assert jobs.check_books(at=at + timedelta(minutes=14)) == ()
    assert jobs.check_books(at=at + timedelta(minutes=15)) != ()


@pytest.mark.django_db
def test_pictures_are_collected_once_a_day(at: datetime, settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path
    assert jobs.collect_pictures(at=at) is not None
    assert jobs.collect_pictures(at=at + timedelta(hours=23)) is None
    assert jobs.collect_pictures(at=at + timedelta(hours=24)) is not None
