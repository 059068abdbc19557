"""A worker runs only what it has read: every job must be known once Django is set up, not when some page was opened."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import noren

PACKAGE = Path(noren.__file__).parent


def test_every_module_with_jobs_is_read_at_start() -> None:
    declared = {
        "noren." + ".".join(path.relative_to(PACKAGE).with_suffix("").parts)
        for path in PACKAGE.rglob("*.py")
        if re.search(r"^@(job|timed)\b", path.read_text(encoding="utf-8"), re.MULTILINE)
    }
    told = subprocess.run(
        [sys.executable, "-c", "import django, sys; django.setup(); print(*sys.modules)"],
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "noren.config.settings"}, capture_output=True, text=True, check=True,
    )  # fmt: skip

    assert declared - set(told.stdout.split()) == set()
