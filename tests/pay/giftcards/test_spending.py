"""A balance in an order: set aside from the oldest card, spent, set free, and back to the very card."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.db import IntegrityError, transaction
from pytest_django import DjangoAssertNumQueries

from hutong.kernel.ids import new_id
from hutong.kernel.money import Money
from hutong.kernel.rows import execute
from hutong.pay.giftcards import queries, services
from hutong.pay.giftcards.models import CardPart, UnitPart
from hutong.pay.giftcards.types import CardShare, PartState
from hutong.pay.ledger import queries as ledger
from hutong.pay.ledger.services import post
from hutong.pay.ledger.types import AccountKind, TransactionKind, TransferSpec
from hutong.town.people.models import Person
from tests.factories import giftcards, people, regions

pytestmark = pytest.mark.django_db

ORDER = "ord_" + "0" * 26


def euros(minor: int) -> Money:
    return Money(minor, "EUR")


def hold(person: Person, minor: int, *, at: datetime, order_ref: str = ORDER) -> list[CardShare]:
    with transaction.atomic():
        return services.hold(order_ref=order_ref, person_id=person.pk, amount=euros(minor), at=at)


def spend(units: list[tuple[str, int]], *, at: datetime, order_ref: str = ORDER) -> list[CardShare]:
    """Spend and capture, as the flow does."""
    shares = services.spend(order_ref=order_ref, units=[(ref, euros(minor)) for ref, minor in units])
    post(
        kind=TransactionKind.CAPTURE,
        reference=f"capture:{order_ref}",
        transfers=[
            TransferSpec(
                AccountKind.STORED_HELD, share.card_ref, AccountKind.UNREDEEMED, "mer_a", share.amount
            )
            for share in shares
        ],
        at=at,
    )
    return shares


def left(card_ref: str) -> tuple[int, int]:
    """What may be spent of a card, and what is set aside."""
    pots = (AccountKind.STORED_VALUE, AccountKind.STORED_HELD)
    value, held = (ledger.balance(pot, card_ref, "EUR").minor for pot in pots)
    return value, held


def test_the_oldest_card_is_used_up_first(at: datetime) -> None:
    person = people.person()
    first, second = giftcards.card(500, holder=person, at=at), giftcards.card(800, holder=person, at=at)
    assert hold(person, 700, at=at) == [CardShare(first.ref, euros(500)), CardShare(second.ref, euros(200))]
    assert (left(first.ref), left(second.ref)) == ((0, 500), (600, 200))
    assert queries.balance_of(person.pk, "EUR") == euros(600)
    assert queries.problems() == []


def test_more_than_is_left_sets_nothing_aside(at: datetime) -> None:
    person = people.person()
    card = giftcards.card(500, holder=person, at=at)
    with pytest.raises(services.BalanceChanged):
        hold(person, 501, at=at)
    assert left(card.ref) == (500, 0)
    assert not CardPart.objects.exists()


def test_only_ones_own_living_cards_of_the_currency_count(at: datetime) -> None:
    person, operator = people.person(), people.operator()
    giftcards.card(500, holder=people.person(), at=at)
    giftcards.card(500, at=at)
    giftcards.card(500, holder=person, region=regions.region(currency="SEK"), at=at)
    blocked = giftcards.card(500, holder=person, at=at)
    services.block(card_ref=blocked.ref, reason="stolen", by=operator, at=at)
    with pytest.raises(services.BalanceChanged):
        hold(person, 1, at=at)


def test_an_order_that_ends_gives_back_what_it_had_set_aside_once(at: datetime) -> None:
    person = people.person()
    card = giftcards.card(500, holder=person, at=at)
    hold(person, 300, at=at)
    services.release(order_ref=ORDER, at=at)
    services.release(order_ref=ORDER, at=at)
    services.release(order_ref="ord_without_a_card", at=at)
    assert left(card.ref) == (500, 0)
    assert queries.problems() == []


def test_late_money_takes_the_same_cards_again_or_nothing(at: datetime) -> None:
    person = people.person()
    first, second = giftcards.card(500, holder=person, at=at), giftcards.card(800, holder=person, at=at)
    hold(person, 700, at=at)
    services.release(order_ref=ORDER, at=at)
    hold(person, 100, at=at, order_ref="ord_another")
    # The first card lacks a hundred, whatever the second has.
    with pytest.raises(services.BalanceChanged), transaction.atomic():
        services.retake(order_ref=ORDER, at=at)
    assert (left(first.ref), left(second.ref)) == ((400, 100), (800, 0))
    services.release(order_ref="ord_another", at=at)
    services.retake(order_ref=ORDER, at=at)
    assert (left(first.ref), left(second.ref)) == ((0, 500), (600, 200))
    with pytest.raises(services.BalanceChanged), transaction.atomic():
        services.retake(order_ref=ORDER, at=at)
    assert queries.problems() == []


def test_what_an_order_has_set_aside_is_not_set_aside_again(at: datetime) -> None:
    person = people.person()
    card = giftcards.card(500, holder=person, at=at)
    hold(person, 200, at=at)
    with pytest.raises(services.BalanceChanged), transaction.atomic():
        services.retake(order_ref=ORDER, at=at)
    assert left(card.ref) == (300, 200)


def test_a_unit_that_went_back_bears_nothing_more(at: datetime) -> None:
    """Its part was paid out: what is moved to it would be nobody's, so all of the move is refused."""
    person = people.person()
    giftcards.card(500, holder=person, at=at)
    hold(person, 500, at=at)
    spend([("unt_a", 300), ("unt_b", 200)], at=at)
    services.give_back(
        ref=new_id("gcr"), order_ref=ORDER, merchant_ref="mer_a", unit_refs=["unt_b"], reason="", at=at
    )
    with pytest.raises(IntegrityError), transaction.atomic():
        services.move(order_ref=ORDER, taken={"unt_a": euros(100)}, given={"unt_b": euros(100)})
    assert dict(UnitPart.objects.values_list("unit_ref", "amount")) == {"unt_a": 300, "unt_b": 200}
    assert queries.problems() == []


def test_what_is_spent_is_not_set_free(at: datetime) -> None:
    person = people.person()
    card = giftcards.card(500, holder=person, at=at)
    hold(person, 300, at=at)
    spend([("unt_a", 300)], at=at)
    services.release(order_ref=ORDER, at=at)
    assert left(card.ref) == (200, 0)
    assert CardPart.objects.get().state == PartState.SPENT.value


def test_a_blocked_card_is_not_taken_again(at: datetime) -> None:
    person = people.person()
    card = giftcards.card(500, holder=person, at=at)
    hold(person, 300, at=at)
    services.release(order_ref=ORDER, at=at)
    services.block(card_ref=card.ref, reason="stolen", by=people.operator(), at=at)
    with pytest.raises(services.BalanceChanged), transaction.atomic():
        services.retake(order_ref=ORDER, at=at)


def test_units_go_back_to_the_cards_they_came_from_once(at: datetime) -> None:
    person = people.person()
    first, second = giftcards.card(500, holder=person, at=at), giftcards.card(800, holder=person, at=at)
    hold(person, 900, at=at)
    spend([("unt_a", 300), ("unt_b", 300), ("unt_c", 300)], at=at)
    assert (left(first.ref), left(second.ref)) == ((0, 0), (400, 0))

    def give_back(*units: str) -> int:
        given = services.give_back(
            ref=new_id("gcr"), order_ref=ORDER, unit_refs=units, merchant_ref="mer_a", reason="cold", at=at
        )
        return given.amount.minor if given else 0

    assert give_back("unt_b") == 300  # 200 of the first card, 100 of the second
    assert (left(first.ref), left(second.ref)) == ((200, 0), (500, 0))
    assert give_back("unt_b", "unt_x") == 0
    assert give_back("unt_a", "unt_b", "unt_c") == 600
    assert (left(first.ref), left(second.ref)) == ((500, 0), (800, 0))
    assert ledger.balance(AccountKind.UNREDEEMED, "mer_a", "EUR") == euros(0)
    assert queries.problems() == []
    assert [refund.amount.minor for refund in queries.refunds_of_order(ORDER)] == [600, 300]


def test_history_tells_what_came_and_went_with_its_order(at: datetime) -> None:
    person = people.person()
    card = giftcards.card(500, holder=person, at=at)
    hold(person, 300, at=at + timedelta(hours=1))
    services.release(order_ref=ORDER, at=at + timedelta(hours=2))
    seen = [(one.kind, one.amount.minor, one.order_ref) for one in queries.history(person.pk)]
    assert seen == [("stored_release", 300, ORDER), ("stored_hold", -300, ORDER), ("goodwill", 500, "")]
    assert queries.history(people.person().pk) == []
    (view,) = queries.cards_of(person.pk)
    assert (view.ref, view.left, view.held) == (card.ref, euros(500), euros(0))


@pytest.mark.parametrize("cards", [1, 3])
def test_statements_of_a_hold(
    at: datetime, cards: int, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    person = people.person()
    for _number in range(cards):
        giftcards.card(100, holder=person, at=at)
    with django_assert_max_num_queries(10):
        hold(person, 100 * cards, at=at)


def test_what_the_tables_refuse(at: datetime) -> None:
    person = people.person()
    giftcards.card(500, holder=person, at=at)
    hold(person, 300, at=at)
    part = CardPart.objects.get()
    for broken in ({"amount": 0}, {"state": "melted"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            CardPart.objects.filter(pk=part.pk).update(**broken)
    with pytest.raises(IntegrityError), transaction.atomic():
        hold(person, 100, at=at)  # a card bears one part of an order
    with pytest.raises(IntegrityError), transaction.atomic():
        UnitPart.objects.create(part=part, unit_ref="unt_a", amount=0)


@pytest.mark.parametrize(
    ("sql", "told"),
    [
        (
            "UPDATE giftcards_cardpart SET amount = amount + 1",
            "what is set aside is not what its orders hold",
        ),
        ("UPDATE giftcards_giftcard SET face = face + 1", "what is left is not what it was made with"),
        ("UPDATE giftcards_giftcard SET unit = 'SEK'", "the ledger names a card that is not there"),
    ],
)
@pytest.mark.unbalanced("writes what no service would")
def test_the_check_finds_what_cannot_be(at: datetime, sql: str, told: str) -> None:
    person = people.person()
    giftcards.card(500, holder=person, at=at)
    hold(person, 300, at=at)
    assert queries.problems() == []
    execute(sql)
    assert any(told in problem for problem in queries.problems()), queries.problems()
