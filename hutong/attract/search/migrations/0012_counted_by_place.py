"""The slim index of places has with it what is counted: looking through a dense square reads half the pages.

The index of kinds gets a column that the one of places has not, by which a question says which of them it means."""

from django.contrib.postgres.indexes import GistIndex
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("search", "0011_words_in_rows")]

    operations = [
        migrations.RemoveIndex("searchstore", "search_store_place"),
        migrations.RemoveIndex("searchstore", "search_store_kind"),
        migrations.AddIndex(
            model_name="searchstore",
            index=GistIndex(
                fields=["place"],
                include=("kind", "district_id", "circle_id", "hours_id", "rating"),
                name="search_store_place",
            ),
        ),
        migrations.AddIndex(
            model_name="searchstore",
            index=GistIndex(
                fields=["kind", "place"],
                include=("hours_id", "district_id", "circle_id", "store_id"),
                name="search_store_kind",
            ),
        ),
    ]
