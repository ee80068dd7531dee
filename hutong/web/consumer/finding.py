"""Finding things: home, lists, search, map, region."""

from datetime import timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from hutong.attract.search import queries as search
from hutong.attract.search.types import DealCard
from hutong.kernel import clock
from hutong.town.merchants import queries as merchants
from hutong.town.merchants.types import CategoryView
from hutong.town.regions import queries as regions
from hutong.web.consumer.filters import address, asked_sort, category_chips, find_category, sort_chips
from hutong.web.consumer.place import HERE_COOKIE, REGION_COOKIE, REGION_COOKIE_AGE_S, whereabouts
from hutong.web.shell.access import public
from hutong.web.shell.parts import page, safe_next

HOME_DEALS = 12
HOME_STORES = 6
PAGE_SIZE = 20
TILES = 10
MOST_TEXT = 80
# A countdown says something for three days; before that it is only a large number.
SOON = timedelta(days=3)


def _tiles(tree: list[CategoryView]) -> list[dict[str, Any]]:
    """The home page's tiles: the groups, filled up with categories of the first groups."""
    children = [child for group in tree for child in group.children]
    return [
        {"url": reverse("category", args=[one.slug]), "names": one.names, "emoji": one.emoji}
        for one in [*tree, *children][:TILES]
    ]


def _banner(deals: tuple[DealCard, ...]) -> DealCard | None:
    return max(deals, key=lambda deal: deal.discount_percent, default=None)


@public
@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """What is around the visitor, at once and without signing in. Four statements for an anonymous visitor."""
    where, at, sort = whereabouts(request), clock.now(), asked_sort(request.GET)
    deals = search.deals_near(place=where.place, at=at, sort=sort, limit=HOME_DEALS)
    banner = _banner(deals.items)
    context = {
        "tab": "home",
        "where": where,
        "region": where.region,
        "zone": where.region.zone,
        "deals": deals.items,
        "more_deals": deals.next is not None,
        "banner": banner,
        "banner_ends_soon": bool(banner and banner.ends_at and banner.ends_at - at < SOON),
        "chips": sort_chips(request.GET, sort),
    }
    if request.headers.get("HX-Target") != "deals":
        context["categories"] = _tiles(merchants.category_tree())
        context["stores"] = search.nearby(place=where.place, at=at, limit=HOME_STORES).items
        return page(request, "consumer/home.html", context)
    return page(request, "consumer/home.html", context, part="consumer/_home_deals.html")


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
    """Shops or deals around the visitor, filtered; three statements for an anonymous visitor."""
    query = request.GET
    where, at = whereabouts(request), clock.now()
    text, slug, after = query.get("q", "").strip()[:MOST_TEXT], query.get("category", ""), query.get("after")
    shows_deals, open_now = query.get("show") == "deals", query.get("open") == "1"
    tree = merchants.category_tree()
    group, child = find_category(tree, slug)
    asked: dict[str, Any] = {"place": where.place, "at": at, "text": text, "limit": PAGE_SIZE, "after": after}
    chosen = child or group
    asked["category"] = chosen.slug if chosen else None
    sort = asked_sort(query)
    found = (
        search.deals_near(sort=sort, **asked) if shows_deals else search.nearby(open_now=open_now, **asked)
    )
    context = {
        "tab": "home",
        "where": where,
        "region": where.region,
        "zone": where.region.zone,
        "query": text,
        "shows_deals": shows_deals,
        "found": found.items,
        "next_url": f"{address(query)}&after={found.next}" if found.next else "",
        "title": chosen.names if chosen else None,
        "up": group if child else None,
        "category_chips": category_chips(query, tree, slug),
        "sort_chips": sort_chips(query, sort) if shows_deals else [],
        "open_chip": None
        if shows_deals
        else {"url": address(query, open=None if open_now else "1"), "current": open_now},
        "stores_url": address(query, show=None, sort=None),
        "deals_url": address(query, show="deals", open=None),
        "map_url": f"{reverse('map')}{address(query)}",
        "kept": [
            (name, query[name]) for name in ("category", "show", "open", "sort", "at") if query.get(name)
        ],
    }
    part = "consumer/_found.html" if after else "consumer/_nearby.html"
    return page(request, "consumer/nearby.html", context, part=part)


@public
@require_http_methods(["GET", "POST"])
def choose_region(request: HttpRequest) -> HttpResponse:
    """Another town, by hand or by position. The choice is a cookie; nothing is stored here."""
    if request.method == "POST":
        chosen = regions.region_by_slug(request.POST.get("region", ""))
        response: HttpResponse = HttpResponseRedirect(safe_next(request, reverse("home")))
        if chosen:
            secure = request.is_secure()
            response.set_cookie(
                REGION_COOKIE, chosen.slug, max_age=REGION_COOKIE_AGE_S, samesite="Lax", secure=secure
            )
            response.delete_cookie(HERE_COOKIE)
        return response
    where = whereabouts(request)
    context = {
        "where": where,
        "region": where.region,
        "regions": regions.regions(),
        "next": safe_next(request, reverse("home")),
    }
    return page(request, "consumer/regions.html", context)
