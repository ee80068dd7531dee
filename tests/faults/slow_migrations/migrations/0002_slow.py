import os

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("slow_migrations", "0001_first")]
    operations = [
        migrations.CreateModel(
            "Second",
            [
                ("id", models.BigAutoField(primary_key=True)),
                ("first", models.ForeignKey("slow_migrations.First", on_delete=django.db.models.deletion.PROTECT)),
            ],
        ),
        migrations.RunSQL(f"SELECT pg_sleep({float(os.environ.get('SLOW_S', '0'))})"),
    ]
