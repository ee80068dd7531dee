"""Somebody buys a card for somebody else; who opens it first has it, and until then its buyer may take it back."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from hutong.kernel import audit
from hutong.kernel.ids import new_id
from hutong.kernel.money import Money
from hutong.pay.giftcards import queries, rules
from hutong.pay.giftcards.models import GiftCard
from hutong.pay.giftcards.services.errors import AmountRefused, CardMoved, CardUnknown
from hutong.pay.giftcards.types import CardState, CardView
from hutong.pay.ledger.services import post
from hutong.pay.ledger.types import AccountKind, TransactionKind, TransferSpec
from hutong.town.people.models import Person
from hutong.town.regions.models import Region


def begin_purchase(
    *, amount: Money, region_id: int, message: str, by: Person, client_key: str, at: datetime
) -> tuple[str, bool]:
    """A card that waits for its money, for `rules.TIME_TO_PAY`; its ref, and whether it was made now.

    One of `rules.choices` in the region's currency. The same click again finds its card. Raises `AmountRefused`.
    """
    region = Region.objects.get(pk=region_id)
    if amount not in rules.choices(region.currency):
        raise AmountRefused(most=rules.choices(region.currency)[-1].minor)
    ref = new_id("gft")
    with transaction.atomic():
        card, created = GiftCard.objects.get_or_create(
            bought_by=by,
            client_key=client_key,
            defaults={
                "public_id": ref,
                "unit": amount.unit,
                "face": amount.minor,
                "state": CardState.WAITING,
                "region": region,
                "code_hmac": queries.lookup_hash(queries.code_of(ref)),
                "message": message.strip()[:300],
                "made_at": at,
                "expires_at": at + rules.TIME_TO_PAY,
            },
        )
    return card.public_id, created


def lock_card(*, card_ref: str) -> CardView:
    """Lock the card's row until the transaction ends, and say what it is. Raises `CardUnknown`."""
    locked = GiftCard.objects.select_for_update(no_key=True).filter(public_id=card_ref).exists()
    card = queries.card_view(card_ref) if locked else None
    if card is None:
        raise CardUnknown
    return card


def top_up(*, card_ref: str, amount: Money, provider: str, payment_ref: str, at: datetime) -> None:
    """The money of a card is here, in time or late: it is on the card, and the code opens it.

    The caller has locked the card. Raises `CardMoved` for a card that has its money already.
    """
    with transaction.atomic(savepoint=False):
        moved = GiftCard.objects.filter(
            public_id=card_ref,
            state__in=[CardState.WAITING, CardState.LAPSED],
            face=amount.minor,
            unit=amount.unit,
        ).update(state=CardState.OPEN)
        if not moved:
            raise CardMoved
        post(
            kind=TransactionKind.TOP_UP,
            reference=f"top_up:{payment_ref}",
            transfers=[
                TransferSpec(AccountKind.CLEARING, provider, AccountKind.STORED_VALUE, card_ref, amount)
            ],
            at=at,
        )


def lapse(*, card_ref: str, at: datetime) -> bool:
    """The time to pay for a card is over; False when it was paid, or still has time."""
    with transaction.atomic():
        return bool(
            GiftCard.objects.filter(public_id=card_ref, state=CardState.WAITING, expires_at__lte=at).update(
                state=CardState.LAPSED
            )
        )


def take_back(*, card_ref: str, by: Person, at: datetime) -> Money:
    """Its buyer takes a card back that nobody has opened: the code is dead from now on; what goes back.

    In the caller's transaction, which asks for the refund. The money stays on the card until the provider has
    sent it. Raises `CardUnknown` also for somebody else's, `CardMoved` when it was opened.
    """
    with transaction.atomic():
        mine = GiftCard.objects.filter(public_id=card_ref, bought_by=by)
        if not mine.exists():
            raise CardUnknown
        if not mine.filter(state=CardState.OPEN).update(state=CardState.RETURNED):
            raise CardMoved
        audit.record(
            action="gift_card.taken_back",
            subject=card_ref,
            by=by.public_id,
            at=at,
            before={"state": CardState.OPEN.value},
            after={"state": CardState.RETURNED.value},
        )
        card = mine.get()
        return Money(card.face, card.unit)


def sent_back(*, card_ref: str, amount: Money, provider: str, refund_ref: str, at: datetime) -> None:
    """The provider has sent the money of a card that was taken back: it leaves the card."""
    post(
        kind=TransactionKind.TOP_UP_REFUND,
        reference=f"refund:{refund_ref}",
        transfers=[TransferSpec(AccountKind.STORED_VALUE, card_ref, AccountKind.CLEARING, provider, amount)],
        at=at,
    )
