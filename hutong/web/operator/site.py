"""What the operator says and switches for the whole site: its pages, announcements, features and categories."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from hutong.flows import site_pages
from hutong.flows.site_pages import LANGUAGES, MAX_TEXT, SitePage
from hutong.kernel import clock
from hutong.kernel.errors import DomainError
from hutong.town.contents import queries as contents
from hutong.town.contents import services as contents_services
from hutong.town.contents.rules import MAX_ANNOUNCEMENT, difference
from hutong.town.contents.types import Audience
from hutong.town.merchants import queries as merchants
from hutong.town.merchants import services as merchants_services
from hutong.town.people.services import Person
from hutong.town.regions import queries as regions
from hutong.town.regions import services as regions_services
from hutong.town.regions.types import Feature
from hutong.web.operator.access import operators
from hutong.web.operator.frame import operator_page, region_of, zone_of
from hutong.web.shell import announcements
from hutong.web.shell.changes import lines
from hutong.web.shell.site_pages import TITLES

# The Site page shows the regions that matter most; a country's table has thousands.
MOST_REGIONS = 40
FEATURES = {
    Feature.SIGN_UP: (
        gettext_lazy("New shops may sign up"),
        gettext_lazy("Off: the page says that no new shops are taken at the moment."),
    ),
    Feature.CLAIMS: (
        gettext_lazy("Listings may be claimed"),
        gettext_lazy("Off: a listing shows no “Is this your shop?”, and open claims can still be decided."),
    ),
    Feature.REVIEW_CONTENTS: (
        gettext_lazy("Look at contents first"),
        gettext_lazy("On: new texts, prices and pictures of approved shops wait in the queue first."),
    ),
    Feature.REVIEW_REVIEWS: (
        gettext_lazy("Look at reviews first"),
        gettext_lazy("On: every review waits for you. Off: only those that much speaks against."),
    ),
    Feature.REVIEW_CUSTOMERS: (
        gettext_lazy("Shops review customers"),
        gettext_lazy("On: after a visit both may write, and neither reads the other before both did."),
    ),
}
AUDIENCES = [
    (Audience.ALL.value, gettext_lazy("Everybody")),
    (Audience.SHOPPERS.value, gettext_lazy("Shoppers")),
    (Audience.SHOPS.value, gettext_lazy("Shops and operators")),
]


class PageForm(forms.Form):
    """The words of a page in both languages."""

    en = forms.CharField(
        label=gettext_lazy("English"),
        required=False,
        max_length=MAX_TEXT,
        widget=forms.Textarea(attrs={"rows": 22, "lang": "en"}),
    )
    zh = forms.CharField(
        label=gettext_lazy("Simplified Chinese"),
        required=False,
        max_length=MAX_TEXT,
        widget=forms.Textarea(attrs={"rows": 22, "lang": "zh-Hans"}),
    )

    @property
    def texts(self) -> dict[str, str]:
        """By language."""
        return {"en": self.cleaned_data["en"], "zh-Hans": self.cleaned_data["zh"]}


def _moment() -> forms.DateTimeInput:
    return forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")


class AnnouncementForm(forms.Form):
    """What is announced, to whom, from when until when; wall times of the region."""

    en = forms.CharField(label=gettext_lazy("In English"), required=False, max_length=MAX_ANNOUNCEMENT)
    zh = forms.CharField(
        label=gettext_lazy("In Chinese"),
        required=False,
        max_length=MAX_ANNOUNCEMENT,
        widget=forms.TextInput(attrs={"lang": "zh-Hans"}),
        help_text=gettext_lazy("One language is enough; everybody reads that one then."),
    )
    audience = forms.ChoiceField(label=gettext_lazy("For"), choices=AUDIENCES)
    starts_at = forms.DateTimeField(label=gettext_lazy("From"), widget=_moment())
    ends_at = forms.DateTimeField(label=gettext_lazy("Until"), widget=_moment())
    urgent = forms.BooleanField(
        label=gettext_lazy("Urgent"),
        help_text=gettext_lazy("Shown in a colour that stands out, and before others."),
        required=False,
    )


class CategoryForm(forms.Form):
    """A category as the operator wants it shown; empty fields take what the house says."""

    hidden = forms.BooleanField(required=False)
    en = forms.CharField(required=False, max_length=60)
    zh = forms.CharField(required=False, max_length=60)
    position = forms.IntegerField(required=False, min_value=0, max_value=10_000)


@operators
@require_safe
def site(request: HttpRequest, _operator: Person) -> HttpResponse:
    """All of it on one page: pages, announcements, features."""
    region, every = region_of(request)
    at = clock.now()
    on = regions.features(region.region_id) if region else {}
    context = {
        "pages": [(page, TITLES[page], next(iter(site_pages.history(page)), None)) for page in SitePage],
        "announcements": [
            (each, each.shows(at), each.ends_at > at and not each.ended_at)
            for each in contents.announcements(limit=10)
        ],
        "region": region,
        "regions": every,
        "outlines": regions.outline_states(limit=MOST_REGIONS),
        "features": [(feature, *FEATURES[feature], on[feature]) for feature in Feature] if region else [],
    }
    return operator_page(request, "operator/site.html", context, tab="site")


@operators
@require_http_methods(["GET", "HEAD", "POST"])
def edit_page(request: HttpRequest, operator: Person, name: str) -> HttpResponse:
    """Write a page; with `look` it is shown as readers would see it, and nothing is kept."""
    page = _page(name)
    texts = site_pages.texts(page)
    form = PageForm(request.POST or None, initial={"en": texts["en"], "zh": texts.get("zh-Hans", "")})
    preview: list[tuple[str, str]] = []
    if request.method == "POST" and form.is_valid():
        if "look" in request.POST:
            preview = [(language, site_pages.filled(form.texts[language])) for language in LANGUAGES]
        else:
            try:
                site_pages.write(page=page, texts=form.texts, by=operator, at=clock.now())
            except DomainError as error:
                form.add_error(None, str(error))
            else:
                messages.success(request, _("The page is published."))
                return redirect("operator_site")
    versions = site_pages.history(page)
    older = [*versions[1:], None][: len(versions)]
    context = {
        "page": page,
        "title": TITLES[page],
        "form": form,
        "preview": preview,
        "zone": zone_of(request),
        "versions": [
            (made, lines(difference(before.body["texts"], made.body["texts"])) if before else [])
            for made, before in zip(versions, older, strict=True)
        ],
    }
    return operator_page(
        request, "operator/site_page.html", context, tab="site", status=422 if form.errors else 200
    )


@operators
@require_http_methods(["GET", "HEAD", "POST"])
def announce(request: HttpRequest, operator: Person) -> HttpResponse:
    """Tell everybody something for a while."""
    zone = ZoneInfo(zone_of(request))
    now = clock.now().astimezone(zone).replace(second=0, microsecond=0, tzinfo=None)
    form = AnnouncementForm(
        request.POST or None, initial={"starts_at": now, "ends_at": now + timedelta(days=3)}
    )
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            contents_services.announce(
                texts={"en": data["en"], "zh-Hans": data["zh"]},
                audience=Audience(data["audience"]),
                urgent=data["urgent"],
                starts_at=_wall(data["starts_at"], zone),
                ends_at=_wall(data["ends_at"], zone),
                by=operator,
                at=clock.now(),
            )
        except DomainError as error:
            form.add_error(None, str(error))
        else:
            announcements.forget()
            messages.success(request, _("It is announced."))
            return redirect("operator_site")
    context = {"form": form, "zone_name": zone.key}
    return operator_page(
        request, "operator/announce.html", context, tab="site", status=422 if form.errors else 200
    )


@operators
@require_POST
def end_announcement(request: HttpRequest, operator: Person, announcement_ref: str) -> HttpResponse:
    """Take an announcement off the pages."""
    contents_services.end_announcement(ref=announcement_ref, by=operator, at=clock.now())
    announcements.forget()
    messages.success(request, _("It is shown no more."))
    return redirect("operator_site")


@operators
@require_POST
def switch_feature(request: HttpRequest, operator: Person, region_ref: str, feature: str) -> HttpResponse:
    """Switch a feature of a region on or off."""
    if feature not in set(Feature):
        raise Http404
    on = request.POST.get("to") == "on"
    regions_services.set_feature(
        region_ref=region_ref, feature=Feature(feature), on=on, by=operator.public_id, at=clock.now()
    )
    messages.success(request, _("Switched on.") if on else _("Switched off."))
    return redirect("operator_site")


@operators
@require_http_methods(["GET", "HEAD", "POST"])
def categories(request: HttpRequest, operator: Person) -> HttpResponse:
    """Which categories shoppers see, under which name and in which order; one form for each."""
    wrong: dict[str, Any] = {}
    if request.method == "POST":
        form = CategoryForm(request.POST)
        slug = request.POST.get("slug", "")
        if form.is_valid():
            data = form.cleaned_data
            names = {key: data[field] for key, field in (("en", "en"), ("zh-Hans", "zh")) if data[field]}
            merchants_services.set_category(
                slug=slug,
                hidden=data["hidden"],
                names=names,
                position=data["position"],
                by=operator,
                at=clock.now(),
            )
            messages.success(request, _("The category is changed."))
            return redirect(f"{request.path}#{slug}")
        wrong = {slug: form.errors}
    context = {"groups": merchants.category_settings(), "wrong": wrong}
    return operator_page(
        request, "operator/categories.html", context, tab="site", status=422 if wrong else 200
    )


def _page(name: str) -> SitePage:
    try:
        return SitePage(name)
    except ValueError:
        raise Http404 from None


def _wall(moment: datetime, zone: ZoneInfo) -> datetime:
    """What was typed, meant in the region's zone; the form read it in the site's."""
    return moment.replace(tzinfo=zone)
