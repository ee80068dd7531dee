"""Finding things: lists, search, region."""

from typing import Any
from urllib.parse import urlsplit

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.urls import reverse
from django.utils.translation import get_language
from django.views.decorators.http import require_GET

from hutong.attract.search import queries as search
from hutong.kernel import clock
from hutong.town.merchants import queries as merchants
from hutong.web.consumer.asking import (
    MOST_TEXT,
    OF_FORM,
    Asking,
    active_filters,
    read,
    store_sort_chips,
)
from hutong.web.consumer.filter_sheet import count_words, deal_filter_groups, filter_groups, without
from hutong.web.consumer.filters import address, asked_sort, category_chips, find_category, sort_chips
from hutong.web.consumer.found import Rows, deal_rows, store_rows
from hutong.web.consumer.open_web import OpenWeb, about_list
from hutong.web.consumer.place import Whereabouts, whereabouts
from hutong.web.consumer.spot import MOST_PAGES, Spot, read_spot
from hutong.web.shell.access import public
from hutong.web.shell.parts import page, wants_part

PAGE_SIZE = 20
# What stays when other words are looked for.
KEPT = (
    "category",
    "area",
    "show",
    "open",
    "open_at",
    "price",
    "rating",
    "deal",
    "bookable",
    "tag",
    "sort",
    "at",
)


@public
@require_GET
def category(request: HttpRequest, slug: str) -> HttpResponse:
    """A category has an address of its own to share; what it shows is the list with that filter."""
    query = request.GET.copy()
    query["category"] = slug
    return HttpResponseRedirect(f"{reverse('nearby')}?{query.urlencode()}")


@public
@require_GET
def nearby(request: HttpRequest) -> HttpResponse:
    """Shops or deals around the visitor, filtered; five statements for an anonymous visitor who finds something.

    One statement more for each further page of a list that somebody comes back to, and one for the cards of paid
    positions that are not on the list.
    """
    query = request.GET
    where, now = whereabouts(request), clock.now()
    slug, after, shows_deals = query.get("category", ""), query.get("after"), query.get("show") == "deals"
    spot = read_spot(query.get("spot", ""), now)
    tree = merchants.category_tree()
    group, child = find_category(tree, slug)
    asking = read(query, where, spot.at, category=child or group, limit=PAGE_SIZE)
    rows, shown = (_deals if shows_deals else _stores)(request, asking, where, spot)
    further = Spot(min(spot.pages + 1, MOST_PAGES), spot.at, rows.paid)
    chosen, here = asking.category, reverse("nearby")
    context = {
        "tab": "home",
        "where": where,
        "region": where.region,
        "zone": where.region.zone,
        "query": asking.question.text,
        "shows_deals": shows_deals,
        "found": rows.shown,
        # A whole path, because the map reads the list as well.
        "next_url": f"{here}{address(query, spot=further.text(), after=rows.next)}" if rows.next else "",
        "title": chosen.names if chosen else None,
        "area": asking.area,
        "up": group if child else None,
        "category_chips": category_chips(query, tree, slug),
        "stores_url": address(query, show=None, sort=None),
        "deals_url": address(query, show="deals", sort=None),
        "map_url": f"{reverse('map')}{address(query)}",
        "everything_url": f"{here}{address(QueryDict(mutable=True), show=query.get('show'), at=query.get('at'))}",
        "swapped": asking.swapped,
        "kept": [(name, value) for name in KEPT for value in query.getlist(name) if value],
        "form_kept": [
            (name, value)
            for name, values in query.lists()
            if name not in OF_FORM and name not in ("q",)
            for value in values
            if value
        ],
        "filters_open": query.get("filters") == "1",
        "open_at": query.get("open_at", ""),
        **shown,
    }
    context["open_web"] = _head(request, asking, where, rows, shows_deals=shows_deals)
    response = page(
        request, "consumer/nearby.html", context, part=f"consumer/_{'found' if after else 'nearby'}.html"
    )
    if after and wants_part(request) and urlsplit(request.headers.get("HX-Current-URL", "")).path == here:
        # so that whoever opens one of these and goes back is here again
        response["HX-Replace-Url"] = f"{here}{address(query, spot=spot.text())}"
    return response


def _head(
    request: HttpRequest, asking: Asking, where: Whereabouts, rows: Rows, *, shows_deals: bool
) -> OpenWeb:
    """What search engines read: lists of a category and a district are for them, narrower ones are not."""
    own = QueryDict(mutable=True)
    for name, value in (
        ("q", asking.question.text),
        ("category", asking.category and asking.category.slug),
        ("area", asking.area and asking.area.slug),
        ("show", "deals" if shows_deals else ""),
    ):
        if value:
            own[name] = value
    indexed = bool(rows.shown) and asking.plain_but_area and not request.GET.get("after")
    return about_list(
        request,
        f"{reverse('nearby')}?{own.urlencode()}" if own else reverse("nearby"),
        names=asking.category.names if asking.category else None,
        place=(asking.area or where.region).names,
        found=rows.named() if indexed else [],
        indexed=indexed,
        deals=shows_deals,
    )


def _deals(
    request: HttpRequest, asking: Asking, where: Whereabouts, spot: Spot
) -> tuple[Rows, dict[str, Any]]:
    """The deals that answer; the filters only with the first page."""
    query, sort = request.GET, asked_sort(request.GET)
    found = search.find_deals(asking.question, sort=sort)
    rows = deal_rows(request, asking, where, spot, found, sort=sort)
    whole = not asking.question.after
    return rows, {
        "sort_chips": sort_chips(query, sort),
        "active": active_filters(query, asking, deals=True),
        "groups": deal_filter_groups(asking) if whole else [],
    }


def _stores(
    request: HttpRequest, asking: Asking, where: Whereabouts, spot: Spot
) -> tuple[Rows, dict[str, Any]]:
    """The stores that answer; filters and their counts only with the first page, which is a whole one."""
    query, question = request.GET, asking.question
    explain = query.get("explain") == "1" and getattr(request.user, "is_operator", False)
    whole = not question.after
    answer = search.find(question, explain=explain, facets=whole)
    rows = store_rows(request, asking, where, spot, answer, explain=explain)
    return rows, {
        "sort_chips": store_sort_chips(query, question.sort),
        "groups": filter_groups(answer, asking) if whole else [],
        "active": active_filters(query, asking),
        "total": count_words(answer.total) if answer.total else "",
        "corrected": answer.corrected,
        "exact_url": address(query, exact="1"),
        "nearest": answer.nearest,
        "left_out": without(answer, query),
        "explain": explain,
    }


@public
@require_GET
def suggestions(request: HttpRequest) -> HttpResponse:
    """What may be meant by the beginning of a search, as options of a list box; two statements."""
    where = whereabouts(request)
    found = search.suggest(
        request.GET.get("q", "")[:MOST_TEXT], place=where.place, language=get_language() or "en"
    )
    response = page(request, "consumer/_suggestions.html", {"found": found})
    response["Cache-Control"] = "private, max-age=60"
    return response
