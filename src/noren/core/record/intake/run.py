"""The life of an import: file in, columns assigned, checked, run, perhaps stopped or taken back. Web and command line
walk the same path."""

from __future__ import annotations

import csv
import io
import os
import secrets
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, BinaryIO

from django.conf import settings
from django.db import InterfaceError, OperationalError, models, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from noren.core.access.actor import Actor
from noren.core.base.errors import Invalid, NotFound, NotNow, Refusal
from noren.core.event.models import Fact
from noren.core.job.job import job, later
from noren.core.job.rescue import Elsewhere
from noren.core.record.declare import Record, record_of
from noren.core.record.intake.engine import Engine
from noren.core.record.intake.guess import Guess, guess
from noren.core.record.intake.headers import nouns_of
from noren.core.record.intake.plan import Options, Plan, compile_plan, field_name, targets
from noren.core.record.intake.problem import SENTENCES
from noren.core.record.intake.read import Table, open_table
from noren.core.record.intake.refs import default_policy
from noren.core.record.intake.suggest import WORDS, clusters
from noren.core.record.intake.suggest import closest as closest_word
from noren.core.record.intake.tally import Tally
from noren.core.record.models import ImportFault, ImportMapping, ImportRow, ImportRun

UNDO_CHUNK = 2_000


class UnreadableFile(Refusal):
    code = "unreadable_file"
    status = 422


def store(source: BinaryIO | Path, name: str) -> str:
    """Keep an uploaded file under a name of our own; gives the stored name."""
    folder = Path(settings.ENV.files) / "imports"
    folder.mkdir(parents=True, exist_ok=True)
    stored = secrets.token_hex(16) + (Path(name).suffix.lower() if Path(name).suffix.lower() in (".csv", ".tsv", ".txt", ".xlsx") else ".bin")
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
        words = {"company": "contacts.company", "person": "contacts.person", "product": "catalog.product",
                 "user": "accounts.user", "deal": "sales.deal", "activity": "activity.activity"}  # fmt: skip
        record = record_of(words[found[0][0]]) if found and found[0][0] in words else record_of("contacts.company")
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
    run.mapping = {c.header: field_name(record, c.field) if c.field else "-" for c in made.columns}
    run.fixes = dict(remembered.fixes) if remembered else {}
    options = dict(remembered.options) if remembered else {}
    options.pop("reading", None)
    orders = {field_name(record, c.field): c.dates.order for c in made.columns if c.field and c.dates and c.dates.order in ("dmy", "mdy", "serial")}
    options.setdefault("date_orders", orders)
    options.setdefault("blanks", sorted({w for c in made.columns for w in c.blank_words}))
    run.options = {**run.options, **options}
    run.state = "uploaded"
    run.save()
    return made


def guess_of(record: type[Record], table: Table, by: Actor, remembered: Mapping[str, str] | None = None) -> Guess:
    noun = str(record.model._meta.model_name)
    wanted = targets(record, by)
    dotted = {field_name(record, t.name): t.name for t in wanted}
    known = {h: dotted.get(f, "-") for h, f in remembered.items()} if remembered else None
    return guess(table.header, [cells for _n, cells in table.sample], wanted, noun=noun, remembered=known)


def plan_of(run: ImportRun, table: Table, by: Actor) -> Plan:
    """The compiled wish. Invalid says which column is at fault."""
    record = record_of(run.noun)
    try:
        return compile_plan(record, by, table.header, run.mapping, Options.from_json(run.options), run.fixes)
    except LookupError as fault:
        raise Invalid(mapping=_("There is no field “%(name)s” that you may fill.") % {"name": fault.args[0]}) from fault
    except ValueError as fault:
        raise Invalid(mapping=_("Two columns fill the same field: %(name)s.") % {"name": fault.args[0]}) from fault


Progress = Callable[[int, int], bool]


def check(run: ImportRun, by: Actor, progress: Progress | None = None) -> Tally:
    """The dry run: reads and matches everything, writes nothing but its report."""
    table = table_of(run)
    plan = plan_of(run, table, by)
    ImportFault.objects.filter(run=run).delete()
    engine = Engine(plan, table, run, writes=False)
    tally = engine.go(progress)
    run.refresh_from_db(fields=["wants_stop"])
    run.counts = tally.as_json()
    run.report = report_of(engine, table)
    run.state = "checked"
    run.save()
    return tally


def report_of(engine: Engine, table: Table) -> dict[str, Any]:
    """What a person should look at before pressing the button: unknown names with suggestions, odd spellings."""
    unknown: dict[str, list[dict[str, Any]]] = {}
    for name, counter in engine.tally.unknown.items():
        resolver = engine.references.resolvers[name]
        column = next(c for c in engine.plan.columns if c.name == name)
        policy = engine.plan.options.unknown.get(name, default_policy(column))
        unknown[name] = [
            {"value": text, "rows": count, "policy": policy, "suggestions": [s.name for s in resolver.suggest(text)]}
            for text, count in counter.most_common(200)
        ]
    spellings: dict[str, list[dict[str, Any]]] = {}
    for column in engine.plan.columns:
        if column.kind not in ("text", "choice") or column.field is None or not column.memory:
            continue
        counts: dict[str, int] = {}
        for _number, cells in table.sample:
            text = cells[column.index].strip()
            if text:
                counts[text] = counts.get(text, 0) + 1
        if not counts or len(counts) > max(12, len(table.sample) // 3):
            continue
        words = WORDS.get(f"{engine.model._meta.model_name}.{column.name}", ())
        found = [{"value": other, "rows": n, "suggestions": [c.keep]} for c in clusters(counts) for other, n in c.others]
        for text, n in counts.items():
            near = [s.name for s in closest_word(text, words)] if words and text.lower() not in words else []
            if near and near[0] != text:
                found.append({"value": text, "rows": n, "suggestions": near})
        if found:
            spellings[column.name] = found
    return {"unknown": unknown, "spellings": spellings, "blanked": dict(engine.tally.blanked)}


def start(run: ImportRun) -> None:
    """Hand the run to a worker."""
    with transaction.atomic():
        locked = ImportRun.objects.select_for_update().get(pk=run.pk)
        if locked.state not in ("uploaded", "mapped", "checked", "cancelled", "failed"):
            raise NotNow(_("This import is already running or finished."))
        locked.state, locked.wants_stop, locked.error = "running", False, ""
        locked.started_at = locked.started_at or timezone.now()
        locked.save()
        later(work, run_id=run.pk)
    run.refresh_from_db()


@job(queue="import")
def work(run_id: int) -> None:
    """Job: carry an import on from where it stands. Killed and repeated, it goes on behind the last whole chunk."""
    run = ImportRun.objects.get(pk=run_id)
    if run.state != "running" or run.by is None:
        return
    carry_out(run, run.by.actor())


def carry_out(run: ImportRun, by: Actor, progress: Progress | None = None) -> Tally:
    """Do the import in this process."""
    table = table_of(run)
    plan = plan_of(run, table, by)
    if run.position == 0:
        ImportFault.objects.filter(run=run).delete()
        run.counts = {}
    else:
        ImportFault.objects.filter(run=run, number__gt=run.position).delete()
    run.state, run.started_at = "running", run.started_at or timezone.now()
    run.total = table.rows_estimate
    run.save(update_fields=["state", "started_at", "total", "counts"])  # the position is the engine's

    def watch(done: int, size: int) -> bool:
        if progress and progress(done, size) is False:
            return False
        return not ImportRun.objects.filter(pk=run.pk, wants_stop=True).exists()

    engine = Engine(plan, table, run, writes=True)
    try:
        tally = engine.go(watch)
    except (Elsewhere, OperationalError, InterfaceError):
        raise  # nothing is wrong with the import: its job is tried again and goes on behind the last chunk
    except Exception as fault:
        ImportRun.objects.filter(pk=run.pk).update(state="failed", error=f"{type(fault).__name__}: {fault}"[:2000])
        raise
    run.counts = tally.as_json()
    run.report = report_of(engine, table)
    run.state = "cancelled" if run.state == "cancelled" else "done"
    run.finished_at = timezone.now()
    run.save()
    remember(run)
    return tally


def remember(run: ImportRun) -> None:
    """The next file with this header is read the same way."""
    options = {k: v for k, v in run.options.items() if k != "reading"}
    ImportMapping.objects.update_or_create(
        noun=run.noun, signature=run.signature,
        defaults={"mapping": run.mapping, "options": options, "fixes": run.fixes, "used_at": timezone.now()},
    )  # fmt: skip


def error_file(run: ImportRun, out: io.TextIOBase) -> int:
    """The rows that did not come in, as they stood, with row number and reason in front; ready to be mended and tried again."""
    table = table_of(run)
    writer = csv.writer(out)
    writer.writerow([str(_("Row")), str(_("Column")), str(_("Reason")), *table.header])
    count = 0
    for fault in ImportFault.objects.filter(run=run).order_by("number", "id").iterator(chunk_size=2000):
        writer.writerow([fault.number, fault.column, reason_of(fault), *fault.cells])
        count += 1
    return count


def reason_of(fault: ImportFault) -> str:
    """The sentence of a fault, in the present language."""
    text = FAULTS.get(fault.code) or SENTENCES.get(fault.code)
    if text is None:
        return str(_("This value cannot be read."))
    try:
        return str(text) % fault.params if "%(" in str(text) else str(text).format(**fault.params)
    except (KeyError, IndexError, ValueError):
        return str(text)


FAULTS = {
    "too_long": _("Too long: %(length)s characters, at most %(limit)s fit."),
    "invalid": _("%(reason)s"),
    "required": _("%(field)s is missing."),
    "unknown_choice": _("“%(value)s” is none of the choices."),
    "unknown_reference": _("“%(value)s” is not known."),
    "not_allowed": _("Your role does not allow changing this record."),
    "database": _("The database refuses this row: %(reason)s"),
    "closed_without_day": _("The deal is won or lost, but no closing day is given."),
    "no_stage": _("There is no pipeline with stages yet."),
    "number.unreadable": _("“%(value)s” is not a number."),
    "number.not_whole": _("“%(value)s” is not a whole number."),
    "money.unreadable": _("“%(value)s” is not an amount."),
    "money.two_currencies": _("“%(value)s” names two currencies."),
    "percent.unreadable": _("“%(value)s” is not a percentage."),
    "percent.range": _("“%(value)s” lies outside 0 to 100 percent."),
    "bool.unreadable": _("“%(value)s” is neither yes nor no."),
    "kana.not_kana": _("“%(value)s” is not kana."),
    "date.ambiguous": _("“%(value)s” can be read as two different days: say which order the column has."),
    "date.no_such_day": _("There is no such day: “%(value)s”."),
    "date.unreadable": _("“%(value)s” is not a date."),
    "mail.unreadable": _("“%(value)s” is not an e-mail address."),
}


def undo(run: ImportRun, by: Actor, progress: Progress | None = None) -> dict[str, int]:
    """Take a whole import back: rows it made go, rows it changed get their old values. What somebody has touched since
    is kept and counted."""
    if run.state not in ("done", "cancelled", "failed", "undoing"):
        raise NotNow(_("Only a finished import can be undone."))
    ImportRun.objects.filter(pk=run.pk).update(state="undoing")
    counts = {"removed": 0, "restored": 0, "kept": 0}
    for noun in _nouns_made(run):
        _take_back_created(run, record_of(noun).model, counts)
    _take_back_changed(run, counts)
    run.state, run.finished_at = "undone", timezone.now()
    run.report = {**run.report, "undo": counts}
    run.position = 0
    run.save()
    return counts


def _nouns_made(run: ImportRun) -> list[str]:
    """Nouns of which the run made rows, those that point at others first."""
    found = set(Fact.objects.filter(batch=run.pk, name__endswith=".created").values_list("noun", flat=True))
    return sorted(found, key=lambda noun: (noun != run.noun, noun))


def _take_back_created(run: ImportRun, model: Any, counts: dict[str, int]) -> None:
    after = 0
    made = Fact.objects.filter(batch=run.pk, noun=model.word(), name=f"{model.word()}.created")
    while True:
        with transaction.atomic():
            facts = list(made.filter(pk__gt=after).order_by("pk").values_list("pk", "subject_id")[:UNDO_CHUNK])
            if not facts:
                return
            after = facts[-1][0]
            ids = [pk for _fact, pk in facts]
            touched = set(
                Fact.objects.filter(noun=model.word(), subject_id__in=ids).exclude(batch=run.pk).values_list("subject_id", flat=True)
            ) | _pointed_at(model, ids)
            free = list(model.every.filter(pk__in=[i for i in ids if i not in touched]).values_list("pk", flat=True))
            _delete(model, free)
            counts["removed"] += len(free)
            counts["kept"] += len(set(ids) & touched)


def _pointed_at(model: Any, ids: list[int]) -> set[int]:
    """Rows that others point at by now: taking them away would tear holes (or, with a cascade, take others' work along)."""
    found: set[int] = set()
    for relation in model._meta.related_objects:
        other = relation.related_model
        if relation.field.name == "row" or relation.many_to_many or other._meta.label_lower in OWN_CHILDREN:
            continue
        column = relation.field.attname
        rows = other._base_manager.filter(**{f"{column}__in": ids})
        found.update(rows.values_list(column, flat=True).distinct())
    return found


OWN_CHILDREN = frozenset({"sales.dealline", "contacts.affiliation"})
"""Parts of a row that go with it."""


def _delete(model: Any, ids: list[int]) -> None:
    for relation in model._meta.related_objects:
        other = relation.related_model
        if relation.field.name == "row" or other._meta.label_lower in OWN_CHILDREN:
            other._base_manager.filter(**{f"{relation.field.attname}__in": ids})._raw_delete(using="default")
    for relation in model._meta.many_to_many:
        relation.remote_field.through._base_manager.filter(**{f"{relation.m2m_field_name()}_id__in": ids})._raw_delete(using="default")
    model.every.filter(pk__in=ids)._raw_delete(using="default")


def _take_back_changed(run: ImportRun, counts: dict[str, int]) -> None:
    for change in ImportRow.objects.filter(run=run, before__isnull=False).order_by("-id").iterator(chunk_size=1000):
        model = record_of(change.noun).model
        with transaction.atomic():
            row = model.every.select_for_update().filter(pk=change.row_id).first()
            if row is None:
                continue
            if row.version != change.after_version:
                counts["kept"] += 1
                continue
            for name, value in (change.before or {}).items():
                column = next((c for c in model._meta.concrete_fields if c.attname == name), None)
                setattr(row, name, column.to_python(value) if column is not None and not column.is_relation and value is not None else value)
            row.save()
            counts["restored"] += 1


def stop(run: ImportRun) -> None:
    """Ask a running import to stop after the present chunk."""
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
