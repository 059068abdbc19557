from django.db import migrations, models

from noren.core.base.aside import AddIndexAside


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("contacts", "0008_said"),
    ]

    operations = [
        AddIndexAside(model_name="company", index=models.Index(fields=["prefecture"], name="company_prefecture")),
    ]
