"""The vouchers that were given away, for the list of scanners without a network."""

from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('merchants', '0007_brand_gifts'),
        ('vouchers', '0008_channels'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddIndex(
            model_name='voucher',
            index=models.Index(condition=models.Q(('code_no__gt', 0), ('state', 'ready')), fields=['merchant', '-id'], name='vouchers_voucher_given'),
        ),
    ]
