from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("notifications", "0001_initial"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="notification",
            index=models.Index(fields=["once_key"], name="notifications_once_key"),
        ),
        migrations.AddIndex(
            model_name="notification",
            index=models.Index(fields=["subject_ref"], name="notifications_subject"),
        ),
    ]
