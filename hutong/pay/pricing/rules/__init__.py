"""Pure decisions of `pricing`: the price of a cart (`cart`), its quote as JSON (`stored`), cancelling a part (`cancel`)."""

from hutong.pay.pricing.rules.cancel import binds, cancel
from hutong.pay.pricing.rules.cart import MAX_LINES, MAX_QUANTITY, flat_rate, price_cart
from hutong.pay.pricing.rules.errors import CancellationInvalid, CartInvalid, QuoteInvalid
from hutong.pay.pricing.rules.stored import from_json, to_json
from hutong.pay.pricing.rules.totals import VERSION

__all__ = [
    "MAX_LINES",
    "MAX_QUANTITY",
    "VERSION",
    "CancellationInvalid",
    "CartInvalid",
    "QuoteInvalid",
    "binds",
    "cancel",
    "flat_rate",
    "from_json",
    "price_cart",
    "to_json",
]
