"""Money that a provider sends to merchants."""

from django.db import models
from django.db.models import Q

from hutong.kernel.ids import ref_field
from hutong.pay.payments.types import TransferState

OPEN = [TransferState.UNKNOWN.value, TransferState.PENDING.value]


class Transfer(models.Model):
    """One payout as it is asked of a provider, written down before the call. `ref` is the payout's, and the call's key.

    `tries` counts how often it was sent, the last time at `tried_at`; open ones are asked about at `next_ask_at`, and
    failed ones are, for a while: somebody who stood still may have sent one since.
    """

    ref = ref_field(unique=True)
    provider = models.CharField(max_length=20)
    amount = models.BigIntegerField()
    unit = models.CharField(max_length=40)
    account = models.CharField(max_length=100)
    holder = models.CharField(max_length=100)
    purpose = models.CharField(max_length=100)
    state = models.CharField(max_length=10, default=TransferState.UNKNOWN.value)
    provider_ref = models.CharField(max_length=100, blank=True, default="")
    reason = models.CharField(max_length=300, blank=True, default="")
    tries = models.IntegerField(default=0)
    asked = models.IntegerField(default=0)
    created_at = models.DateTimeField()
    tried_at = models.DateTimeField(null=True)
    next_ask_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="payments_transfer_positive"),
            # Of all states, so that none but these is one.
            models.CheckConstraint(
                condition=Q(state__in=OPEN, ended_at__isnull=True, next_ask_at__isnull=False)
                | Q(state=TransferState.DONE.value, ended_at__isnull=False, next_ask_at__isnull=True)
                | Q(state=TransferState.FAILED.value, ended_at__isnull=False),
                name="payments_transfer_ended",
            ),
        ]
        indexes = [
            models.Index(
                fields=["next_ask_at"],
                condition=Q(next_ask_at__isnull=False),
                name="payments_transfers_to_ask",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.ref} {self.state}"
