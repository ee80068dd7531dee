"""Disputes as the operator and the shop see them: words, evidence to add, documents to save."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from hutong.flows import dispute as flow
from hutong.kernel.errors import DomainError
from hutong.pay.payments import queries
from hutong.pay.payments.services import EvidenceRefused
from hutong.pay.payments.types import DisputeView
from hutong.town.people.services import Person
from hutong.web.shell.refunding import way_of

SOON = timedelta(days=3)
FILE_LIMIT = 2_000_000
# Why cardholders say they want their money back, by the word that providers use.
REASONS = {
    "bank_cannot_process": _("The bank cannot process it"),
    "credit_not_processed": _("A refund was promised and did not come"),
    "duplicate": _("It was paid twice"),
    "fraudulent": _("The cardholder does not know of it"),
    "general": _("No reason was given"),
    "incorrect_account_details": _("Wrong account"),
    "insufficient_funds": _("The account had no money"),
    "product_not_received": _("It was not received"),
    "product_unacceptable": _("It was not as described"),
    "subscription_canceled": _("It was cancelled before"),
    "unrecognized": _("The cardholder does not recognise it"),
}


class EvidenceForm(forms.Form):
    """Words or one document."""

    text = forms.CharField(required=False, max_length=3_000)
    document = forms.FileField(required=False, max_length=120)


@dataclass(frozen=True, slots=True)
class DisputeRow:
    """A dispute with its words; `urgent` where its answer is due soon, `late` where it was due."""

    dispute: DisputeView
    way: str
    reason: str
    urgent: bool
    late: bool


def dispute_row(found: DisputeView, at: datetime) -> DisputeRow:
    """A dispute as it is shown at a moment."""
    unanswered = found.open and found.submitted_at is None and found.due_at is not None
    return DisputeRow(
        found,
        way_of(found.provider),
        str(REASONS.get(found.reason, found.reason.replace("_", " ") or REASONS["general"])),
        urgent=bool(unanswered and found.due_at and found.due_at - at <= SOON),
        late=bool(unanswered and found.due_at and found.due_at <= at),
    )


def add_evidence(request: HttpRequest, found: DisputeView, by: Person, at: datetime) -> str:
    """Take what a form adds to the answer; "" when it was taken, else why not."""
    form = EvidenceForm(request.POST, request.FILES)
    if not form.is_valid():
        return str(next(iter(form.errors.values()))[0])
    document: UploadedFile[bytes] | None = form.cleaned_data["document"]
    try:
        if document is not None:
            if (document.size or 0) > FILE_LIMIT:
                raise EvidenceRefused
            flow.add_evidence(
                ref=found.ref, file_name=str(document.name or ""), content=document.read(), by=by, at=at
            )
        if form.cleaned_data["text"].strip() or document is None:
            flow.add_evidence(ref=found.ref, text=form.cleaned_data["text"], by=by, at=at)
    except DomainError as error:
        return str(error)
    return ""


def document(evidence_ref: str, *, merchant_ref: str = "") -> HttpResponse:
    """A document as a file to save, under a name of ours; the browser may not guess what it is."""
    found = queries.evidence_file(evidence_ref, merchant_ref=merchant_ref)
    if found is None:
        raise Http404
    ending = found.content_type.rpartition("/")[2]
    return HttpResponse(
        found.content,
        content_type=found.content_type,
        headers={
            "Content-Disposition": f'attachment; filename="{evidence_ref}.{ending}"',
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": "sandbox; default-src 'none'",
        },
    )
