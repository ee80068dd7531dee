"""An operator gives a card for a reason; its code opens it once; a lost one is blocked."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.db import IntegrityError

from hutong.kernel import audit, codes
from hutong.kernel.errors import Forbidden, TooMany
from hutong.kernel.money import Money
from hutong.pay.giftcards import queries, rules, services
from hutong.pay.giftcards.models import GiftCard
from hutong.pay.giftcards.types import CardState
from hutong.pay.ledger import queries as ledger
from hutong.pay.ledger.types import PLATFORM, AccountKind
from hutong.town.people.models import Person
from tests.factories import giftcards, people, regions

pytestmark = pytest.mark.django_db


def claim(code: str, person: Person, *, at: datetime, address: str = "10.0.0.1") -> str:
    return services.claim(code=code, person=person, address=address, at=at)


def test_a_card_is_the_platforms_own_money(at: datetime) -> None:
    card = giftcards.card(2500, at=at)
    assert ledger.balance(AccountKind.STORED_VALUE, card.ref, "EUR") == Money(2500, "EUR")
    assert ledger.balance(AccountKind.PROMOTION, PLATFORM, "EUR") == Money(-2500, "EUR")
    assert queries.problems() == []
    (line,) = queries.liability()
    assert (line.open, line.total) == (Money(2500, "EUR"), Money(2500, "EUR"))
    (entry,) = audit.search(subject=card.ref).entries
    assert (entry.action, entry.reason) == ("gift_card.issued", "a late delivery")


def test_the_code_is_kept_as_a_hash_alone(at: datetime) -> None:
    card = giftcards.card(at=at)
    row = GiftCard.objects.get(public_id=card.ref)
    plain = card.code.replace("-", "")
    assert codes.parse_code(card.code) == plain
    assert plain not in {str(value) for value in vars(row).values()}


def test_whoever_opens_it_first_has_it(at: datetime) -> None:
    card, somebody, another = giftcards.card(2500, at=at), people.person(), people.person()
    assert claim(card.code.lower(), somebody, at=at) == card.ref
    assert claim(card.code, somebody, at=at) == card.ref
    with pytest.raises(services.CodeUnknown):
        claim(card.code, another, at=at)
    assert queries.balance_of(somebody.pk, "EUR") == Money(2500, "EUR")
    assert queries.balance_of(another.pk, "EUR") == Money(0, "EUR")
    assert [entry.action for entry in audit.search(subject=card.ref).entries] == [
        "gift_card.claimed",
        "gift_card.issued",
    ]


def test_a_mistyped_code_costs_nothing(at: datetime) -> None:
    person = people.person()
    for _turn in range(3 * rules.OWN_TRIES):
        with pytest.raises(services.CodeMistyped):
            claim("AAAA-BBBB", person, at=at)
    card = giftcards.card(at=at)
    assert claim(card.code, person, at=at) == card.ref


def test_guessing_stops_for_a_person_and_for_an_address(at: datetime) -> None:
    """Each budget ends it before 50 tries; an honest person at the same address still opens a card."""
    card, honest, tries = giftcards.card(at=at), people.person(), 0

    def guess(person: Person, address: str) -> bool:
        nonlocal tries
        try:
            claim(codes.code_from_digest(f"guess {tries}".encode()), person, at=at, address=address)
        except services.CodeUnknown:
            tries += 1
            return True
        except TooMany:
            return False
        raise AssertionError("a guess was right")

    guesser = people.person()
    assert sum(guess(guesser, f"10.1.0.{number}") for number in range(50)) == rules.OWN_TRIES
    with pytest.raises(TooMany):  # a right guess is not answered either
        claim(card.code, guesser, at=at)
    many = [people.person() for _number in range(25)]
    looked_at = sum(guess(many[number % 25], "10.2.0.1") for number in range(50))
    assert looked_at == 25  # the newcomers among them; after 20 nobody has a second try
    assert claim(card.code, honest, at=at, address="10.2.0.1") == card.ref
    later = at + timedelta(seconds=rules.FAILURE_WINDOW_S)
    assert claim(giftcards.card(at=at).code, guesser, at=later)


@pytest.mark.parametrize("amount", [0, -1, 50_001])
def test_amounts_out_of_bounds_are_refused(at: datetime, amount: int) -> None:
    with pytest.raises(services.AmountRefused):
        giftcards.card(amount, at=at)
    assert not GiftCard.objects.exists()


def test_another_currency_and_no_reason_are_refused(at: datetime) -> None:
    region, operator = regions.region(), people.operator()

    def issue(unit: str, reason: str) -> None:
        services.issue(
            amount=Money(100, unit), region_id=region.pk, reason=reason, holder=None, by=operator, at=at
        )

    with pytest.raises(services.AmountRefused):
        issue("SEK", "why")
    with pytest.raises(services.ReasonMissing):
        issue("EUR", "  ")


def test_only_operators_give_and_block(at: datetime) -> None:
    with pytest.raises(Forbidden):
        giftcards.card(by=people.person(), at=at)
    card = giftcards.card(at=at)
    with pytest.raises(Forbidden):
        services.block(card_ref=card.ref, reason="mine", by=people.person(), at=at)
    with pytest.raises(Forbidden):
        services.unblock(card_ref=card.ref, by=people.person(), at=at)


def test_a_blocked_card_opens_for_nobody_until_it_is_free_again(at: datetime) -> None:
    card, operator, person = giftcards.card(at=at), people.operator(), people.person()
    with pytest.raises(services.ReasonMissing):
        services.block(card_ref=card.ref, reason=" ", by=operator, at=at)
    services.block(card_ref=card.ref, reason="lost on the way", by=operator, at=at)
    with pytest.raises(services.CodeUnknown):
        claim(card.code, person, at=at)
    with pytest.raises(services.CardMoved):
        services.block(card_ref=card.ref, reason="again", by=operator, at=at)
    (line,) = queries.liability()
    assert line.blocked == Money(2000, "EUR")
    services.unblock(card_ref=card.ref, by=operator, at=at)
    assert claim(card.code, person, at=at) == card.ref
    services.block(card_ref=card.ref, reason="stolen phone", by=operator, at=at)
    assert queries.balance_of(person.pk, "EUR").minor == 0
    services.unblock(card_ref=card.ref, by=operator, at=at)
    assert queries.balance_of(person.pk, "EUR").minor == 2000
    with pytest.raises(services.CardUnknown):
        services.block(card_ref="gft_none", reason="none", by=operator, at=at)


@pytest.mark.parametrize(
    "broken",
    [
        {"face": 0},
        {"state": "melted"},
        {"state": CardState.CLAIMED},
        {"claimed_at": giftcards.NOON},
        {"issued_by": None},
        {"reason": ""},
        {"state": CardState.WAITING},
        {"state": CardState.BLOCKED},
    ],
)
def test_what_the_table_refuses(at: datetime, broken: dict[str, object]) -> None:
    card = giftcards.card(at=at)
    with pytest.raises(IntegrityError):
        GiftCard.objects.filter(public_id=card.ref).update(**broken)


def test_a_click_buys_one_card(at: datetime) -> None:
    region, buyer = regions.region(), people.person()

    def buy(key: str) -> tuple[str, bool]:
        return services.begin_purchase(
            amount=Money(2500, "EUR"), region_id=region.pk, message="Enjoy", by=buyer, client_key=key, at=at
        )

    first, made = buy("one")
    assert made
    assert buy("one") == (first, False)
    assert buy("two")[0] != first
    with pytest.raises(services.AmountRefused):
        services.begin_purchase(
            amount=Money(2501, "EUR"), region_id=region.pk, message="", by=buyer, client_key="three", at=at
        )
