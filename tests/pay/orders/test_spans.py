"""The figures of two stretches, by SQL and by plain Python: the same, over categories, areas and odd days."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from hutong.kernel.clock import day_bounds, local
from hutong.kernel.money import Money
from hutong.pay.orders import queries, services
from hutong.pay.orders.models import Unit
from hutong.pay.orders.types import Compared, Grouping, Scope, SpanFigures, Stretch
from hutong.town.merchants.models import Store
from tests.factories import catalog, merchants, people, regions
from tests.factories.orders import cart_line, quote

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.unbalanced("orders and units are written by hand, in states that no flow leaves behind"),
]
ZONE = "Europe/Helsinki"
FIRST, LAST = date(2026, 3, 16), date(2026, 4, 12)  # 29 March has 23 hours
SHOPS = (
    ("cafe", "food", "00100"),
    ("cafe", "food", "00120"),
    ("bakery", "food", "00100"),
    ("barber", "beauty", ""),
    ("spa", "beauty", " 00120 "),
)


@dataclass(frozen=True)
class Sold:
    """One unit as the test remembers it."""

    order: str
    person: int
    category: str
    group: str
    area: str
    shop: str
    deal: str
    paid: int
    commission: int
    sold_at: datetime
    used_at: datetime | None
    refunded_at: datetime | None


@dataclass(frozen=True)
class Town:
    """A region with what was sold in it."""

    scope: Scope
    units: tuple[Sold, ...]

    def within(self, *, category: str = "", area: str | None = None) -> Scope:
        """Only some of its shops."""
        return Scope(self.scope.region_id, "EUR", ZONE, category=category, area=area)


@pytest.fixture
def town() -> Town:
    """Five shops of two merchants, 120 orders at moments that like midnights and changes of the clock."""
    chance = random.Random(7)
    region = regions.region()
    sellers = [merchants.merchant(region=region), merchants.merchant(region=region)]
    shops: list[tuple[Store, tuple[str, str, str]]] = []
    for number, kind in enumerate(SHOPS):
        store = merchants.store(merchant=sellers[number % 2], name=f"Shop {number}", category_slug=kind[0])
        Store.objects.filter(pk=store.pk).update(postcode=kind[2])
        shops.append((store, kind))
    for category, group, _area in SHOPS:
        merchants.category(category, group=group)  # the factory puts every new shop's category into one group
    deals = [[catalog.offer(store=store).public_id for _deal in range(2)] for store, _kind in shops]
    shoppers = [people.person() for _number in range(9)]
    units = []
    for number in range(120):
        which = chance.randrange(len(shops))
        chosen = chance.random() < 0.7  # the others do not say which shop: their offer's first counts
        units += _sell(
            number, shops[which], deals[which][number % 2], chance.choice(shoppers), chance, chosen=chosen
        )
    _sell_elsewhere()
    return Town(Scope(region.pk, "EUR", ZONE), tuple(units))


def _moment(chance: random.Random) -> datetime:
    day = FIRST - timedelta(days=35) + timedelta(days=chance.randrange(70))
    if chance.random() < 0.3:
        day = date(2026, 3, 29)
    start, end = day_bounds(day, ZONE)
    return chance.choice([start, end - timedelta(microseconds=1), start + (end - start) * chance.random()])


def _sell(
    number: int,
    shop: tuple[Store, tuple[str, str, str]],
    deal: str,
    person: object,
    chance: random.Random,
    *,
    chosen: bool,
) -> list[Sold]:
    store, (category, group, area) = shop
    assert store.merchant is not None
    at = _moment(chance)
    line = cart_line(
        merchant_ref=store.merchant.public_id,
        quantity=chance.randint(1, 3),
        price=chance.randint(100, 3000),
        list_price=3000,
        offer_ref=deal,
    )
    placed = services.place_order(
        person=person,  # type: ignore[arg-type]
        merchant_ref=store.merchant.public_id,
        store_ref=store.public_id if chosen else None,
        quote=quote(line),
        expires_at=at + timedelta(minutes=15),
        client_key=f"click-{number}",
        at=at,
    )
    if chance.random() < 0.2:
        return []
    services.mark_paid(order_ref=placed.order_ref, by="payments", at=at)
    made = []
    for unit in Unit.objects.filter(order__public_id=placed.order_ref).order_by("pk"):
        end, later = chance.random(), at + timedelta(hours=chance.randint(0, 300))
        used_at = later if end < 0.5 else None
        refunded_at = later if end > 0.8 else None
        state = "used" if used_at else "refunded" if refunded_at else "sold"
        Unit.objects.filter(pk=unit.pk).update(state=state, used_at=used_at, refunded_at=refunded_at)
        made.append(
            Sold(
                placed.order_ref, unit.order.person_id, category, group, area.strip(), store.public_id, deal,
                unit.paid, unit.commission, at, used_at, refunded_at,
            )
        )  # fmt: skip
    return made


def _sell_elsewhere() -> None:
    """Another town, whose figures must not come in."""
    chance = random.Random(8)
    store = merchants.store(merchant=merchants.merchant(region=regions.region()))
    deal = catalog.offer(store=store).public_id
    for number in range(10):
        _sell(1000 + number, (store, ("cafe", "food", "00100")), deal, people.person(), chance, chosen=True)


def added_up(units: tuple[Sold, ...], inside: Callable[[datetime], bool]) -> SpanFigures:
    """The figures as somebody would count them by hand."""
    sold = [unit for unit in units if inside(unit.sold_at)]
    used = [unit for unit in units if unit.used_at and inside(unit.used_at)]
    refunded = [unit for unit in units if unit.refunded_at and inside(unit.refunded_at)]

    def money(amounts: list[int]) -> Money:
        return Money(sum(amounts), "EUR")

    return SpanFigures(
        orders=len({unit.order for unit in sold}),
        shoppers=len({unit.person for unit in sold}),
        sold_units=len(sold),
        sold=money([unit.paid for unit in sold]),
        used_of_sold=sum(unit.used_at is not None for unit in sold),
        refunded_of_sold=sum(unit.refunded_at is not None for unit in sold),
        redeemed_units=len(used),
        redeemed=money([unit.paid for unit in used]),
        commission=money([unit.commission for unit in used]),
        refunded_units=len(refunded),
        refunds=money([unit.paid for unit in refunded]),
    )


def days(first: date, last: date) -> Stretch:
    """From the first midnight to the last, in the region's zone."""
    return Stretch(day_bounds(first, ZONE)[0], day_bounds(last, ZONE)[1])


def expected(units: tuple[Sold, ...], now: Stretch, then: Stretch) -> Compared:
    """Both stretches, by hand."""
    return Compared(
        added_up(units, lambda at: now.starts_at <= at < now.ends_at),
        added_up(units, lambda at: then.starts_at <= at < then.ends_at),
    )


NOW = days(FIRST, LAST)
BEFORE = days(FIRST - timedelta(days=28), FIRST - timedelta(days=1))
OVERLAPPING = days(FIRST - timedelta(days=7), LAST - timedelta(days=7))


@pytest.mark.parametrize("then", [BEFORE, OVERLAPPING], ids=["before", "a week before"])
@pytest.mark.parametrize(
    ("category", "area"),
    [
        ("", None),
        ("food", None),
        ("cafe", None),
        ("", "00100"),
        ("", ""),
        ("beauty", "00120"),
        ("none", None),
    ],
)
@pytest.mark.unbalanced("writes orders of any state and moment straight into the table")
def test_sums(town: Town, then: Stretch, category: str, area: str | None) -> None:
    units = tuple(
        unit
        for unit in town.units
        if category in ("", unit.category, unit.group) and area in (None, unit.area)
    )
    with CaptureQueriesContext(connection) as seen:
        found = queries.compared(town.within(category=category, area=area), NOW, then)
    assert len(seen) == 1
    assert found == expected(units, NOW, then)
    if (category, area) == ("", None):
        assert found.now.orders > 20
        assert found.then.refunded_units > 0


def test_steps_of_days(town: Town) -> None:
    found = queries.steps(town.scope, NOW, OVERLAPPING, by_hour=False)
    zone = ZoneInfo(ZONE)
    for number, first in ((0, FIRST), (1, FIRST - timedelta(days=7))):
        for step in range(28):
            day = first + timedelta(days=step)
            counted = added_up(town.units, lambda at, day=day: at.astimezone(zone).date() == day)  # type: ignore[misc]
            assert found.get((number, step), queries.no_figures("EUR")) == counted, day
    assert set(found) <= {(number, step) for number in (0, 1) for step in range(28)}


def test_steps_of_the_hours_of_a_day_with_23(town: Town) -> None:
    short, long = date(2026, 3, 29), date(2026, 3, 28)
    found = queries.steps(town.scope, days(short, short), days(long, long), by_hour=True)
    for number, day in ((0, short), (1, long)):
        start, end = day_bounds(day, ZONE)
        hours = int((end - start) / timedelta(hours=1))
        assert hours == (23 if day == short else 24)
        for step in range(hours):
            begins = start + timedelta(hours=step)
            counted = added_up(
                town.units,
                lambda at, begins=begins: begins <= at < begins + timedelta(hours=1),  # type: ignore[misc]
            )
            assert found.get((number, step), queries.no_figures("EUR")) == counted
    assert {step for number, step in found if number == 0} <= set(range(23))
    assert sum(figures.sold_units for (number, _step), figures in found.items() if number == 0) > 10


@pytest.mark.parametrize(
    ("by", "key", "category"),
    [
        (Grouping.CATEGORY, "group", ""),
        (Grouping.CATEGORY, "category", "food"),
        (Grouping.AREA, "area", ""),
        (Grouping.SHOP, "shop", ""),
        (Grouping.DEAL, "deal", "beauty"),
    ],
)
def test_broken_down(town: Town, by: Grouping, key: str, category: str) -> None:
    inside = tuple(unit for unit in town.units if category in ("", unit.group))
    with CaptureQueriesContext(connection) as seen:
        found = queries.breakdown(town.within(category=category), NOW, BEFORE, by=by)
    assert len(seen) == 1
    keys = {getattr(unit, key) for unit in inside}
    by_hand = {one: expected(tuple(u for u in inside if getattr(u, key) == one), NOW, BEFORE) for one in keys}
    assert {piece.key: piece.figures for piece in found.slices} == by_hand
    amounts = [piece.figures.now.sold.minor for piece in found.slices]
    assert amounts == sorted(amounts, reverse=True)
    assert found.every == len(keys) > 1
    assert all(bool(piece.names) is (by is not Grouping.AREA) for piece in found.slices)
    assert all(isinstance(piece.names, dict) for piece in found.slices)
    top = queries.breakdown(town.within(category=category), NOW, BEFORE, by=by, limit=1)
    assert [piece.key for piece in top.slices] == [found.slices[0].key]
    assert top.every == len(keys)


@pytest.mark.parametrize(("category", "area"), [("", None), ("beauty", None), ("", "00100")])
def test_what_became_of_orders(town: Town, category: str, area: str | None) -> None:
    found = queries.order_steps(town.within(category=category, area=area), NOW)
    inside = [
        unit
        for unit in town.units
        if NOW.starts_at <= unit.sold_at < NOW.ends_at
        and category in ("", unit.group)
        and area in (None, unit.area)
    ]
    assert found.paid == len({unit.order for unit in inside}) > 0
    assert found.redeemed == len({unit.order for unit in inside if unit.used_at}) > 0
    assert found.ordered > found.paid


def test_an_offer_nobody_knows_counts_at_its_shop_or_nowhere() -> None:
    """An order keeps its figures, whatever happened to the offer."""
    store = merchants.store()
    assert store.merchant is not None
    at = datetime(2026, 6, 1, 9, tzinfo=UTC)
    bare = merchants.merchant(region=store.region, name="Without a shop")
    for number, merchant in enumerate((store.merchant, bare)):
        placed = services.place_order(
            person=people.person(),
            merchant_ref=merchant.public_id,
            store_ref=None,
            quote=quote(cart_line(merchant_ref=merchant.public_id, price=1000 + number)),
            expires_at=at + timedelta(minutes=15),
            client_key=f"unknown-{number}",
            at=at,
        )
        services.mark_paid(order_ref=placed.order_ref, by="payments", at=at)
    day = local(at, ZONE).date()
    found = queries.breakdown(
        Scope(store.region_id, "EUR", ZONE),
        days(day, day),
        days(day - timedelta(days=1), day - timedelta(days=1)),
        by=Grouping.SHOP,
    )
    sold = {piece.key: piece.figures.now.sold.minor for piece in found.slices}
    assert sold == {store.public_id: 1000, "": 1001}
