"""A price beside the market: the rule by itself, and which deals count as the market."""

from __future__ import annotations

from datetime import datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from hutong.flows import index_search, price_check
from hutong.flows.price_check import Offered, PriceCheck, PriceWarning, judge
from hutong.kernel.money import Money
from hutong.town.catalog.models import Offer
from hutong.town.catalog.queries import offer_by_ref
from hutong.town.catalog.services import submit_offer
from hutong.town.merchants.models import Store
from hutong.visit.vouchers.types import VoucherKind
from hutong.web.shell.price_strip import MARGIN, WIDTH, strip_of
from tests.factories import catalog, merchants, people, vouchers
from tests.web.visitors import shop, visitor

ABOVE, INFLATED = PriceWarning.ABOVE_MEDIAN, PriceWarning.LIST_INFLATED


def offered(price: int, list_price: int) -> Offered:
    return Offered(Money(price, "EUR"), Money(list_price, "EUR"))


MARKET = [offered(price, 2 * price) for price in (800, 900, 1000, 1100, 1200)]


@pytest.mark.parametrize(
    ("price", "list_price", "warnings"),
    [
        (1000, 2200, ()),
        (1001, 2200, (ABOVE,)),
        # The upper quartile of the list prices is 22.00; a quarter more is 27.50.
        (1000, 2750, ()),
        (1000, 2751, (INFLATED,)),
        (5000, 9000, (INFLATED, ABOVE)),
        (1, 1, ()),
    ],
)
def test_what_stands_out_is_said(price: int, list_price: int, warnings: tuple[PriceWarning, ...]) -> None:
    found = judge(offered(price, list_price), MARKET)
    assert found.warnings == warnings
    assert (found.median_price, found.upper_list_price) == (Money(1000, "EUR"), Money(2200, "EUR"))
    assert found.cheaper == sum(one.price.minor < price for one in MARKET)
    assert found.median_discount == 50


def test_too_few_say_nothing() -> None:
    found = judge(offered(99_000, 99_000), MARKET[:4])
    assert (found.warnings, found.median_price, len(found.prices)) == ((), None, 4)


def test_a_strip_places_everything_between_its_ends() -> None:
    strip = strip_of(judge(offered(2000, 2000), MARKET))
    assert strip is not None
    assert (strip.dots[0], strip.own) == (MARGIN, WIDTH - MARGIN)
    assert list(strip.dots) == sorted(strip.dots)
    assert strip.median in strip.dots
    same = strip_of(judge(offered(1000, 1000), [offered(1000, 1000)] * 5))
    assert same is not None
    assert {*same.dots, same.own} == {WIDTH // 2}
    assert strip_of(judge(offered(1000, 1000), [])) is None


def on_sale(at: datetime, *, store: Store | None = None, price: int = 1000, **place: float) -> Offer:
    """A deal that search knows, by default of a new merchant next door."""
    made = catalog.offer(store=store or merchants.store(at=at, **place), at=at, price=price)  # type: ignore[arg-type]
    index_search.index_offer(made.public_id, at)
    return made


def checked(
    offer: Offer, at: datetime, *, price: int = 1500, uses: int = 1, kind: VoucherKind = VoucherKind.SINGLE
) -> PriceCheck | None:
    view = offer_by_ref(offer.public_id)
    assert view is not None
    return price_check.check(
        price=Money(price, "EUR"),
        list_price=Money(2 * price, "EUR"),
        uses=uses,
        kind=kind,
        store=view.stores[0],
        offer_ref=offer.public_id,
        at=at,
    )


@pytest.mark.django_db
def test_the_market_is_what_others_sell_of_this_kind_nearby(at: datetime) -> None:
    own = on_sale(at, price=1500)
    on_sale(at, store=own.places.get().store, price=10)
    near = [on_sale(at, price=price) for price in (900, 1100)]
    on_sale(at, price=20, lat=60.30)  # 14 km away
    on_sale(at, store=merchants.store(at=at, category_slug="hair"), price=30)
    catalog.offer(store=merchants.store(at=at), live=False, at=at, price=40)
    found = checked(own, at)
    assert found is not None
    assert [price.minor for price in found.prices] == [900, 1100]
    # A card of ten is held against others by the use.
    vouchers.promise(near[0].public_id, at=at, uses=10)
    by_use = checked(own, at, price=15_000, uses=10)
    assert by_use is not None
    assert ([price.minor for price in by_use.prices], by_use.own.price.minor) == ([90, 1100], 1500)
    assert checked(own, at, kind=VoucherKind.CASH) is None


@pytest.mark.django_db
def test_two_statements_however_many_deals(at: datetime) -> None:
    own = on_sale(at)
    counted = []
    for more in (1, 3):
        for _deal in range(more):
            on_sale(at)
        view = offer_by_ref(own.public_id)
        assert view is not None
        with CaptureQueriesContext(connection) as asked:
            price_check.check(
                price=view.price, list_price=view.list_price, uses=1, kind=VoucherKind.SINGLE,
                store=view.stores[0], offer_ref=view.ref, at=at,
            )  # fmt: skip
        counted.append(len(asked))
    assert counted == [2, 2]


@pytest.mark.django_db
def test_the_operator_and_the_merchant_see_it() -> None:
    here = shop()
    for price in (700, 800, 900, 1000, 1100):
        on_sale(here.at, price=price)
    waiting = catalog.offer(store=here.scene.store, live=False, at=here.at, price=3000, list_price=9900)
    submit_offer(offer_ref=waiting.public_id, by=None, at=here.at)
    page = visitor(people.operator()).get(f"/operator/queue/{waiting.public_id}/").content.decode()
    assert "The list price looks inflated" in page
    assert "More than half of the deals nearby cost less" in page
    assert "<svg viewBox" in page
