"""Payouts to merchants: what is due, the batches and their payouts, files for the bank, what the bank said."""

from collections.abc import Callable

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST, require_safe

from hutong.flows import payouts as flow
from hutong.flows import transfers
from hutong.kernel import clock
from hutong.kernel.errors import DomainError
from hutong.kernel.money import Money
from hutong.pay.payments import queries as payments
from hutong.pay.settlement import queries
from hutong.pay.settlement.types import BatchState, BatchView, NotDue, PayoutState, PayoutView
from hutong.town.merchants.queries import names_of
from hutong.town.people import queries as people
from hutong.town.people.services import Person
from hutong.web.operator.access import operators
from hutong.web.operator.frame import operator_page, zone_of
from hutong.web.operator.payout_lines import Part, parts_of
from hutong.web.shell.parts import wants_part
from hutong.web.shell.spreadsheet import csv_file, plain

MOST_WAITING = 100
WHY = {
    NotDue.NO_ACCOUNT: gettext_lazy("No account to pay to"),
    NotDue.NEW_ACCOUNT: gettext_lazy("The account is new"),
    NotDue.NOT_YET: gettext_lazy("Paid in this week or month already"),
    NotDue.TOO_LITTLE: gettext_lazy("Less than its minimum"),
    NotDue.BELOW_LEAST: gettext_lazy("Less than the payment service sends; it goes with the next payout"),
}


class ReasonForm(forms.Form):
    """Why, in a word or two."""

    reason = forms.CharField(max_length=300, required=False)


@operators
@require_safe
def payout_list(request: HttpRequest, _operator: Person) -> HttpResponse:
    """What is due in each currency, who is left out and why, and the batches."""
    at = clock.now()
    on = clock.local(at, zone_of(request)).date()
    parts, corrections = [], queries.waiting_corrections()
    refs = {each.merchant_ref for each in corrections}
    units = flow.currencies()
    for unit in units:
        due, waiting = flow.due(unit=unit, on=on, at=at)
        refs |= {each.claim.merchant_ref for each in waiting[:MOST_WAITING]}
        parts.append(
            {
                "unit": unit,
                "merchants": len(due),
                "total": sum((claim.due for claim in due), Money(0, unit)),
                "waiting": [(each, WHY[each.why]) for each in waiting[:MOST_WAITING]],
            }
        )
    context = {
        "parts": parts,
        "batches": queries.batches(limit=30),
        "corrections": corrections,
        "names": names_of(refs),
        "sends": any(transfers.through(unit) for unit in units),
        "terms": flow.site_terms(),
        "zone": zone_of(request),
    }
    return operator_page(request, "operator/payouts.html", context, tab="payouts")


@operators
@require_POST
def make(request: HttpRequest, operator: Person) -> HttpResponse:
    """A draft of everything that is due in a currency."""
    unit, at = request.POST.get("unit", ""), clock.now()
    if unit not in flow.currencies():
        raise Http404
    try:
        made = flow.make(unit=unit, on=clock.local(at, zone_of(request)).date(), by=operator, at=at)
    except DomainError as error:
        messages.error(request, str(error))
        return redirect("operator_payouts")
    messages.success(request, _("Made. Look it over, then approve it."))
    return redirect("operator_batch", made.ref)


@operators
@require_safe
def batch(request: HttpRequest, operator: Person, batch_ref: str) -> HttpResponse:
    """One batch: its payouts, who approved it, and what can be done next."""
    found = _batch(batch_ref)
    payouts = queries.payouts_of_batch(batch_ref)
    in_xml, in_table = flow.for_bank(payouts) if found.sent_at is not None else ([], [])
    parts = _parts(found, payouts)
    by = {found.made_by, found.approved_by, found.seconded_by} - {""}
    context = {
        "batch": found,
        "parts": parts,
        "senders": [part.label for part in parts if part.provider],
        "to_note": sum(part.to_note for part in parts),
        "people": {ref: person.name for ref, person in people.named(by).items()},
        "may_approve": found.state is BatchState.DRAFT and not _is_another_needed(found, operator),
        "another": found.state is BatchState.DRAFT and _is_another_needed(found, operator),
        "in_xml": len(in_xml),
        "in_table": len(in_table),
        "second_above": flow.site_terms().second_above,
        "again_s": min((line.again_s for part in parts for line in part.lines if line.again_s), default=0),
        "again": wants_part(request),
        "zone": zone_of(request),
    }
    return operator_page(
        request, "operator/batch.html", context, tab="payouts", part="operator/_batch_parts.html"
    )


@operators
@require_POST
def approve(request: HttpRequest, operator: Person, batch_ref: str) -> HttpResponse:
    """Yes to a batch."""

    def act() -> str:
        found = flow.approve(batch_ref=batch_ref, by=operator, at=clock.now())
        if found.state is BatchState.DRAFT:
            return _("Approved. Somebody else has to approve it, too.")
        return _("Approved. It can be sent.")

    return _done(request, batch_ref, act)


@operators
@require_POST
def drop(request: HttpRequest, operator: Person, batch_ref: str) -> HttpResponse:
    """Give a batch up."""

    def act() -> str:
        flow.drop(batch_ref=batch_ref, reason=_reason(request), by=operator, at=clock.now())
        return _("Given up. What it was to pay is due again.")

    return _done(request, batch_ref, act)


@operators
@require_POST
def send(request: HttpRequest, operator: Person, batch_ref: str) -> HttpResponse:
    """Post the payouts of a batch; then its file is handed to the bank, and payment services send theirs."""

    def act() -> str:
        found = flow.send(batch_ref=batch_ref, by=operator, at=clock.now())
        if found.state is BatchState.DROPPED:
            return _("Nothing was left to be paid.")
        left = [each for each in queries.payouts_of_batch(batch_ref) if each.state is not PayoutState.DROPPED]
        if all(each.via for each in left):
            return _("Booked as sent. How each payout goes stands at it.")
        if any(each.via for each in left):
            return _("Booked as sent. Now hand the file to the bank; the others need nothing.")
        return _("Booked as sent. Now hand the file to the bank.")

    return _done(request, batch_ref, act)


@operators
@require_safe
def bank_file(_request: HttpRequest, _operator: Person, batch_ref: str, ending: str) -> HttpResponse:
    """The batch for the bank: `xml` (SEPA) or `csv`."""
    found = _batch(batch_ref)
    name = f"payouts-{found.on.isoformat()}-{found.unit}.{ending}"
    if ending == "csv":
        heads, lines = flow.table_for_bank(batch_ref)
        return csv_file(name, heads, [[plain(cell) for cell in line] for line in lines])
    if ending != "xml":
        raise Http404
    response = HttpResponse(flow.xml_for_bank(batch_ref), content_type="application/xml")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@operators
@require_POST
def all_paid(request: HttpRequest, operator: Person, batch_ref: str) -> HttpResponse:
    """All payouts of a batch arrived."""

    def act() -> str:
        number = flow.all_paid(batch_ref=_batch(batch_ref).ref, by=operator, at=clock.now())
        return ngettext("%(n)s payout arrived.", "%(n)s payouts arrived.", number) % {"n": number}

    return _done(request, batch_ref, act)


@operators
@require_POST
def paid(request: HttpRequest, operator: Person, payout_ref: str) -> HttpResponse:
    """One payout arrived."""

    def act() -> str:
        flow.paid(payout_ref=payout_ref, by=operator, at=clock.now())
        return _("Noted. The merchant is told.")

    return _done(request, _batch_of(payout_ref), act)


@operators
@require_POST
def bounced(request: HttpRequest, operator: Person, payout_ref: str) -> HttpResponse:
    """One payout came back."""

    def act() -> str:
        flow.bounced(payout_ref=payout_ref, reason=_reason(request), by=operator, at=clock.now())
        return _("Noted. It is owed again, and the merchant is told.")

    return _done(request, _batch_of(payout_ref), act)


def _done(request: HttpRequest, batch_ref: str, act: Callable[[], str]) -> HttpResponse:
    """Do something with a batch and say what came of it, on its page."""
    try:
        messages.success(request, act())
    except DomainError as error:
        if error.status == 404:
            raise
        messages.error(request, str(error))
    return redirect("operator_batch", batch_ref)


def _batch(batch_ref: str) -> BatchView:
    found = queries.batch(batch_ref)
    if found is None:
        raise Http404
    return found


def _parts(batch: BatchView, payouts: list[PayoutView]) -> list[Part]:
    return parts_of(
        payouts,
        unit=batch.unit,
        through=transfers.through(batch.unit),
        transfers=payments.transfers(each.ref for each in payouts),
        names=names_of({each.merchant_ref for each in payouts}),
    )


def _batch_of(payout_ref: str) -> str:
    found = queries.payout(payout_ref)
    if found is None:
        raise Http404
    return found.batch_ref


def _reason(request: HttpRequest) -> str:
    form = ReasonForm(request.POST)
    return str(form.cleaned_data["reason"]) if form.is_valid() else ""


def _is_another_needed(batch: BatchView, operator: Person) -> bool:
    """Whether this operator has done what they may, and somebody else has to approve."""
    if not batch.needs_two or not batch.approved_by:
        return False
    return operator.public_id in (batch.approved_by, batch.made_by)
