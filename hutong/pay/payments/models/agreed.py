"""What providers may keep of a payment, as it was agreed with them."""

from django.db import models
from django.db.models import Q


class AgreedRate(models.Model):
    """What a provider keeps of each payment in `unit`, from the bill of a day on until the next row of the same.

    Without a rate nothing is agreed, and fees are booked as billed without a look. Never deleted: a bill that is
    fetched late is read with what held on its day.
    """

    provider = models.CharField(max_length=20)
    unit = models.CharField(max_length=40)
    since = models.DateField()
    rate_ppm = models.IntegerField(null=True)
    fixed = models.BigIntegerField(default=0)
    by = models.CharField(max_length=60)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["provider", "unit", "since"], name="payments_agreed_once_a_day"),
            models.CheckConstraint(
                condition=Q(rate_ppm__gte=0, rate_ppm__lte=1_000_000, fixed__gte=0)
                | Q(rate_ppm__isnull=True, fixed=0),
                name="payments_agreed_rate",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.provider} {self.unit} {self.since}"
