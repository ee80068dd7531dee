"""Corrections of what a merchant is owed that one operator may not book alone."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from hutong.kernel.ids import public_id_field, ref_field
from hutong.pay.settlement.types import AdjustmentReason, CorrectionState


class Correction(models.Model):
    """What an operator wants to give or take, above what one may do alone; nothing is booked before a second agrees.

    `reference` is what its posting and its adjustment will have, so that the same form sent again asks once.
    """

    public_id = public_id_field("cor")
    merchant_ref = ref_field()
    amount = models.BigIntegerField()
    unit = models.CharField(max_length=40)
    reason = models.CharField(max_length=20)
    reference = models.CharField(max_length=100, unique=True)
    note = models.CharField(max_length=300)
    state = models.CharField(max_length=10, default=CorrectionState.WAITING.value)
    asked_by = models.CharField(max_length=60)
    asked_at = models.DateTimeField()
    decided_by = models.CharField(max_length=60, blank=True, default="")
    decided_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(amount=0), name="settlement_correction_of_something"),
            models.CheckConstraint(
                condition=Q(reason__in=[reason.value for reason in AdjustmentReason]),
                name="settlement_correction_reason",
            ),
            # Of all states, so that none but these is one.
            models.CheckConstraint(
                condition=Q(state=CorrectionState.WAITING.value, decided_by="", decided_at__isnull=True)
                | (
                    Q(state__in=[CorrectionState.BOOKED.value, CorrectionState.DECLINED.value])
                    & ~Q(decided_by="")
                    & Q(decided_at__isnull=False, decided_at__gte=F("asked_at"))
                ),
                name="settlement_correction_decided",
            ),
            models.CheckConstraint(
                condition=~Q(state=CorrectionState.BOOKED.value) | ~Q(decided_by=F("asked_by")),
                name="settlement_correction_two_people",
            ),
        ]
        indexes = [
            models.Index(
                fields=["merchant_ref"],
                condition=Q(state=CorrectionState.WAITING.value),
                name="settlement_correction_waits",
            ),
        ]

    def __str__(self) -> str:
        return self.public_id
