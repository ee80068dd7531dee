"""The books are added up while people buy: what commits meanwhile is no fault of theirs."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import connection, transaction

from hutong.flows import books
from hutong.kernel import clock
from tests.factories.loop import scene

pytestmark = pytest.mark.django_db(transaction=True)


@contextmanager
def sales() -> Iterator[None]:
    """Somebody buys as fast as it goes."""
    shop, stop = scene(at=clock.now()), threading.Event()
    shop.bought()

    def buy() -> None:
        try:
            while not stop.is_set():
                shop.bought()
        finally:
            connection.close()

    buyer = threading.Thread(target=buy)
    buyer.start()
    try:
        yield
    finally:
        stop.set()
        buyer.join()


def problems() -> tuple[str, ...]:
    return books.check(at=clock.now(), ask_providers=False).problems


def test_what_is_sold_meanwhile_is_no_fault() -> None:
    with sales():
        for _time in range(10):
            assert problems() == ()


def test_control_without_one_moment_there_are_faults() -> None:
    with sales():
        for _time in range(100):
            with transaction.atomic():  # each statement sees what was committed before it
                if problems():
                    return
    pytest.fail("a hundred sums beside sales, and all of them held")
