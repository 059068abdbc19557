"""What is searched in a product also stands in its own row: that of the newest, of which a search looks at the first thousands, is filled
in at once, the others' as they are written."""

from django.db import migrations, models

FILL = """UPDATE catalog_product n SET said = e.q FROM catalog_productsearch e WHERE e.row_id = n.id AND n.id IN
(SELECT id FROM catalog_product ORDER BY updated_at DESC, id DESC LIMIT 8000)"""


class Migration(migrations.Migration):
    dependencies = [("catalog", "0002_empty_by_default")]

    operations = [
        migrations.AddField(
            model_name="product",
            name="said",
            field=models.TextField(blank=True, db_default="", default="", editable=False),
        ),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
    ]
