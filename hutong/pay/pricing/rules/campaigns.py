"""Promotions as they are kept: their rule's way into JSON and back, what is wrong with a plan, codes, ends."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from typing import Any

from hutong.kernel.money import Money
from hutong.pay.pricing.rules.sift import COUPON_LANES, PROMOTION_LANES
from hutong.pay.pricing.types import (
    AmountOff,
    BuyGet,
    Effect,
    EffectKind,
    FirstPurchase,
    FreeDelivery,
    Funder,
    Gift,
    Issue,
    Lane,
    Limits,
    PercentOff,
    Promotion,
    PromotionDraft,
    PromotionInvalid,
    Reach,
    Window,
)

MOST_LIVE = 30
"""Promotions without coupon that a shop, or the platform, runs at once. The price of a cart is worked out over all of
them, and many of near-equal percentages take long (docs/concepts/pricing.md)."""

_ALIKE = str.maketrans({"O": "0", "I": "1", "L": "1"})


def folded(code: str) -> str:
    """A typed code as it is compared: without spaces and hyphens, in capitals, one letter for those that look alike."""
    return "".join(code.split()).replace("-", "").upper().translate(_ALIKE)


def first_scope(first: FirstPurchase, merchant_ref: str) -> str:
    """Where one order of a person is the first: the shop's ref, or a word for the whole platform."""
    return merchant_ref if first is FirstPurchase.AT_SHOP else FirstPurchase.ON_PLATFORM.value


def funder_of(lane: Lane, merchant_ref: str) -> Funder:
    """Whoever gives a promotion bears it."""
    shop = lane in (Lane.SHOP_PROMOTION, Lane.SHOP_COUPON) or (lane is Lane.DELIVERY and merchant_ref)
    return Funder.MERCHANT if shop else Funder.PLATFORM


def rule_of(draft: PromotionDraft, ref: str) -> Promotion:
    """What a plan does to prices. Raises PromotionInvalid."""
    return Promotion(
        ref=ref,
        titles=draft.titles,
        lane=draft.lane,
        funder=funder_of(draft.lane, draft.merchant_ref),
        effect=draft.effect,
        starts_at=draft.starts_at,
        ends_at=draft.ends_at,
        reach=Reach(draft.merchant_ref, draft.reach.offer_refs, draft.reach.categories),
        limits=draft.limits,
        alone=draft.alone,
        binding=draft.binding,
    )


def faults(draft: PromotionDraft, at: datetime) -> dict[str, str]:
    """What is wrong with a plan, by field, in stable words; empty where it makes sense."""
    found: dict[str, str] = {}
    if not any(text.strip() for text in draft.titles.values()):
        found["titles"] = "missing"
    if draft.ends_at is not None and draft.ends_at <= max(draft.starts_at, at):
        found["ends_at"] = "over"
    held = draft.issue is not None
    if draft.lane not in (COUPON_LANES if held else PROMOTION_LANES):
        found["issue"] = "wrong_lane"
    if (draft.lane in (Lane.SHOP_PROMOTION, Lane.SHOP_COUPON)) != bool(draft.merchant_ref) and (
        draft.lane is not Lane.DELIVERY
    ):
        found["lane"] = "whose"
    if draft.issue is Issue.CODE and not 4 <= len(folded(draft.code)) <= 30:
        found["code"] = "length"
    counts = {
        "budget_count": draft.budget.count,
        "per_person": draft.per_person,
        "issue_limit": draft.issue_limit,
        "coupons_each": draft.coupons_each,
        "valid_days": draft.valid_days,
    }
    found |= {field: "positive" for field, count in counts.items() if count is not None and count < 1}
    amounts = {"budget_amount": draft.budget.amount, "issue_minimum": draft.issue_minimum}
    found |= {field: "positive" for field, each in amounts.items() if each is not None and each.minor < 1}
    if "budget_amount" not in found and _never_fits(draft):
        found["budget_amount"] = "too_small"
    if len({money.unit for money in _amounts(draft)}) > 1:
        found["unit"] = "currencies"
    return found


def _never_fits(draft: PromotionDraft) -> bool:
    """Whether the budget is less than what one use takes."""
    budget, effect = draft.budget.amount, draft.effect
    fixed = isinstance(effect, AmountOff) and budget is not None and budget.unit == effect.amount.unit
    return fixed and isinstance(effect, AmountOff) and budget is not None and budget < effect.amount


def _amounts(draft: PromotionDraft) -> list[Money]:
    own = [draft.budget.amount, draft.issue_minimum, draft.limits.minimum]
    if isinstance(draft.effect, AmountOff):
        own.append(draft.effect.amount)
    elif isinstance(draft.effect, PercentOff | FreeDelivery):
        own.append(draft.effect.most)
    return [money for money in own if money is not None]


def coupon_ends_at(*, at: datetime, valid_days: int | None, ends_at: datetime | None) -> datetime | None:
    """When a coupon that is got at `at` ends: so many times 24 hours later, or with its promotion if that is sooner."""
    own = None if valid_days is None else at + timedelta(days=valid_days)
    return min((each for each in (own, ends_at) if each is not None), default=None)


def rule_to_json(rule: Promotion) -> dict[str, Any]:
    """What of a rule has no column of its own: effect, reach and limits, amounts in minor units of the rule's unit."""
    limits = rule.limits
    return {
        "effect": _effect_to_json(rule.effect),
        "offers": sorted(rule.reach.offer_refs),
        "categories": sorted(rule.reach.categories),
        "minimum": None if limits.minimum is None else limits.minimum.minor,
        "windows": [
            [sorted(window.weekdays), window.opens.isoformat(), window.closes.isoformat()]
            for window in limits.windows
        ],
        "regions": sorted(limits.region_refs),
        "stores": sorted(limits.store_refs),
        "segments": sorted(limits.segments),
        "first": limits.first.value if limits.first else None,
        "brand": rule.brand_ref,
        "alone": rule.alone,
        "binding": rule.binding,
    }


def _effect_to_json(effect: Effect) -> dict[str, Any]:
    told: dict[str, Any] = {"kind": effect.kind.value}
    match effect:
        case AmountOff(amount):
            told["amount"] = amount.minor
        case PercentOff(rate_ppm, most):
            told |= {"rate_ppm": rate_ppm, "most": None if most is None else most.minor}
        case BuyGet(buy, get, rate_ppm, times):
            told |= {"buy": buy, "get": get, "rate_ppm": rate_ppm, "times": times}
        case Gift(offer_ref):
            told["offer"] = offer_ref
        case FreeDelivery(most):
            told["most"] = None if most is None else most.minor
    return told


def rule_from_json(
    stored: Mapping[str, Any],
    *,
    ref: str,
    titles: Mapping[str, str],
    lane: Lane,
    unit: str,
    merchant_ref: str,
    starts_at: datetime,
    ends_at: datetime | None,
) -> Promotion:
    """The rule that `rule_to_json` wrote, with what stands in columns."""
    return Promotion(
        ref=ref,
        titles=titles,
        lane=lane,
        funder=funder_of(lane, merchant_ref),
        effect=_effect_from_json(stored["effect"], unit),
        starts_at=starts_at,
        ends_at=ends_at,
        reach=Reach(merchant_ref, frozenset(stored["offers"]), frozenset(stored["categories"])),
        limits=Limits(
            minimum=_money(stored["minimum"], unit),
            windows=tuple(
                Window(frozenset(weekdays), time.fromisoformat(opens), time.fromisoformat(closes))
                for weekdays, opens, closes in stored["windows"]
            ),
            region_refs=frozenset(stored["regions"]),
            store_refs=frozenset(stored["stores"]),
            segments=frozenset(stored["segments"]),
            first=FirstPurchase(stored["first"]) if stored["first"] else None,
        ),
        brand_ref=stored["brand"],
        alone=stored["alone"],
        binding=stored["binding"],
    )


def _effect_from_json(stored: Mapping[str, Any], unit: str) -> Effect:
    match EffectKind(stored["kind"]):
        case EffectKind.AMOUNT_OFF:
            return AmountOff(Money(stored["amount"], unit))
        case EffectKind.PERCENT_OFF:
            return PercentOff(stored["rate_ppm"], _money(stored["most"], unit))
        case EffectKind.BUY_GET:
            return BuyGet(stored["buy"], stored["get"], stored["rate_ppm"], stored["times"])
        case EffectKind.GIFT:
            return Gift(stored["offer"])
        case EffectKind.FREE_DELIVERY:
            return FreeDelivery(_money(stored["most"], unit))
    raise PromotionInvalid(f"no promotion has the effect {stored['kind']!r}")


def _money(minor: int | None, unit: str) -> Money | None:
    return None if minor is None else Money(minor, unit)
