"""The price of a group: one of a line's prices, and named by the quote's hash and its stored form."""

from __future__ import annotations

from dataclasses import replace

from hutong.pay.pricing.rules import from_json, price_cart, to_json
from hutong.pay.pricing.types import CartLine, PriceKind, Quote, SpecialPrice
from tests.factories.pricing import euros, line


def in_group(name: str, price: int = 800) -> CartLine:
    bought = line(price=1000, list_price=1200, special=[SpecialPrice(euros(price), in_group=True)])
    return replace(bought, group=name)


def priced(cart_line: CartLine) -> Quote:
    return price_cart([cart_line])


def test_it_counts_as_any_other_price() -> None:
    (found,) = priced(in_group("grp_1")).lines
    assert (found.total, found.price_kind, found.group) == (euros(800), PriceKind.GROUP, "grp_1")
    (dearer,) = priced(in_group("grp_1", price=1100)).lines
    assert (dearer.total, dearer.price_kind) == (euros(1000), PriceKind.DEAL)


def test_the_hash_names_the_group_and_alone_it_is_what_it_was() -> None:
    hashes = {priced(in_group(name)).hash for name in ("grp_1", "grp_2", "")}
    assert len(hashes) == 3
    alone = line(price=800, list_price=1200)
    assert priced(alone).hash == priced(in_group("")).hash


def test_it_is_stored_and_read_again() -> None:
    quote = priced(in_group("grp_1"))
    stored = to_json(quote)
    assert from_json(stored) == quote
    assert stored["lines"][0]["group"] == "grp_1"
    assert "group" not in to_json(priced(line()))["lines"][0]
