"""Reads of gift cards and balances. What is left on a card is read from the ledger."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from hutong.kernel import codes
from hutong.kernel.money import Money
from hutong.kernel.rows import row, rows, scalar, values
from hutong.kernel.secret import keyed_hash, keyed_hex
from hutong.pay.giftcards.models import CardPart, CardRefund, GiftCard, UnitPart
from hutong.pay.giftcards.rules import MOST_CARDS
from hutong.pay.giftcards.types import CardRefundView, CardShare, CardState, CardView, Liability, Movement

# The code is the keyed hash of the public id, so it need not be stored to be shown to its buyer again; what is
# looked up is a hash of the code under another key, so the table alone shows no code.
_CODE_PURPOSE = "giftcards.code"
_LOOKUP_PURPOSE = "giftcards.lookup"


def code_of(card_ref: str) -> str:
    """The code that opens a card, 16 symbols, not grouped."""
    return codes.code_from_digest(keyed_hash(_CODE_PURPOSE, card_ref))


def lookup_hash(code: str) -> str:
    """What a code is stored and found as."""
    return keyed_hex(_LOOKUP_PURPOSE, code)


def left_on(card_refs: Sequence[str], unit: str) -> dict[str, int]:
    """What may be spent of each card, in minor units; cards nothing ever moved on are left out."""
    found = rows(
        """SELECT a.owner_ref, b.minor FROM ledger_account a JOIN ledger_balance b ON b.account_id = a.id
           WHERE a.kind = 'stored_value' AND a.owner_ref = ANY (%s::text[]) AND a.unit = %s""",
        [list(card_refs), unit],
    )
    return {account["owner_ref"]: account["minor"] for account in found}


def balance_of(person_id: int, unit: str) -> Money:
    """What a person may spend in one order: what is left on the oldest `MOST_CARDS` cards. One statement."""
    found = scalar(
        """SELECT coalesce(sum(minor), 0)::int8 FROM (
             SELECT b.minor FROM giftcards_giftcard g
             JOIN ledger_account a ON a.kind = 'stored_value' AND a.owner_ref = g.public_id AND a.unit = g.unit
             JOIN ledger_balance b ON b.account_id = a.id
             WHERE g.holder_id = %s::int8 AND g.unit = %s AND g.state = 'claimed' AND b.minor > 0
             ORDER BY g.id LIMIT %s::int4) AS spendable""",
        [person_id, unit, MOST_CARDS],
    )
    return Money(found, unit)


def balances_of(person_id: int) -> list[Money]:
    """What is left on a person's cards, blocked ones too, one amount a currency. One statement."""
    found = rows(
        """SELECT g.unit, sum(b.minor)::int8 AS minor FROM giftcards_giftcard g
           JOIN ledger_account a ON a.kind = 'stored_value' AND a.owner_ref = g.public_id AND a.unit = g.unit
           JOIN ledger_balance b ON b.account_id = a.id
           WHERE g.holder_id = %s::int8 AND b.minor > 0 GROUP BY g.unit ORDER BY g.unit""",
        [person_id],
    )
    return [Money(one["minor"], one["unit"]) for one in found]


_CARDS = """
SELECT g.public_id, g.state, g.face, g.unit, g.reason, g.message, g.block_reason, g.made_at, g.claimed_at,
    g.expires_at, r.public_id AS region_ref, h.public_id AS holder_ref, h.name AS holder_name,
    b.public_id AS bought_by_ref, i.public_id AS issued_by_ref,
    coalesce((SELECT l.minor FROM ledger_account a JOIN ledger_balance l ON l.account_id = a.id
      WHERE a.kind = 'stored_value' AND a.owner_ref = g.public_id AND a.unit = g.unit), 0) AS left_minor,
    coalesce((SELECT l.minor FROM ledger_account a JOIN ledger_balance l ON l.account_id = a.id
      WHERE a.kind = 'stored_held' AND a.owner_ref = g.public_id AND a.unit = g.unit), 0) AS held_minor
FROM giftcards_giftcard g
JOIN regions_region r ON r.id = g.region_id
LEFT JOIN people_person h ON h.id = g.holder_id
LEFT JOIN people_person b ON b.id = g.bought_by_id
LEFT JOIN people_person i ON i.id = g.issued_by_id
"""


def cards_of(person_id: int, *, limit: int = 200) -> list[CardView]:
    """A person's cards, the oldest first: in the order in which they are spent. One statement."""
    found = rows(f"{_CARDS} WHERE g.holder_id = %s::int8 ORDER BY g.id LIMIT %s::int4", [person_id, limit])
    return [_card_view(card) for card in found]


def bought_by(person_id: int, *, limit: int = 50) -> list[CardView]:
    """The cards a person bought for others, the newest first; those never paid for are left out."""
    found = rows(
        f"""{_CARDS} WHERE g.bought_by_id = %s::int8 AND g.state <> 'lapsed'
            ORDER BY g.id DESC LIMIT %s::int4""",
        [person_id, limit],
    )
    return [_card_view(card) for card in found]


def card_view(card_ref: str, *, bought_by_id: int | None = None) -> CardView | None:
    """One card; None when there is none, or it was not bought by that person."""
    found = row(
        f"{_CARDS} WHERE g.public_id = %(ref)s"
        " AND (%(buyer)s::int8 IS NULL OR g.bought_by_id = %(buyer)s::int8)",
        {"ref": card_ref, "buyer": bought_by_id},
    )
    return _card_view(found) if found else None


def card_list(
    *, region_id: int | None = None, before_ref: str | None = None, limit: int = 50
) -> list[CardView]:
    """For operators: the cards of a region or of all, the newest first; `before_ref` is the last one seen."""
    found = rows(
        f"""{_CARDS} WHERE (%(region)s::int8 IS NULL OR g.region_id = %(region)s::int8)
              AND (%(before)s::text IS NULL OR g.public_id < %(before)s::text)
            ORDER BY g.public_id DESC LIMIT %(limit)s::int4""",
        {"region": region_id, "before": before_ref, "limit": limit},
    )
    return [_card_view(card) for card in found]


def cards_to_lapse(at: datetime, *, limit: int = 100) -> list[str]:
    """Cards that still wait for their money though the time is over. Index `giftcards_to_lapse`."""
    found = rows(
        """SELECT public_id FROM giftcards_giftcard WHERE state = 'waiting' AND expires_at <= %s::timestamptz
           ORDER BY expires_at LIMIT %s::int4""",
        [at, limit],
    )
    return [card["public_id"] for card in found]


def liability() -> list[Liability]:
    """What the platform owes on cards, one line a currency; money that is on its way back to buyers counts."""
    found = rows(
        """SELECT g.unit,
             coalesce(sum(b.minor) FILTER (WHERE a.kind = 'stored_value' AND g.state = 'claimed'), 0)::int8 AS claimed,
             coalesce(sum(b.minor) FILTER (WHERE a.kind = 'stored_value' AND g.state NOT IN ('claimed', 'blocked')),
               0)::int8 AS open,
             coalesce(sum(b.minor) FILTER (WHERE a.kind = 'stored_value' AND g.state = 'blocked'), 0)::int8 AS blocked,
             coalesce(sum(b.minor) FILTER (WHERE a.kind = 'stored_held'), 0)::int8 AS held
           FROM giftcards_giftcard g
           JOIN ledger_account a ON a.owner_ref = g.public_id AND a.kind IN ('stored_value', 'stored_held')
           JOIN ledger_balance b ON b.account_id = a.id
           GROUP BY g.unit ORDER BY g.unit"""
    )
    return [
        Liability(*(Money(one[part], one["unit"]) for part in ("claimed", "open", "blocked", "held")))
        for one in found
    ]


# Every transfer to or from the person's pots of what is left; the index of each side leads to them. References
# name the order they are about.
_HISTORY = """
WITH pot AS (
    SELECT a.id, a.owner_ref FROM giftcards_giftcard g
    JOIN ledger_account a ON a.kind = 'stored_value' AND a.owner_ref = g.public_id
    WHERE g.holder_id = %(person)s::int8
), moved AS (
    SELECT t.id, t.transaction_id, pot.owner_ref, t.amount, t.unit
    FROM pot JOIN ledger_transfer t ON t.to_account_id = pot.id
    UNION ALL
    SELECT t.id, t.transaction_id, pot.owner_ref, -t.amount, t.unit
    FROM pot JOIN ledger_transfer t ON t.from_account_id = pot.id
)
SELECT moved.owner_ref, x.kind, moved.amount, moved.unit, x.at,
    coalesce(substring(x.reference FROM 'ord_[0-9a-z]{26}'), '') AS order_ref
FROM moved JOIN ledger_transaction x ON x.id = moved.transaction_id
ORDER BY moved.id DESC LIMIT %(limit)s::int4
"""


def history(person_id: int, *, limit: int = 100) -> list[Movement]:
    """What came onto a person's cards and what left them, the newest first. One statement."""
    return [
        Movement(
            card_ref=one["owner_ref"],
            kind=one["kind"],
            amount=Money(one["amount"], one["unit"]),
            order_ref=one["order_ref"],
            at=one["at"],
        )
        for one in rows(_HISTORY, {"person": person_id, "limit": limit})
    ]


def shares_of_order(order_ref: str) -> list[CardShare]:
    """What each card bears of an order, held or spent, in the order they were chosen."""
    found = rows(
        """SELECT g.public_id, p.amount, p.unit FROM giftcards_cardpart p
           JOIN giftcards_giftcard g ON g.id = p.card_id
           WHERE p.order_ref = %s AND p.state <> 'released' ORDER BY p.position""",
        [order_ref],
    )
    return [CardShare(part["public_id"], Money(part["amount"], part["unit"])) for part in found]


def refunds_of_order(order_ref: str) -> list[CardRefundView]:
    """What went back to cards for an order, the newest first."""
    found = rows(
        """SELECT f.public_id, f.amount, f.unit, f.reason, f.at,
             array(SELECT DISTINCT u.unit_ref FROM giftcards_unitpart u WHERE u.refund_id = f.id ORDER BY 1) AS units
           FROM giftcards_cardrefund f WHERE f.order_ref = %s ORDER BY f.id DESC""",
        [order_ref],
    )
    return [
        CardRefundView(
            ref=one["public_id"],
            order_ref=order_ref,
            amount=Money(one["amount"], one["unit"]),
            reason=one["reason"],
            unit_refs=tuple(one["units"]),
            at=one["at"],
        )
        for one in found
    ]


def everything_about(person_id: int, order_refs: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    """All rows of this app about a person, by model, without codes: for the person's own file."""
    mine = GiftCard.objects.filter(holder_id=person_id) | GiftCard.objects.filter(bought_by_id=person_id)
    issued = GiftCard.objects.filter(issued_by_id=person_id)
    return {
        "giftcards.GiftCard": values(
            mine | issued,
            *("public_id", "unit", "face", "state", "reason", "message", "made_at", "claimed_at"),
        ),
        "giftcards.CardPart": values(
            CardPart.objects.filter(order_ref__in=order_refs),
            *("card__public_id", "order_ref", "amount", "unit", "state", "held_at"),
        ),
        "giftcards.UnitPart": values(
            UnitPart.objects.filter(part__order_ref__in=order_refs),
            *("part__card__public_id", "unit_ref", "amount", "refund__public_id"),
        ),
        "giftcards.CardRefund": values(
            CardRefund.objects.filter(order_ref__in=order_refs),
            *("public_id", "order_ref", "amount", "unit", "reason", "at"),
        ),
    }


# One row for each card with what its parts say, against what the ledger says.
_PROBLEMS = """
WITH pot AS (
    SELECT a.owner_ref, a.kind, a.unit, b.minor,
        coalesce((SELECT sum(t.amount) FROM ledger_transfer t JOIN ledger_transaction x ON x.id = t.transaction_id
          WHERE t.from_account_id = a.id AND x.kind = 'capture'), 0) AS captured,
        coalesce((SELECT sum(t.amount) FROM ledger_transfer t JOIN ledger_transaction x ON x.id = t.transaction_id
          WHERE t.to_account_id = a.id AND x.kind = 'refund'), 0) AS refunded,
        coalesce((SELECT sum(t.amount) FROM ledger_transfer t JOIN ledger_transaction x ON x.id = t.transaction_id
          WHERE t.from_account_id = a.id AND x.kind = 'dispute_lost'), 0) AS lost
    FROM ledger_account a LEFT JOIN ledger_balance b ON b.account_id = a.id
    WHERE a.kind IN ('stored_value', 'stored_held')
), every AS MATERIALIZED (
    SELECT g.public_id, g.state, g.unit, g.face,
        coalesce(v.minor, 0) AS value, coalesce(h.minor, 0) AS held,
        coalesce(h.captured, 0) AS captured, coalesce(v.refunded, 0) AS refunded,
        coalesce(v.lost, 0) AS lost,
        (SELECT coalesce(sum(p.amount), 0) FROM giftcards_cardpart p WHERE p.card_id = g.id AND p.state = 'held')
          AS held_parts,
        (SELECT coalesce(sum(p.amount), 0) FROM giftcards_cardpart p WHERE p.card_id = g.id AND p.state = 'spent')
          AS spent_parts,
        (SELECT coalesce(sum(u.amount), 0) FROM giftcards_unitpart u JOIN giftcards_cardpart p ON p.id = u.part_id
         WHERE p.card_id = g.id AND u.refund_id IS NOT NULL) AS returned_parts,
        (SELECT count(*) FROM giftcards_cardpart p WHERE p.card_id = g.id AND p.unit <> g.unit) AS foreign_parts
    FROM giftcards_giftcard g
    LEFT JOIN pot v ON v.owner_ref = g.public_id AND v.kind = 'stored_value' AND v.unit = g.unit
    LEFT JOIN pot h ON h.owner_ref = g.public_id AND h.kind = 'stored_held' AND h.unit = g.unit
)
SELECT every.public_id, test.what
FROM every CROSS JOIN LATERAL (VALUES
    ('less than nothing is left on it', value < 0 OR held < 0),
    ('what is set aside is not what its orders hold', held <> held_parts),
    ('what was captured from it is not what its orders spent', captured <> spent_parts),
    ('what came back to it is not what its units gave back', refunded <> returned_parts),
    ('what is left is not what it was made with, less what was spent and a bank took back, and what came back',
        state NOT IN ('waiting', 'lapsed', 'returned')
        AND value + held <> face - spent_parts - lost + returned_parts),
    ('it was never paid for and has money on it', state IN ('waiting', 'lapsed') AND value + held <> 0),
    ('an order of another currency uses it', foreign_parts > 0)
) AS test (what, wrong)
WHERE test.wrong
UNION ALL
SELECT a.owner_ref, 'the ledger names a card that is not there' FROM ledger_account a
WHERE a.kind IN ('stored_value', 'stored_held') AND NOT EXISTS (
    SELECT 1 FROM giftcards_giftcard g WHERE g.public_id = a.owner_ref AND g.unit = a.unit)
UNION ALL
SELECT f.public_id, 'its units do not add up to it' FROM giftcards_cardrefund f
WHERE f.amount <> (SELECT coalesce(sum(u.amount), 0) FROM giftcards_unitpart u WHERE u.refund_id = f.id)
UNION ALL
SELECT p.order_ref, 'what a card bears of it is not what it bears of its units' FROM giftcards_cardpart p
WHERE (SELECT coalesce(sum(u.amount), 0) FROM giftcards_unitpart u WHERE u.part_id = p.id)
    <> CASE p.state WHEN 'spent' THEN p.amount ELSE 0 END
ORDER BY 1, 2
"""


def problems() -> list[str]:
    """Re-add every card; one line for each thing that cannot be. Empty when all is right."""
    return [f"{problem['public_id']}: {problem['what']}" for problem in rows(_PROBLEMS)]


def _card_view(found: dict[str, Any]) -> CardView:
    unit = found["unit"]
    return CardView(
        ref=found["public_id"],
        state=CardState(found["state"]),
        face=Money(found["face"], unit),
        left=Money(found["left_minor"], unit),
        held=Money(found["held_minor"], unit),
        region_ref=found["region_ref"],
        holder_ref=found["holder_ref"],
        holder_name=found["holder_name"] or "",
        bought_by_ref=found["bought_by_ref"],
        issued_by_ref=found["issued_by_ref"],
        reason=found["reason"],
        message=found["message"],
        block_reason=found["block_reason"],
        made_at=found["made_at"],
        claimed_at=found["claimed_at"],
        expires_at=found["expires_at"],
    )
