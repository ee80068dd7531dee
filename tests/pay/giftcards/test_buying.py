"""A card that is bought: it has its money once, lapses without it, and goes back only to its buyer."""

from __future__ import annotations

from datetime import datetime

import pytest
from django.db import transaction

from hutong.kernel.money import Money
from hutong.pay.giftcards import queries, rules, services
from hutong.pay.giftcards.types import CardState
from hutong.pay.ledger import queries as ledger
from hutong.pay.ledger.types import AccountKind
from hutong.town.people.models import Person
from tests.factories import people, regions

pytestmark = pytest.mark.django_db

FACE = Money(2500, "EUR")


def begun(buyer: Person, *, at: datetime) -> str:
    ref, _made = services.begin_purchase(
        amount=FACE, region_id=regions.region().pk, message="", by=buyer, client_key="one", at=at
    )
    return ref


def topped_up(card_ref: str, *, at: datetime, amount: Money = FACE, payment: str = "pay_1") -> None:
    with transaction.atomic():
        services.top_up(card_ref=card_ref, amount=amount, provider="sandbox", payment_ref=payment, at=at)


def state_of(card_ref: str) -> CardState:
    card = queries.card_view(card_ref)
    assert card is not None
    return card.state


def on(card_ref: str) -> Money:
    return ledger.balance(AccountKind.STORED_VALUE, card_ref, "EUR")


def test_a_card_has_its_money_once(at: datetime) -> None:
    ref = begun(people.person(), at=at)
    topped_up(ref, at=at)
    with pytest.raises(services.CardMoved):
        topped_up(ref, at=at, payment="pay_2")
    assert (state_of(ref), on(ref)) == (CardState.OPEN, FACE)


@pytest.mark.parametrize("amount", [Money(2499, "EUR"), Money(2500, "SEK")])
def test_another_amount_is_not_the_money_of_a_card(at: datetime, amount: Money) -> None:
    ref = begun(people.person(), at=at)
    with pytest.raises(services.CardMoved):
        topped_up(ref, at=at, amount=amount)
    assert (state_of(ref), on(ref)) == (CardState.WAITING, Money(0, "EUR"))


def test_a_card_lapses_after_its_time_unless_it_was_paid(at: datetime) -> None:
    buyer, end = people.person(), at + rules.TIME_TO_PAY
    ref = begun(buyer, at=at)
    assert not services.lapse(card_ref=ref, at=end - rules.TIME_TO_PAY / 2)
    assert state_of(ref) is CardState.WAITING
    assert services.lapse(card_ref=ref, at=end)
    topped_up(ref, at=end)  # late money counts
    assert not services.lapse(card_ref=ref, at=end)
    assert state_of(ref) is CardState.OPEN


def test_a_card_goes_back_to_its_buyer_alone_and_only_unopened(at: datetime) -> None:
    buyer, friend = people.person(), people.person()
    ref = begun(buyer, at=at)
    with pytest.raises(services.CardMoved):
        services.take_back(card_ref=ref, by=buyer, at=at)
    topped_up(ref, at=at)
    with pytest.raises(services.CardUnknown):
        services.take_back(card_ref=ref, by=friend, at=at)
    services.claim(code=queries.code_of(ref), person=friend, address="10.0.0.1", at=at)
    with pytest.raises(services.CardMoved):
        services.take_back(card_ref=ref, by=buyer, at=at)
    assert state_of(ref) is CardState.CLAIMED


def test_a_chargeback_blocks_and_frees_only_what_could_be_spent(at: datetime) -> None:
    ref = begun(people.person(), at=at)
    assert not services.freeze(card_ref=ref, at=at)
    assert state_of(ref) is CardState.WAITING
    topped_up(ref, at=at)
    assert services.freeze(card_ref=ref, at=at)
    assert not services.freeze(card_ref=ref, at=at)
    with pytest.raises(services.CardChargedBack):
        services.unblock(card_ref=ref, by=people.operator(), at=at)
    assert services.thaw(card_ref=ref, at=at)
    assert not services.thaw(card_ref=ref, at=at)
    assert state_of(ref) is CardState.OPEN
