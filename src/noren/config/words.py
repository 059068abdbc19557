"""Translations: the catalogues people edit (.po) into those the program reads (.mo), without gettext's tools.

Needs no Django, since Django reads the catalogues while it is set up.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]
FOLDERS = (PACKAGE.parents[1] / "locale", PACKAGE / "locale")


def compile_all(folders: tuple[Path, ...] = FOLDERS) -> list[Path]:
    """Compile each catalogue that changed since; gives those it wrote. A read-only installation keeps what it has."""
    written = []
    for folder in folders:
        for source in folder.glob("*/LC_MESSAGES/*.po"):
            target = source.with_suffix(".mo")
            if target.exists() and target.stat().st_mtime_ns >= source.stat().st_mtime_ns:
                continue
            import polib

            with contextlib.suppress(OSError):
                fresh = target.with_name(f".{target.name}.new")
                polib.pofile(str(source)).save_as_mofile(str(fresh))
                fresh.replace(target)  # never half a catalogue for a process that starts meanwhile
                written.append(target)
    return written
