"""The shop's customers: who came, how often, how much; only those who agreed to be remembered."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from hutong.kernel import clock
from hutong.know.customers import queries as customers
from hutong.know.customers.rules import cells_of
from hutong.know.customers.types import CustomerCounts, Segment, Sort
from hutong.town.merchants.types import Right
from hutong.web.merchant.access import Desk, needs
from hutong.web.merchant.frame import merchant_page
from hutong.web.shell.promotion_words import SEGMENTS

# How strong a cell of the chart is coloured, by its share of the fullest cell.
HEAT = ("bg-base-200", "bg-primary/15", "bg-primary/30", "bg-primary/50", "bg-primary/75", "bg-primary")


class ListForm(forms.Form):
    """What the list shows; anything unknown counts as the default."""

    q = forms.CharField(required=False, max_length=60)
    sort = forms.ChoiceField(required=False, choices=[(each.value, each.value) for each in Sort])
    segment = forms.ChoiceField(required=False, choices=[(each.value, each.value) for each in Segment])
    cursor = forms.CharField(required=False, max_length=200)


@dataclass(frozen=True, slots=True)
class Cell:
    """One square of the chart: how many customers have these two marks. `strong` asks for light text."""

    recency: int
    frequency: int
    number: int
    css: str
    strong: bool
    segment: Segment


@needs(Right.SEE_CUSTOMERS, everywhere=True)
@require_safe
def customer_list(request: HttpRequest, desk: Desk) -> HttpResponse:
    """The list with search, order and segments; htmx asks for the list alone, or for its next page."""
    form = ListForm(request.GET)
    form.is_valid()
    wanted = {name: str(form.cleaned_data.get(name) or "") for name in form.fields}
    at = clock.now()
    segment = Segment(wanted["segment"]) if wanted["segment"] else None
    found = customers.customer_list(
        desk.merchant_ref,
        at=at,
        text=wanted["q"],
        sort=Sort(wanted["sort"] or Sort.RECENCY),
        segment=segment,
        cursor=wanted["cursor"] or None,
    )
    context: dict[str, Any] = {
        "found": found,
        "wanted": wanted,
        "segments": segment_labels(),
        "next_url": _address(wanted, cursor=found.next_cursor) if found.next_cursor else "",
    }
    part = "merchant/_customer_rows.html" if wanted["cursor"] else "merchant/_customers.html"
    counts = customers.customer_counts(desk.merchant_ref, at=at)
    context |= {
        "counts": counts,
        "segment_chips": _segment_chips(wanted, counts),
        "sort_chips": _sort_chips(wanted),
        "grid": _grid(counts),
    }
    return merchant_page(request, desk, "merchant/customers.html", context, tab="customers", part=part)


@needs(Right.SEE_CUSTOMERS, everywhere=True)
@require_safe
def customer(request: HttpRequest, desk: Desk, customer_ref: str) -> HttpResponse:
    """One customer of this merchant with the timeline."""
    found = customers.customer_page(desk.merchant_ref, customer_ref, at=clock.now())
    if found is None:
        raise Http404
    context = {"found": found, "customer": found.customer, "segments": segment_labels()}
    return merchant_page(request, desk, "merchant/customer.html", context, tab="customers")


def segment_labels() -> dict[str, str]:
    """The words for segments, in the order of the chips."""
    return {segment.value: str(words) for segment, words in SEGMENTS.items()}


def _address(wanted: dict[str, str], **changes: str | None) -> str:
    query = {**wanted, "cursor": "", **changes}
    return f"{reverse('merchant_customers')}?{urlencode({name: value for name, value in query.items() if value})}"


def _segment_chips(wanted: dict[str, str], counts: CustomerCounts) -> list[dict[str, Any]]:
    came = counts.total - counts.by_segment[Segment.BOUGHT]
    everybody = _("All who came")
    chips = [
        {
            "url": _address(wanted, segment=""),
            "label": everybody,
            "count": came,
            "current": not wanted["segment"],
        }
    ]
    chips += [
        {
            "url": _address(wanted, segment=segment),
            "label": label,
            "count": counts.by_segment[Segment(segment)],
            "current": wanted["segment"] == segment,
        }
        for segment, label in segment_labels().items()
    ]
    return chips


def _sort_chips(wanted: dict[str, str]) -> list[dict[str, Any]]:
    labels = {Sort.RECENCY: _("Last here"), Sort.FREQUENCY: _("Most often"), Sort.MONEY: _("Spent most")}
    return [
        {
            "url": _address(wanted, sort=sort),
            "label": label,
            "current": (wanted["sort"] or Sort.RECENCY) == sort,
        }
        for sort, label in labels.items()
    ]


def _grid(counts: CustomerCounts) -> list[list[Cell]]:
    """Rows by recency, 5 first; in each the five frequencies. Colours by the share of the fullest square."""
    fullest = max(counts.by_marks.values(), default=0)
    of_cell = {cell: segment for segment in Segment for cell in cells_of(segment)}

    def cell(recency: int, frequency: int) -> Cell:
        number = counts.by_marks.get((recency, frequency), 0)
        heat = -(-5 * number // fullest) if fullest else 0
        return Cell(recency, frequency, number, HEAT[heat], heat >= 4, of_cell[recency, frequency])

    return [[cell(recency, frequency) for frequency in range(1, 6)] for recency in range(5, 0, -1)]
