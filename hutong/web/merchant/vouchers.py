"""Vouchers that were sold and not used yet, by the week in which they end; and letting them hold longer."""

from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from hutong.flows import expiring, extend_vouchers
from hutong.kernel import clock
from hutong.kernel.errors import DomainError
from hutong.town.catalog.queries import offer_by_ref
from hutong.town.merchants.types import Right
from hutong.visit.vouchers import queries as vouchers
from hutong.visit.vouchers.types import ExpiringLine
from hutong.web.merchant.access import Desk, needs
from hutong.web.merchant.charts import ending_by_week
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
    context: dict[str, Any] = {
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
    if desk.may(Right.SEE_TAKINGS, everywhere=True):
        context |= _owed(desk, today, at)
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


def _owed(desk: Desk, today: date, at: datetime) -> dict[str, Any]:
    """What was paid for what is not used, by the week and the day in which it ends, and all of it."""
    unit = desk.store.currency
    lines = expiring.ending_by_day(desk.merchant_id, zone=desk.store.zone, unit=unit, at=at)
    weeks = expiring.by_week(lines, first_on=today, weeks=WEEKS_SHOWN, unit=unit)
    after = weeks[-1].starts_on + timedelta(days=7)
    later = expiring.added((line for line in lines if line.starts_on >= after), after, unit=unit)
    return {
        "owed": expiring.added(lines, today, unit=unit),
        "owed_weeks": weeks,
        "owed_later": later if later.uses else None,
        "owed_days": expiring.by_days((line for line in lines if line.starts_on < after), unit=unit),
        "owed_of_week": {week.starts_on: week for week in weeks},
        "chart": ending_by_week(weeks, unit=unit),
    }


def _proposed(line: ExpiringLine, zone: str) -> str:
    """The day that is proposed: a month after the last of the vouchers ends."""
    last_on = clock.local(line.last_until - timedelta(seconds=1), zone).date()
    return (last_on + timedelta(days=PROPOSED_DAYS)).isoformat()
