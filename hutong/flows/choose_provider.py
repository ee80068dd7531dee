"""Which payment provider takes an order's money: what a shopper may choose from, and what they chose."""

from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from hutong.kernel.errors import Conflict, Invalid
from hutong.kernel.money import Money, format_money
from hutong.pay.payments.providers.registry import least, offered
from hutong.pay.payments.types import PaymentView

__all__ = [
    "AmountTooSmall",
    "NothingTakesThis",
    "ProviderNotOffered",
    "choose",
    "is_offered",
    "least",
    "offered",
    "part_of_balance",
]


class ProviderNotOffered(Invalid):
    """The shopper named a payment service that this site does not offer for this money."""

    code = "provider_not_offered"
    message = _("This way to pay is not offered here. Please choose another one.")


class NothingTakesThis(Conflict):
    """The site has no payment service for the order's currency."""

    code = "no_provider_for_currency"
    message = _("Nothing can be paid in %(unit)s here yet. Please tell the operator of this site.")


class AmountTooSmall(Conflict):
    """Less is left to pay than the payment service takes."""

    code = "amount_too_small"
    message = _("This way to pay takes %(least)s or more. Please choose another one, or order more.")


def choose(*, wanted: str | None, amount: Money) -> str:
    """The provider that was wanted, or where nothing was said the first usual one that takes so little.

    Raises `ProviderNotOffered`, `NothingTakesThis`, `AmountTooSmall`.
    """
    names = offered(amount.unit)
    if not names:
        raise NothingTakesThis(unit=amount.unit)
    if wanted and wanted not in names:
        raise ProviderNotOffered(offered=names)
    possible = [wanted] if wanted else names
    taking = [name for name in possible if least(name, amount.unit).minor <= amount.minor]
    if not taking:
        needed = min(least(name, amount.unit).minor for name in possible)
        raise AmountTooSmall(least=format_money(Money(needed, amount.unit), get_language() or "en"))
    return taking[0]


def part_of_balance(*, balance: Money, total: Money, provider: str) -> Money:
    """How much of `total` gift cards with `balance` pay, where `provider` takes the rest.

    As much as they hold, but so that either nothing is left to pay or as much as the provider takes at least.
    """
    part = min(balance, total)
    needed = least(provider, total.unit).minor
    if 0 < (total - part).minor < needed:
        part = Money(max(total.minor - needed, 0), total.unit)
    return part


def is_offered(payment: PaymentView) -> bool:
    """Whether the provider of an earlier payment may be chosen for its money now."""
    return payment.provider in offered(payment.amount.unit)
