"""The way to a store, handed to a map app that people have: each gets the position in the datum it draws."""

from dataclasses import dataclass
from urllib.parse import quote, urlencode

from django.http import HttpRequest, HttpResponse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from hutong.kernel.errors import NotFound
from hutong.kernel.geo import Datum, Place, wgs84_to_gcj02
from hutong.kernel.text import pick
from hutong.town.merchants import queries as merchants
from hutong.town.regions import queries as regions
from hutong.web.shell.access import public
from hutong.web.shell.parts import page


@dataclass(frozen=True, slots=True)
class Way:
    """A map app and the address that opens it on the way to a place."""

    name: str
    url: str


def ways(place: Place, name: str, *, datum: Datum, agent: str) -> list[Way]:
    """The map apps that know the way, the likeliest of this device first; `place` is WGS-84.

    In China maps are drawn in GCJ-02, and the apps there take positions in it. `geo:` is WGS-84 (RFC 5870) and opens
    whatever map app an Android phone has; Apple's opens on Apple's devices, everything else in a browser, too.
    """
    apple = Way(
        _("Apple Maps"), f"https://maps.apple.com/?{urlencode({'daddr': _lat_lon(place), 'q': name})}"
    )
    if datum is not Datum.WGS84:
        return _in_china(place, name, apple.name)
    phone = Way(_("Map app of this phone"), f"geo:{_lat_lon(place)}?q={_lat_lon(place)}({quote(name)})")
    google = Way(
        _("Google Maps"),
        f"https://www.google.com/maps/dir/?{urlencode({'api': 1, 'destination': _lat_lon(place)})}",
    )
    osm = Way(
        "OpenStreetMap", f"https://www.openstreetmap.org/directions?{urlencode({'to': _lat_lon(place)})}"
    )
    if "Android" in agent:
        return [phone, google, osm]
    if any(device in agent for device in ("iPhone", "iPad", "Macintosh")):
        return [apple, google, osm]
    return [google, osm, apple]


def _in_china(place: Place, name: str, apple_name: str) -> list[Way]:
    there = wgs84_to_gcj02(place)
    amap = {"to": f"{there.lon:.6f},{there.lat:.6f},{name}", "coordinate": "gaode", "callnative": 1}
    baidu = {
        "location": _lat_lon(there),
        "title": name,
        "content": name,
        "coord_type": "gcj02",
        "output": "html",
        "src": "hutong",
    }
    tencent = {"marker": f"coord:{_lat_lon(there)};title:{name}", "referer": "hutong"}
    return [
        Way(_("Amap"), f"https://uri.amap.com/navigation?{urlencode(amap)}"),
        Way(_("Baidu Maps"), f"https://api.map.baidu.com/marker?{urlencode(baidu)}"),
        Way(_("Tencent Maps"), f"https://apis.map.qq.com/uri/v1/marker?{urlencode(tencent)}"),
        Way(apple_name, f"https://maps.apple.com/?{urlencode({'daddr': _lat_lon(there), 'q': name})}"),
    ]


@public
@require_GET
def directions(request: HttpRequest, store_ref: str) -> HttpResponse:
    """The apps that lead to a store; each is a link, so nothing of where somebody is goes through this site."""
    store = merchants.store_by_ref(store_ref)
    if store is None or not store.shown:
        raise NotFound
    region = regions.region_by_id(store.region_id)
    assert region is not None, "a store's region is there as long as the store"
    name = pick(store.names, get_language() or "en")
    there, agent = Place(store.lon, store.lat), request.headers.get("User-Agent", "")
    context = {
        "tab": "home",
        "region": region,
        "zone": store.zone,
        "store": store,
        "ways": ways(there, name, datum=region.datum, agent=agent),
    }
    return page(request, "consumer/directions.html", context)


def _lat_lon(place: Place) -> str:
    return f"{place.lat:.6f},{place.lon:.6f}"
