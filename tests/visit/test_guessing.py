"""Guessing codes: stopped by device, by merchant and by address, while honest devices go on."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import count
from typing import TypeVar

import pytest
from pytest_django import DjangoAssertNumQueries

from hutong.kernel import codes
from hutong.kernel.errors import TooMany
from hutong.town.merchants.models import Device, Store
from hutong.visit.vouchers import rules, services
from tests.factories import merchants, vouchers

pytestmark = pytest.mark.django_db

T = TypeVar("T")
LIMIT = 50
_guesses = count()


def attempt(device: Device, code: str, *, address: str, at: datetime) -> None:
    """Redeem as the flow does: the guard outside, the redemption inside."""
    store = device.store
    assert store.merchant is not None
    with services.guessing_stopped(
        actor_ref=device.public_id, merchant_ref=store.merchant.public_id, address=address, at=at
    ):
        services.redeem(
            code=code, store=store, actor_ref=device.public_id, device=device, by=None,
            nonce=f"n{next(_guesses)}", at=at,
        )  # fmt: skip


def tries_until_stopped(devices: Iterator[Device], addresses: Iterator[str], at: datetime) -> int:
    """How many wrong codes are looked at before everything is refused; at most `LIMIT`."""
    looked_at = refused_in_a_row = 0
    for device, address in zip(devices, addresses, strict=False):
        try:
            attempt(device, codes.code_from_digest(str(next(_guesses)).encode()), address=address, at=at)
        except services.VoucherUnknown:
            looked_at, refused_in_a_row = looked_at + 1, 0
        except TooMany:
            refused_in_a_row += 1
        if looked_at == LIMIT or refused_in_a_row == 5:
            break
    return looked_at


def other_addresses() -> Iterator[str]:
    """An address never seen before, each time."""
    return (f"10.0.{number // 250}.{number % 250}" for number in count())


def same(value: T) -> Iterator[T]:
    """The same thing for ever."""
    while True:
        yield value


def fresh_devices(stores: Iterator[Store]) -> Iterator[Device]:
    """A new device in each of these stores."""
    return (merchants.device(store=store) for store in stores)


def fresh_stores() -> Iterator[Store]:
    """A store of a new merchant, each time."""
    return (merchants.store() for _number in count())


def test_the_budget_of_the_device_stops_it_wherever_it_calls_from(at: datetime) -> None:
    device = merchants.device(store=merchants.store())
    assert tries_until_stopped(same(device), other_addresses(), at) == rules.OWN_TRIES < LIMIT


def test_the_budget_of_the_merchant_stops_its_devices_together(at: datetime) -> None:
    store = merchants.store()
    tried = tries_until_stopped(fresh_devices(same(store)), other_addresses(), at)
    assert tried == rules.NEWCOMER_TRIES < LIMIT


def test_the_budget_of_the_address_stops_devices_of_all_merchants(at: datetime) -> None:
    tried = tries_until_stopped(fresh_devices(fresh_stores()), same("10.9.9.9"), at)
    assert tried == rules.NEWCOMER_TRIES < LIMIT


@pytest.mark.parametrize("proven", [True, False])
def test_an_honest_device_at_the_guessers_address_still_redeems(proven: bool, at: datetime) -> None:
    made = vouchers.voucher(uses=2, at=at - timedelta(days=2))
    honest = merchants.device(store=made.store)
    if proven:
        vouchers.redeem(made, honest, at=at - timedelta(days=1))
    guesser = merchants.device(store=made.store)
    assert tries_until_stopped(same(guesser), same("10.9.9.9"), at) == rules.OWN_TRIES
    with pytest.raises(TooMany):  # the guesser is not answered even with a right code
        attempt(guesser, made.code, address="10.9.9.9", at=at)
    attempt(honest, made.code, address="10.9.9.9", at=at)


def test_a_proven_device_redeems_while_a_whole_address_is_stopped(at: datetime) -> None:
    made = vouchers.voucher(uses=2, at=at - timedelta(days=2))
    proven = merchants.device(store=made.store)
    vouchers.redeem(made, proven, at=at - timedelta(days=1))
    tries_until_stopped(fresh_devices(fresh_stores()), same("10.9.9.9"), at)
    with pytest.raises(TooMany) as refused:
        attempt(merchants.device(store=made.store), made.code, address="10.9.9.9", at=at)
    assert refused.value.details["retry_after_s"] == rules.FAILURE_WINDOW_S
    attempt(proven, made.code, address="10.9.9.9", at=at)


def test_only_unknown_codes_cost_and_time_gives_the_tries_back(at: datetime) -> None:
    made = vouchers.voucher()
    device = merchants.device(store=made.store)
    attempt(device, made.code, address="10.1.1.1", at=at)
    for _try in range(LIMIT):
        with pytest.raises(services.VoucherAlreadyUsed):
            attempt(device, made.code, address="10.1.1.1", at=at)
        with pytest.raises(services.CodeMistyped):
            attempt(device, "AAAA", address="10.1.1.1", at=at)
    assert tries_until_stopped(same(device), same("10.1.1.1"), at) == rules.OWN_TRIES
    later = at + timedelta(seconds=rules.FAILURE_WINDOW_S)
    assert tries_until_stopped(same(device), same("10.1.1.1"), later) == rules.OWN_TRIES


def test_an_honest_scan_costs_one_statement_more(
    at: datetime, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    made = vouchers.voucher()
    device = merchants.device(store=made.store)
    assert device.store.merchant is not None
    with django_assert_num_queries(6):
        attempt(device, made.code, address="10.1.1.1", at=at)
