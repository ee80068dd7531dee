"""Pure decisions of `pricing`: the price of a cart (`cart`), its quote as JSON (`stored`), cancelling a part (`cancel`),
promotions as they are kept (`campaigns`)."""

from hutong.pay.pricing.rules.campaigns import (
    MOST_LIVE,
    coupon_ends_at,
    faults,
    first_scope,
    folded,
    funder_of,
    rule_from_json,
    rule_of,
    rule_to_json,
)
from hutong.pay.pricing.rules.cancel import binds, cancel
from hutong.pay.pricing.rules.cart import MAX_LINES, MAX_QUANTITY, flat_rate, price_cart
from hutong.pay.pricing.rules.errors import CancellationInvalid, CartInvalid, QuoteInvalid
from hutong.pay.pricing.rules.sift import COUPON_LANES, PROMOTION_LANES
from hutong.pay.pricing.rules.stored import from_json, to_json
from hutong.pay.pricing.rules.totals import VERSION

__all__ = [
    "COUPON_LANES",
    "MAX_LINES",
    "MAX_QUANTITY",
    "MOST_LIVE",
    "PROMOTION_LANES",
    "VERSION",
    "CancellationInvalid",
    "CartInvalid",
    "QuoteInvalid",
    "binds",
    "cancel",
    "coupon_ends_at",
    "faults",
    "first_scope",
    "flat_rate",
    "folded",
    "from_json",
    "funder_of",
    "price_cart",
    "rule_from_json",
    "rule_of",
    "rule_to_json",
    "to_json",
]
