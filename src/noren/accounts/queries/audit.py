"""The audit log: every fact, newest first, with who, by which door, and what changed from what to what."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.apps import apps
from django.db.models import Q, QuerySet
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from noren.core.access.actor import Actor
from noren.core.action.plain import SAYS
from noren.core.base.errors import Refusal
from noren.core.event.event import EVENTS
from noren.core.event.models import Fact
from noren.core.page.cells import Look, said
from noren.core.record.declare import RECORDS
from noren.core.record.events import ExportMade
from noren.core.record.field import Field
from noren.core.record.models import ImportRun

PAGE = 50
GAP = re.compile(r"\{\w+\}")
DOORS = ("page", "api", "import", "command", "rule", "house")


@dataclass(frozen=True, slots=True)
class Ask:
    """What to show: a person, a noun, an event, a door, a period; `before` is the key of the last line shown."""

    who: int | None = None
    noun: str = ""
    event: str = ""
    door: str = ""
    start: date | None = None
    end: date | None = None
    before: tuple[datetime, int] | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    fact: Fact
    who: str
    door: str
    subject: str
    said: str
    changes: tuple[tuple[str, str, str], ...]


def facts(ask: Ask, zone: ZoneInfo) -> QuerySet[Fact]:
    """The facts asked for, in order."""
    rows = Fact.objects.select_related("by").order_by("-recorded_at", "-id")
    if ask.who is not None:
        rows = rows.filter(by_id=ask.who or None) if ask.who else rows.filter(by__isnull=True)
    if ask.noun:
        rows = rows.filter(noun=ask.noun)
    if ask.event:
        rows = rows.filter(name=ask.event)
    if ask.door:
        rows = rows.filter(via=ask.door)
    if ask.start:
        rows = rows.filter(recorded_at__gte=datetime.combine(ask.start, time(), zone))
    if ask.end:
        rows = rows.filter(recorded_at__lt=datetime.combine(ask.end + timedelta(days=1), time(), zone))
    if ask.before:
        at, pk = ask.before
        rows = rows.filter(Q(recorded_at__lt=at) | Q(recorded_at=at, pk__lt=pk))
    return rows


def entries(rows: Iterable[Fact], actor: Actor, look: Look | None) -> Iterator[Entry]:
    """Facts as lines; titles of their subjects are read in batches. Amounts and days are written as on all pages, or
    without `look` as they are stored (for programs)."""
    batch = list(rows)
    titles = _titles(batch)
    titles |= _gone(batch, titles)
    names = _names(batch)
    for fact in batch:
        who = fact.by.name if fact.by else _("System")
        subject = titles.get((fact.noun, fact.subject_id), "")
        yield Entry(
            fact, who, door_word(fact.via), subject, _said(fact, who, subject, look),
            tuple(_changes(fact, actor, names, look)),
        )  # fmt: skip


def door_word(via: str) -> str:
    return {
        "page": _("Screen"), "api": "API", "import": _("Import"), "command": _("Command"), "rule": _("Rule"), "house": _("System"),
    }.get(via, via)  # fmt: skip


def noun_word(noun: str) -> str:
    """The things a fact tells of, in words."""
    if noun in RECORDS:
        return capfirst(str(RECORDS[noun].labels()))
    try:
        return capfirst(str(apps.get_model(noun)._meta.verbose_name_plural))
    except LookupError:
        return _("Exports") if noun == ExportMade.noun() else noun.rpartition(".")[2].capitalize()


def event_word(name: str) -> str:
    """A kind of fact as one line of a choice: the things and the sentence, with a gap for each word that differs."""
    noun, _dot, happened = name.rpartition(".")
    says = EVENTS[name].says if name in EVENTS else SAYS.get(happened, happened)
    return f"{noun_word(noun)}: {GAP.sub('…', str(says))}"


def _titles(batch: list[Fact]) -> dict[tuple[str, int], str]:
    wanted: dict[str, set[int]] = {}
    for fact in batch:
        wanted.setdefault(fact.noun, set()).add(fact.subject_id)
    found: dict[tuple[str, int], str] = {}
    for noun, ids in wanted.items():
        try:
            model: Any = apps.get_model(noun)
        except (LookupError, ValueError):
            continue
        manager = getattr(model, "every", model._default_manager)
        for row in manager.filter(pk__in=ids):
            found[noun, row.pk] = str(row)
    return found


def _gone(batch: list[Fact], titles: Mapping[tuple[str, int], str]) -> dict[tuple[str, int], str]:
    """Rows that went for good when their import was undone: they are called by their number and its file."""
    lost = [fact for fact in batch if fact.batch and (fact.noun, fact.subject_id) not in titles]
    runs = ImportRun.objects.filter(state="undone").in_bulk({fact.batch for fact in lost}) if lost else {}
    return {
        (fact.noun, fact.subject_id): _("no. {n} (import {file}, undone)").format(n=fact.subject_id, file=runs[fact.batch])
        for fact in lost if fact.batch in runs
    }  # fmt: skip


def _field(noun: str, name: str) -> Field | None:
    record = RECORDS.get(noun)
    if record is None:
        return None
    try:
        return record.field(name)
    except (LookupError, Refusal):
        return None


def _target(noun: str, name: str) -> Any:
    """The noun a field points to, or nothing."""
    one = _field(noun, name)
    return one.target if one is not None else None


def _names(batch: list[Fact]) -> dict[tuple[str, int], str]:
    """(noun, id) -> title of every row that a change names."""
    wanted: dict[Any, set[int]] = {}
    for fact in batch:
        for name, pair in (fact.changes or {}).items():
            target = _target(fact.noun, name)
            if target is not None and isinstance(pair, list):
                wanted.setdefault(target, set()).update(value for value in pair if isinstance(value, int))
    found: dict[tuple[str, int], str] = {}
    for target, ids in wanted.items():
        manager = getattr(target, "every", target._default_manager)
        for row in manager.filter(pk__in=ids):
            found[target._meta.label_lower, row.pk] = str(row)
    return found


def _said(fact: Fact, who: str, subject: str, look: Look | None) -> str:
    declared = EVENTS.get(fact.name)
    says = declared.says if declared else SAYS.get(fact.name.rpartition(".")[2])
    if says is None:
        return fact.name
    try:
        told = {name: _told(value, _field(fact.noun, name), look) for name, value in fact.payload.items()}
        if told.get("of") in RECORDS:
            told["of"] = RECORDS[told["of"]].labels()
        return str(says).format(**{**told, "by": who, "subject": subject or "—"})
    except (KeyError, IndexError, ValueError):
        return fact.name


def _told(value: Any, one: Field | None, look: Look | None) -> Any:
    """A value of a fact in words, where a field of its noun says what it is."""
    if value is None:
        return "—"
    return value if one is None or look is None else said(one, value, look, str(value))


def _changes(
    fact: Fact, actor: Actor, names: dict[tuple[str, int], str], look: Look | None
) -> Iterator[tuple[str, str, str]]:
    """(field, from, to), without fields that the reader may not see."""
    record = RECORDS.get(fact.noun)
    for name, pair in (fact.changes or {}).items():
        if not isinstance(pair, list) or len(pair) != 2:
            continue
        label, shown = name, _field(fact.noun, name)
        if record is not None and shown is not None:
            if not record.may_read(name, actor):
                continue
            label = str(shown.label)
        before, after = (_value(one, shown, names, look) for one in pair)
        yield label, before, after


def _value(value: Any, shown: Field | None, names: dict[tuple[str, int], str], look: Look | None) -> str:
    if value in (None, ""):
        return _("empty")
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    target = shown.target if shown is not None else None
    if target is not None and isinstance(value, int):
        return names.get((target._meta.label_lower, value), str(value))
    if shown is None or look is None or isinstance(value, (list, dict)):
        return str(value)[:200]
    return said(shown, value, look)[:200]
