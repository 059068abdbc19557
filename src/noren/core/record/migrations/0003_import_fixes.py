"""Corrections of imports become the firm's own, each with who made it; until now they lay beside a remembered header."""

from typing import Any

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


def move(apps: Any, schema_editor: Any) -> None:
    mappings, fixes = apps.get_model("record", "ImportMapping"), apps.get_model("record", "ImportFix")
    found = {}
    for mapping in mappings.objects.order_by("used_at"):
        for field, pairs in (mapping.fixes or {}).items():
            for raw, text in pairs.items():
                if text and raw != text and len(raw) <= 200 and len(text) <= 200:
                    found[mapping.noun, field, raw] = (text, mapping.used_at)
    fixes.objects.bulk_create(
        [fixes(noun=n, field=f, raw=r, text=text, made_at=at) for (n, f, r), (text, at) in found.items()]
    )


class Migration(migrations.Migration):
    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("record", "0002_empty_by_default"),
    ]

    operations = [
        migrations.CreateModel(
            name="ImportFix",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("noun", models.CharField(max_length=60)),
                ("field", models.CharField(max_length=80)),
                ("raw", models.CharField(max_length=200)),
                ("text", models.CharField(blank=True, max_length=200)),
                ("made_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "correction",
                "verbose_name_plural": "corrections",
                "ordering": ["noun", "field", "raw"],
                "constraints": [models.UniqueConstraint(fields=("noun", "field", "raw"), name="import_fix_once")],
            },
        ),
        migrations.RunPython(move, migrations.RunPython.noop),
        migrations.RemoveField(model_name="importmapping", name="fixes"),
    ]
