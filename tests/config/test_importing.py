"""`noren import`: what it tells of a run."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests import make

from noren.config.cli.importing import report
from noren.core.record.declare import record_of
from noren.core.record.intake import run as intake

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("head", "told"), [("会社名,社内メモ番号X9,zz_flag", "  not taken: 社内メモ番号X9, zz_flag\n"), ("会社名,電話", "")]
)
def test_it_names_the_columns_that_were_not_taken(
    head: str, told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make.firm()
    by = make.user("admin").actor()
    file = tmp_path / "companies.csv"
    rows = [head, *(f"株式会社{name}" + ",q7" * head.count(",") for name in ("青葉", "若葉"))]
    file.write_text("\n".join(rows), encoding="utf-8")
    noun = record_of("companies")
    run = intake.begin(noun, file, file.name, by)
    tally = intake.check(run, by)
    report({"run": run.pk, "dry_run": True, **tally.as_json(), **run.report}, run, as_json=False)
    out = capsys.readouterr().out
    counts, _, rest = out.partition("\n")
    assert "would be created" in counts
    assert rest.startswith(told)
    assert ("not taken" in out) == bool(told)
