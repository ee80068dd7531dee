"""Prices of an offer by quantity and by hours: stored with it, read with it, and refused where they would mean nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, time

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from hutong.kernel.money import Money
from hutong.town.catalog import queries, services
from hutong.town.catalog.models import SpecialPrice as Row
from hutong.town.catalog.rules import faults, special_faults
from hutong.town.catalog.types import PriceWindow, SpecialPrice
from tests.factories import catalog

FROM_3 = SpecialPrice(Money(1500, "EUR"), 3)
FROM_5 = SpecialPrice(Money(1200, "EUR"), 5)
LUNCH = SpecialPrice(
    Money(1600, "EUR"), windows=(PriceWindow(frozenset({1, 2, 3, 4, 5}), time(11), time(14)),)
)


@pytest.mark.django_db
def test_an_offer_is_read_with_its_prices_in_one_statement(at: datetime) -> None:
    draft = replace(catalog.draft(starts_at=at), special_prices=(FROM_3, LUNCH, FROM_5), steps_bind=True)
    made = catalog.offer(draft=draft, at=at)
    with CaptureQueriesContext(
        connection,
    ) as asked:
        found = queries.sellable([made.public_id], at)[made.public_id]
    assert len(asked) == 1
    assert (found.special_prices, found.steps_bind) == ((FROM_3, LUNCH, FROM_5), True)


@pytest.mark.django_db
def test_a_changed_offer_has_the_prices_it_says_now(at: datetime) -> None:
    made = catalog.offer(
        draft=replace(catalog.draft(starts_at=at), special_prices=(FROM_3,), steps_bind=True), at=at
    )
    places = [store.ref for store in queries.offers_by_refs([made.public_id])[made.public_id].stores]
    services.apply_contents(
        offer_ref=made.public_id,
        store_refs=places,
        draft=replace(catalog.draft(starts_at=at), special_prices=(LUNCH,)),
    )
    found = queries.offer_by_ref(made.public_id)
    assert found is not None
    assert (found.special_prices, found.steps_bind) == ((LUNCH,), False)


@pytest.mark.parametrize(
    ("specials", "code"),
    [
        ((SpecialPrice(Money(1990, "EUR"), 3),), "special_not_lower"),
        ((SpecialPrice(Money(0, "EUR"), 3),), "special_not_lower"),
        ((SpecialPrice(Money(1500, "USD"), 3),), "unit_mixed"),
        ((SpecialPrice(Money(1500, "EUR"), 101),), "special_quantity"),
        ((SpecialPrice(Money(1500, "EUR")),), "special_for_all"),
        ((replace(LUNCH, windows=(PriceWindow(frozenset({0})),)),), "special_days"),
        ((FROM_3, replace(FROM_5, price=FROM_3.price)), "special_never_counts"),
        ((FROM_3, FROM_3), "special_never_counts"),
        (tuple(SpecialPrice(Money(1500 - each, "EUR"), each) for each in range(2, 9)), "special_too_many"),
    ],
)
def test_what_would_mean_nothing_is_refused(specials: tuple[SpecialPrice, ...], code: str) -> None:
    assert code in faults(replace(catalog.draft(), special_prices=specials))


def test_what_fits_together_is_taken() -> None:
    assert special_faults(Money(1990, "EUR"), (FROM_3, FROM_5, LUNCH)) == []


@pytest.mark.django_db
@pytest.mark.parametrize("wrong", [{"price": 0}, {"from_quantity": 1}, {"from_quantity": 0}, {"position": 0}])
def test_the_database_refuses_what_is_none(at: datetime, wrong: dict[str, int]) -> None:
    """Nothing for nothing, no price for everybody at any time, and no two in one place."""
    made = catalog.offer(draft=replace(catalog.draft(starts_at=at), special_prices=(FROM_3,)), at=at)
    row = {"offer": made, "position": 1, "price": 1000, "from_quantity": 2, "windows": []}
    with pytest.raises(IntegrityError), transaction.atomic():
        Row.objects.create(**(row | wrong))
    Row.objects.create(**row)
