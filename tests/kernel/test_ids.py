"""Public ids name their kind, are unique and sort by time."""

import time

from hutong.kernel.ids import new_id


def test_ids_say_what_they_are_and_sort_by_time() -> None:
    first = new_id("ord")
    while time.time_ns() // 1_000_000 == _milliseconds(first):
        continue
    second = new_id("ord")
    assert first.startswith("ord_")
    assert len(first) == 30
    assert first < second


def test_ids_do_not_repeat() -> None:
    assert len({new_id("x") for _ in range(10_000)}) == 10_000


def _milliseconds(ref: str) -> int:
    value = 0
    for symbol in ref.partition("_")[2]:
        value = value << 5 | "0123456789abcdefghjkmnpqrstvwxyz".index(symbol)
    return value >> 80
