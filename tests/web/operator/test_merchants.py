"""The operator's list of merchants, and one merchant with all its sides."""

from __future__ import annotations

import pytest
from django.test import Client

from hutong.kernel import audit
from hutong.town.merchants.models import Merchant
from hutong.town.merchants.queries import merchant_by_ref, merchant_history
from hutong.web.operator.merchants import SIDES
from tests.factories import merchants, people
from tests.web.visitors import Shop, shop, visitor

pytestmark = pytest.mark.django_db


@pytest.fixture
def here() -> Shop:
    """A shop that is open now."""
    return shop()


@pytest.fixture
def browser() -> Client:
    """An operator's browser."""
    return visitor(people.operator())


def test_merchants_are_found(here: Shop, browser: Client) -> None:
    waiting = merchants.merchant(name="Sushi Oy", approved=False)
    Merchant.objects.filter(pk=waiting.pk).update(phone="+358401234567", business_id="1234567-8")

    def found(query: str) -> set[str]:
        return {each.ref for each in browser.get(f"/operator/merchants/{query}").context["merchants"]}

    both = {waiting.public_id, here.scene.merchant.public_id}
    assert found("") == found("?state=none") == found("?region=none") == both
    for query in ("?q=sushi", "?q=040+1234567&state=applied", "?q=1234567-8", f"?q={waiting.public_id}"):
        wanted = {waiting.public_id} if "040" not in query else found(query)
        assert found(query) == wanted
    assert found("?q=%2B358+40+1234567") == {waiting.public_id}
    assert found("?q=4567") == set()
    assert found("?state=approved") == {here.scene.merchant.public_id}


def test_pages_of_merchants_follow_each_other(browser: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hutong.web.operator.merchants.PAGE", 2)
    refs = [merchants.merchant(name=f"Shop {number}").public_id for number in range(5)]
    seen: list[str] = []
    address = "/operator/merchants/"
    while address:
        page = browser.get(address)
        seen += [each.ref for each in page.context["merchants"]]
        address = page.context["next_url"]
    assert seen == list(reversed(refs))


@pytest.mark.parametrize("side", sorted(SIDES))
def test_every_side_opens_and_shows_no_whole_phone_of_a_person(
    here: Shop, browser: Client, side: str
) -> None:
    here.scene.bought()
    address = f"/operator/merchants/{here.scene.merchant.public_id}/?show={side}"
    page = browser.get(address)
    assert page.status_code == 200
    told = page.content.decode()
    marks = {
        "facts": "Correct the facts",
        "stores": "Aleksanterinkatu 1",
        "deals": "Coffee and cake",
        "orders": "Coffee and cake",
        "people": "Kalle Cashier",
        "devices": "Till 1",
        "history": "Shop approved",
    }
    assert marks[side] in told
    for person in (here.owner, here.cashier, here.scene.shopper):
        assert str(person.phone) not in told


def test_what_is_not_there(browser: Client, here: Shop) -> None:
    assert browser.get("/operator/merchants/mer_none/").status_code == 404
    assert browser.get(f"/operator/merchants/{here.scene.merchant.public_id}/?show=x").status_code == 404


def test_suspended_and_reinstated_with_a_reason(here: Shop, browser: Client) -> None:
    ref = here.scene.merchant.public_id
    address = f"/operator/merchants/{ref}/state/"
    told = browser.post(address, {"decision": "reject"}, follow=True).content.decode()
    assert "Please say why" in told
    browser.post(address, {"decision": "reject", "ready": "merchant.complaints"})
    browser.post(address, {"decision": "approve", "reason": "Mended"})
    moves = [(move.to_state.value, move.reason) for move in merchant_history(ref)][:2]
    assert moves == [
        ("approved", "Mended"),
        ("suspended", "There were complaints about deals that were not honoured. Please call us."),
    ]
    assert browser.post(address, {"decision": "maybe"}).status_code == 404


def test_facts_are_corrected_with_a_reason(here: Shop, browser: Client) -> None:
    ref = here.scene.merchant.public_id
    address = f"/operator/merchants/{ref}/facts/"
    assert browser.get(address).context["form"].initial["name"] == "Kahvila Oy"
    body = {"name": "Uusi Oy", "name_zh": "新店", "business_id": "1234567-8", "phone": "040 123 4567"}
    assert browser.post(address, body).status_code == 422
    assert browser.post(address, body | {"reason": "Register", "phone": "12"}).status_code == 422
    assert browser.post(address, body | {"reason": "Register", "phone": "+358 40 1234567"}).status_code == 302
    found = merchant_by_ref(ref)
    assert found is not None
    assert (found.names["name"], found.names["zh-Hans"], found.phone) == ("Uusi Oy", "新店", "+358401234567")
    (entry,) = audit.search(action="merchant.facts_changed").entries
    assert (entry.merchant_ref, entry.reason) == (ref, "Register")
