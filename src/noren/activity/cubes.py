"""Sums over activities that the database keeps."""

from __future__ import annotations

from noren.activity.metrics import DONE
from noren.activity.models import Activity
from noren.core.metric.cube.declare import GATE, HOLDER, Cube

SEEN = (GATE, HOLDER)

done = Cube(
    "activity_done", of=Activity, day="happened_at", where=DONE, by=("kind", "direction", "owner", *SEEN),
    rolls=(("kind", "direction"), ("kind", "direction", "owner"), SEEN, ("kind", "direction", *SEEN)),
)  # fmt: skip
