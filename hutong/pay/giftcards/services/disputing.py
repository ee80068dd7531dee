"""A bank takes back what a gift card was bought with: the card waits, and what is left on it goes first."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from hutong.kernel import audit
from hutong.kernel.money import Money
from hutong.pay.giftcards.models import GiftCard
from hutong.pay.giftcards.types import CHARGEBACK, CardState
from hutong.pay.ledger import services as ledger
from hutong.pay.ledger.queries import balance
from hutong.pay.ledger.types import PLATFORM, AccountKind, TransactionKind, TransferSpec


def freeze(*, card_ref: str, at: datetime) -> bool:
    """Nothing leaves the card while the bank looks; False where nothing could anyway."""
    return _move(card_ref, [CardState.OPEN, CardState.CLAIMED], CardState.BLOCKED, at)


def thaw(*, card_ref: str, at: datetime) -> bool:
    """The bank has decided, and the platform bore nothing: the card is what it was; False where an operator had blocked
    it before."""
    card = GiftCard.objects.filter(public_id=card_ref, block_reason=CHARGEBACK).first()
    if card is None:
        return False
    return _move(card_ref, [CardState.BLOCKED], CardState.CLAIMED if card.holder_id else CardState.OPEN, at)


def lose(
    *, card_ref: str, amount: Money, under_way: Money, provider: str, reference: str, at: datetime
) -> Money:
    """The money is gone: what is left on the card goes first, the rest is the platform's loss. What the card gave.

    What is `under_way` to its buyer stays on the card until the provider has sent it. In the transaction that has
    locked the card, so that nobody spends what is read here.
    """
    left = balance(AccountKind.STORED_VALUE, card_ref, amount.unit)
    given = min(max(left - under_way, Money(0, amount.unit)), amount)
    sources = [(AccountKind.STORED_VALUE, card_ref, given), (AccountKind.LOSSES, PLATFORM, amount - given)]
    ledger.post(
        kind=TransactionKind.DISPUTE_LOST,
        reference=reference,
        transfers=[
            TransferSpec(kind, owner, AccountKind.DISPUTED, provider, part)
            for kind, owner, part in sources
            if part
        ],
        at=at,
    )
    return given


def _move(card_ref: str, from_states: list[CardState], to_state: CardState, at: datetime) -> bool:
    blocked = to_state is CardState.BLOCKED
    with transaction.atomic():
        moved = GiftCard.objects.filter(public_id=card_ref, state__in=from_states).update(
            state=to_state, block_reason=CHARGEBACK if blocked else ""
        )
        if moved:
            audit.record(
                action="gift_card.blocked" if blocked else "gift_card.unblocked",
                subject=card_ref,
                by="platform",
                at=at,
                after={"state": to_state.value},
                reason=CHARGEBACK,
            )
    return bool(moved)
