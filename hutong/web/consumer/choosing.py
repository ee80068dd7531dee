"""Another town, district or business circle: by list, by typing, by position, by the map."""

from dataclasses import dataclass
from urllib.parse import quote

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from hutong.town.regions import queries as regions
from hutong.town.regions.types import RegionKind, RegionView
from hutong.web.consumer.place import AREA_KINDS, HERE_COOKIE, REGION_COOKIE, REGION_COOKIE_AGE_S, whereabouts
from hutong.web.shell.access import public
from hutong.web.shell.parts import page, safe_next

MOST_FOUND = 20
MOST_TYPED = 80
KINDS = {
    RegionKind.COUNTRY: gettext_lazy("country"),
    RegionKind.CITY: gettext_lazy("city"),
    RegionKind.DISTRICT: gettext_lazy("district"),
    RegionKind.CIRCLE: gettext_lazy("business circle"),
}


@dataclass(frozen=True, slots=True)
class Branch:
    """A region to choose, with what lies in it."""

    region: RegionView
    parts: tuple["Branch", ...] = ()


@public
@require_http_methods(["GET", "POST"])
def choose_region(request: HttpRequest) -> HttpResponse:
    """The town is kept in a cookie, a district or circle goes into the address; nothing is stored here."""
    if request.method == "POST":
        return _choose(request)
    where = whereabouts(request)
    typed = request.GET.get("q", "").strip()[:MOST_TYPED]
    context = {
        "where": where,
        "region": where.region,
        "next": safe_next(request, reverse("home")),
        "typed": typed,
        "map_url": f"{reverse('region_map')}?next={quote(safe_next(request, reverse('home')))}",
    }
    if typed:
        found = [one for one in regions.find_regions(typed, MOST_FOUND) if one.kind is not RegionKind.COUNTRY]
        above = regions.above(found)
        context["found"] = [(one, KINDS[one.kind], above[one.region_id]) for one in found]
    else:
        context |= _tree(request.GET.get("in", "")[:60], where.region)
    return page(request, "consumer/regions.html", context, part="consumer/_regions.html")


def _choose(request: HttpRequest) -> HttpResponse:
    """To the town that was chosen, or to what is in the district that was."""
    chosen = regions.region_by_slug(request.POST.get("region", "")[:60])
    city = regions.city_of(chosen.region_id) if chosen else None
    onwards = safe_next(request, reverse("home"))
    if chosen and city and chosen.kind in AREA_KINDS:
        onwards = f"{reverse('nearby')}?area={chosen.slug}"
    response: HttpResponse = HttpResponseRedirect(onwards)
    if city:
        secure = request.is_secure()
        response.set_cookie(
            REGION_COOKIE, city.slug, max_age=REGION_COOKIE_AGE_S, samesite="Lax", secure=secure
        )
        response.delete_cookie(HERE_COOKIE)
    return response


def _tree(opened: str, here: RegionView) -> dict[str, object]:
    """The towns by country, and the districts of the one that is opened: the one asked for, else where one is."""
    towns = sorted(regions.towns(), key=lambda town: (-town.shops, town.slug))
    if here.kind is RegionKind.CITY and here not in towns:
        towns.append(here)
    town = next((one for one in towns if one.slug == opened), here)
    countries = regions.countries_of(towns)
    groups: dict[int | None, list[RegionView]] = {}
    for one in towns:
        groups.setdefault(one.parent_id if one.parent_id in countries else None, []).append(one)
    named = [(countries.get(key) if key else None, group) for key, group in groups.items()]
    return {
        "groups": named,
        "divided": regions.divided([one.region_id for one in towns]),
        "opened": town,
        "branches": _branches(town),
    }


def _branches(town: RegionView) -> list[Branch]:
    """Districts with their circles, and circles that lie in no district; only where there is a shop."""
    inside = [one for one in regions.below(town.region_id) if one.shops]
    circles = [one for one in inside if one.kind is RegionKind.CIRCLE]
    districts = [one for one in inside if one.kind is RegionKind.DISTRICT]
    keys = {one.region_id for one in districts}
    return [
        Branch(one, tuple(Branch(circle) for circle in circles if circle.parent_id == one.region_id))
        for one in districts
    ] + [Branch(circle) for circle in circles if circle.parent_id not in keys]
