from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, GistIndex, OpClass
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import Coalesce, Left

from hutong.attract.search.types import TermKind
from hutong.kernel.geo import mercator_field
from hutong.kernel.ids import public_id_field, ref_field

# What a question may filter by, beside the place.
FILTERED = ["store_id", "category_id", "root_category_id", "district_id", "circle_id", "hours_id", "rating"]
FILTERED += ["price_band", "price_from", "sold", "deals", "quality", "tags", "kind"]
# So much of what is new waits to be put in order in an index of words; see migration 0010.
WAITING_KB = 1024
# A store without a price comes after all that have one.
NO_PRICE = 2**62


class MomentsField(models.Field):  # type: ignore[type-arg]
    """PostgreSQL's `tstzmultirange`: the spans in which something holds."""

    def db_type(self, connection: Any) -> str:
        """The column's type."""
        return "tstzmultirange"


class KindSql(models.Func):
    """The kind of a row; see `rules/kinds.py`."""

    function = "search_kind"

    def __init__(self) -> None:
        super().__init__("category_id", "price_band", "rating", "deals", "tags")

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        """As it stands in a migration."""
        return "hutong.attract.search.models.KindSql", [], {}


class SquaresSql(models.Func):
    """The squares that a place lies in; see `rules/squares.py`."""

    function = "search_squares"
    output_field = ArrayField(models.BigIntegerField())

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        """As it stands in a migration."""
        return "hutong.attract.search.models.SquaresSql", list(self.get_source_expressions()), {}


class SearchStore(models.Model):
    """An open store as search shows it. `card` is what a list shows of it."""

    store_id = models.BigIntegerField(primary_key=True)
    store_ref = ref_field()
    region_id = models.BigIntegerField()
    category_id = models.BigIntegerField()
    # The group the category belongs to, or the category itself where it is a group.
    root_category_id = models.BigIntegerField()
    lon = models.FloatField()
    lat = models.FloatField()
    place = mercator_field()
    # The tokens of `rules`, by weight: A of its name, B of its category, C of its deals, D of where it is.
    words = SearchVectorField(null=True)
    district_id = models.BigIntegerField(null=True)
    circle_id = models.BigIntegerField(null=True)
    # Its opening hours in `SearchHours`; null where nobody knows them.
    hours_id = models.BigIntegerField(null=True)
    # The Bayesian mean of its stars, 0 without a review; how many reviews it is the mean of.
    rating = models.FloatField(default=0, db_default=0)
    reviews = models.IntegerField(default=0, db_default=0)
    deals = models.IntegerField()
    # The least price of its deals in minor units of the region's currency, and its band (1 to 4, 0 without a deal).
    price_from = models.BigIntegerField(null=True)
    price_band = models.SmallIntegerField(default=0, db_default=0)
    sold = models.IntegerField(default=0, db_default=0)
    # The promise tags of its deals, each once.
    tags = ArrayField(models.TextField(), default=list, db_default=[])
    # How good a find it is whatever was asked, from 0 to 1: `rules.quality`.
    quality = models.FloatField(default=0, db_default=0)
    # All that a filter asks of it but place and hours, as one number.
    kind = models.GeneratedField(expression=KindSql(), output_field=models.BigIntegerField(), db_persist=True)
    card = models.JSONField()
    # What `words` were made of, and the terms of the vocabulary, each as a number: made again only when it is another.
    words_source = models.BigIntegerField(null=True)
    terms_source = models.BigIntegerField(null=True)
    # When an offer begins or ends and this row has to be made again; null when nothing will.
    stale_at = models.DateTimeField(null=True)
    indexed_at = models.DateTimeField()

    class Meta:
        # A constraint, because unique=True would add a second index for LIKE, which nobody asks.
        constraints = [models.UniqueConstraint(fields=["store_ref"], name="search_store_ref")]
        indexes = [
            # Nearest first, in all categories, in one, in a group of them: an index of its own each,
            # because a filter beside the index reads every store on the way (measured 770 blocks against 30).
            GistIndex(fields=["place"], name="search_store_place"),
            # With what is filtered, sorted and counted by in it, so that looking through thousands around a place reads
            # a few pages of the index, and no row. Beside the slim one, which the planner takes where rows are read.
            GistIndex(fields=["place"], include=FILTERED, name="search_store_around"),
            GistIndex(fields=["category_id", "place"], name="search_store_category"),
            GistIndex(fields=["root_category_id", "place"], name="search_store_group"),
            GistIndex(fields=["place"], condition=Q(deals__gt=0), name="search_store_deals"),
            # What is rare in a large area is counted kind by kind, without reading a row.
            GistIndex(
                fields=["kind", "place"],
                include=["hours_id", "district_id", "circle_id", "region_id"],
                name="search_store_kind",
            ),
            # The best first, where an area has too many to sort.
            models.Index(F("rating").desc(), F("store_id").desc(), name="search_store_rating"),
            models.Index(F("sold").desc(), F("store_id").desc(), name="search_store_sold"),
            models.Index(
                Coalesce(F("price_from"), Value(NO_PRICE, models.BigIntegerField())),
                F("store_id"),
                name="search_store_price",
            ),
            # Words and where: what has both is found without reading the rows that have the words elsewhere.
            GinIndex(
                F("words"),
                SquaresSql(F("place")),
                name="search_store_words",
                gin_pending_list_limit=WAITING_KB,
            ),
            models.Index(fields=["stale_at"], condition=Q(stale_at__isnull=False), name="search_store_stale"),
        ]

    def __str__(self) -> str:
        return self.store_ref


class SearchKind(models.Model):
    """A kind that some store has or had, kept by a trigger on `SearchStore`: counting kind by kind goes over these."""

    kind = models.BigIntegerField(primary_key=True)

    def __str__(self) -> str:
        return str(self.kind)


class SearchDeal(models.Model):
    """A live offer in one of its stores, as search shows it. Prices are minor units of `unit`."""

    offer_ref = ref_field()
    store_ref = ref_field()
    store_id = models.BigIntegerField()
    region_id = models.BigIntegerField()
    category_id = models.BigIntegerField()
    root_category_id = models.BigIntegerField()
    lon = models.FloatField()
    lat = models.FloatField()
    place = mercator_field()
    price = models.BigIntegerField()
    list_price = models.BigIntegerField()
    unit = models.CharField(max_length=40)
    discount_percent = models.SmallIntegerField()
    # As in `SearchStore`; A is of its title, B of its category and its store, C of what it includes, D of where it is.
    words = SearchVectorField(null=True)
    district_id = models.BigIntegerField(null=True)
    circle_id = models.BigIntegerField(null=True)
    hours_id = models.BigIntegerField(null=True)
    rating = models.FloatField(default=0, db_default=0)
    reviews = models.IntegerField(default=0, db_default=0)
    price_band = models.SmallIntegerField(default=0, db_default=0)
    tags = ArrayField(models.TextField(), default=list, db_default=[])
    quality = models.FloatField(default=0, db_default=0)
    # Handed over by the flow that knows the stock; kept when the rest of the row is made again.
    sold = models.IntegerField(default=0, db_default=0)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True)
    card = models.JSONField()
    # As in `SearchStore`.
    words_source = models.BigIntegerField(null=True)
    indexed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["offer_ref", "store_id"], name="search_deal_once"),
        ]
        indexes = [
            GistIndex(fields=["place"], name="search_deal_place"),
            GistIndex(fields=["category_id", "place"], name="search_deal_category"),
            GistIndex(fields=["root_category_id", "place"], name="search_deal_group"),
            GinIndex(fields=["words"], name="search_deal_words", gin_pending_list_limit=WAITING_KB),
            models.Index(fields=["store_id"], name="search_deal_store"),
        ]

    def __str__(self) -> str:
        return f"{self.offer_ref} in {self.store_ref}"


class SearchHours(models.Model):
    """Opening hours that stores share, and when they are open in the days around now.

    A city of a million stores has some thousands of them, so "open at" is a look at few rows, and keeping the
    moments up to date is cheap. Hours that depend on the sun are kept for each place of a coarse grid.
    """

    zone = models.CharField(max_length=60)
    hours = models.CharField(max_length=2000)
    # Where the sun or holidays count: degrees rounded to tenths as "lon,lat"; empty where neither does.
    around = models.CharField(max_length=12, blank=True, default="")
    # One of the stores that have them; the rounded place may be at sea, where no country's holidays are.
    lon = models.FloatField(default=0, db_default=0)
    lat = models.FloatField(default=0, db_default=0)
    open = MomentsField()
    # From when and until when `open` is known.
    known_from = models.DateTimeField()
    known_until = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["zone", "hours", "around"], name="search_hours_once")]
        indexes = [models.Index(fields=["known_until"], name="search_hours_known")]

    def __str__(self) -> str:
        return self.hours


class SearchTerm(models.Model):
    """A term that stores have, found by its spelling or its sound: what is suggested, and what typing errors are of.

    A term has a row for each key it is found by: itself folded, its pinyin in full and its initials.
    """

    key = models.TextField()
    # As it is shown; of a word, the word itself.
    term = models.TextField()
    kind = models.CharField(max_length=8)
    # How many stores have it, when the index was last rebuilt or more; a guide for order, no promise.
    stores = models.IntegerField(default=1, db_default=1)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["kind", "key", "term"], name="search_term_once"),
            models.CheckConstraint(
                condition=Q(kind__in=[kind.value for kind in TermKind]), name="search_term_kind"
            ),
        ]
        indexes = [
            models.Index(OpClass(F("key"), name="text_pattern_ops"), name="search_term_prefix"),
            # Words are few among the names, and each question asks how many stores have its own.
            models.Index(
                OpClass(F("key"), name="text_pattern_ops"),
                include=["stores"],
                condition=Q(kind="word"),
                name="search_term_words",
            ),
            # One or two letters begin too many terms to look at all: the ones that most stores have come first.
            models.Index(Left(F("key"), 1), F("stores").desc(), name="search_term_first"),
            models.Index(Left(F("key"), 2), F("stores").desc(), name="search_term_second"),
            GinIndex(
                OpClass(F("key"), name="gin_trgm_ops"), condition=Q(kind="word"), name="search_term_spelling"
            ),
        ]

    def __str__(self) -> str:
        return self.term


class SearchCell(models.Model):
    """How many stores a square of the map has, of one category and price unit: what clusters far out are added up of.

    Kept by triggers on `SearchStore` within the writer's transaction, so that it cannot disagree. A store counts at
    every level, each time under its category, the group of that, and 0, which is all of them.
    """

    # The level of slippy tiles whose squares these are, and the square's x and y with their bits interleaved: the
    # squares of a tile of a coarser level are a range.
    level = models.SmallIntegerField()
    cell = models.BigIntegerField()
    category_id = models.BigIntegerField()
    # The unit of the stores' least prices; "" without a deal, "?" with deals none of which has a price in the region's.
    unit = models.CharField(max_length=40)
    stores = models.IntegerField()
    # Degrees times 10,000,000, as whole numbers, so that adding and taking away leaves nothing behind.
    sum_lon = models.BigIntegerField()
    sum_lat = models.BigIntegerField()
    # The least price of any of them. Null for an instant, when the store that had it has gone.
    price_from = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["level", "category_id", "cell", "unit"], name="search_cell_once"),
            models.CheckConstraint(condition=Q(stores__gt=0), name="search_cell_stores"),
        ]
        indexes = [
            models.Index(
                fields=["level"],
                condition=Q(price_from__isnull=True) & ~Q(unit__in=["", "?"]),
                name="search_cell_unpriced",
            )
        ]

    def __str__(self) -> str:
        return f"{self.level}/{self.cell}"


class SearchTile(models.Model):
    """When a square of the map last changed, as a number that only grows: what a browser's copy is compared with."""

    level = models.SmallIntegerField()
    cell = models.BigIntegerField()
    version = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["level", "cell"], name="search_tile_once")]

    def __str__(self) -> str:
        return f"{self.level}/{self.cell}"


class OwnWords(models.Model):
    """Words of one meaning that the operator added, for the stores of a category or, without one, for all."""

    public_id = public_id_field("wrd")
    # As they were typed.
    words = ArrayField(models.CharField(max_length=40))
    category = models.ForeignKey(
        "merchants.Category", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    added_at = models.DateTimeField()
    # Taken away, and perhaps given back: then null again.
    removed_at = models.DateTimeField(null=True, blank=True)
    # Counts up with every change, so that who indexes for an older one stops; how far the index is with this one.
    change = models.IntegerField(default=1)
    stores = models.IntegerField(default=0)
    done = models.IntegerField(default=0)
    followed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(words__len__gt=0), name="search_own_words_some"),
            models.CheckConstraint(condition=Q(stores__gte=0, done__gte=0), name="search_own_words_counts"),
        ]

    def __str__(self) -> str:
        return ", ".join(self.words)
