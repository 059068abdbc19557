"""T10 in small: backup under load, everything wiped, restore: each table has the rows and sums it had."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Callable

import psycopg

from tests.trials.load import Load, Verdict
from tests.trials.running import ROOT, Noren, new_folder

Keep = Callable[[Verdict], None]

MOVING = (
    "procrastinate_workers",
    "procrastinate_events",
    "procrastinate_jobs",
    "procrastinate_periodic_defers",
    "noren_cache",
)
"""Tables that live on without anybody writing: heartbeats, the timed jobs' ticks, the cache."""


def digests(noren: Noren) -> dict[str, tuple[int, str]]:
    """Rows and a sum over their contents, of each table."""
    with psycopg.connect(noren.url, autocommit=True) as link:
        tables = [
            row[0]
            for row in link.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1").fetchall()
        ]
        found = {}
        for table in tables:
            if table not in MOVING and not table.startswith("cube_"):  # new cells are added to old ones by and by
                row = link.execute(
                    f'SELECT count(*), coalesce(sum(hashtextextended(t::text, 0)::numeric), 0)::text FROM "{table}" t'
                ).fetchone()
                assert row is not None
                found[table] = (row[0], row[1])
    return found


def test_t10_backup_wipe_restore(earnest: Noren, verdict: Keep, seed: int) -> None:
    noren = earnest
    kept = new_folder()
    try:
        with Load(noren, "T10", seed) as load:
            time.sleep(4)
            under_load = noren.noren("backup", str(kept / "busy.tar"))
        before_wipe = load.check()
        upload = noren.folder / "files" / "2026" / "見積.txt"
        upload.parent.mkdir(parents=True, exist_ok=True)
        upload.write_text("のれん")
        before = digests(noren)
        saved = noren.noren("backup", str(kept / "all.tar"))
        key = (noren.folder / "field_key").read_text()
        noren.stop()
        folder, environment = noren.folder, noren.environment
        shutil.rmtree(folder)  # the disk is gone
        folder.mkdir(mode=0o711)
        restored = subprocess.run(
            [sys.executable, "-m", "noren", "restore", str(kept / "all.tar")],
            cwd=ROOT, env=environment, capture_output=True, text=True, timeout=180,
        )  # fmt: skip
        assert restored.returncode == 0, restored.stderr
        noren.start()
        login = noren.call("GET", "/api/v1/me").status
        after = digests(noren)
        different = {
            name: (before.get(name), after.get(name))
            for name in before.keys() | after.keys()
            if before.get(name) != after.get(name)
        }
        # Being asked who we are notes the use of the key; sessions and the like stay as they were.
        different.pop("accounts_apikey", None)
        found = before_wipe
        found.notes |= {"tables": len(before), "rows": sum(n for n, _d in before.values()), "different": different}
        found.odd += len(different) + (under_load.returncode != 0) + (saved.returncode != 0) + (login != 200)
        found.odd += (folder / "field_key").read_text().strip() != key.strip()
        found.odd += not upload.exists() or upload.read_text() != "のれん"
        verdict(found)
    finally:
        shutil.rmtree(kept, ignore_errors=True)
