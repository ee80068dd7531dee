"""What crosses the boundary of payments: to flows on one side, to the providers' folders on the other."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from hutong.kernel.money import Money
from hutong.pay.payments.types.disputes import DisputeReport


class PaymentState(StrEnum):
    """Where a payment stands with us. `rules.TRANSITIONS` says how it moves."""

    CREATED = "created"
    """Made by us; the provider does not know of it, as far as we know."""
    PENDING = "pending"
    """The provider knows of it and waits for the shopper."""
    CAPTURED = "captured"
    """The provider has the shopper's money for us, all of it."""
    FAILED = "failed"
    """Declined, refused, or paid with the wrong money (see `suspense`)."""
    CLOSED = "closed"
    """Called off before it was paid. Money may still arrive late."""
    UNKNOWN = "unknown"
    """A call may or may not have had its effect; the provider is asked until we know."""


class PaymentEvent(StrEnum):
    """What moves a payment from state to state."""

    STARTED = "started"
    CALLED = "called"
    """A call goes out; until its answer is recorded, what it did is not known."""
    ABSENT = "absent"
    """The provider does not know the payment."""
    CAPTURED = "captured"
    FAILED = "failed"
    MISMATCHED = "mismatched"
    """Paid with another amount or currency than was asked."""
    CLOSED = "closed"


class RefundState(StrEnum):
    """Where a refund stands with us."""

    PENDING = "pending"
    DONE = "done"
    FAILED = "failed"
    UNKNOWN = "unknown"


class AttemptKind(StrEnum):
    """Calls that may have an effect at the provider."""

    START = "start"
    CLOSE = "close"
    REFUND = "refund"


class AttemptState(StrEnum):
    """SENT is committed before the call, so a crash during it leaves SENT behind, never nothing."""

    SENT = "sent"
    DONE = "done"
    FAILED = "failed"
    UNKNOWN = "unknown"


class Device(StrEnum):
    """What a shopper pays on, as far as it matters to providers."""

    DESKTOP = "desktop"
    PHONE = "phone"
    WECHAT = "wechat"
    """A page inside WeChat, where no other app can be opened."""


@dataclass(frozen=True, slots=True)
class Payer:
    """Who is about to pay: network address ("" where it is not known) and device. Providers ask for both.

    `openid` says who they are inside WeChat, where they signed in with it just now.
    """

    address: str = ""
    device: Device = Device.DESKTOP
    openid: str = ""


class ReportStatus(StrEnum):
    """What a provider says about a payment or a refund, in one vocabulary for all providers."""

    PENDING = "pending"
    DONE = "done"
    """A payment: the money is with the provider. A refund: the money is on its way back."""
    FAILED = "failed"
    CLOSED = "closed"
    ABSENT = "absent"
    """The provider has never heard of it."""
    UNKNOWN = "unknown"
    """No answer: never sent by a provider, only made by us when a call is lost."""


@dataclass(frozen=True, slots=True)
class PaymentReport:
    """What a provider says about one payment. `captured` is set if and only if the status is DONE."""

    payment_ref: str
    status: ReportStatus
    captured: Money | None = None
    provider_ref: str | None = None
    redirect_url: str = ""


@dataclass(frozen=True, slots=True)
class RefundReport:
    """What a provider says about one refund."""

    refund_ref: str
    status: ReportStatus
    provider_ref: str | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Event:
    """A webhook, checked and understood: about a payment, a refund or a dispute, or about nothing of ours.

    Of what is not ours only the id is kept, and nothing follows from it.
    """

    event_id: str
    sent_at: datetime
    payment: PaymentReport | None = None
    refund: RefundReport | None = None
    dispute: DisputeReport | None = None


@dataclass(frozen=True, slots=True)
class StartRequest:
    """All a provider needs to take a payment. `key` makes repeating the same request harmless."""

    key: str
    payment_ref: str
    amount: Money
    return_url: str
    payee: str
    description: str
    language: str
    expires_at: datetime | None
    payer: Payer = Payer()


@dataclass(frozen=True, slots=True)
class Started:
    """The provider's answer to a start: its own id, and the page where the shopper pays.

    `to_scan`: `redirect_url` is no page but a text to be drawn as a code, which the provider's app scans.
    """

    provider_ref: str
    redirect_url: str
    to_scan: bool = False


@dataclass(frozen=True, slots=True)
class RefundRequest:
    """All a provider needs to send money back. `key` makes repeating the same request harmless."""

    key: str
    payment_ref: str
    provider_ref: str | None
    refund_ref: str
    amount: Money
    reason: str


@dataclass(frozen=True, slots=True)
class BookRow:
    """One payment in the provider's own books. `captured` is None while nothing was paid."""

    payment_ref: str
    provider_ref: str
    captured: Money | None
    refunded: int
    changed_at: datetime
    disputed: int = 0


IN_APP = "prepay_id="
"""How what a page inside WeChat hands to it begins, where others have an address."""


@dataclass(frozen=True, slots=True)
class PaymentView:
    """A payment as others see it. `captured`, `refunded`, `suspense` are minor units.

    `refunded` counts every refund that has not failed, whether the money has left or not. `suspense` is
    money of the wrong amount or currency, in `suspense_unit`.
    """

    ref: str
    order_ref: str
    provider: str
    state: PaymentState
    amount: Money
    captured: int
    refunded: int
    suspense: Money | None
    suspense_refunded: int
    provider_ref: str | None
    redirect_url: str
    created_at: datetime
    captured_at: datetime | None
    to_scan: bool = False

    @property
    def in_app(self) -> bool:
        """Whether it is paid on a page of ours inside the provider's app, which is handed `redirect_url`."""
        return self.redirect_url.startswith(IN_APP)

    @property
    def here(self) -> bool:
        """Whether it is paid from a page of ours: by a code to scan, or inside the provider's app."""
        return self.to_scan or self.in_app


@dataclass(frozen=True, slots=True)
class RefundView:
    """A refund as others see it. `from_suspense`: it sends back money that belonged to no order.

    `failure` is the provider's word for why it failed, or why it does not end by itself; "" without one. `ended_by` is
    the lost dispute by which the bank took back what a failed one was to send: nothing is left to be sent.
    `returned_at`: a failed one had been sent, and came back then.
    """

    ref: str
    payment_ref: str
    order_ref: str
    provider: str
    amount: Money
    state: RefundState
    reason: str
    unit_refs: tuple[str, ...]
    from_suspense: bool
    created_at: datetime
    done_at: datetime | None
    failure: str = ""
    ended_by: str = ""
    returned_at: datetime | None = None

    @property
    def stuck(self) -> bool:
        """The provider has the money and cannot send it by itself: somebody has to see to it there."""
        return self.state in (RefundState.PENDING, RefundState.UNKNOWN) and bool(self.failure)


class Outcome(StrEnum):
    """What recording a report did. Only RECORDED and MISMATCH ask for effects; both come once."""

    RECORDED = "recorded"
    REPEATED = "repeated"
    """It was recorded before: nothing changed."""
    MISMATCH = "mismatch"
    """Wrong amount or currency, now in the payment's suspense: book it to suspense and send it back."""
    CONFLICT = "conflict"
    """It contradicts what is recorded already. Nothing changed; the operator has to look."""
    STALE = "stale"
    """Older news than what we know. Nothing changed."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """The answer of `record_report`. `money` is what the provider says it holds, on DONE."""

    outcome: Outcome
    payment: PaymentView
    money: Money | None = None


@dataclass(frozen=True, slots=True)
class RefundRecorded:
    """The answer of `record_refund`: `outcome` RECORDED once for each end state."""

    outcome: Outcome
    refund: RefundView


@dataclass(frozen=True, slots=True)
class Received:
    """A webhook in the inbox. `first`: its effects are still to be made (also after a crash in between)."""

    inbox_id: int
    event: Event
    first: bool
    outcome: str


@dataclass(frozen=True, slots=True)
class Contradiction:
    """A webhook that contradicts what was recorded before, and waits for an operator to look at it.

    `about` is our payment or refund; "" where the webhook cannot be read any more. `body` begins as it came.
    """

    provider: str
    event_id: str
    received_at: datetime
    about: str
    body: str


@dataclass(frozen=True, slots=True)
class ProviderTotals:
    """What our rows say a provider did, in minor units of one unit. Refunds under way are not counted.

    What the provider should hold for us: captured - refunded + suspense - suspense_refunded - disputed. `disputed` is
    what banks took back and did not bring again, with what the provider keeps for it.
    """

    unit: str
    captured: int
    refunded: int
    suspense: int
    suspense_refunded: int
    disputed: int = 0


@dataclass(frozen=True, slots=True)
class Problem:
    """Something in our rows that cannot be right, or has been waiting for too long."""

    code: str
    ref: str
    detail: str


@dataclass(frozen=True, slots=True)
class Difference:
    """A payment on which our rows and the provider's books do not agree."""

    code: str
    payment_ref: str
    ours: str
    theirs: str
