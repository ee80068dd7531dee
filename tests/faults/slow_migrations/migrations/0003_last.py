from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("slow_migrations", "0002_slow")]
    operations = [migrations.RunSQL("CREATE TABLE slow_migrations_last (id int)")]
