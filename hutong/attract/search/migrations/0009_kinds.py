"""The kind of each store as a number, an index that leads to the stores of a kind in an area, and the kinds there are."""

import django.contrib.postgres.indexes
from django.db import migrations, models

from hutong.attract.search.models import KindSql

# The layout is told in `rules/kinds.py`.
FUNCTION = """
CREATE FUNCTION search_kind(category_id bigint, price_band smallint, rating float8, deals integer, tags text[])
RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT (category_id << 16) | (price_band::bigint << 13)
         | (CASE WHEN rating >= 4.5 THEN 3 WHEN rating >= 4.0 THEN 2 WHEN rating >= 3.5 THEN 1 ELSE 0 END::bigint << 11)
         | (CASE WHEN deals > 0 THEN 1024 ELSE 0 END)
         | (CASE WHEN 'refund_any_time' = ANY(tags) THEN 1 ELSE 0 END)
         | (CASE WHEN 'no_booking' = ANY(tags) THEN 2 ELSE 0 END)
         | (CASE WHEN 'book_ahead' = ANY(tags) THEN 4 ELSE 0 END)
         | (CASE WHEN 'weekends_too' = ANY(tags) THEN 8 ELSE 0 END)
         | (CASE WHEN 'new_customers' = ANY(tags) THEN 16 ELSE 0 END)
         | (CASE WHEN 'takeaway' = ANY(tags) THEN 32 ELSE 0 END)
         | (CASE WHEN 'group_price' = ANY(tags) THEN 64 ELSE 0 END)
$$
"""
# A kind that no store has any more stays: it costs whoever counts one look into the index.
KEPT = """
INSERT INTO search_searchkind (kind) SELECT DISTINCT kind FROM search_searchstore;

CREATE FUNCTION search_keep_kinds() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO search_searchkind (kind)
    SELECT DISTINCT f.kind FROM fresh f
     WHERE NOT EXISTS (SELECT FROM search_searchkind k WHERE k.kind = f.kind) ORDER BY 1
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
-- After the triggers of the squares, by their names: there writers of a town take turns already.
CREATE TRIGGER search_kinds_insert AFTER INSERT ON search_searchstore
    REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION search_keep_kinds();
CREATE TRIGGER search_kinds_update AFTER UPDATE ON search_searchstore
    REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION search_keep_kinds();
"""
DROP = """
DROP TRIGGER search_kinds_insert ON search_searchstore;
DROP TRIGGER search_kinds_update ON search_searchstore;
DROP FUNCTION search_keep_kinds();
"""


class Migration(migrations.Migration):
    dependencies = [("search", "0008_no_parts_of_words")]

    operations = [
        migrations.RunSQL(FUNCTION, "DROP FUNCTION search_kind(bigint, smallint, float8, integer, text[])"),
        migrations.CreateModel(
            name="SearchKind",
            fields=[("kind", models.BigIntegerField(primary_key=True, serialize=False))],
        ),
        migrations.AddField(
            model_name="searchstore",
            name="kind",
            field=models.GeneratedField(
                db_persist=True, expression=KindSql(), output_field=models.BigIntegerField()
            ),
        ),
        migrations.AddIndex(
            model_name="searchstore",
            index=django.contrib.postgres.indexes.GistIndex(
                fields=["kind", "place"],
                include=("hours_id", "district_id", "circle_id"),
                name="search_store_kind",
            ),
        ),
        migrations.RunSQL(KEPT, DROP),
    ]
