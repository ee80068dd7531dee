"""What the page of figures was asked for: which days, compared with which, of which shops, broken down how."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from hutong.kernel.clock import day_bounds, local
from hutong.pay.orders.types import Grouping, Scope, Stretch
from hutong.town.regions.types import RegionView

MOST_DAYS = 366
NO_POSTCODE = "-"
"""In an address: the shops without a postcode."""


class Span(StrEnum):
    """The spans to choose from; all but CUSTOM end today."""

    TODAY = "today"
    WEEK = "7d"
    MONTH = "28d"
    QUARTER = "90d"
    CUSTOM = "custom"


DAYS = {Span.TODAY: 1, Span.WEEK: 7, Span.MONTH: 28, Span.QUARTER: 90}


class Against(StrEnum):
    """What the days are compared with."""

    BEFORE = "before"
    WEEK = "week"
    YEAR = "year"


# A year is 52 weeks, so that a Saturday stands beside a Saturday.
DAYS_BACK = {Against.WEEK: 7, Against.YEAR: 364}


class SpanForm(forms.Form):
    """The address of the page."""

    span = forms.ChoiceField(required=False, choices=[(span, span) for span in Span])
    start = forms.DateField(required=False)
    end = forms.DateField(required=False)
    against = forms.ChoiceField(required=False, choices=[(against, against) for against in Against])
    by = forms.ChoiceField(required=False, choices=[(by, by) for by in Grouping])
    category = forms.SlugField(required=False, max_length=60)
    area = forms.CharField(required=False, max_length=20)

    def clean(self) -> dict[str, object]:
        """Days of one's own: both, in order, and not more than a year."""
        found: dict[str, object] = super().clean() or {}
        start, end = found.get("start"), found.get("end")
        if found.get("span") != Span.CUSTOM or self.errors:
            return found
        if not isinstance(start, date) or not isinstance(end, date):
            raise forms.ValidationError(gettext_lazy("Choose the first and the last day."))
        if end < start:
            raise forms.ValidationError(gettext_lazy("The last day is before the first."))
        if (end - start).days >= MOST_DAYS:
            raise forms.ValidationError(gettext_lazy("Choose at most a year."))
        if start.year < 2000:
            raise forms.ValidationError(gettext_lazy("Choose later days."))
        return found


@dataclass(frozen=True, slots=True)
class Asked:
    """A page of figures. Days include both ends; `at` is the present moment."""

    region: RegionView
    at: datetime
    span: Span
    first_on: date
    last_on: date
    against: Against
    by: Grouping
    category: str
    area: str | None
    problem: str = ""

    @property
    def scope(self) -> Scope:
        """Which shops count."""
        return Scope(self.region.region_id, self.region.currency, self.region.zone, self.category, self.area)

    @property
    def days(self) -> int:
        """How many days there are."""
        return (self.last_on - self.first_on).days + 1

    @property
    def by_hour(self) -> bool:
        """A single day is drawn by its hours."""
        return self.days == 1

    @property
    def back(self) -> timedelta:
        """How far the compared days lie back."""
        return timedelta(days=DAYS_BACK.get(self.against, self.days))

    @property
    def now(self) -> Stretch:
        """The days asked for, as moments."""
        return self._stretch(self.first_on, self.last_on)

    @property
    def then(self) -> Stretch:
        """The days compared with, whole."""
        return self._stretch(self.first_on - self.back, self.last_on - self.back)

    @property
    def cut(self) -> bool:
        """Whether the last day is still running."""
        return self.last_on == local(self.at, self.region.zone).date()

    @property
    def then_so_far(self) -> Stretch:
        """The days compared with, up to the time of day it is now: a morning is not compared with a whole day."""
        whole = self.then
        if not self.cut:
            return whole
        wall = local(self.at, self.region.zone)
        until = datetime.combine(self.last_on - self.back, wall.time(), ZoneInfo(self.region.zone))
        return Stretch(whole.starts_at, min(max(until, whole.starts_at), whole.ends_at))

    def address(self, **changes: str | None) -> str:
        """The page with something else chosen: `span`, `against`, `by`, `category`, `area` (None: all), `file`."""
        chosen: dict[str, str | None] = {
            "span": self.span.value,
            "start": self.first_on.isoformat() if self.span is Span.CUSTOM else None,
            "end": self.last_on.isoformat() if self.span is Span.CUSTOM else None,
            "against": self.against.value,
            "by": self.by.value,
            "category": self.category,
            "area": NO_POSTCODE if self.area == "" else self.area,
        }
        chosen |= changes
        return "?" + urlencode({name: value for name, value in chosen.items() if value})

    def _stretch(self, first_on: date, last_on: date) -> Stretch:
        zone = self.region.zone
        return Stretch(day_bounds(first_on, zone)[0], day_bounds(last_on, zone)[1])


def asked(query: Mapping[str, str], region: RegionView, at: datetime) -> Asked:
    """What an address asks for; what is not understood is left at its usual choice, and `problem` says so."""
    form = SpanForm(query)
    problem = "" if form.is_valid() else _problem(form)
    found = form.cleaned_data
    today = local(at, region.zone).date()
    span = Span(found.get("span") or Span.WEEK)
    if span is Span.CUSTOM and problem:
        span = Span.WEEK
    first_on, last_on = today - timedelta(days=DAYS.get(span, 1) - 1), today
    if span is Span.CUSTOM:
        first_on, last_on = min(found["start"], today), min(found["end"], today)
    area = found.get("area") or None
    return Asked(
        region=region,
        at=at,
        span=span,
        first_on=first_on,
        last_on=last_on,
        against=Against(found.get("against") or Against.BEFORE),
        by=Grouping(found.get("by") or Grouping.CATEGORY),
        category=found.get("category") or "",
        area="" if area == NO_POSTCODE else area,
        problem=problem,
    )


def _problem(form: SpanForm) -> str:
    own = form.non_field_errors()
    return str(own[0]) if own else _("Something in the address was not understood.")


def drilled(page: Asked, key: str, *, is_group: bool) -> str:
    """Where a row of the breakdown leads on this page; "" where there is nothing below it.

    A group opens its categories, a category and an area open their shops.
    """
    if page.by is Grouping.CATEGORY and key:
        return page.address(category=key, by=(Grouping.CATEGORY if is_group else Grouping.SHOP).value)
    if page.by is Grouping.AREA:
        return page.address(area=key or NO_POSTCODE, by=Grouping.SHOP.value)
    return ""
