"""Statistics keep more of the grams: by their shares the search chooses its way (core/record/finding/commonness.py)."""

from django.db import migrations

TABLES = ("contacts_personsearch", "contacts_companysearch")


class Migration(migrations.Migration):
    dependencies = [("contacts", "0005_lighter_writes")]

    operations = [
        migrations.RunSQL(
            [f"ALTER TABLE {table} ALTER COLUMN g SET STATISTICS 400" for table in TABLES]
            + [f"ANALYZE {table} (g)" for table in TABLES],
            [f"ALTER TABLE {table} ALTER COLUMN g SET STATISTICS -1" for table in TABLES],
        )
    ]
