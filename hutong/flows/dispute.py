"""A bank takes a payment back: the money is set apart, the vouchers wait, and whoever ends up without it bears it.

Everything follows from what the provider says of a dispute, in whatever order and however often it comes.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from hutong.flows import stored_value
from hutong.flows.dispute_facts import facts_of
from hutong.flows.notify import moment, money, notify
from hutong.kernel import audit, budget, live
from hutong.kernel.errors import Forbidden, TooMany
from hutong.kernel.locking import retrying
from hutong.kernel.money import Money
from hutong.pay.giftcards import services as giftcards
from hutong.pay.ledger.services import post
from hutong.pay.ledger.types import PLATFORM, AccountKind, TransactionKind, TransferSpec
from hutong.pay.orders import queries as orders_read
from hutong.pay.orders import services as orders
from hutong.pay.orders.types import OrderFacts, SoldUnit, UnitState
from hutong.pay.payments import queries as payments_read
from hutong.pay.payments import services as payments
from hutong.pay.payments.providers.errors import OutcomeUnknown, ProviderRefused, ProviderUnavailable
from hutong.pay.payments.providers.registry import provider_names
from hutong.pay.payments.rules import REFUND_OPEN
from hutong.pay.payments.types import (
    Bearer,
    DisputeReport,
    DisputeStatus,
    DisputeView,
    LossShares,
)
from hutong.pay.settlement.services import unsettle_units
from hutong.town.merchants.queries import has_right
from hutong.town.merchants.types import Right
from hutong.town.notifications import queries as notifications_read
from hutong.town.notifications.types import Kind
from hutong.town.people.models import Person
from hutong.visit.vouchers import services as vouchers

BY = "dispute"
LOOK_EVERY_S = 60 * 60
LOOK_BACK = timedelta(days=120)
# How long before it is due operators are told that a dispute still has no answer.
REMINDERS = (timedelta(days=3), timedelta(days=1))


def share(amount: Money, units: Sequence[SoldUnit], borne_by: Bearer) -> LossShares:
    """How a lost dispute of `amount` is borne. What was not redeemed first, unit by unit while the amount covers it;
    then what was redeemed, by the merchant where it bears that; what is left by the platform.

    Only what a provider took counts: what gift cards bore of a unit is no bank's to take.
    """
    left = amount.minor
    taken: dict[UnitState, list[str]] = {UnitState.SOLD: [], UnitState.USED: []}
    sums = dict.fromkeys(taken, 0)
    states = [UnitState.SOLD, *([UnitState.USED] if borne_by is Bearer.MERCHANT else [])]
    for state in states:
        for unit in units:
            paid = unit.paid_provider.minor
            if unit.state is state and 0 < paid <= left:
                taken[state].append(unit.unit_ref)
                sums[state] += paid
                left -= paid
    return LossShares(
        unused=tuple(taken[UnitState.SOLD]),
        used=tuple(taken[UnitState.USED]),
        from_unredeemed=sums[UnitState.SOLD],
        from_merchant=sums[UnitState.USED],
        from_platform=left,
    )


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
        if done.fee_change:
            _post_fee(done.dispute, done.fee_change, at)
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
    _post(
        TransactionKind.DISPUTE_OPENED, f"dispute:{dispute.ref}", [(disputed, clearing, dispute.amount)], at
    )
    for topic in vouchers.block(order_ref=dispute.order_ref, at=at):
        live.hint(topic)
    if stored_value.is_card(dispute.order_ref):
        giftcards.freeze(card_ref=dispute.order_ref, at=at)
    if dispute.open:
        _tell(Kind.DISPUTE_OPENED, dispute, at=at, once=dispute.ref)
    if dispute.open and dispute.merchant_ref:
        notify(
            Kind.SHOP_DISPUTED,
            at=at,
            merchant_ref=dispute.merchant_ref,
            subject_ref=dispute.ref,
            params={"amount": money(dispute.amount), "dispute_ref": dispute.ref},
            once=dispute.ref,
        )


def _post_fee(dispute: DisputeView, change: Money, at: datetime) -> None:
    """What the provider keeps for a dispute, or gives back of that."""
    fees, clearing = (AccountKind.PROVIDER_FEES, PLATFORM), (AccountKind.CLEARING, dispute.provider)
    kept = change.minor > 0
    _post(
        TransactionKind.DISPUTE_OPENED if kept else TransactionKind.DISPUTE_WON,
        f"dispute_fee:{dispute.ref}:{dispute.fee_changes}",
        [(fees, clearing, change) if kept else (clearing, fees, -change)],
        at,
    )


def _end(order: OrderFacts | None, dispute: DisputeView, at: datetime) -> None:
    if dispute.status is DisputeStatus.WON:
        clearing, disputed = (
            (AccountKind.CLEARING, dispute.provider),
            (AccountKind.DISPUTED, dispute.provider),
        )
        _post(
            TransactionKind.DISPUTE_WON,
            f"dispute_won:{dispute.ref}",
            [(clearing, disputed, dispute.amount)],
            at,
        )
    elif order:
        _lose(order, dispute, at)
    else:
        _lose_card(dispute, at)
    if not any(one.open for one in payments_read.disputes_of_order(dispute.order_ref)):
        for topic in vouchers.unblock(order_ref=dispute.order_ref):
            live.hint(topic)
        if order is None and dispute.status is DisputeStatus.WON:
            giftcards.thaw(card_ref=dispute.order_ref, at=at)
    _tell(Kind.DISPUTE_WON if dispute.status is DisputeStatus.WON else Kind.DISPUTE_LOST, dispute, at=at)


def _lose(order: OrderFacts, dispute: DisputeView, at: datetime) -> None:
    """The money is gone: units end as refunded, and each part is booked to who bears it."""
    units = orders_read.units_of(order.order_ref)
    # What a refund could not send is with what is not redeemed still: the bank has brought it to the shopper instead.
    unsent = payments.end_unsent(
        dispute_ref=dispute.ref, payment_ref=dispute.payment_ref, amount=dispute.amount
    )
    sent_by_bank = sum((refund.amount for refund in unsent), Money(0, dispute.amount.unit))
    before = [ref for refund in unsent for ref in refund.unit_refs]
    shares = share(dispute.amount - sent_by_bank, units, dispute.borne_by)
    ended = [*shares.unused, *shares.used]
    if ended:
        # No stock comes back: nobody can say any more what of it was kept for a shopper who is gone.
        vouchers.release_for_refund(unit_refs=ended, used_too=True)
        orders.mark_units_refunded(order_ref=order.order_ref, unit_refs=ended, by=BY, at=at, used_too=True)
    if shares.used:
        unsettle_units(unit_refs=shares.used, reference=dispute.ref, at=at)
    shares = replace(
        shares,
        unused=(*before, *shares.unused),
        from_unredeemed=shares.from_unredeemed + sent_by_bank.minor,
    )
    mine = [unit for unit in units if unit.unit_ref in ended]
    unit = dispute.amount.unit
    paid_for = [each for each in units if each.unit_ref in (*ended, *before)]
    promoted = sum((each.discount_platform for each in paid_for), Money(0, unit))
    unredeemed = (AccountKind.UNREDEEMED, order.merchant_ref)
    disputed = (AccountKind.DISPUTED, dispute.provider)
    _post(
        TransactionKind.DISPUTE_LOST,
        f"dispute_lost:{dispute.ref}",
        [
            (unredeemed, disputed, Money(shares.from_unredeemed + shares.from_merchant, unit)),
            (unredeemed, (AccountKind.PROMOTION, PLATFORM), promoted),
            ((AccountKind.LOSSES, PLATFORM), disputed, Money(shares.from_platform, unit)),
        ],
        at,
    )
    # What gift cards bore of these units was never the bank's: it is on the cards again.
    stored_value.to_cards(order, mine, ref=dispute.ref, alone=False, reason="dispute", at=at)
    payments.share_loss(ref=dispute.ref, shares=shares)


def _lose_card(dispute: DisputeView, at: datetime) -> None:
    """What a gift card was bought with is gone: what is left on it goes first, the platform bears what was spent."""
    payments.end_unsent(dispute_ref=dispute.ref, payment_ref=dispute.payment_ref, amount=dispute.amount)
    under_way = [
        refund.amount
        for refund in payments_read.refunds_of_order(dispute.order_ref)
        if refund.state in REFUND_OPEN and refund.unit_refs
    ]
    given = giftcards.lose(
        card_ref=dispute.order_ref,
        amount=dispute.amount,
        under_way=sum(under_way, Money(0, dispute.amount.unit)),
        provider=dispute.provider,
        reference=f"dispute_lost:{dispute.ref}",
        at=at,
    )
    shares = LossShares((), (), given.minor, 0, (dispute.amount - given).minor)
    payments.share_loss(ref=dispute.ref, shares=shares)


def _post(
    kind: TransactionKind,
    reference: str,
    moves: Sequence[tuple[tuple[AccountKind, str], tuple[AccountKind, str], Money]],
    at: datetime,
) -> None:
    transfers = [TransferSpec(*source, *target, amount) for source, target, amount in moves if amount]
    if transfers:
        post(kind=kind, reference=reference, transfers=transfers, at=at)


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
