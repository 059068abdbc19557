"""Sessions under the digest of their key. The two tables that held keys in clear go; everybody logs in once more."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0004_shared_counters'),
    ]

    operations = [
        migrations.CreateModel(
            name='Session',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('digest', models.CharField(max_length=64, unique=True)),
                ('data', models.TextField()),
                ('until', models.DateTimeField(db_index=True)),
                ('seen_at', models.DateTimeField()),
                ('user', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='sessions', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.RunSQL(
            'DROP TABLE IF EXISTS usersessions_usersession; DROP TABLE IF EXISTS django_session;',
            migrations.RunSQL.noop,
        ),
    ]
