"""Writes of `settlement`."""

from hutong.pay.settlement.services.accounts import (
    BankAccountInvalid,
    TermsInvalid,
    set_account,
    set_terms,
)
from hutong.pay.settlement.services.adjusting import NothingToAdjust, note_adjustment
from hutong.pay.settlement.services.batches import (
    approve_batch,
    draft_batch,
    drop_batch,
    make_batch,
    waiting_for,
)
from hutong.pay.settlement.services.correcting import (
    CorrectionDecided,
    CorrectionNotFound,
    adjust,
    agree_to_correction,
    decline_correction,
)
from hutong.pay.settlement.services.errors import (
    AnotherApproves,
    BatchMoved,
    BatchNotFound,
    NothingToPay,
    PayoutMoved,
    PayoutNotFound,
    PayoutTooLarge,
    ReasonNeeded,
)
from hutong.pay.settlement.services.months import MonthOutOfOrder, MonthRuns, close_month, reopen_month
from hutong.pay.settlement.services.sending import (
    confirm_paid,
    handed_over,
    mark_bounced,
    paid_after_all,
    send_batch,
    send_payout,
)
from hutong.pay.settlement.services.settling import (
    AlreadySettled,
    NotSettled,
    resettle,
    settle,
    unsettle,
    unsettle_units,
)

__all__ = [
    "AlreadySettled",
    "AnotherApproves",
    "BankAccountInvalid",
    "BatchMoved",
    "BatchNotFound",
    "CorrectionDecided",
    "CorrectionNotFound",
    "MonthOutOfOrder",
    "MonthRuns",
    "NotSettled",
    "NothingToAdjust",
    "NothingToPay",
    "PayoutMoved",
    "PayoutNotFound",
    "PayoutTooLarge",
    "ReasonNeeded",
    "TermsInvalid",
    "adjust",
    "agree_to_correction",
    "approve_batch",
    "close_month",
    "confirm_paid",
    "decline_correction",
    "draft_batch",
    "drop_batch",
    "handed_over",
    "make_batch",
    "mark_bounced",
    "note_adjustment",
    "paid_after_all",
    "reopen_month",
    "resettle",
    "send_batch",
    "send_payout",
    "set_account",
    "set_terms",
    "settle",
    "unsettle",
    "unsettle_units",
    "waiting_for",
]
