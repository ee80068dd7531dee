import django.db.models.deletion
import hutong.kernel.ids
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('merchants', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Offer',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.CharField(default=hutong.kernel.ids.NewId('off'), editable=False, max_length=40, unique=True)),
                ('kind', models.CharField(default='voucher', max_length=10)),
                ('state', models.CharField(default='draft', max_length=10)),
                ('titles', models.JSONField()),
                ('descriptions', models.JSONField(blank=True, default=dict)),
                ('list_price', models.BigIntegerField()),
                ('price', models.BigIntegerField()),
                ('unit', models.CharField(max_length=40)),
                ('includes', models.JSONField(blank=True, default=list)),
                ('emoji', models.CharField(max_length=40)),
                ('hue', models.SmallIntegerField()),
                ('tags', models.JSONField(blank=True, default=list)),
                ('starts_at', models.DateTimeField()),
                ('ends_at', models.DateTimeField(blank=True, null=True)),
                ('per_person_limit', models.IntegerField(blank=True, null=True)),
                ('sample', models.BooleanField(default=False)),
                ('created_at', models.DateTimeField()),
                ('submitted_at', models.DateTimeField(blank=True, null=True)),
                ('created_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('merchant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='offers', to='merchants.merchant')),
            ],
        ),
        migrations.CreateModel(
            name='OfferDecision',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('from_state', models.CharField(max_length=10)),
                ('to_state', models.CharField(max_length=10)),
                ('reason', models.CharField(blank=True, default='', max_length=500)),
                ('at', models.DateTimeField()),
                ('by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('offer', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='decisions', to='catalog.offer')),
            ],
        ),
        migrations.CreateModel(
            name='OfferStore',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('offer', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='places', to='catalog.offer')),
                ('store', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='merchants.store')),
            ],
        ),
        migrations.AddIndex(
            model_name='offer',
            index=models.Index(fields=['state', 'submitted_at'], name='catalog_offer_queue'),
        ),
        migrations.AddConstraint(
            model_name='offer',
            constraint=models.CheckConstraint(condition=models.Q(('price__gt', 0), ('price__lte', models.F('list_price'))), name='catalog_offer_price'),
        ),
        migrations.AddConstraint(
            model_name='offer',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['voucher'])), name='catalog_offer_kind'),
        ),
        migrations.AddConstraint(
            model_name='offer',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['draft', 'submitted', 'live', 'paused', 'rejected'])), name='catalog_offer_state'),
        ),
        migrations.AddConstraint(
            model_name='offer',
            constraint=models.CheckConstraint(condition=models.Q(('state', 'draft'), ('submitted_at__isnull', False), _connector='OR'), name='catalog_offer_submitted_at'),
        ),
        migrations.AddConstraint(
            model_name='offer',
            constraint=models.CheckConstraint(condition=models.Q(('ends_at__isnull', True), ('ends_at__gt', models.F('starts_at')), _connector='OR'), name='catalog_offer_time'),
        ),
        migrations.AddConstraint(
            model_name='offer',
            constraint=models.CheckConstraint(condition=models.Q(('per_person_limit__isnull', True), ('per_person_limit__gt', 0), _connector='OR'), name='catalog_offer_limit'),
        ),
        migrations.AddConstraint(
            model_name='offer',
            constraint=models.CheckConstraint(condition=models.Q(('hue__gte', 0), ('hue__lt', 360)), name='catalog_offer_hue'),
        ),
        migrations.AddConstraint(
            model_name='offerstore',
            constraint=models.UniqueConstraint(fields=('offer', 'store'), name='catalog_offerstore_once'),
        ),
    ]
