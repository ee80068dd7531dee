"""Choosing a place on a map: the regions of one level with their outlines, and beside it the same as a list."""

import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET

from hutong.kernel.text import pick
from hutong.town.regions import queries as regions
from hutong.town.regions.types import RegionKind, RegionView
from hutong.web.consumer.place import AREA_KINDS, whereabouts
from hutong.web.shell.access import public
from hutong.web.shell.maps import map_config
from hutong.web.shell.parts import page, safe_next

TOWNS = "towns"
# A map with more names on it is none; the list has as many, and typing finds all.
MOST_SHOWN = 200
MOST_OUTLINED = 60
# One part in so many of the widest outline: finer than a pixel of a phone's map, and a few kilobytes for a town.
DETAIL = 1_000


@public
@require_GET
def region_map(request: HttpRequest) -> HttpResponse:
    """The towns, or the districts of a town, or the circles of a district (`in`), to choose from."""
    where = whereabouts(request)
    asked = request.GET.get("in", "")[:60]
    opened, shown = _level(asked, where.region)
    keys = [one.region_id for one in shown]
    onwards = safe_next(request, reverse("home"))
    config = map_config(
        opened or where.region, where.place.lon, where.place.lat, 11.0,
        areas=[_pin(one) for one in shown],
        outlines=f"{reverse('region_outlines')}?in={opened.slug if opened else TOWNS}",
        fit=_around(shown) if shown else None,
        bounds=None,
        wide=True,
    )  # fmt: skip
    context: dict[str, Any] = {
        "tab": "home",
        "region": where.area or where.region,
        "opened": opened,
        "shown": shown,
        "divided": regions.divided(keys),
        "levels": _levels(opened, where.region),
        "config": json.dumps(config),
        "worker": static("dist/map_worker.js"),
        "next": onwards,
        "back_url": f"{reverse('regions')}?next={quote(onwards)}",
    }
    return page(request, "consumer/region_map.html", context)


@public
@require_GET
@cache_control(public=True, max_age=3600)
def region_outlines(request: HttpRequest) -> HttpResponse:
    """The outlines of one level as GeoJSON in WGS-84, simplified for a map of all of them; the largest by shops."""
    _opened, shown = _level(request.GET.get("in", "")[:60], None)
    most = sorted(shown, key=lambda one: (-one.shops, one.slug))[:MOST_OUTLINED]
    found = regions.coarse_outlines([one.slug for one in most], parts=DETAIL)
    features = [
        {
            "type": "Feature",
            "properties": {"slug": slug},
            "geometry": {"type": "MultiPolygon", "coordinates": coordinates},
        }
        for slug, coordinates in found.items()
    ]
    return JsonResponse({"type": "FeatureCollection", "features": features})


def _level(asked: str, here: RegionView | None) -> tuple[RegionView | None, list[RegionView]]:
    """The region that is opened, None for all towns, and what may be chosen in it: the next kind that has a shop."""
    opened = None if asked == TOWNS else (regions.region_by_slug(asked) if asked else None) or here
    inside = _parts(opened) if opened else []
    if inside:
        return opened, inside
    towns = sorted(regions.towns(), key=lambda town: (-town.shops, town.slug))
    return None, towns[:MOST_SHOWN]


def _parts(opened: RegionView) -> list[RegionView]:
    inside = [one for one in regions.below(opened.region_id) if one.shops and one.kind in AREA_KINDS]
    kind = (
        RegionKind.DISTRICT if any(one.kind is RegionKind.DISTRICT for one in inside) else RegionKind.CIRCLE
    )
    return [one for one in inside if one.kind is kind][:MOST_SHOWN]


def _levels(opened: RegionView | None, here: RegionView) -> list[dict[str, Any]]:
    """The way from all towns down to what is opened, as chips; from the towns one comes back to one's own."""
    chips = [{"label": _("All towns"), "slug": TOWNS, "current": opened is None}]
    chain = [*regions.above([opened])[opened.region_id][::-1], opened] if opened else [here]
    return chips + [
        {"label": pick(one.names, get_language() or "en"), "slug": one.slug, "current": one is opened}
        for one in chain
        if one.kind is not RegionKind.COUNTRY and (one is opened or regions.divided([one.region_id]))
    ]


def _pin(one: RegionView) -> dict[str, Any]:
    return {"slug": one.slug, "name": pick(one.names, get_language() or "en"), "lon": one.lon, "lat": one.lat}


def _around(shown: Sequence[RegionView]) -> list[list[float]]:
    """The box that holds all middles and all boxes."""
    return [
        [
            min(min(one.lon, one.extent.west) for one in shown),
            min(min(one.lat, one.extent.south) for one in shown),
        ],
        [
            max(max(one.lon, one.extent.east) for one in shown),
            max(max(one.lat, one.extent.north) for one in shown),
        ],
    ]
