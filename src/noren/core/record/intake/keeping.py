"""What remains of an import, and for how long: the file and its wrong rows go after NOREN_IMPORT_DAYS, what undo needs and
the columns without a field stay as long as the rows they belong to."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.db import models
from django.db.models.functions import Coalesce
from django.utils import timezone

from noren.core.job.job import timed
from noren.core.record.declare import RECORDS
from noren.core.record.models import ImportFault, ImportRow, ImportRun

BUSY = ("checking", "running", "undoing")


def kept_until(run: ImportRun) -> datetime:
    """When the file of a run and its wrong rows go."""
    return (run.finished_at or run.created_at) + timedelta(days=settings.ENV.import_days)


@timed("20 18 * * *", queue="slow")
def forget_files() -> None:
    forget()


def forget(now: datetime | None = None) -> int:
    """Delete files that were kept long enough, with the rows of the error file; imports that never ran go whole. Gives the
    number of files. Also goes: what an import noted of rows that no longer exist."""
    until = (now or timezone.now()) - timedelta(days=settings.ENV.import_days)
    runs = ImportRun.objects.annotate(end=Coalesce("finished_at", "created_at"))
    count = 0
    for run in runs.filter(end__lt=until).exclude(state__in=BUSY).exclude(stored="").order_by("pk"):
        count += drop(run.stored)
        if run.state not in ("done", "undone") and not run.position:
            run.delete()
            continue
        ImportFault.objects.filter(run=run).delete()
        ImportRun.objects.filter(pk=run.pk).update(stored="")
    count += _drop_strays(until)
    for record in RECORDS.values():
        noted = ImportRow.objects.filter(noun=record.word())
        noted.filter(~models.Exists(record.model.every.filter(pk=models.OuterRef("row_id")))).delete()
    _drop_repeated(until)
    return count


def _drop_repeated(until: datetime) -> None:
    """A table brought in every week says much the same of a row each time: of old imports only the newest word stays."""
    said = ImportRow.objects.filter(unmapped__isnull=False)
    newer = said.filter(noun=models.OuterRef("noun"), row_id=models.OuterRef("row_id"), run__gt=models.OuterRef("run"))
    said.filter(models.Exists(newer), before__isnull=True, run__finished_at__lt=until).delete()


def folder() -> Path:
    return Path(settings.ENV.files) / "imports"


def drop(stored: str) -> bool:
    """Delete an uploaded file. Whether there was one."""
    if not stored:
        return False
    path = folder() / Path(stored).name
    there = path.exists()
    path.unlink(missing_ok=True)
    return there


def _drop_strays(until: datetime) -> int:
    """Files of no run: something broke between the upload and the first word about it."""
    if not folder().is_dir():
        return 0
    known = set(ImportRun.objects.exclude(stored="").values_list("stored", flat=True))
    strays = [p for p in folder().iterdir() if p.is_file() and p.name not in known]
    return sum(drop(p.name) for p in strays if p.stat().st_mtime < until.timestamp())
