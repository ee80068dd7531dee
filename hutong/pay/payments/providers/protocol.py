"""What every provider does for us. `tests/pay/payments/contract.py` is the same promise as tests."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Protocol, runtime_checkable

from hutong.pay.payments.types import (
    Bill,
    BookRow,
    DisputeReport,
    Event,
    Evidence,
    PaymentReport,
    RefundReport,
    RefundRequest,
    Started,
    StartRequest,
    TransferReport,
    TransferRequest,
)


class Provider(Protocol):
    """A payment provider. Every call may raise `ProviderUnavailable`, `OutcomeUnknown`, `ProviderRefused`.

    Our own ids (`payment_ref`, `refund_ref`) are the merchant's references at the provider, so that we can
    ask about a call whose answer never came. Repeating a call with the same key has its effect once.
    """

    name: str

    acknowledgement: str | None
    """The body that the provider wants as the answer to a webhook we took, as plain text; None where any will do."""

    @staticmethod
    def least(unit: str) -> int:
        """The least it takes in one payment, in minor units of `unit`; 1 where it names no more. No call is made."""
        ...

    def check(self) -> tuple[str, ...]:
        """Ask for what every part of the work needs, and change nothing. `ProviderRefused` says what is wrong.

        The answer is what works and should be looked at, or could not be tried: a sentence each.
        """
        ...

    def start(self, request: StartRequest) -> Started:
        """Ask for money. The answer names the page where the shopper pays."""
        ...

    def query(self, *, payment_ref: str, provider_ref: str | None) -> PaymentReport:
        """What the provider knows now; ABSENT when it has never heard of the payment. Has no effect."""
        ...

    def close(self, *, payment_ref: str, provider_ref: str | None, key: str) -> PaymentReport:
        """Call a payment off. DONE when it was paid already, and then it stays paid."""
        ...

    def refund(self, request: RefundRequest) -> RefundReport:
        """Send money back. `ProviderRefused` when more is asked than the provider holds."""
        ...

    def query_refund(self, *, refund_ref: str, payment_ref: str, provider_ref: str | None) -> RefundReport:
        """What the provider knows now of a refund; ABSENT when it has never heard of it. Has no effect."""
        ...

    def parse_webhook(self, *, headers: Mapping[str, str], body: bytes, at: datetime) -> Event:
        """Check and read a webhook. Raises `SignatureInvalid` on anything the provider did not sign.

        What is signed well and about nothing of ours (another kind of news, another shop of the same account) is an
        event with neither payment nor refund.

        Header names come in any case. Junk in headers or body never raises anything but the errors named
        here and `WebhookMalformed`.
        """
        ...

    def fetch_bill(self, *, on: date) -> Bill:
        """One day of the bill, for reconciliation. Raises `BillNotReady` where it is not made yet.

        A line that cannot be read is among the broken ones; it never hides the others.
        """
        ...


@runtime_checkable
class Disputes(Protocol):
    """What a provider can do whose payments a cardholder's bank may take back (a chargeback).

    WeChat Pay and Alipay are none: their complaints move no money by themselves and are answered in their consoles.
    """

    def fetch_disputes(self, *, since: datetime) -> list[DisputeReport]:
        """The disputes opened since a moment; none is missed because its webhook was lost."""
        ...

    def submit_evidence(self, *, key: str, provider_ref: str, evidence: Evidence) -> DisputeReport:
        """Answer a dispute, once and for all: the bank reads it from then on. `ProviderRefused` when it is too late."""
        ...

    def accept_dispute(self, *, key: str, provider_ref: str) -> DisputeReport:
        """Give a dispute up: it is lost."""
        ...


@runtime_checkable
class InApp(Protocol):
    """What a provider can do whose shoppers pay on our page inside its own app, once it has said who they are."""

    @property
    def app(self) -> str:
        """The name under which the app knows this site; "" where nobody pays inside it here."""
        ...

    def sign_in_page(self, *, back: str, state: str) -> str:
        """Where the app's browser is sent to be told who its person is; it comes `back` with `code` and `state`."""
        ...

    def signed_in(self, *, code: str) -> str:
        """Who brought this code, by a name that is good for `app` alone. `ProviderRefused`, `ProviderUnavailable`."""
        ...

    def bridge(self, prepay: str, *, at: datetime) -> dict[str, str]:
        """What our page hands to the app for a payment that was started (`prepay`), signed at `at`."""
        ...


@runtime_checkable
class Transfers(Protocol):
    """What a provider can do that sends money from what it holds for us to somebody's account with it."""

    transfers_to: frozenset[str]
    """The kinds of account it sends to with the keys that are set; none where it lacks what that needs."""

    @staticmethod
    def least_transfer(unit: str) -> int:
        """The least it sends at once, in minor units of `unit`; 1 where it names no more. No call is made."""
        ...

    def transfer(self, request: TransferRequest) -> TransferReport:
        """Send money, once for each `transfer_ref`. FAILED where the account can never get it; `ProviderRefused`
        where something else is in the way, so that the same may be sent later.
        """
        ...

    def query_transfer(self, *, transfer_ref: str) -> TransferReport:
        """What the provider knows now; ABSENT when it has never heard of the transfer. Has no effect."""
        ...


@runtime_checkable
class OpenBooks(Protocol):
    """What a provider of ours can do besides: show all its payments at once, to compare at any moment."""

    def fetch_books(self) -> Iterator[BookRow]:
        """All payments in the provider's books, fetched while they are read."""
        ...
