"""The page of figures: what it says, how it is broken down and compared, and what it costs."""

from __future__ import annotations

import csv
import io
import json
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from hutong.flows import count_step
from hutong.kernel import clock
from hutong.know.insight import services as insight
from hutong.know.insight.models import StepCount
from hutong.pay.orders.models import Order, Unit
from hutong.town.catalog.queries import offer_by_ref
from hutong.town.merchants.models import Store
from tests.factories import people, regions
from tests.web.visitors import Shop, shop, visitor

pytestmark = pytest.mark.django_db
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


@pytest.fixture
def here() -> Shop:
    """A shop that is open now."""
    return shop()


@pytest.fixture
def browser() -> Client:
    """An operator's browser."""
    return visitor(people.operator())


def tiles(page: Any) -> dict[str, str]:
    """The values of the tiles by their labels."""
    return {tile.label: tile.value for tile in page.context["tiles"]}


def sold_a_week_ago(here: Shop) -> None:
    """One more order, moved a week back."""
    (voucher,) = here.scene.bought()
    order = Order.objects.get(public_id=voucher.order_ref)
    week = timedelta(days=7, minutes=5)
    Order.objects.filter(pk=order.pk).update(
        created_at=order.created_at - week, expires_at=order.expires_at - week, paid_at=clock.now() - week
    )


def test_first_steps_until_the_first_order(browser: Client) -> None:
    regions.region()
    steps = browser.get("/operator/").context["steps"]
    assert [(step.url, step.done) for step in steps] == [
        ("/operator/site/", False),
        ("/merchant/join/", False),
        ("/operator/queue/", False),
    ]
    here = shop()
    page = browser.get(f"/operator/?region={here.scene.store.region.slug}")
    assert [step.done for step in page.context["steps"]] == [False, True, True]
    here.scene.bought()
    assert not browser.get(f"/operator/?region={here.scene.store.region.slug}").context["steps"]


def test_figures_of_the_day(here: Shop, browser: Client) -> None:
    first, _second = here.scene.bought(quantity=2)
    here.scene.scan(first.code)
    slug = here.scene.store.region.slug
    page = browser.get(f"/operator/?region={slug}&span=today")
    assert tiles(page) == {
        "Sold": "€39.80",
        "Orders paid": "1",
        "Shoppers": "1",
        "Redeemed": "€19.90",
        "Redemption rate": "50%",
        "Refunded": "€0.00",
        "Refund rate": "0%",
        "Commission": "€1.99",
    }
    assert 23 <= len(page.context["points"]) <= 25
    week = browser.get("/operator/")
    assert tiles(week) == tiles(page)
    assert len(week.context["points"]) == 7
    assert week.context["points"][-1].now.orders == 1
    chart = json.loads(week.context["chart"])
    assert chart["series"][0]["data"] == [0, 0, 0, 0, 0, 0, 39.8]
    assert chart["series"][2]["lineStyle"]["type"] == "dashed"


def test_compared_with_the_days_before(here: Shop, browser: Client) -> None:
    here.scene.bought(quantity=2)
    sold_a_week_ago(here)
    page = browser.get(f"/operator/?region={here.scene.store.region.slug}&span=7d")
    sold = page.context["tiles"][0]
    assert sold.change.words == "100% more than before (€19.90)"
    assert (sold.change.trend, sold.change.good) == ("up", True)
    assert "100% more than before (€19.90)" in page.content.decode()
    year = browser.get("/operator/?span=7d&against=year").context["tiles"][0]
    assert year.change.words == "nothing before"
    chart = json.loads(page.context["chart"])
    assert chart["series"][2]["data"][-1] == 19.9


def test_drilled_down(here: Shop, browser: Client) -> None:
    Store.objects.filter(pk=here.scene.store.pk).update(postcode="00100")
    here.scene.bought()
    slug = here.scene.store.region.slug
    groups = browser.get(f"/operator/?region={slug}")
    (food,) = groups.context["rows"]
    assert (food.name, food.share, food.bar) == ("food", "100%", 1000)
    (cafe,) = browser.get(f"/operator/{food.url}").context["rows"]
    assert cafe.name == "cafe"
    shops = browser.get(f"/operator/{cafe.url}")
    (store,) = shops.context["rows"]
    assert (store.name, store.url) == ("Kahvila", f"/operator/merchants/{here.scene.merchant.public_id}/")
    assert [mark["label"] for mark in shops.context["marks"]] == ["cafe"]
    (area,) = browser.get("/operator/?by=area").context["rows"]
    assert area.name == "00100"
    assert [row.name for row in browser.get(f"/operator/{area.url}").context["rows"]] == ["Kahvila"]
    (deal,) = browser.get("/operator/?by=deal").context["rows"]
    assert (deal.name, deal.under) == ("Coffee and cake", "Kahvila Oy")
    assert deal.url == f"/deal/{here.scene.offer.public_id}/"
    nothing = browser.get("/operator/?area=99999")
    assert nothing.context["rows"] == []
    assert tiles(nothing)["Sold"] == "€0.00"
    assert "Nothing was sold, redeemed or refunded in these days." in nothing.content.decode()


def test_from_a_look_to_a_visit(here: Shop, browser: Client) -> None:
    insight.flush()
    StepCount.objects.all().delete()
    offer = offer_by_ref(here.scene.offer.public_id)
    assert offer is not None
    at = clock.now()
    for _look in range(8):
        count_step.seen(offer=offer, agent=FIREFOX, at=at)
    for _look in range(4):
        count_step.checkout_opened(offer=offer, agent=FIREFOX, at=at)
    insight.flush()
    first, _second = here.scene.bought(quantity=2)
    here.scene.scan(first.code)
    here.scene.order()
    slug = here.scene.store.region.slug
    for address in (
        f"/operator/?region={slug}&span=today",
        "/operator/?category=food",
        "/operator/?category=cafe&area=-",
    ):
        steps = browser.get(address).context["funnel"]
        assert [(step.value, step.rate) for step in steps] == [
            ("8", ""),
            ("4", "50%"),
            ("2", "50%"),
            ("1", "50%"),
            ("1", "100%"),
        ], address
    assert [step.value for step in browser.get("/operator/?area=00100").context["funnel"]] == ["0"] * 5


def test_a_part_for_other_days_and_the_whole_page_otherwise(here: Shop, browser: Client) -> None:
    part = browser.get("/operator/?span=28d", headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in part
    assert 'id="figures"' not in part
    assert 'id="span-28d"' in part
    whole = browser.get("/operator/?span=28d").content.decode()
    assert "<html" in whole
    assert 'id="figures"' in whole
    assert 'id="span-28d"' in whole


def test_files(here: Shop, browser: Client) -> None:
    here.scene.bought(quantity=2)
    slug = here.scene.store.region.slug
    Store.objects.filter(pk=here.scene.store.pk).update(names={"name": "=HYPERLINK(1)"})
    answer = browser.get(f"/operator/?region={slug}&file=days")
    assert "attachment" in answer["Content-Disposition"]
    lines = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert len(lines) == 7
    assert (lines[-1]["sold"], lines[-1]["units_sold"], lines[-1]["currency"]) == ("39.80", "2", "EUR")
    answer = browser.get("/operator/?file=rows&by=shop")
    (line,) = csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig")))
    assert (line["shop"], line["name"], line["sold"], line["sold_before"]) == (
        here.scene.store.public_id,
        "'=HYPERLINK(1)",
        "39.80",
        "0.00",
    )
    assert Client().get("/operator/?file=rows").status_code == 302


def test_another_region_has_figures_of_its_own(here: Shop, browser: Client) -> None:
    here.scene.bought()
    other = regions.region(zone="Asia/Tokyo", currency="JPY")
    page = browser.get(f"/operator/?region={other.slug}")
    assert tiles(page)["Sold"] == "¥0"
    assert page.context["rows"] == []
    assert tiles(browser.get("/operator/")) == tiles(page), "the region chosen is remembered"


def test_bad_days_are_told(here: Shop, browser: Client) -> None:
    page = browser.get("/operator/?span=custom&start=2026-02-10&end=2026-02-01")
    assert page.status_code == 200
    text = page.content.decode()
    assert "The last day is before the first." in text
    assert 'aria-describedby="own-problem"' in text


@pytest.mark.parametrize(
    "address", ["/operator/", "/operator/?by=shop&category=food&area=-&span=90d&against=year"]
)
def test_statements_of_the_page(here: Shop, browser: Client, address: str) -> None:
    """One statement a block, however much was sold."""
    browser.get(f"/operator/?region={here.scene.store.region.slug}")
    counts = []
    for quantity in (1, 3):
        here.scene.bought(quantity=quantity)
        with CaptureQueriesContext(connection) as seen:
            assert browser.get(address).status_code == 200
        counts.append(len(seen))
    assert Unit.objects.count() == 4
    assert counts[0] == counts[1]
    assert counts[1] <= 18, "\n".join(query["sql"][:90] for query in seen)
