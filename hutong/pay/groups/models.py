"""Tables of groups. Prices are whole minor units of `unit`."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from hutong.kernel.ids import public_id_field, ref_field
from hutong.pay.groups.rules import LIVE_PLACES
from hutong.pay.groups.types import GroupKind, GroupState, PlaceState


class GroupTerms(models.Model):
    """What an offer promises to who buys together from `since` on, until its next row. Rows are added, never changed."""

    offer_ref = ref_field()
    since = models.DateTimeField()
    unit = models.CharField(max_length=40)
    # What `rules.to_json` writes; empty where nothing is offered any more.
    said = models.JSONField(default=dict)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["offer_ref", "since"], name="groups_terms_since"),
        ]

    def __str__(self) -> str:
        return self.offer_ref


class Group(models.Model):
    """Shoppers who buy one offer together. `price` is empty where the offer's own price counts (a campaign).

    `taken` counts held and paid places while it is open, `paid` the paid ones; `fill` is how many may be missing at the
    deadline, `filled` how many were.
    """

    public_id = public_id_field("grp")
    terms = models.ForeignKey(GroupTerms, on_delete=models.PROTECT, related_name="groups")
    offer_ref = ref_field()
    merchant = models.ForeignKey(
        "merchants.Merchant", on_delete=models.PROTECT, related_name="+", db_index=False
    )
    kind = models.CharField(max_length=10)
    state = models.CharField(max_length=10, default=GroupState.OPEN.value)
    size = models.IntegerField()
    price = models.BigIntegerField(null=True)
    unit = models.CharField(max_length=40)
    fill = models.IntegerField(default=0)
    taken = models.IntegerField(default=0)
    paid = models.IntegerField(default=0)
    filled = models.IntegerField(default=0)
    opened_at = models.DateTimeField()
    deadline = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(kind=GroupKind.GROUP.value, price__gt=0)
                | Q(kind=GroupKind.CAMPAIGN.value, price__isnull=True),
                name="groups_group_price_of_kind",
            ),
            models.CheckConstraint(condition=Q(size__gte=2), name="groups_group_size"),
            models.CheckConstraint(condition=Q(deadline__gt=F("opened_at")), name="groups_group_deadline"),
            models.CheckConstraint(
                condition=Q(paid__gte=0, taken__gte=F("paid")), name="groups_group_paid_within_taken"
            ),
            # The guard behind the one in the UPDATE: a group never has more members than places.
            models.CheckConstraint(
                condition=Q(kind=GroupKind.CAMPAIGN.value) | Q(taken__lte=F("size")),
                name="groups_group_taken_within_size",
            ),
            models.CheckConstraint(
                condition=Q(fill__gte=0, fill__lt=F("size"), filled__gte=0, filled__lte=F("fill")),
                name="groups_group_filled_within_fill",
            ),
            models.CheckConstraint(
                condition=Q(state=GroupState.OPEN.value, ended_at__isnull=True, filled=0)
                | Q(state=GroupState.FAILED.value, ended_at__isnull=False, filled=0)
                | Q(state=GroupState.FULL.value, ended_at__isnull=False, paid__gte=F("size") - F("filled")),
                name="groups_group_full_when_it_is",
            ),
            # Everybody who buys in a campaign joins the same group.
            models.UniqueConstraint(
                fields=["terms"],
                condition=Q(kind=GroupKind.CAMPAIGN.value),
                name="groups_group_one_campaign",
            ),
        ]
        indexes = [
            models.Index(
                fields=["deadline"], condition=Q(state=GroupState.OPEN.value), name="groups_group_to_end"
            ),
            models.Index(fields=["offer_ref", "-id"], name="groups_group_by_offer"),
        ]

    def __str__(self) -> str:
        return self.public_id


class Place(models.Model):
    """One order in a group."""

    group = models.ForeignKey(Group, on_delete=models.PROTECT, related_name="places")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    order_ref = ref_field(unique=True)
    state = models.CharField(max_length=10, default=PlaceState.HELD.value)
    opened = models.BooleanField(default=False)
    taken_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=[state.value for state in PlaceState]), name="groups_place_state"
            ),
            models.UniqueConstraint(
                fields=["group", "person"],
                condition=Q(state__in=[state.value for state in LIVE_PLACES]),
                name="groups_place_one_live",
            ),
        ]
        indexes = [
            models.Index(
                fields=["group"],
                condition=Q(state=PlaceState.PAID.value),
                name="groups_place_to_settle",
            ),
        ]

    def __str__(self) -> str:
        return self.order_ref
