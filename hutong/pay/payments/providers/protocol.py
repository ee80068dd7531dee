"""What every provider does for us, and how it fails. `tests/pay/payments/contract.py` says the same as tests."""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from django.utils.translation import gettext_lazy as _

from hutong.kernel.errors import Conflict, DomainError, Invalid, Unavailable
from hutong.pay.payments.types import (
    BookRow,
    Event,
    PaymentReport,
    RefundReport,
    RefundRequest,
    Started,
    StartRequest,
)


class ProviderUnavailable(Unavailable):
    """The call surely had no effect: it never left, or the provider turned it away before reading it."""

    code = "provider_unavailable"
    message = _(
        "The payment service does not answer just now. Nothing was paid; please try again in a minute."
    )


class OutcomeUnknown(Unavailable):
    """The call may have had its effect. Repeat it with the same key, or ask; never start another."""

    code = "payment_outcome_unknown"
    message = _("We are checking with the payment service. You will not be charged twice; please try again.")


class ProviderRefused(Conflict):
    """The provider understood and said no; repeating the same call is of no use."""

    code = "provider_refused"
    message = _("The payment service refused this. Nothing was paid; please choose another way or try again.")


class SignatureInvalid(DomainError):
    """A webhook that its provider did not sign, or signed too long ago. Nothing of it is kept."""

    code = "signature_invalid"
    status = 401
    message = _("The signature is missing, wrong or too old.")


class WebhookMalformed(Invalid):
    """A webhook that is signed well but cannot be understood."""

    code = "webhook_malformed"
    message = _("The message is signed, but cannot be read.")


class Provider(Protocol):
    """A payment provider. Every call may raise `ProviderUnavailable`, `OutcomeUnknown`, `ProviderRefused`.

    Our own ids (`payment_ref`, `refund_ref`) are the merchant's references at the provider, so that we can
    ask about a call whose answer never came. Repeating a call with the same key has its effect once.
    """

    name: str

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

    def query_refund(self, *, refund_ref: str, provider_ref: str | None) -> RefundReport:
        """What the provider knows now of a refund; ABSENT when it has never heard of it. Has no effect."""
        ...

    def parse_webhook(self, *, headers: Mapping[str, str], body: bytes, at: datetime) -> Event:
        """Check and read a webhook. Raises `SignatureInvalid` on anything the provider did not sign.

        Header names come in any case. Junk in headers or body never raises anything but the errors named
        here and `WebhookMalformed`.
        """
        ...

    def fetch_books(self) -> list[BookRow]:
        """All payments in the provider's books, for reconciliation."""
        ...
