"""What is searched in a person and a company also stands in their own row: that of the newest, of which a search looks at the
first thousands, is filled in at once, the others' as they are written."""

from django.db import migrations, models

NEWEST = 8_000


def fill(noun: str, entry: str) -> str:
    return (
        f"UPDATE {noun} n SET said = e.q FROM {entry} e WHERE e.row_id = n.id AND n.id IN "  # noqa: S608
        f"(SELECT id FROM {noun} ORDER BY updated_at DESC, id DESC LIMIT {NEWEST})"
    )


class Migration(migrations.Migration):
    dependencies = [("contacts", "0007_facets")]

    operations = [
        *(
            migrations.AddField(
                model_name=name, name="said",
                field=models.TextField(blank=True, db_default="", default="", editable=False),
            )
            for name in ("company", "person")
        ),
        migrations.RunSQL(fill("contacts_company", "contacts_companysearch"), migrations.RunSQL.noop),
        migrations.RunSQL(fill("contacts_person", "contacts_personsearch"), migrations.RunSQL.noop),
    ]  # fmt: skip
