"""Squares beside the words: PostgreSQL and Python number them alike, cover what is asked, and reach as far as is said."""

import math
import random

import pytest

from hutong.attract.search.rules import squares
from hutong.kernel.rows import scalar

HALF = 20_037_508.342789244


def of(x: float, y: float) -> list[int]:
    return list(scalar("SELECT search_squares(point(%s, %s))", [x, y]))


@pytest.mark.django_db
def test_a_place_is_in_the_squares_around_it_and_in_those_that_cover_its_box() -> None:
    chance = random.Random(5)
    for _number in range(200):
        x, y = chance.uniform(-HALF, HALF), chance.uniform(-HALF, HALF)
        for level, number in zip(squares.LEVELS, of(x, y), strict=True):
            numbers, _reach = squares.around(x, y, level)
            assert number in numbers
        wide = chance.choice((1.0, 300.0, 20_000.0, 50_000.0))
        found = squares.cover(x - wide, y - wide, x + wide, y + wide)
        assert 0 < len(found) <= 16
        assert len({number >> 40 for number in found}) == 1
        for _corner in range(4):
            inside = of(
                max(-HALF, min(HALF - 0.01, chance.uniform(x - wide, x + wide))),
                max(-HALF + 0.01, min(HALF, chance.uniform(y - wide, y + wide))),
            )
            assert set(found) & set(inside)


@pytest.mark.django_db
def test_nothing_outside_the_squares_around_a_place_is_within_reach() -> None:
    chance = random.Random(6)
    for _number in range(300):
        x, y = chance.uniform(-1e7, 1e7), chance.uniform(-1e7, 1e7)
        level = chance.choice(squares.LEVELS)
        numbers, reach = squares.around(x, y, level)
        side = 2 * HALF / 2**level
        assert side < reach < 1.5 * side
        towards, away = chance.uniform(0, 2 * math.pi), reach * chance.uniform(0.9, 1.0)
        at = of(x + away * math.cos(towards), y + away * math.sin(towards))
        assert at[squares.LEVELS.index(level)] in numbers


def test_the_whole_world_is_covered_by_no_squares() -> None:
    assert squares.cover(-HALF, -HALF, HALF, HALF) == ()
