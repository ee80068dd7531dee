"""Which days' drafts were made, so that one that was missed is made up for, once."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [("settlement", "0008_handed_over")]

    operations = [
        migrations.CreateModel(
            name="DraftDay",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("unit", models.CharField(max_length=40)),
                ("on", models.DateField()),
                ("at", models.DateTimeField()),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("unit", "on"), name="settlement_drafted_once")
                ],
            },
        ),
        # What was made by itself before is not made up for.
        migrations.RunSQL(
            """INSERT INTO settlement_draftday (unit, "on", at)
               SELECT unit, "on", min(made_at) FROM settlement_payoutbatch WHERE made_by = 'platform'
               GROUP BY unit, "on" """,
            migrations.RunSQL.noop,
        ),
    ]
