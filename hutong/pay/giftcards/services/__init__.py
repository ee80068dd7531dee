"""Writes of gift cards. An order paid with a card, in order:

1. `hold` in the transaction that places the order; `release` when it ends unpaid.
2. `spend` in the transaction that pays it, whose caller captures what the cards bear; for money that came late
   `retake` goes before.
3. `give_back` in the transaction that releases the units of a refund; `move` before, where that makes others dearer.
"""

from hutong.pay.giftcards.services.buying import (
    begin_purchase,
    lapse,
    lock_card,
    sent_back,
    take_back,
    top_up,
)
from hutong.pay.giftcards.services.claiming import claim
from hutong.pay.giftcards.services.disputing import freeze, lose, thaw
from hutong.pay.giftcards.services.errors import (
    AmountRefused,
    BalanceChanged,
    CardChargedBack,
    CardMoved,
    CardUnknown,
    CodeMistyped,
    CodeUnknown,
    ReasonMissing,
)
from hutong.pay.giftcards.services.issuing import block, issue, unblock
from hutong.pay.giftcards.services.spending import give_back, hold, move, release, retake, spend

__all__ = [
    "AmountRefused",
    "BalanceChanged",
    "CardChargedBack",
    "CardMoved",
    "CardUnknown",
    "CodeMistyped",
    "CodeUnknown",
    "ReasonMissing",
    "begin_purchase",
    "block",
    "claim",
    "freeze",
    "give_back",
    "hold",
    "issue",
    "lapse",
    "lock_card",
    "lose",
    "move",
    "release",
    "retake",
    "sent_back",
    "spend",
    "take_back",
    "thaw",
    "top_up",
    "unblock",
]
