"""Earlier versions left payments and refunds open without a moment at which to ask how they ended: they are asked next."""

from django.db import migrations

ASK = """
UPDATE payments_payment SET ask_at = created_at, asked = 0 WHERE ask_at IS NULL AND state IN ('pending', 'unknown');
UPDATE payments_refund SET ask_at = created_at, asked = 0 WHERE ask_at IS NULL AND state IN ('pending', 'unknown');
"""


class Migration(migrations.Migration):
    dependencies = [("payments", "0013_failed_asked_again")]

    operations = [migrations.RunSQL(ASK, migrations.RunSQL.noop)]
