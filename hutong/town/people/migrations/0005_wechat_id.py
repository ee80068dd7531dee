import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("people", "0004_address_former"),
    ]

    operations = [
        migrations.CreateModel(
            name="WechatId",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("appid", models.CharField(max_length=40)),
                ("openid", models.CharField(max_length=128)),
                ("told_at", models.DateTimeField()),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="wechat_ids",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        migrations.AddConstraint(
            model_name="wechatid",
            constraint=models.UniqueConstraint(
                fields=("person", "appid"), name="people_one_wechat_id_an_app"
            ),
        ),
    ]
