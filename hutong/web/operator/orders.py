"""Orders for the operator: find one, see everything about it, give money back, send a failed refund again."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import get_language
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from hutong.flows import refund as flow
from hutong.flows import stored_value
from hutong.kernel import clock
from hutong.kernel.errors import DomainError
from hutong.pay.orders import queries as orders
from hutong.pay.orders.types import OrderState, OrderView
from hutong.pay.payments import queries as payments
from hutong.town.contents.types import ReasonKind
from hutong.town.people.services import Person
from hutong.visit.vouchers.queries import terms_of_all, vouchers_of_order
from hutong.web.operator.access import operators
from hutong.web.operator.frame import operator_page, typed_phone, zone_of
from hutong.web.operator.queue.reasons import Choice, choices
from hutong.web.shell.order_states import state_chips
from hutong.web.shell.refunding import RefundForm, refund_rows, tell, tell_provider_part, unit_rows, ways_back

PAGE = 25


class SearchForm(forms.Form):
    """What the list shows; anything unknown counts as nothing."""

    q = forms.CharField(required=False, max_length=80)
    state = forms.ChoiceField(required=False, choices=[(state.value, state.value) for state in OrderState])
    before = forms.CharField(required=False, max_length=40)


def _why(form: RefundForm, offered: Sequence[Choice]) -> str:
    """What was written, else the ready reason that was chosen."""
    written = str(form.cleaned_data.get("reason", "")).strip()
    ready = form.cleaned_data.get("ready", "")
    return written or next((each.text for each in offered if each.key == ready), "")


@operators
@require_safe
def order_list(request: HttpRequest, _operator: Person) -> HttpResponse:
    """Orders, the newest first, by state, part of a ref or name, a whole phone number, or a payment's id."""
    form = SearchForm(request.GET)
    form.is_valid()
    wanted = {name: str(form.cleaned_data.get(name) or "") for name in form.fields}
    found = orders.order_list(
        state=OrderState(wanted["state"]) if wanted["state"] else None,
        text=payments.order_of_payment(wanted["q"].strip()) or wanted["q"],
        phone=typed_phone(wanted["q"]),
        before_ref=wanted["before"] or None,
        limit=PAGE + 1,
    )
    more = len(found) > PAGE
    context = {
        "orders": found[:PAGE],
        "terms": terms_of_all({order.offer_ref for order in found}),
        "wanted": wanted,
        "chips": state_chips(wanted["state"], lambda state: _address(wanted, state=state)),
        "next_url": _address(wanted, before=found[PAGE - 1].order_ref) if more else "",
    }
    part = "operator/_order_rows.html" if wanted["before"] else ""
    return operator_page(request, "operator/orders.html", context, tab="orders", part=part)


@operators
@require_safe
def order(request: HttpRequest, _operator: Person, order_ref: str) -> HttpResponse:
    """Everything about one order. A payment may be for a gift card instead: those stand on their own page."""
    if stored_value.is_card(order_ref):
        return redirect("operator_gift_cards")
    found = _order(order_ref)
    return operator_page(
        request, "operator/order.html", _facts(found), tab="orders", part="operator/_side.html"
    )


@operators
@require_http_methods(["GET", "HEAD", "POST"])
def refund(request: HttpRequest, operator: Person, order_ref: str) -> HttpResponse:
    """GET with units: the amount, before anything happens. POST: give it back, at the amount that was shown."""
    found = _order(order_ref)
    form = RefundForm(found, request.POST if request.method == "POST" else request.GET, used_too=True)
    if not form.is_valid():
        context = {**_facts(found), "form": form}
        return operator_page(request, "operator/order.html", context, tab="orders", status=422)
    offered = choices(ReasonKind.REFUND, language=get_language() or "en", names={})
    why = _why(form, offered)
    if request.method != "POST" or form.cleaned_data["shown"] != form.amount.minor or not why:
        context = {
            **_facts(found),
            "form": form,
            "parts": form.parts,
            "choices": offered,
            "why": why,
            "asked": request.method == "POST",
        }
        return operator_page(request, "operator/refund.html", context, tab="orders")
    try:
        done = flow.refund(
            order_ref=order_ref,
            unit_refs=form.cleaned_data["unit"],
            reason=why,
            by=operator,
            as_operator=True,
            at=clock.now(),
        )
    except DomainError as error:
        messages.error(request, str(error))
    else:
        tell(request, done)
    return redirect("operator_order", order_ref=order_ref)


@operators
@require_safe
def refunds(request: HttpRequest, _operator: Person) -> HttpResponse:
    """Refunds whose money is not known to be back: under way, or failed and waiting for somebody."""
    context = {"refunds": refund_rows(payments.open_refunds()), "zone": zone_of(request)}
    return operator_page(request, "operator/refunds.html", context, tab="refunds")


@operators
@require_POST
def resend(request: HttpRequest, operator: Person, refund_ref: str) -> HttpResponse:
    """Send a failed refund again."""
    failed = payments.refund_by_ref(refund_ref)
    if failed is None:
        raise Http404
    try:
        tell_provider_part(request, flow.resend(refund_ref=refund_ref, by=operator, at=clock.now()))
    except DomainError as error:
        messages.error(request, str(error))
    return redirect("operator_order", order_ref=failed.order_ref)


def _order(order_ref: str) -> OrderView:
    found = orders.order_view(order_ref)
    if found is None:
        raise Http404
    return found


def _facts(found: OrderView) -> dict[str, Any]:
    """One statement a room."""
    made = vouchers_of_order(found.order_ref, at=clock.now())
    lines = unit_rows(found, made, may_refund=True, used_too=True)
    paid_with = payments.payments_of_order(found.order_ref)
    return {
        "order": found,
        "lines": lines,
        "choosable": any(row.choosable for _line, rows in lines for row in rows),
        "terms": terms_of_all({line.offer_ref for line in found.lines}),
        "zone": found.zone,
        "payments": paid_with,
        "ways": ways_back(found, [each.provider for each in paid_with if each.captured]),
        "refunds": refund_rows(stored_value.refunds_of_order(found.order_ref)),
        "vouchers": made,
        "disputes": payments.disputes_of_order(found.order_ref),
    }


def _address(wanted: dict[str, str], **changes: str) -> str:
    query = {**wanted, "before": "", **changes}
    return (
        f"{reverse('operator_orders')}?{urlencode({name: value for name, value in query.items() if value})}"
    )
