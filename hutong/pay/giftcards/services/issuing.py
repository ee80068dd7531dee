"""Operators give cards for a reason, and block those that were lost."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from hutong.kernel import audit
from hutong.kernel.codes import group
from hutong.kernel.errors import Forbidden
from hutong.kernel.ids import new_id
from hutong.kernel.locking import advisory
from hutong.kernel.money import Money
from hutong.pay.giftcards import queries, rules
from hutong.pay.giftcards.models import GiftCard
from hutong.pay.giftcards.services.buying import lock_card
from hutong.pay.giftcards.services.errors import (
    AmountRefused,
    CardChargedBack,
    CardMoved,
    CardUnknown,
    ReasonMissing,
)
from hutong.pay.giftcards.types import CHARGEBACK, CardState, IssuedCard
from hutong.pay.ledger.services import post
from hutong.pay.ledger.types import PLATFORM, AccountKind, TransactionKind, TransferSpec
from hutong.town.people.models import Person
from hutong.town.regions.models import Region


def issue(
    *,
    amount: Money,
    region_id: int,
    reason: str,
    holder: Person | None,
    by: Person,
    at: datetime,
    client_key: str | None = None,
) -> IssuedCard:
    """An operator gives a card of the platform's own money: to `holder` at once, or to whoever has its code.

    The amount is in the region's currency, above nothing, and at most `rules.most`. The same click again gives the
    card that is there. Raises `Forbidden`, `AmountRefused`, `ReasonMissing`.
    """
    if not by.is_operator:
        raise Forbidden
    region = Region.objects.get(pk=region_id)
    if amount.unit != region.currency or not 0 < amount.minor <= rules.most(amount.unit).minor:
        raise AmountRefused(most=rules.most(region.currency).minor)
    reason = reason.strip()[:200]
    if not reason:
        raise ReasonMissing
    ref = new_id("gft")
    with transaction.atomic():
        if client_key:
            advisory("gift card issued", f"{by.public_id}:{client_key}")
            before = GiftCard.objects.filter(issued_by=by, client_key=client_key).first()
            if before is not None:
                return _issued(before, holder)
        card = GiftCard.objects.create(
            public_id=ref,
            client_key=client_key,
            unit=amount.unit,
            face=amount.minor,
            state=CardState.CLAIMED if holder else CardState.OPEN,
            region=region,
            code_hmac=queries.lookup_hash(queries.code_of(ref)),
            holder=holder,
            issued_by=by,
            reason=reason,
            made_at=at,
            claimed_at=at if holder else None,
        )
        post(
            kind=TransactionKind.GOODWILL,
            reference=f"goodwill:{ref}",
            transfers=[TransferSpec(AccountKind.PROMOTION, PLATFORM, AccountKind.STORED_VALUE, ref, amount)],
            at=at,
        )
        audit.record(
            action="gift_card.issued",
            subject=ref,
            by=by.public_id,
            at=at,
            after={
                "amount": amount.minor,
                "unit": amount.unit,
                "holder": holder.public_id if holder else "",
            },
            reason=reason,
        )
    return _issued(card, holder)


def _issued(card: GiftCard, holder: Person | None) -> IssuedCard:
    return IssuedCard(
        ref=card.public_id,
        code="" if card.holder_id else group(queries.code_of(card.public_id)),
        face=Money(card.face, card.unit),
        holder_ref=holder.public_id if holder else None,
    )


def block(*, card_ref: str, reason: str, by: Person, at: datetime) -> None:
    """Nothing leaves the card any more; what orders have set aside stays theirs, and refunds still come back to it.

    Raises `Forbidden`, `ReasonMissing`, `CardUnknown`, `CardMoved` for a card that is not open or claimed.
    """
    reason = reason.strip()[:200]
    if not by.is_operator:
        raise Forbidden
    if not reason or reason == CHARGEBACK:  # by that word the card would open with a chargeback
        raise ReasonMissing
    _move(card_ref, [CardState.OPEN, CardState.CLAIMED], CardState.BLOCKED, reason, by, at)


def unblock(*, card_ref: str, by: Person, at: datetime) -> None:
    """The card is again what it was. Raises `Forbidden`, `CardUnknown`, `CardMoved`, and `CardChargedBack` for one that
    its bank has blocked: that opens with the chargeback alone.
    """
    if not by.is_operator:
        raise Forbidden
    with transaction.atomic():
        card = lock_card(card_ref=card_ref)
        if card.charged_back:
            raise CardChargedBack
        _move(
            card_ref,
            [CardState.BLOCKED],
            CardState.CLAIMED if card.holder_ref else CardState.OPEN,
            "",
            by,
            at,
        )


def _move(
    card_ref: str, from_states: list[CardState], to_state: CardState, reason: str, by: Person, at: datetime
) -> None:
    with transaction.atomic():
        card = GiftCard.objects.select_for_update(no_key=True).filter(public_id=card_ref).first()
        if card is None:
            raise CardUnknown
        moved = GiftCard.objects.filter(pk=card.pk, state__in=from_states).update(
            state=to_state, block_reason=reason
        )
        if not moved:
            raise CardMoved
        audit.record(
            action="gift_card.blocked" if to_state is CardState.BLOCKED else "gift_card.unblocked",
            subject=card_ref,
            by=by.public_id,
            at=at,
            before={"state": card.state},
            after={"state": to_state.value},
            reason=reason,
        )
