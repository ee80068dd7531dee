"""What a search is asked and what it answers. Names and titles are by language; see `kernel.text.pick`."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Generic, TypeVar

from hutong.kernel.geo import Place
from hutong.kernel.money import Money
from hutong.kernel.text import pick
from hutong.town.merchants.types import OpenState
from hutong.town.pictures.types import Cover

T = TypeVar("T")


class DealSort(StrEnum):
    """The order of a list of deals."""

    NEAREST = "nearest"
    PRICE = "price"
    DISCOUNT = "discount"
    SOLD = "sold"


class StoreSort(StrEnum):
    """The order of a list of stores."""

    RELEVANCE = "relevance"
    DISTANCE = "distance"
    RATING = "rating"
    PRICE = "price"
    SALES = "sales"
    NEWEST = "newest"


class TermKind(StrEnum):
    """What a term is: a word out of names, a whole name that stores have, a category, the title of a deal."""

    WORD = "word"
    NAME = "name"
    CATEGORY = "category"
    DEAL = "deal"


@dataclass(frozen=True, slots=True)
class Bounds:
    """A box in WGS-84 degrees, such as the part of a map that is on the screen."""

    west: float
    south: float
    east: float
    north: float

    @property
    def corners(self) -> tuple[Place, Place]:
        """South-west and north-east. Raises `PlaceInvalid` where the box leaves the map."""
        return Place(self.west, self.south), Place(self.east, self.north)


@dataclass(frozen=True, slots=True)
class Found(Generic[T]):
    """One page of a list. `next` is the cursor of the page after it, None at the end."""

    items: tuple[T, ...]
    next: str | None


@dataclass(frozen=True, slots=True)
class StoreCard:
    """A store in a list. `distance_m` is the great-circle distance from the place that was asked about."""

    ref: str
    names: dict[str, str]
    category_slug: str
    category_names: dict[str, str]
    emoji: str
    address: str
    lon: float
    lat: float
    distance_m: float
    opening_hours: str
    zone: str
    open: OpenState
    price_from: Money | None
    deals: int
    claimed: bool
    sample: bool
    cover: Cover | None

    def name(self, language: str) -> str:
        """The store's name for a reader of `language`."""
        return pick(self.names, language)

    def category(self, language: str) -> str:
        """The category's name for a reader of `language`."""
        return pick(self.category_names, language)


@dataclass(frozen=True, slots=True)
class NearStore:
    """A store that is near, with no more than is needed to put many in order. `stored` is what its card is made of."""

    ref: str
    category_slug: str
    distance_m: float
    stored: dict[str, Any]


@dataclass(frozen=True, slots=True)
class DealCard:
    """A deal in a list, at the nearest of its stores. Prices are for one unit."""

    offer_ref: str
    titles: dict[str, str]
    emoji: str
    hue: int
    price: Money
    list_price: Money
    discount_percent: int
    tags: tuple[str, ...]
    sold: int
    sample: bool
    ends_at: datetime | None
    store_ref: str
    store_names: dict[str, str]
    category_slug: str
    category_names: dict[str, str]
    lon: float
    lat: float
    distance_m: float
    opening_hours: str
    zone: str
    cover: Cover | None

    def title(self, language: str) -> str:
        """The deal's title for a reader of `language`."""
        return pick(self.titles, language)

    def store_name(self, language: str) -> str:
        """The name of the store for a reader of `language`."""
        return pick(self.store_names, language)


@dataclass(frozen=True, slots=True)
class HomeFeed:
    """What the home page shows around a place."""

    deals: Found[DealCard]
    stores: Found[StoreCard]


@dataclass(frozen=True, slots=True)
class Indexed:
    """How far the indexing of stores has come: those of this batch, where the next one starts, the offers shown in them."""

    stores: int
    last_id: int | None
    offer_refs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Checked:
    """How far the check of the rows has come, as `Indexed`, and what it found: stores by ref, deals as "offer in store"."""

    stores: int
    last_id: int | None
    missing: tuple[str, ...] = ()
    superfluous: tuple[str, ...] = ()
    stale: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Circle:
    """Everything within `radius_m` metres of a place."""

    place: Place
    radius_m: float


@dataclass(frozen=True, slots=True)
class Area:
    """A district or a business circle, by the key of its region, and the box around it."""

    region_id: int
    bounds: Bounds


@dataclass(frozen=True, slots=True)
class Question:
    """Everything one may ask of stores at once. What is None or empty is not asked.

    `place` is where distances are counted from, `within` what is looked at. `price_bands` are 1 to 4;
    `open_at` is a moment in the days around now; `after` is the cursor of the page before, good for the same question.
    `exact` insists on the words as they were typed: they are not corrected where nothing has them.
    """

    place: Place
    within: Circle | Bounds | Area
    at: datetime
    text: str = ""
    category: str | None = None
    price_bands: frozenset[int] = frozenset()
    least_rating: float | None = None
    open_at: datetime | None = None
    has_deal: bool = False
    bookable: bool = False
    tags: frozenset[str] = frozenset()
    sort: StoreSort = StoreSort.RELEVANCE
    limit: int = 20
    after: str | None = None
    exact: bool = False


@dataclass(frozen=True, slots=True)
class Count:
    """How many there are, exactly; or, where `more` is true, at least `number`, which is never more than 1,000."""

    number: int
    more: bool = False


@dataclass(frozen=True, slots=True)
class Facet:
    """One value that the question could be narrowed to, and how many of its stores have it. Names are by language."""

    value: str
    names: dict[str, str]
    count: Count
    chosen: bool


@dataclass(frozen=True, slots=True)
class Facets:
    """What a question may be narrowed to; each is counted with all other filters of the question, but not its own."""

    categories: tuple[Facet, ...]
    areas: tuple[Facet, ...]
    price_bands: tuple[Facet, ...]
    ratings: tuple[Facet, ...]
    tags: tuple[Facet, ...]
    open: Count
    with_deal: Count
    bookable: Count


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a score: what it is of, its value from 0 to 1, its weight."""

    name: str
    value: float
    weight: float


@dataclass(frozen=True, slots=True)
class FoundStore:
    """A store that answers a question, with its stars (0 without a review) and up to two of its deals.

    `score` is None where the order is another one than relevance; `parts` say where it comes from, when asked.
    """

    card: StoreCard
    rating: float
    reviews: int
    deals: tuple[DealCard, ...]
    score: float | None
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """A page of what a question found.

    A page may be short, even empty, and yet have a `next`: a question looks at so many stores and no more, and goes
    on from there. `total` is None where facets were not asked for. `corrected` is the text that was looked for in
    place of what was typed, "" where that was taken as it stands. `nearest` is, where nothing was found, the nearest
    store with the text and the category, wherever it is, and `left_out` the filters without which there would have
    been something, each with how much.
    """

    items: tuple[FoundStore, ...]
    next: str | None
    total: Count | None = None
    facets: Facets | None = None
    corrected: str = ""
    nearest: StoreCard | None = None
    left_out: tuple["LeftOut", ...] = ()


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A filter by its name (`category`, `price`, `rating`, `open`, `deal`, `bookable`, `tags`, `within`) and what is
    found without it."""

    filter: str
    count: Count


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What somebody who is still typing may mean: `text` to look for, or the store (its ref) or category (its slug).

    `ref` is "" where it is only a text. `stores` is about how many stores have it, `distance_m` how far a store is.
    """

    kind: TermKind
    text: str
    ref: str = ""
    stores: int = 0
    distance_m: float | None = None


@dataclass(frozen=True, slots=True)
class OwnWordsView:
    """Words of one meaning of the operator's own, for a category or, with slug "", for all.

    `done` of `stores` were indexed again since the last change; `followed` says that these were all.
    """

    ref: str
    words: tuple[str, ...]
    category_slug: str
    category_names: dict[str, str]
    holds: bool
    stores: int
    done: int
    followed: bool


@dataclass(frozen=True, slots=True)
class MarketDeal:
    """A deal nearby that another is held against, with the prices of one voucher."""

    offer_ref: str
    price: Money
    list_price: Money
