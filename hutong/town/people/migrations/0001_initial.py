import django.contrib.postgres.fields
import django.db.models.deletion
import hutong.kernel.clock
import hutong.kernel.ids
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('auth', '0012_alter_user_first_name_max_length'),
    ]

    operations = [
        migrations.CreateModel(
            name='Message',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.CharField(default=hutong.kernel.ids.NewId('msg'), editable=False, max_length=40, unique=True)),
                ('to', models.CharField(max_length=40)),
                ('kind', models.CharField(max_length=20)),
                ('body', models.TextField()),
                ('created_at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='Person',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('password', models.CharField(max_length=128, verbose_name='password')),
                ('last_login', models.DateTimeField(blank=True, null=True, verbose_name='last login')),
                ('is_superuser', models.BooleanField(default=False, help_text='Designates that this user has all permissions without explicitly assigning them.', verbose_name='superuser status')),
                ('public_id', models.CharField(default=hutong.kernel.ids.NewId('per'), editable=False, max_length=40, unique=True)),
                ('phone', models.CharField(max_length=16, null=True, unique=True, verbose_name='phone')),
                ('name', models.CharField(blank=True, max_length=120, verbose_name='name')),
                ('language', models.CharField(choices=[('en', 'en'), ('zh-hans', 'zh-hans')], default='en', max_length=10, verbose_name='language')),
                ('is_operator', models.BooleanField(default=False, verbose_name='operator')),
                ('is_staff', models.BooleanField(default=False, verbose_name='may enter the admin')),
                ('is_active', models.BooleanField(default=True, verbose_name='active')),
                ('created_at', models.DateTimeField(default=hutong.kernel.clock.now, editable=False, verbose_name='created at')),
                ('groups', models.ManyToManyField(blank=True, help_text='The groups this user belongs to. A user will get all permissions granted to each of their groups.', related_name='user_set', related_query_name='user', to='auth.group', verbose_name='groups')),
                ('user_permissions', models.ManyToManyField(blank=True, help_text='Specific permissions for this user.', related_name='user_set', related_query_name='user', to='auth.permission', verbose_name='user permissions')),
            ],
            options={
                'verbose_name': 'person',
                'verbose_name_plural': 'people',
            },
        ),
        migrations.CreateModel(
            name='ApiToken',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.CharField(default=hutong.kernel.ids.NewId('tok'), editable=False, max_length=40, unique=True)),
                ('token_hmac', models.CharField(max_length=64, unique=True)),
                ('kind', models.CharField(choices=[('person', 'person'), ('device', 'device'), ('merchant', 'merchant')], max_length=10)),
                ('subject_ref', models.CharField(max_length=40)),
                ('scopes', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=40), size=None)),
                ('name', models.CharField(max_length=120)),
                ('created_by', models.CharField(max_length=40)),
                ('created_at', models.DateTimeField()),
                ('last_used_at', models.DateTimeField(null=True)),
                ('expires_at', models.DateTimeField(null=True)),
                ('revoked_at', models.DateTimeField(null=True)),
                ('revoked_by', models.CharField(blank=True, default='', max_length=40)),
                ('person', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='OneTimeCode',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('phone', models.CharField(max_length=16)),
                ('code_hmac', models.CharField(max_length=64)),
                ('tries_left', models.SmallIntegerField(default=3)),
                ('created_at', models.DateTimeField()),
                ('expires_at', models.DateTimeField()),
                ('used_at', models.DateTimeField(null=True)),
            ],
            options={
                'indexes': [models.Index(fields=['phone', '-id'], name='people_code_by_phone')],
                'constraints': [models.CheckConstraint(condition=models.Q(('tries_left__gte', 0)), name='people_code_tries_not_negative'), models.CheckConstraint(condition=models.Q(('expires_at__gt', models.F('created_at'))), name='people_code_expires_later')],
            },
        ),
        migrations.AddConstraint(
            model_name='person',
            constraint=models.CheckConstraint(condition=models.Q(('phone__isnull', True), ('phone__regex', '^\\+[1-9][0-9]{6,14}$'), _connector='OR'), name='people_person_phone_is_e164'),
        ),
        migrations.AddIndex(
            model_name='apitoken',
            index=models.Index(fields=['subject_ref'], name='people_token_by_subject'),
        ),
        migrations.AddConstraint(
            model_name='apitoken',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('kind', 'person'), ('person__isnull', False)), models.Q(models.Q(('kind', 'person'), _negated=True), ('person__isnull', True)), _connector='OR'), name='people_token_person_iff_kind'),
        ),
    ]
