"""Amounts as Stripe counts them. Most currencies are the same as ours; some are not.

Ours are minor units by ISO 4217 (`kernel.money`). Stripe has a list of zero-decimal currencies of its own, wants
hundredths of two currencies that have none, and takes three-decimal currencies in steps of ten.
See https://docs.stripe.com/currencies.
"""

from hutong.kernel.money import Money, exponent
from hutong.pay.payments.providers.errors import ProviderRefused

# Whole units at Stripe; the ariary has two decimals by ISO 4217, the others none.
_WHOLE = frozenset(
    ("BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF")
)
# Without decimals by ISO 4217, and still written in hundredths at Stripe.
_HUNDREDTHS = frozenset(("ISK", "UGX"))
# The least charge in our minor units, for the currencies that Stripe names it of. For others, and where an account is
# settled in another currency, it is the worth of what that one needs: only Stripe knows it then, and says so.
_LEAST = {
    **dict.fromkeys(("AUD", "BRL", "CAD", "CHF", "EUR", "INR", "JPY", "NZD", "SGD", "USD"), 50),
    **dict.fromkeys(("AED", "MYR", "PLN", "RON"), 200),
    **dict.fromkeys(("NOK", "SEK"), 300),
    **dict.fromkeys(("MXN", "THB"), 1_000),
    **{"GBP": 30, "BGN": 100, "DKK": 250, "HKD": 400, "CZK": 1_500, "HUF": 17_500},
}


def least_charge(unit: str) -> int:
    """The least that Stripe takes, in our minor units; 1 in a currency for which it names no amount."""
    return _LEAST.get(unit, 1)


def _exponent_at_stripe(unit: str) -> int:
    if unit in _WHOLE:
        return 0
    return 2 if unit in _HUNDREDTHS else exponent(unit)


def to_stripe(money: Money) -> tuple[int, str]:
    """The amount and the currency code for a call. `ProviderRefused` where Stripe cannot write the amount."""
    unit = money.unit
    if not (len(unit) == 3 and unit.isascii() and unit.isalpha()):
        raise ProviderRefused(reason=f"Stripe has no currency {unit}.")
    ours, theirs = exponent(unit), _exponent_at_stripe(unit)
    amount, rest = divmod(money.minor * 10**theirs, 10**ours)
    if rest or (theirs == 3 and amount % 10):
        raise ProviderRefused(reason=f"Stripe cannot take {money.major_text} {unit}: the amount is too fine.")
    return amount, unit.lower()


def from_stripe(amount: object, currency: object) -> Money:
    """What Stripe wrote, as our money. `ValueError` where it is no amount."""
    if type(amount) is not int:
        raise ValueError(f"no amount: {amount!r}")
    if not (isinstance(currency, str) and len(currency) == 3 and currency.isascii() and currency.isalpha()):
        raise ValueError(f"no currency: {currency!r}")
    unit = currency.upper()
    minor, rest = divmod(amount * 10 ** exponent(unit), 10 ** _exponent_at_stripe(unit))
    if rest:
        raise ValueError(f"{amount} is no whole amount of {unit}")
    return Money(minor, unit)
