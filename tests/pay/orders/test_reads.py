"""Lists, figures, charts and takings."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from hutong.kernel.clock import day_bounds
from hutong.kernel.money import Money
from hutong.pay.orders import queries, services
from hutong.pay.orders.types import OrderState
from hutong.town.merchants.models import Merchant
from hutong.town.regions import queries as regions_read
from hutong.town.regions.types import RegionView
from tests.factories import merchants, people
from tests.factories.orders import paid, placed

pytestmark = pytest.mark.django_db

DAY = date(2026, 6, 1)


def euros(minor: int) -> Money:
    return Money(minor, "EUR")


def region_of(merchant: Merchant) -> RegionView:
    view = regions_read.region_by_id(merchant.region_id)
    assert view is not None
    return view


def test_a_person_sees_own_orders_newest_first_and_nobody_elses(at: datetime) -> None:
    person, merchant = people.person(name="Sanna"), merchants.merchant(name="Kahvila Oy")
    first = placed(person=person, merchant=merchant)
    second = placed(person=person, merchant=merchant, quantity=3)
    other = placed(merchant=merchant)

    with CaptureQueriesContext(connection) as statements:
        listed = queries.orders_of(person.pk)
    assert len(statements) == 1
    assert [order.order_ref for order in listed] == [second.order_ref, first.order_ref]
    assert (listed[0].quantity, listed[0].titles["zh-Hans"]) == (3, "双人午餐")
    assert listed[0].merchant_names["name"] == "Kahvila Oy"
    assert queries.order_view(other.order_ref, person_id=person.pk) is None
    assert queries.order_view(first.order_ref, person_id=person.pk) is not None
    assert queries.order_view(first.order_ref, merchant_id=merchant.pk + 1) is None
    assert queries.order_view("ord_unknown") is None


def test_a_phone_is_masked_wherever_an_order_is_shown() -> None:
    person = people.person(phone="+358401234567")
    order = placed(person=person)
    view = queries.order_view(order.order_ref)
    assert view is not None
    assert view.masked_phone == queries.order_list()[0].masked_phone == "+358 ••• ••• 567"


def test_the_operator_pages_through_orders_by_region_merchant_and_state(at: datetime) -> None:
    merchant, elsewhere = merchants.merchant(), merchants.merchant()
    refs = [placed(merchant=merchant).order_ref for _order in range(3)]
    (unit,) = paid(merchant=elsewhere)

    page = queries.order_list(region_id=merchant.region_id, limit=2)
    assert [order.order_ref for order in page] == [refs[2], refs[1]]
    rest = queries.order_list(region_id=merchant.region_id, limit=2, before_ref=page[-1].order_ref)
    assert [order.order_ref for order in rest] == [refs[0]]
    assert [order.order_ref for order in queries.order_list(state=OrderState.PAID)] == [unit.order_ref]
    assert [order.order_ref for order in queries.order_list(merchant_id=elsewhere.pk)] == [unit.order_ref]


def test_the_figures_of_a_day_begin_and_end_at_local_midnight() -> None:
    merchant = merchants.merchant()
    person = people.person()
    # Helsinki is three hours ahead in summer: its first of June begins at 21:00 UTC.
    before = datetime(2026, 5, 31, 20, 59, tzinfo=UTC)
    first_minute = datetime(2026, 5, 31, 21, 0, tzinfo=UTC)
    last_minute = datetime(2026, 6, 1, 20, 59, tzinfo=UTC)
    paid(merchant=merchant, at=before)
    used, refunded = paid(merchant=merchant, person=person, quantity=2, at=first_minute)
    paid(merchant=merchant, person=person, at=last_minute)
    paid(at=last_minute)  # another region
    services.mark_units_used(unit_refs=[used.unit_ref], at=last_minute)
    services.mark_units_refunded(
        order_ref=refunded.order_ref, unit_refs=[refunded.unit_ref], by="per_1", at=last_minute
    )

    with CaptureQueriesContext(connection) as statements:
        figures = queries.figures(region=region_of(merchant), on=DAY)
    assert len(statements) == 2  # the region, and one for all the figures
    assert (figures.ordered, figures.paid, figures.shoppers) == (2, 2, 1)
    assert figures.gmv == euros(5970)
    assert (figures.refunded_units, figures.refunds) == (1, euros(1990))
    assert (figures.redeemed_units, figures.redeemed) == (1, euros(1990))
    assert queries.figures(region=region_of(merchant), on=date(2026, 5, 31)).paid == 1


def test_an_empty_day_has_figures_of_nothing() -> None:
    figures = queries.figures(region=region_of(merchants.merchant()), on=DAY)
    assert (figures.ordered, figures.gmv, figures.redeemed) == (0, euros(0), euros(0))


def test_takings_are_a_merchants_own(at: datetime) -> None:
    merchant = merchants.merchant()
    used, refunded, _kept = paid(merchant=merchant, quantity=3, at=at)
    paid(at=at)
    services.mark_units_used(unit_refs=[used.unit_ref], at=at)
    services.mark_units_refunded(order_ref=used.order_ref, unit_refs=[refunded.unit_ref], by="per_1", at=at)

    starts_at, ends_at = day_bounds(DAY, "Europe/Helsinki")
    takings = queries.takings(merchant_id=merchant.pk, unit="EUR", starts_at=starts_at, ends_at=ends_at)
    assert (takings.sold_units, takings.sold) == (3, euros(5970))
    assert (takings.used_units, takings.used) == (1, euros(1990))
    assert (takings.refunded_units, takings.refunded) == (1, euros(1990))
    yesterday = queries.takings(
        merchant_id=merchant.pk, unit="EUR", starts_at=starts_at - timedelta(days=1), ends_at=starts_at
    )
    assert yesterday.sold == yesterday.used == euros(0)


def test_the_books_ask_for_sums_and_references(at: datetime) -> None:
    merchant = merchants.merchant()
    used, kept = paid(merchant=merchant, quantity=2)
    services.mark_units_used(unit_refs=[used.unit_ref], at=at)
    assert queries.unredeemed() == {(merchant.public_id, "EUR"): 1990}
    assert queries.all_refs() == {used.order_ref}
    assert queries.all_unit_refs() == {used.unit_ref, kept.unit_ref}
    assert queries.merchant_of_orders([used.order_ref, "ord_unknown"]) == {used.order_ref: merchant.public_id}
