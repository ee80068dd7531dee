"""Gift cards at the operator's: what is owed, one given for a reason, one blocked and let go again."""

import re

import pytest

from hutong.kernel import audit, clock
from hutong.pay.giftcards import queries, services
from hutong.pay.giftcards.models import GiftCard
from tests.factories import giftcards, people, regions
from tests.web.visitors import visitor

pytestmark = pytest.mark.django_db

URL = "/operator/gift-cards/"


@pytest.fixture(autouse=True)
def _region() -> None:
    regions.region()


def test_a_card_is_given_once_and_its_code_shown_to_the_giver_alone() -> None:
    giver, other = people.operator(), people.operator(name="Olga Operator")
    browser = visitor(giver)
    page = browser.get(URL).content.decode()
    key = re.search(r'name="client_key" value="([^"]+)"', page)
    assert key
    fields = {"amount": "12,50", "reason": "cold soup", "phone": "", "client_key": key[1]}
    first, second = (browser.post(URL, fields)["Location"] for _tap in range(2))
    assert first == second
    card = GiftCard.objects.get()
    assert (card.face, card.unit, card.issued_by, card.reason) == (1250, "EUR", giver, "cold soup")
    shown = browser.get(first).content.decode()
    (code,) = re.findall(r"\b[2-9A-Z]{4}(?:-[2-9A-Z]{4}){3}\b", shown)
    assert "€12.50" in shown
    assert code not in visitor(other).get(first).content.decode()
    services.claim(code=code, person=people.person(), address="10.0.0.1", at=clock.now())
    assert code not in browser.get(first).content.decode()


def test_a_card_for_a_shopper_is_in_the_balance_at_once() -> None:
    shopper = people.person(phone="+358401112233")
    browser = visitor(people.operator())
    fields = {"amount": "5", "reason": "cold soup", "phone": "040 111 2233", "client_key": "k"}
    where = browser.post(URL, fields)["Location"]
    assert queries.balance_of(shopper.pk, "EUR").minor == 500
    assert "It is in the shopper's balance." in browser.get(where).content.decode()


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"amount": "500.01"}, "within the limit"),
        ({"amount": "0"}, "within the limit"),
        ({"amount": "a lot"}, "Write an amount such as"),
        ({"reason": " "}, "This field is required"),
        ({"phone": "+358409999999"}, "Nobody has signed in with this number."),
    ],
)
def test_what_cannot_be_given_is_said(wrong: dict[str, str], told: str) -> None:
    fields = {"amount": "5", "reason": "cold soup", "phone": "", "client_key": "k", **wrong}
    answer = visitor(people.operator()).post(URL, fields)
    assert answer.status_code == 422
    assert told in answer.content.decode()
    assert not GiftCard.objects.exists()


def test_a_lost_card_is_blocked_for_a_reason_and_let_go_again() -> None:
    card, operator = giftcards.card(holder=people.person(name="Sanna")), people.operator()
    browser = visitor(operator)
    page = browser.get(URL).content.decode()
    for word in ("€20.00", "In a balance", "Sanna", "a late delivery"):
        assert word in page
    assert "Please say why." in browser.post(f"{URL}{card.ref}/block/", follow=True).content.decode()
    page = browser.post(f"{URL}{card.ref}/block/", {"reason": "stolen phone"}, follow=True).content.decode()
    assert "Let it be spent again" in page
    assert "stolen phone" in page
    page = browser.post(f"{URL}{card.ref}/unblock/", follow=True).content.decode()
    assert "The card can be spent again." in page
    assert "changed meanwhile" in browser.post(f"{URL}{card.ref}/unblock/", follow=True).content.decode()
    assert browser.post(f"{URL}gft_none/block/", {"reason": "none"}).status_code == 404
    actions = [entry.action for entry in audit.search(subject=card.ref).entries]
    assert actions == ["gift_card.unblocked", "gift_card.blocked", "gift_card.issued"]


def test_a_card_that_its_bank_blocked_offers_no_way_to_open_it() -> None:
    card, operator = giftcards.card(), people.operator()
    services.freeze(card_ref=card.ref, at=clock.now())
    page = visitor(operator).get(URL).content.decode()
    assert "Its payment was charged back." in page
    assert "Let it be spent again" not in page
    answer = visitor(operator).post(f"{URL}{card.ref}/unblock/", follow=True)
    assert "A bank has asked for the money of this gift card." in answer.content.decode()


def test_older_cards_are_a_page_further(monkeypatch: pytest.MonkeyPatch) -> None:
    from hutong.web.operator import gift_cards

    monkeypatch.setattr(gift_cards, "PAGE", 1)
    first, second = giftcards.card(), giftcards.card()
    browser = visitor(people.operator())
    page = browser.get(URL).content.decode()
    assert second.ref in page
    assert f"?before={second.ref}" in page
    older = browser.get(URL, {"before": second.ref}).content.decode()
    assert first.ref in older
    assert f"{second.ref}/block/" not in older
