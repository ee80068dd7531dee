"""Tables of gift cards. Amounts are whole minor units of `unit`; what is left on a card stands in the ledger."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from hutong.kernel.ids import public_id_field, ref_field
from hutong.pay.giftcards.types import CardState, PartState


class GiftCard(models.Model):
    """A pot of money that one person spends. Bought by somebody, or given by an operator for a reason."""

    public_id = public_id_field("gft")
    unit = models.CharField(max_length=40)
    face = models.BigIntegerField()
    state = models.CharField(max_length=10)
    region = models.ForeignKey("regions.Region", on_delete=models.PROTECT, related_name="+")
    code_hmac = models.CharField(max_length=64, unique=True)
    holder = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    bought_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    # The click that bought or issued it: the same one again finds its card.
    client_key = models.CharField(max_length=64, null=True)
    issued_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    reason = models.CharField(max_length=200, blank=True, default="")
    message = models.CharField(max_length=300, blank=True, default="")
    made_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True)
    claimed_at = models.DateTimeField(null=True)
    block_reason = models.CharField(max_length=200, blank=True, default="")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(face__gt=0), name="giftcards_face_positive"),
            models.CheckConstraint(
                condition=Q(state__in=[state.value for state in CardState]), name="giftcards_state"
            ),
            models.CheckConstraint(
                condition=Q(holder__isnull=True, claimed_at__isnull=True)
                | Q(holder__isnull=False, claimed_at__isnull=False),
                name="giftcards_holder_since",
            ),
            models.CheckConstraint(
                condition=Q(state=CardState.BLOCKED.value)
                | Q(state=CardState.CLAIMED.value, holder__isnull=False)
                | (~Q(state=CardState.CLAIMED.value) & Q(holder__isnull=True)),
                name="giftcards_claimed_iff_held",
            ),
            # Somebody paid for it, or an operator answers for it.
            models.CheckConstraint(
                condition=Q(bought_by__isnull=False, issued_by__isnull=True)
                | (Q(bought_by__isnull=True, issued_by__isnull=False) & ~Q(reason="")),
                name="giftcards_one_origin",
            ),
            models.CheckConstraint(
                condition=~Q(state=CardState.WAITING.value) | Q(expires_at__isnull=False),
                name="giftcards_waiting_ends",
            ),
            models.CheckConstraint(
                condition=~Q(state=CardState.BLOCKED.value) | ~Q(block_reason=""),
                name="giftcards_blocked_for_a_reason",
            ),
            models.UniqueConstraint(fields=["bought_by", "client_key"], name="giftcards_once_per_click"),
            models.UniqueConstraint(
                fields=["issued_by", "client_key"], name="giftcards_issued_once_per_click"
            ),
        ]
        indexes = [
            models.Index(
                fields=["holder", "id"],
                condition=Q(holder__isnull=False),
                name="giftcards_by_holder",
            ),
            models.Index(
                fields=["expires_at"],
                condition=Q(state=CardState.WAITING.value),
                name="giftcards_to_lapse",
            ),
        ]

    def __str__(self) -> str:
        return self.public_id


class CardPart(models.Model):
    """What one card bears of one order."""

    card = models.ForeignKey(GiftCard, on_delete=models.PROTECT, related_name="parts")
    order_ref = ref_field()
    position = models.SmallIntegerField()
    amount = models.BigIntegerField()
    unit = models.CharField(max_length=40)
    state = models.CharField(max_length=10, default=PartState.HELD.value)
    held_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["order_ref", "card"], name="giftcards_part_once"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="giftcards_part_positive"),
            models.CheckConstraint(
                condition=Q(state__in=[state.value for state in PartState]), name="giftcards_part_state"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.amount} {self.unit} of {self.order_ref}"


class CardRefund(models.Model):
    """Card money of named units of an order that went back to the cards it came from."""

    public_id = public_id_field("gcr")
    order_ref = ref_field(db_index=True)
    amount = models.BigIntegerField()
    unit = models.CharField(max_length=40)
    reason = models.CharField(max_length=200, blank=True, default="")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="giftcards_refund_positive"),
        ]

    def __str__(self) -> str:
        return self.public_id


class UnitPart(models.Model):
    """What one card bears of one unit of an order; with its refund once it went back."""

    part = models.ForeignKey(CardPart, on_delete=models.PROTECT, related_name="units", db_index=False)
    unit_ref = ref_field(db_index=True)
    amount = models.BigIntegerField()
    refund = models.ForeignKey(CardRefund, null=True, on_delete=models.PROTECT, related_name="units")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["part", "unit_ref"], name="giftcards_unit_part_once"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="giftcards_unit_part_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.amount} of {self.unit_ref}"
