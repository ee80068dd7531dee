"""A code is opened once, by whoever has it first; guessing is stopped."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from hutong.kernel import audit, budget
from hutong.kernel.codes import parse_code
from hutong.kernel.errors import TooMany
from hutong.pay.giftcards import queries, rules
from hutong.pay.giftcards.models import GiftCard
from hutong.pay.giftcards.services.errors import CodeMistyped, CodeUnknown
from hutong.pay.giftcards.types import CardState
from hutong.town.people.models import Person

_NO_LIMIT = 2**31 - 1  # what may still be tried is decided by `rules.may_try`, from both counts together


def claim(*, code: str, person: Person, address: str, at: datetime) -> str:
    """The card of `code` becomes the person's for ever; its ref. The same person again gets the same answer.

    Never inside a transaction: a failure has to be counted. Wrong codes are counted by person and by address; too
    many raise `TooMany` before the code is looked at. Raises `CodeMistyped` without looking anything up, and
    `CodeUnknown` alike for a code nobody has and for a card that somebody else opened, that is blocked, or went back.
    """
    parsed = parse_code(code)
    if parsed is None:
        raise CodeMistyped
    own, place = f"gift card:{person.public_id}", f"gift card:at:{address}"
    counts = budget.spent([own, place], window_s=rules.FAILURE_WINDOW_S, at=at)
    if not rules.may_try(own=counts[own][0], address=counts[place][0]):
        raise TooMany(retry_after_s=max(wait_s for _spent, wait_s in counts.values()))
    card_ref = _claimed(queries.lookup_hash(parsed), person, at)
    if card_ref is None:
        for key in (own, place):
            budget.spend(key, limit=_NO_LIMIT, window_s=rules.FAILURE_WINDOW_S, at=at)
        raise CodeUnknown
    return card_ref


def _claimed(code_hmac: str, person: Person, at: datetime) -> str | None:
    with transaction.atomic():
        # The guard is the WHERE: of two who open it at once the second finds no open card.
        claimed = GiftCard.objects.filter(code_hmac=code_hmac, state=CardState.OPEN).update(
            state=CardState.CLAIMED, holder=person, claimed_at=at
        )
        card = GiftCard.objects.filter(
            code_hmac=code_hmac, state=CardState.CLAIMED, holder_id=person.pk
        ).first()
        if card is None:
            return None
        if claimed:
            audit.record(
                action="gift_card.claimed",
                subject=card.public_id,
                by=person.public_id,
                at=at,
                before={"state": CardState.OPEN.value},
                after={"state": CardState.CLAIMED.value},
            )
        return card.public_id
