"""Tables of loyalty. Amounts are whole minor units of `currency`, points are whole."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from hutong.kernel.ids import ref_field


class Programme(models.Model):
    """The rules of one programme from one moment on. Never changed: the next row follows it."""

    unit = models.CharField(max_length=40)
    currency = models.CharField(max_length=3)
    titles = models.JSONField()
    on = models.BooleanField()
    earn = models.BigIntegerField()
    paid = models.BigIntegerField()
    each = models.BigIntegerField()
    worth = models.BigIntegerField()
    step = models.BigIntegerField()
    share_ppm = models.IntegerField()
    months = models.SmallIntegerField(null=True)
    since = models.DateTimeField()
    made_by = ref_field()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(earn__gt=0, paid__gt=0, each__gt=0, worth__gt=0, step__gt=0),
                name="loyalty_programme_amounts",
            ),
            models.CheckConstraint(
                condition=Q(share_ppm__gt=0, share_ppm__lte=1_000_000), name="loyalty_programme_share"
            ),
            models.CheckConstraint(
                condition=Q(months__isnull=True) | Q(months__gt=0), name="loyalty_programme_months"
            ),
        ]
        indexes = [models.Index("unit", F("since").desc(), name="loyalty_programme_since")]

    def __str__(self) -> str:
        return f"{self.unit} since {self.since}"
