"""What can go wrong between us and a provider, told apart by what we may do next."""

from django.utils.translation import gettext_lazy as _

from hutong.kernel.errors import Conflict, DomainError, Invalid, Unavailable


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


class BillNotReady(Unavailable):
    """The provider has not made the bill of this day yet; ask again later."""

    code = "bill_not_ready"
    message = _("The payment service has not made the bill of this day yet. Try again later.")


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
