from django.conf import settings
from django.db import models
from django.db.models import F, Q

from hutong.attract.placements.types import PlacementState
from hutong.kernel.ids import public_id_field


class Placement(models.Model):
    """A shop or a deal that somebody paid to be shown, in one region, for some time."""

    public_id = public_id_field("plc")
    region = models.ForeignKey("regions.Region", on_delete=models.PROTECT, related_name="+", db_index=False)
    store = models.ForeignKey(
        "merchants.Store", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    offer = models.ForeignKey(
        "catalog.Offer", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    # None: the home page, and every list the shop belongs to.
    category = models.ForeignKey(
        "merchants.Category", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    state = models.CharField(max_length=10, default=PlacementState.RUNNING.value)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    views_a_day = models.IntegerField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(store__isnull=False, offer__isnull=True)
                | Q(store__isnull=True, offer__isnull=False),
                name="placements_placement_one_thing",
            ),
            models.CheckConstraint(
                condition=Q(state__in=[state.value for state in PlacementState]),
                name="placements_placement_state",
            ),
            models.CheckConstraint(
                condition=Q(state=PlacementState.ENDED.value, ended_at__isnull=False)
                | (~Q(state=PlacementState.ENDED.value) & Q(ended_at__isnull=True)),
                name="placements_placement_ended_at",
            ),
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("starts_at")), name="placements_placement_window"
            ),
            models.CheckConstraint(condition=Q(views_a_day__gt=0), name="placements_placement_cap"),
        ]
        indexes = [
            models.Index(
                fields=["region", "ends_at"],
                condition=Q(state=PlacementState.RUNNING.value),
                name="placements_running",
            )
        ]

    def __str__(self) -> str:
        return self.public_id


class PlacementDay(models.Model):
    """How often a placement was shown, and how often somebody followed it, on one calendar day of its region."""

    placement = models.ForeignKey(Placement, on_delete=models.PROTECT, related_name="days", db_index=False)
    day = models.DateField()
    views = models.BigIntegerField(default=0)
    clicks = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["placement", "day"], name="placements_day_once"),
            models.CheckConstraint(condition=Q(views__gte=0, clicks__gte=0), name="placements_day_counts"),
        ]

    def __str__(self) -> str:
        return f"{self.placement_id} {self.day}: {self.views}"
