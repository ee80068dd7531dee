"""What a provider was not told to send yet is marked, so that nobody looks through all payouts for it."""

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):

    dependencies = [("settlement", "0007_paid_by_providers")]

    operations = [
        migrations.AddField("payout", "to_hand_over", models.BooleanField(default=False, db_default=False)),
        # Those that left before: the provider is told once, whoever tells it again.
        migrations.RunSQL(
            "UPDATE settlement_payout SET to_hand_over = true WHERE state = 'sent' AND via <> ''",
            migrations.RunSQL.noop,
        ),
        migrations.AddIndex(
            "payout",
            models.Index(fields=["id"], condition=Q(to_hand_over=True), name="settlement_payout_to_hand_over"),
        ),
    ]
