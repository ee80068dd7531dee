from django.conf import settings
from django.db import models
from django.db.models import F, Q

from hutong.kernel.ids import public_id_field
from hutong.town.catalog.types import OfferKind, OfferState


class Offer(models.Model):
    """Something that can be bought. Prices are minor units of `unit`, for one unit of the offer."""

    public_id = public_id_field("off")
    merchant = models.ForeignKey("merchants.Merchant", on_delete=models.PROTECT, related_name="offers")
    kind = models.CharField(max_length=10, default=OfferKind.VOUCHER.value)
    state = models.CharField(max_length=10, default=OfferState.DRAFT.value)
    titles = models.JSONField()
    descriptions = models.JSONField(default=dict, blank=True)
    list_price = models.BigIntegerField()
    price = models.BigIntegerField()
    unit = models.CharField(max_length=40)
    includes = models.JSONField(default=list, blank=True)
    emoji = models.CharField(max_length=40)
    hue = models.SmallIntegerField()
    tags = models.JSONField(default=list, blank=True)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True, blank=True)
    per_person_limit = models.IntegerField(null=True, blank=True)
    sample = models.BooleanField(default=False)
    # A price by quantity has to be earned by what is kept after a part is given back, too.
    steps_bind = models.BooleanField(default=False, db_default=False)
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    submitted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(price__gt=0, price__lte=F("list_price")), name="catalog_offer_price"
            ),
            models.CheckConstraint(
                condition=Q(kind__in=[kind.value for kind in OfferKind]), name="catalog_offer_kind"
            ),
            models.CheckConstraint(
                condition=Q(state__in=[state.value for state in OfferState]), name="catalog_offer_state"
            ),
            models.CheckConstraint(
                condition=Q(state=OfferState.DRAFT.value) | Q(submitted_at__isnull=False),
                name="catalog_offer_submitted_at",
            ),
            models.CheckConstraint(
                condition=Q(ends_at__isnull=True) | Q(ends_at__gt=F("starts_at")), name="catalog_offer_time"
            ),
            models.CheckConstraint(
                condition=Q(per_person_limit__isnull=True) | Q(per_person_limit__gt=0),
                name="catalog_offer_limit",
            ),
            models.CheckConstraint(condition=Q(hue__gte=0, hue__lt=360), name="catalog_offer_hue"),
        ]
        indexes = [models.Index(fields=["state", "submitted_at"], name="catalog_offer_queue")]

    def __str__(self) -> str:
        return self.public_id


class OfferStore(models.Model):
    """An offer holds in a store."""

    offer = models.ForeignKey(Offer, on_delete=models.PROTECT, related_name="places")
    store = models.ForeignKey("merchants.Store", on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["offer", "store"], name="catalog_offerstore_once")]

    def __str__(self) -> str:
        return f"{self.offer_id} in {self.store_id}"


class SpecialPrice(models.Model):
    """A lower price of each piece: from so many pieces on, or within windows of wall time when it is ordered.

    Rows are replaced when the offer changes; what was sold keeps its quote. That it is below the price of the offer is
    checked with both (`rules.faults`). `windows` are `{"weekdays": [1..7], "opens": "11:00", "closes": "14:00"}`.
    """

    offer = models.ForeignKey(Offer, on_delete=models.PROTECT, related_name="special_prices", db_index=False)
    position = models.SmallIntegerField()
    price = models.BigIntegerField()
    from_quantity = models.SmallIntegerField(default=1)
    windows = models.JSONField(default=list, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["offer", "position"], name="catalog_specialprice_position"),
            models.CheckConstraint(condition=Q(price__gt=0), name="catalog_specialprice_price"),
            # One that needs neither several pieces nor hours would be the price of the offer.
            models.CheckConstraint(
                condition=Q(from_quantity__gt=1) | (Q(from_quantity=1) & ~Q(windows=[])),
                name="catalog_specialprice_special",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.price} from {self.from_quantity}"


class OfferDecision(models.Model):
    """One move of an offer between states: who did it (nobody means the platform itself), when and why."""

    offer = models.ForeignKey(Offer, on_delete=models.PROTECT, related_name="decisions")
    from_state = models.CharField(max_length=10)
    to_state = models.CharField(max_length=10)
    reason = models.CharField(max_length=500, blank=True, default="")
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.from_state} -> {self.to_state}"


class Sketch(models.Model):
    """What somebody has filled in of an offer so far: a new one, or changes of `offer`. It may have gaps.

    It ends by being handed in (`done_at`) or deleted (`dropped_at`, which can be taken back).
    """

    public_id = public_id_field("skt")
    merchant = models.ForeignKey("merchants.Merchant", on_delete=models.PROTECT, related_name="+")
    offer = models.ForeignKey(Offer, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    body = models.JSONField(default=dict)
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    changed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    done_at = models.DateTimeField(null=True, blank=True)
    dropped_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["offer"],
                condition=Q(done_at__isnull=True, dropped_at__isnull=True),
                name="catalog_sketch_one_open",
            ),
            models.CheckConstraint(
                condition=Q(done_at__isnull=True) | Q(dropped_at__isnull=True), name="catalog_sketch_one_end"
            ),
        ]

    def __str__(self) -> str:
        return self.public_id
