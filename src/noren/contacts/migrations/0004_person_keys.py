"""Indexes by which an import knows people again: name within a company, and mobile number."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("contacts", "0003_country_as_written")]

    operations = [
        migrations.RemoveIndex(model_name="person", name="person_name"),
        migrations.AddIndex(
            model_name="person",
            index=models.Index(fields=["name_fold", "company"], name="person_name"),
        ),
        migrations.AddIndex(
            model_name="person",
            index=models.Index(condition=~models.Q(mobile=""), fields=["mobile"], name="person_mobile"),
        ),
    ]
