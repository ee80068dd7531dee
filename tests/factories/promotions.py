"""Promotions that are run, and coupons that people hold. Amounts in cents."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import count
from typing import Any

from hutong.kernel.money import Money
from hutong.pay.pricing import queries, services
from hutong.pay.pricing.types import (
    AmountOff,
    Budget,
    Discount,
    Effect,
    EffectKind,
    Funder,
    Issue,
    Lane,
    Limits,
    PromotionDraft,
    PromotionView,
    Reach,
)
from hutong.town.people.models import Person
from tests.factories import people

_codes = count(1)


def draft(
    effect: Effect | None = None,
    lane: Lane = Lane.PLATFORM_PROMOTION,
    *,
    at: datetime,
    merchant_ref: str = "",
    minimum: int | None = None,
    budget: int | None = None,
    times: int | None = None,
    **fields: Any,
) -> PromotionDraft:
    """2.00 off for everybody, unless told otherwise; of the platform, unless in a shop's lane."""
    return PromotionDraft(
        titles=fields.pop("titles", {"en": "Autumn sale", "zh-Hans": "秋季特惠"}),
        lane=lane,
        effect=effect or AmountOff(Money(200, "EUR")),
        starts_at=fields.pop("starts_at", at - timedelta(days=1)),
        merchant_ref=merchant_ref,
        reach=fields.pop("reach", Reach()),
        limits=fields.pop("limits", Limits(minimum=None if minimum is None else Money(minimum, "EUR"))),
        budget=Budget(None if budget is None else Money(budget, "EUR"), times),
        **fields,
    )


def promotion(
    effect: Effect | None = None,
    lane: Lane = Lane.PLATFORM_PROMOTION,
    *,
    at: datetime,
    by: Person | None = None,
    **fields: Any,
) -> PromotionView:
    """One that runs since yesterday."""
    plan = draft(effect, lane, at=at, **fields)
    ref = services.make_promotion(draft=plan, by=by or people.operator(), at=at)
    made = queries.promotion_by_ref(ref)
    assert made is not None
    return made


def coupon(
    person: Person,
    effect: Effect | None = None,
    lane: Lane = Lane.PLATFORM_COUPON,
    *,
    at: datetime,
    **fields: Any,
) -> str:
    """A coupon that `person` took; its ref."""
    made = promotion(effect, lane, at=at, issue=Issue.CLAIM, **fields)
    return services.claim(promotion_ref=made.ref, person=person, at=at)


def discount(promotion: PromotionView, minor: int = 1, coupon_ref: str = "") -> Discount:
    """What a promotion of the platform, or a coupon of it, takes off the only line of an order."""
    return Discount(
        ref=coupon_ref or promotion.ref,
        promotion_ref=promotion.ref,
        kind=EffectKind.AMOUNT_OFF,
        titles=promotion.rule.titles,
        lane=Lane.PLATFORM_COUPON if coupon_ref else Lane.PLATFORM_PROMOTION,
        funder=Funder.PLATFORM,
        amount=Money(minor, "EUR"),
        lines=((0, Money(minor, "EUR")),),
    )


def code() -> str:
    """A code that no other promotion has."""
    return f"AUTUMN{next(_codes):04d}"
