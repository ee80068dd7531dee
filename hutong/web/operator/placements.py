"""Paid positions: which run, how often they were shown and followed; a new one, paused, ended. Their price is not here."""

from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from hutong.attract.placements import queries, services
from hutong.attract.placements.rules import MOST_VIEWS_A_DAY, ONE_IN
from hutong.attract.placements.types import PlacementDraft, PlacementEvent
from hutong.attract.search import queries as search
from hutong.kernel import clock
from hutong.kernel.errors import DomainError, NotFound
from hutong.kernel.geo import Place
from hutong.kernel.text import pick
from hutong.town.catalog import queries as catalog
from hutong.town.merchants import queries as merchants
from hutong.town.people.services import Person
from hutong.town.regions.types import RegionView
from hutong.web.operator.access import operators
from hutong.web.operator.frame import operator_page, region_of

FOUND = 8
USUAL_DAYS, USUAL_VIEWS = 14, 1_000
MOST_TEXT = 80


class PlacementForm(forms.Form):
    """Where, from which day to which, how often a day. Days are those of the region, both included."""

    subject = forms.CharField(max_length=40, widget=forms.HiddenInput)
    category = forms.ChoiceField(label=gettext_lazy("Where it is shown"), required=False)
    first_on = forms.DateField(
        label=gettext_lazy("First day"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    last_on = forms.DateField(
        label=gettext_lazy("Last day"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    views_a_day = forms.IntegerField(
        label=gettext_lazy("Views a day at most"), min_value=1, max_value=MOST_VIEWS_A_DAY
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        language = get_language() or "en"
        choices = [("", _("Home page, and all lists it belongs to"))]
        for group in merchants.category_tree():
            for one in (group, *group.children):
                within = pick(group.names, language) + " › " if one is not group else ""
                choices.append(
                    (one.slug, _("Lists of %(category)s") % {"category": within + pick(one.names, language)})
                )
        field = self.fields["category"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = choices


@operators
@require_safe
def placement_list(request: HttpRequest, _operator: Person) -> HttpResponse:
    """All placements with what they brought so far."""
    context = {"placements": queries.placements(at=clock.now()), "one_in": ONE_IN}
    return operator_page(request, "operator/placements.html", context, tab="site")


@operators
@require_http_methods(["GET", "HEAD", "POST"])
def place(request: HttpRequest, operator: Person) -> HttpResponse:
    """A new placement: first what it shows is looked for by name, then the form."""
    region, every = region_of(request)
    if region is None:
        raise NotFound
    subject = request.POST.get("subject", request.GET.get("subject", ""))[:40]
    names = _names_of(subject)
    today = clock.local(clock.now(), region.zone).date()
    initial = {
        "subject": subject,
        "first_on": today,
        "last_on": today + timedelta(days=USUAL_DAYS - 1),
        "views_a_day": USUAL_VIEWS,
    }
    form = PlacementForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid() and _placed(form, region, operator):
        messages.success(request, _("Placed. It is shown from its first day on."))
        return redirect("operator_placements")
    query = request.GET.get("q", "").strip()[:MOST_TEXT]
    context = {
        "form": form if names else None,
        "names": names,
        "subject": subject,
        "region": region,
        "regions": every,
        "query": query,
        "found": _found(query, region) if query and not names else None,
    }
    status = 422 if form.errors else 200
    return operator_page(request, "operator/placement_new.html", context, tab="site", status=status)


@operators
@require_safe
def placement(request: HttpRequest, _operator: Person, placement_ref: str) -> HttpResponse:
    """One placement: where it stands, day by day."""
    found = queries.placement_by_ref(placement_ref, clock.now())
    if found is None:
        raise NotFound
    context = {"placement": found, "days": queries.days_of(placement_ref)}
    return operator_page(request, "operator/placement.html", context, tab="site")


@operators
@require_POST
def move(request: HttpRequest, operator: Person, placement_ref: str) -> HttpResponse:
    """Pause it, go on with it, or end it for good."""
    wanted = request.POST.get("do", "")
    if wanted not in set(PlacementEvent):
        raise NotFound
    try:
        services.move(placement_ref=placement_ref, event=PlacementEvent(wanted), by=operator, at=clock.now())
    except services.PlacementOver as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("Done."))
    return redirect("operator_placement", placement_ref)


def _placed(form: PlacementForm, region: RegionView, operator: Person) -> bool:
    """Whether it was placed; else the form says why not."""
    data, at = form.cleaned_data, clock.now()
    starts_at = max(_midnight(data["first_on"], region.zone), at)
    try:
        services.place(
            draft=PlacementDraft(
                region_ref=region.ref,
                subject_ref=data["subject"],
                category_slug=data["category"] or None,
                starts_at=starts_at,
                ends_at=_midnight(data["last_on"] + timedelta(days=1), region.zone),
                views_a_day=data["views_a_day"],
            ),
            by=operator,
            at=at,
        )
    except DomainError as error:
        form.add_error(None, str(error))
        return False
    return True


def _midnight(day: date, zone: str) -> datetime:
    return datetime.combine(day, time.min, ZoneInfo(zone))


def _names_of(ref: str) -> dict[str, str] | None:
    if ref.startswith("sto_"):
        store = merchants.store_by_ref(ref)
        return store.names if store else None
    offer = catalog.offer_by_ref(ref) if ref.startswith("off_") else None
    return offer.titles if offer else None


def _found(query: str, region: RegionView) -> list[dict[str, Any]]:
    """Shops and deals of the region by a part of their names."""
    at, place = clock.now(), Place(region.lon, region.lat)
    stores = search.nearby(place=place, at=at, text=query, limit=FOUND).items
    deals = search.deals_near(place=place, at=at, text=query, limit=FOUND).items
    return [
        *({"ref": one.ref, "names": one.names, "note": one.category_names} for one in stores),
        *({"ref": one.offer_ref, "names": one.titles, "note": one.store_names} for one in deals),
    ]
