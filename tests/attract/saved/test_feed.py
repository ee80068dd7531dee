"""The order of the home page: nearness x taste x time of day, and why something stands where it does."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some

from hutong.attract.saved.rules.feed import HALF_NEAR_M, Candidate, nearness, ranked
from hutong.attract.saved.rules.hours import BEGINS, WEIGHTS, DayPart, day_part, hour_weight
from hutong.attract.saved.rules.taste import Taste
from hutong.flows.import_osm.category_table import GROUPS as TABLE

GROUPS = {"cafe": "food", "asian": "food", "bar": "nightlife", "books": "shopping"}
NOTHING = Taste()
FORENOON = 10


def order(candidates: list[Candidate], *, taste: Taste = NOTHING, hour: int = FORENOON) -> list[str]:
    return [one.ref for one in ranked(candidates, taste=taste, groups=GROUPS, hour=hour)]


def test_with_nothing_known_the_nearest_comes_first() -> None:
    shops = [Candidate(f"sto_{number}", "books", 1000.0 - 100 * number) for number in range(5)]
    found = ranked(shops, taste=NOTHING, groups=GROUPS, hour=FORENOON)
    assert [one.ref for one in found] == ["sto_4", "sto_3", "sto_2", "sto_1", "sto_0"]
    assert {one.because for one in found} == {""}


def test_what_one_likes_comes_before_what_is_a_little_nearer_and_says_why() -> None:
    books, cafe = Candidate("sto_b", "books", 500), Candidate("sto_c", "asian", 700)
    assert order([books, cafe]) == ["sto_b", "sto_c"]
    fond = Taste({"asian": 12.0}, {"food": 12.0})
    first, second = ranked([books, cafe], taste=fond, groups=GROUPS, hour=FORENOON)
    assert (first.ref, first.because) == ("sto_c", "asian")
    assert (second.ref, second.because) == ("sto_b", "")


def test_no_reason_where_taste_changed_nothing() -> None:
    fond = Taste({"asian": 12.0}, {"food": 12.0})
    (only,) = ranked([Candidate("sto_c", "asian", 100)], taste=fond, groups=GROUPS, hour=FORENOON)
    assert only.because == ""
    hardly = Taste({"asian": 0.5}, {"food": 0.5})
    pair = [Candidate("sto_b", "museum", 500), Candidate("sto_c", "asian", 501)]
    moved, _other = ranked(pair, taste=hardly, groups=GROUPS, hour=FORENOON)
    assert (moved.ref, moved.because) == ("sto_c", "")


def test_taste_does_not_bring_a_shop_from_the_other_end_of_town() -> None:
    fond = Taste({"asian": 1000.0}, {"food": 1000.0})
    assert order([Candidate("sto_far", "asian", 9000), Candidate("sto_near", "books", 200)], taste=fond) == [
        "sto_near",
        "sto_far",
    ]


@pytest.mark.parametrize(
    ("hour", "first"), [(8, "cafe"), (12, "asian"), (15, "cafe"), (19, "asian"), (23, "bar"), (2, "bar")]
)
def test_the_hour_decides_among_equally_near_ones(hour: int, first: str) -> None:
    shops = [Candidate(f"sto_{slug}", slug, 300) for slug in ("asian", "bar", "books", "cafe")]
    assert order(shops, hour=hour)[0] == f"sto_{first}"


def test_a_day_has_six_parts_and_every_hour_one() -> None:
    assert [begins for begins, _part in BEGINS] == sorted({begins for begins, _part in BEGINS})
    assert {day_part(hour) for hour in range(24)} == set(DayPart) == set(WEIGHTS)
    assert [day_part(hour) for hour in (5, 6, 21, 22, 0)] == [
        DayPart.NIGHT, DayPart.BREAKFAST, DayPart.DINNER, DayPart.NIGHT, DayPart.NIGHT,
    ]  # fmt: skip
    for hour in (-1, 24):
        with pytest.raises(ValueError, match="no hour"):
            day_part(hour)


def test_the_table_names_categories_there_are() -> None:
    known = {slug for slug, *_rest in TABLE} | {entry.slug for entries in TABLE.values() for entry in entries}
    assert {slug for weights in WEIGHTS.values() for slug in weights} <= known
    assert hour_weight(12, category="asian", group="food") == 1.5
    assert hour_weight(12, category="no-such", group="no-such") == 1.0


def test_half_as_near_at_a_kilometre() -> None:
    assert [nearness(metres) for metres in (0, HALF_NEAR_M, 9 * HALF_NEAR_M)] == pytest.approx([1, 0.5, 0.1])
    assert nearness(-5) == 1.0


_CANDIDATES = some.lists(
    some.builds(
        Candidate,
        ref=some.uuids().map(str),
        category=some.sampled_from(sorted(GROUPS)),
        distance_m=some.floats(0, 50_000),
    ),
    max_size=30,
    unique_by=lambda one: one.ref,
)


@given(
    _CANDIDATES,
    some.dictionaries(some.sampled_from(sorted(GROUPS)), some.floats(0, 100)),
    some.integers(0, 23),
)
def test_every_candidate_is_there_once_and_scores_fall(
    candidates: list[Candidate], weights: dict[str, float], hour: int
) -> None:
    fond = Taste(weights, {GROUPS[slug]: weight for slug, weight in weights.items()})
    found = ranked(candidates, taste=fond, groups=GROUPS, hour=hour)
    assert sorted(one.ref for one in found) == sorted(one.ref for one in candidates)
    assert all(before.score >= after.score for before, after in pairwise(found))
    assert order(candidates[::-1], taste=fond, hour=hour) == [one.ref for one in found]


def test_the_documentation_shows_this_table() -> None:
    text = (Path(__file__).parents[3] / "docs" / "concepts" / "home.md").read_text(encoding="utf-8")
    for begins, part in BEGINS:
        weights = ", ".join(f"{slug} {weight:g}" for slug, weight in WEIGHTS[part].items())
        assert f"| {part.value} | {begins} | {weights} |" in text
