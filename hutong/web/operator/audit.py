"""The audit log for operators: who changed what, when, from what to what, and why."""

from datetime import datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django import forms
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from hutong.kernel import audit
from hutong.town.people import queries as people
from hutong.town.people.services import Person
from hutong.web.operator.access import operators
from hutong.web.operator.frame import operator_page, region_of
from hutong.web.shell.history import history
from hutong.web.shell.spreadsheet import csv_file, plain
from hutong.web.shell.subjects import subject_names

PAGE = 50
MOST_IN_FILE = 10_000
# The areas an action may belong to: what stands before its dot.
AREAS = (
    ("", _("Everything")),
    ("merchant.", _("Merchants")),
    ("store.", _("Stores")),
    ("offer.", _("Deals")),
    ("content.", _("Contents")),
    ("claim.", _("Claims")),
    ("order.", _("Refunds")),
    ("bill.", _("Bills")),
    ("bank_in.", _("Paid into the bank")),
    ("acting.", _("Acting for shops")),
    ("staff.", _("Team")),
    ("device.", _("Devices")),
    ("person.", _("People")),
    ("operator.", _("Operators")),
    ("region.", _("Features")),
    ("category.", _("Categories")),
    ("page.", _("Pages of the site")),
    ("announcement.", _("Announcements")),
)


class SearchForm(forms.Form):
    """What the list shows; what is not understood counts as nothing."""

    q = forms.CharField(required=False, max_length=120)
    area = forms.ChoiceField(required=False, choices=AREAS)
    actor = forms.CharField(required=False, max_length=60)
    merchant = forms.CharField(required=False, max_length=40)
    since = forms.DateField(required=False)
    until = forms.DateField(required=False)
    before = forms.CharField(required=False, max_length=20)


@operators
@require_safe
def audit_log(request: HttpRequest, _operator: Person) -> HttpResponse:
    """Entries, the newest first, by area, words, who, shop and days; as a page or, with `file`, as CSV."""
    form = SearchForm(request.GET)
    form.is_valid()
    wanted = {name: form.cleaned_data.get(name) or "" for name in form.fields}
    region, _every = region_of(request)
    zone = region.zone if region else settings.TIME_ZONE
    if "file" in request.GET:
        return _as_csv(wanted, zone)
    found = _search(wanted, zone, limit=PAGE)
    unit = region.currency if region else ""
    lines = history(found.entries, zone=zone, unit=unit, for_merchant=False)
    context = {
        "rows": list(zip(found.entries, lines, strict=True)),
        "zone": zone,
        "wanted": wanted,
        "areas": AREAS,
        "chips": _chips(wanted),
        "actor_name": _person(wanted["actor"]),
        "merchant_name": subject_names([wanted["merchant"]]).get(wanted["merchant"], ""),
        "next_url": _address(wanted, before=found.before) if found.before else "",
        "file_url": _address(wanted) + "&file=csv",
    }
    part = "operator/_audit_rows.html" if wanted["before"] else ""
    return operator_page(request, "operator/audit.html", context, tab="audit", part=part)


def _search(wanted: dict[str, Any], zone_name: str, *, limit: int) -> audit.Found:
    """The entries; days are those of the zone."""
    zone = ZoneInfo(zone_name)
    since, until = wanted["since"], wanted["until"]
    return audit.search(
        action=wanted["area"],
        actor=wanted["actor"],
        merchant=wanted["merchant"],
        text=wanted["q"],
        since=datetime.combine(since, time.min, zone) if since else None,
        until=datetime.combine(until + timedelta(days=1), time.min, zone) if until else None,
        before=wanted["before"] or None,
        limit=limit,
    )


def _person(ref: str) -> str:
    """The name of whose entries alone are shown."""
    found = people.named({ref}).get(ref) if ref else None
    return found.name if found else ""


def _as_csv(wanted: dict[str, Any], zone: str) -> HttpResponse:
    """The entries as a file for a spreadsheet, at most `MOST_IN_FILE` of them."""
    heads = ["at", "action", "subject", "by", "on_behalf_of", "merchant", "changes", "reason", "request_id"]
    found = _search({**wanted, "before": ""}, zone, limit=MOST_IN_FILE).entries
    lines = (
        [
            entry.at.isoformat(timespec="seconds"), entry.action, entry.subject_ref, entry.actor_ref,
            entry.on_behalf_of, entry.merchant_ref, entry.changes, plain(entry.reason), entry.request_id,
        ]
        for entry in found
    )  # fmt: skip
    return csv_file("audit.csv", heads, lines)


def _chips(wanted: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {"url": _address({**wanted, "area": key}), "label": label, "current": wanted["area"] == key}
        for key, label in AREAS
    ]


def _address(wanted: dict[str, Any], *, before: str | None = None) -> str:
    kept = {name: value for name, value in wanted.items() if value and name != "before"}
    if before:
        kept["before"] = before
    return f"{reverse('operator_audit')}?{urlencode(kept)}"
