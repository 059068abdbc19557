"""Taking a whole import back: rows it made go, rows it changed get their old values; what others touched since stays."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from typing import Any

from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from noren.core.access.actor import Actor
from noren.core.action.plain import _json, plain_event
from noren.core.base.errors import NotNow
from noren.core.event.models import Fact
from noren.core.event.publish import ECHOES, publish, tell_echoes
from noren.core.record.declare import RECORDS, record_of
from noren.core.record.events import ImportUndone
from noren.core.record.intake.beside import MADE, made_by
from noren.core.record.intake.write import rewrite, take_turns
from noren.core.record.models import ImportRow, ImportRun

UNDO_CHUNK = 2_000
KEPT_SHOWN = 20


def undo(run: ImportRun, by: Actor) -> dict[str, int]:
    """Take a whole import back: rows it made go, rows it changed get their old values. What somebody has touched since
    is kept and counted."""
    if run.state not in ("done", "cancelled", "failed", "undoing"):
        raise NotNow(_("Only a finished import can be undone."))
    counts = {"removed": 0, "restored": 0, **run.report.get("undo", {}), "kept": 0}  # what was kept is met again
    made = Fact.objects.filter(batch=run.pk, name__endswith=".created").count()
    run.report = {
        **run.report,
        "kept": [],
        "size": made + ImportRow.objects.filter(run=run, before__isnull=False).count(),
    }
    ImportRun.objects.filter(pk=run.pk).update(state="undoing", beat_at=timezone.now())
    _take_back_changed(run, by, counts)
    for noun in _nouns_made(run):
        _take_back_created(run, record_of(noun).model, counts)
    run.state, run.finished_at = "undone", timezone.now()
    run.report = {**run.report, "undo": counts}
    run.position = 0
    with transaction.atomic():
        run.save()
        publish(ImportUndone(run.pk, of=run.noun, **counts), by=by)
    return counts


def forecast(run: ImportRun) -> tuple[dict[str, int], int, int]:
    """What an undo would do now: noun -> rows that go, how many changed rows get their old values, how many rows stay
    because somebody worked on them since or others point at them. Reads every row: for imports of some thousands."""
    gone: dict[str, int] = {}
    kept = 0
    for noun in _nouns_made(run):
        model = record_of(noun).model
        made = Fact.objects.filter(batch=run.pk, name=f"{noun}.created").values_list("subject_id", flat=True)
        ids = set(model.every.filter(pk__in=list(made)).values_list("pk", flat=True))
        stay = ids & {
            *_by_others(run, model, ids).values_list("subject_id", flat=True),
            *_pointed_at(run, model, list(ids)),
        }
        gone[noun], kept = len(ids - stay), kept + len(stay)
    restored = 0
    notes = ImportRow.objects.filter(run=run, before__isnull=False)
    for noun in set(notes.values_list("noun", flat=True)):
        model = record_of(noun).model
        after = dict(notes.filter(noun=noun).order_by("pk").values_list("row_id", "after_version"))
        changed = set(after) - made_by(run.pk, record_of(noun), set(after))
        steps = _steps_of_taken_back(run, model, changed)
        versions = dict(model.every.filter(pk__in=changed).values_list("pk", "version"))
        as_left = sum(1 for pk, version in versions.items() if version - steps[pk] == after[pk])
        restored, kept = restored + as_left, kept + len(versions) - as_left
    return gone, restored, kept


def _sign_of_life(run: ImportRun, counts: dict[str, int]) -> None:
    """Say how far it is, together with what was done."""
    run.report = {**run.report, "done": sum(counts.values()), "undo": counts}
    ImportRun.objects.filter(pk=run.pk).update(beat_at=timezone.now(), report=run.report)


def _nouns_made(run: ImportRun) -> list[str]:
    """Nouns of which the run made rows, those that point at others first."""
    found = set(Fact.objects.filter(batch=run.pk, name__endswith=".created").values_list("noun", flat=True))
    return sorted(found, key=lambda noun: (noun != run.noun, noun))


def _take_back_created(run: ImportRun, model: Any, counts: dict[str, int]) -> None:
    after = 0
    made = Fact.objects.filter(batch=run.pk, noun=model.word(), name=f"{model.word()}.created")
    while True:
        with transaction.atomic():
            take_turns()
            facts = list(made.filter(pk__gt=after).order_by("pk").values_list("pk", "subject_id")[:UNDO_CHUNK])
            if not facts:
                return
            after = facts[-1][0]
            ids = [pk for _fact, pk in facts]
            touched = set(_by_others(run, model, ids).values_list("subject_id", flat=True)) | _pointed_at(
                run, model, ids
            )
            free = list(model.every.filter(pk__in=[i for i in ids if i not in touched]).values_list("pk", flat=True))
            _tell_gone(model, free)
            _delete(model, free)
            ImportRow.objects.filter(run=run, noun=model.word(), row_id__in=free).delete()
            counts["removed"] += len(free)
            _keep(run, model, sorted(set(ids) & touched), counts)
            _sign_of_life(run, counts)


def _by_others(run: ImportRun, model: Any, ids: Collection[int]) -> models.QuerySet[Fact]:
    """What has happened to these rows beside this import. Later imports that were taken back left nothing."""
    batches = [run.pk, *_taken_back(run)]
    return Fact.objects.filter(noun=model.word(), subject_id__in=ids).exclude(batch__in=batches)


def _taken_back(run: ImportRun) -> list[int]:
    return list(ImportRun.objects.filter(state="undone", pk__gt=run.pk).values_list("pk", flat=True))


def _steps_of_taken_back(run: ImportRun, model: Any, ids: Collection[int]) -> Counter[int]:
    """Row -> how many versions later imports added that were taken back, where nobody else was at the row since."""
    batches = _taken_back(run)
    facts = Fact.objects.filter(noun=model.word(), subject_id__in=ids)
    steps = Counter(facts.filter(batch__in=batches).values_list("subject_id", flat=True)) if batches else Counter[int]()
    first = facts.filter(batch=run.pk).aggregate(first=models.Min("pk"))["first"] if steps else None
    if first is not None:
        for pk in _by_others(run, model, list(steps)).filter(pk__gt=first).values_list("subject_id", flat=True):
            del steps[pk]
    return steps


def _keep(run: ImportRun, model: Any, ids: list[int], counts: dict[str, int]) -> None:
    """Count rows that stay as they are, and remember some of them to show."""
    counts["kept"] += len(ids)
    shown = run.report.setdefault("kept", [])
    shown += [[model.word(), pk] for pk in ids[: KEPT_SHOWN - len(shown)]]


def _tell_gone(model: Any, ids: list[int]) -> None:
    """Those who keep something beside other rows (next steps) count anew without these, while they can still be read."""
    name = f"{model.word()}.removed"
    if ids and name in ECHOES:
        model.every.filter(pk__in=ids).update(removed_at=timezone.now())
        tell_echoes([Fact(name=name, noun=model.word(), subject_id=pk) for pk in ids])


def _pointed_at(run: ImportRun, model: Any, ids: list[int]) -> set[int]:
    """Rows that others point at by now: taking them away would tear holes (or, with a cascade, take others' work along).
    Rows that came with the same import and that nobody touched do not count: they go too."""
    found: set[int] = set()
    for relation in model._meta.related_objects:
        other = relation.related_model
        if relation.field.name == "row" or relation.many_to_many or getattr(other, "part", False):
            continue
        rows = other._base_manager.filter(**{relation.field.attname: models.OuterRef("pk")})
        if relation.field.null and hasattr(other, "word"):
            facts = Fact.objects.filter(noun=other.word(), subject_id=models.OuterRef("pk"))
            came = models.Exists(facts.filter(batch=run.pk, name=f"{other.word()}.created"))
            rows = rows.filter(~came | models.Exists(facts.exclude(batch=run.pk)))
        found.update(model.every.filter(models.Exists(rows), pk__in=ids).values_list("pk", flat=True))
    for record in RECORDS.values():
        if record.model.reach.about:
            every: Any = record.model.every
            about = every.filter(about_noun=model.word(), about_id__in=ids)
            found.update(about.values_list("about_id", flat=True).distinct())
    return found


def _delete(model: Any, ids: list[int]) -> None:
    for relation in model._meta.related_objects:
        other = relation.related_model
        if relation.field.name == "row" or getattr(other, "part", False):
            other._base_manager.filter(**{f"{relation.field.attname}__in": ids})._raw_delete(using="default")
        elif relation.field.null and not relation.many_to_many:
            other._base_manager.filter(**{f"{relation.field.attname}__in": ids}).update(
                **{relation.field.attname: None}
            )
    for relation in model._meta.many_to_many:
        relation.remote_field.through._base_manager.filter(**{f"{relation.m2m_field_name()}_id__in": ids})._raw_delete(
            using="default"
        )
    model.every.filter(pk__in=ids)._raw_delete(using="default")


def _take_back_changed(run: ImportRun, by: Actor, counts: dict[str, int]) -> None:
    """Give changed rows their old values, the last changes first."""
    notes = ImportRow.objects.filter(run=run, before__isnull=False)
    low: int | None = None
    while True:
        with transaction.atomic():
            take_turns()
            page = notes if low is None else notes.filter(pk__lt=low)
            listed = list(page.order_by("-pk").values_list("pk", "noun", "row_id")[:UNDO_CHUNK])
            if not listed:
                return
            for noun in dict.fromkeys(noun for _pk, noun, _row in listed):
                ids = {row_id for _pk, its, row_id in listed if its == noun}
                ids -= made_by(run.pk, record_of(noun), ids)  # they go whole
                each: dict[int, list[ImportRow]] = {}
                for note in notes.filter(noun=noun, row_id__in=ids).order_by("-pk"):
                    each.setdefault(note.row_id, []).append(note)
                fresh = {pk: its for pk, its in each.items() if low is None or its[0].pk < low}
                _restore(run, record_of(noun).model, fresh, by, counts)
            low = listed[-1][0]
            _sign_of_life(run, counts)


def _restore(
    run: ImportRun, model: Any, notes: dict[int, list[ImportRow]], by: Actor, counts: dict[str, int]
) -> None:  # fmt: skip
    """Rows of one noun, each with what the import noted of it, latest first. A row that moved on since is kept."""
    columns = {c.attname: c for c in model._meta.concrete_fields}
    moved: list[tuple[Any, dict[str, Any]]] = []
    names: set[str] = set()
    done: list[int] = []
    steps = _steps_of_taken_back(run, model, notes)
    for row in model.every.select_for_update(of=("self",)).filter(pk__in=notes).order_by("pk"):
        version = stands = row.version - steps[row.pk]
        before: dict[str, Any] = {}
        for note in notes[row.pk]:
            if note.after_version != version:
                break  # between this change and the next one of the import somebody else was at it
            before.update(note.before or {})
            version -= 1
            done.append(note.pk)
        if version == stands:
            _keep(run, model, [row.pk], counts)
            continue
        told = {}
        for name, value in before.items():
            if name.startswith(MADE):
                other: Any = record_of(name.removeprefix(MADE)).model
                other.every.filter(pk__in=value).delete()
                continue
            told[name.removesuffix("_id")] = [_json(row.__dict__.get(name)), value]
            column = columns.get(name)
            if column is not None and not column.is_relation and value is not None:
                value = column.to_python(value)
            setattr(row, name, value)
            names.add(name)
        moved.append((row, told))
    if not moved:
        return
    if record_of(model.word()).one_by_one:
        for row, _told in moved:
            row.save()
    else:
        for row, _told in moved:
            row.settle()
        rewrite(model, [row for row, _told in moved], names, back=True)
    event = plain_event(model, "changed")
    publish([event(row.pk) for row, _told in moved], by=by, changes=[told for _row, told in moved], batch=run.pk)
    ImportRow.objects.filter(pk__in=done).update(before=None)
    counts["restored"] += len(moved)
