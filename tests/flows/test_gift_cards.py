"""Buying a gift card: paid, opened once, taken back until then; late money is put onto the card."""

from datetime import datetime, timedelta

import pytest

from hutong.flows import books, cart, checkout, dispute, gift_cards, payment_received, refund
from hutong.kernel import clock
from hutong.kernel.money import Money
from hutong.pay.giftcards import queries as giftcards_read
from hutong.pay.giftcards import rules, services
from hutong.pay.giftcards.types import CardState
from hutong.pay.ledger.queries import balance
from hutong.pay.ledger.types import PLATFORM, AccountKind
from hutong.pay.payments import queries as payments
from hutong.pay.payments import services as payment_services
from hutong.pay.payments.types import (
    DisputeReport,
    DisputeStatus,
    PaymentReport,
    RefundReport,
    RefundState,
    ReportStatus,
)
from hutong.town.people.models import Person
from tests.factories import people, regions
from tests.factories.loop import scene
from tests.fakes.sandbox import Sandbox

pytestmark = pytest.mark.django_db

AMOUNT = Money(2500, "EUR")


def bought(buyer: Person, at: datetime, *, key: str = "one") -> str:
    """A card that waits for its money."""
    return gift_cards.buy(
        person=buyer,
        amount=AMOUNT,
        region_id=regions.region().pk,
        message="Enjoy",
        client_key=key,
        provider=None,
        at=at,
    )


def money_arrives(card_ref: str, at: datetime) -> str:
    """The provider says that it has the money of a card."""
    payment = payments.payments_of_order(card_ref)[-1]
    report = PaymentReport(payment.ref, ReportStatus.DONE, payment.amount, provider_ref=f"prv_{payment.ref}")
    return payment_received.record(report=report, at=at)


def state_of(card_ref: str) -> CardState:
    card = giftcards_read.card_view(card_ref)
    assert card is not None
    return card.state


def opened(card_ref: str, person: Person, at: datetime) -> str:
    return services.claim(
        code=giftcards_read.code_of(card_ref), person=person, address=person.public_id, at=at
    )


def test_a_card_is_paid_and_opened_by_whoever_has_its_code(at: datetime) -> None:
    buyer, friend = people.person(), people.person()
    card_ref = bought(buyer, at)
    with pytest.raises(services.CodeUnknown):
        opened(card_ref, friend, at)  # not paid yet
    assert money_arrives(card_ref, at) == "paid"
    assert money_arrives(card_ref, at) == "repeated"
    assert balance(AccountKind.STORED_VALUE, card_ref, "EUR") == AMOUNT
    assert balance(AccountKind.CLEARING, "sandbox", "EUR") == -AMOUNT
    opened(card_ref, friend, at)
    assert giftcards_read.balance_of(friend.pk, "EUR") == AMOUNT
    assert [one.kind for one in giftcards_read.history(friend.pk)] == ["top_up"]
    with pytest.raises(services.CardMoved):
        gift_cards.take_back(card_ref=card_ref, person=buyer, at=at)


def test_a_double_click_buys_one(at: datetime) -> None:
    buyer = people.person()
    first = bought(buyer, at)
    assert bought(buyer, at) == first
    assert len(payments.payments_of_order(first)) == 1


def test_an_unopened_card_is_taken_back_to_its_payment(at: datetime) -> None:
    buyer = people.person()
    card_ref = bought(buyer, at)
    money_arrives(card_ref, at)
    with pytest.raises(services.CardUnknown):
        gift_cards._taken_back(card_ref, people.person(), at)
    asked = gift_cards._taken_back(card_ref, buyer, at)
    assert (asked.amount, asked.state, state_of(card_ref)) == (
        AMOUNT,
        RefundState.PENDING,
        CardState.RETURNED,
    )
    with pytest.raises(services.CodeUnknown):
        opened(card_ref, people.person(), at)
    assert balance(AccountKind.STORED_VALUE, card_ref, "EUR") == AMOUNT  # until the provider has sent it
    assert refund.finish(report=RefundReport(asked.ref, ReportStatus.DONE, "prv"), at=at) == "recorded"
    assert balance(AccountKind.STORED_VALUE, card_ref, "EUR").minor == 0
    assert balance(AccountKind.CLEARING, "sandbox", "EUR").minor == 0
    with pytest.raises(services.CardMoved):
        gift_cards._taken_back(card_ref, buyer, at)


def test_a_card_nobody_paid_for_lapses_and_late_money_still_fills_it(at: datetime) -> None:
    card_ref = bought(people.person(), at)
    after = at + rules.TIME_TO_PAY
    assert giftcards_read.cards_to_lapse(after - timedelta(seconds=1)) == []
    assert giftcards_read.cards_to_lapse(after) == [card_ref]
    assert services.lapse(card_ref=card_ref, at=after)
    assert not services.lapse(card_ref=card_ref, at=after)
    assert state_of(card_ref) is CardState.LAPSED
    assert money_arrives(card_ref, after) == "paid"
    assert state_of(card_ref) is CardState.OPEN


@pytest.mark.django_db(transaction=True)
def test_the_whole_way_through_the_sandbox(sandbox: Sandbox) -> None:
    buyer, at = people.person(), clock.now()
    card_ref = bought(buyer, at)

    def pay() -> str:
        return gift_cards.pay(
            card_ref=card_ref, person=buyer, return_url="http://127.0.0.1:8000/", language="en", at=at
        )

    address = pay()
    assert address.startswith(sandbox.url)
    assert pay() == address
    payment = payments.payment_for_order(card_ref)
    assert payment is not None
    sandbox.pay(payment.ref)
    payment_received.look(order_ref=card_ref, at=at)
    assert state_of(card_ref) is CardState.OPEN
    with pytest.raises(gift_cards.CardNotPayable):
        pay()
    assert gift_cards.take_back(card_ref=card_ref, person=buyer, at=at).state is RefundState.DONE
    assert balance(AccountKind.CLEARING, "sandbox", "EUR").minor == 0
    assert books.check(at=at, ask_providers=False).problems == ()


@pytest.mark.django_db(transaction=True)
def test_a_payment_page_that_nobody_used_is_called_off(at: datetime, sandbox: Sandbox) -> None:
    buyer = people.person()
    card_ref = bought(buyer, at)
    gift_cards.pay(card_ref=card_ref, person=buyer, return_url="http://127.0.0.1:8000/", language="en", at=at)
    assert gift_cards.lapse_due(at=at + rules.TIME_TO_PAY) == 1
    payment = payments.payment_for_order(card_ref)
    assert payment is not None
    assert payment.state.value == "closed"
    assert gift_cards.lapse_due(at=at + rules.TIME_TO_PAY) == 0


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("sandbox")
def test_money_that_came_twice_goes_back(at: datetime) -> None:
    card_ref = bought(people.person(), at)
    first = payments.payments_of_order(card_ref)[0]
    failed = PaymentReport(first.ref, ReportStatus.FAILED)
    payment_received.record(report=failed, at=at)
    second = payment_services.create_payment(order_ref=card_ref, provider="sandbox", amount=AMOUNT, at=at)
    news = [PaymentReport(one, ReportStatus.DONE, AMOUNT, f"prv_{one}") for one in (second.ref, first.ref)]
    assert [payment_received.record(report=one, at=at) for one in news] == ["paid", "returned"]
    assert balance(AccountKind.STORED_VALUE, card_ref, "EUR") == AMOUNT
    (back,) = payments.refunds_of_order(card_ref)
    assert back.unit_refs == ()


def disputed(card_ref: str, status: DisputeStatus, at: datetime, *, amount: Money = AMOUNT) -> str:
    """What the provider says of a chargeback of a card's payment."""
    payment = payments.payment_for_order(card_ref)
    assert payment is not None
    report = DisputeReport(
        provider_ref=f"dp_{card_ref}",
        payment_ref=payment.ref,
        payment_provider_ref="",
        amount=amount,
        fee=Money(0, "EUR"),
        reason="fraudulent",
        status=status,
        due_at=at + timedelta(days=7),
    )
    return dispute.record(provider="sandbox", report=report, at=at)


def claimed(at: datetime) -> tuple[str, Person]:
    """A card that was paid and opened, and who opened it."""
    friend = people.person()
    card_ref = bought(people.person(), at)
    money_arrives(card_ref, at)
    opened(card_ref, friend, at)
    return card_ref, friend


def test_a_chargeback_of_its_payment_blocks_a_card_until_it_is_won(at: datetime) -> None:
    card_ref, friend = claimed(at)
    assert disputed(card_ref, DisputeStatus.NEEDS_RESPONSE, at) == "opened"
    assert state_of(card_ref) is CardState.BLOCKED
    assert giftcards_read.balance_of(friend.pk, "EUR") == Money(0, "EUR")
    assert balance(AccountKind.CLEARING, "sandbox", "EUR") == Money(0, "EUR")
    assert books.check(at=at, ask_providers=False).problems == ()
    assert disputed(card_ref, DisputeStatus.WON, at) == "won"
    assert state_of(card_ref) is CardState.CLAIMED
    assert giftcards_read.balance_of(friend.pk, "EUR") == AMOUNT
    assert balance(AccountKind.CLEARING, "sandbox", "EUR") == -AMOUNT
    assert books.check(at=at, ask_providers=False).problems == ()


def test_a_lost_chargeback_takes_what_is_left_on_the_card_and_the_platform_bears_what_was_spent(
    at: datetime,
) -> None:
    card_ref, friend = claimed(at)
    shop = scene(at=at)
    quote = cart.price(wants={shop.offer.public_id: 1}, at=at).quote
    checkout.place(
        person=friend,
        wants={shop.offer.public_id: 1},
        store_ref=None,
        shown_hash=quote.hash,
        client_key="with the card",
        remember_consent=False,
        from_balance=quote.total,
        at=at,
    )
    disputed(card_ref, DisputeStatus.NEEDS_RESPONSE, at)
    assert disputed(card_ref, DisputeStatus.LOST, at) == "lost"
    assert disputed(card_ref, DisputeStatus.LOST, at) == "repeated"
    assert state_of(card_ref) is CardState.BLOCKED
    with pytest.raises(services.CardChargedBack):
        gift_cards.unblock(card_ref=card_ref, by=people.operator(), at=at)
    assert balance(AccountKind.STORED_VALUE, card_ref, "EUR") == Money(0, "EUR")
    assert balance(AccountKind.LOSSES, PLATFORM, "EUR") == -quote.total
    assert balance(AccountKind.DISPUTED, "sandbox", "EUR") == Money(0, "EUR")
    assert books.check(at=at, ask_providers=False).problems == ()


def test_a_card_that_covers_a_lost_part_opens_with_the_rest(at: datetime) -> None:
    card_ref, friend = claimed(at)
    part = Money(AMOUNT.minor // 4, "EUR")
    for status in (DisputeStatus.NEEDS_RESPONSE, DisputeStatus.LOST):
        disputed(card_ref, status, at, amount=part)
    assert state_of(card_ref) is CardState.CLAIMED
    assert giftcards_read.balance_of(friend.pk, "EUR") == AMOUNT - part
    assert balance(AccountKind.LOSSES, PLATFORM, "EUR") == Money(0, "EUR")
    assert books.check(at=at, ask_providers=False).problems == ()


def test_a_card_that_an_operator_has_blocked_before_does_not_open_while_a_bank_decides(at: datetime) -> None:
    card_ref, _friend = claimed(at)
    operator = people.operator()
    services.block(card_ref=card_ref, reason="stolen?", by=operator, at=at)
    disputed(card_ref, DisputeStatus.NEEDS_RESPONSE, at)
    with pytest.raises(services.CardChargedBack):
        gift_cards.unblock(card_ref=card_ref, by=operator, at=at)
    disputed(card_ref, DisputeStatus.WON, at)
    assert state_of(card_ref) is CardState.BLOCKED, "for the operator's own reason"
    gift_cards.unblock(card_ref=card_ref, by=operator, at=at)
    assert state_of(card_ref) is CardState.CLAIMED


def test_a_card_that_an_operator_has_blocked_does_not_open_where_the_platform_bore_a_part(
    at: datetime,
) -> None:
    card_ref, friend = claimed(at)
    shop = scene(at=at)
    shop.order(by=friend, from_balance=1990)
    services.block(card_ref=card_ref, reason="stolen?", by=people.operator(), at=at)
    for status in (DisputeStatus.NEEDS_RESPONSE, DisputeStatus.LOST):
        disputed(card_ref, status, at)
    with pytest.raises(services.CardChargedBack):
        gift_cards.unblock(card_ref=card_ref, by=people.operator(), at=at)


@pytest.mark.parametrize("end", [ReportStatus.DONE, ReportStatus.FAILED])
@pytest.mark.parametrize("first", [True, False])
def test_a_lost_chargeback_leaves_on_the_card_what_goes_back_to_its_buyer(
    at: datetime, end: ReportStatus, first: bool
) -> None:
    buyer = people.person()
    card_ref = bought(buyer, at)
    money_arrives(card_ref, at)
    asked = gift_cards._taken_back(card_ref, buyer, at)
    said = RefundReport(asked.ref, end, "prv")
    first = first and end is ReportStatus.FAILED  # what was sent is another story
    if first:
        assert refund.finish(report=said, at=at) == "recorded"
    disputed(card_ref, DisputeStatus.NEEDS_RESPONSE, at)
    assert disputed(card_ref, DisputeStatus.LOST, at) == "lost"
    if not first:
        assert refund.finish(report=said, at=at) == "recorded"
    borne = AMOUNT if end is ReportStatus.DONE else Money(0, "EUR")
    assert balance(AccountKind.LOSSES, PLATFORM, "EUR") == -borne
    assert balance(AccountKind.STORED_VALUE, card_ref, "EUR") == Money(0, "EUR")
    assert payments.open_refunds() == []
    assert books.check(at=at, ask_providers=False).problems == ()
