"""The life of an import: file in, columns assigned, checked, run, perhaps stopped or taken back. Web and command line
walk the same path."""

from __future__ import annotations

import io
import os
import secrets
import shutil
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import BinaryIO

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import DatabaseError, InterfaceError, OperationalError, models, transaction
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override

from noren.core.access.actor import Actor
from noren.core.base.errors import Invalid, NotFound, NotNow, Refusal
from noren.core.job.job import job, later
from noren.core.job.rescue import Elsewhere
from noren.core.record import custom
from noren.core.record.declare import RECORDS, Record, record_of
from noren.core.record.field import Field
from noren.core.record.intake import fixes
from noren.core.record.intake.columns.guess import Guess, guess
from noren.core.record.intake.columns.headers import fields_of, nouns_of
from noren.core.record.intake.columns.looks import DateOrder
from noren.core.record.intake.columns.sources import CARDS
from noren.core.record.intake.columns.spelling import told_unit, unit_of
from noren.core.record.intake.engine import Engine
from noren.core.record.intake.faults import write_faults
from noren.core.record.intake.keeping import BUSY
from noren.core.record.intake.plan import Options, Plan, compile_plan, field_name, importable, targets
from noren.core.record.intake.readers import LOST_ZERO
from noren.core.record.intake.report import report_of
from noren.core.record.intake.table.read import Table, open_table
from noren.core.record.intake.tally import Tally
from noren.core.record.intake.undo import undo
from noren.core.record.models import ImportFault, ImportMapping, ImportRun


class UnreadableFile(Refusal):
    code = "unreadable_file"
    status = 422


def store(source: BinaryIO | Path, name: str) -> str:
    """Keep an uploaded file under a name of our own; gives the stored name."""
    folder = Path(settings.ENV.files) / "imports"
    folder.mkdir(parents=True, exist_ok=True)
    stored = secrets.token_hex(16) + (
        Path(name).suffix.lower() if Path(name).suffix.lower() in (".csv", ".tsv", ".txt", ".xlsx", ".vcf") else ".bin"
    )
    with (folder / stored).open("wb") as file:
        if isinstance(source, Path):
            with source.open("rb") as original:
                shutil.copyfileobj(original, file, 1 << 20)
        else:
            shutil.copyfileobj(source, file, 1 << 20)
    os.chmod(folder / stored, 0o600)  # noqa: PTH101
    return stored


def begin(record: type[Record] | None, source: BinaryIO | Path, name: str, by: Actor) -> ImportRun:
    """Take a file in: detect how it is written, guess the noun if not given, propose the columns."""
    stored = store(source, name)
    table = open_table(path_of(stored))
    if table.refused is not None:
        path_of(stored).unlink(missing_ok=True)
        raise UnreadableFile(table.refused.sentence())
    if record is None:
        found = nouns_of(table.header)
        offered = sorted((r for r in RECORDS.values() if r.arrives), key=lambda r: r.arrives)
        record = next((r for r in offered if found and r.model._meta.model_name == found[0][0]), offered[0])
    run = ImportRun(noun=record.word(), by_id=by.user_id, file_name=Path(name).name[:255], stored=stored)
    propose(run, table, by)
    return run


def path_of(stored: str) -> Path:
    return Path(settings.ENV.files) / "imports" / Path(stored).name


def table_of(run: ImportRun) -> Table:
    how = run.options.get("reading", {})
    table = open_table(path_of(run.stored), **{k: v for k, v in how.items() if v is not None})
    if table.refused is not None:
        raise UnreadableFile(table.refused.sentence())
    return table


def propose(run: ImportRun, table: Table, by: Actor) -> Guess:
    """Fill mapping and options of a run from what was remembered for this header, else from the guess."""
    record = record_of(run.noun)
    remembered = ImportMapping.objects.filter(noun=run.noun, signature=table.signature).first()
    made = guess_of(record, table, by, remembered.mapping if remembered else None)
    run.signature, run.total = table.signature, table.rows_estimate
    run.source = made.source.source.name if made.source else ""
    allowed = {one.name for one in importable(record, by)}
    run.mapping = {
        c.header: field_name(record, c.field) if c.field and not _barred(record, c.header, allowed) else "-"
        for c in made.columns
    }
    run.fixes = fixes.known(run.noun)
    options = dict(remembered.options) if remembered else {}
    options.pop("reading", None)
    orders = {
        field_name(record, c.field): c.dates.order
        for c in made.columns
        if c.field and c.dates and (c.dates.order == "serial" or (_is_told(c.dates) and not c.dates.ask))
    }
    options.setdefault("date_orders", orders)
    options.setdefault("zeros", zeros(record, by, table, run.mapping))
    options.setdefault("scales", scales(record, by, table, run.mapping))
    options["several"] = several(record, by, table, run)
    options.setdefault("lend", run.source in CARDS)
    options.setdefault("blanks", sorted({w for c in made.columns for w in c.blank_words}))
    run.options = {**run.options, **options}
    run.state = "uploaded"
    run.save()
    return made


def _is_told(dates: DateOrder) -> bool:
    """Whether the column has days of an order that must be said for them to be read: not the usual one, or 17/4/1."""
    return dates.order in ("dmy", "mdy") or (dates.order == "ymd" and "last" in dict(dates.counts))


def _barred(record: type[Record], header: str, allowed: set[str]) -> bool:
    """A column that is known as fields which this person may not fill is not put into another one."""
    named = {field_name(record, name) for name in fields_of(header, str(record.model._meta.model_name))}
    real = {name for name in named if "." not in name}
    return bool(real) and not real & allowed


def zeros(record: type[Record], by: Actor, table: Table, mapping: Mapping[str, str]) -> list[str]:
    """Phone fields whose sample shows numbers without their leading zero."""
    phones = {f.name for f in importable(record, by) if f.kind == "phone"}
    at = {header: index for index, header in enumerate(table.header)}
    return sorted(
        name for header, name in mapping.items()
        if name in phones and header in at and any(LOST_ZERO.fullmatch(cells[at[header]].strip()) for _n, cells in table.sample)
    )  # fmt: skip


def several(record: type[Record], by: Actor, table: Table, run: ImportRun) -> list[str]:
    """References that programs with many-to-many relations export, all names in one cell (A;B): known of HubSpot, else seen
    by a part of such a cell standing alone in another one."""
    refs = {f.name for f in importable(record, by) if f.kind == "ref" and isinstance(f, Field)}
    found = []
    for at, header in enumerate(table.header):
        name = run.mapping.get(header, "-")
        if name in refs:
            cells = {row[at].strip() for _n, row in table.sample}
            parts = {part.strip() for cell in cells if ";" in cell for part in cell.split(";")}
            if run.source == "hubspot" or parts & cells:
                found.append(name)
    return sorted(found)


def scales(record: type[Record], by: Actor, table: Table, mapping: Mapping[str, str]) -> dict[str, int]:
    """Amounts that are written in thousands or millions, as the column or a note above the table says."""
    money = {f.name for f in importable(record, by) if f.kind == "money"}
    told = told_unit(table.preamble)
    found = {name: unit_of(header) for header, name in mapping.items() if name in money}
    factors = {name: (factor if bare != header_of(mapping, name) else told) for name, (bare, factor) in found.items()}
    return {name: factor for name, factor in factors.items() if factor != 1}


def header_of(mapping: Mapping[str, str], name: str) -> str:
    """The column that fills a field."""
    return next(header for header, field in mapping.items() if field == name)


def guess_of(record: type[Record], table: Table, by: Actor, remembered: Mapping[str, str] | None = None) -> Guess:
    noun = str(record.model._meta.model_name)
    wanted = targets(record, by)
    dotted = {field_name(record, t.name): t.name for t in wanted}
    known = {h: dotted.get(f, "-") for h, f in remembered.items()} if remembered else None
    return guess(table.header, [cells for _n, cells in table.sample], wanted, noun=noun, remembered=known)


def plan_of(run: ImportRun, table: Table, by: Actor) -> Plan:
    """The compiled wish. Invalid says which column is at fault."""
    custom.refresh()  # a worker has no request that would bring word of new fields
    record = record_of(run.noun)
    try:
        return compile_plan(record, by, table.header, run.mapping, Options.from_json(run.options), run.fixes)
    except LookupError as fault:
        raise Invalid(mapping=_("There is no field “%(name)s” that you may fill.") % {"name": fault.args[0]}) from fault
    except ValueError as fault:
        raise Invalid(mapping=_("Two columns fill the same field: %(name)s.") % {"name": fault.args[0]}) from fault


Progress = Callable[[int, int], bool]
LOST = timedelta(minutes=3)


def is_lost(run: ImportRun) -> bool:
    """Whether a run counts as under way and nobody is at it any more: its process was killed, and no job repeats it."""
    asked = parse_datetime(run.report.get("asked_at", ""))
    last = run.beat_at or asked or run.started_at or run.created_at
    return run.state in BUSY and timezone.now() - last > LOST


def check_later(run: ImportRun) -> None:
    """Hand the dry run to a worker."""
    with transaction.atomic():
        locked = ImportRun.objects.select_for_update().get(pk=run.pk)
        if locked.state not in ("uploaded", "mapped", "checked", "checking", "failed", "cancelled") or locked.position:
            raise NotNow(_("This import is already running or finished."))
        locked.state, locked.wants_stop, locked.error, locked.beat_at = "checking", False, "", None
        locked.report = {"asked_at": timezone.now().isoformat()}
        locked.save()
        later(check_work, run_id=run.pk)
    run.refresh_from_db()


@job(queue="import")
def check_work(run_id: int) -> None:
    """Job: the dry run."""
    run = ImportRun.objects.select_related("by").filter(pk=run_id).first()
    if run is None or run.state != "checking" or run.by is None:
        return

    def watch(done: int, size: int) -> bool:
        ImportRun.objects.filter(pk=run_id).update(beat_at=timezone.now(), report={"done": done, "size": size})
        return not ImportRun.objects.filter(pk=run_id, wants_stop=True).exists()

    with override(run.by.locale):
        try:
            check(run, run.by.actor(), watch)
        except Refusal as fault:
            errors = [t for listed in getattr(fault, "errors", {}).values() for t in listed]
            ImportRun.objects.filter(pk=run_id).update(state="failed", error=" ".join(map(str, errors)) or str(fault))


def check(run: ImportRun, by: Actor, progress: Progress | None = None) -> Tally:
    """The dry run: reads and matches everything, writes nothing but its report."""
    table = table_of(run)
    plan = plan_of(run, table, by)
    ImportFault.objects.filter(run=run).delete()
    engine = Engine(plan, table, run, writes=False)
    tally = engine.go(progress)
    stopped = run.state == "cancelled"
    run.counts = tally.as_json()
    run.report = report_of(engine, table)
    if not stopped:
        run.total = tally.rows
    run.state = "mapped" if stopped else "checked"
    run.save()
    return tally


def start(run: ImportRun, *, here: bool = False) -> None:
    """Hand the run to a worker; `here`: only say that it runs now, for a caller who carries it out in this process."""
    with transaction.atomic():
        locked = ImportRun.objects.select_for_update().get(pk=run.pk)
        if locked.state not in ("uploaded", "mapped", "checked", "cancelled", "failed") and not (
            locked.state == "running" and is_lost(locked)
        ):
            raise NotNow(_("This import is already running or finished."))
        locked.state, locked.wants_stop, locked.error, locked.beat_at = "running", False, "", None
        locked.started_at = locked.started_at or timezone.now()
        locked.report = {**locked.report, "asked_at": timezone.now().isoformat()}
        if not locked.position:
            locked.counts = {}  # those of the trial run
        locked.save()
        if not here:
            later(work, run_id=run.pk)
    run.refresh_from_db()


@job(queue="import")
def work(run_id: int) -> None:
    """Job: carry an import on from where it stands. Killed and repeated, it goes on behind the last whole chunk."""
    run = ImportRun.objects.select_related("by").filter(pk=run_id).first()
    if run is None or run.state != "running" or run.by is None:
        return
    with override(run.by.locale):
        carry_out(run, run.by.actor(), repeats=True)


def carry_out(run: ImportRun, by: Actor, progress: Progress | None = None, *, repeats: bool = False) -> Tally:
    """Do the import in this process. repeats: it is done again by itself should the database go away."""
    table = table_of(run)
    plan = plan_of(run, table, by)
    if run.position == 0:
        ImportFault.objects.filter(run=run).delete()
        run.counts = {}
    else:
        ImportFault.objects.filter(run=run, number__gt=run.position).delete()
    run.state, run.started_at = "running", run.started_at or timezone.now()
    run.total = run.total or table.rows_estimate
    run.report = {**run.report, "done": 0, "size": table.size}
    run.save(update_fields=["state", "started_at", "total", "counts", "report"])  # the position is the engine's

    engine = Engine(plan, table, run, writes=True)
    try:
        tally = engine.go(progress)
    except Elsewhere:
        raise
    except (OperationalError, InterfaceError) as fault:
        if not repeats:  # a job is tried again and goes on behind the last chunk; a person has to be told
            _break_off(run, fault)
        raise
    except Exception as fault:
        _break_off(run, fault)
        raise
    run.counts = tally.as_json()
    run.report = report_of(engine, table)
    run.state = "cancelled" if run.state == "cancelled" else "done"
    if run.state == "done":
        run.total = tally.rows
    run.finished_at = timezone.now()
    run.save()
    remember(run)
    fixes.remember(run, by)
    return tally


def _break_off(run: ImportRun, fault: Exception) -> None:
    with suppress(DatabaseError):
        ImportRun.objects.filter(pk=run.pk).update(state="failed", error=f"{type(fault).__name__}: {fault}"[:2000])


def remember(run: ImportRun) -> None:
    """The next file with this header is read the same way."""
    options = {k: v for k, v in run.options.items() if k not in ("reading", "keep_fixes")}
    ImportMapping.objects.update_or_create(
        noun=run.noun, signature=run.signature,
        defaults={"mapping": run.mapping, "options": options, "used_at": timezone.now()},
    )  # fmt: skip


def undo_later(run: ImportRun, *, by: Actor, here: bool = False) -> None:
    """Hand the undoing to a worker, in the name of who asks; `here`: only say that it is under way, for a caller who does it in this process."""
    with transaction.atomic():
        locked = ImportRun.objects.select_for_update().get(pk=run.pk)
        if locked.state not in ("done", "cancelled", "failed") and not (locked.state == "undoing" and is_lost(locked)):
            raise NotNow(_("Only a finished import can be undone."))
        locked.state, locked.beat_at = "undoing", None
        locked.report = {**locked.report, "asked_at": timezone.now().isoformat()}
        locked.save()
        if not here:
            later(undo_work, run_id=run.pk, by_id=by.user_id)
    run.refresh_from_db()


@job(queue="import")
def undo_work(run_id: int, by_id: int | None = None) -> None:
    """Job: take an import back. Repeated after a crash, it goes on with what is left."""
    run = ImportRun.objects.select_related("by").filter(pk=run_id).first()
    if run is None or run.state != "undoing":
        return
    who = get_user_model()._default_manager.filter(pk=by_id).first() if by_id else run.by
    if who is not None:
        undo(run, who.actor())


def error_file(run: ImportRun, out: io.TextIOBase) -> int:
    """The rows that did not come in, as they stood, with row number and reason in front; ready to be mended and tried again."""
    return write_faults(run, table_of(run), out)


def stop(run: ImportRun) -> None:
    """Ask a running import to stop after the present chunk. A trial run that nobody is at any more is over."""
    if run.state == "checking" and is_lost(run):
        ImportRun.objects.filter(pk=run.pk, state="checking").update(state="mapped")
    ImportRun.objects.filter(pk=run.pk, state__in=("running", "checking")).update(wants_stop=True)


def mine(by: Actor) -> models.QuerySet[ImportRun]:
    """Imports an actor may see: their own; administrators see all."""
    rows = ImportRun.objects.order_by("-id")
    return rows if by.is_admin else rows.filter(by_id=by.user_id)


def get(pk: int, by: Actor) -> ImportRun:
    run = mine(by).filter(pk=pk).first()
    if run is None:
        raise NotFound
    return run
