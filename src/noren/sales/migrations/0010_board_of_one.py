"""Somebody's own cards, lane by lane: among a hundred thousand open deals these are not looked for one by one."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("sales", "0009_facets")]

    operations = [
        migrations.AddIndex(
            model_name="deal",
            index=models.Index(
                fields=["owner", "stage", "position", "id"], name="deal_board_of",
                condition=models.Q(outcome="open", removed_at__isnull=True),
            ),
        ),
    ]  # fmt: skip
