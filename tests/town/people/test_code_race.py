"""Fifty guesses at one moment: the guard holds, and the control shows what happens without it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import pytest
from django.db import connection

from hutong.town.people import queries, services
from hutong.town.people.models import OneTimeCode, Person

pytestmark = pytest.mark.django_db(transaction=True)

PHONE = "+358401234567"
GUESSES = 50


def all_at_once(guess: Callable[[int], str]) -> list[str]:
    """Run `guess(0..49)` in 50 threads that start together; what each came to."""
    barrier = threading.Barrier(GUESSES, timeout=60)

    def run(number: int) -> str:
        try:
            connection.ensure_connection()
            barrier.wait()
            return guess(number)
        finally:
            connection.close()

    with ThreadPoolExecutor(GUESSES) as pool:
        return list(pool.map(run, range(GUESSES)))


def guesses_without(code: str) -> list[str]:
    """Fifty different guesses, none of them right."""
    return [f"{(int(code) + 1 + number) % 1_000_000:06d}" for number in range(GUESSES)]


def sign_in(code: str, number: int, at: datetime) -> str:
    # Each guess comes from an address of its own, so that only the tries of the code are tested.
    try:
        services.sign_in(phone=PHONE, code=code, language="en", address=f"192.0.2.{number}", at=at)
    except (services.CodeWrong, services.CodeExpired) as refused:
        return refused.code
    return "in"


def sent_code(at: datetime) -> str:
    services.send_code(phone=PHONE, address="192.0.2.200", at=at)
    body = queries.messages(1)[0].body
    return next(word for word in body.replace("。", " ").split() if len(word) == 6 and word.isdigit())


def test_fifty_wrong_guesses_get_three_tries(at: datetime) -> None:
    wrong = guesses_without(sent_code(at))
    outcomes = all_at_once(lambda number: sign_in(wrong[number], number, at))
    assert outcomes.count("code_wrong") == 3
    assert outcomes.count("code_expired") == GUESSES - 3
    assert OneTimeCode.objects.get().tries_left == 0


def test_the_right_code_fifty_times_lets_one_in(at: datetime) -> None:
    code = sent_code(at)
    outcomes = all_at_once(lambda number: sign_in(code, number, at))
    assert outcomes.count("in") == 1
    assert Person.objects.count() == 1


def test_control_reading_before_writing_gives_more_than_three_tries(at: datetime) -> None:
    """The same fifty guesses against the obvious code: read the tries, check them, write them back."""
    sent_code(at)
    read = threading.Barrier(GUESSES, timeout=60)

    def naive(_number: int) -> str:
        row = OneTimeCode.objects.get()
        read.wait()
        if row.tries_left <= 0:
            return "code_expired"
        row.tries_left -= 1
        row.save(update_fields=["tries_left"])
        return "code_wrong"

    assert all_at_once(naive).count("code_wrong") > 3
