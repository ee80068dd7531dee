"""What an account page needs: browsers, addresses, consents with their history, the end of an account."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import hutong.kernel.ids

# Emptying has a trigger of its own, so that a test database can be emptied between tests.
ONLY_ADDED_TO = """
CREATE FUNCTION people_consents_only_added_to() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF NEW.source = ''
            AND (NEW.id, NEW.person_id, NEW.kind, NEW.granted, NEW.version, NEW.at)
              = (OLD.id, OLD.person_id, OLD.kind, OLD.granted, OLD.version, OLD.at)
            AND EXISTS (SELECT 1 FROM people_person p WHERE p.id = OLD.person_id AND p.erased_at IS NOT NULL)
        THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION 'consents are only added to: % on % is refused', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation', HINT = 'Add a line that says what holds now.';
END $$;
CREATE TRIGGER people_consentevent_unchanged BEFORE UPDATE OR DELETE ON people_consentevent
    FOR EACH ROW EXECUTE FUNCTION people_consents_only_added_to();
CREATE TRIGGER people_consentevent_not_emptied BEFORE TRUNCATE ON people_consentevent
    FOR EACH STATEMENT EXECUTE FUNCTION people_consents_only_added_to();
"""
CHANGEABLE = """
DROP TRIGGER people_consentevent_unchanged ON people_consentevent;
DROP TRIGGER people_consentevent_not_emptied ON people_consentevent;
DROP FUNCTION people_consents_only_added_to();
"""


class Migration(migrations.Migration):
    dependencies = [("people", "0002_email")]

    operations = [
        migrations.RemoveIndex(model_name="onetimecode", name="people_code_by_phone"),
        migrations.RenameField(model_name="onetimecode", old_name="phone", new_name="sent_to"),
        migrations.CreateModel(
            name='Address',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.CharField(default=hutong.kernel.ids.NewId('adr'), editable=False, max_length=40, unique=True)),
                ('label', models.CharField(blank=True, max_length=40)),
                ('name', models.CharField(blank=True, max_length=120)),
                ('phone', models.CharField(blank=True, max_length=16)),
                ('street', models.CharField(max_length=200)),
                ('postcode', models.CharField(blank=True, max_length=20)),
                ('city', models.CharField(max_length=100)),
                ('region', models.CharField(blank=True, max_length=100)),
                ('note', models.CharField(blank=True, max_length=300)),
                ('lon', models.FloatField(null=True)),
                ('lat', models.FloatField(null=True)),
                ('is_default', models.BooleanField(default=False)),
                ('created_at', models.DateTimeField()),
                ('updated_at', models.DateTimeField()),
                ('deleted_at', models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name='ConsentEvent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(max_length=20)),
                ('granted', models.BooleanField()),
                ('version', models.CharField(blank=True, max_length=60)),
                ('source', models.CharField(blank=True, max_length=60)),
                ('at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='SignIn',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.CharField(default=hutong.kernel.ids.NewId('sgn'), editable=False, max_length=40, unique=True)),
                ('session_hmac', models.CharField(max_length=64, unique=True)),
                ('browser', models.CharField(blank=True, max_length=40)),
                ('system', models.CharField(blank=True, max_length=40)),
                ('place', models.CharField(blank=True, max_length=60)),
                ('signed_in_at', models.DateTimeField()),
                ('last_seen_at', models.DateTimeField()),
                ('proved_at', models.DateTimeField(null=True)),
                ('ended_at', models.DateTimeField(null=True)),
                ('ended_by', models.CharField(blank=True, default='', max_length=40)),
            ],
        ),
        migrations.AddField(
            model_name='onetimecode',
            name='purpose',
            field=models.CharField(default='sign_in', max_length=10),
        ),
        migrations.AddField(
            model_name='person',
            name='erase_after',
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name='person',
            name='erased_at',
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.AlterField(
            model_name='onetimecode',
            name='sent_to',
            field=models.CharField(max_length=254),
        ),
        migrations.AddIndex(
            model_name='onetimecode',
            index=models.Index(fields=['sent_to', 'purpose', '-id'], name='people_code_newest'),
        ),
        migrations.AddIndex(
            model_name='person',
            index=models.Index(condition=models.Q(('erase_after__isnull', False)), fields=['erase_after'], name='people_person_to_erase'),
        ),
        migrations.AddConstraint(
            model_name='onetimecode',
            constraint=models.CheckConstraint(condition=models.Q(('purpose__in', ['sign_in', 'new_phone', 'email', 'confirm'])), name='people_code_purpose'),
        ),
        migrations.AddConstraint(
            model_name='person',
            constraint=models.CheckConstraint(condition=models.Q(('erased_at__isnull', True), models.Q(('email__isnull', True), ('erase_after__isnull', True), ('is_active', False), ('phone__isnull', True)), _connector='OR'), name='people_person_erased_is_nobody'),
        ),
        migrations.AddField(
            model_name='address',
            name='person',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='addresses', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='consentevent',
            name='person',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='consent_events', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='signin',
            name='person',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='sign_ins', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddConstraint(
            model_name='address',
            constraint=models.UniqueConstraint(condition=models.Q(('is_default', True)), fields=('person',), name='people_address_one_default'),
        ),
        migrations.AddConstraint(
            model_name='address',
            constraint=models.CheckConstraint(condition=models.Q(('is_default', False), ('deleted_at__isnull', True), _connector='OR'), name='people_address_default_is_kept'),
        ),
        migrations.AddConstraint(
            model_name='address',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('lat__isnull', True), ('lon__isnull', True)), models.Q(('lat__gte', -90), ('lat__lte', 90), ('lon__gte', -180), ('lon__lte', 180)), _connector='OR'), name='people_address_position'),
        ),
        migrations.AddIndex(
            model_name='consentevent',
            index=models.Index(fields=['person', 'kind', '-id'], name='people_consent_newest'),
        ),
        migrations.AddConstraint(
            model_name='consentevent',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['marketing.email', 'marketing.sms', 'marketing.push', 'terms', 'privacy'])), name='people_consent_kind'),
        ),
        migrations.AddConstraint(
            model_name='signin',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('ended_at__isnull', True), ('ended_by', '')), models.Q(('ended_at__isnull', False), models.Q(('ended_by', ''), _negated=True)), _connector='OR'), name='people_sign_in_ended'),
        ),
        migrations.RunSQL(ONLY_ADDED_TO, CHANGEABLE),
    ]
