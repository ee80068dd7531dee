"""Words are looked for near a place by one index of both; kinds are counted in one look through an area.

The index of kinds has a column that the one of places has not, by which a question says which of the two it means.
"""

from django.contrib.postgres.indexes import GinIndex, GistIndex, OpClass
from django.db import migrations, models
from django.db.models import F, Q

from hutong.attract.search.models import SquaresSql

# The numbering is told in `rules/squares.py`. No function is called by name: an index is built without a search path.
FUNCTION = """
CREATE FUNCTION search_squares(place point) RETURNS bigint[] LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT ARRAY[
        (16::bigint << 40) | (floor((place[0] + 20037508.342789244) / 40075016.685578488 * 65536)::bigint << 20)
                           | floor((20037508.342789244 - place[1]) / 40075016.685578488 * 65536)::bigint,
        (14::bigint << 40) | (floor((place[0] + 20037508.342789244) / 40075016.685578488 * 16384)::bigint << 20)
                           | floor((20037508.342789244 - place[1]) / 40075016.685578488 * 16384)::bigint,
        (12::bigint << 40) | (floor((place[0] + 20037508.342789244) / 40075016.685578488 * 4096)::bigint << 20)
                           | floor((20037508.342789244 - place[1]) / 40075016.685578488 * 4096)::bigint,
        (10::bigint << 40) | (floor((place[0] + 20037508.342789244) / 40075016.685578488 * 1024)::bigint << 20)
                           | floor((20037508.342789244 - place[1]) / 40075016.685578488 * 1024)::bigint]
$$
"""


class Migration(migrations.Migration):
    dependencies = [("search", "0011_words_in_rows")]

    operations = [
        migrations.RunSQL(FUNCTION, "DROP FUNCTION search_squares(point)"),
        migrations.RemoveIndex("searchstore", "search_store_words"),
        migrations.RemoveIndex("searchstore", "search_store_around"),
        migrations.RemoveIndex("searchstore", "search_store_kind"),
        migrations.AddIndex(
            "searchstore",
            GinIndex(
                F("words"), SquaresSql(F("place")), name="search_store_words", gin_pending_list_limit=1024
            ),
        ),
        migrations.AddIndex(
            "searchstore",
            GistIndex(
                fields=["place"],
                include=(
                    "store_id",
                    "category_id",
                    "root_category_id",
                    "district_id",
                    "circle_id",
                    "hours_id",
                    "rating",
                    "price_band",
                    "price_from",
                    "sold",
                    "deals",
                    "quality",
                    "tags",
                    "kind",
                ),
                name="search_store_around",
            ),
        ),
        migrations.AddIndex(
            "searchstore",
            GistIndex(
                fields=["kind", "place"],
                include=("hours_id", "district_id", "circle_id", "region_id"),
                name="search_store_kind",
            ),
        ),
        migrations.AddIndex(
            "searchterm",
            models.Index(
                OpClass(F("key"), name="text_pattern_ops"),
                include=("stores",),
                condition=Q(kind="word"),
                name="search_term_words",
            ),
        ),
    ]
