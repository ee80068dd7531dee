from django.db import models
from django.db.models import F, Q

from hutong.kernel.geo import Datum
from hutong.kernel.ids import public_id_field
from hutong.town.regions.types import Feature, RegionKind


class Region(models.Model):
    """A country, city, district or business circle.

    The settings (zone to attribution) are what holds here; those named in `inherits` were not said for this region
    and follow its parent's. A region that is not `in_use` is known from a table of a country and has no shop yet.
    `shops` counts what shoppers can find; it is written now and then, and may lag.
    """

    public_id = public_id_field("reg")
    slug = models.SlugField(max_length=60, unique=True)
    adcode = models.CharField(max_length=6, null=True, blank=True, unique=True)
    names = models.JSONField()
    kind = models.CharField(max_length=10)
    parent = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="children"
    )
    lon = models.FloatField()
    lat = models.FloatField()
    west = models.FloatField()
    south = models.FloatField()
    east = models.FloatField()
    north = models.FloatField()
    zone = models.CharField(max_length=60)
    currency = models.CharField(max_length=3)
    datum = models.CharField(max_length=5, default=Datum.WGS84.value)
    languages = models.JSONField(default=list)
    basemap = models.CharField(max_length=120, blank=True, default="")
    attribution = models.CharField(max_length=300, blank=True, default="")
    inherits = models.JSONField(default=list, blank=True)
    sought = models.TextField(blank=True, default="")
    in_use = models.BooleanField(default=True)
    shops = models.IntegerField(default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=[kind.value for kind in RegionKind]), name="regions_region_kind"
            ),
            models.CheckConstraint(
                condition=Q(datum__in=[datum.value for datum in Datum]), name="regions_region_datum"
            ),
            models.CheckConstraint(
                condition=Q(west__gte=-180, west__lte=F("east"), east__lte=180)
                & Q(south__gte=-90, south__lte=F("north"), north__lte=90),
                name="regions_region_extent",
            ),
            models.CheckConstraint(
                condition=Q(lon__gte=-180, lon__lte=180, lat__gte=-90, lat__lte=90),
                name="regions_region_centre",
            ),
            models.CheckConstraint(
                condition=Q(parent__isnull=True) | ~Q(parent=F("id")), name="regions_region_own_parent"
            ),
            models.CheckConstraint(
                condition=Q(currency__regex=r"^[A-Z]{3}$"), name="regions_region_currency"
            ),
            models.CheckConstraint(
                condition=Q(adcode__isnull=True) | Q(adcode__regex=r"^[0-9]{6}$"),
                name="regions_region_adcode",
            ),
            models.CheckConstraint(
                condition=Q(parent__isnull=False) | Q(inherits=[]), name="regions_region_inherits"
            ),
            models.CheckConstraint(condition=Q(shops__gte=0), name="regions_region_shops"),
        ]

    def __str__(self) -> str:
        return self.slug


class Outline(models.Model):
    """Where a region ends: a GeoJSON MultiPolygon's coordinates in WGS-84, and the box around them.

    It is a row of its own, because a region is read on every page and its outline on hardly any.
    """

    region = models.OneToOneField(Region, on_delete=models.PROTECT, related_name="outline")
    coordinates = models.JSONField()
    west = models.FloatField()
    south = models.FloatField()
    east = models.FloatField()
    north = models.FloatField()
    points = models.IntegerField()
    changed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(west__gte=-180, west__lte=F("east"), east__lte=180)
                & Q(south__gte=-90, south__lte=F("north"), north__lte=90),
                name="regions_outline_box",
            ),
            models.CheckConstraint(condition=Q(points__gte=4), name="regions_outline_points"),
        ]

    def __str__(self) -> str:
        return f"{self.points} points"


class RegionFeature(models.Model):
    """A feature as the operator of a region switched it; without a row the default holds."""

    region = models.ForeignKey(Region, on_delete=models.PROTECT, related_name="features")
    feature = models.CharField(max_length=30)
    is_on = models.BooleanField()
    changed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["region", "feature"], name="regions_feature_once"),
            models.CheckConstraint(
                condition=Q(feature__in=[feature.value for feature in Feature]), name="regions_feature_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.feature} {'on' if self.is_on else 'off'}"
