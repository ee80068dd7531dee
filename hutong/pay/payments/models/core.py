"""Tables of payments. Amounts are whole minor units; `unit` is an ISO 4217 code."""

from django.db import models
from django.db.models import F, Q

from hutong.kernel.ids import public_id_field, ref_field
from hutong.pay.payments.rules import UNDER_WAY, WITH_WORDS
from hutong.pay.payments.types import (
    AttemptKind,
    AttemptState,
    DifferenceKind,
    Explanation,
    Outcome,
    PaymentState,
    RefundState,
)


class Payment(models.Model):
    """Money asked of a provider for one order."""

    public_id = public_id_field("pay")
    order_ref = ref_field()
    provider = models.CharField(max_length=20)
    amount = models.BigIntegerField()
    unit = models.CharField(max_length=40)
    state = models.CharField(max_length=10, default=PaymentState.CREATED)
    captured = models.BigIntegerField(default=0)
    # Every refund that has not failed, whether its money has left or not: captured - refunded is headroom.
    refunded = models.BigIntegerField(default=0)
    # What banks took back by disputes that are open or lost: it is no headroom for refunds either.
    disputed = models.BigIntegerField(default=0, db_default=0)
    # Money of the wrong amount or currency, and how much of it was sent back.
    suspense = models.BigIntegerField(default=0)
    suspense_unit = models.CharField(max_length=40, default="", blank=True)
    suspense_refunded = models.BigIntegerField(default=0)
    # When it came: bills name it as they name what was captured.
    suspense_at = models.DateTimeField(null=True)
    provider_ref = models.CharField(max_length=100, null=True)
    # Hosted payment pages carry their state in the address.
    redirect_url = models.CharField(max_length=4000, default="", blank=True)
    # What stands there is a text to be drawn as a code.
    to_scan = models.BooleanField(default=False, db_default=False)
    created_at = models.DateTimeField()
    captured_at = models.DateTimeField(null=True)
    # The janitor's plan: when to ask the provider next, and how often it was asked.
    ask_at = models.DateTimeField(null=True)
    asked = models.IntegerField(default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="payments_amount_positive"),
            models.CheckConstraint(
                condition=Q(refunded__gte=0, refunded__lte=F("captured"), captured__lte=F("amount")),
                name="payments_refunded_captured_amount",
            ),
            models.CheckConstraint(
                condition=Q(state=PaymentState.CAPTURED, captured=F("amount"), captured_at__isnull=False)
                | (~Q(state=PaymentState.CAPTURED) & Q(captured=0, captured_at__isnull=True)),
                name="payments_captured_wholly",
            ),
            models.CheckConstraint(condition=Q(disputed__gte=0), name="payments_disputed"),
            models.CheckConstraint(
                condition=Q(suspense_refunded__gte=0, suspense_refunded__lte=F("suspense"))
                & (
                    Q(suspense=0, suspense_at__isnull=True)
                    | Q(suspense__gt=0, suspense_at__isnull=False) & ~Q(suspense_unit="")
                ),
                name="payments_suspense",
            ),
            models.CheckConstraint(
                condition=Q(state__in=[state.value for state in PaymentState]), name="payments_state"
            ),
            models.UniqueConstraint(
                fields=["order_ref"],
                condition=Q(state__in=[state.value for state in UNDER_WAY]),
                name="payments_one_under_way",
            ),
            models.UniqueConstraint(fields=["provider", "provider_ref"], name="payments_provider_ref"),
        ]
        indexes = [
            models.Index(fields=["order_ref"], name="payments_by_order"),
            models.Index(fields=["ask_at"], condition=Q(ask_at__isnull=False), name="payments_to_ask"),
        ]

    def __str__(self) -> str:
        return f"{self.public_id} {self.amount} {self.unit} {self.state}"


class Refund(models.Model):
    """Money sent back for named units of an order, or out of a payment's suspense."""

    public_id = public_id_field("rfd")
    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="refunds")
    amount = models.BigIntegerField()
    unit = models.CharField(max_length=40)
    state = models.CharField(max_length=10, default=RefundState.PENDING)
    reason = models.CharField(max_length=200, default="", blank=True)
    unit_refs = models.JSONField(default=list)
    from_suspense = models.BooleanField(default=False)
    # The failed refund that this one tries again; a refund is tried again once, the new one may be again.
    again_for = models.OneToOneField("self", on_delete=models.PROTECT, null=True, related_name="tried_again")
    provider_ref = models.CharField(max_length=100, null=True)
    # The provider's word for why it failed, or why it does not end by itself.
    failure = models.CharField(max_length=200, default="", db_default="", blank=True)
    # The lost dispute with which a failed one ended: the bank took back what it was to send.
    ended_by = ref_field(blank=True, default="", db_default="")
    created_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)
    # When the provider had the money back that it had sent: the shopper's bank would not take it.
    returned_at = models.DateTimeField(null=True)
    ask_at = models.DateTimeField(null=True)
    asked = models.IntegerField(default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="payments_refund_positive"),
            models.CheckConstraint(
                condition=Q(state=RefundState.DONE, done_at__isnull=False, returned_at__isnull=True)
                | Q(state=RefundState.FAILED, done_at__isnull=False, returned_at__isnull=False)
                | (~Q(state=RefundState.DONE) & Q(done_at__isnull=True, returned_at__isnull=True)),
                name="payments_refund_done_at",
            ),
            models.CheckConstraint(
                condition=Q(state__in=[state.value for state in RefundState]), name="payments_refund_state"
            ),
        ]
        indexes = [
            models.Index(fields=["ask_at"], condition=Q(ask_at__isnull=False), name="payments_refunds_to_ask")
        ]

    def __str__(self) -> str:
        return f"{self.public_id} {self.amount} {self.unit} {self.state}"


class Attempt(models.Model):
    """A call that may have an effect at the provider, written down before it is made.

    `public_id` is the call's idempotency key. While the outcome is open the same row, and so the same key
    and the same `request`, serve every repetition.
    """

    public_id = public_id_field("att")
    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="attempts")
    refund = models.ForeignKey(Refund, on_delete=models.PROTECT, null=True, related_name="attempts")
    kind = models.CharField(max_length=10)
    state = models.CharField(max_length=10, default=AttemptState.SENT)
    request = models.JSONField(default=dict)
    tries = models.IntegerField(default=1)
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=300, default="", blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["payment", "kind", "refund"],
                condition=Q(state__in=[AttemptState.SENT, AttemptState.UNKNOWN]),
                nulls_distinct=False,
                name="payments_one_open_attempt",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=[kind.value for kind in AttemptKind])
                & Q(state__in=[state.value for state in AttemptState]),
                name="payments_attempt_kind_state",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.public_id} {self.kind} {self.state}"


class WebhookInbox(models.Model):
    """A webhook whose signature was good, as it came. Copies of it find this row and add nothing."""

    provider = models.CharField(max_length=20)
    event_id = models.CharField(max_length=100)
    # The headers it was signed with, so that it can be read again when whoever took it died over it.
    headers = models.JSONField(default=dict, db_default=models.Value({}, models.JSONField()))
    body = models.BinaryField()
    received_at = models.DateTimeField()
    processed_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=40, default="", blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["provider", "event_id"], name="payments_webhook_once"),
        ]
        indexes = [
            models.Index(
                fields=["received_at"], condition=Q(processed_at__isnull=True), name="payments_inbox_open"
            ),
            models.Index(
                fields=["received_at"],
                condition=Q(outcome=Outcome.CONFLICT.value),
                name="payments_inbox_contradicts",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.provider} {self.event_id} {self.outcome}"


class FetchedBill(models.Model):
    """One day of a provider's bill, once it was fetched and matched."""

    provider = models.CharField(max_length=20)
    on = models.DateField()
    fetched_at = models.DateTimeField()
    lines = models.IntegerField()
    matched = models.IntegerField()
    digest = models.CharField(max_length=64)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["provider", "on"], name="payments_bill_once"),
            models.CheckConstraint(
                condition=Q(lines__gte=F("matched"), matched__gte=0), name="payments_bill_lines"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.provider} {self.on}"


class BilledAmount(models.Model):
    """A bill in one unit: what its lines add up to is what our rows say of them and what is booked as different."""

    bill = models.ForeignKey(FetchedBill, on_delete=models.PROTECT, related_name="amounts")
    unit = models.CharField(max_length=40)
    lines = models.BigIntegerField()
    ours = models.BigIntegerField()
    booked = models.BigIntegerField()
    # What the provider kept of the lines, and what it gave back, each as a positive number.
    fees_kept = models.BigIntegerField()
    fees_back = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["bill", "unit"], name="payments_billed_amount_once"),
            models.CheckConstraint(
                condition=Q(lines=F("ours") + F("booked")), name="payments_billed_amount_explained"
            ),
            models.CheckConstraint(
                condition=Q(fees_kept__gte=0, fees_back__gte=0), name="payments_billed_fees_positive"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.lines} {self.unit}"


class BilledMoney(models.Model):
    """A payment or refund of ours that stood on a bill, whether it fitted or not; the first time only."""

    bill = models.ForeignKey(FetchedBill, on_delete=models.PROTECT, related_name="billed")
    ref = ref_field(unique=True)

    def __str__(self) -> str:
        return self.ref


class BillingDifference(models.Model):
    """What a bill and our rows do not agree on, open until it is explained.

    Amounts are signed, negative where money went back, and NULL where a side has nothing. `rules.booked` says what
    of them is in the books; `bookings` counts the transactions made for it, which carry the number in their names.
    """

    public_id = public_id_field("dif")
    bill = models.ForeignKey(FetchedBill, on_delete=models.PROTECT, related_name="differences")
    kind = models.CharField(max_length=20)
    ref = ref_field(blank=True, default="")
    provider_ref = models.CharField(max_length=100, blank=True, default="")
    ours_minor = models.BigIntegerField(null=True)
    ours_unit = models.CharField(max_length=40, blank=True, default="")
    done = models.BooleanField(default=False)
    theirs_minor = models.BigIntegerField(null=True)
    theirs_unit = models.CharField(max_length=40, blank=True, default="")
    fee_minor = models.BigIntegerField(null=True)
    fee_unit = models.CharField(max_length=40, blank=True, default="")
    # The provider's own word for the state of the line, or the text of a line that cannot be read.
    text = models.CharField(max_length=2_300, blank=True, default="")
    bookings = models.IntegerField(default=0)
    explanation = models.CharField(max_length=20, blank=True, default="")
    note = models.CharField(max_length=500, blank=True, default="")
    explained_by = ref_field(blank=True, default="")
    explained_at = models.DateTimeField(null=True)
    confirmed_by = ref_field(blank=True, default="")
    closed_at = models.DateTimeField(null=True)
    # The bill that took it back, and the provider's number of the line.
    corrected_in = models.ForeignKey(
        FetchedBill, on_delete=models.PROTECT, null=True, related_name="corrections"
    )
    corrected_by = models.CharField(max_length=100, blank=True, default="")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=[kind.value for kind in DifferenceKind]),
                name="payments_difference_kind",
            ),
            models.CheckConstraint(
                condition=Q(explanation__in=["", *(each.value for each in Explanation)]),
                name="payments_difference_explanation",
            ),
            models.CheckConstraint(
                condition=(Q(closed_at__isnull=True) | ~Q(explanation=""))
                & (~Q(explanation__in=WITH_WORDS) | ~Q(note="")),
                name="payments_difference_explained",
            ),
            models.CheckConstraint(
                condition=Q(confirmed_by="") | ~Q(confirmed_by=F("explained_by")),
                name="payments_difference_two_people",
            ),
            models.CheckConstraint(
                condition=Q(ours_minor__isnull=True, ours_unit="")
                | Q(ours_minor__isnull=False) & ~Q(ours_unit=""),
                name="payments_difference_ours",
            ),
            models.CheckConstraint(
                condition=Q(theirs_minor__isnull=True, theirs_unit="")
                | Q(theirs_minor__isnull=False) & ~Q(theirs_unit=""),
                name="payments_difference_theirs",
            ),
        ]
        indexes = [
            models.Index(
                fields=["bill"], condition=Q(closed_at__isnull=True), name="payments_differences_open"
            )
        ]

    def __str__(self) -> str:
        return f"{self.public_id} {self.kind}"


class BankIn(models.Model):
    """What a provider paid into the platform's bank account; negative where a bill says that it came back."""

    public_id = public_id_field("bki")
    provider = models.CharField(max_length=20)
    amount = models.BigIntegerField()
    unit = models.CharField(max_length=40)
    on = models.DateField()
    # The provider's number of it, where a bill names it.
    provider_ref = models.CharField(max_length=100, blank=True, default="")
    # Names one filling in of the form, so that a second tap enters nothing.
    entry = models.CharField(max_length=60, unique=True)
    note = models.CharField(max_length=500, blank=True, default="")
    by = models.CharField(max_length=60)
    at = models.DateTimeField()
    undone_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(amount=0), name="payments_bank_in_amount"),
            models.UniqueConstraint(
                fields=["provider", "provider_ref"],
                condition=~Q(provider_ref=""),
                name="payments_bank_in_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.public_id} {self.amount} {self.unit}"
