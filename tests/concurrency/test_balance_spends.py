"""Many spends on one person's balance at one moment: exactly what is there is granted, never more, never less."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from itertools import count

import pytest
from django.db import transaction

from hutong.kernel.errors import Conflict
from hutong.kernel.money import Money
from hutong.pay.giftcards import queries, services
from hutong.pay.giftcards.models import GiftCard
from hutong.pay.giftcards.services import claiming, spending
from hutong.pay.ledger import queries as ledger
from hutong.pay.ledger import services as ledger_services
from hutong.pay.ledger.types import AccountKind
from hutong.town.people.models import Person
from tests.concurrency.race import WAIT_S, all_at_once, constraint_dropped, race
from tests.concurrency.unguarded import unguarded
from tests.concurrency.waiting import behind
from tests.factories import giftcards, people, regions
from tests.faults.figures import Measured

# The orders are names alone here; what an order has to do with its part is tested with the flows.
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.unbalanced]

RUNNERS = 16
SPENDS = 2000
BALANCE = 1000
LEDGER_GUARD = " AND b.minor + delta.minor >= b.floor"
_orders = count()


def spend(person: Person, at: datetime, minor: int = 1) -> bool:
    """Set a cent aside for an order of its own; whether it was granted."""
    try:
        with transaction.atomic():
            services.hold(
                order_ref=f"ord_{next(_orders)}", person_id=person.pk, amount=Money(minor, "EUR"), at=at
            )
    except Conflict:
        return False
    return True


def spent_by(runners: int, each: int, person: Person, at: datetime) -> int:
    """How many spends were granted, of so many runners that spend so often each."""
    return sum(all_at_once(runners, lambda _number: sum(spend(person, at) for _turn in range(each))))


@pytest.mark.figure
def test_2000_spends_on_a_balance_of_1000(at: datetime, measured: Measured) -> None:
    person = people.person()
    cards = [giftcards.card(minor, holder=person, at=at) for minor in (600, 300, 100)]
    assert spent_by(RUNNERS, SPENDS // RUNNERS, person, at) == BALANCE
    assert queries.balance_of(person.pk, "EUR") == Money(0, "EUR")
    held = [ledger.balance(AccountKind.STORED_HELD, card.ref, "EUR").minor for card in cards]
    assert held == [600, 300, 100]
    assert queries.problems() == []
    assert ledger.problems() == []
    measured(
        3, "spends on one balance", f"{SPENDS:,} by {RUNNERS} at once, {BALANCE:,} of {BALANCE:,} granted"
    )


def unlocked(monkeypatch: pytest.MonkeyPatch, runners: int) -> None:
    """Nobody waits for who spends before, and all have read what is left before anybody takes any of it."""
    assert " FOR NO KEY UPDATE" in spending._LOCK_OWN
    monkeypatch.setattr(spending, "_LOCK_OWN", spending._LOCK_OWN.replace(" FOR NO KEY UPDATE", ""))
    read, left_on = threading.Barrier(runners, timeout=WAIT_S), queries.left_on

    def read_together(card_refs: Sequence[str], unit: str) -> dict[str, int]:
        left = left_on(card_refs, unit)
        read.wait()
        return left

    monkeypatch.setattr(queries, "left_on", read_together)


def test_control_without_the_lock_money_that_is_there_is_refused(
    at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both choose the first card, which has enough for one of them; the ledger refuses the other."""
    person = people.person()
    for _card in range(2):
        giftcards.card(1, holder=person, at=at)
    unlocked(monkeypatch, 2)
    assert spent_by(2, 1, person, at) == 1
    assert ledger.problems() == []


def test_control_without_lock_and_ledger_guard_more_is_spent_than_is_there(
    at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = people.person()
    card = giftcards.card(1, holder=person, at=at)
    unlocked(monkeypatch, RUNNERS)
    assert LEDGER_GUARD in ledger_services._MOVE_BALANCES
    monkeypatch.setattr(
        ledger_services, "_MOVE_BALANCES", ledger_services._MOVE_BALANCES.replace(LEDGER_GUARD, "")
    )
    with constraint_dropped("ledger_balance", "ledger_balance_floor"):
        assert spent_by(RUNNERS, 1, person, at) == RUNNERS
        assert ledger.problems() == [
            f"ledger: stored_value of {card.ref} in EUR is at {1 - RUNNERS}, below its floor 0"
        ]


def test_a_code_is_opened_once_however_many_open_it(at: datetime) -> None:
    card, crowd = giftcards.card(at=at), [people.person() for _number in range(8)]

    def opener(person: Person) -> Callable[[], str]:
        return lambda: services.claim(code=card.code, person=person, address=person.public_id, at=at)

    answers = race([opener(person) for person in crowd], expected=(services.CodeUnknown,))
    assert sum(answer == card.ref for answer in answers) == 1
    holder = GiftCard.objects.get().holder
    assert holder is not None
    assert answers[crowd.index(holder)] == card.ref


def sold(buyer: Person, at: datetime, key: str = "click") -> str:
    """A card that was bought and paid, and that nobody has opened."""
    amount, region = Money(1000, "EUR"), regions.region()
    ref, _made = services.begin_purchase(
        amount=amount, region_id=region.pk, message="", by=buyer, client_key=key, at=at
    )
    services.top_up(card_ref=ref, amount=amount, provider="sandbox", payment_ref=f"pay_{key}", at=at)
    return ref


def hands(ref: str, buyer: Person, at: datetime) -> dict[str, Callable[[], object]]:
    """Both who want the card, by the state that it is in when they get it."""
    friend = people.person()
    return {
        "claimed": partial(services.claim, code=queries.code_of(ref), person=friend, address=ref, at=at),
        "returned": partial(services.take_back, card_ref=ref, by=buyer, at=at),
    }


def state_of(ref: str) -> str:
    card = queries.card_view(ref)
    assert card is not None
    return card.state.value


REFUSED = (services.CodeUnknown, services.CardMoved)
FIRST_AND_SECOND = pytest.mark.parametrize(
    ("first", "second"), [("claimed", "returned"), ("returned", "claimed")]
)


@FIRST_AND_SECOND
def test_a_card_is_opened_or_taken_back_never_both(first: str, second: str, at: datetime) -> None:
    buyer = people.person()
    ref = sold(buyer, at)
    wants = hands(ref, buyer, at)
    answer = behind(wants[first], wants[second], expected=REFUSED)
    assert isinstance(answer, REFUSED)
    assert state_of(ref) == first


@FIRST_AND_SECOND
def test_control_without_the_state_who_comes_second_has_it_too(first: str, second: str, at: datetime) -> None:
    """Both were told that it is theirs, and the money is there once."""
    buyer = people.person()
    ref = sold(buyer, at)
    wants = hands(ref, buyer, at)
    with (
        constraint_dropped("giftcards_giftcard", "giftcards_claimed_iff_held"),
        unguarded(claiming._claimed, ", state=CardState.OPEN)", ")"),
        unguarded(services.take_back, "mine.filter(state=CardState.OPEN)", "mine"),
    ):
        answer = behind(wants[first], wants[second], expected=REFUSED)
        assert not isinstance(answer, REFUSED)
        assert state_of(ref) == second


def test_control_of_opening_by_reading_before_writing(at: datetime) -> None:
    giftcards.card(at=at)
    crowd, read = [people.person() for _number in range(4)], threading.Barrier(4, timeout=WAIT_S)

    def naive(number: int) -> bool:
        card = GiftCard.objects.get()
        read.wait()
        if card.state != "open":
            return False
        card.state, card.holder, card.claimed_at = "claimed", crowd[number], at
        card.save()
        return True

    assert sum(all_at_once(4, naive)) == 4
