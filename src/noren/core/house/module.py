"""A business area announces itself: five lines of `apps.py`, and the house finds its rooms by their names."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

from django.apps import AppConfig

import noren.core.house.checks  # noqa: F401  (reading them registers them with Django)

ROOMS = ("events", "actions", "records", "metrics", "cubes", "reactions", "jobs")
CHORES = (
    "noren.core.job.rescue",
    "noren.core.action.jobs",
    "noren.core.record.bulk",
    "noren.core.record.intake.run",
    "noren.core.record.intake.keeping",
    "noren.core.metric.cube.keep",
)
"""Rooms of the ground floor with jobs; the worker knows only what was read."""


class ModuleConfig(AppConfig):
    """Reads the declaring rooms of a module at start, so that the registries are whole before the first request."""

    default = False  # Django takes the one candidate of an apps.py; this base, imported there, is none

    def __init_subclass__(cls) -> None:
        cls.default = True

    def ready(self) -> None:
        import_module("noren.core.metric.checks")  # needs the models; registers itself once
        for chores in CHORES:
            import_module(chores)
        for room in ROOMS:
            name = f"{self.name}.{room}"
            spec = find_spec(name)
            if spec is None:
                continue
            import_module(name)
            for place in spec.submodule_search_locations or ():
                _read_folder(name, place)


def _read_folder(name: str, place: str) -> None:
    from pathlib import Path

    for file in sorted(Path(place).glob("*.py")):
        if file.stem != "__init__":
            import_module(f"{name}.{file.stem}")
