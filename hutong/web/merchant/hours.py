"""The editor of opening hours: a table of the week, holidays and exceptions; or the text of OpenStreetMap."""

from typing import Any

from babel.dates import get_day_names
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from hutong.flows import edit_store
from hutong.kernel import clock
from hutong.kernel.errors import Invalid
from hutong.town.merchants.rules import HOLIDAYS, open_state, read_week, write_week
from hutong.town.merchants.types import Right
from hutong.web.merchant.access import Desk, needs
from hutong.web.merchant.frame import merchant_page, saved_words
from hutong.web.merchant.hours_form import Row, Table, change, plan_of, read_table, table_of
from hutong.web.shell.parts import wants_part
from hutong.web.shell.shopfront import week

PAGE, FORM, PREVIEW = "merchant/hours.html", "merchant/_hours_form.html", "merchant/_hours_preview.html"


@needs(Right.EDIT_STORE)
@require_http_methods(["GET", "HEAD", "POST"])
def hours(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Show the hours as a table, change its rows by buttons, show what they mean, and save them."""
    today = clock.local(clock.now(), desk.store.zone).date()
    if request.method != "POST":
        plan = read_week(desk.store.opening_hours)
        return _show(request, desk, table_of(plan, today) if plan else None, desk.store.opening_hours)
    action = request.POST.get("do", "")
    if action == "text":
        return _save(request, desk, None, request.POST.get("text", ""))
    table = read_table(request.POST.dict())
    if action in ("save", "preview"):
        plan = plan_of(table)
        if plan is None:
            return _show(
                request, desk, table, None, part=PREVIEW if action == "preview" else FORM, status=422
            )
        if action == "save":
            return _save(request, desk, table, write_week(plan))
        return _show(request, desk, table, write_week(plan), part=PREVIEW)
    change(table, action, today)
    return _show(request, desk, table, desk.store.opening_hours, part=FORM)


@needs(Right.EDIT_STORE)
@require_POST
def bring_back(request: HttpRequest, desk: Desk, entry_ref: str) -> HttpResponse:
    """Set the hours again that held before a change: the undo of a save, and the way back in the history."""
    assert desk.person is not None, "who edits is signed in"
    edit_store.bring_hours_back(store_ref=desk.store.ref, entry_ref=entry_ref, by=desk.person, at=clock.now())
    messages.success(request, _("The hours from before hold again."))
    return redirect("merchant_hours")


def _save(request: HttpRequest, desk: Desk, table: Table | None, text: str) -> HttpResponse:
    assert desk.person is not None, "who edits is signed in"
    try:
        changed = edit_store.set_hours(store_ref=desk.store.ref, hours=text, by=desk.person, at=clock.now())
    except Invalid as error:
        return _show(request, desk, table, text, part=FORM if table else "", fault=str(error), status=422)
    address = f"{reverse('merchant_hours')}{'?saved=1' if changed else ''}"
    if wants_part(request):
        return HttpResponse(status=204, headers={"HX-Redirect": address})
    return redirect(address)


def _show(
    request: HttpRequest,
    desk: Desk,
    table: Table | None,
    text: str | None,
    *,
    part: str = "",
    fault: str = "",
    status: int = 200,
) -> HttpResponse:
    """`text` is what the hours mean, None while they mean nothing."""
    at, store = clock.now(), desk.store
    history = edit_store.hours_history(store.ref)
    context: dict[str, Any] = {
        "table": table,
        "days": _day_rows(table) if table else [],
        "exceptions": [(row, f"x{place}") for place, row in enumerate(table.exceptions)] if table else [],
        "holidays": HOLIDAYS,
        "text": text,
        "fault": fault,
        "open": open_state(text or "", zone=store.zone, at=at, lon=store.lon, lat=store.lat),
        "week": week(text or "", store, at),
        "history": history,
        "saved_words": saved_words(desk),
        "saved": history[0] if "saved" in request.GET and history else None,
        "today": clock.local(at, store.zone).date().isoformat(),
    }
    # A part with a fault in it is shown like any other; htmx would leave a refusal aside.
    status = 200 if part and request.headers.get("HX-Request") == "true" else status
    return merchant_page(request, desk, PAGE, context, tab="store", part=part, status=status)


def _day_rows(table: Table) -> list[tuple[str, Row, str]]:
    """Each day's name, its row, and what the names of its fields begin with."""
    names = get_day_names("wide", locale="zh_Hans_CN" if get_language() == "zh-hans" else "en")
    words = [*(str(names[day]) for day in range(7)), _("Public holidays")]
    return [(words[day], row, f"d{day}") for day, row in enumerate(table.days)]
