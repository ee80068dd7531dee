"""Redeemed units, accounts and terms, batches and their payouts, adjustments, months."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from hutong.kernel.ids import public_id_field, ref_field
from hutong.pay.settlement.types import AccountType, AdjustmentReason, BatchState, PayoutEvery, PayoutState

_AT_PROVIDERS = [AccountType.ALIPAY.value, AccountType.STRIPE.value]


class PayoutAccount(models.Model):
    """Where a merchant's money goes. A row never changes but for `replaced_at`, so payouts may point at it."""

    public_id = public_id_field("bac")
    merchant_ref = ref_field()
    kind = models.CharField(max_length=10, default=AccountType.BANK.value, db_default=AccountType.BANK.value)
    holder = models.CharField(max_length=70)
    country = models.CharField(max_length=2)
    iban = models.CharField(max_length=34, blank=True, default="")
    # Of a bank; the name by which somebody signs in at Alipay; the id of an account at Stripe.
    account_number = models.CharField(max_length=100, blank=True, default="")
    bank_code = models.CharField(max_length=20, blank=True, default="")
    bic = models.CharField(max_length=11, blank=True, default="")
    created_by = models.CharField(max_length=60)
    created_at = models.DateTimeField()
    usable_at = models.DateTimeField()
    replaced_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["merchant_ref"], condition=Q(replaced_at__isnull=True), name="settlement_one_account"
            ),
            models.CheckConstraint(
                condition=(Q(kind=AccountType.BANK.value, account_number="", bank_code="") & ~Q(iban=""))
                | (Q(kind=AccountType.BANK.value, iban="") & ~Q(account_number="") & ~Q(bank_code=""))
                | (Q(kind__in=_AT_PROVIDERS, iban="", bank_code="", bic="") & ~Q(account_number="")),
                name="settlement_account_one_number",
            ),
            models.CheckConstraint(
                condition=Q(usable_at__gte=F("created_at")), name="settlement_account_usable_later"
            ),
        ]

    def __str__(self) -> str:
        return self.public_id


class PayoutTerms(models.Model):
    """When and how a merchant is paid, where that is not as the site does it."""

    merchant_ref = ref_field(unique=True)
    every = models.CharField(max_length=10, default=PayoutEvery.BATCH.value)
    holdback_days = models.SmallIntegerField(null=True)
    minimum = models.BigIntegerField(null=True)
    unit = models.CharField(max_length=40, blank=True, default="")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(every__in=[each.value for each in PayoutEvery]), name="settlement_terms_every"
            ),
            models.CheckConstraint(
                condition=Q(holdback_days__isnull=True) | Q(holdback_days__gte=0, holdback_days__lte=180),
                name="settlement_terms_holdback",
            ),
            models.CheckConstraint(
                condition=Q(minimum__isnull=True, unit="") | (Q(minimum__gte=0) & ~Q(unit="")),
                name="settlement_terms_minimum",
            ),
        ]

    def __str__(self) -> str:
        return self.merchant_ref


class PayoutBatch(models.Model):
    """The payouts of one day in one currency, approved and sent together."""

    public_id = public_id_field("pyb")
    on = models.DateField()
    unit = models.CharField(max_length=40)
    state = models.CharField(max_length=10, default=BatchState.DRAFT.value)
    needs_two = models.BooleanField()
    made_by = models.CharField(max_length=60)
    made_at = models.DateTimeField()
    approved_by = models.CharField(max_length=60, blank=True, default="")
    approved_at = models.DateTimeField(null=True)
    seconded_by = models.CharField(max_length=60, blank=True, default="")
    seconded_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=[state.value for state in BatchState]), name="settlement_batch_state"
            ),
            models.CheckConstraint(
                condition=~Q(
                    state__in=[BatchState.APPROVED.value, BatchState.SENT.value, BatchState.CLOSED.value]
                )
                | (~Q(approved_by="") & (Q(needs_two=False) | ~Q(seconded_by=""))),
                name="settlement_batch_approved",
            ),
            models.CheckConstraint(
                condition=Q(seconded_by="")
                | (~Q(approved_by="") & ~Q(seconded_by=F("approved_by")) & ~Q(seconded_by=F("made_by"))),
                name="settlement_batch_two_people",
            ),
            models.CheckConstraint(
                condition=Q(approved_by="", approved_at__isnull=True)
                | (~Q(approved_by="") & Q(approved_at__isnull=False)),
                name="settlement_batch_approved_at",
            ),
            models.CheckConstraint(
                condition=Q(seconded_by="", seconded_at__isnull=True)
                | (~Q(seconded_by="") & Q(seconded_at__isnull=False)),
                name="settlement_batch_seconded_at",
            ),
            models.CheckConstraint(
                condition=Q(state__in=[BatchState.SENT.value, BatchState.CLOSED.value], sent_at__isnull=False)
                | (~Q(state__in=[BatchState.SENT.value, BatchState.CLOSED.value]) & Q(sent_at__isnull=True)),
                name="settlement_batch_sent_at",
            ),
            models.CheckConstraint(
                condition=Q(state=BatchState.CLOSED.value, closed_at__isnull=False)
                | (~Q(state=BatchState.CLOSED.value) & Q(closed_at__isnull=True)),
                name="settlement_batch_closed_at",
            ),
        ]

    def __str__(self) -> str:
        return self.public_id


class DraftDay(models.Model):
    """A day whose draft in a currency was made by itself, or on which nobody was due."""

    unit = models.CharField(max_length=40)
    on = models.DateField()
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["unit", "on"], name="settlement_drafted_once")]

    def __str__(self) -> str:
        return f"{self.on} {self.unit}"


class Payout(models.Model):
    """What one merchant is paid by one batch. The rows that point at it add up to its amount.

    `bounced` ones are owed again: the next payout of the merchant is `repaid_by`.
    """

    public_id = public_id_field("pyt")
    batch = models.ForeignKey(PayoutBatch, on_delete=models.PROTECT, related_name="payouts")
    merchant_ref = ref_field()
    account = models.ForeignKey(PayoutAccount, on_delete=models.PROTECT, related_name="payouts")
    amount = models.BigIntegerField()
    unit = models.CharField(max_length=40)
    state = models.CharField(max_length=10, default=PayoutState.PENDING.value)
    made_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)
    paid_at = models.DateTimeField(null=True)
    bounced_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=300, blank=True, default="")
    # The provider that was asked to send it; "" where a file goes to the bank.
    via = models.CharField(max_length=20, blank=True, default="", db_default="")
    # It left, and that provider was not told to send it yet.
    to_hand_over = models.BooleanField(default=False, db_default=False)
    repaid_by = models.ForeignKey(
        "self", null=True, on_delete=models.PROTECT, related_name="repays", db_index=False
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["batch", "merchant_ref"], name="settlement_payout_once_a_batch"),
            models.UniqueConstraint(
                fields=["merchant_ref", "unit"],
                condition=Q(state=PayoutState.PENDING.value),
                name="settlement_one_pending",
            ),
            models.CheckConstraint(condition=Q(amount__gt=0), name="settlement_payout_positive"),
            # Of all states, so that none but these is one.
            models.CheckConstraint(
                condition=Q(
                    state__in=[PayoutState.PENDING.value, PayoutState.DROPPED.value], sent_at__isnull=True
                )
                | Q(
                    state__in=[PayoutState.SENT.value, PayoutState.PAID.value, PayoutState.BOUNCED.value],
                    sent_at__isnull=False,
                ),
                name="settlement_payout_sent_at",
            ),
            models.CheckConstraint(
                condition=~Q(state=PayoutState.PAID.value) | Q(paid_at__isnull=False),
                name="settlement_payout_paid_at",
            ),
            models.CheckConstraint(
                condition=Q(state=PayoutState.BOUNCED.value, bounced_at__isnull=False)
                | (~Q(state=PayoutState.BOUNCED.value) & Q(bounced_at__isnull=True, repaid_by__isnull=True)),
                name="settlement_payout_bounced_at",
            ),
        ]
        indexes = [
            models.Index(fields=["merchant_ref", "-id"], name="settlement_payout_by_merchant"),
            models.Index(
                fields=["repaid_by"], condition=Q(repaid_by__isnull=False), name="settlement_payout_repays"
            ),
            models.Index(
                fields=["id"], condition=Q(to_hand_over=True), name="settlement_payout_to_hand_over"
            ),
        ]

    def __str__(self) -> str:
        return self.public_id


class Adjustment(models.Model):
    """What is owed to a merchant changed without a redemption. `reference` is that of its posting in the books."""

    public_id = public_id_field("adj")
    merchant_ref = ref_field()
    amount = models.BigIntegerField()
    unit = models.CharField(max_length=40)
    reason = models.CharField(max_length=20)
    reference = models.CharField(max_length=100, unique=True)
    subject_ref = ref_field(blank=True, default="")
    note = models.CharField(max_length=300, blank=True, default="")
    by_ref = models.CharField(max_length=60)
    at = models.DateTimeField()
    payout = models.ForeignKey(Payout, null=True, on_delete=models.PROTECT, related_name="adjustments")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(amount=0), name="settlement_adjustment_of_something"),
            models.CheckConstraint(
                condition=Q(reason__in=[reason.value for reason in AdjustmentReason]),
                name="settlement_adjustment_reason",
            ),
        ]
        indexes = [models.Index(fields=["merchant_ref", "at"], name="settlement_adjusted")]

    def __str__(self) -> str:
        return self.public_id


class MonthClose(models.Model):
    """A month of one currency is closed: nothing is posted into it any more, unless somebody opens it again."""

    public_id = public_id_field("mcl")
    on = models.DateField()
    unit = models.CharField(max_length=40)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    closed_by = models.CharField(max_length=60)
    closed_at = models.DateTimeField()
    reopened_by = models.CharField(max_length=60, blank=True, default="")
    reopened_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=500, blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["unit", "on"], condition=Q(reopened_at__isnull=True), name="settlement_month_once"
            ),
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("starts_at"), closed_at__gte=F("ends_at")),
                name="settlement_month_is_over",
            ),
            models.CheckConstraint(
                condition=Q(reopened_at__isnull=True, reopened_by="", reason="")
                | (Q(reopened_at__gte=F("closed_at")) & ~Q(reopened_by="") & ~Q(reason="")),
                name="settlement_month_reopened",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.on:%Y-%m} {self.unit}"


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
    # The payout that paid it out, and the later one that took it back.
    payout = models.ForeignKey(
        Payout, null=True, on_delete=models.PROTECT, related_name="settled", db_index=False
    )
    undo_payout = models.ForeignKey(
        Payout, null=True, on_delete=models.PROTECT, related_name="undone", db_index=False
    )

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
            models.CheckConstraint(
                condition=Q(undo_payout__isnull=True)
                | (Q(payout__isnull=False, undone_at__isnull=False) & ~Q(undo_payout=F("payout"))),
                name="settlement_taken_back_once_paid",
            ),
        ]
        indexes = [
            models.Index(fields=["merchant_ref", "at"], name="settlement_by_merchant"),
            # What a payout may take: what was not paid yet, and what was undone after it was.
            models.Index(
                fields=["merchant_ref", "unit", "at"],
                condition=Q(payout__isnull=True, undone_at__isnull=True),
                name="settlement_not_paid",
            ),
            models.Index(
                fields=["merchant_ref", "unit"],
                condition=Q(payout__isnull=False, undone_at__isnull=False, undo_payout__isnull=True),
                name="settlement_to_take_back",
            ),
            models.Index(fields=["payout"], condition=Q(payout__isnull=False), name="settlement_paid_by"),
            models.Index(
                fields=["undo_payout"], condition=Q(undo_payout__isnull=False), name="settlement_undone_by"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.unit_ref}: {self.net} {self.unit}"
