"""Which payment provider takes an order's money: what a shopper may choose from, and what they chose."""

from django.utils.translation import gettext_lazy as _

from hutong.kernel.errors import Conflict, Invalid
from hutong.pay.payments.providers.registry import offered
from hutong.pay.payments.types import PaymentView

__all__ = ["NothingTakesThis", "ProviderNotOffered", "choose", "is_offered", "offered"]


class ProviderNotOffered(Invalid):
    """The shopper named a payment service that this site does not offer for this money."""

    code = "provider_not_offered"
    message = _("This way to pay is not offered here. Please choose another one.")


class NothingTakesThis(Conflict):
    """The site has no payment service for the order's currency."""

    code = "no_provider_for_currency"
    message = _("Nothing can be paid in %(unit)s here yet. Please tell the operator of this site.")


def choose(*, wanted: str | None, unit: str) -> str:
    """The provider that was wanted, or the usual one where nothing was said.

    Raises `ProviderNotOffered`, `NothingTakesThis`.
    """
    names = offered(unit)
    if not names:
        raise NothingTakesThis(unit=unit)
    if wanted and wanted not in names:
        raise ProviderNotOffered(offered=names)
    return wanted or names[0]


def is_offered(payment: PaymentView) -> bool:
    """Whether the provider of an earlier payment may be chosen for its money now."""
    return payment.provider in offered(payment.amount.unit)
