"""What Django cannot declare: one unit on both sides of a transfer, and books that are only ever added to."""

from django.db import migrations

COMPOSITE_KEYS = """
ALTER TABLE ledger_transfer
    ADD CONSTRAINT ledger_transfer_from_same_unit
        FOREIGN KEY (from_account_id, unit) REFERENCES ledger_account (id, unit),
    ADD CONSTRAINT ledger_transfer_to_same_unit
        FOREIGN KEY (to_account_id, unit) REFERENCES ledger_account (id, unit);
"""
DROP_COMPOSITE_KEYS = """
ALTER TABLE ledger_transfer
    DROP CONSTRAINT ledger_transfer_from_same_unit,
    DROP CONSTRAINT ledger_transfer_to_same_unit;
"""

# Statement triggers: they also stop a statement that would change no row. Emptying has a trigger of its own,
# so that a test database can be emptied between tests while changes stay refused.
APPEND_ONLY = """
CREATE FUNCTION ledger_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the books are only added to: % on % is refused', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation', HINT = 'Post a new transaction that corrects the old one.';
END $$;
CREATE TRIGGER ledger_transaction_unchanged BEFORE UPDATE OR DELETE ON ledger_transaction
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_append_only();
CREATE TRIGGER ledger_transaction_not_emptied BEFORE TRUNCATE ON ledger_transaction
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_append_only();
CREATE TRIGGER ledger_transfer_unchanged BEFORE UPDATE OR DELETE ON ledger_transfer
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_append_only();
CREATE TRIGGER ledger_transfer_not_emptied BEFORE TRUNCATE ON ledger_transfer
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_append_only();
"""
DROP_APPEND_ONLY = """
DROP TRIGGER ledger_transaction_unchanged ON ledger_transaction;
DROP TRIGGER ledger_transaction_not_emptied ON ledger_transaction;
DROP TRIGGER ledger_transfer_unchanged ON ledger_transfer;
DROP TRIGGER ledger_transfer_not_emptied ON ledger_transfer;
DROP FUNCTION ledger_append_only();
"""


class Migration(migrations.Migration):
    dependencies = [("ledger", "0001_initial")]

    operations = [
        migrations.RunSQL(COMPOSITE_KEYS, DROP_COMPOSITE_KEYS),
        migrations.RunSQL(APPEND_ONLY, DROP_APPEND_ONLY),
    ]
