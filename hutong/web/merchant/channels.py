"""Vouchers that other channels sold: the shop's lists of them, what came of each, and taking one back."""

import tempfile
from pathlib import Path
from typing import Any

from django import forms
from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import get_language, gettext_lazy, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from hutong.flows import import_vouchers
from hutong.kernel import clock
from hutong.kernel.errors import DomainError
from hutong.kernel.text import pick
from hutong.town.catalog.queries import merchant_offers
from hutong.town.merchants.types import Right
from hutong.visit.vouchers import queries as vouchers
from hutong.visit.vouchers.types.channels import Brought, RowFault
from hutong.web.merchant.access import Desk, needs
from hutong.web.merchant.frame import merchant_page
from hutong.web.shell.uploads import bounded

FAULTS = {
    RowFault.BROKEN: gettext_lazy("The row cannot be read: its cells, quotes or characters are broken."),
    RowFault.CODE: gettext_lazy("There is no code of 8 to 40 letters and digits."),
    RowFault.SHORTENED: gettext_lazy(
        "A spreadsheet shortened the number. Format the column as text there, and export the list again."
    ),
    RowFault.STATE: gettext_lazy("Its state is a word that is not known here."),
    RowFault.DAY: gettext_lazy("Its last day cannot be read. Write it like 2027-03-31."),
    RowFault.ENDED: gettext_lazy("Its last day is over, or more than ten years away."),
    RowFault.DOUBLE: gettext_lazy("Its code stands on an earlier row. It counts once."),
    RowFault.ALSO_ELSEWHERE: gettext_lazy(
        "Its code belongs to another deal or channel already, and stays there."
    ),
    RowFault.USED_HERE: gettext_lazy(
        "The channel gave the money back, and the voucher was used here. Ask the channel for the money."
    ),
}


class ListForm(forms.Form):
    """A list, who sold its vouchers, and for which deal."""

    channel = forms.CharField(label=gettext_lazy("Sold by"), max_length=40)
    deal = forms.ChoiceField(label=gettext_lazy("Deal"))
    file = forms.FileField(label=gettext_lazy("List"), max_length=200, allow_empty_file=True)

    def __init__(self, deals: list[tuple[str, str]], *args: Any) -> None:
        super().__init__(*args)
        self.fields["deal"] = forms.ChoiceField(label=gettext_lazy("Deal"), choices=deals)


@csrf_exempt
@bounded(import_vouchers.MOST_BYTES, import_vouchers.ListTooHeavy)
@needs(Right.EDIT_DEALS, everywhere=True)
@csrf_protect
@require_http_methods(["GET", "HEAD", "POST"])
def channel_list(request: HttpRequest, desk: Desk) -> HttpResponse:
    """The lists so far, and a form for the next one."""
    if request.method != "POST":
        return _show(request, desk, ListForm(_deals(desk)))
    form = ListForm(_deals(desk), request.POST, request.FILES)
    if form.is_valid():
        try:
            brought = _bring_in(desk, form.cleaned_data)
        except DomainError as error:
            form.add_error("deal" if error.code == import_vouchers.MoreThanLeft.code else "file", str(error))
        else:
            messages.success(request, _said(brought))
            return redirect("merchant_channel", brought.import_ref)
    return _show(request, desk, form)


@needs(Right.EDIT_DEALS, everywhere=True)
@require_safe
def channel(request: HttpRequest, desk: Desk, import_ref: str) -> HttpResponse:
    """One list: where its vouchers stand, and which rows brought nothing."""
    found = vouchers.channel_import(import_ref, desk.merchant_id, at=clock.now())
    if found is None:
        raise Http404
    context = {"list": found, "bad": [(row, FAULTS[row.fault]) for row in found.bad]}
    return merchant_page(request, desk, "merchant/channel.html", context, tab="vouchers")


@needs(Right.EDIT_DEALS, everywhere=True)
@require_POST
def take_back(request: HttpRequest, desk: Desk, import_ref: str) -> HttpResponse:
    """What a list brought and nobody used is good no longer."""
    assert desk.person is not None, "managers are signed in"
    try:
        number = import_vouchers.take_back(
            import_ref=import_ref, merchant_ref=desk.merchant_ref, by=desk.person, at=clock.now()
        )
    except import_vouchers.ImportTakenBack as error:
        messages.error(request, str(error))
    else:
        words = ngettext("%(n)s voucher is good no longer.", "%(n)s vouchers are good no longer.", number)
        messages.success(request, words % {"n": number})
    return redirect("merchant_channel", import_ref)


def _show(request: HttpRequest, desk: Desk, form: ListForm) -> HttpResponse:
    lists = vouchers.channel_imports(desk.merchant_id, at=clock.now())
    context = {
        "form": form,
        "lists": lists,
        "channels": sorted({each.channel for each in lists}),
        "most_rows": import_vouchers.MOST_ROWS,
    }
    status = 422 if form.is_bound else 200
    return merchant_page(request, desk, "merchant/channels.html", context, tab="vouchers", status=status)


def _deals(desk: Desk) -> list[tuple[str, str]]:
    language = get_language() or "en"
    offers = import_vouchers.deals_for_channels(merchant_offers(desk.merchant_ref))
    return [(offer.ref, pick(offer.titles, language)) for offer in offers]


def _bring_in(desk: Desk, said: dict[str, Any]) -> Brought:
    assert desk.person is not None, "managers are signed in"
    upload: UploadedFile[Any] = said["file"]
    with tempfile.NamedTemporaryFile(suffix=".csv") as kept:
        for piece in upload.chunks():
            kept.write(piece)
        kept.flush()
        return import_vouchers.bring_in(
            Path(kept.name),
            offer_ref=said["deal"],
            channel=said["channel"],
            merchant_ref=desk.merchant_ref,
            by=desk.person,
            at=clock.now(),
        )


def _said(brought: Brought) -> str:
    if brought.new:
        words = ngettext("%(n)s voucher is good here now.", "%(n)s vouchers are good here now.", brought.new)
        return words % {"n": brought.new}
    if brought.gone:
        words = ngettext(
            "%(n)s voucher is good no longer.", "%(n)s vouchers are good no longer.", brought.gone
        )
        return words % {"n": brought.gone}
    return _("Nothing changed: the list says what was known.")
