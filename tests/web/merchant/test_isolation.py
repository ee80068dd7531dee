"""Who may open which page of a shop. The list of addresses is read from the code: a new one fails here first."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse

from hutong.flows import jobs
from hutong.know.customers import queries as customers
from hutong.town.merchants import services
from hutong.town.merchants.models import Staff
from hutong.web.merchant.urls import urlpatterns
from tests.factories import merchants, people
from tests.web.visitors import Shop, shop, visitor

pytestmark = pytest.mark.django_db


@dataclass(frozen=True)
class Rule:
    """How an address is asked for, and what a cashier, the owner and another shop's owner get."""

    method: str
    cashier: int
    owner: int
    other: int


RULES = {
    "merchant_today": Rule("get", cashier=200, owner=200, other=200),
    "merchant_scan": Rule("get", cashier=200, owner=200, other=200),
    "merchant_undo": Rule("post", cashier=403, owner=200, other=404),
    "merchant_deals": Rule("get", cashier=403, owner=200, other=200),
    "merchant_deal": Rule("get", cashier=403, owner=200, other=404),
    "merchant_switch": Rule("post", cashier=403, owner=302, other=404),
    "merchant_customers": Rule("get", cashier=403, owner=200, other=200),
    "merchant_customer": Rule("get", cashier=403, owner=200, other=404),
    "merchant_desk": Rule("get", cashier=200, owner=200, other=200),
    "merchant_choose": Rule("post", cashier=302, owner=302, other=404),
    "merchant_pair": Rule("post", cashier=403, owner=302, other=302),
    "merchant_unpair_here": Rule("post", cashier=302, owner=302, other=302),
    "merchant_unpair": Rule("post", cashier=403, owner=302, other=404),
}
NAMES = [str(pattern.name) for pattern in urlpatterns]


@dataclass
class Asked:
    """An address of this shop, with refs of things that exist."""

    shop: Shop
    refs: dict[str, str]

    def ask(self, browser: Client, name: str, method: str = "") -> int:
        """The status of the answer."""
        (pattern,) = [pattern for pattern in urlpatterns if pattern.name == name]
        keys = pattern.pattern.converters
        address = reverse(name, kwargs={key: self.refs[key] for key in keys})
        body = {"to": "off", "name": "Till 2", "store": self.shop.scene.store.public_id}
        method = method or RULES[name].method
        response = browser.post(address, body) if method == "post" else browser.get(address)
        if response.status_code == 302 and response["Location"].startswith("/sign-in/"):
            return 401
        return response.status_code

    def ask_all(self, browser: Client, method: str = "") -> dict[str, int]:
        """The status of every address; each is asked as if it were the only one."""
        answers = {}
        for name in NAMES:
            with transaction.atomic():
                answers[name] = self.ask(browser, name, method)
                transaction.set_rollback(True)
        return answers


@pytest.fixture
def asked() -> Asked:
    """A shop in which one voucher was used by a shopper who agreed to be remembered."""
    made = shop()
    (voucher,) = made.scene.bought()
    redeemed = made.scene.scan(voucher.code)
    jobs.drain()
    (customer,) = customers.customer_list(made.scene.merchant.public_id, at=made.at).rows
    refs = {
        "redemption_ref": redeemed.redemption_ref,
        "offer_ref": made.scene.offer.public_id,
        "customer_ref": customer.ref,
        "device_ref": made.scene.device.public_id,
    }
    return Asked(made, refs)


def test_every_address_has_its_rule() -> None:
    assert sorted(NAMES) == sorted(RULES)


def test_nobody_is_asked_to_sign_in(asked: Asked) -> None:
    for method in ("get", "post"):
        assert asked.ask_all(visitor(), method) == dict.fromkeys(NAMES, 401)


def test_a_shopper_is_turned_away(asked: Asked) -> None:
    browser = visitor(asked.shop.scene.shopper)
    for method in ("get", "post"):
        assert asked.ask_all(browser, method) == dict.fromkeys(NAMES, 403)


def test_a_cashier(asked: Asked) -> None:
    assert asked.ask_all(visitor(asked.shop.cashier)) == {name: RULES[name].cashier for name in NAMES}


def test_the_owner(asked: Asked) -> None:
    assert asked.ask_all(visitor(asked.shop.owner)) == {name: RULES[name].owner for name in NAMES}


def test_another_shops_owner(asked: Asked) -> None:
    assert asked.ask_all(visitor(shop().owner)) == {name: RULES[name].other for name in NAMES}


def test_a_revoked_role_opens_nothing(asked: Asked) -> None:
    browser = visitor(asked.shop.cashier)
    assert asked.ask(browser, "merchant_today") == 200
    staff = Staff.objects.get(person=asked.shop.cashier)
    services.revoke_staff(staff_id=staff.pk, by=asked.shop.owner, at=asked.shop.at)
    assert asked.ask(browser, "merchant_today") == 403


def test_a_shop_that_waits_is_told_so() -> None:
    owner = people.person(name="Olga")
    merchants.merchant(owner=owner, name="Not Yet Oy", approved=False)
    response = visitor(owner).get("/merchant/")
    assert response.status_code == 403
    assert "Not Yet Oy" in response.content.decode()
    assert "Waiting for approval" in response.content.decode()


def test_a_cashier_sees_no_money(asked: Asked) -> None:
    seen = visitor(asked.shop.owner).get("/merchant/").content.decode()
    assert "€19.90" in seen
    assert "€" not in visitor(asked.shop.cashier).get("/merchant/").content.decode()
