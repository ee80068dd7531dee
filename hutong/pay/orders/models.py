"""Tables of `orders`. All amounts are whole minor units of the order's `unit`."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from hutong.kernel.ids import public_id_field, ref_field
from hutong.pay.orders.rules import PAID_STATES
from hutong.pay.orders.types import OrderEventKind, OrderState, UnitState

_PAID = [state.value for state in sorted(PAID_STATES)]


class Order(models.Model):
    """What a shopper agreed to buy from one merchant at a quoted price."""

    public_id = public_id_field("ord")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    merchant = models.ForeignKey("merchants.Merchant", on_delete=models.PROTECT, related_name="+")
    store = models.ForeignKey("merchants.Store", null=True, on_delete=models.PROTECT, related_name="+")
    region = models.ForeignKey("regions.Region", on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=20)
    total = models.BigIntegerField()
    # What gift cards bear of the total; the rest is asked of a provider.
    stored = models.BigIntegerField(default=0, db_default=0)
    refunded = models.BigIntegerField(default=0)
    unit = models.CharField(max_length=40)
    quote = models.JSONField()
    quote_version = models.SmallIntegerField()
    quote_hash = models.CharField(max_length=64)
    client_key = models.CharField(max_length=64)
    remember_consent = models.BooleanField(default=False)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    paid_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["person", "client_key"], name="orders_order_once_per_key"),
            models.CheckConstraint(
                condition=Q(state__in=[state.value for state in OrderState]), name="orders_order_state"
            ),
            models.CheckConstraint(
                condition=Q(state__in=_PAID, paid_at__isnull=False)
                | (~Q(state__in=_PAID) & Q(paid_at__isnull=True)),
                name="orders_order_paid_at_iff_paid",
            ),
            models.CheckConstraint(
                condition=Q(refunded__gte=0, refunded__lte=F("total")), name="orders_order_refund_headroom"
            ),
            models.CheckConstraint(
                condition=Q(stored__gte=0, stored__lte=F("total")), name="orders_order_stored_within_total"
            ),
            models.CheckConstraint(
                condition=Q(expires_at__gt=F("created_at")), name="orders_order_expires_later"
            ),
        ]
        indexes = [
            models.Index(fields=["person", "-id"], name="orders_order_by_person"),
            models.Index(fields=["merchant", "paid_at"], name="orders_order_by_merchant_paid"),
            models.Index(fields=["region", "created_at"], name="orders_order_by_region_created"),
            models.Index(fields=["region", "paid_at"], name="orders_order_by_region_paid"),
            models.Index(
                fields=["expires_at"],
                condition=Q(state=OrderState.AWAITING_PAYMENT.value),
                name="orders_order_to_expire",
            ),
        ]

    def __str__(self) -> str:
        return self.public_id


class Line(models.Model):
    """One offer of an order, with its titles as they were at sale."""

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="lines")
    position = models.SmallIntegerField()
    offer_ref = ref_field()
    titles = models.JSONField()
    quantity = models.SmallIntegerField()
    list_total = models.BigIntegerField()
    total = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["order", "position"], name="orders_line_position"),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="orders_line_quantity"),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} x {self.offer_ref}"


class Unit(models.Model):
    """One unit sold, with every amount of it; what a voucher's use, a booking or a delivery points at.

    Where a part of an order is given back and terms make the rest dearer, amounts go over between its units
    (`rules.priced_again`): what stands here is what a unit is paid with now, and what was given back for it. Its order's
    quote keeps what it was sold for. Commission, its tax and the provider's fee stay as they were at the sale.
    """

    public_id = public_id_field("unt")
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="units", db_index=False)
    line = models.ForeignKey(Line, on_delete=models.PROTECT, related_name="units", db_index=False)
    merchant = models.ForeignKey(
        "merchants.Merchant", on_delete=models.PROTECT, related_name="+", db_index=False
    )
    position = models.SmallIntegerField()
    state = models.CharField(max_length=10, default=UnitState.SOLD.value)
    list = models.BigIntegerField()
    discount_merchant = models.BigIntegerField()
    discount_platform = models.BigIntegerField()
    paid = models.BigIntegerField()
    # Of that, what gift cards bore.
    paid_stored = models.BigIntegerField(default=0, db_default=0)
    # The points that bear a part of its price, beside what is paid, and of which programme.
    points = models.BigIntegerField(default=0, db_default=0)
    points_unit = models.CharField(max_length=40, blank=True, default="", db_default="")
    commission = models.BigIntegerField()
    commission_rate_ppm = models.IntegerField()
    commission_reason = models.CharField(max_length=100)
    commission_tax = models.BigIntegerField(default=0, db_default=0)
    provider_fee = models.BigIntegerField(default=0, db_default=0)
    tax = models.BigIntegerField()
    unit = models.CharField(max_length=40)
    used_at = models.DateTimeField(null=True)
    refunded_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["order", "line", "position"], name="orders_unit_position"),
            models.CheckConstraint(
                condition=Q(state=UnitState.SOLD.value, used_at__isnull=True, refunded_at__isnull=True)
                | Q(state=UnitState.USED.value, used_at__isnull=False, refunded_at__isnull=True)
                | Q(state=UnitState.REFUNDED.value, refunded_at__isnull=False),
                name="orders_unit_state_with_its_time",
            ),
            models.CheckConstraint(
                condition=Q(paid=F("list") - F("discount_merchant") - F("discount_platform"))
                & Q(paid__gte=0, discount_merchant__gte=0, discount_platform__gte=0, tax__gte=0),
                name="orders_unit_adds_up",
            ),
            models.CheckConstraint(
                condition=Q(paid_stored__gte=0, paid_stored__lte=F("paid")),
                name="orders_unit_stored_within_paid",
            ),
            models.CheckConstraint(
                condition=Q(points=0, points_unit="") | (Q(points__gt=0) & ~Q(points_unit="")),
                name="orders_unit_points_of_a_programme",
            ),
            models.CheckConstraint(
                condition=Q(commission__gte=0, commission_tax__gte=0, provider_fee__gte=0)
                # Of what went back nothing is kept, however little of it terms let go back.
                & (
                    Q(state=UnitState.REFUNDED.value)
                    | Q(
                        paid__gte=F("commission")
                        + F("commission_tax")
                        + F("provider_fee")
                        - F("discount_platform")
                    )
                ),
                name="orders_unit_fees_within_price",
            ),
        ]
        indexes = [
            models.Index(
                fields=["merchant", "used_at"], condition=Q(used_at__isnull=False), name="orders_unit_used"
            ),
            models.Index(
                fields=["merchant", "refunded_at"],
                condition=Q(refunded_at__isnull=False),
                name="orders_unit_refunded",
            ),
        ]

    def __str__(self) -> str:
        return self.public_id


class OrderEvent(models.Model):
    """One step of an order's history: written with the change itself, never changed."""

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="events")
    event = models.CharField(max_length=30)
    from_state = models.CharField(max_length=20, blank=True)
    to_state = models.CharField(max_length=20)
    by_ref = models.CharField(max_length=60)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(event__in=[event.value for event in OrderEventKind]), name="orders_event_kind"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.event}: {self.from_state} -> {self.to_state}"
