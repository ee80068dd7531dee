"""Planted fraud is found and said why; what honest people do is not."""

from dataclasses import replace

import pytest

from hutong.attract.reviews.rules import HELD_FROM, must_wait
from hutong.attract.reviews.rules.fraud import score
from hutong.attract.reviews.rules.likeness import likeness, shingles, sketch
from hutong.attract.reviews.types import FraudFacts, Signal

WEEK_S = 7 * 24 * 3600.0
HONEST = FraudFacts(stars=4, account_age_s=WEEK_S)
PRAISE = "Best noodles in town, the broth is rich and the staff are very friendly. We will come again!"
COPY = (
    "The best noodles in this town! The broth is so rich and the staff are very friendly. We'll come again."
)
OTHER = (
    "We waited half an hour for a table, then the soup was cold. The terrace is lovely in the evening sun."
)


def signals(facts: FraudFacts) -> set[Signal]:
    return {reason.signal for reason in score(facts).reasons}


@pytest.mark.parametrize(
    ("planted", "signal"),
    [
        ({"last_day": 20, "usual_a_day": 1.0, "same_address": 6}, Signal.BURST),
        ({"same_device": 2}, Signal.SHARED_DEVICE),
        ({"likeness": 1.0, "like_ref": "rvw_1"}, Signal.COPIED),
        ({"works_here": True, "stars": 5}, Signal.OWN_SHOP),
        ({"competitors": ("sto_1",), "stars": 1}, Signal.COMPETITOR),
        ({"ring": ("rvw_2",), "stars": 5}, Signal.RING),
        ({"account_age_s": 600.0, "stars": 5, "likeness": 0.6, "like_ref": "rvw_1"}, Signal.NEW_ACCOUNT),
    ],
)
def test_a_planted_case_waits_for_a_moderator_with_its_reason(planted: dict, signal: Signal) -> None:  # type: ignore[type-arg]
    facts = replace(HONEST, **planted)
    assert score(facts).points >= HELD_FROM, score(facts)
    assert signal in signals(facts)
    assert must_wait(region_looks_first=False, points=score(facts).points)


@pytest.mark.parametrize(
    "honest",
    [
        {},
        {"stars": 5, "account_age_s": 600.0},  # a happy new customer
        {"stars": 1, "account_age_s": 600.0, "has_text": False},
        {"last_day": 30, "usual_a_day": 25.0},  # a busy place on a busy day
        {"last_day": 7, "usual_a_day": 0.1},  # a small party
        {"same_address": 12},  # guests on one network
        {"competitors": ("sto_1",), "stars": 5},  # a colleague who is pleased
        {"likeness": 0.3, "like_ref": "rvw_1"},
        {"same_device": 1},  # a couple with one phone
    ],
)
def test_what_honest_people_do_is_published(honest: dict) -> None:  # type: ignore[type-arg]
    assert score(replace(HONEST, **honest)).points < HELD_FROM


def test_nothing_found_is_no_score_and_everything_found_is_100() -> None:
    assert score(HONEST).points == 0
    assert score(HONEST).reasons == ()
    worst = replace(HONEST, stars=5, same_device=5, likeness=1.0, works_here=True, account_age_s=1.0)
    assert score(worst).points == 100
    assert score(worst).reasons[0].signal is Signal.OWN_SHOP


def test_a_near_copy_is_alike_and_another_text_is_not() -> None:
    assert likeness(shingles(PRAISE), shingles(PRAISE.upper() + " !!")) == 1.0
    assert likeness(shingles(PRAISE), shingles(COPY)) >= 0.5
    assert likeness(shingles(PRAISE), shingles(OTHER)) < 0.1
    assert set(sketch(shingles(PRAISE))) & set(sketch(shingles(COPY))), "a candidate is found by the sample"


def test_chinese_is_compared_by_signs_and_short_praise_is_not_compared() -> None:
    said = "这家店的牛肉面汤头浓郁,服务员态度很好,下次还会再来"
    assert likeness(shingles(said), shingles(said.replace("下次", "以后"))) > 0.5
    assert likeness(shingles(said), shingles("等了半个小时才有位子,菜端上来已经凉了,失望")) < 0.1
    assert shingles("Very good!") == frozenset()
    assert shingles("很好吃") == frozenset()
    assert likeness(frozenset(), frozenset()) == 0.0
