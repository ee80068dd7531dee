"""Days of which a provider gives no bill any more, as operators say."""

from django.db import models
from django.db.models import F, Q

from hutong.kernel.ids import public_id_field
from hutong.pay.payments.types import WithoutBillState


class WithoutBill(models.Model):
    """One operator says that there is no bill of these days, and why; it holds once a second one agrees.

    A bill that is here is not touched by it, whatever the days. Never deleted: what was taken back stays.
    """

    public_id = public_id_field("nob")
    provider = models.CharField(max_length=20)
    first_on = models.DateField()
    last_on = models.DateField()
    reason = models.CharField(max_length=500)
    state = models.CharField(max_length=10, default=WithoutBillState.WAITING.value)
    asked_by = models.CharField(max_length=60)
    asked_at = models.DateTimeField()
    decided_by = models.CharField(max_length=60, blank=True, default="")
    decided_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(last_on__gte=F("first_on")), name="payments_without_bill_days"
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="payments_without_bill_reason"),
            # Of all states, so that none but these is one.
            models.CheckConstraint(
                condition=Q(state=WithoutBillState.WAITING.value, decided_by="", decided_at__isnull=True)
                | (
                    Q(
                        state__in=[
                            WithoutBillState.AGREED.value,
                            WithoutBillState.DECLINED.value,
                            WithoutBillState.TAKEN_BACK.value,
                        ]
                    )
                    & ~Q(decided_by="")
                    # A comparison with nothing would let nothing pass.
                    & Q(decided_at__isnull=False, decided_at__gte=F("asked_at"))
                ),
                name="payments_without_bill_decided",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=[WithoutBillState.AGREED.value, WithoutBillState.TAKEN_BACK.value])
                | ~Q(decided_by=F("asked_by")),
                name="payments_without_bill_two_people",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.provider} {self.first_on}"
