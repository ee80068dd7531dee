import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import hutong.kernel.geo
from django.contrib.postgres.operations import BtreeGistExtension, TrigramExtension
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        # A scalar beside a point in one GiST index; parts of names by three characters.
        BtreeGistExtension(),
        TrigramExtension(),
        migrations.CreateModel(
            name='SearchDeal',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('offer_ref', models.CharField(max_length=40)),
                ('store_ref', models.CharField(max_length=40)),
                ('store_id', models.BigIntegerField()),
                ('region_id', models.BigIntegerField()),
                ('category_id', models.BigIntegerField()),
                ('root_category_id', models.BigIntegerField()),
                ('lon', models.FloatField()),
                ('lat', models.FloatField()),
                ('place', models.GeneratedField(db_persist=True, expression=hutong.kernel.geo._MercatorSql(), output_field=hutong.kernel.geo.PointField())),
                ('text', models.TextField()),
                ('grams', django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), size=None)),
                ('price', models.BigIntegerField()),
                ('list_price', models.BigIntegerField()),
                ('unit', models.CharField(max_length=40)),
                ('discount_percent', models.SmallIntegerField()),
                ('sold', models.IntegerField(db_default=0, default=0)),
                ('starts_at', models.DateTimeField()),
                ('ends_at', models.DateTimeField(null=True)),
                ('card', models.JSONField()),
                ('indexed_at', models.DateTimeField()),
            ],
            options={
                'indexes': [django.contrib.postgres.indexes.GistIndex(fields=['place'], name='search_deal_place'), django.contrib.postgres.indexes.GistIndex(fields=['category_id', 'place'], name='search_deal_category'), django.contrib.postgres.indexes.GistIndex(fields=['root_category_id', 'place'], name='search_deal_group'), django.contrib.postgres.indexes.GinIndex(django.contrib.postgres.indexes.OpClass(models.F('text'), name='gin_trgm_ops'), name='search_deal_text'), django.contrib.postgres.indexes.GinIndex(fields=['grams'], name='search_deal_grams'), models.Index(fields=['store_id'], name='search_deal_store')],
                'constraints': [models.UniqueConstraint(fields=('offer_ref', 'store_id'), name='search_deal_once')],
            },
        ),
        migrations.CreateModel(
            name='SearchStore',
            fields=[
                ('store_id', models.BigIntegerField(primary_key=True, serialize=False)),
                ('store_ref', models.CharField(max_length=40)),
                ('region_id', models.BigIntegerField()),
                ('category_id', models.BigIntegerField()),
                ('root_category_id', models.BigIntegerField()),
                ('lon', models.FloatField()),
                ('lat', models.FloatField()),
                ('place', models.GeneratedField(db_persist=True, expression=hutong.kernel.geo._MercatorSql(), output_field=hutong.kernel.geo.PointField())),
                ('text', models.TextField()),
                ('grams', django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), size=None)),
                ('deals', models.IntegerField()),
                ('card', models.JSONField()),
                ('stale_at', models.DateTimeField(null=True)),
                ('indexed_at', models.DateTimeField()),
            ],
            options={
                'indexes': [django.contrib.postgres.indexes.GistIndex(fields=['place'], name='search_store_place'), django.contrib.postgres.indexes.GistIndex(fields=['category_id', 'place'], name='search_store_category'), django.contrib.postgres.indexes.GistIndex(fields=['root_category_id', 'place'], name='search_store_group'), django.contrib.postgres.indexes.GistIndex(condition=models.Q(('deals__gt', 0)), fields=['place'], name='search_store_deals'), django.contrib.postgres.indexes.GinIndex(django.contrib.postgres.indexes.OpClass(models.F('text'), name='gin_trgm_ops'), name='search_store_text'), django.contrib.postgres.indexes.GinIndex(fields=['grams'], name='search_store_grams'), models.Index(condition=models.Q(('stale_at__isnull', False)), fields=['stale_at'], name='search_store_stale')],
                'constraints': [models.UniqueConstraint(fields=('store_ref',), name='search_store_ref')],
            },
        ),
    ]
