"""Tables of vouchers: terms, vouchers, their uses, redemptions, requests for one, presents, scans without a network."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from hutong.kernel.ids import public_id_field, ref_field
from hutong.visit.vouchers.rules import DEFAULT_TERMS
from hutong.visit.vouchers.types import UseState, VoucherKind, VoucherState
from hutong.visit.vouchers.types.offline import Bearer, ScanOutcome


class VoucherTerms(models.Model):
    """What vouchers of an offer promise that were ordered from `since` on, until its next row. Without any row:
    `rules.DEFAULT_TERMS`. Rows are added and never changed."""

    offer_ref = ref_field()
    since = models.DateTimeField()
    valid_days = models.IntegerField(default=DEFAULT_TERMS.valid_days)
    uses = models.IntegerField(default=DEFAULT_TERMS.uses)
    # The rest of what `rules.terms.to_json` writes.
    more = models.JSONField(default=dict, db_default={})

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["offer_ref", "since"], name="vouchers_terms_since"),
            models.CheckConstraint(
                condition=Q(valid_days__gte=1, valid_days__lte=3650), name="vouchers_terms_valid_days"
            ),
            models.CheckConstraint(condition=Q(uses__gte=1, uses__lte=100), name="vouchers_terms_uses"),
        ]

    def __str__(self) -> str:
        return self.offer_ref


class Voucher(models.Model):
    """The right to enjoy what was bought, in any of its stores, from `valid_from` until before `valid_until`.

    `expired` is written by the janitor some time after `valid_until`; the time decides, not the state.
    `undone_count` bounds how often redeeming and undoing may go round. `terms` are those of its sale. A pass keeps its
    one use until it ends, however often it was shown; its Use says whether it was.
    """

    public_id = public_id_field("vch")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="vouchers")
    merchant = models.ForeignKey("merchants.Merchant", on_delete=models.PROTECT, related_name="vouchers")
    order_ref = ref_field(db_index=True)
    offer_ref = ref_field()
    titles = models.JSONField()
    kind = models.CharField(
        max_length=10, default=VoucherKind.SINGLE.value, db_default=VoucherKind.SINGLE.value
    )
    terms = models.JSONField()
    code_hmac = models.CharField(max_length=64, unique=True)
    # How often it changed hands; each owner has a code of their own.
    code_no = models.SmallIntegerField(default=0, db_default=0)
    store_ids = ArrayField(models.BigIntegerField())
    valid_from = models.DateTimeField()
    valid_until = models.DateTimeField()
    uses_total = models.IntegerField()
    uses_left = models.IntegerField()
    undone_count = models.IntegerField(default=0)
    # While its money is in dispute nothing of it is used; what it has left stays.
    blocked_at = models.DateTimeField(null=True)
    state = models.CharField(max_length=10, default=VoucherState.READY.value)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(uses_left__gte=0, uses_left__lte=F("uses_total"), uses_total__gte=1),
                name="vouchers_voucher_uses",
            ),
            models.CheckConstraint(
                condition=(
                    Q(state__in=[VoucherState.READY.value, VoucherState.EXPIRED.value], uses_left__gt=0)
                    | Q(state__in=[VoucherState.USED.value, VoucherState.REFUNDED.value], uses_left=0)
                ),
                name="vouchers_voucher_state_uses",
            ),
            models.CheckConstraint(
                condition=Q(valid_from__lt=F("valid_until")), name="vouchers_voucher_validity"
            ),
            models.CheckConstraint(
                condition=Q(kind__in=[kind.value for kind in VoucherKind])
                & (~Q(kind=VoucherKind.PASS.value) | Q(uses_total=1)),
                name="vouchers_voucher_kind",
            ),
        ]
        indexes = [
            models.Index(fields=["person", "-id"], name="vouchers_voucher_wallet"),
            models.Index(
                fields=["valid_until"],
                condition=Q(state=VoucherState.READY.value),
                name="vouchers_voucher_to_expire",
            ),
            models.Index(
                fields=["valid_until"],
                condition=Q(state=VoucherState.EXPIRED.value),
                name="vouchers_voucher_ended",
            ),
            models.Index(
                fields=["merchant", "valid_until"],
                condition=Q(state=VoucherState.READY.value),
                name="vouchers_voucher_unused",
            ),
            models.Index(
                fields=["merchant", "-id"],
                condition=Q(state__in=[VoucherState.USED.value, VoucherState.REFUNDED.value])
                | Q(blocked_at__isnull=False),
                name="vouchers_voucher_revoked",
            ),
            models.Index(
                fields=["merchant", "-id"],
                condition=Q(code_no__gt=0, state=VoucherState.READY.value),
                name="vouchers_voucher_given",
            ),
        ]

    def __str__(self) -> str:
        return self.public_id


class Use(models.Model):
    """One enjoyment of a voucher; `unit_ref` names the unit of the order that holds its amounts."""

    voucher = models.ForeignKey(Voucher, on_delete=models.PROTECT, related_name="uses")
    use_no = models.IntegerField()
    unit_ref = ref_field(unique=True)
    state = models.CharField(max_length=10, default=UseState.READY.value)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["voucher", "use_no"], name="vouchers_use_once"),
            models.CheckConstraint(
                condition=Q(state__in=[state.value for state in UseState]), name="vouchers_use_state"
            ),
        ]

    def __str__(self) -> str:
        return f"use {self.use_no} of voucher {self.voucher_id}"


class Redemption(models.Model):
    """The fact of a use: where, when, by whom and by which device. Undone ones stay, with who undid them.

    `actor_ref` is the device, or the person where no device took part; its nonce makes a repeat harmless. What one scan
    used has one nonce, and a `position` each. `use_no` counts the visits of a pass, of which the first `spent` its unit.
    `shown` is the voucher that was scanned, where this one was bought with it and gave the use in its place.
    """

    public_id = public_id_field("red")
    voucher = models.ForeignKey(Voucher, on_delete=models.PROTECT, related_name="redemptions")
    shown = models.ForeignKey(
        Voucher, on_delete=models.PROTECT, null=True, db_index=False, related_name="redemptions_beside"
    )
    use_no = models.IntegerField()
    unit_ref = ref_field(db_index=True)
    store = models.ForeignKey("merchants.Store", on_delete=models.PROTECT, related_name="redemptions")
    device = models.ForeignKey(
        "merchants.Device", on_delete=models.PROTECT, null=True, related_name="redemptions"
    )
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="redemptions_made"
    )
    actor_ref = ref_field()
    nonce = models.CharField(max_length=80)
    position = models.SmallIntegerField(default=0, db_default=0)
    spent = models.BooleanField(default=True, db_default=True)
    # Which of the things of its terms was taken, by its position there; what the bill came to; and why a manager let
    # it pass against its terms.
    choice = models.SmallIntegerField(null=True)
    bill = models.BigIntegerField(null=True)
    bill_unit = models.CharField(max_length=40, blank=True, default="", db_default="")
    override_reason = models.CharField(max_length=200, blank=True, default="", db_default="")
    at = models.DateTimeField()
    undone_at = models.DateTimeField(null=True)
    undone_by = ref_field(blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["voucher", "use_no"],
                condition=Q(undone_at__isnull=True),
                name="vouchers_redemption_one_live",
            ),
            models.UniqueConstraint(
                fields=["actor_ref", "nonce", "position"], name="vouchers_redemption_nonce"
            ),
            models.CheckConstraint(
                condition=Q(bill__isnull=True, bill_unit="") | (Q(bill__gte=0) & ~Q(bill_unit="")),
                name="vouchers_redemption_bill",
            ),
            models.UniqueConstraint(
                fields=["unit_ref"],
                condition=Q(undone_at__isnull=True, spent=True),
                name="vouchers_redemption_spent_once",
            ),
            models.CheckConstraint(
                condition=Q(undone_at__isnull=True, undone_by="")
                | (Q(undone_at__isnull=False) & ~Q(undone_by="")),
                name="vouchers_redemption_undone",
            ),
        ]
        indexes = [models.Index(fields=["store", "-at"], name="vouchers_redemption_today")]

    def __str__(self) -> str:
        return self.public_id


class Gift(models.Model):
    """A voucher on its way to a friend, by a link; the row stays when somebody opened it or it was taken back."""

    public_id = public_id_field("vgf")
    voucher = models.ForeignKey(Voucher, on_delete=models.PROTECT, related_name="gifts")
    giver = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="gifts_given")
    token_hmac = models.CharField(max_length=64, unique=True)
    message = models.CharField(max_length=200, blank=True, default="")
    made_at = models.DateTimeField()
    claimed_at = models.DateTimeField(null=True)
    claimed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="gifts_opened"
    )
    taken_back_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["voucher"], condition=Q(taken_back_at__isnull=True), name="vouchers_gift_once"
            ),
            models.CheckConstraint(
                condition=Q(claimed_at__isnull=True, claimed_by__isnull=True)
                | Q(claimed_at__isnull=False, claimed_by__isnull=False, taken_back_at__isnull=True),
                name="vouchers_gift_one_end",
            ),
        ]

    def __str__(self) -> str:
        return self.public_id


class RedemptionRequest(models.Model):
    """A shop asks whoever signs in with a phone number to let it redeem; that person chooses the voucher and confirms.

    `person` is empty where nobody has the number: the shop is told the same. It is open for the shop until `closed_at`:
    confirmed, taken back, or its time was over. Who said no (`refused_at`) closes nothing, so that the shop does not
    learn whether somebody was there. The number is not kept, only its last digits, by which a slip is seen.
    """

    public_id = public_id_field("rrq")
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="redemption_requests"
    )
    ending = models.CharField(max_length=3, blank=True)
    store = models.ForeignKey("merchants.Store", on_delete=models.PROTECT, related_name="redemption_requests")
    device = models.ForeignKey(
        "merchants.Device", on_delete=models.PROTECT, null=True, related_name="redemption_requests"
    )
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="redemption_requests_made"
    )
    actor_ref = ref_field()
    nonce = models.CharField(max_length=80)
    uses = models.IntegerField()
    bill = models.BigIntegerField(null=True)
    bill_unit = models.CharField(max_length=40, blank=True, default="", db_default="")
    asked_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    refused_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    redemption_ref = ref_field(blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["actor_ref", "nonce"], name="vouchers_request_nonce"),
            models.UniqueConstraint(
                fields=["actor_ref"], condition=Q(closed_at__isnull=True), name="vouchers_request_one_open"
            ),
            models.CheckConstraint(
                condition=Q(redemption_ref="") | Q(closed_at__isnull=False, refused_at__isnull=True),
                name="vouchers_request_one_end",
            ),
            models.CheckConstraint(condition=Q(ends_at__gt=F("asked_at")), name="vouchers_request_ends"),
            models.CheckConstraint(condition=Q(uses__gte=1, uses__lte=100), name="vouchers_request_uses"),
            models.CheckConstraint(
                condition=Q(bill__isnull=True, bill_unit="") | (Q(bill__gte=0) & ~Q(bill_unit="")),
                name="vouchers_request_bill",
            ),
        ]
        indexes = [
            models.Index(
                fields=["person", "-id"],
                condition=Q(closed_at__isnull=True),
                name="vouchers_request_to_answer",
            )
        ]

    def __str__(self) -> str:
        return self.public_id


class OfflineRules(models.Model):
    """What a merchant allows its scanners without a network, and who bears a conflict. Without a row:
    `types.DEFAULT_OFFLINE`. `most_value` is in minor units of the merchant's currency."""

    merchant = models.OneToOneField(
        "merchants.Merchant", on_delete=models.PROTECT, related_name="offline_rules"
    )
    allowed = models.BooleanField()
    most_hours = models.IntegerField()
    most_scans = models.IntegerField()
    most_value = models.BigIntegerField()
    # "" means that a person decides about each.
    borne_by = models.CharField(max_length=10, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(most_hours__gte=1, most_hours__lte=168, most_scans__gte=1, most_scans__lte=1000)
                & Q(most_value__gte=1),
                name="vouchers_offline_limits",
            ),
            models.CheckConstraint(
                condition=Q(borne_by__in=["", *(bearer.value for bearer in Bearer)]),
                name="vouchers_offline_bearer",
            ),
        ]

    def __str__(self) -> str:
        return f"offline rules of merchant {self.merchant_id}"


class OfflineScan(models.Model):
    """A scan that was made without a network, as its device told it later. It is never changed but for its outcome and
    who bears a conflict.

    `scanned_at` is corrected by what the device's clock was off (`off_s`, positive where it was slow) when it told.
    A conflict was served and could not be redeemed any more: `reason` is the code of why.
    """

    public_id = public_id_field("ofs")
    voucher = models.ForeignKey(Voucher, on_delete=models.PROTECT, related_name="offline_scans")
    store = models.ForeignKey("merchants.Store", on_delete=models.PROTECT, related_name="offline_scans")
    device = models.ForeignKey(
        "merchants.Device", on_delete=models.PROTECT, null=True, related_name="offline_scans"
    )
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="offline_scans_made"
    )
    actor_ref = ref_field()
    nonce = models.CharField(max_length=64)
    uses = models.IntegerField()
    scanned_at = models.DateTimeField()
    received_at = models.DateTimeField()
    off_s = models.IntegerField()
    outcome = models.CharField(max_length=10)
    reason = models.CharField(max_length=60, blank=True)
    redemption_ref = ref_field(blank=True)
    borne_by = models.CharField(max_length=10, blank=True)
    # "policy", or the person who decided; empty while nobody has.
    settled_by = ref_field(blank=True)
    settled_at = models.DateTimeField(null=True)
    settled_reason = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["actor_ref", "nonce"], name="vouchers_offlinescan_nonce"),
            models.CheckConstraint(
                condition=Q(outcome__in=[ScanOutcome.WAITS.value])
                | (Q(outcome=ScanOutcome.REDEEMED.value, reason="") & ~Q(redemption_ref=""))
                | (Q(outcome=ScanOutcome.CONFLICT.value, redemption_ref="") & ~Q(reason="")),
                name="vouchers_offlinescan_outcome",
            ),
            models.CheckConstraint(
                condition=Q(borne_by="", settled_by="", settled_at__isnull=True)
                | (
                    Q(outcome=ScanOutcome.CONFLICT.value, settled_at__isnull=False)
                    & Q(borne_by__in=[bearer.value for bearer in Bearer])
                    & ~Q(settled_by="")
                ),
                name="vouchers_offlinescan_settled",
            ),
            models.CheckConstraint(condition=Q(uses__gte=1, uses__lte=100), name="vouchers_offlinescan_uses"),
        ]
        indexes = [
            models.Index(
                fields=["store", "-id"],
                condition=Q(outcome=ScanOutcome.CONFLICT.value),
                name="vouchers_offline_conflicts",
            )
        ]

    def __str__(self) -> str:
        return self.public_id
