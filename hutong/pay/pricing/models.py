"""Tables of `pricing`. Amounts are whole minor units of `unit`."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from hutong.kernel.ids import public_id_field, ref_field
from hutong.pay.pricing.rules import COUPON_LANES, PROMOTION_LANES
from hutong.pay.pricing.types import CouponState, Issue, Lane, PromotionState, UseState

_COUPON = [lane.value for lane in sorted(COUPON_LANES)]
_PROMOTION = [lane.value for lane in sorted(PROMOTION_LANES)]
_SHOP = [Lane.SHOP_PROMOTION.value, Lane.SHOP_COUPON.value]
_LIVE_USES = [UseState.HELD.value, UseState.USED.value]


class Promotion(models.Model):
    """What lowers prices, whose it is, what it may cost. `rule` says what it does; only state, end and budget change."""

    public_id = public_id_field("prm")
    merchant = models.ForeignKey(
        "merchants.Merchant", null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    lane = models.CharField(max_length=20)
    state = models.CharField(max_length=10, default=PromotionState.LIVE.value)
    titles = models.JSONField()
    unit = models.CharField(max_length=40, blank=True, default="")
    rule = models.JSONField()
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True)
    # What it may cost and how often it may count; the two beside them are counted where that is limited.
    budget_amount = models.BigIntegerField(null=True)
    budget_count = models.IntegerField(null=True)
    used_amount = models.BigIntegerField(default=0)
    used_count = models.IntegerField(default=0)
    per_person = models.SmallIntegerField(null=True)
    # How people come by a coupon of it.
    issue = models.CharField(max_length=10, blank=True, default="")
    code = models.CharField(max_length=40, blank=True, default="")
    # The code as it is compared: without spaces, and with one letter for those that look alike.
    code_folded = models.CharField(max_length=40, null=True, unique=True)
    issue_minimum = models.BigIntegerField(null=True)
    issue_limit = models.IntegerField(null=True)
    issued = models.IntegerField(default=0)
    coupons_each = models.SmallIntegerField(default=1)
    valid_days = models.SmallIntegerField(null=True)
    made_by = ref_field()
    made_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=[state.value for state in PromotionState]),
                name="pricing_promotion_state",
            ),
            # What a shop gives is a shop's, and the rest the platform's; free delivery may be either's.
            models.CheckConstraint(
                condition=Q(lane__in=_SHOP, merchant__isnull=False)
                | Q(lane=Lane.DELIVERY.value)
                | (~Q(lane__in=_SHOP) & Q(merchant__isnull=True)),
                name="pricing_promotion_whose",
            ),
            models.CheckConstraint(
                condition=(Q(issue__in=[issue.value for issue in Issue]) & Q(lane__in=_COUPON))
                | (Q(issue="") & Q(lane__in=_PROMOTION)),
                name="pricing_promotion_issue",
            ),
            models.CheckConstraint(
                condition=Q(issue=Issue.CODE.value, code_folded__isnull=False)
                | (~Q(issue=Issue.CODE.value) & Q(code_folded__isnull=True)),
                name="pricing_promotion_code",
            ),
            models.CheckConstraint(
                condition=Q(ends_at__isnull=True) | Q(ends_at__gt=F("starts_at")),
                name="pricing_promotion_time",
            ),
            models.CheckConstraint(
                condition=Q(used_amount__gte=0)
                & (Q(budget_amount__isnull=True) | Q(used_amount__lte=F("budget_amount"))),
                name="pricing_promotion_budget_amount",
            ),
            models.CheckConstraint(
                condition=Q(used_count__gte=0)
                & (Q(budget_count__isnull=True) | Q(used_count__lte=F("budget_count"))),
                name="pricing_promotion_budget_count",
            ),
            models.CheckConstraint(
                condition=Q(issued__gte=0) & (Q(issue_limit__isnull=True) | Q(issued__lte=F("issue_limit"))),
                name="pricing_promotion_issued",
            ),
            models.CheckConstraint(
                condition=(Q(per_person__isnull=True) | Q(per_person__gt=0))
                & Q(coupons_each__gt=0)
                & (Q(valid_days__isnull=True) | Q(valid_days__gt=0)),
                name="pricing_promotion_limits",
            ),
            models.CheckConstraint(
                condition=(Q(budget_amount__isnull=True) & Q(issue_minimum__isnull=True)) | ~Q(unit=""),
                name="pricing_promotion_unit",
            ),
        ]
        indexes = [models.Index(fields=["merchant", "state"], name="pricing_promotion_by_merchant")]

    def __str__(self) -> str:
        return self.public_id


class PersonCount(models.Model):
    """How many coupons of a promotion one person got, and in how many orders it counts for them."""

    promotion = models.ForeignKey(Promotion, on_delete=models.PROTECT, related_name="people", db_index=False)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    issued = models.SmallIntegerField(default=0)
    used = models.SmallIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["promotion", "person"], name="pricing_personcount_once"),
            models.CheckConstraint(condition=Q(issued__gte=0, used__gte=0), name="pricing_personcount_floor"),
        ]

    def __str__(self) -> str:
        return f"{self.person_id}: {self.used} of {self.promotion_id}"


class Coupon(models.Model):
    """A promotion that a person holds; good for one order."""

    public_id = public_id_field("cpn")
    promotion = models.ForeignKey(Promotion, on_delete=models.PROTECT, related_name="coupons")
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    number = models.SmallIntegerField()
    state = models.CharField(max_length=10, default=CouponState.READY.value)
    source = models.CharField(max_length=10)
    # The order that earned it, so that it is earned once.
    source_ref = ref_field(null=True)
    issued_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True)
    order_ref = ref_field(blank=True, default="")
    used_at = models.DateTimeField(null=True)
    # The order that earned it went back: it is good for no new order, whatever state it is in or comes to again.
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["promotion", "person", "number"], name="pricing_coupon_number"),
            models.UniqueConstraint(fields=["promotion", "source_ref"], name="pricing_coupon_earned_once"),
            models.CheckConstraint(
                condition=Q(state=CouponState.READY.value, order_ref="", used_at__isnull=True)
                | (Q(state=CouponState.HELD.value, used_at__isnull=True) & ~Q(order_ref=""))
                | (Q(state=CouponState.USED.value, used_at__isnull=False) & ~Q(order_ref="")),
                name="pricing_coupon_state",
            ),
            models.CheckConstraint(
                condition=Q(source__in=[issue.value for issue in Issue]), name="pricing_coupon_source"
            ),
            # Only what an order earned goes with it.
            models.CheckConstraint(
                condition=Q(withdrawn_at__isnull=True) | Q(source=Issue.PURCHASE.value),
                name="pricing_coupon_withdrawn",
            ),
        ]
        indexes = [
            models.Index(fields=["person", "state"], name="pricing_coupon_by_person"),
            models.Index(
                fields=["source_ref"], condition=Q(source_ref__isnull=False), name="pricing_coupon_by_source"
            ),
        ]

    def __str__(self) -> str:
        return self.public_id


class Use(models.Model):
    """What a promotion takes off one order. `returned_amount` is what of it went back with units that were refunded."""

    promotion = models.ForeignKey(Promotion, on_delete=models.PROTECT, related_name="uses")
    coupon = models.ForeignKey(Coupon, null=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    order_ref = ref_field()
    state = models.CharField(max_length=10, default=UseState.HELD.value)
    amount = models.BigIntegerField()
    returned_amount = models.BigIntegerField(default=0)
    # What the order comes to, and what of that was given back.
    order_total = models.BigIntegerField()
    order_returned = models.BigIntegerField(default=0)
    unit = models.CharField(max_length=40)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["order_ref", "promotion"], name="pricing_use_once_an_order"),
            # A coupon counts once, also over a second order that was begun meanwhile.
            models.UniqueConstraint(
                fields=["coupon"], condition=Q(state__in=_LIVE_USES), name="pricing_use_coupon_once"
            ),
            models.CheckConstraint(
                condition=Q(state__in=[state.value for state in UseState]), name="pricing_use_state"
            ),
            models.CheckConstraint(
                condition=Q(amount__gt=0, returned_amount__gte=0, returned_amount__lte=F("amount"))
                & Q(order_total__gte=0, order_returned__gte=0, order_returned__lte=F("order_total")),
                name="pricing_use_amounts",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.amount} {self.unit} of {self.order_ref}"


class FirstUse(models.Model):
    """The order that has what is for a person's first purchase in a shop, or of all: while it waits for its money, and
    once that has come."""

    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    # The merchant's ref, or ON_PLATFORM.
    scope = models.CharField(max_length=40)
    order_ref = ref_field()
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["person", "scope"], name="pricing_firstuse_once"),
        ]
        indexes = [models.Index(fields=["order_ref"], name="pricing_firstuse_by_order")]

    def __str__(self) -> str:
        return f"{self.scope}: {self.order_ref}"
