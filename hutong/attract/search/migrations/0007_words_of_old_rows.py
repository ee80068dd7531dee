from django.db import migrations


def ask(apps, schema_editor):
    """Rows that were made before there were words are made again, batch by batch, by the worker."""
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO kernel_outboxrow (job, payload, created_at)"
            " SELECT 'index_next', '{\"after_id\": 0}', now()"
            " WHERE EXISTS (SELECT FROM search_searchstore WHERE words IS NULL)"
        )


class Migration(migrations.Migration):
    dependencies = [
        ("search", "0006_cells"),
        ("kernel", "0001_initial"),
    ]

    operations = [migrations.RunPython(ask, migrations.RunPython.noop, elidable=True)]
