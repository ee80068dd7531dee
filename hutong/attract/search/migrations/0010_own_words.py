"""Words of one meaning of the operator's own; what words were made of; tables of which a few rows change all the time."""

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.db.models.deletion
from django.db import migrations, models

import hutong.kernel.ids

# The squares above a town change with each batch of changes there. With room in its page a row is written beside
# itself and no index hears of it, and what it leaves behind is cleared by the next one.
ROOM = """
ALTER TABLE search_searchtile
    SET (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 2000);
ALTER TABLE search_searchcell
    SET (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 2000);
"""
NO_ROOM = """
ALTER TABLE search_searchtile RESET (fillfactor, autovacuum_vacuum_scale_factor, autovacuum_vacuum_threshold);
ALTER TABLE search_searchcell RESET (fillfactor, autovacuum_vacuum_scale_factor, autovacuum_vacuum_threshold);
"""
# What waits to be put in order is read through by every question of words, and whoever fills it up puts it in order: a
# tenth of a second for 1 MB, half a second for the 4 MB it would be.
SHORT_WAIT = """
ALTER INDEX search_store_words SET (gin_pending_list_limit = 1024);
ALTER INDEX search_deal_words SET (gin_pending_list_limit = 1024);
"""
LONG_WAIT = """
ALTER INDEX search_store_words RESET (gin_pending_list_limit);
ALTER INDEX search_deal_words RESET (gin_pending_list_limit);
"""


def _short_wait(model, name):
    index = django.contrib.postgres.indexes.GinIndex(fields=["words"], name=name, gin_pending_list_limit=1024)
    return [migrations.RemoveIndex(model, name), migrations.AddIndex(model, index)]


class Migration(migrations.Migration):
    dependencies = [
        ("merchants", "0001_initial"),
        ("search", "0009_kinds"),
    ]

    operations = [
        migrations.CreateModel(
            name="OwnWords",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "public_id",
                    models.CharField(
                        default=hutong.kernel.ids.NewId("wrd"), editable=False, max_length=40, unique=True
                    ),
                ),
                (
                    "words",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=40), size=None
                    ),
                ),
                ("added_at", models.DateTimeField()),
                ("removed_at", models.DateTimeField(blank=True, null=True)),
                ("change", models.IntegerField(default=1)),
                ("stores", models.IntegerField(default=0)),
                ("done", models.IntegerField(default=0)),
                ("followed_at", models.DateTimeField(blank=True, null=True)),
                (
                    "category",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="merchants.category",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("words__len__gt", 0)), name="search_own_words_some"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("done__gte", 0), ("stores__gte", 0)),
                        name="search_own_words_counts",
                    ),
                ],
            },
        ),
        migrations.AddField(
            model_name="searchstore", name="words_source", field=models.BigIntegerField(null=True)
        ),
        migrations.AddField(
            model_name="searchstore", name="terms_source", field=models.BigIntegerField(null=True)
        ),
        migrations.AddField(
            model_name="searchdeal", name="words_source", field=models.BigIntegerField(null=True)
        ),
        migrations.RunSQL(ROOM, NO_ROOM),
        migrations.RunSQL(
            SHORT_WAIT,
            LONG_WAIT,
            state_operations=[
                *_short_wait("searchstore", "search_store_words"),
                *_short_wait("searchdeal", "search_deal_words"),
            ],
        ),
    ]
