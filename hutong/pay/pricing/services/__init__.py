"""Writes of `pricing`. What concerns an order joins the caller's transaction, which has locked the order.

Promotions are locked after the order, its payment and stock, and before ledger accounts, in the order of their keys.
"""

from hutong.pay.pricing.services.coupons import (
    CodeUnknown,
    CouponsGone,
    CouponTaken,
    claim,
    enter_code,
    give,
    withdraw,
)
from hutong.pay.pricing.services.promotions import (
    BudgetTooSmall,
    CodeTaken,
    PromotionOver,
    PromotionRefused,
    PromotionUnknown,
    TooManyPromotions,
    change_budget,
    end_promotion,
    make_promotion,
    switch_promotion,
)
from hutong.pay.pricing.services.shown import PriceChanged, require_shown_price
from hutong.pay.pricing.services.uses import (
    DiscountGone,
    give_back,
    hold,
    release,
    retake,
    settle,
)

__all__ = [
    "BudgetTooSmall",
    "CodeTaken",
    "CodeUnknown",
    "CouponTaken",
    "CouponsGone",
    "DiscountGone",
    "PriceChanged",
    "PromotionOver",
    "PromotionRefused",
    "PromotionUnknown",
    "TooManyPromotions",
    "change_budget",
    "claim",
    "end_promotion",
    "enter_code",
    "give",
    "give_back",
    "hold",
    "make_promotion",
    "release",
    "require_shown_price",
    "retake",
    "settle",
    "switch_promotion",
    "withdraw",
]
