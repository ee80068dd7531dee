"""Squares of the map with how many stores each has, kept by triggers on the stores as they are found."""

from django.db import migrations, models
from django.db.models import Q

# Whole numbers of squares at level 16, and their bits: x in the even ones, y in the odd ones. Bits are spread by the
# usual masks (0x00FF00FF00FF00FF and so on), written as decimals, because PostgreSQL 15 reads no others.
FUNCTIONS = """
CREATE SEQUENCE search_tile_version;

CREATE FUNCTION search_spread(n bigint) RETURNS bigint LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
    n := (n | (n << 8)) & 71777214294589695;
    n := (n | (n << 4)) & 1085102592571150095;
    n := (n | (n << 2)) & 3689348814741910323;
    RETURN (n | (n << 1)) & 6148914691236517205;
END $$;

CREATE FUNCTION search_square(place point) RETURNS bigint LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT search_spread(floor((place[0] + 20037508.342789244) / 40075016.685578488 * 65536)::bigint)
         | (search_spread(floor((20037508.342789244 - place[1]) / 40075016.685578488 * 65536)::bigint) << 1)
$$;

-- A box a metre larger than the square, for the index; which rows are in the square is asked exactly beside it.
CREATE FUNCTION search_square_box(cell bigint) RETURNS box LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    x bigint := 0;
    y bigint := 0;
    side CONSTANT float8 := 40075016.685578488 / 65536;
BEGIN
    FOR i IN 0..15 LOOP
        x := x | (((cell >> (2 * i)) & 1) << i);
        y := y | (((cell >> (2 * i + 1)) & 1) << i);
    END LOOP;
    RETURN box(point(x * side - 20037509.342789244, 20037509.342789244 - y * side),
               point((x + 1) * side - 20037507.342789244, 20037507.342789244 - (y + 1) * side));
END $$;

-- Finest first, so that the least price of a square, where it went with its store, is found among its four parts.
CREATE FUNCTION search_price_cells() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    UPDATE search_searchcell c SET price_from = (
        SELECT min(t.price_from) FROM search_searchstore t
         WHERE t.place <@ search_square_box(c.cell) AND search_square(t.place) = c.cell AND t.deals > 0
           AND t.card->>'unit' = c.unit AND c.category_id IN (0, t.category_id, t.root_category_id))
     WHERE c.level = 16 AND c.price_from IS NULL AND c.unit NOT IN ('', '?');
    FOR finer IN REVERSE 16..9 LOOP
        UPDATE search_searchcell c SET price_from = (
            SELECT min(f.price_from) FROM search_searchcell f
             WHERE f.level = finer AND f.category_id = c.category_id AND f.unit = c.unit
               AND f.cell BETWEEN c.cell << 2 AND (c.cell << 2) + 3)
         WHERE c.level = finer - 1 AND c.price_from IS NULL AND c.unit NOT IN ('', '?');
    END LOOP;
END $$;
"""

# What a statement did to stores: a row with sign 1 for each that is now, one with -1 for each that was.
SIGNED = """
        SELECT {sign} AS sign, search_square(t.place) AS square, t.category_id, t.root_category_id,
               CASE WHEN t.deals = 0 THEN '' ELSE coalesce(t.card->>'unit', '?') END AS unit,
               round(t.lon * 10000000)::bigint AS lon, round(t.lat * 10000000)::bigint AS lat,
               CASE WHEN t.deals > 0 AND t.card->>'unit' IS NOT NULL THEN t.price_from END AS price
          FROM {table} t"""
NOW, WAS = SIGNED.format(sign=1, table="{now}"), SIGNED.format(sign=-1, table="was")

# The version first: it is one row for all at the coarsest level, so that writers of a town take turns from here on.
# A plan may ask the sequence once for every row, so the greatest number counts.
KEEP = """
    INSERT INTO search_searchtile AS t (level, cell, version)
    SELECT l, s.square >> 2 * (16 - l), max(v)
      FROM (SELECT DISTINCT c.square FROM ({changes}) c) s, generate_series(8, 16) l,
           (SELECT nextval('search_tile_version') AS v) n
     GROUP BY 1, 2 ORDER BY 1, 2
    ON CONFLICT (level, cell) DO UPDATE SET version = excluded.version;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;

    WITH fine AS MATERIALIZED (
        SELECT c.square, k.category_id, c.unit, sum(c.sign) AS stores, sum(c.sign * c.lon) AS lon,
               sum(c.sign * c.lat) AS lat, min(c.price) FILTER (WHERE c.sign > 0) AS came,
               min(c.price) FILTER (WHERE c.sign < 0) AS went
          FROM ({changes}) c,
               LATERAL (SELECT DISTINCT unnest(ARRAY[0, c.category_id, c.root_category_id]) AS category_id) k
         GROUP BY 1, 2, 3
    ), step AS MATERIALIZED (
        SELECT l AS level, f.square >> 2 * (16 - l) AS cell, f.category_id, f.unit, sum(f.stores) AS stores,
               sum(f.lon) AS lon, sum(f.lat) AS lat, min(f.came) AS came, min(f.went) AS went
          FROM fine f, generate_series(8, 16) l
         WHERE f.stores <> 0 OR f.lon <> 0 OR f.lat <> 0 OR f.came IS DISTINCT FROM f.went
         GROUP BY 1, 2, 3, 4
    ), known AS (
        UPDATE search_searchcell c
           SET stores = c.stores + n.stores, sum_lon = c.sum_lon + n.lon, sum_lat = c.sum_lat + n.lat,
               price_from = CASE WHEN n.went <= c.price_from AND (n.came IS NULL OR n.came > n.went) THEN NULL
                                 ELSE least(c.price_from, n.came) END
          FROM step n
         WHERE c.level = n.level AND c.category_id = n.category_id AND c.cell = n.cell AND c.unit = n.unit
           AND c.stores + n.stores <> 0
        RETURNING c.level, c.category_id, c.cell, c.unit
    ), emptied AS (
        DELETE FROM search_searchcell c USING step n
         WHERE c.level = n.level AND c.category_id = n.category_id AND c.cell = n.cell AND c.unit = n.unit
           AND c.stores + n.stores = 0
        RETURNING c.level, c.category_id, c.cell, c.unit
    ), there AS (SELECT * FROM known UNION ALL SELECT * FROM emptied)
    INSERT INTO search_searchcell (level, cell, category_id, unit, stores, sum_lon, sum_lat, price_from)
    SELECT n.level, n.cell, n.category_id, n.unit, n.stores, n.lon, n.lat, n.came
      FROM step n LEFT JOIN there h USING (level, category_id, cell, unit)
     WHERE h.level IS NULL ORDER BY n.level, n.category_id, n.cell;

    IF EXISTS (SELECT FROM search_searchcell c WHERE c.price_from IS NULL AND c.unit NOT IN ('', '?')) THEN
        PERFORM search_price_cells();
    END IF;
    RETURN NULL;
"""

TRIGGER = """
CREATE FUNCTION search_cells_{verb}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
{body}END $$;
CREATE TRIGGER search_cells_{verb} AFTER {verb} ON search_searchstore
    {referencing} FOR EACH STATEMENT EXECUTE FUNCTION search_cells_{verb}();
"""
EMPTY = """
    DELETE FROM search_searchcell;
    UPDATE search_searchtile SET version = nextval('search_tile_version');
    RETURN NULL;
"""
COUNT_AGAIN = """
CREATE FUNCTION search_count_cells() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    -- Nobody writes meanwhile; who reads sees what was.
    LOCK TABLE search_searchstore IN SHARE ROW EXCLUSIVE MODE;
    DELETE FROM search_searchcell;
{body}END $$;
SELECT search_count_cells();
"""


def _keep(changes: str) -> str:
    return KEEP.format(changes=changes)


def _trigger(verb: str, body: str, referencing: str = "") -> str:
    return TRIGGER.format(verb=verb, body=body, referencing=referencing and f"REFERENCING {referencing}")


CREATE = FUNCTIONS + "".join(
    [
        _trigger("insert", _keep(NOW.format(now="fresh")), "NEW TABLE AS fresh"),
        _trigger(
            "update",
            _keep(f"{NOW.format(now='fresh')} UNION ALL {WAS}"),
            "OLD TABLE AS was NEW TABLE AS fresh",
        ),
        _trigger("delete", _keep(WAS), "OLD TABLE AS was"),
        _trigger("truncate", EMPTY),
        COUNT_AGAIN.format(body=_keep(NOW.format(now="search_searchstore")).replace("RETURN NULL", "RETURN")),
    ]
)
DROP = (
    "".join(
        f"DROP TRIGGER search_cells_{verb} ON search_searchstore; DROP FUNCTION search_cells_{verb}();"
        for verb in ("insert", "update", "delete", "truncate")
    )
    + "DROP FUNCTION search_count_cells(); DROP FUNCTION search_price_cells(); DROP FUNCTION search_square_box(bigint);"
    + "DROP FUNCTION search_square(point); DROP FUNCTION search_spread(bigint); DROP SEQUENCE search_tile_version;"
)


class Migration(migrations.Migration):
    dependencies = [("search", "0005_slim_place")]

    operations = [
        migrations.CreateModel(
            name="SearchCell",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("level", models.SmallIntegerField()),
                ("cell", models.BigIntegerField()),
                ("category_id", models.BigIntegerField()),
                ("unit", models.CharField(max_length=40)),
                ("stores", models.IntegerField()),
                ("sum_lon", models.BigIntegerField()),
                ("sum_lat", models.BigIntegerField()),
                ("price_from", models.BigIntegerField(null=True)),
            ],
            options={
                "indexes": [
                    models.Index(
                        fields=["level"],
                        condition=Q(price_from__isnull=True) & ~Q(unit__in=["", "?"]),
                        name="search_cell_unpriced",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=["level", "category_id", "cell", "unit"], name="search_cell_once"
                    ),
                    models.CheckConstraint(condition=Q(stores__gt=0), name="search_cell_stores"),
                ],
            },
        ),
        migrations.CreateModel(
            name="SearchTile",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("level", models.SmallIntegerField()),
                ("cell", models.BigIntegerField()),
                ("version", models.BigIntegerField()),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=["level", "cell"], name="search_tile_once")],
            },
        ),
        migrations.RunSQL(CREATE, DROP),
    ]
