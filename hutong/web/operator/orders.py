"""Orders for the operator: find one, see everything about it, give money back, send a failed refund again."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from hutong.flows import refund as flow
from hutong.kernel import clock
from hutong.kernel.errors import DomainError
from hutong.kernel.money import Money, format_money
from hutong.pay.orders import queries as orders
from hutong.pay.orders.types import OrderState, OrderView, UnitState
from hutong.pay.payments import queries as payments
from hutong.pay.payments.types import RefundState, RefundView
from hutong.town.contents.types import ReasonKind
from hutong.town.people.services import Person
from hutong.visit.vouchers.queries import terms_of_all, vouchers_of_order
from hutong.web.operator.access import operators
from hutong.web.operator.frame import operator_page, typed_phone, zone_of
from hutong.web.operator.queue.reasons import Choice, choices
from hutong.web.shell.order_states import state_chips
from hutong.web.shell.templatetags.hutong import locale

PAGE = 25


class SearchForm(forms.Form):
    """What the list shows; anything unknown counts as nothing."""

    q = forms.CharField(required=False, max_length=80)
    state = forms.ChoiceField(required=False, choices=[(state.value, state.value) for state in OrderState])
    before = forms.CharField(required=False, max_length=40)


class RefundForm(forms.Form):
    """Which units, why, and the amount that was shown before the last click."""

    unit = forms.MultipleChoiceField(
        error_messages={"required": gettext_lazy("Choose what is to be refunded.")}
    )
    ready = forms.CharField(required=False, max_length=60)
    reason = forms.CharField(required=False, max_length=200)
    shown = forms.IntegerField(required=False)

    def __init__(self, order: OrderView, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.order = order
        refs = [unit.unit_ref for line in order.lines for unit in line.units if unit.state is UnitState.SOLD]
        self.fields["unit"].choices = [(ref, ref) for ref in refs]  # type: ignore[attr-defined]

    @property
    def amount(self) -> Money:
        """What the chosen units were paid with."""
        chosen = set(self.cleaned_data.get("unit", []))
        paid = (unit.paid for line in self.order.lines for unit in line.units if unit.unit_ref in chosen)
        return sum(paid, Money(0, self.order.total.unit))

    def why(self, offered: Sequence[Choice]) -> str:
        """What was written, else the ready reason that was chosen."""
        written = str(self.cleaned_data.get("reason", "")).strip()
        ready = self.cleaned_data.get("ready", "")
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
    """Everything about one order."""
    found = _order(order_ref)
    return operator_page(
        request, "operator/order.html", _facts(found), tab="orders", part="operator/_side.html"
    )


@operators
@require_http_methods(["GET", "HEAD", "POST"])
def refund(request: HttpRequest, operator: Person, order_ref: str) -> HttpResponse:
    """GET with units: the amount, before anything happens. POST: give it back, at the amount that was shown."""
    found = _order(order_ref)
    form = RefundForm(found, request.POST if request.method == "POST" else request.GET)
    if not form.is_valid():
        context = {**_facts(found), "form": form}
        return operator_page(request, "operator/order.html", context, tab="orders", status=422)
    offered = choices(ReasonKind.REFUND, language=get_language() or "en", names={})
    why = form.why(offered)
    if request.method != "POST" or form.cleaned_data["shown"] != form.amount.minor or not why:
        context = {
            **_facts(found),
            "form": form,
            "parts": _parts(found, set(form.cleaned_data["unit"])),
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
        _tell(request, done)
    return redirect("operator_order", order_ref=order_ref)


@operators
@require_safe
def refunds(request: HttpRequest, _operator: Person) -> HttpResponse:
    """Refunds whose money is not known to be back: under way, or failed and waiting for somebody."""
    context = {"refunds": payments.open_refunds(), "zone": zone_of(request)}
    return operator_page(request, "operator/refunds.html", context, tab="refunds")


@operators
@require_POST
def resend(request: HttpRequest, operator: Person, refund_ref: str) -> HttpResponse:
    """Send a failed refund again."""
    failed = payments.refund_by_ref(refund_ref)
    if failed is None:
        raise Http404
    try:
        _tell(request, flow.resend(refund_ref=refund_ref, by=operator, at=clock.now()))
    except DomainError as error:
        messages.error(request, str(error))
    return redirect("operator_order", order_ref=failed.order_ref)


def _tell(request: HttpRequest, done: RefundView) -> None:
    amount = format_money(done.amount, locale())
    if done.state is RefundState.DONE:
        messages.success(request, _("%(amount)s is on its way back to the shopper.") % {"amount": amount})
    elif done.state is RefundState.FAILED:
        messages.error(request, _("The provider refused the refund of %(amount)s.") % {"amount": amount})
    else:
        messages.info(
            request,
            _("The refund of %(amount)s is being sent. This page shows how it ends.") % {"amount": amount},
        )


def _parts(found: OrderView, chosen: set[str]) -> list[dict[str, Any]]:
    """What goes back, line by line: how many units of what, and what they were paid with."""
    parts = []
    for line in found.lines:
        units = [unit for unit in line.units if unit.unit_ref in chosen]
        if units:
            amount = sum((unit.paid for unit in units), Money(0, found.total.unit))
            parts.append({"titles": line.titles, "quantity": len(units), "amount": amount})
    return parts


def _order(order_ref: str) -> OrderView:
    found = orders.order_view(order_ref)
    if found is None:
        raise Http404
    return found


def _facts(found: OrderView) -> dict[str, Any]:
    """One statement a room."""
    return {
        "order": found,
        "terms": terms_of_all({line.offer_ref for line in found.lines}),
        "zone": found.zone,
        "payments": payments.payments_of_order(found.order_ref),
        "refunds": payments.refunds_of_order(found.order_ref),
        "vouchers": vouchers_of_order(found.order_ref, at=clock.now()),
    }


def _address(wanted: dict[str, str], **changes: str) -> str:
    query = {**wanted, "before": "", **changes}
    return (
        f"{reverse('operator_orders')}?{urlencode({name: value for name, value in query.items() if value})}"
    )
