"""Table of `settlement`. Amounts are whole minor units of `unit`."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from hutong.kernel.ids import ref_field


class Settled(models.Model):
    """A redeemed unit, settled under the reference of its redemption."""

    unit_ref = ref_field()
    reference = ref_field()
    merchant_ref = ref_field()
    store_ref = ref_field(blank=True, default="")
    gross = models.BigIntegerField()
    commission = models.BigIntegerField()
    commission_tax = models.BigIntegerField(default=0, db_default=0)
    provider_fee = models.BigIntegerField(default=0, db_default=0)
    net = models.BigIntegerField()
    unit = models.CharField(max_length=40)
    at = models.DateTimeField()
    undone_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["unit_ref"], condition=Q(undone_at__isnull=True), name="settlement_unit_once"
            ),
            models.UniqueConstraint(fields=["reference", "unit_ref"], name="settlement_reference_once"),
            models.CheckConstraint(
                condition=Q(gross=F("commission") + F("commission_tax") + F("provider_fee") + F("net"))
                & Q(commission__gte=0, commission_tax__gte=0, provider_fee__gte=0, net__gte=0),
                name="settlement_adds_up",
            ),
            models.CheckConstraint(
                condition=Q(undone_at__isnull=True) | Q(undone_at__gte=F("at")),
                name="settlement_undone_later",
            ),
        ]
        indexes = [models.Index(fields=["merchant_ref", "at"], name="settlement_by_merchant")]

    def __str__(self) -> str:
        return f"{self.unit_ref}: {self.net} {self.unit}"
