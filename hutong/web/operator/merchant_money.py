"""One merchant's money as an operator sees it: terms, account, balance, corrections, statements."""

from datetime import date
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from hutong.flows import payouts as flow
from hutong.flows import statements
from hutong.kernel import clock
from hutong.kernel.errors import DomainError
from hutong.kernel.ids import new_id
from hutong.kernel.money import Money
from hutong.pay.settlement import queries
from hutong.pay.settlement.types import AdjustmentReason, CorrectionState, CorrectionView, PayoutEvery, Terms
from hutong.town.merchants.queries import merchant_by_ref
from hutong.town.merchants.types import MerchantView
from hutong.town.people.services import Person
from hutong.web.operator.access import operators
from hutong.web.operator.frame import operator_page
from hutong.web.shell.statement_files import statement_csv, statement_pdf
from hutong.web.shell.typed import minor_units

FILES = {"csv": statement_csv, "pdf": statement_pdf}


class TermsForm(forms.Form):
    """When and how the merchant is paid; what is left empty is as the site does it."""

    every = forms.ChoiceField(
        label=gettext_lazy("How often"),
        choices=[
            (PayoutEvery.BATCH.value, gettext_lazy("With every batch")),
            (PayoutEvery.WEEK.value, gettext_lazy("Once a week")),
            (PayoutEvery.MONTH.value, gettext_lazy("Once a month")),
        ],
    )
    holdback_days = forms.IntegerField(
        label=gettext_lazy("Days held back after use"), required=False, min_value=0, max_value=180
    )
    minimum = forms.CharField(label=gettext_lazy("The least paid at once"), required=False, max_length=20)

    def __init__(self, *args: Any, unit: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.unit = unit

    def clean_minimum(self) -> int | None:
        """The minimum in minor units."""
        return minor_units(self.cleaned_data["minimum"], self.unit)


class AdjustForm(forms.Form):
    """Something given to the merchant or taken, and why."""

    direction = forms.ChoiceField(
        label=gettext_lazy("What happens"),
        choices=[
            ("correction", gettext_lazy("Give it, at the platform's cost")),
            ("-correction", gettext_lazy("Take it, for the platform")),
            ("-dispute", gettext_lazy("Take it, for a chargeback")),
            ("-provider_fee", gettext_lazy("Take it, for a fee of the payment service")),
        ],
    )
    amount = forms.CharField(label=gettext_lazy("Amount"), max_length=20)
    note = forms.CharField(label=gettext_lazy("Why; the merchant reads it"), max_length=300)
    # Names one filling in of the form, so that the same one sent again books nothing more.
    entry = forms.CharField(max_length=40, widget=forms.HiddenInput)

    def __init__(self, *args: Any, unit: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.unit = unit

    def clean_amount(self) -> int | None:
        """The amount in minor units."""
        return minor_units(self.cleaned_data["amount"], self.unit)


@operators
@require_http_methods(["GET", "HEAD", "POST"])
def terms(request: HttpRequest, operator: Person, merchant_ref: str) -> HttpResponse:
    """The merchant's money, with the form of its terms; a POST saves them."""
    merchant, unit = _merchant(merchant_ref), _unit(request, merchant_ref)
    now = queries.terms_of(merchant_ref, unit=unit, site=flow.site_terms())
    if request.method != "POST":
        return _page(request, merchant, unit, now, form=TermsForm(unit=unit, initial=_initial(now, unit)))
    form = TermsForm(request.POST, unit=unit)
    if not form.is_valid():
        return _page(request, merchant, unit, now, form=form, status=422)
    try:
        flow.set_terms(
            merchant_ref=merchant_ref,
            every=PayoutEvery(form.cleaned_data["every"]),
            holdback_days=form.cleaned_data["holdback_days"],
            minimum=form.cleaned_data["minimum"],
            unit=unit,
            by=operator,
            at=clock.now(),
        )
    except DomainError as error:
        form.add_error(None, str(error))
        return _page(request, merchant, unit, now, form=form, status=422)
    messages.success(request, _("Saved."))
    return redirect("operator_merchant_money", merchant_ref)


@operators
@require_POST
def adjust(request: HttpRequest, operator: Person, merchant_ref: str) -> HttpResponse:
    """Give the merchant something, or take it."""
    merchant, unit = _merchant(merchant_ref), _unit(request, merchant_ref)
    form = AdjustForm(request.POST, unit=unit)
    now = queries.terms_of(merchant_ref, unit=unit, site=flow.site_terms())
    if not form.is_valid():
        return _page(request, merchant, unit, now, adjusting=form, status=422)
    direction = str(form.cleaned_data["direction"])
    amount = Money(form.cleaned_data["amount"] or 0, unit)
    try:
        made = flow.adjust(
            merchant_ref=merchant_ref,
            amount=-amount if direction.startswith("-") else amount,
            reason=AdjustmentReason(direction.removeprefix("-")),
            entry=form.cleaned_data["entry"],
            note=form.cleaned_data["note"],
            by=operator,
            at=clock.now(),
        )
    except DomainError as error:
        form.add_error("amount", str(error))
        return _page(request, merchant, unit, now, adjusting=form, status=422)
    if isinstance(made, CorrectionView) and made.state is CorrectionState.WAITING:
        messages.success(request, _("Noted. Another operator has to agree."))
    elif isinstance(made, CorrectionView) and made.state is CorrectionState.DECLINED:
        messages.error(request, _("This correction was given up. Nothing was booked."))
    else:
        messages.success(request, _("Booked. It stands on the merchant's next statement."))
    return redirect("operator_merchant_money", merchant_ref)


@operators
@require_POST
def decide(
    request: HttpRequest, operator: Person, merchant_ref: str, correction_ref: str, answer: str
) -> HttpResponse:
    """Agree to a correction that somebody else asked for, or give one up."""
    if answer not in ("agree", "decline") or correction_ref not in {
        each.ref for each in queries.waiting_corrections(merchant_ref=merchant_ref)
    }:
        raise Http404
    try:
        if answer == "agree":
            flow.agree(correction_ref=correction_ref, by=operator, at=clock.now())
            messages.success(request, _("Booked. It stands on the merchant's next statement."))
        else:
            flow.decline(correction_ref=correction_ref, by=operator, at=clock.now())
            messages.success(request, _("Given up. Nothing was booked."))
    except DomainError as error:
        messages.error(request, str(error))
    return redirect("operator_merchant_money", merchant_ref)


@operators
@require_safe
def statement_file(
    request: HttpRequest, _operator: Person, merchant_ref: str, month: str, ending: str
) -> HttpResponse:
    """The merchant's statement of a month, as a table or a PDF."""
    _merchant(merchant_ref)
    try:
        day = date.fromisoformat(f"{month}-01")
    except ValueError as error:
        raise Http404 from error
    if ending not in FILES:
        raise Http404
    found = statements.of_month(merchant_ref, unit=_unit(request, merchant_ref), month=day, at=clock.now())
    return FILES[ending](found)


def _page(
    request: HttpRequest,
    merchant: MerchantView,
    unit: str,
    now: Terms,
    *,
    form: TermsForm | None = None,
    adjusting: AdjustForm | None = None,
    status: int = 200,
) -> HttpResponse:
    site, at = flow.site_terms(), clock.now()
    context = {
        "merchant": merchant,
        "unit": unit,
        "units": queries.units_owed(merchant.ref),
        "site": site,
        "claim": queries.claim(merchant.ref, unit=unit, holdback_days=site.holdback_days, at=at),
        "account": queries.account_of(merchant.ref),
        "payouts": queries.payouts_of(merchant.ref, limit=12),
        "adjustments": queries.adjustments_of(merchant.ref, limit=12),
        "corrections": queries.waiting_corrections(merchant_ref=merchant.ref),
        "months": statements.months_of(merchant.ref, unit=unit, at=at)[:12],
        "form": form or TermsForm(unit=unit, initial=_initial(now, unit)),
        "adjusting": adjusting or AdjustForm(unit=unit, initial={"entry": new_id("key")}),
        "zone": flow.zone_of(merchant.ref),
    }
    return operator_page(request, "operator/merchant_money.html", context, tab="payouts", status=status)


def _initial(now: Terms, unit: str) -> dict[str, object]:
    return {
        "every": now.every.value,
        "holdback_days": now.holdback_days if now.own_holdback else None,
        "minimum": Money(now.minimum, unit).major_text if now.minimum else "",
    }


def _merchant(merchant_ref: str) -> MerchantView:
    found = merchant_by_ref(merchant_ref)
    if found is None:
        raise Http404
    return found


def _unit(request: HttpRequest, merchant_ref: str) -> str:
    units = queries.units_owed(merchant_ref) or flow.currencies()
    wanted = request.GET.get("unit", "")
    return wanted if wanted in units else units[0]
