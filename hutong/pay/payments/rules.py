"""Pure decisions: how a payment and a refund move, when an unknown outcome is asked for, what a bill says."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta

from hutong.kernel.money import Money
from hutong.pay.payments.types import (
    Bill,
    BillDifference,
    BillLine,
    Device,
    DifferenceKind,
    Matched,
    OurMoney,
    PaymentEvent,
    PaymentState,
    RefundState,
    ReportStatus,
)

S, E = PaymentState, PaymentEvent

# Money that has arrived wins over everything said before it: also over a close and a decline, because
# webhooks come in any order and a provider may succeed late. Nothing moves a captured payment.
TRANSITIONS: dict[tuple[PaymentState, PaymentEvent], PaymentState] = {
    (S.CREATED, E.STARTED): S.PENDING,
    (S.CREATED, E.CALLED): S.UNKNOWN,
    (S.CREATED, E.CAPTURED): S.CAPTURED,
    (S.CREATED, E.FAILED): S.FAILED,
    (S.CREATED, E.MISMATCHED): S.FAILED,
    (S.CREATED, E.CLOSED): S.CLOSED,
    (S.PENDING, E.CALLED): S.UNKNOWN,
    (S.PENDING, E.CAPTURED): S.CAPTURED,
    (S.PENDING, E.FAILED): S.FAILED,
    (S.PENDING, E.MISMATCHED): S.FAILED,
    (S.PENDING, E.CLOSED): S.CLOSED,
    (S.UNKNOWN, E.STARTED): S.PENDING,
    (S.UNKNOWN, E.ABSENT): S.CREATED,
    (S.UNKNOWN, E.CAPTURED): S.CAPTURED,
    (S.UNKNOWN, E.FAILED): S.FAILED,
    (S.UNKNOWN, E.MISMATCHED): S.FAILED,
    (S.UNKNOWN, E.CLOSED): S.CLOSED,
    (S.FAILED, E.CAPTURED): S.CAPTURED,
    (S.FAILED, E.MISMATCHED): S.FAILED,
    (S.CLOSED, E.CAPTURED): S.CAPTURED,
    (S.CLOSED, E.MISMATCHED): S.FAILED,
}

UNDER_WAY = (S.CREATED, S.PENDING, S.UNKNOWN)
"""States in which a payment may still be paid by the shopper; an order has one such payment at most."""

REFUND_OPEN = (RefundState.PENDING, RefundState.UNKNOWN)
"""States in which the end of a refund is not known yet."""

ASK_AFTER = (
    timedelta(seconds=5),
    timedelta(seconds=15),
    timedelta(seconds=60),
    timedelta(minutes=5),
    timedelta(hours=1),
    timedelta(days=1),
)
"""How long after each question the next one follows; the last step repeats."""


def next_state(state: PaymentState, event: PaymentEvent) -> PaymentState | None:
    """The state after `event`, or None when the event is old news in `state`."""
    return TRANSITIONS.get((state, event))


def states_before(event: PaymentEvent) -> list[PaymentState]:
    """The states that `event` moves; what a conditional update may find."""
    return [state for state, happened in TRANSITIONS if happened is event]


def event_of(status: ReportStatus) -> PaymentEvent:
    """What a provider's word about a payment means to us. Not for DONE (the amount decides) and UNKNOWN."""
    return {
        ReportStatus.PENDING: PaymentEvent.STARTED,
        ReportStatus.FAILED: PaymentEvent.FAILED,
        ReportStatus.CLOSED: PaymentEvent.CLOSED,
        ReportStatus.ABSENT: PaymentEvent.ABSENT,
    }[status]


def next_ask_at(asked: int, at: datetime) -> datetime:
    """When to ask the provider next, after `asked` questions so far: 5 s, 15 s, 60 s, 5 min, 1 h, 1 d."""
    return at + ASK_AFTER[min(asked, len(ASK_AFTER) - 1)]


def device_of(agent: str) -> Device:
    """What somebody pays on, by the name that the browser gives itself. A guess: any way to pay works anywhere, worse."""
    if "MicroMessenger" in agent:
        return Device.WECHAT
    return Device.PHONE if "Mobi" in agent or "Android" in agent else Device.DESKTOP


def agreed_fee(amount: Money, fee_ppm: int) -> Money:
    """What a provider keeps of a payment at a rate in parts per million, rounded half up."""
    return Money((amount.minor * fee_ppm + 500_000) // 1_000_000, amount.unit)


def ref_of(line: BillLine) -> str:
    """Of which payment or refund of ours a line is; "" for what names none, and for what was sent back past us."""
    if line.refund_ref:
        return line.refund_ref
    return line.payment_ref if line.amount.minor >= 0 else ""


def match(
    bill: Bill,
    ours: Mapping[str, OurMoney],
    *,
    billed: Collection[str] = (),
    due: Iterable[OurMoney] = (),
    fee_ppm: int | None = None,
) -> Matched:
    """A bill against our rows by our own references; every line is explained, one way or the other.

    `billed` are refs that stood on earlier bills: on this one they are duplicates. `due` is our money that has to be
    on a bill by now. `fee_ppm` is the agreed fee of a payment; None looks at no fees. Of several things wrong with
    one line the gravest is told: that it is there twice, that nobody knows it, its currency, its amount, its state,
    its fee.
    """
    seen = set(billed)
    fitting: list[str] = []
    found = [
        BillDifference(DifferenceKind.BROKEN, "", "", "", f"{line.number}: {line.text} ({line.why})"[:300])
        for line in bill.broken
    ]
    for line in bill.lines:
        ref = ref_of(line)
        own = ours.get(ref)
        kind = _what_is_wrong(line, own, fee_ppm, again=own is not None and ref in seen)
        if own is not None:
            seen.add(ref)
        if kind is None:
            fitting.append(ref)
        else:
            mine = f"{own.amount}{'' if own.done else ', not done'}" if own else ""
            theirs = f"{line.amount}, fee {line.fee}, {line.status}"
            about = ref or line.payment_ref
            found.append(BillDifference(kind, about, line.provider_ref, mine, theirs))
    missing = [each for each in due if each.ref not in seen]
    found += [
        BillDifference(DifferenceKind.MISSING_THERE, each.ref, "", str(each.amount), "") for each in missing
    ]
    return Matched(tuple(fitting), tuple(found))


def _what_is_wrong(
    line: BillLine, own: OurMoney | None, fee_ppm: int | None, *, again: bool
) -> DifferenceKind | None:
    if again:
        return DifferenceKind.DUPLICATE
    if own is None:
        return DifferenceKind.MISSING_HERE
    if line.amount.unit != own.amount.unit:
        return DifferenceKind.CURRENCY
    if line.amount != own.amount:
        return DifferenceKind.AMOUNT
    if not own.done:
        return DifferenceKind.STATUS
    if fee_ppm is not None and not line.refund_ref and line.fee != agreed_fee(line.amount, fee_ppm):
        return DifferenceKind.FEE
    return None
