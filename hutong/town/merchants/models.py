from django.conf import settings
from django.db import models
from django.db.models import F, Q

from hutong.kernel.geo import MERCATOR_LATITUDE_LIMIT, mercator_field
from hutong.kernel.ids import public_id_field
from hutong.town.merchants.types import MerchantState, Role, StoreState


class Category(models.Model):
    """What a store is, in two levels: a group without a parent, and its categories."""

    slug = models.SlugField(max_length=60, unique=True)
    parent = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="children"
    )
    names = models.JSONField()
    emoji = models.CharField(max_length=40)
    position = models.IntegerField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(parent__isnull=True) | ~Q(parent=F("id")), name="merchants_category_own_parent"
            )
        ]

    def __str__(self) -> str:
        return self.slug


class Merchant(models.Model):
    """The legal counterpart that sells and is settled; a chain is one merchant with many stores."""

    public_id = public_id_field("mer")
    names = models.JSONField()
    state = models.CharField(max_length=10, default=MerchantState.APPLIED.value)
    applied_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True, blank=True)
    decision_reason = models.CharField(max_length=500, blank=True, default="")
    region = models.ForeignKey("regions.Region", on_delete=models.PROTECT, related_name="merchants")
    phone = models.CharField(max_length=40, blank=True, default="")
    email = models.CharField(max_length=254, blank=True, default="")
    legal_name = models.CharField(max_length=200, blank=True, default="")
    business_id = models.CharField(max_length=40, blank=True, default="")
    sample = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=[state.value for state in MerchantState]),
                name="merchants_merchant_state",
            ),
            models.CheckConstraint(
                condition=Q(state=MerchantState.APPLIED.value, decided_at__isnull=True)
                | (~Q(state=MerchantState.APPLIED.value) & Q(decided_at__isnull=False)),
                name="merchants_merchant_decided_at",
            ),
        ]
        indexes = [models.Index(fields=["state", "applied_at"], name="merchants_merchant_queue")]

    def __str__(self) -> str:
        return self.public_id


class MerchantDecision(models.Model):
    """One move of a merchant between states: who decided it, when and why."""

    merchant = models.ForeignKey(Merchant, on_delete=models.PROTECT, related_name="decisions")
    from_state = models.CharField(max_length=10)
    to_state = models.CharField(max_length=10)
    reason = models.CharField(max_length=500, blank=True, default="")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.from_state} -> {self.to_state}"


class Store(models.Model):
    """A place where things are enjoyed. Without a merchant it is a listing nobody has claimed."""

    public_id = public_id_field("sto")
    merchant = models.ForeignKey(
        Merchant, on_delete=models.PROTECT, null=True, blank=True, related_name="stores"
    )
    region = models.ForeignKey("regions.Region", on_delete=models.PROTECT, related_name="stores")
    category = models.ForeignKey(Category, on_delete=models.PROTECT, related_name="stores")
    names = models.JSONField()
    lon = models.FloatField()
    lat = models.FloatField()
    place = mercator_field()
    address = models.CharField(max_length=300, blank=True, default="")
    postcode = models.CharField(max_length=20, blank=True, default="")
    city = models.CharField(max_length=100, blank=True, default="")
    phone = models.CharField(max_length=60, blank=True, default="")
    website = models.CharField(max_length=500, blank=True, default="")
    email = models.CharField(max_length=254, blank=True, default="")
    descriptions = models.JSONField(default=dict, blank=True)
    opening_hours = models.CharField(max_length=2000, blank=True, default="")
    osm_ref = models.CharField(max_length=40, null=True, blank=True)
    state = models.CharField(max_length=6, default=StoreState.OPEN.value)
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["region", "osm_ref"], name="merchants_store_osm_ref"),
            models.CheckConstraint(
                condition=Q(state__in=[state.value for state in StoreState]), name="merchants_store_state"
            ),
            models.CheckConstraint(condition=Q(names__has_key="name"), name="merchants_store_named"),
            models.CheckConstraint(
                condition=Q(lon__gte=-180, lon__lte=180)
                & Q(lat__gte=-MERCATOR_LATITUDE_LIMIT, lat__lte=MERCATOR_LATITUDE_LIMIT),
                name="merchants_store_position",
            ),
        ]

    def __str__(self) -> str:
        return self.public_id


class Staff(models.Model):
    """A person with a role at a merchant, or at one of its stores only."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="staff_roles")
    merchant = models.ForeignKey(Merchant, on_delete=models.PROTECT, related_name="staff")
    store = models.ForeignKey(Store, on_delete=models.PROTECT, null=True, blank=True, related_name="staff")
    role = models.CharField(max_length=10)
    since_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(role__in=[role.value for role in Role]), name="merchants_staff_role"
            ),
            models.CheckConstraint(
                condition=Q(store__isnull=True) | ~Q(role=Role.OWNER.value),
                name="merchants_staff_owner_has_all",
            ),
            models.UniqueConstraint(
                fields=["person", "merchant", "store"],
                condition=Q(revoked_at__isnull=True),
                nulls_distinct=False,
                name="merchants_staff_one_live_role",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.role} at {self.merchant_id}"


class Device(models.Model):
    """A scanner or till, paired with one store."""

    public_id = public_id_field("dev")
    store = models.ForeignKey(Store, on_delete=models.PROTECT, related_name="devices")
    name = models.CharField(max_length=80)
    paired_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="paired_devices"
    )
    paired_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.public_id
