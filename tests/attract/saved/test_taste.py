"""What somebody likes: weights that add up, fade with the days, and never run away."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from hutong.attract.saved.rules.taste import HALF_LIFE, HALF_LIKED, MOST_LIKINGS, WEIGHTS, liked, taste
from hutong.attract.saved.types import Liking, LikingKind

AT = datetime(2026, 6, 1, 9, tzinfo=UTC)
GROUPS = {"cafe": "food", "asian": "food", "hairdresser": "beauty"}


def did(kind: str, category: str = "cafe", *, days: float = 0) -> Liking:
    return Liking(LikingKind(kind), category, AT - timedelta(days=days))


def test_looking_saving_and_buying_weigh_one_three_and_five() -> None:
    known = taste(
        [did("viewed"), did("saved"), did("bought"), did("viewed", "hairdresser")], groups=GROUPS, at=AT
    )
    assert known.categories == {"cafe": 9.0, "hairdresser": 1.0}
    assert known.groups == {"food": 9.0, "beauty": 1.0}
    assert {kind.value: weight for kind, weight in WEIGHTS.items()} == {"viewed": 1, "saved": 3, "bought": 5}


@pytest.mark.parametrize(("days", "left"), [(0, 5.0), (30, 2.5), (60, 1.25), (300, 5 / 1024)])
def test_half_of_it_is_left_after_a_month(days: float, left: float) -> None:
    assert timedelta(days=30) == HALF_LIFE
    known = taste([did("bought", days=days)], groups=GROUPS, at=AT)
    assert known.categories["cafe"] == pytest.approx(left)


def test_what_is_ahead_or_hidden_does_not_count() -> None:
    known = taste([did("bought", days=-0.001), did("bought", "unknown")], groups=GROUPS, at=AT)
    assert not known.known
    assert liked(known, category="cafe", group="food") == 0.0


def test_liking_grows_and_stays_below_one() -> None:
    def of(views: int) -> float:
        return liked(taste([did("viewed")] * views, groups=GROUPS, at=AT), category="cafe", group="food")

    assert 0 < of(1) < of(2) < of(50) < 1
    assert of(int(HALF_LIKED)) == pytest.approx(0.5)
    assert of(10_000) == of(MOST_LIKINGS)


def test_a_group_is_liked_a_little_for_one_of_its_categories() -> None:
    known = taste([did("bought")], groups=GROUPS, at=AT)
    own, beside = (liked(known, category=slug, group="food") for slug in ("cafe", "asian"))
    assert own > beside > 0
    assert liked(known, category="hairdresser", group="beauty") == 0.0
