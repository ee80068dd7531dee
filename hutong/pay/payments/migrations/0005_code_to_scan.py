from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("payments", "0004_refund_failure"),
    ]

    operations = [
        migrations.AddField(
            model_name="payment",
            name="to_scan",
            field=models.BooleanField(db_default=False, default=False),
        ),
    ]
