"""Rules of commission on the operator's pages: listed in words, tried before they are saved, changed and ended."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from hutong.kernel import clock
from hutong.kernel.money import Money
from hutong.pay.fees import queries
from hutong.pay.fees.types import Bearer, Rule
from hutong.town.merchants.models import MerchantDecision
from tests.factories import catalog, merchants, people, regions
from tests.factories.fees import rule
from tests.web.visitors import Shop, shop, visitor

pytestmark = pytest.mark.django_db

MAKE = "/operator/commission/rule/"


@pytest.fixture
def here() -> Shop:
    """A shop that is open now."""
    return shop()


@pytest.fixture
def browser() -> Client:
    """An operator's browser."""
    return visitor(people.operator())


def told(**fields: Any) -> dict[str, Any]:
    """The form as somebody fills it in: 5 % from today on for everything."""
    today = clock.local(clock.now(), "Europe/Helsinki").date().isoformat()
    return {"percent": "5", "bearer": "platform", "starts_on": today, "go": "try"} | fields


def send(browser: Client, address: str = MAKE, **fields: Any) -> Any:
    return browser.post(address, told(**fields))


def save(browser: Client, address: str = MAKE, **fields: Any) -> Any:
    """Try, look, and save what was tried."""
    tried = send(browser, address, **fields)
    return send(browser, address, **fields, go="save", tried=tried.context["tried"])


def words(answer: Any) -> list[tuple[str, str]]:
    return [(each.title, each.asks) for each in answer.context["current"]]


def test_rules_are_listed_in_words_by_where_they_stand(here: Shop, browser: Client) -> None:
    at, offer, region = clock.now(), here.scene.offer, here.scene.store.region
    merchant_ref = here.scene.merchant.public_id
    rule(at=at, rate_ppm=85_000, region=region.public_id, tax_ppm=255_000)
    rule(at=at, category="cafe", rate_ppm=0, fixed=20, minimum=50, unit="EUR", free_months=3)
    rule(at=at, merchant=merchant_ref, category="food", rate_ppm=70_000, fixed=20, unit="EUR", tax_ppm=0)
    rule(at=at, offer=offer.public_id, rate_ppm=0, bearer=Bearer.MERCHANT, provider_rate_ppm=14_000)
    rule(at=at, merchant=merchant_ref, starts_at=at + timedelta(days=1), note="From tomorrow")
    past = at - timedelta(days=9)
    rule(at=past, starts_at=past, ends_at=at - timedelta(days=1))

    page = browser.get("/operator/commission/")
    assert words(page) == [
        ("The deal “Coffee and cake”", "0%"),
        ("Deals of Kahvila Oy in food", "7% and €0.20 for each use"),
        ("Deals in cafe", "€0.20 for each use, at least €0.50 for each use"),
        ("All deals · Helsinki", "8.5%"),
    ]
    assert page.context["current"][2].more == (
        "free in a shop's first 3 months",
        "tax as the next more general rule says",
        "the platform bears the payment service's fee",
    )
    assert page.context["current"][0].more[-1] == "the shop bears the payment service's fee, taken as 1.4%"
    assert [each.rule.note for each in page.context["coming"]] == ["From tomorrow"]
    assert [each.title for each in page.context["ended"]] == ["All deals"]
    assert page.context["usual"].asks == "10%"
    assert (
        "佣金"
        in browser.get("/operator/commission/", headers={"accept-language": "zh-hans"}).content.decode()
    )


def test_a_rule_is_tried_before_it_is_saved(here: Shop, browser: Client) -> None:
    month_ago = clock.local(clock.now(), "Europe/Helsinki").replace(day=1) - timedelta(days=3)
    here.scene.at = month_ago
    type(here.scene.offer).objects.update(starts_at=month_ago - timedelta(days=60))
    here.scene.bought(quantity=2)

    tried = send(browser)
    (row,) = tried.context["shown"]
    assert (row.merchant_ref, row.units, row.kept, row.would_keep) == (
        here.scene.merchant.public_id,
        2,
        Money(398, "EUR"),
        Money(199, "EUR"),
    )
    assert "\u2212€1.99" in tried.content.decode()
    assert queries.rules() == []

    unseen = send(browser, percent="6", go="save", tried=tried.context["tried"])
    assert (unseen.status_code, unseen.context["unseen"], queries.rules()) == (200, True, [])
    saved = send(browser, go="save", tried=tried.context["tried"])
    assert (saved.status_code, saved["Location"]) == (302, "/operator/commission/")
    (made,) = queries.rules()
    assert made.terms.rate_ppm == 50_000
    assert words(browser.get("/operator/commission/")) == [("All deals", "5%")]
    log = browser.get("/operator/audit/").content.decode()
    for word in ("Commission rule made", "Percent of the price", "5%", "Holds from", "The platform"):
        assert word in log


def test_every_field_reaches_the_rule(browser: Client) -> None:
    region = regions.region().public_id
    merchants.category("cafe")
    save(
        browser,
        percent="8,25 %",
        fixed="0,20",
        minimum="1",
        tax_percent="25.5",
        free_months="3",
        bearer="merchant",
        provider_percent="1.4",
        provider_fixed="0.25",
        region=region,
        category="cafe",
        ends_on="2999-12-31",
        note="As agreed",
    )
    (made,) = queries.rules()
    terms = made.terms
    assert (made.reach.region_ref, made.reach.category, made.note) == (region, "cafe", "As agreed")
    assert (terms.rate_ppm, terms.fixed, terms.minimum, terms.unit) == (82_500, 20, 100, "EUR")
    assert (terms.tax_ppm, terms.free_months) == (255_000, 3)
    assert (terms.bearer, terms.provider_rate_ppm, terms.provider_fixed) == (Bearer.MERCHANT, 14_000, 25)
    assert made.ends_at is not None
    assert made.ends_at.isoformat() == "2999-12-31T22:00:00+00:00"


WRONG = [
    ({"percent": "101"}, "percent"),
    ({"percent": "a lot"}, "percent"),
    ({"percent": "-5"}, "percent"),
    ({"fixed": "1.234"}, "fixed"),
    ({"minimum": "-1"}, "minimum"),
    ({"tax_percent": "200"}, "tax_percent"),
    ({"free_months": "121"}, "free_months"),
    ({"bearer": "nobody"}, "bearer"),
    ({"provider_percent": "1"}, "bearer"),
    ({"starts_on": ""}, "starts_on"),
    ({"starts_on": "2020-01-01"}, "starts_on"),
    ({"starts_on": "2999-01-02", "ends_on": "2999-01-01"}, "starts_on"),
    ({"region": "reg_none"}, "region"),
    ({"category": "none"}, "category"),
    ({"note": "x" * 501}, "note"),
]


def test_what_cannot_be_is_said_at_its_field(browser: Client) -> None:
    regions.region()
    for fields, field in WRONG:
        answer = send(browser, **fields)
        assert (answer.status_code, list(answer.context["form"].errors)) == (422, [field])
        assert answer.context["trial"] is None


def test_a_rule_that_overlaps_is_refused_when_it_is_tried(browser: Client) -> None:
    regions.region()
    rule(at=clock.now())
    answer = send(browser)
    assert (answer.status_code, list(answer.context["form"].errors)) == (422, ["__all__"])
    assert "Another rule for the same deals" in answer.content.decode()


def test_amounts_are_in_the_currency_of_the_region(browser: Client) -> None:
    yen = regions.region(currency="JPY", zone="Asia/Tokyo")
    assert list(send(browser, region=yen.public_id, fixed="0.20").context["form"].errors) == ["fixed"]
    today = clock.local(clock.now(), "Asia/Tokyo").date().isoformat()
    save(browser, region=yen.public_id, fixed="20", starts_on=today)
    (made,) = queries.rules()
    assert (made.terms.fixed, made.terms.unit) == (20, "JPY")


def test_a_shop_and_a_deal_have_rules_of_their_own(here: Shop, browser: Client) -> None:
    merchant_ref, offer_ref = here.scene.merchant.public_id, here.scene.offer.public_id
    address = f"{MAKE}?merchant={merchant_ref}"
    assert "Coffee and cake" in browser.get(address).content.decode()
    save(browser, address, percent="7")
    save(browser, address, percent="3", offer=offer_ref)
    of_deal, of_shop = queries.rules()
    assert (of_shop.reach.merchant_ref, of_shop.reach.offer_ref) == (merchant_ref, "")
    assert (of_deal.reach.merchant_ref, of_deal.reach.offer_ref) == (merchant_ref, offer_ref)
    other = catalog.offer()
    assert list(send(browser, address, offer=other.public_id).context["form"].errors) == ["offer"]

    page = browser.get(f"/operator/merchants/{merchant_ref}/")
    assert page.context["new_deal"].asks == "7%"
    ((deal_words, titles),) = page.context["commission"]
    assert (deal_words.asks, titles) == ("3%", [{"en": "Coffee and cake"}])
    bare = browser.get(f"/operator/merchants/{merchants.merchant().public_id}/")
    assert (bare.context["new_deal"].asks, bare.context["commission"]) == ("10%", [])


def made_rule(here: Shop) -> Rule:
    return rule(
        at=clock.now(),
        merchant=here.scene.merchant.public_id,
        rate_ppm=85_000,
        fixed=20,
        unit="EUR",
        tax_ppm=0,
    )


def test_a_change_begins_with_what_the_rule_says(here: Shop, browser: Client) -> None:
    first = made_rule(here)
    address = f"{MAKE}?change={first.ref}"
    shown = browser.get(address).context["form"]
    assert [shown.initial[name] for name in ("percent", "fixed", "minimum", "tax_percent")] == [
        "8.5",
        "0.20",
        "",
        "0",
    ]
    assert not {"region", "category", "offer"} & set(shown.fields)
    save(browser, address, percent="9")
    second, ended = queries.rules()
    assert (second.reach, second.replaces_ref, second.terms.rate_ppm) == (first.reach, first.ref, 90_000)
    assert ended.ends_at == second.starts_at
    again = send(browser, address, percent="9")
    assert again.status_code == 422


def test_a_rule_is_ended_once(here: Shop, browser: Client) -> None:
    first = made_rule(here)
    address = f"/operator/commission/{first.ref}/end/"
    assert browser.get(address).status_code == 405
    said = [str(browser.post(address, follow=True).content.decode()) for _ in range(2)]
    assert "Ended. What was sold keeps its commission." in said[0]
    assert "This rule has ended already." in said[1]
    assert browser.get("/operator/commission/").context["current"] == []
    assert browser.post("/operator/commission/cru_none/end/").status_code == 404


@pytest.mark.parametrize("query", ["?merchant=mer_none", "?change=cru_none"])
def test_what_is_not_there_is_not_found(query: str, browser: Client) -> None:
    assert browser.get(MAKE + query).status_code == 404


def test_the_shop_reads_its_commission_and_why(here: Shop) -> None:
    owner = visitor(here.owner)
    assert owner.post("/merchant/deals/new/", {"template": ""}).status_code == 302
    sketch = owner.post("/merchant/deals/new/", {"template": ""})["Location"].split("/")[-3]
    address = f"/merchant/deals/drafts/{sketch}/price/"
    prices = {"list_price": "40", "price": "40", "go": "look"}

    def page() -> str:
        return str(owner.post(address, prices).content.decode())

    assert "The usual commission." in page()
    rule(
        at=clock.now(),
        merchant=here.scene.merchant.public_id,
        rate_ppm=50_000,
        tax_ppm=255_000,
        free_months=2,
    )
    free = page()
    assert "your first months are free" in free
    assert "Tax on the commission" not in free
    MerchantDecision.objects.update(at=clock.now() - timedelta(days=90))
    paid = page()
    assert "Agreed with your shop." in paid
    for amount in ("€2.00", "€0.51", "€37.49"):
        assert amount in paid
