from django.db import migrations, models
from django.db.models import F, Q


def fill(apps, _schema_editor):
    """Until now a fee was read in the unit of its dispute."""
    apps.get_model("payments", "Dispute").objects.filter(fee_unit="").update(fee_unit=F("unit"))


class Migration(migrations.Migration):

    dependencies = [
        ("payments", "0009_refund_ended_by"),
    ]

    operations = [
        migrations.AddField(
            model_name="dispute",
            name="fee_unit",
            field=models.CharField(blank=True, db_default="", default="", max_length=40),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
        migrations.AddConstraint(
            model_name="dispute",
            constraint=models.CheckConstraint(
                condition=Q(("fee", 0), models.Q(("fee_unit", ""), _negated=True), _connector="OR"),
                name="payments_dispute_fee_unit",
            ),
        ),
    ]
