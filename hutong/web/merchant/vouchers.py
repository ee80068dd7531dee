"""Vouchers that were sold and not used yet, by the week in which they end; and letting them hold longer."""

from datetime import timedelta
from itertools import groupby

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from hutong.flows import extend_vouchers
from hutong.kernel import clock
from hutong.kernel.errors import DomainError
from hutong.town.catalog.queries import offer_by_ref
from hutong.town.merchants.types import Right
from hutong.visit.vouchers import queries as vouchers
from hutong.visit.vouchers.types import ExpiringLine
from hutong.web.merchant.access import Desk, needs
from hutong.web.merchant.frame import merchant_page

WEEKS_SHOWN = 13
PROPOSED_DAYS = 30


class ExtendForm(forms.Form):
    """The new last day."""

    until = forms.DateField()


@needs(Right.EDIT_DEALS, everywhere=True)
@require_safe
def voucher_list(request: HttpRequest, desk: Desk) -> HttpResponse:
    """What ends in the next three months, by week, with a way to let it hold longer."""
    at = clock.now()
    today = clock.local(at, desk.store.zone).date()
    found = vouchers.unused_by_week(
        desk.merchant_id, zone=desk.store.zone, at=at, until=at + timedelta(weeks=WEEKS_SHOWN)
    )
    weeks = [(week_on, list(lines)) for week_on, lines in groupby(found, key=lambda line: line.week_on)]
    context = {
        "weeks": [
            (
                week_on,
                week_on + timedelta(days=6),
                [(line, _proposed(line, desk.store.zone)) for line in lines],
            )
            for week_on, lines in weeks
        ],
        "this_week": today - timedelta(days=today.weekday()),
        "today": today,
        "total": sum(line.vouchers for line in found),
    }
    return merchant_page(request, desk, "merchant/vouchers.html", context, tab="vouchers")


@needs(Right.EDIT_DEALS, everywhere=True)
@require_POST
def extend(request: HttpRequest, desk: Desk, offer_ref: str) -> HttpResponse:
    """Let all unused vouchers of a deal hold until a day; those that hold longer keep what they have."""
    offer = offer_by_ref(offer_ref)
    if offer is None or offer.merchant_ref != desk.merchant_ref:
        raise Http404
    assert desk.person is not None, "managers are signed in"
    form = ExtendForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Choose a day from today on, within two years."))
        return redirect("merchant_vouchers")
    until_on = form.cleaned_data["until"]
    try:
        changed = extend_vouchers.extend(
            offer_ref=offer_ref, until_on=until_on, by=desk.person, at=clock.now()
        )
    except DomainError as error:
        messages.error(request, str(error))
    else:
        words = ngettext("%(n)s voucher holds longer now.", "%(n)s vouchers hold longer now.", changed)
        messages.success(
            request, words % {"n": changed} if changed else _("All of them hold that long already.")
        )
    return redirect("merchant_vouchers")


def _proposed(line: ExpiringLine, zone: str) -> str:
    """The day that is proposed: a month after the last of the vouchers ends."""
    last_on = clock.local(line.last_until - timedelta(seconds=1), zone).date()
    return (last_on + timedelta(days=PROPOSED_DAYS)).isoformat()
