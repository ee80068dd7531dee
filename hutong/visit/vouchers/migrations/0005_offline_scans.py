"""Scans that were made without a network, and what merchants allow of them."""

import django.db.models.deletion
import hutong.kernel.ids
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('merchants', '0007_brand_gifts'),
        ('vouchers', '0004_terms_and_kinds'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='OfflineRules',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('allowed', models.BooleanField()),
                ('most_hours', models.IntegerField()),
                ('most_scans', models.IntegerField()),
                ('most_value', models.BigIntegerField()),
                ('borne_by', models.CharField(blank=True, max_length=10)),
            ],
        ),
        migrations.CreateModel(
            name='OfflineScan',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.CharField(default=hutong.kernel.ids.NewId('ofs'), editable=False, max_length=40, unique=True)),
                ('actor_ref', models.CharField(max_length=40)),
                ('nonce', models.CharField(max_length=64)),
                ('uses', models.IntegerField()),
                ('scanned_at', models.DateTimeField()),
                ('received_at', models.DateTimeField()),
                ('off_s', models.IntegerField()),
                ('outcome', models.CharField(max_length=10)),
                ('reason', models.CharField(blank=True, max_length=60)),
                ('redemption_ref', models.CharField(blank=True, max_length=40)),
                ('borne_by', models.CharField(blank=True, max_length=10)),
                ('settled_by', models.CharField(blank=True, max_length=40)),
                ('settled_at', models.DateTimeField(null=True)),
                ('settled_reason', models.CharField(blank=True, max_length=200)),
            ],
        ),
        migrations.AddIndex(
            model_name='voucher',
            index=models.Index(condition=models.Q(('state__in', ['used', 'refunded']), ('blocked_at__isnull', False), _connector='OR'), fields=['merchant', '-id'], name='vouchers_voucher_revoked'),
        ),
        migrations.AddField(
            model_name='offlinerules',
            name='merchant',
            field=models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='offline_rules', to='merchants.merchant'),
        ),
        migrations.AddField(
            model_name='offlinescan',
            name='device',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='offline_scans', to='merchants.device'),
        ),
        migrations.AddField(
            model_name='offlinescan',
            name='person',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='offline_scans_made', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='offlinescan',
            name='store',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='offline_scans', to='merchants.store'),
        ),
        migrations.AddField(
            model_name='offlinescan',
            name='voucher',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='offline_scans', to='vouchers.voucher'),
        ),
        migrations.AddConstraint(
            model_name='offlinerules',
            constraint=models.CheckConstraint(condition=models.Q(('most_hours__gte', 1), ('most_hours__lte', 168), ('most_scans__gte', 1), ('most_scans__lte', 1000), ('most_value__gte', 1)), name='vouchers_offline_limits'),
        ),
        migrations.AddConstraint(
            model_name='offlinerules',
            constraint=models.CheckConstraint(condition=models.Q(('borne_by__in', ['', 'shop', 'shopper'])), name='vouchers_offline_bearer'),
        ),
        migrations.AddIndex(
            model_name='offlinescan',
            index=models.Index(condition=models.Q(('outcome', 'conflict')), fields=['store', '-id'], name='vouchers_offline_conflicts'),
        ),
        migrations.AddConstraint(
            model_name='offlinescan',
            constraint=models.UniqueConstraint(fields=('actor_ref', 'nonce'), name='vouchers_offlinescan_nonce'),
        ),
        migrations.AddConstraint(
            model_name='offlinescan',
            constraint=models.CheckConstraint(condition=models.Q(('outcome__in', ['waits']), models.Q(('outcome', 'redeemed'), ('reason', ''), models.Q(('redemption_ref', ''), _negated=True)), models.Q(('outcome', 'conflict'), ('redemption_ref', ''), models.Q(('reason', ''), _negated=True)), _connector='OR'), name='vouchers_offlinescan_outcome'),
        ),
        migrations.AddConstraint(
            model_name='offlinescan',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('borne_by', ''), ('settled_at__isnull', True), ('settled_by', '')), models.Q(('outcome', 'conflict'), ('settled_at__isnull', False), ('borne_by__in', ['shop', 'shopper']), models.Q(('settled_by', ''), _negated=True)), _connector='OR'), name='vouchers_offlinescan_settled'),
        ),
        migrations.AddConstraint(
            model_name='offlinescan',
            constraint=models.CheckConstraint(condition=models.Q(('uses__gte', 1), ('uses__lte', 100)), name='vouchers_offlinescan_uses'),
        ),
    ]
