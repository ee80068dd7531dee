"""Tables of `insight`."""

from django.db import models
from django.db.models import Q

from hutong.kernel.ids import ref_field
from hutong.know.insight.types import Step


class StepCount(models.Model):
    """How often a step was taken with one offer on one calendar day of its region."""

    region = models.ForeignKey("regions.Region", on_delete=models.PROTECT, related_name="+", db_index=False)
    day = models.DateField()
    offer_ref = ref_field()
    step = models.CharField(max_length=10)
    number = models.BigIntegerField()

    class Meta:
        constraints = [
            # Region and day first: the figures read a span of days of one region.
            models.UniqueConstraint(
                fields=["region", "day", "offer_ref", "step"], name="insight_stepcount_once"
            ),
            models.CheckConstraint(
                condition=Q(step__in=[step.value for step in Step]), name="insight_stepcount_step"
            ),
            models.CheckConstraint(condition=Q(number__gt=0), name="insight_stepcount_number"),
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.offer_ref}: {self.number} x {self.step}"
