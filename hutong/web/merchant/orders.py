"""The shop's orders: found, looked at, and taken along as a file. It says nothing of a shopper but three digits."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from hutong.flows import refund as flow
from hutong.flows.stored_value import refunds_of_order
from hutong.kernel import clock
from hutong.kernel.errors import DomainError
from hutong.kernel.money import Money
from hutong.kernel.text import pick
from hutong.pay.orders import queries as orders
from hutong.pay.orders.types import OrderState, OrderSummary, OrderView, SoldUnit
from hutong.pay.payments.queries import disputes_of_order
from hutong.town.catalog.queries import merchant_offers
from hutong.town.merchants.types import Right
from hutong.visit.vouchers.queries import terms_of_all, vouchers_of_order
from hutong.web.merchant.access import Desk, needs
from hutong.web.merchant.frame import merchant_page
from hutong.web.shell.commission_words import why_then
from hutong.web.shell.order_states import state_chips
from hutong.web.shell.refunding import RefundForm, refund_rows, tell, unit_rows
from hutong.web.shell.spreadsheet import csv_file, plain

PAGE = 25
MOST_IN_FILE = 10_000


class SearchForm(forms.Form):
    """What the list shows; anything that cannot be read counts as nothing."""

    q = forms.CharField(required=False, max_length=40)
    state = forms.ChoiceField(required=False, choices=[(state.value, state.value) for state in OrderState])
    deal = forms.CharField(required=False, max_length=40)
    since = forms.DateField(
        label=gettext_lazy("Ordered from"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    until = forms.DateField(
        label=gettext_lazy("to"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    before = forms.CharField(required=False, max_length=40)


@needs(Right.SEE_ORDERS)
@require_safe
def order_list(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Orders, the newest first, by state, deal, days, a part of the order's number or three digits of the phone."""
    wanted = _wanted(request)
    found = _found(desk, wanted, before=wanted["before"], limit=PAGE + 1)
    more = len(found) > PAGE
    context = {
        "orders": found[:PAGE],
        "terms": terms_of_all({order.offer_ref for order in found}),
        "wanted": wanted,
        "narrowed": any(wanted.values()),
        "chips": state_chips(wanted["state"], lambda state: _address("merchant_orders", wanted, state=state)),
        "deals": merchant_offers(desk.merchant_ref),
        "next_url": _address("merchant_orders", wanted, before=found[PAGE - 1].order_ref) if more else "",
        "file_url": _address("merchant_orders_file", wanted),
    }
    part = "merchant/_order_rows.html" if wanted["before"] else ""
    return merchant_page(request, desk, "merchant/orders.html", context, tab="orders", part=part)


@needs(Right.SEE_ORDERS)
@require_safe
def order(request: HttpRequest, desk: Desk, order_ref: str) -> HttpResponse:
    """One order with its units, their uses and what went back. One statement a room."""
    return merchant_page(
        request, desk, "merchant/order.html", _facts(desk, _order(desk, order_ref)), tab="orders"
    )


@needs(Right.REFUND)
@require_http_methods(["GET", "HEAD", "POST"])
def refund(request: HttpRequest, desk: Desk, order_ref: str) -> HttpResponse:
    """GET with units: the amount, before anything happens. POST: give it back, at the amount that was shown."""
    assert desk.person is not None, "a right is a person's"
    found = _order(desk, order_ref)
    form = RefundForm(found, request.POST if request.method == "POST" else request.GET, used_too=True)
    context = {**_facts(desk, found), "form": form, "asked": request.method == "POST"}
    if not form.is_valid():
        return merchant_page(request, desk, "merchant/order.html", context, tab="orders", status=422)
    reason = form.cleaned_data["reason"].strip()
    if request.method != "POST" or form.cleaned_data["shown"] != form.amount.minor or not reason:
        return merchant_page(request, desk, "merchant/refund.html", context, tab="orders")
    try:
        done = flow.refund(
            order_ref=order_ref,
            unit_refs=form.cleaned_data["unit"],
            reason=reason,
            by=desk.person,
            as_operator=False,
            as_merchant=True,
            at=clock.now(),
        )
    except DomainError as error:
        messages.error(request, str(error))
    else:
        tell(request, done)
    return redirect("merchant_order", order_ref=order_ref)


def _order(desk: Desk, order_ref: str) -> OrderView:
    """An order of the desk's merchant that may be seen there."""
    found = orders.order_view(order_ref, merchant_id=desk.merchant_id)
    if found is None or _store(desk) not in (None, found.store_ref):
        raise Http404
    return found


def _facts(desk: Desk, found: OrderView) -> dict[str, Any]:
    """What the pages of one order show. One statement a room."""
    order_ref = found.order_ref
    sold = orders.units_of(order_ref) if desk.may(Right.SEE_MONEY) else ()
    made = vouchers_of_order(order_ref, at=clock.now())
    lines = unit_rows(found, made, may_refund=desk.may(Right.REFUND), used_too=True)
    return {
        "order": found,
        "lines": lines,
        "choosable": any(row.choosable for _line, rows in lines for row in rows),
        "terms": terms_of_all({line.offer_ref for line in found.lines}),
        "zone": found.zone,
        "refunds": refund_rows(refunds_of_order(order_ref)),
        "kept": _kept(sold, found.total.unit),
        "sees_money": bool(sold),
        "disputes": disputes_of_order(order_ref) if desk.may(Right.SEE_MONEY, everywhere=True) else [],
    }


def _kept(sold: Sequence[SoldUnit], unit: str) -> dict[str, Any]:
    """What is kept of an order's units, as it was fixed at sale, and why."""
    nothing = Money(0, unit)
    return {
        "commission": sum((each.commission for each in sold), nothing),
        "commission_tax": sum((each.commission_tax for each in sold), nothing),
        "provider_fee": sum((each.provider_fee for each in sold), nothing),
        "why": list(dict.fromkeys(why_then(each.commission_reason) for each in sold)),
    }


@needs(Right.SEE_ORDERS)
@require_safe
def order_file(request: HttpRequest, desk: Desk) -> HttpResponse:
    """What the list shows, all of it, as a table for other programs; the newest 10,000 at most."""
    wanted = _wanted(request)
    heads = [
        _("Order"), _("Ordered"), _("Paid"), _("State"), _("Deal"), _("Uses"), _("Total"), _("Refunded"),
        _("Currency"), _("Phone"), _("Store"),
    ]  # fmt: skip
    found = _found(desk, wanted, before="", limit=MOST_IN_FILE)
    day = clock.local(clock.now(), desk.store.zone).date()
    return csv_file(f"orders-{day.isoformat()}.csv", heads, map(_cells, found))


def _cells(order: OrderSummary) -> list[str]:
    language = get_language() or "en"
    cells = [
        order.order_ref,
        clock.local(order.created_at, order.zone).strftime("%Y-%m-%d %H:%M"),
        clock.local(order.paid_at, order.zone).strftime("%Y-%m-%d %H:%M") if order.paid_at else "",
        order.state.value,
        pick(order.titles, language),
        str(order.quantity),
        order.total.major_text,
        order.refunded.major_text,
        order.total.unit,
        order.masked_phone.removeprefix("+"),
        pick(order.store_names or {}, language),
    ]
    return [plain(cell) for cell in cells]


def _wanted(request: HttpRequest) -> dict[str, str]:
    form = SearchForm(request.GET)
    form.is_valid()
    values = {name: form.cleaned_data.get(name) for name in form.fields}
    return {
        name: value.isoformat() if isinstance(value, date) else str(value or "")
        for name, value in values.items()
    }


def _found(desk: Desk, wanted: dict[str, str], *, before: str, limit: int) -> list[OrderSummary]:
    return orders.merchant_orders(
        merchant_id=desk.merchant_id,
        store_ref=_store(desk),
        state=OrderState(wanted["state"]) if wanted["state"] else None,
        offer_ref=wanted["deal"],
        text=wanted["q"],
        since=_midnight(desk, wanted["since"], 0),
        until=_midnight(desk, wanted["until"], 1),
        before_ref=before or None,
        limit=limit,
    )


def _midnight(desk: Desk, day: str, later: int) -> datetime | None:
    """When a day begins in the desk's zone, or the one `later` days after it."""
    if not day or not date(1970, 1, 1) < date.fromisoformat(day) < date(9999, 1, 1):
        return None
    return clock.day_bounds(date.fromisoformat(day) + timedelta(days=later), desk.store.zone)[0]


def _store(desk: Desk) -> str | None:
    """The store whose orders may be seen; None for who may see those of all stores."""
    return None if desk.may(Right.SEE_ORDERS, everywhere=True) else desk.store.ref


def _address(name: str, wanted: dict[str, str], **changes: str) -> str:
    query = {**wanted, "before": "", **changes}
    return f"{reverse(name)}?{urlencode({key: value for key, value in query.items() if value})}"
