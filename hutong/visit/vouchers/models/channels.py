"""Tables of vouchers that were sold on other channels: lists of them, the vouchers, and the record of their use."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from hutong.kernel.ids import public_id_field, ref_field
from hutong.visit.vouchers.types.channels import ChannelState


class ChannelImport(models.Model):
    """A list of codes that a channel sold for a deal of a merchant, and what came of its rows.

    `terms`, `titles` and `store_ids` are those of the deal when it was brought in, and stay for its vouchers. `bad` is
    the first rows that brought nothing: line, end of the code, fault.
    """

    public_id = public_id_field("chi")
    merchant = models.ForeignKey(
        "merchants.Merchant", on_delete=models.PROTECT, related_name="channel_imports"
    )
    channel = models.CharField(max_length=40)
    offer_ref = ref_field(db_index=True)
    titles = models.JSONField()
    terms = models.JSONField()
    store_ids = ArrayField(models.BigIntegerField())
    row_count = models.IntegerField()
    new = models.IntegerField()
    gone = models.IntegerField()
    unchanged = models.IntegerField()
    bad_rows = models.IntegerField()
    bad = models.JSONField()
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="channel_imports_made"
    )
    at = models.DateTimeField()
    taken_back_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(new__gte=0, gone__gte=0, unchanged__gte=0, bad_rows__gte=0) & ~Q(channel=""),
                name="vouchers_channelimport_counts",
            ),
        ]
        indexes = [models.Index(fields=["merchant", "-id"], name="vouchers_channelimport_list")]

    def __str__(self) -> str:
        return self.public_id


class ChannelVoucher(models.Model):
    """A voucher that a channel sold: one use, by the channel's code, of which only a hash and its end are kept.

    No money of it is here: the channel took it. `state` ready ends with `valid_until` by time alone.
    """

    public_id = public_id_field("chv")
    merchant = models.ForeignKey(
        "merchants.Merchant", on_delete=models.PROTECT, related_name="channel_vouchers"
    )
    # The list that made it good, the last one where several did.
    brought_by = models.ForeignKey(ChannelImport, on_delete=models.PROTECT, related_name="vouchers")
    code_hmac = models.CharField(max_length=64)
    ending = models.CharField(max_length=4)
    valid_from = models.DateTimeField()
    valid_until = models.DateTimeField()
    undone_count = models.SmallIntegerField(default=0, db_default=0)
    state = models.CharField(max_length=10, default=ChannelState.READY.value)

    class Meta:
        constraints = [
            # The guard against doubles: a merchant has a code once, whichever list it was on.
            models.UniqueConstraint(fields=["merchant", "code_hmac"], name="vouchers_channelvoucher_once"),
            models.CheckConstraint(
                condition=Q(state__in=[state.value for state in ChannelState]),
                name="vouchers_channelvoucher_state",
            ),
            models.CheckConstraint(
                condition=Q(valid_from__lt=models.F("valid_until")), name="vouchers_channelvoucher_validity"
            ),
        ]

    def __str__(self) -> str:
        return self.public_id


class ChannelRedemption(models.Model):
    """The fact that a channel's voucher was used: where, when, by whom. An undone one stays, with who undid it."""

    public_id = public_id_field("chr")
    voucher = models.ForeignKey(ChannelVoucher, on_delete=models.PROTECT, related_name="redemptions")
    store = models.ForeignKey("merchants.Store", on_delete=models.PROTECT, related_name="channel_redemptions")
    device = models.ForeignKey(
        "merchants.Device", on_delete=models.PROTECT, null=True, related_name="channel_redemptions"
    )
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        related_name="channel_redemptions_made",
    )
    actor_ref = ref_field()
    nonce = models.CharField(max_length=80)
    bill = models.BigIntegerField(null=True)
    bill_unit = models.CharField(max_length=40, blank=True, default="", db_default="")
    override_reason = models.CharField(max_length=200, blank=True, default="", db_default="")
    at = models.DateTimeField()
    undone_at = models.DateTimeField(null=True)
    undone_by = ref_field(blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["voucher"],
                condition=Q(undone_at__isnull=True),
                name="vouchers_channelredemption_live",
            ),
            models.UniqueConstraint(fields=["actor_ref", "nonce"], name="vouchers_channelredemption_nonce"),
            models.CheckConstraint(
                condition=Q(undone_at__isnull=True, undone_by="")
                | (Q(undone_at__isnull=False) & ~Q(undone_by="")),
                name="vouchers_channelredemption_undone",
            ),
            models.CheckConstraint(
                condition=Q(bill__isnull=True, bill_unit="") | (Q(bill__gte=0) & ~Q(bill_unit="")),
                name="vouchers_channelredemption_bill",
            ),
        ]
        indexes = [models.Index(fields=["store", "-at"], name="vouchers_channel_today")]

    def __str__(self) -> str:
        return self.public_id
