"""Which card bears what: exact by card and by unit, always the same, and given back to where it came from."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hutong.kernel.money import Money
from hutong.pay.giftcards import rules
from hutong.pay.ledger import rules as ledger_rules


@st.composite
def orders(draw: st.DrawFn) -> tuple[list[tuple[str, int]], list[tuple[str, int]]]:
    """Cards, and units of which a part is paid from them, split as orders split it."""
    prices = draw(st.lists(st.integers(0, 5000), min_size=1, max_size=12).filter(any))
    total = sum(prices)
    stored = draw(st.integers(1, total))
    cuts = sorted([*draw(st.lists(st.integers(1, stored), max_size=4, unique=True)), stored])
    steps = [high - low for low, high in zip([0, *cuts[:-1]], cuts, strict=True) if high > low]
    borne = Money(stored, "EUR").allocate(prices)
    assert all(part.minor <= price for part, price in zip(borne, prices, strict=True))
    units = [(f"unt_{number}", part.minor) for number, part in enumerate(borne)]
    return [(f"gft_{number}", minor) for number, minor in enumerate(steps)], units


@given(orders())
def test_what_is_poured_adds_up_by_card_and_by_unit(
    order: tuple[list[tuple[str, int]], list[tuple[str, int]]],
) -> None:
    cards, units = order
    poured = ledger_rules.poured(cards, units)
    assert all(minor > 0 for _card, _unit, minor in poured)
    assert len({(card, unit) for card, unit, _minor in poured}) == len(poured)
    for names, wanted in ((0, cards), (1, units)):
        sums: dict[str, int] = {}
        for part in poured:
            sums[str(part[names])] = sums.get(str(part[names]), 0) + part[2]
        assert sums == {ref: minor for ref, minor in wanted if minor}
    assert ledger_rules.poured(cards, units) == poured


def test_cards_that_bear_another_amount_are_refused() -> None:
    with pytest.raises(ValueError, match="what the pots bear"):
        ledger_rules.poured([("gft_a", 5)], [("unt_a", 6)])


@given(st.lists(st.integers(0, 100), max_size=8), st.integers(1, 500))
def test_the_oldest_are_used_up_first(amounts: list[int], wanted: int) -> None:
    cards = [(f"gft_{number}", minor) for number, minor in enumerate(amounts)]
    chosen = rules.oldest_first(cards, wanted)
    if sum(amounts) < wanted:
        assert chosen is None
        return
    assert chosen is not None
    assert sum(minor for _ref, minor in chosen) == wanted
    used = dict(chosen)
    last = max(index for index, (ref, _minor) in enumerate(cards) if ref in used)
    assert all(used.get(ref, 0) == minor for ref, minor in cards[:last])


@pytest.mark.parametrize(
    ("unit", "smallest", "most"), [("EUR", 1000, 50_000), ("JPY", 1000, 50_000), ("KWD", 10_000, 500_000)]
)
def test_choices_are_round_in_every_currency(unit: str, smallest: int, most: int) -> None:
    assert rules.choices(unit)[0] == Money(smallest, unit)
    assert rules.most(unit) == Money(most, unit)


def test_more_cards_than_the_books_take_in_one_transaction_are_not_used() -> None:
    cards = [(f"gft_{number}", 1) for number in range(rules.MOST_CARDS + 1)]
    assert rules.oldest_first(cards, rules.MOST_CARDS + 1) is None
    assert rules.oldest_first(cards, rules.MOST_CARDS) is not None
