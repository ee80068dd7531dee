"""Tables of stock: counters with their guards, holds with their states."""

from django.db import models
from django.db.models import F, Q

from hutong.kernel.ids import ref_field
from hutong.visit.stock.types import HoldState


class Stock(models.Model):
    """The counters of one offer. No row, or an empty capacity, means unlimited."""

    offer_ref = ref_field(unique=True)
    capacity = models.BigIntegerField(null=True)
    held = models.BigIntegerField(default=0)
    sold = models.BigIntegerField(default=0)
    # What other channels sold of it: it counts against the capacity, and is no sale of this site.
    elsewhere = models.BigIntegerField(default=0, db_default=0)
    changed_by = ref_field()
    changed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(held__gte=0, sold__gte=0, elsewhere__gte=0), name="stock_not_negative"
            ),
            models.CheckConstraint(
                condition=Q(capacity__isnull=True) | Q(capacity__gte=F("held") + F("sold") + F("elsewhere")),
                name="stock_within_capacity",
            ),
        ]

    def __str__(self) -> str:
        return self.offer_ref


class Hold(models.Model):
    """What an order keeps of an offer: held until `expires_at`, then confirmed by payment or released.

    `counted` says that the offer had a stock row when the hold was made, `limited` that it had a limit per
    person: only then there is a counter to move back. `returned` counts what refunds gave back afterwards.
    """

    order_ref = ref_field()
    offer_ref = ref_field(db_index=True)
    person_ref = ref_field()
    quantity = models.IntegerField()
    returned = models.IntegerField(default=0)
    counted = models.BooleanField()
    limited = models.BooleanField()
    state = models.CharField(max_length=10, default=HoldState.HELD.value)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["order_ref", "offer_ref"], name="stock_hold_once"),
            models.CheckConstraint(
                condition=Q(state__in=[state.value for state in HoldState]), name="stock_hold_state"
            ),
            models.CheckConstraint(
                condition=Q(quantity__gte=1, returned__gte=0, returned__lte=F("quantity")),
                name="stock_hold_quantity",
            ),
            models.CheckConstraint(
                condition=Q(returned=0) | Q(state=HoldState.CONFIRMED.value),
                name="stock_hold_returned_if_sold",
            ),
            models.CheckConstraint(
                condition=Q(state=HoldState.HELD.value, ended_at__isnull=True)
                | (~Q(state=HoldState.HELD.value) & Q(ended_at__isnull=False)),
                name="stock_hold_ended_at",
            ),
        ]
        indexes = [
            models.Index(
                fields=["expires_at"], condition=Q(state=HoldState.HELD.value), name="stock_hold_to_expire"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} of {self.offer_ref} for {self.order_ref}"


class PersonLimit(models.Model):
    """How many of an offer a person has taken, counted where the offer limits it."""

    person_ref = ref_field()
    offer_ref = ref_field()
    taken = models.IntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["person_ref", "offer_ref"], name="stock_limit_once"),
            models.CheckConstraint(condition=Q(taken__gte=0), name="stock_limit_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.taken} of {self.offer_ref} by {self.person_ref}"
