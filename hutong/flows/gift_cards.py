"""Buying a gift card for somebody: paid with a provider, opened by whoever has its code, taken back until then."""

from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from hutong.flows import payment_received, refund
from hutong.flows.alarms import isolated
from hutong.flows.choose_provider import choose
from hutong.kernel.errors import Conflict
from hutong.kernel.locking import retrying
from hutong.kernel.money import Money
from hutong.pay.giftcards import queries as giftcards_read
from hutong.pay.giftcards import services as giftcards
from hutong.pay.giftcards.types import CardState
from hutong.pay.payments import queries as payments_read
from hutong.pay.payments import services as payments
from hutong.pay.payments.types import Payer, PaymentState, RefundView
from hutong.town.people.models import Person


class CardNotPayable(Conflict):
    """The card is paid, or its time to pay is over."""

    code = "gift_card_not_payable"
    message = gettext_lazy(
        "The time to pay for this gift card is over. Nothing was charged; please start again."
    )


@retrying
def buy(
    *,
    person: Person,
    amount: Money,
    region_id: int,
    message: str,
    client_key: str,
    provider: str | None,
    at: datetime,
) -> str:
    """A card that waits for its money, with the payment of it; its ref. The same click again finds its card.

    Raises `AmountRefused`, and what `choose` raises.
    """
    name = choose(wanted=provider, amount=amount)
    with transaction.atomic():
        card_ref, created = giftcards.begin_purchase(
            amount=amount, region_id=region_id, message=message, by=person, client_key=client_key, at=at
        )
        if created:
            payments.create_payment(order_ref=card_ref, provider=name, amount=amount, at=at)
    return card_ref


def unblock(*, card_ref: str, by: Person, at: datetime) -> None:
    """An operator lets a card be spent again that an operator has blocked.

    Raises what `giftcards.unblock` raises; also `CardChargedBack`, whoever blocked it first, while a bank decides and
    where the platform bore a part of what it took.
    """
    with transaction.atomic():
        giftcards.lock_card(card_ref=card_ref)
        if payments_read.held_by_dispute(card_ref) or payments_read.platform_bore(card_ref):
            raise giftcards.CardChargedBack
        giftcards.unblock(card_ref=card_ref, by=by, at=at)


def pay(
    *,
    card_ref: str,
    person: Person,
    return_url: str,
    language: str,
    at: datetime,
    payer: Payer | None = None,
) -> str:
    """The address where the buyer pays for a card; safe to ask twice. Never inside a transaction.

    A payment that failed is followed by a new one. `return_url` is our page of the card, which also draws a code
    where there is one to scan. Raises `CardUnknown` (also for somebody else's), `CardNotPayable`, and what the
    provider raises when it is away.
    """
    card = giftcards_read.card_view(card_ref, bought_by_id=person.pk)
    if card is None:
        raise giftcards.CardUnknown
    if card.state is not CardState.WAITING or card.expires_at is None or card.expires_at <= at:
        raise CardNotPayable
    payment = payments_read.payment_for_order(card_ref)
    assert payment is not None, "a card that is bought has a payment from the start"
    if payment.state in (PaymentState.FAILED, PaymentState.CLOSED):
        with transaction.atomic():
            giftcards.lock_card(card_ref=card_ref)
            payment = payments.create_payment(
                order_ref=card_ref, provider=payment.provider, amount=card.face, at=at
            )
    if payment.state is PaymentState.PENDING and payment.redirect_url:
        return return_url if payment.here else payment.redirect_url
    return payments.start(
        payment_ref=payment.ref,
        return_url=return_url,
        payee=settings.HUTONG_SITE_NAME,
        description=_("Gift card"),
        language=language,
        expires_at=card.expires_at,
        payer=payer,
        code_url=return_url,
        at=at,
    )


@retrying
def _taken_back(card_ref: str, person: Person, at: datetime) -> RefundView:
    with transaction.atomic():
        giftcards.lock_card(card_ref=card_ref)
        amount = giftcards.take_back(card_ref=card_ref, by=person, at=at)
        payment = payments_read.payment_for_order(card_ref)
        assert payment is not None, "a card that is bought has a payment from the start"
        return payments.request_refund(
            payment_ref=payment.ref, amount=amount, unit_refs=[card_ref], reason="gift_card", at=at
        )


def take_back(*, card_ref: str, person: Person, at: datetime) -> RefundView:
    """Its buyer takes a card back that nobody has opened; the money goes back to its payment.

    Never inside a transaction: first the code dies and the refund is recorded, then the provider is called. Raises
    `CardUnknown`, `CardMoved` when somebody opened it.
    """
    asked = _taken_back(card_ref, person, at)
    refund.send(refund_ref=asked.ref, at=at)
    return payments_read.refund_by_ref(asked.ref) or asked


def lapse_due(*, at: datetime) -> int:
    """End cards whose time to pay is over, and call their payments off; how many. Safe to run several at once."""
    ended = 0
    for card_ref in giftcards_read.cards_to_lapse(at):
        with isolated("gift_cards", card_ref, at=at):
            ended += _lapse(card_ref, at)
    return ended


def _lapse(card_ref: str, at: datetime) -> bool:
    if not giftcards.lapse(card_ref=card_ref, at=at):
        return False
    payment_received.end_payment(order_ref=card_ref, at=at)
    return True
