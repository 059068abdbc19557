"""A cube's cells as the query builder sees them: fields named as those of the noun, so that its conditions fit."""

from __future__ import annotations

from functools import cache
from typing import Any

from django.apps.registry import Apps
from django.db import models

from noren.core.metric.cube.declare import GATE, HOLDER, SPENT, SPREAD, THERE, Cube
from noren.core.metric.cube.source import layout

DAY = "day_of_cell"  # what the day is called where the noun has no field for it


@cache
def face(cube: Cube) -> Any:
    """An unmanaged model over the view of standing and new cells. Unknown to Django's list of models: nothing but the
    reader of cubes uses it."""
    made = layout(cube)
    fields: dict[str, Any] = {
        "level": models.SmallIntegerField(primary_key=True),  # the query builder wants one; rows are never told apart
        day_of(cube): models.DateField(null=True, db_column="day"),
    }
    for name, column, _kind in made.keys:
        fields[name] = models.IntegerField(null=True) if name in (SPREAD, SPENT, THERE) else _like(cube, name, column)
    for column in made.counts:
        fields[column] = (
            models.BigIntegerField() if column[0] != "t" else models.DecimalField(max_digits=40, decimal_places=0)
        )
    return _unmanaged(f"Cube_{cube.name}", f"cube_{cube.name}_all", fields)


@cache
def marks() -> Any:
    """An unmanaged model over the marks of the cubes that stand."""
    fields: dict[str, Any] = {"name": models.TextField(primary_key=True), "mark": models.TextField()}
    return _unmanaged("Cube_mark", "cube_state", fields)


def _unmanaged(name: str, table: str, fields: dict[str, Any]) -> Any:
    meta = type("Meta", (), {"managed": False, "db_table": table, "app_label": "cube", "apps": Apps()})
    return type(name, (models.Model,), {"__module__": __name__, "Meta": meta, **fields})


def day_of(cube: Cube) -> str:
    return cube.day or DAY


def _like(cube: Cube, name: str, column: str) -> Any:
    """A column that behaves as the noun's; a reference can be followed."""
    if name == GATE:
        return models.TextField(db_column=column)
    field: Any = cube.of._meta.get_field(cube.of.reach.owner if name == HOLDER else name)
    if not field.is_relation:
        return field.clone()
    return _Reference(
        field.related_model, models.DO_NOTHING, null=True, db_column=column, related_name="+", db_constraint=False,
        to_field=field.target_field.name,
    )  # fmt: skip


class _Reference(models.ForeignKey[Any, Any]):
    """Follows to a model of another list of models, which Django would wait for in vain."""

    def contribute_to_class(self, cls: Any, name: str, private_only: bool = False, **kwargs: Any) -> None:
        super().contribute_to_class(cls, name, private_only=private_only, **kwargs)
        self.set_attributes_from_rel()
