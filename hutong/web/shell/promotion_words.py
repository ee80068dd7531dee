"""Promotions and coupons in words that people understand: what they take off, when they hold, why one does not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import get_language, gettext_lazy, ngettext
from django.utils.translation import gettext as _

from hutong.flows.terms_words import weekdays_words
from hutong.kernel.money import Money, format_money
from hutong.know.customers.types import Segment
from hutong.pay.pricing.types import (
    PPM,
    AmountOff,
    BuyGet,
    FirstPurchase,
    FreeDelivery,
    Gift,
    Issue,
    PercentOff,
    Promotion,
    PromotionState,
    Reason,
    Unused,
    Window,
)
from hutong.web.shell.typed import percent

STATES: Mapping[PromotionState, tuple[str, str, Any]] = {
    PromotionState.LIVE: ("good", "check", gettext_lazy("On")),
    PromotionState.PAUSED: ("wait", "hourglass", gettext_lazy("Paused")),
    PromotionState.ENDED: ("", "", gettext_lazy("Ended")),
}
ISSUES: Mapping[Issue | None, Any] = {
    None: gettext_lazy("For everybody, by itself"),
    Issue.CLAIM: gettext_lazy("A coupon that shoppers take on the page"),
    Issue.CODE: gettext_lazy("A coupon for a code"),
    Issue.PURCHASE: gettext_lazy("A coupon for the next order"),
    Issue.WELCOME: gettext_lazy("A coupon for new people"),
    Issue.SEGMENT: gettext_lazy("A coupon that you give to customers"),
}
SEGMENTS: Mapping[Segment, Any] = {
    Segment.BEST: gettext_lazy("Best"),
    Segment.REGULAR: gettext_lazy("Regular"),
    Segment.NEW: gettext_lazy("New"),
    Segment.OCCASIONAL: gettext_lazy("Occasional"),
    Segment.SLIPPING: gettext_lazy("Slipping away"),
    Segment.LOST: gettext_lazy("Lost"),
    Segment.BOUGHT: gettext_lazy("Bought, not come yet"),
}
"""A shop's customers by where they stand, in the order of the chips."""


def worth(rule: Promotion) -> str:
    """The shortest word for what it takes off, for the face of a coupon: €5, 10%, 2+1."""
    match rule.effect:
        case AmountOff(amount):
            return _money(amount)
        case PercentOff(rate_ppm, _most):
            return percent(rate_ppm)
        case BuyGet(buy, get, _rate, _times):
            return f"{buy}+{get}"
        case Gift():
            return _("Gift")
        case FreeDelivery():
            return _("Free delivery")


def effect(rule: Promotion) -> str:
    """What it takes off, in a sentence."""
    match rule.effect:
        case AmountOff(amount):
            return _("%(amount)s off") % {"amount": _money(amount)}
        case PercentOff(rate_ppm, most):
            off = _("%(percent)s off") % {"percent": percent(rate_ppm)}
            return _("%(off)s, at most %(most)s") % {"off": off, "most": _money(most)} if most else off
        case BuyGet(buy, get, rate_ppm, _times):
            values = {"buy": buy, "get": get, "percent": percent(rate_ppm)}
            if rate_ppm == PPM:
                return _("Buy %(buy)s, get %(get)s more free") % values
            return _("Buy %(buy)s, get %(get)s more %(percent)s cheaper") % values
        case Gift():
            return _("A gift with it")
        case FreeDelivery(most):
            return _("Free delivery up to %(most)s") % {"most": _money(most)} if most else _("Free delivery")


def limits(rule: Promotion) -> list[str]:
    """When, where and for whom it holds; empty where it always does. Deals, regions and stores are not named."""
    found = []
    limited = rule.limits
    if limited.minimum:
        found.append(_("From %(amount)s") % {"amount": _money(limited.minimum)})
    found += [_window(window) for window in limited.windows]
    if limited.first is FirstPurchase.AT_SHOP:
        found.append(_("First order in this shop"))
    if limited.first is FirstPurchase.ON_PLATFORM:
        found.append(_("First order here"))
    if limited.segments:
        found.append(_(", ").join(str(SEGMENTS[Segment(each)]) for each in sorted(limited.segments)))
    if rule.reach.offer_refs:
        n = len(rule.reach.offer_refs)
        found.append(ngettext("%(n)s deal", "%(n)s deals", n) % {"n": n})
    if rule.reach.categories:
        found.append(_("Some categories"))
    if limited.region_refs or limited.store_refs:
        found.append(_("Some places"))
    if rule.alone:
        found.append(_("Not together with other discounts"))
    return found


def why_not(unused: Unused) -> str:
    """Why a coupon of the wallet is not used in a cart."""
    if unused.reason is Reason.MINIMUM_NOT_REACHED and unused.missing:
        return _("%(amount)s more is needed.") % {"amount": _money(unused.missing)}
    if unused.reason is Reason.TOO_FEW:
        n = unused.missing_pieces
        return ngettext("%(n)s more piece is needed.", "%(n)s more pieces are needed.", n) % {"n": n}
    return str(_REASONS[unused.reason])


_REASONS: Mapping[Reason, Any] = {
    Reason.NOT_WANTED: gettext_lazy("Not chosen."),
    Reason.EXPIRED: gettext_lazy("It is over."),
    Reason.NOT_YET: gettext_lazy("It has not begun yet."),
    Reason.WRONG_CURRENCY: gettext_lazy("It is in another currency."),
    Reason.NOT_FOR_THIS_SHOP: gettext_lazy("It is for another shop."),
    Reason.NOT_IN_THIS_REGION: gettext_lazy("It does not hold in this place."),
    Reason.NOT_IN_THIS_STORE: gettext_lazy("It does not hold in this store."),
    Reason.NOT_FOR_YOU: gettext_lazy("It is for other customers."),
    Reason.FIRST_PURCHASE_ONLY: gettext_lazy("It is for a first order."),
    Reason.NOT_ON_THIS_DAY: gettext_lazy("It does not hold today."),
    Reason.NOT_AT_THIS_HOUR: gettext_lazy("It does not hold at this hour."),
    Reason.NOT_FOR_THESE: gettext_lazy("It is for other deals."),
    Reason.NO_DELIVERY: gettext_lazy("Nothing is delivered."),
    Reason.MINIMUM_NOT_REACHED: gettext_lazy("The order is too small."),
    Reason.TOO_FEW: gettext_lazy("More pieces are needed."),
    Reason.GIFT_NOT_IN_CART: gettext_lazy("The gift is not in the order."),
    Reason.NOTHING_LEFT: gettext_lazy("Nothing is left to take off."),
    Reason.OTHER_IS_BETTER: gettext_lazy("The other saves as much or more."),
}


def _window(window: Window) -> str:
    days = weekdays_words(frozenset(day + 1 for day in window.weekdays)) if window.weekdays else ""
    whole_day = window.opens == window.closes
    hours = "" if whole_day else f"{window.opens:%H:%M}–{window.closes:%H:%M}"
    return " ".join(part for part in (days, hours) if part)


def _money(amount: Money) -> str:
    return format_money(amount, get_language() or "en")
