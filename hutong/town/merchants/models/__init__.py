from django.conf import settings
from django.db import models
from django.db.models import F, Q

from hutong.kernel.geo import MERCATOR_LATITUDE_LIMIT, mercator_field
from hutong.kernel.ids import public_id_field
from hutong.town.merchants.models.importing import BrandGift, ImportRun
from hutong.town.merchants.types import ClaimKind, ClaimMethod, ClaimState, MerchantState, Role, StoreState

__all__ = [
    "Brand",
    "BrandGift",
    "Category",
    "Claim",
    "Device",
    "ImportRun",
    "Invitation",
    "Merchant",
    "MerchantDecision",
    "Pairing",
    "Staff",
    "Store",
]


class Category(models.Model):
    """What a store is, in two levels: a group without a parent, and its categories."""

    slug = models.SlugField(max_length=60, unique=True)
    parent = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="children"
    )
    names = models.JSONField()
    emoji = models.CharField(max_length=40)
    position = models.IntegerField()
    # What the operator says otherwise; an import brings the columns above up to date and leaves these alone.
    hidden = models.BooleanField(default=False)
    own_names = models.JSONField(default=dict, blank=True)
    own_position = models.IntegerField(null=True, blank=True)

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


class Brand(models.Model):
    """A name that many stores share, as an import tells it. It owns nothing and sells nothing: `Merchant` does.

    The merchant of a brand is whom an operator gave the brand's listings; null while nobody has proved it.
    """

    public_id = public_id_field("brd")
    # The folded name: two files that write one name otherwise mean the same brand.
    key = models.CharField(max_length=200)
    names = models.JSONField()
    wikidata = models.CharField(max_length=20, blank=True, default="")
    merchant = models.ForeignKey(
        Merchant, on_delete=models.PROTECT, null=True, blank=True, related_name="brands"
    )

    class Meta:
        constraints = [
            # A constraint, because unique=True would add a second index for LIKE, which nobody asks.
            models.UniqueConstraint(fields=["key"], name="merchants_brand_key"),
            models.CheckConstraint(condition=Q(names__has_key="name"), name="merchants_brand_named"),
        ]

    def __str__(self) -> str:
        return self.public_id


class Store(models.Model):
    """A place where things are enjoyed. Without a merchant it is a listing nobody has claimed."""

    public_id = public_id_field("sto")
    merchant = models.ForeignKey(
        Merchant, on_delete=models.PROTECT, null=True, blank=True, related_name="stores"
    )
    region = models.ForeignKey("regions.Region", on_delete=models.PROTECT, related_name="stores")
    # Where in the town it lies; kept from its position by `services.place_in_regions`.
    district = models.ForeignKey(
        "regions.Region", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    circle = models.ForeignKey(
        "regions.Region", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
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
    brand = models.ForeignKey(Brand, on_delete=models.PROTECT, null=True, blank=True, related_name="stores")
    # What an import knows the place by: `node/1` of OpenStreetMap, `csv:<source>:<id>` of a table.
    osm_ref = models.CharField(max_length=120, null=True, blank=True)
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
    revoked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

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
    last_seen_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    def __str__(self) -> str:
        return self.public_id


class Pairing(models.Model):
    """A QR that one phone may take to become a device of a store, within ten minutes.

    The key in its address is derived from the public id, so no key is stored.
    """

    public_id = public_id_field("par")
    store = models.ForeignKey(Store, on_delete=models.PROTECT, related_name="pairings")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    used_at = models.DateTimeField(null=True, blank=True)
    device = models.OneToOneField(Device, on_delete=models.PROTECT, null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(used_at__isnull=True, device__isnull=True)
                | Q(used_at__isnull=False, device__isnull=False, revoked_at__isnull=True),
                name="merchants_pairing_used_by_device",
            ),
        ]

    def __str__(self) -> str:
        return self.public_id


class Invitation(models.Model):
    """A role offered to somebody, taken once within seven days by who opens its address.

    The key in its address is derived from the public id, so no key is stored. With a phone in `to` only the
    person of that phone may take it.
    """

    public_id = public_id_field("inv")
    merchant = models.ForeignKey(Merchant, on_delete=models.PROTECT, related_name="invitations")
    store = models.ForeignKey(
        Store, on_delete=models.PROTECT, null=True, blank=True, related_name="invitations"
    )
    role = models.CharField(max_length=10)
    to = models.CharField(max_length=254, blank=True, default="")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)
    used_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(role__in=[role.value for role in Role]), name="merchants_invitation_role"
            ),
            models.CheckConstraint(
                condition=Q(store__isnull=True) | ~Q(role=Role.OWNER.value),
                name="merchants_invitation_owner_has_all",
            ),
            models.CheckConstraint(
                condition=Q(used_at__isnull=True, used_by__isnull=True)
                | Q(used_at__isnull=False, used_by__isnull=False, revoked_at__isnull=True),
                name="merchants_invitation_used_by",
            ),
        ]

    def __str__(self) -> str:
        return self.public_id


class Claim(models.Model):
    """Somebody says that a store is theirs, and proves it: by a code to the shop, or by a document.

    Without a merchant a new one is made when the claim succeeds. The document lies in the site's private
    folder under the claim's public id.
    """

    public_id = public_id_field("clm")
    store = models.ForeignKey(Store, on_delete=models.PROTECT, related_name="claims")
    merchant = models.ForeignKey(
        Merchant, on_delete=models.PROTECT, null=True, blank=True, related_name="claims"
    )
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="claims")
    kind = models.CharField(max_length=7, default=ClaimKind.CLAIM.value)
    method = models.CharField(max_length=8)
    state = models.CharField(max_length=9, default=ClaimState.OPEN.value)
    sent_to = models.CharField(max_length=254, blank=True, default="")  # masked
    code_hmac = models.CharField(max_length=64, blank=True, default="")
    tries_left = models.SmallIntegerField(default=0)
    code_expires_at = models.DateTimeField(null=True, blank=True)
    media_type = models.CharField(max_length=40, blank=True, default="")
    note = models.CharField(max_length=500, blank=True, default="")
    reason = models.CharField(max_length=500, blank=True, default="")
    created_at = models.DateTimeField()
    submitted_at = models.DateTimeField(null=True, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=[kind.value for kind in ClaimKind]), name="merchants_claim_kind"
            ),
            models.CheckConstraint(
                condition=Q(method__in=[method.value for method in ClaimMethod]),
                name="merchants_claim_method",
            ),
            models.CheckConstraint(
                condition=Q(state__in=[state.value for state in ClaimState]), name="merchants_claim_state"
            ),
            models.CheckConstraint(condition=Q(tries_left__gte=0), name="merchants_claim_tries"),
            models.CheckConstraint(
                condition=Q(state__in=[ClaimState.OPEN.value, ClaimState.WAITING.value])
                & Q(decided_at__isnull=True)
                | ~Q(state__in=[ClaimState.OPEN.value, ClaimState.WAITING.value])
                & Q(decided_at__isnull=False),
                name="merchants_claim_decided_at",
            ),
            models.UniqueConstraint(
                fields=["person", "store"],
                condition=Q(state__in=[ClaimState.OPEN.value, ClaimState.WAITING.value]),
                name="merchants_claim_one_open",
            ),
        ]
        indexes = [
            models.Index(
                fields=["submitted_at", "id"],
                condition=Q(state=ClaimState.WAITING.value),
                name="merchants_claim_queue",
            )
        ]

    def __str__(self) -> str:
        return self.public_id
