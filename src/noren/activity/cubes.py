"""Sums over activities that the database keeps."""

from __future__ import annotations

from noren.activity.metrics import DONE
from noren.activity.models import Activity
from noren.core.metric.cube.declare import Cube

done = Cube(
    "activity_done", of=Activity, day="happened_at", where=DONE, by=("kind", "direction", "owner"),
    rolls=(("kind", "direction"), ("kind", "direction", "owner")),
)  # fmt: skip
