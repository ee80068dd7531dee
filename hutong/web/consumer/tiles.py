"""Tiles of the map with clusters and pins: the same for everybody who asks the same, so caches may keep them."""

from collections.abc import Mapping
from datetime import datetime
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, QueryDict
from django.urls import reverse
from django.views.decorators.http import require_safe

from hutong.attract.search import queries as search
from hutong.attract.search.queries import QuestionInvalid
from hutong.attract.search.types import Circle, Question
from hutong.kernel import clock
from hutong.kernel.caching import same_for_all
from hutong.kernel.geo import Datum, Place
from hutong.town.regions.types import RegionView
from hutong.web.shell.access import public

MOST_TEXT = 80


@public
@require_safe
def map_tile(request: HttpRequest, z: int, x: int, y: int) -> HttpResponse:
    """A tile as GeoJSON; one statement for its version, and one more for what it shows if that changed."""
    tile, question = search.read_tile(z, x, y), _question(request.GET, search.tile_moment(clock.now()))
    found = search.tile_answer(question, tile, read_datum(request.GET))
    return same_for_all(request, *found, content_type="application/geo+json")


def read_datum(query: Mapping[str, str]) -> Datum:
    """The datum that a map is drawn in; ours for anything else."""
    asked = query.get("datum", "")
    return Datum(asked) if asked in set(Datum) else Datum.WGS84


def tiles_address(question: Question, region: RegionView, text: str) -> str:
    """Where a map finds its tiles, with {z}, {x} and {y} in it; `text` are the words as they were meant."""
    asked = [("q", text), ("category", question.category or "")]
    asked += [("price", str(band)) for band in sorted(question.price_bands)]
    asked += [("rating", "" if question.least_rating is None else f"{question.least_rating:g}")]
    if question.open_at:
        now = question.open_at == question.at
        asked.append(("open", "1") if now else ("open_at", question.open_at.isoformat()))
    asked += [("deal", "1" if question.has_deal else ""), ("bookable", "1" if question.bookable else "")]
    asked += [("tag", tag) for tag in sorted(question.tags)]
    asked += [("datum", "" if region.datum is Datum.WGS84 else region.datum.value)]
    address = reverse("map_tile", args=[8, 0, 0]).replace("8/0/0", "{z}/{x}/{y}")
    return f"{address}?{urlencode([(name, value) for name, value in asked if value])}"


def _question(query: QueryDict, at: datetime) -> Question:
    """What an address of a tile asks. Raises `QuestionInvalid`."""
    try:
        rating = float(query.get("rating", "")) if query.get("rating") else None
        open_at = datetime.fromisoformat(query.get("open_at", "")) if query.get("open_at") else None
    except ValueError as error:
        raise QuestionInvalid from error
    if open_at and open_at.tzinfo is None:
        raise QuestionInvalid
    bands = {band for part in query.getlist("price") for band in part.split(",")}
    return Question(
        place=Place(0, 0),
        within=Circle(Place(0, 0), 1),
        at=at,
        text=query.get("q", "").strip()[:MOST_TEXT],
        category=query.get("category") or None,
        price_bands=frozenset(int(band) for band in bands if band in ("1", "2", "3", "4")),
        least_rating=rating,
        open_at=open_at or (at if query.get("open") == "1" else None),
        has_deal=query.get("deal") == "1",
        bookable=query.get("bookable") == "1",
        tags=frozenset(tag[:60] for tag in query.getlist("tag")[:10] if tag),
    )
