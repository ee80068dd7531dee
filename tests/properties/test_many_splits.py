"""Figure 18: whole orders split over their units, and given back in any order: to the cent, however many are drawn."""

from __future__ import annotations

import random

import pytest

from hutong.kernel.money import Money
from hutong.pay.pricing.rules import flat_rate, price_cart
from hutong.pay.pricing.types import CartLine
from tests.faults.figures import Measured

SHORT, LONG = 20_000, 1_000_000
_PPM = 1_000_000


def test_random_splits(measured: Measured) -> None:
    check_splits(SHORT, seed=18)
    check_refunds(SHORT // 20, seed=18)
    measured(18, "random splits exact", f"{SHORT:,} splits")


@pytest.mark.long
def test_a_million_random_splits(measured: Measured) -> None:
    check_splits(LONG, seed=1800)
    check_refunds(LONG // 20, seed=1800)
    measured(18, "random splits exact", f"{LONG:,} splits, {LONG // 20:,} orders given back")


def test_control_a_split_that_rounds_each_part_loses_cents() -> None:
    """The same check finds what dividing each part by itself does."""
    draw = random.Random(18)
    wrong = sum(sum(parts) != minor for minor, weights in _drawn(draw, 1_000)
                for parts in [[round(minor * weight / sum(weights)) for weight in weights]])  # fmt: skip
    assert wrong > 100


def _drawn(draw: random.Random, count: int) -> list[tuple[int, list[int]]]:
    found = []
    for _number in range(count):
        minor = draw.randrange(10 ** draw.randint(1, 12)) * draw.choice((1, 1, 1, -1))
        weights = [draw.randrange(10 ** draw.randint(1, 9)) for _part in range(draw.randint(1, 12))]
        found.append((minor, weights if any(weights) else [*weights, 1]))
    return found


def check_splits(count: int, *, seed: int) -> None:
    """Sums are exact, and each part is within one minor unit of its share."""
    draw = random.Random(seed)
    for minor, weights in _drawn(draw, count):
        parts = [part.minor for part in Money(minor, "EUR").allocate(weights)]
        whole = sum(weights)
        assert sum(parts) == minor, (minor, weights)
        for part, weight in zip(parts, weights, strict=True):
            assert abs(part * whole - minor * weight) < whole, (minor, weights)


def check_refunds(count: int, *, seed: int) -> None:
    """Every unit of an order given back, in any order: what was paid goes back, what was kept is taken back."""
    draw = random.Random(seed)
    for _number in range(count):
        lines = []
        for number in range(draw.randint(1, 3)):
            listed = draw.randint(1, 10 ** draw.randint(1, 7))
            lines.append(
                CartLine(
                    offer_ref=f"off_{number}",
                    titles={"en": "Lunch"},
                    quantity=draw.randint(1, 7),
                    list_price=Money(listed, "EUR"),
                    price=Money(draw.randint(0, listed), "EUR"),
                    merchant_ref="mer_a",
                    tax_rate_ppm=draw.randint(0, 300_000),
                )
            )
        quote = price_cart(lines, charge=flat_rate(draw.randint(0, _PPM)))
        units = [unit for line in quote.lines for unit in line.units]
        draw.shuffle(units)
        kept, commission = quote.total, quote.commission_total
        for unit in units:
            kept, commission = kept - unit.paid, commission - unit.commission
            assert kept.minor >= 0
            assert commission.minor >= 0
        assert (kept.minor, commission.minor) == (0, 0), lines
