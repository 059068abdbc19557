from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('access', '0003_role_may_be_empty'),
    ]

    operations = [
        migrations.AddField(
            model_name='role',
            name='needs_factor',
            field=models.BooleanField(db_default=False, default=False, verbose_name='Second step at log-in'),
        ),
    ]
