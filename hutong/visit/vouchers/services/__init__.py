"""Writes of vouchers, by what they do: issue, redeem and undo, refund, and the guard against guessing."""

from hutong.visit.vouchers.services.block import block, unblock
from hutong.visit.vouchers.services.channel_lists import SoldFor, bring, take_back_import
from hutong.visit.vouchers.services.channels import prepare_channel, redeem_channel, undo_channel
from hutong.visit.vouchers.services.errors import (
    CodeMistyped,
    ExtensionRefused,
    GiftGone,
    GiftIsYours,
    GiftUnknown,
    ImportTakenBack,
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
    VoucherGone,
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
    "ImportTakenBack",
    "NonceReused",
    "NotEnoughLeft",
    "OverrideForbidden",
    "RedemptionUndone",
    "SoldFor",
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
    "VoucherGone",
    "VoucherNotGivable",
    "VoucherNotYetValid",
    "VoucherRefunded",
    "VoucherUnknown",
    "WrongStore",
    "block",
    "bring",
    "claim",
    "expire_due",
    "extend",
    "forget_messages",
    "give",
    "guessing_stopped",
    "issue",
    "prepare",
    "prepare_channel",
    "redeem",
    "redeem_channel",
    "release_for_refund",
    "set_terms",
    "stored_answer",
    "take_back",
    "take_back_import",
    "unblock",
    "undo",
    "undo_channel",
    "usable",
]
