"""Prices by quantity and by hours, from the catalogue to the quote, and in words."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time

import pytest
from django.utils import translation

from hutong.flows import cart, checkout, refund
from hutong.flows.special_prices import words
from hutong.kernel.money import Money
from hutong.pay.orders import queries as orders
from hutong.pay.pricing.services import PriceChanged
from hutong.pay.pricing.types import PriceKind
from hutong.town.catalog import services
from hutong.town.catalog.types import PriceWindow, SpecialPrice
from tests.factories import catalog
from tests.factories.loop import Scene, scene

# A Tuesday at 12:00 in Helsinki, where the shops of tests are.
TUESDAY = datetime(2026, 6, 2, 9, tzinfo=UTC)
EVENING = TUESDAY.replace(hour=17)
FROM_3 = SpecialPrice(Money(1500, "EUR"), 3)
LUNCH = SpecialPrice(
    Money(1600, "EUR"), windows=(PriceWindow(frozenset({1, 2, 3, 4, 5}), time(11), time(14)),)
)


@pytest.fixture
def shop() -> Scene:
    """A shop with a deal at 19.90, from three at 15.00, which binds, and at lunch at 16.00."""
    made = scene(at=TUESDAY)
    say(made, FROM_3, LUNCH)
    return made


def say(made: Scene, *specials: SpecialPrice) -> None:
    services.apply_contents(
        offer_ref=made.offer.public_id,
        store_refs=[made.store.public_id],
        draft=replace(catalog.draft(starts_at=TUESDAY), special_prices=specials, steps_bind=True),
    )


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("quantity", "at", "total", "kind"),
    [
        (1, EVENING, 1990, PriceKind.DEAL),
        (2, EVENING, 3980, PriceKind.DEAL),
        (3, EVENING, 4500, PriceKind.QUANTITY),
        (1, TUESDAY, 1600, PriceKind.WINDOW),
        (3, TUESDAY, 4500, PriceKind.QUANTITY),
        (1, TUESDAY.replace(hour=11), 1990, PriceKind.DEAL),
        (1, TUESDAY.replace(day=6), 1990, PriceKind.DEAL),
    ],
)
def test_the_lowest_that_holds_counts(
    shop: Scene, quantity: int, at: datetime, total: int, kind: PriceKind
) -> None:
    quote = cart.price(wants={shop.offer.public_id: quantity}, at=at).quote
    assert (quote.total.minor, quote.lines[0].price_kind) == (total, kind)


@pytest.mark.django_db
def test_hours_that_end_before_the_click_are_a_change_of_price(shop: Scene) -> None:
    wants = {shop.offer.public_id: 1}
    shown = cart.price(wants=wants, at=TUESDAY).quote.hash
    with pytest.raises(PriceChanged):
        checkout.place(
            person=shop.shopper,
            wants=wants,
            store_ref=None,
            shown_hash=shown,
            client_key="late",
            remember_consent=False,
            at=EVENING,
        )


@pytest.mark.django_db
def test_what_was_sold_keeps_its_terms(shop: Scene) -> None:
    """Three at 15.00, ordered at lunch; then the shop takes both prices away. Two were 16.00 each: 13.00 come back."""
    (first, *_rest) = shop.bought(quantity=3)
    say(shop)
    told = refund.preview(
        order_ref=first.order_ref, unit_refs=[first.uses[0].unit_ref], by=shop.shopper, at=TUESDAY
    )
    assert (told.amount.minor, told.less.minor) == (1300, 200)
    refund._request(first.order_ref, [first.uses[0].unit_ref], "", shop.shopper, False, TUESDAY)
    assert sorted(unit.paid.minor for unit in orders.units_of(first.order_ref)) == [1300, 1600, 1600]


def test_words_of_prices() -> None:
    night = SpecialPrice(Money(1100, "EUR"), 2, (PriceWindow(frozenset({5, 6}), time(22), time(2)),))
    assert words((LUNCH, night, FROM_3), bind=True) == [
        "3 or more: €15.00 each",
        "Monday to Friday 11:00–14:00: €16.00 each, if ordered then",
        "Friday, Saturday 22:00–02:00, 2 or more: €11.00 each, if ordered then",
        "If you give some back, what you keep costs the price for its number.",
    ]
    assert words((LUNCH,), bind=True) == ["Monday to Friday 11:00–14:00: €16.00 each, if ordered then"]
    all_day = SpecialPrice(Money(1100, "EUR"), windows=(PriceWindow(frozenset({7})),))
    assert words((all_day,), bind=False) == ["Sunday: €11.00 each, if ordered then"]
    with translation.override("zh-hans"):
        assert words((FROM_3,), bind=False) == ["满 3 份：每份 €15.00"]
