"""What Django cannot declare: a rule that was made is never changed but for an earlier end."""

from django.db import migrations

GUARD = """
CREATE FUNCTION fees_rule_stays() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    of_its_end CONSTANT text[] := ARRAY['ends_at', 'ended_by', 'ended_at'];
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF to_jsonb(NEW) - of_its_end = to_jsonb(OLD) - of_its_end
            AND NEW.ends_at < coalesce(OLD.ends_at, 'infinity') THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION 'a commission rule may only end sooner: % is refused', TG_OP
        USING ERRCODE = 'restrict_violation', HINT = 'End it, and make another one.';
END $$;
CREATE TRIGGER fees_rule_unchanged BEFORE UPDATE OR DELETE ON fees_commissionrule
    FOR EACH ROW EXECUTE FUNCTION fees_rule_stays();
CREATE TRIGGER fees_rule_not_emptied BEFORE TRUNCATE ON fees_commissionrule
    FOR EACH STATEMENT EXECUTE FUNCTION fees_rule_stays();
"""
DROP_GUARD = """
DROP TRIGGER fees_rule_unchanged ON fees_commissionrule;
DROP TRIGGER fees_rule_not_emptied ON fees_commissionrule;
DROP FUNCTION fees_rule_stays();
"""


class Migration(migrations.Migration):
    dependencies = [("fees", "0001_initial")]

    operations = [migrations.RunSQL(GUARD, DROP_GUARD)]
