"""A shop asks by a phone number for leave to redeem; who is asked confirms."""

import django.db.models.deletion
import hutong.kernel.ids
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('merchants', '0007_brand_gifts'),
        ('vouchers', '0006_gifts'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='RedemptionRequest',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.CharField(default=hutong.kernel.ids.NewId('rrq'), editable=False, max_length=40, unique=True)),
                ('ending', models.CharField(blank=True, max_length=3)),
                ('actor_ref', models.CharField(max_length=40)),
                ('nonce', models.CharField(max_length=80)),
                ('uses', models.IntegerField()),
                ('bill', models.BigIntegerField(null=True)),
                ('bill_unit', models.CharField(blank=True, db_default='', default='', max_length=40)),
                ('asked_at', models.DateTimeField()),
                ('ends_at', models.DateTimeField()),
                ('refused_at', models.DateTimeField(null=True)),
                ('closed_at', models.DateTimeField(null=True)),
                ('redemption_ref', models.CharField(blank=True, default='', max_length=40)),
                ('asked_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='redemption_requests_made', to=settings.AUTH_USER_MODEL)),
                ('device', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='redemption_requests', to='merchants.device')),
                ('person', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='redemption_requests', to=settings.AUTH_USER_MODEL)),
                ('store', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='redemption_requests', to='merchants.store')),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('closed_at__isnull', True)), fields=['person', '-id'], name='vouchers_request_to_answer')],
                'constraints': [models.UniqueConstraint(fields=('actor_ref', 'nonce'), name='vouchers_request_nonce'), models.UniqueConstraint(condition=models.Q(('closed_at__isnull', True)), fields=('actor_ref',), name='vouchers_request_one_open'), models.CheckConstraint(condition=models.Q(('redemption_ref', ''), models.Q(('closed_at__isnull', False), ('refused_at__isnull', True)), _connector='OR'), name='vouchers_request_one_end'), models.CheckConstraint(condition=models.Q(('ends_at__gt', models.F('asked_at'))), name='vouchers_request_ends'), models.CheckConstraint(condition=models.Q(('uses__gte', 1), ('uses__lte', 100)), name='vouchers_request_uses'), models.CheckConstraint(condition=models.Q(models.Q(('bill__isnull', True), ('bill_unit', '')), models.Q(('bill__gte', 0), models.Q(('bill_unit', ''), _negated=True)), _connector='OR'), name='vouchers_request_bill')],
            },
        ),
    ]
