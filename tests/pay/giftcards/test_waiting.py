"""What happens to a card while somebody else is at it: the second waits, and then sees what the first did."""

from __future__ import annotations

from datetime import datetime
from functools import partial

import pytest

from hutong.kernel import audit
from hutong.kernel.money import Money
from hutong.pay.giftcards import queries, services
from hutong.pay.giftcards.models import GiftCard
from hutong.pay.giftcards.types import CardState, CardView
from tests.concurrency.waiting import behind
from tests.factories import giftcards, people, regions

pytestmark = pytest.mark.django_db(transaction=True)


def euros(minor: int) -> Money:
    return Money(minor, "EUR")


def test_a_card_is_locked_before_it_is_read(at: datetime) -> None:
    card, operator = giftcards.card(at=at), people.operator()
    block = partial(services.block, card_ref=card.ref, reason="stolen", by=operator, at=at)
    seen: CardView = behind(block, partial(services.lock_card, card_ref=card.ref))
    assert seen.state is CardState.BLOCKED


def test_the_log_says_what_a_card_was_when_it_was_blocked(at: datetime) -> None:
    card, operator, person = giftcards.card(at=at), people.operator(), people.person()
    behind(
        partial(services.claim, code=card.code, person=person, address="10.0.0.1", at=at),
        partial(services.block, card_ref=card.ref, reason="stolen", by=operator, at=at),
    )
    (entry,) = audit.search(action="gift_card.blocked").entries
    assert entry.changes["state"] == ["claimed", "blocked"]


def test_a_click_that_comes_twice_at_once_gives_one_card(at: datetime) -> None:
    give = partial(
        services.issue, amount=euros(2500), region_id=regions.region().pk, reason="late", holder=None,
        by=people.operator(), client_key="once", at=at,
    )  # fmt: skip
    second = behind(give, give)
    assert second.ref == GiftCard.objects.get().public_id


def test_who_spends_reads_what_the_one_before_left(at: datetime) -> None:
    person = people.person()
    for minor in (500, 300):
        giftcards.card(minor, holder=person, at=at)
    hold = partial(services.hold, person_id=person.pk, at=at)
    shares = behind(
        partial(hold, order_ref="ord_first", amount=euros(500)),
        partial(hold, order_ref="ord_second", amount=euros(300)),
    )
    assert [share.amount for share in shares] == [euros(300)]


def test_late_money_does_not_take_from_a_card_that_is_being_blocked(at: datetime) -> None:
    person, operator = people.person(), people.operator()
    card = giftcards.card(500, holder=person, at=at)
    services.hold(order_ref="ord_late", person_id=person.pk, amount=euros(300), at=at)
    services.release(order_ref="ord_late", at=at)
    answer = behind(
        partial(services.block, card_ref=card.ref, reason="stolen", by=operator, at=at),
        partial(services.retake, order_ref="ord_late", at=at),
        expected=(services.BalanceChanged,),
    )
    assert isinstance(answer, services.BalanceChanged)
    assert queries.problems() == []
