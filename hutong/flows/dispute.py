"""A bank takes a payment back: the money is set apart, the vouchers wait, and whoever ends up without it bears it.

Everything follows from what the provider says of a dispute, in whatever order and however often it comes.
"""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from hutong.flows import stored_value
from hutong.flows.alarms import isolated
from hutong.flows.dispute_facts import facts_of
from hutong.flows.dispute_loss import lose, lose_apart, lose_card, post_moves
from hutong.flows.notify import moment, money, notify
from hutong.kernel import audit, budget, live, outbox
from hutong.kernel.errors import Forbidden, TooMany
from hutong.kernel.locking import retrying
from hutong.kernel.money import Money
from hutong.pay.giftcards import services as giftcards
from hutong.pay.ledger.types import PLATFORM, AccountKind, TransactionKind
from hutong.pay.orders import services as orders
from hutong.pay.orders.types import OrderFacts
from hutong.pay.payments import queries as payments_read
from hutong.pay.payments import services as payments
from hutong.pay.payments.providers.errors import OutcomeUnknown, ProviderRefused, ProviderUnavailable
from hutong.pay.payments.providers.registry import provider_names
from hutong.pay.payments.types import (
    Bearer,
    DisputeReport,
    DisputeStatus,
    DisputeView,
)
from hutong.town.merchants.queries import has_right
from hutong.town.merchants.types import Right
from hutong.town.notifications import queries as notifications_read
from hutong.town.notifications.types import Kind
from hutong.town.people.models import Person
from hutong.visit.vouchers import queries as vouchers_read
from hutong.visit.vouchers import services as vouchers

LOOK_EVERY_S = 60 * 60
LOOK_BACK = timedelta(days=120)
# How long before it is due operators are told that a dispute still has no answer.
REMINDERS = (timedelta(days=3), timedelta(days=1))


@retrying
def record(*, provider: str, report: DisputeReport, at: datetime, inbox_id: int | None = None) -> str:
    """Do what follows from what a provider says of a dispute, in one transaction; what came of it, in a word.

    It is about an order, or about a gift card that was bought. Lock order: the order or the card, the dispute,
    vouchers, accounts. Raises `PaymentNotFound` where it is about none of ours.
    """
    known = payments_read.payment_of_dispute(provider, report)
    if known is None:
        raise payments.PaymentNotFound
    with transaction.atomic():
        card = stored_value.lock_card(known[1])
        order = None if card else orders.lock_order(order_ref=known[1])
        done = payments.record_dispute(
            provider=provider,
            report=report,
            order_ref=known[1],
            merchant_ref=order.merchant_ref if order else "",
            borne_by=Bearer(settings.HUTONG_DISPUTES_BORNE_BY),
            at=at,
        )
        outcome = "conflict" if done.conflict else "repeated"
        if done.opened:
            outcome = "opened"
            _open(done.dispute, at)
        first = done.dispute.fee_changes - len(done.fee_changes) + 1
        for number, change in enumerate(done.fee_changes, first):
            _post_fee(done.dispute, number, change, at)
        if done.ended:
            outcome = done.dispute.status.value
            _end(order, done.dispute, at)
        if inbox_id is not None:
            payments.mark_processed(inbox_id=inbox_id, outcome=outcome, at=at)
        live.hint(known[1])
    return outcome


def _open(dispute: DisputeView, at: datetime) -> None:
    """The money is at the bank; nothing of the order is used meanwhile."""
    clearing, disputed = (AccountKind.CLEARING, dispute.provider), (AccountKind.DISPUTED, dispute.provider)
    post_moves(
        TransactionKind.DISPUTE_OPENED, f"dispute:{dispute.ref}", [(disputed, clearing, dispute.amount)], at
    )
    # Money that came late or twice paid for nothing that could wait: what another payment paid for stays as it is.
    bought = not payments_read.bought_nothing(dispute.payment_ref)
    if bought:
        for topic in vouchers.block(order_ref=dispute.order_ref, at=at):
            live.hint(topic)
    if bought and stored_value.is_card(dispute.order_ref):
        giftcards.freeze(card_ref=dispute.order_ref, at=at)
    if dispute.open:
        _tell(Kind.DISPUTE_OPENED, dispute, at=at, once=dispute.ref)
    if bought and dispute.open and dispute.merchant_ref:
        notify(
            Kind.SHOP_DISPUTED,
            at=at,
            merchant_ref=dispute.merchant_ref,
            subject_ref=dispute.ref,
            params={"amount": money(dispute.amount), "dispute_ref": dispute.ref},
            once=dispute.ref,
        )


def _post_fee(dispute: DisputeView, number: int, change: Money, at: datetime) -> None:
    """What the provider keeps for a dispute, or gives back of that, in the unit of the fee."""
    fees, clearing = (AccountKind.PROVIDER_FEES, PLATFORM), (AccountKind.CLEARING, dispute.provider)
    kept = change.minor > 0
    post_moves(
        TransactionKind.DISPUTE_OPENED if kept else TransactionKind.DISPUTE_WON,
        f"dispute_fee:{dispute.ref}:{number}",
        [(fees, clearing, change) if kept else (clearing, fees, -change)],
        at,
    )


def _end(order: OrderFacts | None, dispute: DisputeView, at: datetime) -> None:
    if dispute.status is DisputeStatus.WON:
        clearing, disputed = (
            (AccountKind.CLEARING, dispute.provider),
            (AccountKind.DISPUTED, dispute.provider),
        )
        post_moves(
            TransactionKind.DISPUTE_WON,
            f"dispute_won:{dispute.ref}",
            [(clearing, disputed, dispute.amount)],
            at,
        )
    elif payments_read.bought_nothing(dispute.payment_ref):
        lose_apart(dispute, at)
    elif order:
        lose(order, dispute, at)
    else:
        lose_card(dispute, at)
    if not payments_read.held_by_dispute(dispute.order_ref):
        for topic in vouchers.unblock(order_ref=dispute.order_ref):
            live.hint(topic)
        # What ended meanwhile waited for the bank; what the terms promise of it goes back now.
        for ended in vouchers_read.owed_back_of(dispute.order_ref):
            outbox.send("refund_expired", at=at, order_ref=ended.order_ref, unit_refs=list(ended.unit_refs))
        if order is None and not payments_read.platform_bore(dispute.order_ref):
            giftcards.thaw(card_ref=dispute.order_ref, at=at)
    _tell(Kind.DISPUTE_WON if dispute.status is DisputeStatus.WON else Kind.DISPUTE_LOST, dispute, at=at)


def set_bearer(*, ref: str, borne_by: Bearer, reason: str, by: Person, at: datetime) -> DisputeView:
    """The operator says who will bear what was redeemed, should the dispute be lost.

    Raises `Forbidden`, `DisputeNotFound`, `DisputeClosed`.
    """
    _operator(by)
    with transaction.atomic():
        before = payments_read.dispute_by_ref(ref)
        changed = payments.set_bearer(ref=ref, borne_by=borne_by)
        audit.record(
            action="dispute.bearer_set",
            subject=ref,
            by=by.public_id,
            at=at,
            before={"borne_by": before.borne_by.value if before else ""},
            after={"borne_by": borne_by.value},
            merchant=changed.merchant_ref,
            reason=reason,
        )
        return changed


def add_evidence(
    *, ref: str, by: Person, at: datetime, text: str = "", file_name: str = "", content: bytes = b""
) -> str:
    """An operator, or who may see the money of the shop it is about, adds words or a document to the answer.

    Others' disputes look unknown. Raises `DisputeNotFound`, `DisputeClosed`, `EvidenceRefused`.
    """
    found = payments_read.dispute_by_ref(ref)
    if found is None or not (by.is_operator or has_right(by, Right.SEE_MONEY, found.merchant_ref)):
        raise payments.DisputeNotFound
    with transaction.atomic():
        made = payments.add_evidence(
            ref=ref, text=text, file_name=file_name, content=content, by_ref=by.public_id, at=at
        )
        audit.record(
            action="dispute.evidence_added",
            subject=ref,
            by=by.public_id,
            at=at,
            after={"evidence": made, "file": bool(content)},
            merchant=found.merchant_ref,
        )
    return made


def answer(*, ref: str, by: Person, at: datetime) -> str:
    """The operator sends the evidence to the bank, once; what came of it. Never inside a transaction.

    Raises `Forbidden`, `DisputeNotFound`, `DisputeClosed`, `NotDisputable`, and what the provider raises.
    """
    _operator(by)
    found = _found(ref)
    report = payments.answer_dispute(ref=ref, facts=facts_of(found), at=at)
    return _answered(found, report, "dispute.answered", by, at)


def give_up(*, ref: str, by: Person, at: datetime) -> str:
    """The operator accepts that the money is gone. Otherwise as `answer`."""
    _operator(by)
    found = _found(ref)
    return _answered(found, payments.give_up_dispute(ref=ref), "dispute.given_up", by, at)


def _answered(found: DisputeView, report: DisputeReport, action: str, by: Person, at: datetime) -> str:
    with transaction.atomic():
        audit.record(
            action=action,
            subject=found.ref,
            by=by.public_id,
            at=at,
            after={"amount": found.amount.minor, "unit": found.amount.unit},
            merchant=found.merchant_ref,
        )
    return record(provider=found.provider, report=report, at=at)


def _found(ref: str) -> DisputeView:
    found = payments_read.dispute_by_ref(ref)
    if found is None:
        raise payments.DisputeNotFound
    return found


def _operator(by: Person) -> None:
    if not by.is_operator:
        raise Forbidden


def run(*, at: datetime) -> int:
    """Ask providers for disputes whose webhook was lost, and remind of answers that are due; how many were news.

    Once in `LOOK_EVERY_S` however many workers there are. Never inside a transaction.
    """
    try:
        budget.spend("disputes", limit=1, window_s=LOOK_EVERY_S, at=at)
    except TooMany:
        return 0  # another tick did it less than an hour ago
    news = 0
    for provider in provider_names():
        try:
            found = payments.fetch_disputes(provider=provider, since=at - LOOK_BACK)
        except (ProviderUnavailable, OutcomeUnknown, ProviderRefused):
            continue  # asked again in an hour; the doctor says what is wrong with keys
        for report in found:
            if payments_read.payment_of_dispute(provider, report) is not None:
                with isolated("disputes", f"{provider} {report.provider_ref}", at=at):
                    news += record(provider=provider, report=report, at=at) != "repeated"
    remind(at=at)
    return news


def remind(*, at: datetime) -> int:
    """Tell operators of disputes that are due soon and not answered, once for each of `REMINDERS`; how many."""
    asked = 0
    for before in REMINDERS:
        for dispute in payments_read.open_disputes(due_before=at + before):
            once = f"{dispute.ref}:{before.days}"
            if notifications_read.told_keys([f"{Kind.DISPUTE_DUE.value}:{once}"]):
                continue
            with transaction.atomic():
                _tell(Kind.DISPUTE_DUE, dispute, at=at, once=once)
            asked += 1
    return asked


def _tell(kind: Kind, dispute: DisputeView, *, at: datetime, once: str = "") -> None:
    notify(
        kind,
        at=at,
        subject_ref=dispute.ref,
        params={
            "amount": money(dispute.amount),
            "until": moment(dispute.due_at or at, "UTC"),
            "dispute_ref": dispute.ref,
        },
        once=once or dispute.ref,
    )
