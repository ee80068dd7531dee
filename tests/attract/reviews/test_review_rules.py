"""What is decided without a database: states, time, names, stars, the rating a store is ranked by."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hutong.attract.reviews import rules
from hutong.attract.reviews.types import Event, ReviewState

AT = datetime(2026, 6, 1, 9, tzinfo=UTC)


def test_nothing_moves_what_its_author_withdrew() -> None:
    assert all(rules.next_state(ReviewState.WITHDRAWN, event) is None for event in Event)


def test_only_a_sealed_review_is_revealed() -> None:
    revealed = [state for state in ReviewState if rules.next_state(state, Event.REVEAL)]
    assert revealed == [ReviewState.SEALED]


def test_a_visit_is_reviewed_for_60_days_and_not_before_it_was() -> None:
    assert not rules.is_open(AT, AT - timedelta(seconds=1))
    assert rules.is_open(AT, AT)
    assert rules.is_open(AT, AT + timedelta(days=60, seconds=-1))
    assert not rules.is_open(AT, AT + timedelta(days=60))


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Anna Maria Berg", "Anna B."),
        ("Anna", "Anna"),
        ("王小明", "王**"),
        ("", ""),
        ("  anna\u202e   berg ", "anna B."),
        ("A" * 60 + " Berg", "A" * 37 + " B."),
    ],
)
def test_a_name_is_shown_to_strangers_in_part(name: str, shown: str) -> None:
    assert rules.shown_name(name) == shown


def test_stars_are_one_to_five_and_for_what_a_store_has() -> None:
    food = rules.aspects_of("cafe", "food")
    assert food == ("taste", "service", "place", "value")
    assert rules.aspects_of("locksmith", "services") == ("service", "place", "value")
    assert not rules.faults(stars=1, aspects={"taste": 5}, allowed=food)
    for stars, aspects in ((0, {}), (6, {}), (3, {"taste": 0}), (3, {"hygiene": 5})):
        assert rules.faults(stars=stars, aspects=aspects, allowed=food)


def test_a_text_keeps_its_lines_and_loses_what_hides_in_it() -> None:
    assert rules.text_of(" Good\r\n\r\n\r\n\r\ncoffee\u202e \x00! ") == "Good\n\ncoffee !"
    assert len(rules.text_of("好" * 5000)) == rules.MAX_TEXT


def test_neither_side_reads_the_other_before_both_wrote_or_time_is_up() -> None:
    end = AT + timedelta(days=60)
    assert rules.may_reveal(both_wrote=False, reveal_at=None, at=AT)
    assert not rules.may_reveal(both_wrote=False, reveal_at=end, at=end - timedelta(seconds=1))
    assert rules.may_reveal(both_wrote=True, reveal_at=end, at=AT)
    assert rules.may_reveal(both_wrote=False, reveal_at=end, at=end)


def test_both_sides_write_blind_for_two_weeks() -> None:
    end = AT + timedelta(days=14)
    assert rules.blind_until(AT) == end
    assert rules.is_blind(AT, AT)
    assert rules.is_blind(AT, end - timedelta(seconds=1))
    assert not rules.is_blind(AT, end)
    assert not rules.is_blind(AT, AT - timedelta(seconds=1))


def test_one_review_of_five_stars_does_not_outrank_two_hundred_of_four_and_a_half() -> None:
    one, many = rules.bayesian(5, 1, 3.8, 10), rules.bayesian(900, 200, 3.8, 10)
    assert one == pytest.approx((38 + 5) / 11)
    assert one < many
    assert rules.bayesian(0, 0, 3.8, 10) == pytest.approx(3.8)
    assert rules.bayesian(0, 0, 3.8, 0) == pytest.approx(3.8)
    assert rules.bayesian(4_500_000, 1_000_000, 3.8, 10) == pytest.approx(4.5, abs=1e-4)


def test_a_young_last_decision_is_taken_back_once() -> None:
    facts: dict[str, Any] = {"decided_at": AT, "is_last": True, "undone": False}
    assert rules.may_take_back(**facts, at=AT + timedelta(minutes=5))
    assert not rules.may_take_back(**facts, at=AT + timedelta(minutes=5, seconds=1))
    assert not rules.may_take_back(**{**facts, "undone": True}, at=AT)
    assert not rules.may_take_back(**{**facts, "is_last": False}, at=AT)
