from django.db import migrations

from noren.core.base.aside import AddIndexAside
from noren.core.base.odd import odd_index

KINDS = [(value, value) for value in ("note", "call", "meeting", "visit", "mail", "task")]
DIRECTIONS = [(value, value) for value in ("", "out", "in")]


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("activity", "0005_found_from_whose"),
    ]

    operations = [
        AddIndexAside(model_name="activity", index=odd_index("activity_odd", kind=KINDS, direction=DIRECTIONS)),
    ]
