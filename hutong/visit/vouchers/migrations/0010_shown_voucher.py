"""Which voucher was scanned, where one that was bought with it gave the use."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('vouchers', '0009_given_vouchers'),
    ]

    operations = [
        migrations.AddField(
            model_name='redemption',
            name='shown',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='redemptions_beside', to='vouchers.voucher'),
        ),
    ]
