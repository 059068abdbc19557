"""The table behind rate limits (core/base/cache.py): unlogged, for what it holds may be lost in a crash."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("accounts", "0003_tickets")]

    operations = [
        migrations.RunSQL(
            "CREATE UNLOGGED TABLE noren_cache (key varchar(255) PRIMARY KEY, value text NOT NULL, until timestamptz NOT NULL);"
            "CREATE INDEX noren_cache_until ON noren_cache (until);",
            "DROP TABLE noren_cache;",
        )
    ]
