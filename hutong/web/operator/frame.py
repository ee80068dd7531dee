"""The frame of the operator's pages: navigation with what waits, the region looked at, one way to render."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from hutong.attract.reviews.queries import queue_count
from hutong.pay.payments.queries import waiting_for_operator
from hutong.pay.settlement.queries import count_waiting
from hutong.town.catalog.queries import pending_offers
from hutong.town.contents.queries import waiting as waiting_contents
from hutong.town.merchants.queries import open_claims, pending_merchants
from hutong.town.people.services import PhoneInvalid, normalise_phone
from hutong.town.regions import queries as regions
from hutong.town.regions.types import RegionView
from hutong.web.shell.parts import page

REGION_KEY = "operator_region"
MOST_COUNTED = 99

# The pages behind "Money", in the order of their row: the `tab` of the page, the name of its address, its label.
MONEY_PAGES = [
    ("money", "operator_money", gettext_lazy("Where it is")),
    ("refunds", "operator_refunds", gettext_lazy("Refunds")),
    ("disputes", "operator_disputes", gettext_lazy("Chargebacks")),
    ("bills", "operator_bills", gettext_lazy("Bills")),
    ("payouts", "operator_payouts", gettext_lazy("Payouts")),
    ("commission", "operator_commission", gettext_lazy("Commission")),
    ("months", "operator_months", gettext_lazy("Months")),
    ("gift_cards", "operator_gift_cards", gettext_lazy("Gift cards")),
    ("points", "operator_points", gettext_lazy("Points")),
    ("books", "operator_books", gettext_lazy("Books")),
]


def operator_page(
    request: HttpRequest,
    template: str,
    context: dict[str, Any],
    *,
    tab: str,
    part: str = "",
    status: int = 200,
) -> HttpResponse:
    """A page with its frame. `waiting` and `refunds_open` are counted up to 99, for the navigation."""
    waiting = min(
        MOST_COUNTED,
        len(open_claims(MOST_COUNTED))
        + len(pending_merchants(MOST_COUNTED))
        + len(pending_offers(MOST_COUNTED))
        + len(waiting_contents(MOST_COUNTED)),
    )
    counts = waiting_for_operator(most=MOST_COUNTED)
    counts |= {"payouts": count_waiting(most=MOST_COUNTED)}
    framed = {
        "nav": navigation(tab, waiting=waiting, money_waits=min(MOST_COUNTED, sum(counts.values()))),
        "money_pages": money_pages(tab, counts),
        "console_name": _("Operator"),
        "zone": settings.TIME_ZONE,
        "waiting": waiting,
        "refunds_open": counts["refunds"],
        **context,
    }
    return page(request, template, framed, part=part, status=status)


def navigation(tab: str, *, waiting: int, money_waits: int) -> list[dict[str, Any]]:
    """The entries, with how many things wait behind each. "Money" stands for all of `MONEY_PAGES`."""
    money = {key for key, _name, _label in MONEY_PAGES}
    entries = [
        ("figures", "operator_figures", "chart-line", _("Figures"), 0),
        ("queue", "operator_queue", "clipboard-check", _("Queue"), waiting),
        ("reviews", "operator_reviews", "star", _("Reviews"), queue_count(most=MOST_COUNTED)),
        ("orders", "operator_orders", "receipt", _("Orders"), 0),
        ("money", MONEY_PAGES[0][1], "banknote", _("Money"), money_waits),
        ("promotions", "operator_promotions", "percent", _("Promotions"), 0),
        ("merchants", "operator_merchants", "store", _("Merchants"), 0),
        ("site", "operator_site", "settings", _("Site"), 0),
        ("audit", "operator_audit", "history", _("Audit log"), 0),
        ("me", "me", "circle-user", _("Me"), 0),
    ]
    current = "money" if tab in money else tab
    return [
        {"url": reverse(name), "icon": icon, "label": label, "current": key == current, "count": count}
        for key, name, icon, label, count in entries
    ]


def money_pages(tab: str, counts: Mapping[str, int]) -> list[dict[str, Any]]:
    """The row of pages behind "Money", as chips; none where the page looked at is not one of them."""
    if tab not in {key for key, _name, _label in MONEY_PAGES}:
        return []
    return [
        {"url": reverse(name), "label": label, "current": key == tab, "count": counts.get(key) or None}
        for key, name, label in MONEY_PAGES
    ]


def region_of(request: HttpRequest) -> tuple[RegionView | None, list[RegionView]]:
    """The region looked at (asked for, remembered, or the default), and all there are to choose from."""
    every = regions.towns()
    wanted = request.GET.get("region") or request.session.get(REGION_KEY)
    chosen = next((region for region in every if region.slug == wanted), None)
    if chosen is not None and request.session.get(REGION_KEY) != chosen.slug:
        request.session[REGION_KEY] = chosen.slug
    return chosen or regions.default_region(), every


def zone_of(request: HttpRequest) -> str:
    """The zone of the region looked at, in which times are told where they belong to no shop."""
    region, _every = region_of(request)
    return region.zone if region else settings.TIME_ZONE


def typed_phone(text: str) -> str:
    """What was typed into a search as a phone number in E.164 form; "" where it is no whole number."""
    try:
        return normalise_phone(text) if any(map(str.isdigit, text)) else ""
    except PhoneInvalid:
        return ""
