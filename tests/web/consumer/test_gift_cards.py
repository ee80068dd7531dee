"""A gift card bought on the site: paid, its code handed on, opened by a friend, or taken back."""

import re
from typing import Any

import pytest
from pypdfium2 import PdfDocument

from hutong.pay.giftcards import queries
from hutong.pay.giftcards.models import GiftCard
from hutong.pay.payments import queries as payments
from tests.factories import people, regions
from tests.fakes.sandbox import Sandbox
from tests.web.visitors import visitor

pytestmark = pytest.mark.django_db(transaction=True)

BUY = "/me/balance/buy/"


@pytest.fixture(autouse=True)
def _region() -> None:
    regions.region()


def receipt(answer: Any) -> str:
    return str(PdfDocument(answer.content)[0].get_textpage().get_text_range())


def test_a_card_is_bought_handed_on_and_opened(sandbox: Sandbox) -> None:
    buyer, friend = people.person(), people.person()
    browser = visitor(buyer)
    page = browser.get(BUY).content.decode()
    for amount in ("€10.00", "€25.00", "€50.00", "€100.00"):
        assert amount in page
    key = re.search(r'name="client_key" value="([^"]+)"', page)
    assert key
    fields = {"amount": "2500", "message": "Enjoy it!", "client_key": key[1]}
    first, second = (browser.post(BUY, fields)["Location"] for _tap in range(2))
    assert first == second
    assert first.startswith(sandbox.url)
    card = GiftCard.objects.get()
    where = f"/me/balance/cards/{card.public_id}/"
    assert "This page turns by itself" in browser.get(where).content.decode()
    payment = payments.payment_for_order(card.public_id)
    assert payment is not None
    sandbox.pay(payment.ref)
    assert browser.get(f"{where}receipt/").status_code == 404
    page = browser.get(where).content.decode()
    assert f"{where}receipt/" in page
    (code,) = set(re.findall(r"data-code>([^<]+)<", page))
    assert f"/me/balance/claim/?code={code}" in page
    assert visitor(friend).get(where).status_code == 404
    visitor(friend).post("/me/balance/claim/", {"code": code})
    assert queries.balance_of(friend.pk, "EUR").minor == 2500
    assert "Enjoy it!" in visitor(friend).get("/me/balance/").content.decode()
    page = browser.get(where).content.decode()
    assert "Somebody opened it" in page
    assert code not in page
    assert "Opened" in browser.get("/me/balance/").content.decode()
    answer = browser.post(f"{where}back/", follow=True).content.decode()
    assert "changed meanwhile" in answer


def test_a_card_is_taken_back_before_it_is_opened(sandbox: Sandbox) -> None:
    buyer = people.person()
    browser = visitor(buyer)
    browser.post(BUY, {"amount": "1000", "message": "", "client_key": "k"})
    card = GiftCard.objects.get()
    where = f"/me/balance/cards/{card.public_id}/"
    assert browser.post(f"{where}pay/")["Location"].startswith(sandbox.url)
    payment = payments.payment_for_order(card.public_id)
    assert payment is not None
    sandbox.pay(payment.ref)
    browser.get(where)
    assert visitor(people.person()).post(f"{where}back/").status_code == 404
    assert visitor(people.person()).get(f"{where}receipt/").status_code == 404
    text = receipt(browser.get(f"{where}receipt/"))
    assert card.public_id in text
    assert text.count("€10.00") == 3  # the card, how it was paid, what was paid in all
    assert "Taken back" in browser.post(f"{where}back/", follow=True).content.decode()
    (back,) = payments.refunds_of_order(card.public_id)
    assert (back.amount.minor, back.state.value) == (1000, "done")
    text = receipt(browser.get(f"{where}receipt/"))
    assert "−€10.00" in text
    assert "€0.00" in text
    assert "The time to pay" in browser.post(f"{where}pay/", follow=True).content.decode()


@pytest.mark.parametrize("amount", ["", "1", "2501", "a lot"])
def test_another_amount_is_not_for_sale(amount: str) -> None:
    answer = visitor(people.person()).post(BUY, {"amount": amount, "message": "", "client_key": "k"})
    assert answer.status_code == 422
    assert "Choose an amount." in answer.content.decode()
    assert not GiftCard.objects.exists()
