"""Tables of disputes: what a cardholder's bank took back, and what it was answered."""

from django.db import models
from django.db.models import F, Q

from hutong.kernel.ids import public_id_field, ref_field
from hutong.pay.payments.models.core import Payment
from hutong.pay.payments.rules import DISPUTE_ENDED
from hutong.pay.payments.types import Bearer, DisputeStatus


class Dispute(models.Model):
    """Money of a payment that a bank took back through the provider; one row for each dispute there."""

    public_id = public_id_field("dsp")
    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="disputes")
    provider = models.CharField(max_length=20)
    provider_ref = models.CharField(max_length=100)
    order_ref = ref_field(db_index=True)
    merchant_ref = ref_field()
    amount = models.BigIntegerField()
    unit = models.CharField(max_length=40)
    # What the provider keeps for it by now, which may be in the currency of our account there.
    fee = models.BigIntegerField(default=0)
    fee_unit = models.CharField(max_length=40, blank=True, default="", db_default="")
    # How often that changed: each change is booked under a number of its own, also one to what it was before.
    fee_changes = models.IntegerField(default=0, db_default=0)
    reason = models.CharField(max_length=60, blank=True, default="")
    status = models.CharField(max_length=20, default=DisputeStatus.NEEDS_RESPONSE)
    borne_by = models.CharField(max_length=10)
    due_at = models.DateTimeField(null=True)
    opened_at = models.DateTimeField()
    submitted_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    # Of a lost one: the units that ended with it, and who bore how much.
    unit_refs = models.JSONField(default=list)
    from_unredeemed = models.BigIntegerField(default=0)
    from_merchant = models.BigIntegerField(default=0)
    from_platform = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["provider", "provider_ref"], name="payments_dispute_once"),
            models.CheckConstraint(condition=Q(amount__gt=0, fee__gte=0), name="payments_dispute_amounts"),
            models.CheckConstraint(condition=Q(fee=0) | ~Q(fee_unit=""), name="payments_dispute_fee_unit"),
            models.CheckConstraint(
                condition=Q(status__in=[status.value for status in DisputeStatus])
                & Q(borne_by__in=[bearer.value for bearer in Bearer]),
                name="payments_dispute_words",
            ),
            models.CheckConstraint(
                condition=Q(status__in=DISPUTE_ENDED, closed_at__isnull=False)
                | (~Q(status__in=DISPUTE_ENDED) & Q(closed_at__isnull=True)),
                name="payments_dispute_closed_at",
            ),
            models.CheckConstraint(
                condition=Q(
                    status=DisputeStatus.LOST,
                    amount=F("from_unredeemed") + F("from_merchant") + F("from_platform"),
                )
                | (~Q(status=DisputeStatus.LOST) & Q(from_unredeemed=0, from_merchant=0, from_platform=0)),
                name="payments_dispute_borne",
            ),
            models.CheckConstraint(
                condition=Q(from_unredeemed__gte=0, from_merchant__gte=0, from_platform__gte=0),
                name="payments_dispute_shares",
            ),
        ]
        indexes = [
            models.Index(
                fields=["due_at"], condition=Q(closed_at__isnull=True), name="payments_disputes_open"
            ),
            models.Index(fields=["merchant_ref", "-id"], name="payments_disputes_of_merchant"),
        ]

    def __str__(self) -> str:
        return f"{self.public_id} {self.amount} {self.unit} {self.status}"


class DisputeEvidence(models.Model):
    """Words or a document that somebody added to the answer to a dispute."""

    public_id = public_id_field("dev")
    dispute = models.ForeignKey(Dispute, on_delete=models.PROTECT, related_name="evidence")
    text = models.CharField(max_length=3000, blank=True, default="")
    file_name = models.CharField(max_length=120, blank=True, default="")
    content_type = models.CharField(max_length=40, blank=True, default="")
    content = models.BinaryField(null=True)
    by_ref = models.CharField(max_length=60)
    at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=(~Q(text="") & Q(content__isnull=True, file_name=""))
                | (Q(text="", content__isnull=False) & ~Q(file_name="")),
                name="payments_evidence_text_or_file",
            ),
        ]

    def __str__(self) -> str:
        return self.public_id
