"""The command `noren` itself: help, exit codes, refusals."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path


def noren(*words: str, **extra: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "noren", *words],
        env={**os.environ, **extra},
        capture_output=True,
        text=True,
        check=False,
    )


def test_help_answers_at_once_and_loads_no_django() -> None:
    began = time.monotonic()
    code = "import sys; sys.argv = ['noren', '--help']\ntry:\n    import noren.config.cli as c; c.main()\nfinally:\n    assert 'django' not in sys.modules"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert ran.returncode == 0, ran.stderr
    assert "backup" in ran.stdout
    assert time.monotonic() - began < 2


def test_a_wrongly_typed_command_is_code_2() -> None:
    assert noren("srve").returncode == 2
    assert noren("serve", "--prot").returncode == 2


def test_misset_settings_are_code_1_one_line_each(tmp_path: Path) -> None:
    ran = noren("serve", NOREN_DATA=str(tmp_path), PORT="http", NOREN_THREADS="many")

    assert ran.returncode == 1
    assert [line.split()[0] for line in ran.stderr.splitlines()] == ["PORT", "NOREN_THREADS"]
