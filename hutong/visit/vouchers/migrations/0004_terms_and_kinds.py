"""Vouchers of every kind, with the terms of their sale; several uses by one scan; visits of a pass."""

from datetime import UTC, datetime

from django.db import migrations, models
from django.db.models import Q

from hutong.kernel.ids import ref_field

# What was sold before has the terms it always had: its uses, on any day, in the time that its row says.
_FILL = """
UPDATE vouchers_voucher SET kind = CASE WHEN uses_total > 1 THEN 'card' ELSE 'single' END,
  terms = jsonb_build_object('kind', CASE WHEN uses_total > 1 THEN 'card' ELSE 'single' END, 'uses', uses_total,
    'valid_days', greatest(1, least(3650, extract(day FROM valid_until - valid_from)::int)), 'refund', 'any_time')
"""
_FILL_TERMS = """
UPDATE vouchers_voucherterms SET more = jsonb_build_object('kind', 'card') WHERE uses > 1
"""

_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
KINDS = ["single", "card", "choice", "cash", "pass"]


class Migration(migrations.Migration):
    dependencies = [("vouchers", "0003_blocked")]

    operations = [
        migrations.AddField(
            "voucherterms", "since", models.DateTimeField(default=_LONG_AGO), preserve_default=False
        ),
        migrations.AlterField("voucherterms", "offer_ref", ref_field()),
        migrations.AddConstraint(
            "voucherterms", models.UniqueConstraint(fields=["offer_ref", "since"], name="vouchers_terms_since")
        ),
        migrations.AddField("voucherterms", "more", models.JSONField(default=dict, db_default={})),
        migrations.AddField("voucher", "kind", models.CharField(max_length=10, default="single", db_default="single")),
        migrations.AddField("voucher", "terms", models.JSONField(default=dict), preserve_default=False),
        migrations.RunSQL(_FILL, migrations.RunSQL.noop),
        migrations.RunSQL(_FILL_TERMS, migrations.RunSQL.noop),
        migrations.AddField("redemption", "position", models.SmallIntegerField(default=0, db_default=0)),
        migrations.AddField("redemption", "spent", models.BooleanField(default=True, db_default=True)),
        migrations.AddField("redemption", "choice", models.SmallIntegerField(null=True)),
        migrations.AddField("redemption", "bill", models.BigIntegerField(null=True)),
        migrations.AddField(
            "redemption", "bill_unit", models.CharField(max_length=40, blank=True, default="", db_default="")
        ),
        migrations.AddField(
            "redemption", "override_reason", models.CharField(max_length=200, blank=True, default="", db_default="")
        ),
        migrations.AddConstraint(
            "voucher",
            models.CheckConstraint(
                condition=Q(kind__in=KINDS) & (~Q(kind="pass") | Q(uses_total=1)), name="vouchers_voucher_kind"
            ),
        ),
        migrations.RemoveConstraint("redemption", "vouchers_redemption_nonce"),
        migrations.AddConstraint(
            "redemption",
            models.UniqueConstraint(
                fields=["actor_ref", "nonce", "position"], name="vouchers_redemption_nonce"
            ),
        ),
        migrations.AddConstraint(
            "redemption",
            models.CheckConstraint(
                condition=Q(bill__isnull=True, bill_unit="") | (Q(bill__gte=0) & ~Q(bill_unit="")),
                name="vouchers_redemption_bill",
            ),
        ),
        migrations.AddConstraint(
            "redemption",
            models.UniqueConstraint(
                fields=["unit_ref"],
                condition=Q(undone_at__isnull=True, spent=True),
                name="vouchers_redemption_spent_once",
            ),
        ),
    ]
