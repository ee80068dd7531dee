"""The form of a deal, step by step: from a template to a voucher that was used, and everything typed wrongly."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from hutong.flows import approve, cart, checkout, publish
from hutong.flows.offers import drafting
from hutong.kernel import audit, clock
from hutong.town.catalog import queries as catalog
from hutong.town.catalog import services
from hutong.town.catalog.types import OfferState, SketchView
from hutong.town.contents import queries as revisions
from hutong.town.merchants.models import Store
from hutong.town.regions.models import Region
from hutong.visit.stock.queries import stock_of
from hutong.visit.vouchers.queries import vouchers_of_order
from hutong.web.merchant.access import ACTING_KEY, ACTING_UNTIL_KEY
from tests.factories import catalog as catalog_factory
from tests.factories import merchants, people
from tests.web.visitors import Shop, shop, visitor

pytestmark = pytest.mark.django_db

WHAT = {"title_en": "Noodle set for two", "title_zh": "双人面套餐", "emoji": "1f35c", "hue": "15"}
PRICE = {"list_price": "34.00", "price": "19,90"}


@pytest.fixture
def here() -> Shop:
    """A shop that is open now."""
    return shop()


def begun(here: Shop, browser: Client, template: str = "noodles-for-two") -> str:
    """The address of the draft's steps, without the step."""
    response = browser.post("/merchant/deals/new/", {"template": template})
    assert response.status_code == 302
    return str(response["Location"].removesuffix("what/"))


def draft(here: Shop) -> SketchView:
    """The one draft of the shop."""
    (found,) = catalog.sketches(here.scene.merchant.public_id)
    return found


def terms(here: Shop, **changes: Any) -> dict[str, Any]:
    """The third step as it is sent."""
    return {
        "valid_days": "45",
        "uses": "1",
        "tags": ["no_booking"],
        "stores": [here.scene.store.public_id],
    } | changes


def test_from_a_template_to_a_used_voucher(here: Shop) -> None:
    """The first deal of a merchant: form, the operator's yes, a sale, a visit."""
    browser = visitor(here.owner)
    page = browser.get("/merchant/deals/new/").content.decode()
    assert "Noodle set for two" in page
    address = begun(here, browser)
    what = browser.get(f"{address}what/").content.decode()
    assert "Bowl of noodles of your choice" in what
    rows = {
        "rows": "2",
        "row-0-en": "Bowl of noodles", "row-0-zh": "面", "row-0-quantity": "2", "row-0-value": "14.00",
        "row-1-en": "Tea", "row-1-zh": "", "row-1-quantity": "2", "row-1-value": "3",
    }  # fmt: skip
    sent = browser.post(f"{address}what/", WHAT | rows | {"go": "next"})
    assert sent["Location"] == f"{address}price/"
    # the usual price is proposed: what all parts cost one by one
    assert 'value="34.00"' in browser.get(f"{address}price/").content.decode()
    sent = browser.post(f"{address}price/", PRICE | {"capacity": "20", "per_person_limit": "4", "go": "next"})
    assert sent["Location"] == f"{address}terms/"
    sent = browser.post(f"{address}terms/", terms(here, go="next"))
    assert sent["Location"] == f"{address}look/"
    look = browser.get(f"{address}look/").content.decode()
    assert "Everything that is needed is there." in look
    assert "€17.91" in look
    sent = browser.post(f"{address}look/", {"go": "submit"})
    (made,) = [
        offer
        for offer in catalog.merchant_offers(here.scene.merchant.public_id)
        if offer.state is OfferState.SUBMITTED
    ]
    assert sent["Location"] == f"/merchant/deals/{made.ref}/"
    approve.approve_offer(offer_ref=made.ref, approve=True, reason="", by=people.operator(), at=clock.now())
    shopper = people.person()
    wants = {made.ref: 2}
    placed = checkout.place(
        person=shopper, wants=wants, store_ref=None,
        shown_hash=cart.price(wants=wants, at=clock.now()).quote.hash,
        client_key="a", remember_consent=False, at=clock.now(),
    )  # fmt: skip
    assert here.scene.money_arrives(placed, at=clock.now()) == "paid"
    assert placed.total.minor == 3980
    first, _second = vouchers_of_order(placed.order_ref, at=clock.now())
    assert here.scene.scan(first.code, at=clock.now()).titles["zh-Hans"] == "双人面套餐"
    assert (stock_of([made.ref])[made.ref].sold, stock_of([made.ref])[made.ref].left) == (2, 18)


def test_nothing_is_lost_on_the_way(here: Shop) -> None:
    browser = visitor(here.owner)
    address = begun(here, browser)
    sent = browser.post(f"{address}what/", {"title_en": "Only a title", "rows": "0", "go": "later"})
    assert sent["Location"] == "/merchant/deals/"
    assert "Only a title" in browser.get("/merchant/deals/").content.decode()
    assert 'value="Only a title"' in browser.get(f"{address}what/").content.decode()
    # a step with a fault keeps what can be read
    browser.post(f"{address}price/", {"list_price": "10", "price": "cheap", "capacity": "7", "go": "next"})
    assert (draft(here).body["list_price"], draft(here).body["price"], draft(here).body["capacity"]) == (
        1000, None, 7,
    )  # fmt: skip


def test_parts_come_and_go_without_javascript(here: Shop) -> None:
    browser = visitor(here.owner)
    address = begun(here, browser, template="")
    rows = {"rows": "2", "row-0-en": "Cup", "row-0-quantity": "1", "row-1-en": "Cake", "row-1-quantity": "2"}
    added = browser.post(f"{address}what/", WHAT | rows | {"go": "add"}, follow=True)
    assert added.content.decode().count('id="row-') >= 3
    assert 'name="rows" value="3"' in added.content.decode()
    browser.post(f"{address}what/", WHAT | rows | {"go": "remove-0"})
    assert [include["names"]["en"] for include in draft(here).body["includes"]] == ["Cake"]


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        ({"price": "34.01"}, "cannot be above the usual price"),
        ({"price": "-5"}, "Write an amount such as 19.90."),
        ({"price": "0"}, "above nothing"),
        ({"price": "1e9"}, "Write an amount such as 19.90."),
        ({"price": "19.905"}, "Write an amount such as 19.90."),
        ({"list_price": "99999999999"}, "below ten million"),
        ({"price": "🍜"}, "Write an amount such as 19.90."),
        ({"price": ""}, "Give an amount."),
        ({"capacity": "0"}, "greater than or equal to 1"),
        ({"capacity": "-3"}, "greater than or equal to 1"),
        ({"capacity": "1e5"}, "whole number"),
        ({"ends_on": "2020-01-01"}, "This day has passed."),
        ({"starts_on": "2030-01-02", "ends_on": "2030-01-01"}, "cannot end before it begins"),
        ({"starts_on": "yesterday"}, "valid date"),
        ({"ends_on": "9999-12-31"}, "within ten years"),
        ({"starts_on": "0001-01-01"}, "within ten years"),
    ],
)
def test_a_price_step_with_a_fault_says_so_at_the_field(here: Shop, sent: dict[str, str], words: str) -> None:
    browser = visitor(here.owner)
    address = begun(here, browser)
    response = browser.post(f"{address}price/", PRICE | sent | {"go": "next"})
    assert response.status_code == 422
    assert words in response.content.decode()


@pytest.mark.parametrize(
    ("sent", "status", "words"),
    [
        ({"title_en": "", "title_zh": ""}, 422, "Give the deal a title"),
        ({"title_en": "x" * 10_000}, 422, "at most 120 characters"),
        ({"about_zh": "长" * 10_000}, 422, "at most 2000 characters"),
        ({"emoji": "javascript:"}, 422, ""),
        ({"rows": "1", "row-0-value": "5"}, 422, "Say what it is."),
        ({"rows": "1", "row-0-en": "Tea", "row-0-value": "-5"}, 422, "Write an amount"),
        ({"rows": "9999999999"}, 302, ""),
        ({"title_en": "🍜🍜 <script>alert(1)</script> \u202e"}, 302, ""),
    ],
)
def test_odd_words(here: Shop, sent: dict[str, str], status: int, words: str) -> None:
    browser = visitor(here.owner)
    address = begun(here, browser)
    response = browser.post(f"{address}what/", WHAT | sent | {"go": "next"})
    assert response.status_code == status
    assert words in response.content.decode()


def test_odd_titles_stay_text(here: Shop) -> None:
    browser = visitor(here.owner)
    address = begun(here, browser)
    browser.post(f"{address}what/", WHAT | {"title_en": "🍜 <script>alert(1)</script>\u202e", "rows": "0"})
    page = browser.get("/merchant/deals/").content.decode()
    assert "🍜 &lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert draft(here).body["titles"]["en"] == "🍜 <script>alert(1)</script>"


@pytest.mark.parametrize(
    ("unit", "typed", "minor"), [("JPY", "1990", 1990), ("KWD", "1.990", 1990), ("EUR", "1 990,5", 199050)]
)
def test_amounts_have_the_decimals_of_their_currency(unit: str, typed: str, minor: int) -> None:
    made = shop()
    Region.objects.filter(pk=made.scene.store.region_id).update(currency=unit)
    browser = visitor(made.owner)
    address = begun(made, browser)
    browser.post(f"{address}price/", {"list_price": typed, "price": typed})
    assert (draft(made).body["price"], draft(made).body["unit"]) == (minor, unit)
    assert f'value="{typed}"' in browser.get(f"{address}price/").content.decode() or unit == "EUR"


def test_a_yen_has_no_cents() -> None:
    made = shop()
    Region.objects.filter(pk=made.scene.store.region_id).update(currency="JPY")
    browser = visitor(made.owner)
    response = browser.post(f"{begun(made, browser)}price/", {"list_price": "1990.50", "price": "1,000"})
    assert response.content.decode().count("Write an amount such as 1990.") == 2


def test_a_foreign_store_is_refused(here: Shop) -> None:
    browser = visitor(here.owner)
    address = begun(here, browser)
    response = browser.post(f"{address}terms/", terms(here, stores=[merchants.store().public_id], go="next"))
    assert response.status_code == 422
    assert draft(here).body["stores"] == [here.scene.store.public_id]
    response = browser.post(f"{address}terms/", terms(here, stores=[], go="next"))
    assert "Choose at least one store." in response.content.decode()


def test_what_is_missing_is_listed_with_the_way_to_it(here: Shop) -> None:
    browser = visitor(here.owner)
    address = begun(here, browser, template="")
    page = browser.get(f"{address}look/").content.decode()
    assert "Still missing" in page
    assert f'href="{address}price/"' in page
    response = browser.post(f"{address}look/", {"go": "submit"})
    assert response.status_code == 422
    assert draft(here).open


def test_an_amount_is_worked_out_while_one_types(here: Shop) -> None:
    browser = visitor(here.owner)
    address = begun(here, browser)
    part = browser.post(f"{address}price/", PRICE | {"go": "look"}, headers={"HX-Request": "true"})
    assert "<html" not in part.content.decode()
    assert "€17.91" in part.content.decode()
    assert draft(here).body["price"] is None


def test_a_deleted_draft_is_brought_back(here: Shop) -> None:
    browser = visitor(here.owner)
    address = begun(here, browser)
    gone = browser.post(f"{address}delete/", follow=True).content.decode()
    assert "was deleted" in gone
    assert browser.get(f"{address}what/").status_code == 404
    assert browser.post(f"{address}restore/", follow=True).status_code == 200
    assert draft(here).ref in address


def test_a_draft_that_was_handed_in_is_not_handed_in_again(here: Shop) -> None:
    browser = visitor(here.owner)
    address = begun(here, browser)
    browser.post(f"{address}price/", PRICE)
    assert browser.post(f"{address}look/", {"go": "submit"}).status_code == 302
    assert browser.post(f"{address}look/", {"go": "submit"}).status_code == 404
    submitted = [
        offer
        for offer in catalog.merchant_offers(here.scene.merchant.public_id)
        if offer.state is OfferState.SUBMITTED
    ]
    assert len(submitted) == 1


def test_changes_of_a_live_deal_are_shown_as_a_difference(here: Shop) -> None:
    browser, ref = visitor(here.owner), here.scene.offer.public_id
    address = browser.post(f"/merchant/deals/{ref}/edit/")["Location"].removesuffix("what/")
    browser.post(f"{address}what/", WHAT | {"title_en": "Coffee and a large cake", "rows": "0"})
    look = browser.get(f"{address}look/").content.decode()
    assert "What changes" in look
    browser.post(f"{address}look/", {"go": "submit"})
    page = browser.get(f"/merchant/deals/{ref}/").content.decode()
    assert "Changes that wait for the platform" in page
    assert "large" in page
    (waiting,) = revisions.waiting()
    publish.decide(
        revision_ref=waiting.ref, approve=False, reason="Show the cake.", by=people.operator(), at=clock.now()
    )
    refused = browser.get(f"/merchant/deals/{ref}/").content.decode()
    assert "Your changes were refused" in refused
    assert "Show the cake." in refused


def test_a_difference_shows_words_and_no_codes(here: Shop) -> None:
    browser, ref = visitor(here.owner), here.scene.offer.public_id
    address = browser.post(f"/merchant/deals/{ref}/edit/")["Location"].removesuffix("what/")
    browser.post(f"{address}what/", WHAT | {"rows": "0"})
    browser.post(f"{address}terms/", terms(here, tags=["weekends_too"]))
    page = browser.get(f"{address}look/").content.decode()
    changes = page.partition('id="changes-title"')[2].partition("</section>")[0]
    assert "🍜" in changes
    assert "1f35c" not in changes
    assert "Weekends, too" in changes
    assert "weekends_too" not in changes
    for label in ("Symbol", "What you promise"):
        assert label in changes


def test_a_sale_ends_and_comes_back(here: Shop) -> None:
    browser, ref = visitor(here.owner), here.scene.offer.public_id
    ended = browser.post(f"/merchant/deals/{ref}/end/", follow=True).content.decode()
    assert "has ended. What was sold stays good." in ended
    assert catalog.sellable([ref], clock.now()) == {}
    browser.post(f"/merchant/deals/{ref}/switch/", {"to": "on"})
    assert ref in catalog.sellable([ref], clock.now())


def test_a_copy_is_a_draft(here: Shop) -> None:
    browser = visitor(here.owner)
    response = browser.post(f"/merchant/deals/{here.scene.offer.public_id}/copy/", follow=True)
    assert "Coffee and cake" in response.content.decode()
    assert draft(here).offer_ref == ""


def test_an_operator_acts_for_the_shop(here: Shop) -> None:
    operator = people.operator()
    browser = visitor(operator)
    session = browser.session
    session[ACTING_KEY] = here.scene.merchant.public_id
    session[ACTING_UNTIL_KEY] = (clock.now() + timedelta(hours=1)).isoformat()
    session.save()
    address = begun(here, browser)
    browser.post(f"{address}price/", PRICE)
    browser.post(f"{address}look/", {"go": "submit"})
    (entry, *_rest) = audit.search(action="offer.created", actor=operator.public_id).entries
    assert entry.on_behalf_of == here.scene.merchant.public_id
    assert entry.changes["price"] == [None, 1990]


def test_in_chinese(here: Shop) -> None:
    browser = visitor(here.owner)
    browser.cookies["django_language"] = "zh-hans"
    address = begun(here, browser)
    for step in ("what", "price", "terms", "look"):
        assert browser.get(f"{address}{step}/").status_code == 200
    assert "双人面套餐" in browser.get(f"{address}look/").content.decode()


def filled(here: Shop, number: int) -> str:
    """A draft of so many parts in so many stores, and the address of its steps."""
    store_refs = [here.scene.store.public_id] + [
        merchants.store(merchant=here.scene.merchant, name=f"Branch {index}").public_id
        for index in range(number - 1)
    ]
    at = clock.now()
    begun = drafting.start(
        merchant_ref=here.scene.merchant.public_id, store_ref=here.scene.store.public_id, by=here.owner, at=at
    )
    parts = [{"names": {"en": f"Part {index}"}, "quantity": 1, "value": 500} for index in range(number)]
    services.save_sketch(
        sketch_ref=begun.ref,
        merchant_ref=begun.merchant_ref,
        body={
            **begun.body,
            "titles": {"en": "Set"},
            "includes": parts,
            "list_price": 1500,
            "price": 1200,
            "stores": store_refs,
        },
        by=here.owner,
        at=at,
    )
    return f"/merchant/deals/drafts/{begun.ref}/"


@pytest.mark.parametrize(("step", "most"), [("what", 9), ("price", 11), ("terms", 9), ("look", 11)])
@pytest.mark.parametrize("number", [1, 3])
def test_statements_of_a_step(here: Shop, step: str, most: int, number: int) -> None:
    """Session, person, desk (3), the draft, its stores twice, the market; the same for one part and store as for three."""
    address, browser = filled(here, number), visitor(here.owner)
    browser.get(f"{address}{step}/")
    with CaptureQueriesContext(connection) as seen:
        assert browser.get(f"{address}{step}/").status_code == 200
    assert len(seen) <= most, "\n".join(query["sql"][:120] for query in seen)


@pytest.mark.parametrize("number", [1, 3])
def test_statements_of_the_list(here: Shop, number: int) -> None:
    for index in range(number):
        catalog_factory.offer(store=here.scene.store, at=here.at, title=f"Soup {index}")
        filled(here, 1)
    browser = visitor(here.owner)
    browser.get("/merchant/deals/")
    with CaptureQueriesContext(connection) as seen:
        assert browser.get("/merchant/deals/").status_code == 200
    assert len(seen) <= 10, "\n".join(query["sql"][:120] for query in seen)
    assert Store.objects.filter(merchant=here.scene.merchant).count() == 1
