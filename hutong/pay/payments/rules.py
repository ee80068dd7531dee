"""Pure decisions: how a payment and a refund move, when an unknown outcome is asked for, what a bill says."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType

from hutong.kernel.money import Money
from hutong.pay.payments.types import (
    AgreedFee,
    Bill,
    BillDifference,
    BilledSum,
    BillLine,
    Device,
    DifferenceKind,
    DisputeStatus,
    Explanation,
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

# A dispute moves on only: banks that reopen one make a new one, and late news of an earlier step changes nothing.
_DISPUTE_BEFORE: dict[DisputeStatus, tuple[DisputeStatus, ...]] = {
    DisputeStatus.NEEDS_RESPONSE: (),
    DisputeStatus.UNDER_REVIEW: (DisputeStatus.NEEDS_RESPONSE,),
    DisputeStatus.WON: (DisputeStatus.NEEDS_RESPONSE, DisputeStatus.UNDER_REVIEW),
    DisputeStatus.LOST: (DisputeStatus.NEEDS_RESPONSE, DisputeStatus.UNDER_REVIEW),
}
DISPUTE_ENDED = (DisputeStatus.WON.value, DisputeStatus.LOST.value)
"""What a dispute ends in."""

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


def dispute_before(status: DisputeStatus) -> list[str]:
    """The states from which a dispute moves to `status`."""
    return [before.value for before in _DISPUTE_BEFORE[status]]


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


def agreed_fee(amount: Money, agreed: AgreedFee) -> Money:
    """What a provider keeps of a payment: at a rate in parts per million, rounded half up, and a fixed part."""
    return Money((amount.minor * agreed.rate_ppm + 500_000) // 1_000_000 + agreed.fixed, amount.unit)


_BACK = ":back"


def back_ref(ref: str) -> str:
    """What a bill's line is called by which the money of a refund came back, after it had gone."""
    return ref + _BACK


def without_back(ref: str) -> str:
    """The refund or dispute that a line is about, whether its money went or came back."""
    return ref.removesuffix(_BACK)


def is_back(ref: str) -> bool:
    """Whether a line says that money came back."""
    return ref.endswith(_BACK)


def ref_of(line: BillLine) -> str:
    """Of which payment or refund of ours a line is; "" for what names none, and for what was sent back past us."""
    if line.refund_ref:
        returned = line.amount.minor < 0 and line.refund_ref.startswith("rfd_")
        return back_ref(line.refund_ref) if returned else line.refund_ref
    return line.payment_ref if line.amount.minor >= 0 else ""


WITH_WORDS = (Explanation.PROMISED.value, Explanation.WRITTEN_OFF.value, Explanation.NOTED.value)
"""What somebody decides about a difference, and so says why."""


def signed(line: BillLine) -> Money:
    """What a line changed in what the provider holds for us: negative where money went back."""
    return -line.amount if line.refund_ref else line.amount


def signed_own(own: OurMoney) -> Money:
    """The same of one of our rows."""
    return -own.amount if own.ref.startswith(("rfd_", "dsp_")) else own.amount


# Kinds that are about words: what the provider keeps as its fee is booked as billed, and of a line that cannot be
# read nobody knows the amount.
_NOT_BOOKED = frozenset((DifferenceKind.FEE, DifferenceKind.BROKEN))


def booked(
    kind: DifferenceKind, *, ours: Money | None, done: bool, theirs: Money | None
) -> tuple[Money, ...]:
    """What the books keep apart for a difference: what the provider has more than our rows say, by unit.

    Of a line that is there twice the first one took what is ours.
    """
    if kind in _NOT_BOOKED:
        return ()
    counted = ours if done and kind is not DifferenceKind.DUPLICATE else None
    if theirs and counted and theirs.unit == counted.unit:
        parts = [theirs - counted]
    else:
        parts = [*([theirs] if theirs else []), *([-counted] if counted else [])]
    return tuple(part for part in parts if part)


def _legs(difference: BillDifference) -> tuple[Money, ...]:
    return booked(difference.kind, ours=difference.ours, done=difference.done, theirs=difference.theirs)


NOTHING_AGREED: Mapping[str, AgreedFee] = MappingProxyType({})


def match(
    bill: Bill,
    ours: Mapping[str, OurMoney],
    *,
    billed: Collection[str] = (),
    due: Iterable[OurMoney] = (),
    late: Collection[str] = (),
    agreed: Mapping[str, AgreedFee] = NOTHING_AGREED,
) -> Matched:
    """A bill against our rows by our own references; every line is explained, one way or the other.

    `billed` are refs that stood on earlier bills: on this one they are duplicates. `due` is our money that has to be
    on a bill by now; `late` are refs that an earlier bill lacked, so that they were counted there. `agreed` is
    the fee of a payment by currency; those of others are not looked at. Of several things wrong with one line the
    gravest is told: that it is there twice, that nobody knows it, its currency, its amount, its state, its fee.
    """
    seen = set(billed)
    fitting: list[str] = []
    counted: list[Money] = []
    found = [
        BillDifference(DifferenceKind.BROKEN, "", "", text=f"{line.number}: {line.text} ({line.why})")
        for line in bill.broken
    ]
    for line in bill.lines:
        ref = ref_of(line)
        own = ours.get(ref)
        kind = _what_is_wrong(line, own, agreed, again=own is not None and ref in seen)
        if own is not None:
            if own.done and ref not in seen and ref not in late:
                counted.append(signed_own(own))
            seen.add(ref)
        if kind is None:
            fitting.append(ref)
        else:
            found.append(_difference(kind, line, own))
    missing = [each for each in due if each.ref not in seen]
    counted += [signed_own(each) for each in missing]
    found += [
        BillDifference(DifferenceKind.MISSING_THERE, each.ref, "", ours=signed_own(each), done=True)
        for each in missing
    ]
    return Matched(tuple(fitting), tuple(found), tuple(counted))


def _difference(kind: DifferenceKind, line: BillLine, own: OurMoney | None) -> BillDifference:
    return BillDifference(
        kind,
        ref_of(line) or line.payment_ref,
        line.provider_ref,
        ours=signed_own(own) if own else None,
        done=bool(own and own.done),
        theirs=signed(line),
        fee=line.fee,
        text=line.status,
    )


def summed(
    bill: Bill, counted: Iterable[Money], found: Iterable[BillDifference], back: Iterable[Money] = ()
) -> tuple[BilledSum, ...]:
    """The sums of a bill by unit: its lines, what our rows say of them, and what is booked as different.

    `back` is what is booked because this bill took older differences back.
    """
    table: dict[str, dict[str, int]] = {}

    def add(column: str, money: Money) -> None:
        of_unit = table.setdefault(money.unit, dict.fromkeys(_COLUMNS, 0))
        of_unit[column] += money.minor

    for line in bill.lines:
        add("lines", signed(line))
        add(
            "fees_kept" if line.fee.minor >= 0 else "fees_back",
            line.fee if line.fee.minor >= 0 else -line.fee,
        )
    for money in counted:
        add("ours", money)
    for money in (leg for each in found for leg in _legs(each)):
        add("booked", money)
    for money in back:
        add("booked", money)
    return tuple(BilledSum(unit, **table[unit]) for unit in sorted(table))


_COLUMNS = ("lines", "ours", "booked", "fees_kept", "fees_back")


def takes_back(standing: Sequence[Money], lines: Sequence[Money]) -> bool:
    """Whether lines of a bill are together exactly the contrary of what is booked for a difference."""
    left: dict[str, int] = {}
    for money in (*standing, *lines):
        left[money.unit] = left.get(money.unit, 0) + money.minor
    return bool(standing) and bool(lines) and not any(left.values())


def _what_is_wrong(
    line: BillLine, own: OurMoney | None, agreed: Mapping[str, AgreedFee], *, again: bool
) -> DifferenceKind | None:
    if again:
        return DifferenceKind.DUPLICATE
    if own is None:
        # a line of fees alone moves no shopper's money
        return DifferenceKind.MISSING_HERE if line.amount or line.payment_ref else DifferenceKind.FEE
    if line.amount.unit != own.amount.unit:
        return DifferenceKind.CURRENCY
    if line.amount != own.amount:
        return DifferenceKind.AMOUNT
    if not own.done:
        return DifferenceKind.STATUS
    rate = agreed.get(line.amount.unit)
    # A fee in another currency, where the provider converts, cannot be held against what is agreed in this one.
    comparable = rate is not None and not line.refund_ref and line.fee.unit == line.amount.unit
    if rate is not None and comparable and line.fee != agreed_fee(line.amount, rate):
        return DifferenceKind.FEE
    return None
