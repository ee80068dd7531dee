"""The figures of a region: sales, redemption, refund and funnel of any days, compared, and broken down."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from hutong.kernel import clock
from hutong.kernel.text import pick
from hutong.know.insight import queries as insight
from hutong.pay.orders import queries as orders
from hutong.pay.orders.types import Compared, Grouping
from hutong.town.merchants.queries import category_tree
from hutong.town.people.services import Person
from hutong.visit.vouchers.queries import terms_of_all
from hutong.web.operator.access import operators
from hutong.web.operator.charts import points, sales_chart
from hutong.web.operator.figures_file import days_file, rows_file
from hutong.web.operator.figures_parts import funnel, table, tiles
from hutong.web.operator.figures_span import NO_POSTCODE, Against, Asked, Span, asked
from hutong.web.operator.first_steps import first_steps
from hutong.web.operator.frame import operator_page, region_of

NEWEST = 8
MOST_IN_FILE = 5000


@operators
@require_safe
def figures(request: HttpRequest, _operator: Person) -> HttpResponse:
    """One region's figures; with `file=days` or `file=rows` the same as CSV."""
    region, every = region_of(request)
    if region is None:
        return operator_page(request, "operator/no_region.html", {}, tab="figures")
    page = asked(request.GET, region, clock.now())
    if request.GET.get("file") in ("days", "rows"):
        return _file(page, request.GET["file"])
    steps = points(page, orders.steps(page.scope, page.now, page.then, by_hour=page.by_hour))
    sums = orders.compared(page.scope, page.now, page.then_so_far)
    newest = orders.order_list(region_id=region.region_id, limit=NEWEST)
    context: dict[str, Any] = {
        "page": page,
        "region": region,
        "regions": every,
        "zone": region.zone,
        "tiles": tiles(sums),
        "anything": sums.now.orders or sums.now.redeemed_units or sums.now.refunded_units,
        "chart": sales_chart(steps, by_hour=page.by_hour, unit=region.currency),
        "points": steps,
        "newest": newest,
        "steps": [] if newest else first_steps(region),
        "terms": terms_of_all({order.offer_ref for order in newest}),
        **_broken_down(page, sums),
        **_choices(page),
    }
    return operator_page(
        request, "operator/figures.html", context, tab="figures", part="operator/_figures.html"
    )


def _broken_down(page: Asked, sums: Compared) -> dict[str, Any]:
    """The table with its names, the marks of what is left in, and the funnel."""
    tree = category_tree()
    groups: Mapping[str, Mapping[str, str]] = {group.slug: group.names for group in tree}
    names = {**groups, **{child.slug: child.names for group in tree for child in group.children}}
    found = orders.breakdown(page.scope, page.now, page.then_so_far, by=page.by)
    looks = insight.looks(
        region_id=page.region.region_id,
        first_on=page.first_on,
        last_on=page.last_on,
        category=page.category,
        area=page.area,
    )
    return {
        "rows": table(page, found, sums, groups),
        "every": found.every,
        "funnel": funnel(looks, orders.order_steps(page.scope, page.now)),
        "marks": _marks(page, names),
    }


def _marks(page: Asked, names: Mapping[str, Mapping[str, str]]) -> list[dict[str, str]]:
    """What limits the page, each with the address that lets everything in again."""
    marks = []
    if page.category:
        label = pick(names.get(page.category, {}), get_language() or "en") or page.category
        url = page.address(category="", by=Grouping.CATEGORY.value)
        marks.append({"id": "mark-category", "label": label, "url": url})
    if page.area is not None:
        label = page.area or _("Other, without a postcode")
        marks.append(
            {"id": "mark-area", "label": label, "url": page.address(area=None, by=Grouping.AREA.value)}
        )
    return marks


def _choices(page: Asked) -> dict[str, Any]:
    """What can be chosen: days, what to compare with, how to break down."""
    spans = {
        Span.TODAY: _("Today"),
        Span.WEEK: _("7 days"),
        Span.MONTH: _("28 days"),
        Span.QUARTER: _("90 days"),
    }
    against = {
        Against.BEFORE: _("The days before"),
        Against.WEEK: _("A week before"),
        Against.YEAR: _("A year before"),
    }
    groupings = {
        Grouping.CATEGORY: _("Categories"),
        Grouping.AREA: _("Areas"),
        Grouping.SHOP: _("Shops"),
        Grouping.DEAL: _("Deals"),
    }
    return {
        "span_chips": [
            {
                "id": f"span-{span}",
                "label": label,
                "current": span is page.span,
                "url": page.address(span=span.value, start=None, end=None),
            }
            for span, label in spans.items()
        ],
        "against_choices": [(one.value, label, one is page.against) for one, label in against.items()],
        "by_chips": [
            {"id": f"by-{by}", "label": label, "current": by is page.by, "url": page.address(by=by.value)}
            for by, label in groupings.items()
        ],
        "by_label": groupings[page.by],
        "custom": page.span is Span.CUSTOM,
        "then_first_on": page.first_on - page.back,
        "then_last_on": page.last_on - page.back,
        "area_value": NO_POSTCODE if page.area == "" else page.area or "",
        "days_url": page.address(file="days"),
        "rows_url": page.address(file="rows"),
    }


def _file(page: Asked, what: str) -> HttpResponse:
    if what == "days":
        return days_file(
            page, points(page, orders.steps(page.scope, page.now, page.then, by_hour=page.by_hour))
        )
    found = orders.breakdown(page.scope, page.now, page.then_so_far, by=page.by, limit=MOST_IN_FILE)
    return rows_file(page, found)
