"""The history of consents, only ever added to; filled from the spans there are."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

FILL = """
INSERT INTO customers_consentchange (person_id, merchant_id, granted, source, at)
SELECT person_id, merchant_id, granted, source, at FROM (
  SELECT id, person_id, merchant_id, true AS granted, source, granted_at AS at FROM customers_consent
  UNION ALL
  SELECT id, person_id, merchant_id, false, 'account', withdrawn_at FROM customers_consent
  WHERE withdrawn_at IS NOT NULL
) spans ORDER BY at, id, granted DESC;
"""
# Emptying has a trigger of its own, so that a test database can be emptied between tests.
ONLY_ADDED_TO = """
CREATE FUNCTION customers_consents_only_added_to() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF NEW.source = ''
            AND (NEW.id, NEW.person_id, NEW.merchant_id, NEW.granted, NEW.at)
              = (OLD.id, OLD.person_id, OLD.merchant_id, OLD.granted, OLD.at)
            AND EXISTS (SELECT 1 FROM people_person p WHERE p.id = OLD.person_id AND p.erased_at IS NOT NULL)
        THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION 'consents are only added to: % on % is refused', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation', HINT = 'Add a line that says what holds now.';
END $$;
CREATE TRIGGER customers_consentchange_unchanged BEFORE UPDATE OR DELETE ON customers_consentchange
    FOR EACH ROW EXECUTE FUNCTION customers_consents_only_added_to();
CREATE TRIGGER customers_consentchange_not_emptied BEFORE TRUNCATE ON customers_consentchange
    FOR EACH STATEMENT EXECUTE FUNCTION customers_consents_only_added_to();
"""
CHANGEABLE = """
DROP TRIGGER customers_consentchange_unchanged ON customers_consentchange;
DROP TRIGGER customers_consentchange_not_emptied ON customers_consentchange;
DROP FUNCTION customers_consents_only_added_to();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("customers", "0001_initial"),
        ("merchants", "0001_initial"),
        ("people", "0003_account"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ConsentChange",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("granted", models.BooleanField()),
                ("source", models.CharField(blank=True, max_length=60)),
                ("at", models.DateTimeField()),
                (
                    "merchant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="consent_changes",
                        to="merchants.merchant",
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="consent_changes",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        # A foreign key that still waits to be checked and a trigger do not fit into one transaction.
        migrations.RunSQL("SET CONSTRAINTS ALL IMMEDIATE", migrations.RunSQL.noop),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
        migrations.RunSQL(ONLY_ADDED_TO, CHANGEABLE),
    ]
