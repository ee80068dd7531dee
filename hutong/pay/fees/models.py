"""Table of `fees`. Amounts are whole minor units of `unit`, rates are millionths."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from hutong.kernel.ids import public_id_field, ref_field
from hutong.pay.fees.rules import MOST_MONTHS, PPM
from hutong.pay.fees.types import Bearer


class CommissionRule(models.Model):
    """Who pays which commission on what, from when until when. Only its end may change, and only to come sooner."""

    public_id = public_id_field("cru")
    region_ref = ref_field(blank=True, default="")
    merchant_ref = ref_field(blank=True, default="")
    category = models.CharField(max_length=60, blank=True, default="")
    offer_ref = ref_field(blank=True, default="")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True)
    rate_ppm = models.IntegerField()
    fixed = models.BigIntegerField(default=0)
    minimum = models.BigIntegerField(default=0)
    unit = models.CharField(max_length=40, blank=True, default="")
    free_months = models.SmallIntegerField(default=0)
    bearer = models.CharField(max_length=10)
    provider_rate_ppm = models.IntegerField(default=0)
    provider_fixed = models.BigIntegerField(default=0)
    tax_ppm = models.IntegerField(null=True)
    note = models.CharField(max_length=500, blank=True, default="")
    made_by = ref_field()
    made_at = models.DateTimeField()
    ended_by = ref_field(blank=True, default="")
    ended_at = models.DateTimeField(null=True)
    replaces_ref = ref_field(blank=True, default="")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_at__isnull=True) | Q(ends_at__gte=F("starts_at")), name="fees_rule_time"
            ),
            models.CheckConstraint(
                condition=Q(rate_ppm__gte=0, rate_ppm__lte=PPM)
                & Q(provider_rate_ppm__gte=0, provider_rate_ppm__lte=PPM)
                & (Q(tax_ppm__isnull=True) | Q(tax_ppm__gte=0, tax_ppm__lte=PPM)),
                name="fees_rule_rates",
            ),
            models.CheckConstraint(
                condition=Q(fixed__gte=0, minimum__gte=0, provider_fixed__gte=0)
                & (Q(fixed=0, minimum=0, provider_fixed=0) | ~Q(unit="")),
                name="fees_rule_amounts",
            ),
            models.CheckConstraint(
                condition=Q(bearer=Bearer.MERCHANT.value)
                | Q(bearer=Bearer.PLATFORM.value, provider_rate_ppm=0, provider_fixed=0),
                name="fees_rule_bearer",
            ),
            models.CheckConstraint(
                condition=Q(free_months__gte=0, free_months__lte=MOST_MONTHS), name="fees_rule_free_months"
            ),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True, ended_by="")
                | (Q(ended_at__isnull=False, ends_at__isnull=False) & ~Q(ended_by="")),
                name="fees_rule_ended_by",
            ),
        ]
        indexes = [models.Index(fields=["merchant_ref", "offer_ref"], name="fees_rule_by_merchant")]

    def __str__(self) -> str:
        return self.public_id
