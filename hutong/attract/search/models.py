from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, GistIndex, OpClass
from django.db import models
from django.db.models import F, Q

from hutong.kernel.geo import mercator_field
from hutong.kernel.ids import ref_field


class SearchStore(models.Model):
    """An open store as search shows it. Text columns are folded; `card` is what a list shows of it."""

    store_id = models.BigIntegerField(primary_key=True)
    store_ref = ref_field()
    region_id = models.BigIntegerField()
    category_id = models.BigIntegerField()
    # The group the category belongs to, or the category itself where it is a group.
    root_category_id = models.BigIntegerField()
    lon = models.FloatField()
    lat = models.FloatField()
    place = mercator_field()
    text = models.TextField()
    grams = ArrayField(models.TextField())
    deals = models.IntegerField()
    card = models.JSONField()
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
            GistIndex(fields=["category_id", "place"], name="search_store_category"),
            GistIndex(fields=["root_category_id", "place"], name="search_store_group"),
            GistIndex(fields=["place"], condition=Q(deals__gt=0), name="search_store_deals"),
            GinIndex(OpClass(F("text"), name="gin_trgm_ops"), name="search_store_text"),
            GinIndex(fields=["grams"], name="search_store_grams"),
            models.Index(fields=["stale_at"], condition=Q(stale_at__isnull=False), name="search_store_stale"),
        ]

    def __str__(self) -> str:
        return self.store_ref


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
    text = models.TextField()
    grams = ArrayField(models.TextField())
    price = models.BigIntegerField()
    list_price = models.BigIntegerField()
    unit = models.CharField(max_length=40)
    discount_percent = models.SmallIntegerField()
    # Handed over by the flow that knows the stock; kept when the rest of the row is made again.
    sold = models.IntegerField(default=0, db_default=0)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True)
    card = models.JSONField()
    indexed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["offer_ref", "store_id"], name="search_deal_once"),
        ]
        indexes = [
            GistIndex(fields=["place"], name="search_deal_place"),
            GistIndex(fields=["category_id", "place"], name="search_deal_category"),
            GistIndex(fields=["root_category_id", "place"], name="search_deal_group"),
            GinIndex(OpClass(F("text"), name="gin_trgm_ops"), name="search_deal_text"),
            GinIndex(fields=["grams"], name="search_deal_grams"),
            models.Index(fields=["store_id"], name="search_deal_store"),
        ]

    def __str__(self) -> str:
        return f"{self.offer_ref} in {self.store_ref}"
