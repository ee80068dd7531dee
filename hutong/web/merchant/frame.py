"""The frame of the shop's pages: navigation by role, the store's zone, one way to render."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from hutong.kernel.text import pick
from hutong.town.merchants.queries import names_of
from hutong.town.merchants.types import Right
from hutong.web.merchant.access import Desk
from hutong.web.shell.parts import page


def merchant_page(
    request: HttpRequest,
    desk: Desk,
    template: str,
    context: dict[str, Any],
    *,
    tab: str,
    part: str = "",
    status: int = 200,
) -> HttpResponse:
    """A page of the shop with its frame, or the `part` htmx asked for. `tab` names the entry that is current."""
    framed = {
        "desk": desk,
        "zone": desk.store.zone,
        "nav": navigation(desk, tab),
        "console_name": pick(desk.store.names, get_language() or "en"),
        "acting_names": names_of([desk.merchant_ref]).get(desk.merchant_ref, {}) if desk.acting else {},
        **context,
    }
    return page(request, template, framed, part=part, status=status)


def saved_words(desk: Desk, *, told: bool = False) -> str:
    """What a save promises. `told`: of what the shop says of itself, which counts once it is approved."""
    if desk.approved or (desk.store.shown and not told):
        return _("Saved. Shoppers see it at once.")
    return _("Saved. Shoppers see it once the platform has approved your shop.")


def navigation(desk: Desk, tab: str) -> list[dict[str, Any]]:
    """The entries this desk may open, the most used first."""
    entries: list[tuple[str, str, str, str]] = []
    if desk.device is not None or desk.may(Right.REDEEM):
        entries.append(("scan", "merchant_scan", "scan-line", _("Scan")))
    if desk.role is not None or desk.acting:
        entries.append(("today", "merchant_today", "calendar", _("Today")))
    if desk.may(Right.EDIT_DEALS, everywhere=True):
        entries.append(("deals", "merchant_deals", "tag", _("Deals")))
    if desk.may(Right.EDIT_STORE):
        entries.append(("store", "merchant_store", "pencil", _("Store page")))
    if desk.may(Right.SEE_ORDERS):
        entries.append(("orders", "merchant_orders", "receipt", _("Orders")))
    if desk.may(Right.EDIT_DEALS, everywhere=True):
        entries.append(("promotions", "merchant_promotions", "percent", _("Promotions")))
        entries.append(("vouchers", "merchant_vouchers", "ticket", _("Sold and not used")))
    if desk.may(Right.SEE_MONEY, everywhere=True):
        entries.append(("money", "merchant_money", "wallet", _("Money")))
    if desk.may(Right.ANSWER_REVIEWS):
        entries.append(("reviews", "merchant_reviews", "star", _("Reviews")))
    if desk.may(Right.SEE_CUSTOMERS, everywhere=True):
        entries.append(("customers", "merchant_customers", "users", _("Customers")))
    if desk.may(Right.EDIT_STORE, everywhere=True):
        entries.append(("log", "merchant_audit", "history", _("What changed")))
    if desk.role is not None or desk.acting:
        entries.append(("desk", "merchant_desk", "store", _("Store and devices")))
        if desk.may(Right.MANAGE_TEAM):
            entries.append(("team", "merchant_team", "user-plus", _("Team")))
        if desk.may(Right.MANAGE_MERCHANT, everywhere=True):
            entries.append(("stores", "merchant_stores", "building-2", _("Company and stores")))
        entries.append(("me", "me", "circle-user", _("Me")))
    return [
        {"url": reverse(name), "icon": icon, "label": label, "current": key == tab}
        for key, name, icon, label in entries
    ]
