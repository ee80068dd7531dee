"""Scanners at one voucher of a channel, and lists at the last ones of a deal; each race with its control."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime
from functools import partial

import pytest

from hutong.kernel.errors import Conflict
from hutong.kernel.rows import scalar
from hutong.pay.orders.types import PlacedOrder
from hutong.town.merchants.models import Device
from hutong.visit.stock import services as stock_services
from hutong.visit.stock.queries import stock_of
from hutong.visit.vouchers import services
from hutong.visit.vouchers.types import RedemptionResult
from hutong.visit.vouchers.types.channels import Brought
from tests.concurrency.forgetting import forgetting
from tests.concurrency.race import constraint_dropped, race
from tests.factories import merchants, people
from tests.factories.channels import brought
from tests.factories.loop import Scene, scene

pytestmark = pytest.mark.django_db(transaction=True)

VOUCHERS, DEVICES = 30, 16
LISTS, CAPACITY = 8, 100


def scan_all(shop: Scene, device: Device, codes: list[str]) -> list[RedemptionResult]:
    """One device tries every code, in an order of its own; what it got."""
    got = []
    for code in random.Random(device.pk).sample(codes, len(codes)):
        try:
            done = services.redeem_channel(
                code=code, store=shop.store, actor_ref=device.public_id, device=device, by=None,
                nonce=f"{device.pk}-{code}", at=shop.at,
            )  # fmt: skip
        except services.VoucherAlreadyUsed:
            continue  # what the test counts
        assert done is not None
        got.append(done)
    return got


def scanned_by_all(shop: Scene) -> int:
    """How often vouchers of a list were redeemed by devices that try all of them at once."""
    codes = [f"CODE{number:08d}" for number in range(VOUCHERS)]
    brought(shop, *codes)
    devices = [merchants.device(store=shop.store, name=f"Till {number}") for number in range(DEVICES)]
    return sum(len(got) for got in race([partial(scan_all, shop, device, codes) for device in devices]))


def test_each_is_redeemed_once(at: datetime) -> None:
    shop = scene(at=at)
    assert scanned_by_all(shop) == VOUCHERS
    assert scalar("SELECT count(*) FROM vouchers_channelredemption") == VOUCHERS


@pytest.mark.unbalanced("a control")
def test_control_without_the_guard_they_are_redeemed_again(at: datetime) -> None:
    shop = scene(at=at)
    with forgetting("vouchers_channelvoucher", without=["vouchers_channelredemption_live"]):
        assert scanned_by_all(shop) > VOUCHERS


def lists_and_orders(shop: Scene) -> list[Brought | PlacedOrder | Conflict]:
    """Lists of 15 codes and orders of 15 at once, for a deal of which 100 may be sold."""
    lists: list[Callable[[], Brought | PlacedOrder]] = [
        partial(brought, shop, *(f"L{number}C{code:08d}" for code in range(15))) for number in range(LISTS)
    ]
    orders: list[Callable[[], Brought | PlacedOrder]] = [
        partial(shop.order, quantity=15, by=people.person()) for _number in range(LISTS)
    ]
    return race([*lists, *orders], expected=(Conflict,))


def test_lists_and_orders_never_take_more_than_there_is(at: datetime) -> None:
    shop = scene(at=at, capacity=CAPACITY)
    done = lists_and_orders(shop)
    stock = stock_of([shop.offer.public_id])[shop.offer.public_id]
    assert sum(isinstance(one, Brought | PlacedOrder) for one in done) == CAPACITY // 15
    assert stock.taken == CAPACITY // 15 * 15
    assert stock.elsewhere == scalar("SELECT count(*) FROM vouchers_channelvoucher")


@pytest.mark.unbalanced("a control")
def test_control_without_the_guards_lists_take_more_than_there_is(
    at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = scene(at=at, capacity=CAPACITY)
    guard = "(capacity IS NULL OR held + sold + elsewhere + %(quantity)s::int8 <= capacity)"
    assert guard in stock_services._TAKE_ELSEWHERE
    monkeypatch.setattr(
        stock_services, "_TAKE_ELSEWHERE", stock_services._TAKE_ELSEWHERE.replace(guard, "true")
    )
    with constraint_dropped("stock_stock", "stock_within_capacity"):
        lists_and_orders(shop)
        assert stock_of([shop.offer.public_id])[shop.offer.public_id].taken > CAPACITY


def test_the_same_list_at_once_brings_its_codes_once(at: datetime) -> None:
    shop = scene(at=at, capacity=CAPACITY)
    codes = [f"CODE{number:08d}" for number in range(50)]
    done = race([partial(brought, shop, *random.Random(number).sample(codes, 50)) for number in range(LISTS)])
    assert sorted(one.new for one in done) == [0] * (LISTS - 1) + [50]
    assert stock_of([shop.offer.public_id])[shop.offer.public_id].elsewhere == 50
