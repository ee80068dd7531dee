"""A small town that both engines are asked about: invented places, indexed as the site does it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count

from hutong.attract.search import services
from hutong.attract.search.opensearch import index
from hutong.attract.search.opensearch.calls import server
from hutong.attract.search.services import feeding
from hutong.attract.search.types import Circle, Question
from hutong.kernel.geo import Place
from hutong.kernel.rows import execute, rows
from hutong.town.merchants.models import Store
from hutong.town.regions.models import Region
from tests.factories import catalog, merchants, regions

# A Wednesday at one o'clock.
AT = datetime(2026, 6, 3, 10, tzinfo=UTC)
HERE = Place(24.94, 60.17)
DAY, NIGHT = "Mo-Su 08:00-20:00", "Mo-Su 20:00-02:00"

# Name by language, category, group, how many metres to the east, hours, stars, price of its deal and its promises.
_PLACES: list[tuple[dict[str, str], str, str, float, str, float, int, tuple[str, ...]]] = [
    ({"name": "Cafe Aurora"}, "cafe", "food", 100, DAY, 4.6, 1200, ("refund_any_time",)),
    ({"name": "Aurora Noodle Bar"}, "noodles", "food", 300, NIGHT, 4.1, 0, ()),
    (
        {"name": "Lanzhou Noodles", "zh-Hans": "兰州拉面"},
        "noodles",
        "food",
        500,
        DAY,
        4.4,
        2500,
        ("book_ahead",),
    ),
    ({"name": "Lucky Salon"}, "barber", "beauty", 700, DAY, 3.2, 4800, ("book_ahead", "refund_any_time")),
    ({"name": "Harbour Bakery"}, "bakery", "food", 900, "", 0.0, 0, ()),
    ({"name": "Golden Kettle"}, "cafe", "food", 1100, DAY, 3.9, 0, ()),
    ({"name": "Kettle and Sons"}, "cafe", "food", 1300, NIGHT, 0.0, 900, ()),
    ({"name": "Harbour Barber"}, "barber", "beauty", 1500, DAY, 4.8, 9000, ("no_booking",)),
    ({"name": "Tea House", "zh-Hans": "老茶馆"}, "cafe", "food", 1700, DAY, 4.9, 0, ()),
    ({"name": "Ravintola Meri"}, "noodles", "food", 1900, DAY, 3.6, 1800, ("refund_any_time",)),
    ({"name": "Harbour Lights Cafe"}, "cafe", "food", 2100, DAY, 4.0, 0, ()),
    ({"name": "Far Away Bakery"}, "bakery", "food", 30_000, DAY, 4.5, 0, ()),
]
METRES_A_DEGREE = 55_310.0  # of longitude, so far north


@dataclass(frozen=True)
class Town:
    """The keys and refs of its stores by name, and the key of the district that the first five are in."""

    keys: dict[str, int]
    refs: dict[str, str]
    district: Region

    def names(self, refs: list[str]) -> list[str]:
        """The names of stores by their refs."""
        by_ref = {ref: name for name, ref in self.refs.items()}
        return [by_ref[ref] for ref in refs]


# No two indexes have one name.
_fills = count(1)


def town() -> Town:
    """Make it, with its rows of search."""
    city, district = regions.region(), regions.region(slug="harbour")
    owner = merchants.merchant(region=city, at=AT)
    made: dict[str, Store] = {}
    for names, category, group, east_m, hours, _stars, price, tags in _PLACES:
        store = merchants.listing(
            region=city,
            names=names,
            category_slug=category,
            lon=HERE.lon + east_m / METRES_A_DEGREE,
            lat=HERE.lat,
            opening_hours=hours,
            at=AT,
        )
        merchants.category(category, group=group)
        made[next(iter(names.values()))] = store
        if price:
            Store.objects.filter(pk=store.pk).update(merchant=owner)
            store.merchant = owner
            draft = catalog.draft(title=f"Set for {price}", price=price, list_price=10_000, tags=tags)
            catalog.offer(store=store, draft=draft)
    Store.objects.filter(pk__in=[store.pk for store in list(made.values())[:5]]).update(district=district)
    services.index_stores(store_refs=[store.public_id for store in made.values()], at=AT)
    for (_names, _category, _group, _east, _hours, stars, _price, _tags), store in zip(
        _PLACES, made.values(), strict=True
    ):
        execute(
            "UPDATE search_searchstore SET rating = %s, reviews = %s, sold = %s WHERE store_id = %s",
            [stars, 10 if stars else 0, int(stars * 10), store.pk],
        )
    return Town(
        keys={name: store.pk for name, store in made.items()},
        refs={name: store.public_id for name, store in made.items()},
        district=district,
    )


def fill(url: str) -> None:
    """Hand all rows over to a new index there, which is in use from now on."""
    name = feeding.begin(at=AT + timedelta(minutes=next(_fills)))
    feeding.keep([row["store_id"] for row in rows("SELECT store_id FROM search_searchstore ORDER BY 1")])
    feeding.finish(name)
    index.refresh(server(url))


def question(text: str = "", *, radius_m: float = 5_000, **more: object) -> Question:
    """A question asked in the middle of the town."""
    return Question(place=HERE, within=Circle(HERE, radius_m), at=AT, text=text, **more)  # type: ignore[arg-type]
