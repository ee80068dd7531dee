"""A card's money in an order: set aside, spent, set free, given back. Each joins the caller's transaction, which
has locked the order; cards are locked after it and before the ledger, in the order of their keys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import F

from hutong.kernel import rows
from hutong.kernel.money import Money
from hutong.pay.giftcards import queries, rules
from hutong.pay.giftcards.models import CardPart, CardRefund, UnitPart
from hutong.pay.giftcards.services.errors import BalanceChanged
from hutong.pay.giftcards.types import CardRefundView, CardShare, PartState
from hutong.pay.ledger.rules import poured
from hutong.pay.ledger.services import post
from hutong.pay.ledger.types import AccountKind, TransactionKind, TransferSpec

# Whoever spends from a balance waits here for the one before, and then reads what that one left.
_LOCK_OWN = """
SELECT id, public_id FROM giftcards_giftcard
WHERE holder_id = %s::int8 AND unit = %s AND state = 'claimed' ORDER BY id FOR NO KEY UPDATE
"""
_LOCK_PARTS = """
SELECT g.public_id, g.state, p.amount, p.unit, p.position FROM giftcards_cardpart p
JOIN giftcards_giftcard g ON g.id = p.card_id
WHERE p.order_ref = %s AND p.state = 'released' ORDER BY g.id FOR NO KEY UPDATE OF g, p
"""
_MOVE_PARTS = """
WITH moved AS (
    UPDATE giftcards_cardpart SET state = %(to_state)s
    WHERE order_ref = %(order_ref)s AND state = %(from_state)s RETURNING id, card_id, position, amount, unit
)
SELECT m.id, g.public_id AS card_ref, m.amount, m.unit
FROM moved m JOIN giftcards_giftcard g ON g.id = m.card_id ORDER BY m.position
"""
# The guard is the WHERE: a part of a unit that went back once does not go back again. The order is locked.
_RETURN_UNITS = """
WITH moved AS (
    UPDATE giftcards_unitpart u SET refund_id = %(refund_id)s::int8 FROM giftcards_cardpart p
    WHERE p.id = u.part_id AND p.order_ref = %(order_ref)s AND u.unit_ref = ANY (%(unit_refs)s::text[])
        AND u.refund_id IS NULL
    RETURNING u.part_id, u.amount
)
SELECT g.public_id AS card_ref, sum(m.amount)::int8 AS amount
FROM moved m JOIN giftcards_cardpart p ON p.id = m.part_id JOIN giftcards_giftcard g ON g.id = p.card_id
GROUP BY g.id, g.public_id ORDER BY g.id
"""


def hold(*, order_ref: str, person_id: int, amount: Money, at: datetime) -> list[CardShare]:
    """Set `amount` of a person's balance aside for an order, from the oldest cards first.

    All of it or nothing. Raises `BalanceChanged` when less is left; blocked cards do not count.
    """
    if amount.minor <= 0:
        raise ValueError(f"{order_ref}: nothing is set aside for nothing")
    with transaction.atomic(savepoint=False):
        cards = {card["public_id"]: card["id"] for card in rows.rows(_LOCK_OWN, [person_id, amount.unit])}
        left = queries.left_on(list(cards), amount.unit)
        chosen = rules.oldest_first([(ref, left[ref]) for ref in cards if left.get(ref)], amount.minor)
        if chosen is None:
            raise BalanceChanged
        CardPart.objects.bulk_create(
            CardPart(
                card_id=cards[ref],
                order_ref=order_ref,
                position=position,
                amount=minor,
                unit=amount.unit,
                state=PartState.HELD,
                held_at=at,
            )
            for position, (ref, minor) in enumerate(chosen)
        )
        shares = [CardShare(ref, Money(minor, amount.unit)) for ref, minor in chosen]
        _hold(f"stored_hold:{order_ref}", shares, at)
    return shares


def retake(*, order_ref: str, at: datetime) -> None:
    """Money came late for an order: set aside again what its cards bore, from the very same cards.

    Raises `BalanceChanged` when one of them is blocked or has too little, and changes nothing.
    """
    with transaction.atomic(savepoint=False):
        parts = rows.rows(_LOCK_PARTS, [order_ref])
        if not parts:
            raise BalanceChanged
        left = queries.left_on([part["public_id"] for part in parts], parts[0]["unit"])
        for part in parts:
            if part["state"] != "claimed" or left.get(part["public_id"], 0) < part["amount"]:
                raise BalanceChanged
        shares = _moved(order_ref, PartState.RELEASED, PartState.HELD)
        _hold(f"stored_hold:{order_ref}:late", [share for _id, share in shares], at)


def release(*, order_ref: str, at: datetime) -> None:
    """The order ended unpaid: what its cards had set aside is theirs again. Nothing happens to others."""
    with transaction.atomic(savepoint=False):
        shares = [share for _id, share in _moved(order_ref, PartState.HELD, PartState.RELEASED)]
        if shares:
            post(
                kind=TransactionKind.STORED_RELEASE,
                reference=f"stored_release:{order_ref}",
                transfers=[
                    TransferSpec(
                        AccountKind.STORED_HELD,
                        share.card_ref,
                        AccountKind.STORED_VALUE,
                        share.card_ref,
                        share.amount,
                    )
                    for share in shares
                ],
                at=at,
            )


def spend(*, order_ref: str, units: Sequence[tuple[str, Money]]) -> list[CardShare]:
    """The order is paid: what was set aside is spent; what each card bears, for the caller to capture.

    `units` are the order's units with what cards bear of each; which card bears which is written down here, once.
    """
    with transaction.atomic(savepoint=False):
        parts = _moved(order_ref, PartState.HELD, PartState.SPENT)
        by_card = {share.card_ref: part_id for part_id, share in parts}
        shared = poured(
            [(share.card_ref, share.amount.minor) for _id, share in parts],
            [(unit_ref, borne.minor) for unit_ref, borne in units],
        )
        UnitPart.objects.bulk_create(
            UnitPart(part_id=by_card[card_ref], unit_ref=unit_ref, amount=minor)
            for card_ref, unit_ref, minor in shared
        )
    return [share for _id, share in parts]


def give_back(
    *, ref: str, order_ref: str, unit_refs: Sequence[str], merchant_ref: str, reason: str, at: datetime
) -> CardRefundView | None:
    """What cards bore of these units goes back to the very cards, at once; None where they bore nothing.

    `ref` is what the refund is to be called (`gcr_...`). The money leaves what is unredeemed at `merchant_ref`. A
    blocked card gets its money, too.
    """
    with transaction.atomic(savepoint=False):
        found = UnitPart.objects.filter(
            part__order_ref=order_ref, unit_ref__in=list(unit_refs), refund__isnull=True
        ).values_list("amount", "part__unit")
        amounts = list(found)
        if not amounts:
            return None
        amount, unit = sum(minor for minor, _unit in amounts), amounts[0][1]
        refund = CardRefund.objects.create(
            public_id=ref, order_ref=order_ref, amount=amount, unit=unit, reason=reason[:200], at=at
        )
        returned = rows.rows(
            _RETURN_UNITS, {"order_ref": order_ref, "unit_refs": list(unit_refs), "refund_id": refund.pk}
        )
        assert sum(each["amount"] for each in returned) == amount, "the order's lock keeps its units still"
        post(
            kind=TransactionKind.REFUND,
            reference=f"stored_refund:{order_ref}:{refund.public_id}",
            transfers=[
                TransferSpec(
                    AccountKind.UNREDEEMED,
                    merchant_ref,
                    AccountKind.STORED_VALUE,
                    each["card_ref"],
                    Money(each["amount"], unit),
                )
                for each in returned
            ],
            at=at,
        )
    return CardRefundView(
        ref=refund.public_id,
        order_ref=order_ref,
        amount=Money(amount, unit),
        reason=refund.reason,
        unit_refs=tuple(unit_refs),
        at=at,
    )


def move(*, order_ref: str, taken: Mapping[str, Money], given: Mapping[str, Money]) -> None:
    """What cards bear of some units of an order they bear of others from now on: each card as much in all as before.

    For units that are given back and make the kept ones dearer; before `give_back`. Both add up to the same. Money stays
    where it is: what is spent is with what is not redeemed, whichever unit it is for.
    """
    with transaction.atomic(savepoint=False):
        wanted = {ref: amount.minor for ref, amount in taken.items()}
        freed: dict[int, int] = {}
        parts = UnitPart.objects.filter(
            part__order_ref=order_ref, unit_ref__in=list(taken), refund__isnull=True
        )
        for part in parts.order_by("part__position", "unit_ref"):
            minor = min(part.amount, wanted[part.unit_ref])
            if not minor:
                continue
            wanted[part.unit_ref] -= minor
            freed[part.part_id] = freed.get(part.part_id, 0) + minor
            if minor == part.amount:
                part.delete()
            else:
                UnitPart.objects.filter(pk=part.pk).update(amount=F("amount") - minor)
        moved = poured(list(freed.items()), [(unit_ref, amount.minor) for unit_ref, amount in given.items()])
        for part_id, unit_ref, minor in moved:
            theirs = UnitPart.objects.filter(part_id=part_id, unit_ref=unit_ref, refund__isnull=True)
            if not theirs.update(amount=F("amount") + minor):
                UnitPart.objects.create(part_id=part_id, unit_ref=unit_ref, amount=minor)


def _hold(reference: str, shares: Sequence[CardShare], at: datetime) -> None:
    post(
        kind=TransactionKind.STORED_HOLD,
        reference=reference,
        transfers=[
            TransferSpec(
                AccountKind.STORED_VALUE,
                share.card_ref,
                AccountKind.STORED_HELD,
                share.card_ref,
                share.amount,
            )
            for share in shares
        ],
        at=at,
    )


def _moved(order_ref: str, from_state: PartState, to_state: PartState) -> list[tuple[int, CardShare]]:
    """The parts of an order that moved, each with its key, in the order they were chosen."""
    found = rows.rows(
        _MOVE_PARTS,
        {"order_ref": order_ref, "from_state": from_state.value, "to_state": to_state.value},
    )
    return [(part["id"], CardShare(part["card_ref"], Money(part["amount"], part["unit"]))) for part in found]
