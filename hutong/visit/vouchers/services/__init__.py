"""Writes of vouchers, by what they do: issue, redeem and undo, refund, and the guard against guessing."""

from hutong.visit.vouchers.services.block import block, unblock
from hutong.visit.vouchers.services.errors import (
    CodeMistyped,
    ExtensionRefused,
    GiftGone,
    GiftIsYours,
    GiftUnknown,
    NonceReused,
    NotEnoughLeft,
    OverrideForbidden,
    RedemptionUndone,
    TermsRefuse,
    TermsWrong,
    UndoForbidden,
    UndoTooLate,
    UndoTooOften,
    UnitsNotRefundable,
    VoucherAlreadyUsed,
    VoucherBlocked,
    VoucherChanged,
    VoucherExpired,
    VoucherGivenBefore,
    VoucherNotGivable,
    VoucherNotYetValid,
    VoucherRefunded,
    VoucherUnknown,
    WrongStore,
)
from hutong.visit.vouchers.services.extend import extend
from hutong.visit.vouchers.services.gifts import MAX_MESSAGE, claim, forget_messages, give, take_back
from hutong.visit.vouchers.services.guessing import guessing_stopped
from hutong.visit.vouchers.services.issue import expire_due, issue, set_terms
from hutong.visit.vouchers.services.prepare import prepare, usable
from hutong.visit.vouchers.services.redeem import redeem
from hutong.visit.vouchers.services.refund import release_for_refund
from hutong.visit.vouchers.services.stored import stored_answer
from hutong.visit.vouchers.services.undo import undo

__all__ = [
    "MAX_MESSAGE",
    "CodeMistyped",
    "ExtensionRefused",
    "GiftGone",
    "GiftIsYours",
    "GiftUnknown",
    "NonceReused",
    "NotEnoughLeft",
    "OverrideForbidden",
    "RedemptionUndone",
    "TermsRefuse",
    "TermsWrong",
    "UndoForbidden",
    "UndoTooLate",
    "UndoTooOften",
    "UnitsNotRefundable",
    "VoucherAlreadyUsed",
    "VoucherBlocked",
    "VoucherChanged",
    "VoucherExpired",
    "VoucherGivenBefore",
    "VoucherNotGivable",
    "VoucherNotYetValid",
    "VoucherRefunded",
    "VoucherUnknown",
    "WrongStore",
    "block",
    "claim",
    "expire_due",
    "extend",
    "forget_messages",
    "give",
    "guessing_stopped",
    "issue",
    "prepare",
    "redeem",
    "release_for_refund",
    "set_terms",
    "stored_answer",
    "take_back",
    "unblock",
    "undo",
    "usable",
]
