"""Prices of an offer by quantity and by hours: as the engine of prices takes them, and in words."""

from collections.abc import Sequence
from datetime import time

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from hutong.flows.terms_words import days_words
from hutong.kernel.money import format_money
from hutong.pay.pricing.types import SpecialPrice, Window
from hutong.town.catalog.types import OfferView, PriceWindow
from hutong.town.catalog.types import SpecialPrice as OfferPrice


def of_offer(offer: OfferView) -> tuple[SpecialPrice, ...]:
    """The special prices of an offer for a line of a cart."""
    return tuple(
        SpecialPrice(
            price=special.price,
            from_quantity=special.from_quantity,
            windows=tuple(
                Window(frozenset(day - 1 for day in window.weekdays), window.opens, window.closes)
                for window in special.windows
            ),
        )
        for special in offer.special_prices
    )


def words(prices: Sequence[OfferPrice], *, bind: bool) -> list[str]:
    """One line for each price, as shoppers read it, and what binds where something does."""
    lines = [_line(special) for special in sorted(prices, key=_order)]
    if bind and any(special.from_quantity > 1 for special in prices):
        lines.append(_("If you give some back, what you keep costs the price for its number."))
    return lines


def _order(special: OfferPrice) -> tuple[bool, int, int]:
    return bool(special.windows), special.from_quantity, -special.price.minor


def _line(special: OfferPrice) -> str:
    price = format_money(special.price, get_language() or "en")
    when = _("; ").join(_when(window) for window in special.windows)
    if special.from_quantity == 1:
        return _("%(when)s: %(price)s each, if ordered then") % {"when": when, "price": price}
    values = {"n": special.from_quantity, "price": price, "when": when}
    if not special.windows:
        return _("%(n)s or more: %(price)s each") % values
    return _("%(when)s, %(n)s or more: %(price)s each, if ordered then") % values


def _when(window: PriceWindow) -> str:
    days = days_words(window.weekdays) if len(window.weekdays) < 7 else ""
    hours = f"{window.opens:%H:%M}–{window.closes:%H:%M}"
    if window.opens == window.closes == time.min:
        hours = ""
    return " ".join(part for part in (days, hours) if part) or _("Every day")
