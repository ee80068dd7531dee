"""What a list's address asks for: the question, and the filters that hold, each with the address without it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.http import QueryDict
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from hutong.attract.search.queries import QuestionInvalid
from hutong.attract.search.types import Area, Bounds, Circle, Question, StoreSort
from hutong.kernel.geo import Place
from hutong.kernel.text import pick
from hutong.town.merchants.types import CategoryView
from hutong.town.regions import queries as regions
from hutong.town.regions.types import RegionView
from hutong.web.consumer.filters import OF_THE_MOMENT, address
from hutong.web.consumer.place import Whereabouts, is_near, read_place
from hutong.web.shell.templatetags.hutong import promise, time_words

MOST_TEXT = 80
RADIUS_M = 50_000.0
# What the form of filters has of its own; the rest of the address goes along with it.
OF_FORM = (
    "category",
    "area",
    "price",
    "rating",
    "open",
    "open_at",
    "deal",
    "bookable",
    "tag",
    *OF_THE_MOMENT,
)


@dataclass(frozen=True, slots=True)
class Asking:
    """A question with what the page says about it: its category and area, whether coordinates came swapped."""

    question: Question
    category: CategoryView | None
    area: RegionView | None
    swapped: bool
    zone: str

    @property
    def plain_but_area(self) -> bool:
        """Whether nothing but a category and a district is asked."""
        asked = self.question
        words = asked.text or asked.price_bands or asked.least_rating is not None or asked.open_at
        filtered = words or asked.has_deal or asked.bookable or asked.tags
        return not filtered and (bool(self.area) or asked.within == Circle(asked.place, RADIUS_M))

    @property
    def plain(self) -> bool:
        """Whether nothing but a category is asked, all around the place."""
        return self.plain_but_area and not self.area


def read(
    query: QueryDict, where: Whereabouts, at: datetime, *, category: CategoryView | None, limit: int
) -> Asking:
    """The question in an address. Raises `QuestionInvalid` where a number is none or out of its bounds."""
    place, swapped = _place(query, where)
    area = regions.region_by_slug(query.get("area", "")[:60]) if query.get("area") else None
    text = query.get("q", "").strip()[:MOST_TEXT]
    question = Question(
        place=place,
        within=_within(query, place, area),
        at=at,
        text=text,
        category=category.slug if category else None,
        price_bands=frozenset(int(band) for band in query.getlist("price") if band in ("1", "2", "3", "4")),
        least_rating=_number(query.get("rating")),
        open_at=_open_at(query, where, at),
        has_deal=query.get("deal") == "1",
        bookable=query.get("bookable") == "1",
        tags=frozenset(tag[:60] for tag in query.getlist("tag")[:10] if tag),
        sort=_sort(query, text),
        limit=limit,
        after=query.get("after"),
        exact=query.get("exact") == "1",
    )
    return Asking(question, category, area, swapped, where.region.zone)


def _place(query: QueryDict, where: Whereabouts) -> tuple[Place, bool]:
    """Where distances are counted from. Latitude before longitude is turned round where only that makes sense."""
    asked = read_place(query.get("at", ""))
    if asked and not is_near(where.region, asked) and abs(asked.lon) <= 85:
        turned = Place(asked.lat, asked.lon)
        if is_near(where.region, turned):
            return turned, True
    return where.place, False


def _within(query: QueryDict, place: Place, area: RegionView | None) -> Circle | Bounds | Area:
    """A district goes before a part of the map, and that before a distance: whoever chooses one has chosen it later."""
    if query.get("box") and not area:
        sides = [_number(part) for part in query.get("box", "").split(",")]
        if len(sides) != 4 or None in sides:
            raise QuestionInvalid
        return Bounds(*(side for side in sides if side is not None))
    if area:
        box = area.extent
        return Area(area.region_id, Bounds(box.west, box.south, box.east, box.north))
    radius = _number(query.get("radius"))
    return Circle(place, RADIUS_M if radius is None else radius)


def _number(text: str | None) -> float | None:
    if not text:
        return None
    try:
        return float(text)
    except ValueError as error:
        raise QuestionInvalid from error


def _open_at(query: QueryDict, where: Whereabouts, at: datetime) -> datetime | None:
    """Now, or a wall time of the region; what is no time is not asked."""
    if query.get("open_at"):
        try:
            wall = datetime.fromisoformat(query.get("open_at", "")[:16])
        except ValueError as error:
            raise QuestionInvalid from error
        return wall.replace(tzinfo=ZoneInfo(where.region.zone))
    return at if query.get("open") == "1" else None


def _sort(query: QueryDict, text: str) -> StoreSort:
    wanted = query.get("sort", "")
    if wanted in set(StoreSort):
        return StoreSort(wanted)
    return StoreSort.RELEVANCE if text else StoreSort.DISTANCE


def store_sort_chips(query: QueryDict, chosen: StoreSort) -> list[dict[str, Any]]:
    """One chip for each order of shops."""
    labels = {
        StoreSort.RELEVANCE: _("Best match"),
        StoreSort.DISTANCE: _("Nearest"),
        StoreSort.RATING: _("Best rated"),
        StoreSort.PRICE: _("Cheapest"),
        StoreSort.SALES: _("Most sold"),
        StoreSort.NEWEST: _("Newest"),
    }
    return [
        {
            "id": f"sort-{sort.value}",
            "label": label,
            "url": address(query, sort=sort.value),
            "current": sort is chosen,
        }
        for sort, label in labels.items()
    ]


def active_filters(query: QueryDict, asking: Asking, *, deals: bool = False) -> list[dict[str, str]]:
    """The filters that hold beside words and category, each with the address without it.

    Of a list of `deals` that its shops have one goes without saying.
    """
    question, found = asking.question, _places(query, asking)
    if question.open_at:
        words = _("Open now")
        if query.get("open_at"):
            words = _("Open %(time)s") % {"time": time_words(question.open_at, asking.zone)}
        found.append({"label": words, "url": address(query, open=None, open_at=None)})
    if question.has_deal and not deals:
        found.append({"label": _("With a deal"), "url": address(query, deal=None)})
    if question.least_rating is not None:
        stars = _("%(stars)s stars and more") % {"stars": f"{question.least_rating:g}"}
        found.append({"label": stars, "url": address(query, rating=None)})
    if question.bookable:
        found.append({"label": _("Can be booked"), "url": address(query, bookable=None)})
    for name, values, words_of in (
        ("price", sorted(str(band) for band in question.price_bands), price_label),
        ("tag", sorted(question.tags), promise),
    ):
        found += [{"label": words_of(value), "url": _without(query, name, value)} for value in values]
    return found


def _places(query: QueryDict, asking: Asking) -> list[dict[str, str]]:
    """The district, the part of the map, or the distance that holds."""
    if asking.area:
        words = pick(asking.area.names, get_language() or "en")
        return [{"label": words, "url": address(query, area=None)}]
    if query.get("box"):
        return [{"label": _("This part of the map"), "url": address(query, box=None)}]
    if query.get("radius"):
        return [{"label": _("Chosen distance"), "url": address(query, radius=None)}]
    return []


def price_label(band: str) -> str:
    """A price band in words, which also say which it is of the four."""
    return {
        "1": _("Low prices"),
        "2": _("Middle prices"),
        "3": _("High prices"),
        "4": _("Highest prices"),
    }[band]


def _without(query: QueryDict, name: str, value: str) -> str:
    changed = query.copy()
    changed.setlist(name, [one for one in changed.getlist(name) if one != value])
    return address(changed)
