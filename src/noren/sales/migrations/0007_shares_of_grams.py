"""Statistics keep more of the grams: by their shares the search chooses its way (core/record/finding/commonness.py)."""

from django.db import migrations

TABLES = ("sales_dealsearch",)


class Migration(migrations.Migration):
    dependencies = [("sales", "0006_longest_waiting")]

    operations = [
        migrations.RunSQL(
            [f"ALTER TABLE {table} ALTER COLUMN g SET STATISTICS 400" for table in TABLES]
            + [f"ANALYZE {table} (g)" for table in TABLES],
            [f"ALTER TABLE {table} ALTER COLUMN g SET STATISTICS -1" for table in TABLES],
        )
    ]
