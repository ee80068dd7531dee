"""Shapes of coupons."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from ninja import Schema
from pydantic import StringConstraints, model_validator

from hutong.pay.pricing.types import CouponState, CouponView, EffectKind, Issue

from .base import ONE_LINE, Ref, said


class CouponIn(Schema):
    """The code of a coupon as it was typed, or the promotion whose coupon is taken; one of the two."""

    code: Annotated[str, StringConstraints(min_length=1, max_length=40, pattern=ONE_LINE)] | None = None
    promotion: Ref | None = None

    @model_validator(mode="after")
    def _one_of_two(self) -> CouponIn:
        if (self.code is None) == (self.promotion is None):
            raise ValueError("Give either a code or a promotion.")
        return self


class CouponOut(Schema):
    """A coupon as its holder sees it. `usable` says whether it can be used now; `merchant` is null for the platform's.

    `withdrawn_at` is when the order that earned it was given back whole: it is good for no new order since.
    """

    ref: str
    title: str
    kind: EffectKind
    merchant: str | None
    state: CouponState
    usable: bool
    source: Issue
    ends_at: datetime | None
    order: str | None
    used_at: datetime | None
    withdrawn_at: datetime | None

    @staticmethod
    def of(coupon: CouponView, at: datetime) -> CouponOut:
        """The shape of `coupon` at a moment."""
        rule = coupon.coupon.promotion
        return CouponOut(
            ref=coupon.ref,
            title=said(rule.titles),
            kind=rule.effect.kind,
            merchant=coupon.merchant_ref or None,
            state=coupon.state,
            usable=coupon.usable(at),
            source=coupon.source,
            ends_at=coupon.ends_at,
            order=coupon.order_ref or None,
            used_at=coupon.used_at,
            withdrawn_at=coupon.withdrawn_at,
        )
