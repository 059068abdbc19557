"""What is searched in a deal also stands in its own row: that of the newest, of which a search looks at the first thousands, is filled
in at once, the others' as they are written."""

from django.db import migrations, models

FILL = """UPDATE sales_deal n SET said = e.q FROM sales_dealsearch e WHERE e.row_id = n.id AND n.id IN
(SELECT id FROM sales_deal ORDER BY updated_at DESC, id DESC LIMIT 8000)"""


class Migration(migrations.Migration):
    dependencies = [("sales", "0012_days_of_closing")]

    operations = [
        migrations.AddField(
            model_name="deal",
            name="said",
            field=models.TextField(blank=True, db_default="", default="", editable=False),
        ),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
    ]
