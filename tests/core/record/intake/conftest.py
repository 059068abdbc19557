"""A firm with nothing in it, and a short way to bring a file in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests import make

from noren.core.access.actor import Actor
from noren.core.record.declare import record_of
from noren.core.record.intake import run as intake


@pytest.fixture
def house(db: Any) -> None:
    make.firm()


@pytest.fixture
def bring(tmp_path: Path, house: None) -> Any:
    """bring("companies", text, by, on_match="skip", mapping={…}) -> (run, tally); check=True: the dry run."""

    def bring(
        noun: str,
        text: str,
        by: Actor | None = None,
        *,
        check: bool = False,
        mapping: dict[str, str] | None = None,
        **options: Any,
    ) -> Any:
        actor = by or make.actor("admin")
        path = tmp_path / "table.csv"
        path.write_text(text, encoding="utf-8")
        run = intake.begin(record_of(noun), path, path.name, actor)
        run.options = {**run.options, **options}
        run.mapping = {**run.mapping, **(mapping or {})}
        run.save()
        return run, (intake.check if check else intake.carry_out)(run, actor)

    return bring
