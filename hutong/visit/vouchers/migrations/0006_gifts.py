"""A voucher may be given to a friend, once."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models import Q

from hutong.kernel.ids import public_id_field


class Migration(migrations.Migration):
    dependencies = [("vouchers", "0005_offline_scans"), migrations.swappable_dependency(settings.AUTH_USER_MODEL)]

    operations = [
        migrations.AddField("voucher", "code_no", models.SmallIntegerField(default=0, db_default=0)),
        migrations.CreateModel(
            name="Gift",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", public_id_field("vgf")),
                ("token_hmac", models.CharField(max_length=64, unique=True)),
                ("message", models.CharField(blank=True, default="", max_length=200)),
                ("made_at", models.DateTimeField()),
                ("claimed_at", models.DateTimeField(null=True)),
                ("taken_back_at", models.DateTimeField(null=True)),
                (
                    "claimed_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="gifts_opened",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "giver",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="gifts_given",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "voucher",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="gifts", to="vouchers.voucher"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=["voucher"], condition=Q(taken_back_at__isnull=True), name="vouchers_gift_once"
                    ),
                    models.CheckConstraint(
                        condition=Q(claimed_at__isnull=True, claimed_by__isnull=True)
                        | Q(claimed_at__isnull=False, claimed_by__isnull=False, taken_back_at__isnull=True),
                        name="vouchers_gift_one_end",
                    ),
                ],
            },
        ),
    ]
