"""Writes of payments. A flow, in order:

1. `create_payment` in the transaction that places the order; `start` outside any transaction.
2. A webhook: `receive_webhook`; then in one transaction `record_report` (or `record_refund`), what follows
   from it, and `mark_processed`.
3. A refund: `request_refund` in the transaction that releases the uses; `send_refund` outside; then
   `record_refund` of its report, with what follows from it, in one transaction.
4. Once a day: `fetch_bill` of the day before outside any transaction; `keep_bill` in the one that books what it finds.
   That stays open until `explain_difference`, until a later bill takes it back, or our row fits (`look_again`).
   Of days that have none two operators say so: `ask_without_bill`, `agree_without_bill`.
5. The janitor, every few seconds: `take_turn`, then `ask` or `ask_refund`; the report is handled like that of a webhook
   before the next turn is taken, then `end_turn`.
"""

from hutong.pay.payments.services.agreeing import AgreedRateInvalid, set_agreed_rate
from hutong.pay.payments.services.asking import Turn, ask, ask_refund, ask_soon, end_turn, take_turn
from hutong.pay.payments.services.bank_in import (
    BankInBilled,
    BankInInvalid,
    BankInNotFound,
    BankInUndone,
    enter_bank_in,
    hold_bills,
    undo_bank_in,
)
from hutong.pay.payments.services.bills import (
    BillChanged,
    fetch_bill,
    keep_bill,
)
from hutong.pay.payments.services.contradictions import (
    ContradictionNotFound,
    OutcomeMissing,
    contradictions,
    look_at_contradiction,
)
from hutong.pay.payments.services.disputes import (
    DISPUTE_TEXT_LIMIT,
    DisputeClosed,
    DisputeNotFound,
    EvidenceRefused,
    NotDisputable,
    add_evidence,
    answer_dispute,
    cover_unsent,
    fetch_disputes,
    give_up_dispute,
    record_dispute,
    set_bearer,
    share_loss,
)
from hutong.pay.payments.services.errors import (
    AlreadyPaid,
    PaymentNotFound,
    PaymentNotPayable,
    RefundNotFailed,
    RefundNotFound,
    RefundTooLarge,
)
from hutong.pay.payments.services.explaining import (
    ASKED_AGAIN,
    NOTE_LIMIT,
    DifferenceClosed,
    DifferenceNotFound,
    ExplanationUnfit,
    LookedAgain,
    NoteMissing,
    NothingToTakeBack,
    StillDiffers,
    confirm_write_off,
    explain_difference,
    fitting_explanations,
    look_again,
    may_fit_now,
    needs_second,
    take_back_explanation,
)
from hutong.pay.payments.services.in_app import app_of, bridge, sign_in_page, signed_in
from hutong.pay.payments.services.paying import close, create_payment, start
from hutong.pay.payments.services.reconciling import reconcile
from hutong.pay.payments.services.recording import record_capture, record_report
from hutong.pay.payments.services.refunding import (
    end_unsent,
    record_refund,
    request_again,
    request_refund,
    request_suspense_refund,
    send_refund,
)
from hutong.pay.payments.services.transferring import (
    TransferUnderWay,
    ask_for_transfer,
    give_up_transfer,
    hurry_transfers,
    record_transfer,
    send_transfers,
)
from hutong.pay.payments.services.webhooks import (
    acknowledgement,
    left_behind,
    mark_processed,
    read_again,
    receive_webhook,
)
from hutong.pay.payments.services.without_bill import (
    WHY_LIMIT,
    WhyNoBill,
    WithoutBillDecided,
    WithoutBillNotFound,
    WithoutBillSaid,
    agree_without_bill,
    ask_without_bill,
    decline_without_bill,
    take_back_without_bill,
)

__all__ = [
    "ASKED_AGAIN",
    "DISPUTE_TEXT_LIMIT",
    "NOTE_LIMIT",
    "WHY_LIMIT",
    "AgreedRateInvalid",
    "AlreadyPaid",
    "BankInBilled",
    "BankInInvalid",
    "BankInNotFound",
    "BankInUndone",
    "BillChanged",
    "ContradictionNotFound",
    "DifferenceClosed",
    "DifferenceNotFound",
    "DisputeClosed",
    "DisputeNotFound",
    "EvidenceRefused",
    "ExplanationUnfit",
    "LookedAgain",
    "NotDisputable",
    "NoteMissing",
    "NothingToTakeBack",
    "OutcomeMissing",
    "PaymentNotFound",
    "PaymentNotPayable",
    "RefundNotFailed",
    "RefundNotFound",
    "RefundTooLarge",
    "StillDiffers",
    "TransferUnderWay",
    "Turn",
    "WhyNoBill",
    "WithoutBillDecided",
    "WithoutBillNotFound",
    "WithoutBillSaid",
    "acknowledgement",
    "add_evidence",
    "agree_without_bill",
    "answer_dispute",
    "app_of",
    "ask",
    "ask_for_transfer",
    "ask_refund",
    "ask_soon",
    "ask_without_bill",
    "bridge",
    "close",
    "confirm_write_off",
    "contradictions",
    "cover_unsent",
    "create_payment",
    "decline_without_bill",
    "end_turn",
    "end_unsent",
    "enter_bank_in",
    "explain_difference",
    "fetch_bill",
    "fetch_disputes",
    "fitting_explanations",
    "give_up_dispute",
    "give_up_transfer",
    "hold_bills",
    "hurry_transfers",
    "keep_bill",
    "left_behind",
    "look_again",
    "look_at_contradiction",
    "mark_processed",
    "may_fit_now",
    "needs_second",
    "read_again",
    "receive_webhook",
    "reconcile",
    "record_capture",
    "record_dispute",
    "record_refund",
    "record_report",
    "record_transfer",
    "request_again",
    "request_refund",
    "request_suspense_refund",
    "send_refund",
    "send_transfers",
    "set_agreed_rate",
    "set_bearer",
    "share_loss",
    "sign_in_page",
    "signed_in",
    "start",
    "take_back_explanation",
    "take_back_without_bill",
    "take_turn",
    "undo_bank_in",
]
