"""The figures of the day: what was sold, redeemed, given back; how it compares; what waits."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from hutong.kernel import clock
from hutong.kernel.money import Money, format_money
from hutong.pay.orders import queries as orders
from hutong.pay.orders.types import DayFigures, SeriesPoint
from hutong.town.people.services import Person
from hutong.town.regions.types import RegionView
from hutong.web.operator.access import operators
from hutong.web.operator.charts import sales_chart, step_names
from hutong.web.operator.frame import operator_page, region_of
from hutong.web.shell.templatetags.hutong import locale, number

DAYS = 14
NEWEST = 8


@dataclass(frozen=True, slots=True)
class Tile:
    """One figure, and how it stands against yesterday."""

    label: str
    value: str
    note: str
    trend: str = ""
    trend_good: bool = True


@dataclass(frozen=True, slots=True)
class Bar:
    """A step on the way from order to visit, as a share of the first one."""

    label: str
    value: str
    amount: int
    most: int


@operators
@require_safe
def figures(request: HttpRequest, _operator: Person) -> HttpResponse:
    """The day of one region. `span=today` shows the chart by the hour."""
    region, every = region_of(request)
    if region is None:
        return operator_page(request, "operator/no_region.html", {}, tab="figures")
    at = clock.now()
    today = clock.local(at, region.zone).date()
    by_hour = request.GET.get("span") == "today"
    hours = orders.hourly(region=region, on=today)
    days = orders.daily(region=region, first_on=today - timedelta(days=DAYS - 1), last_on=today)
    points = hours if by_hour else days
    context: dict[str, Any] = {
        "region": region,
        "regions": every,
        "zone": region.zone,
        "day": at,
        "tiles": _tiles(region, today, at, hours),
        "chart": sales_chart(points, zone=region.zone, by_hour=by_hour, until=at),
        "points": list(zip(step_names(points, zone=region.zone, by_hour=by_hour), points, strict=True)),
        "by_hour": by_hour,
        "bars": _bars(days),
        "newest": orders.order_list(region_id=region.region_id, limit=NEWEST),
    }
    return operator_page(
        request, "operator/figures.html", context, tab="figures", part="operator/_figures.html"
    )


def _tiles(region: RegionView, today: date, at: datetime, hours: Sequence[SeriesPoint]) -> list[Tile]:
    """Today against yesterday up to the same full hour, so that a morning is not compared with a whole day."""
    yesterday = today - timedelta(days=1)
    day, before = orders.figures(region=region, on=today), orders.figures(region=region, on=yesterday)
    full_hours = sum(1 for point in hours if point.starts_at + timedelta(hours=1) <= at)
    so_far = _sum(hours[:full_hours], region.currency)
    then = _sum(orders.hourly(region=region, on=yesterday)[:full_hours], region.currency)
    if not full_hours:
        return _first_hour(day, before)
    return [
        _against(_("Sold"), _money(day.gmv), so_far.gmv.minor, then.gmv.minor),
        _against(_("Orders paid"), number(day.paid), so_far.paid, then.paid),
        _against(_("Redeemed"), _money(day.redeemed), so_far.redeemed.minor, then.redeemed.minor),
        Tile(
            _("Refunded"), _money(day.refunds), _("yesterday %(amount)s") % {"amount": _money(before.refunds)}
        ),
    ]


def _first_hour(day: DayFigures, before: DayFigures) -> list[Tile]:
    """In the first hour there is nothing to compare with but yesterday as a whole."""

    def tile(label: str, value: str, yesterday: str) -> Tile:
        return Tile(label, value, _("yesterday %(amount)s") % {"amount": yesterday})

    return [
        tile(_("Sold"), _money(day.gmv), _money(before.gmv)),
        tile(_("Orders paid"), number(day.paid), number(before.paid)),
        tile(_("Redeemed"), _money(day.redeemed), _money(before.redeemed)),
        tile(_("Refunded"), _money(day.refunds), _money(before.refunds)),
    ]


def _against(label: str, value: str, now: int, then: int) -> Tile:
    if not now and not then:
        return Tile(label, value, _("as yesterday by this hour"))
    if not then:
        return Tile(label, value, _("nothing yesterday by this hour"))
    change = round((now - then) * 100 / then)
    if change == 0:
        return Tile(label, value, _("as yesterday by this hour"))
    sign = "+" if change > 0 else "−"
    note = _("%(change)s %% on yesterday by this hour") % {"change": f"{sign}{abs(change)}"}
    return Tile(label, value, note, trend="up" if change > 0 else "down", trend_good=change > 0)


def _sum(points: Sequence[SeriesPoint], unit: str) -> SeriesPoint:
    nothing = Money(0, unit)
    return SeriesPoint(
        starts_at=points[0].starts_at if points else clock.now(),
        ordered=sum(point.ordered for point in points),
        paid=sum(point.paid for point in points),
        gmv=sum((point.gmv for point in points), nothing),
        redeemed_units=sum(point.redeemed_units for point in points),
        redeemed=sum((point.redeemed for point in points), nothing),
    )


def _bars(days: Sequence[SeriesPoint]) -> list[Bar]:
    every = _sum(days, days[0].gmv.unit)
    return [
        Bar(_("Orders placed"), number(every.ordered), every.ordered, every.ordered),
        Bar(_("Orders paid"), number(every.paid), every.paid, every.ordered),
        Bar(_("Sold"), _money(every.gmv), every.gmv.minor, max(every.gmv.minor, every.redeemed.minor)),
        Bar(
            _("Redeemed"),
            _money(every.redeemed),
            every.redeemed.minor,
            max(every.gmv.minor, every.redeemed.minor),
        ),
    ]


def _money(amount: Money) -> str:
    return format_money(amount, locale())
