"""Acting for a merchant: what it opens and what not, read from the code; its marks; its end."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.urls.converters import IntConverter

from hutong.kernel import audit, clock
from hutong.kernel.rows import scalar
from hutong.town.merchants.rules import ACTING_RIGHTS
from hutong.town.merchants.types import Right
from hutong.web.merchant.urls import urlpatterns
from hutong.web.shell.access import declared
from tests.factories import people
from tests.web.visitors import Shop, shop, visitor
from tests.web.world import World, world

pytestmark = pytest.mark.django_db
ROUTES = {str(pattern.name): pattern for pattern in urlpatterns}


def acting(here: Shop, *, by: Client | None = None) -> Client:
    """An operator's browser that acts for the shop."""
    browser = by or visitor(people.operator())
    address = f"/operator/merchants/{here.scene.merchant.public_id}/act/"
    response = browser.post(address, {"reason": "They asked by phone"})
    assert (response.status_code, response["Location"]) == (302, "/merchant/")
    return browser


def ask(browser: Client, there: World, name: str, method: str) -> tuple[int, int]:
    """The status of one of the merchant's addresses, asked as if it were the only one, and how much it changed."""
    converters = ROUTES[name].pattern.converters
    # the door is looked at before the thing behind it, so that one that is not there will do
    refs = {
        key: there.refs.get(key, 1 if isinstance(each, IntConverter) else "none")
        for key, each in converters.items()
    }
    with transaction.atomic():
        before = scalar("SELECT count(*) FROM kernel_auditentry")
        response = getattr(browser, method)(reverse(name, kwargs=refs))
        changed = scalar("SELECT count(*) FROM kernel_auditentry") - before
        transaction.set_rollback(True)
    return int(response.status_code), changed


def right_of(name: str) -> str:
    permission = declared(ROUTES[name].callback)
    assert permission is not None, name
    return permission.right


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("name", sorted(ROUTES))
def test_acting_opens_contents_and_prices_and_nothing_else(name: str, method: str) -> None:
    there = world()
    browser = acting(there.shop)
    right = right_of(name)
    status, changed = ask(browser, there, name, method)
    if not right:
        # for everybody who works there: shows what their rights allow, and changes nothing for a stranger
        assert changed == 0, f"{name} changes something for whoever acts"
    elif Right(right) in ACTING_RIGHTS:
        assert status not in {401, 403}
    else:
        assert (status, changed) == (403, 0)


def test_people_money_redemptions_and_customers_are_no_acting_rights() -> None:
    assert Right.EDIT_DEALS in ACTING_RIGHTS
    assert not ACTING_RIGHTS & {
        Right.REDEEM,
        Right.UNDO,
        Right.SEE_TAKINGS,
        Right.SEE_ORDERS,
        Right.SEE_CUSTOMERS,
        Right.SEE_MONEY,
        Right.MANAGE_TEAM,
        Right.MANAGE_DEVICES,
        Right.MANAGE_MERCHANT,
    }


def test_every_page_says_so_and_shows_no_money_of_the_shop() -> None:
    there = world()
    browser = acting(there.shop)
    for name in ("merchant_today", "merchant_deals", "merchant_audit", "merchant_desk"):
        told = browser.get(reverse(name)).content.decode()
        assert "You act for Kahvila Oy." in told, name
    today = browser.get("/merchant/").content.decode()
    for secret in there.secrets:
        assert secret not in today


def test_a_reason_is_needed() -> None:
    here = shop()
    browser = visitor(people.operator())
    address = f"/operator/merchants/{here.scene.merchant.public_id}/act/"
    assert browser.get(address).status_code == 200
    assert browser.post(address, {"reason": " "}).status_code == 422
    assert browser.get("/merchant/").status_code == 403
    assert browser.post("/operator/merchants/mer_none/act/", {"reason": "x"}).status_code == 404


def test_what_is_done_is_on_record_and_the_merchant_reads_it() -> None:
    here = shop()
    ref = here.scene.merchant.public_id
    browser = acting(here)
    offer = here.scene.offer.public_id
    assert browser.post(f"/merchant/deals/{offer}/switch/", {"to": "off"}).status_code == 302
    browser.post("/operator/acting/stop/")
    found = audit.search(merchant=ref).entries[:3]
    assert [(entry.action, entry.on_behalf_of) for entry in found] == [
        ("acting.stopped", ref),
        ("offer.pause", ref),
        ("acting.started", ref),
    ]
    page = visitor(here.owner).get("/merchant/audit/")
    lines = page.context["entries"]
    assert [(line.title, line.by, line.acting) for line in lines][:3] == [
        ("The platform stopped acting for the shop", "The platform", True),
        ("Deal paused", "The platform", True),
        ("The platform began to act for the shop", "The platform", True),
    ]
    told = page.content.decode()
    assert "They asked by phone" in told
    assert "Olli Operator" not in told
    assert "Coffee and cake" in told
    assert [(line.before, line.after) for line in lines[1].changes] == [("on sale", "paused")]


def test_the_log_of_the_merchant_is_by_the_platform_or_by_everybody() -> None:
    here = shop()
    owner = visitor(here.owner)
    offer = here.scene.offer.public_id
    owner.post(f"/merchant/deals/{offer}/switch/", {"to": "off"})
    platform = owner.get("/merchant/audit/").context["entries"]
    everybody = owner.get("/merchant/audit/?show=all").context["entries"]
    assert "offer.pause" not in {line.action for line in platform}
    (pause,) = [line for line in everybody if line.action == "offer.pause"]
    assert (pause.by, pause.by_platform) == ("Olga Owner", False)
    assert visitor(here.cashier).get("/merchant/audit/").status_code == 403
    theirs = visitor(shop().owner).get("/merchant/audit/?show=all").context["entries"]
    assert pause.ref not in {line.ref for line in theirs}


def test_it_ends_by_the_button_and_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    here = shop()
    browser = acting(here)
    back = browser.post("/operator/acting/stop/")
    assert back["Location"] == f"/operator/merchants/{here.scene.merchant.public_id}/"
    assert browser.get("/merchant/").status_code == 403
    assert browser.post("/operator/acting/stop/")["Location"] == "/operator/merchants/"
    acting(here, by=browser)
    started = clock.now()
    assert browser.get("/merchant/").status_code == 200
    later = started + timedelta(minutes=60, seconds=1)
    monkeypatch.setattr(clock, "now", lambda: later)
    ended = browser.get("/merchant/")
    assert ended.status_code == 403
    assert "The hour of acting" in ended.content.decode()
    newest = audit.search(action="acting.").entries[0]
    assert newest.action == "acting.timed_out"
    assert newest.at < later


def test_beginning_for_another_ends_the_first() -> None:
    first, second = shop(), shop()
    browser = acting(first)
    acting(second, by=browser)
    found = [(entry.action, entry.merchant_ref) for entry in audit.search(action="acting.").entries]
    assert found == [
        ("acting.started", second.scene.merchant.public_id),
        ("acting.stopped", first.scene.merchant.public_id),
        ("acting.started", first.scene.merchant.public_id),
    ]


def test_who_is_no_operator_any_more_acts_for_nobody() -> None:
    here = shop()
    operator = people.operator()
    browser = acting(here, by=visitor(operator))
    type(operator).objects.filter(pk=operator.pk).update(is_operator=False)
    assert browser.get("/merchant/").status_code == 403
