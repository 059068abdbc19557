"""The index of companies' names also tells when they were changed: the newest of some thousand names are found in it alone."""

from django.contrib.postgres.operations import RemoveIndexConcurrently
from django.db import migrations, models

from noren.core.base.aside import AddIndexAside


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("contacts", "0009_company_prefecture")]

    operations = [
        AddIndexAside(
            model_name="company",
            index=models.Index(fields=["name_key"], name="company_name", include=["id", "updated_at", "removed_at"]),
        ),
        RemoveIndexConcurrently(model_name="company", name="company_key"),
    ]
