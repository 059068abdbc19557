"""Everything that was done with a row and what changed in it, newest first, mixed from several sources.

The ground knows facts. Upper modules add what they have (activities, files; later mails and orders) through `source`.
Each source gives at most one page of entries older than a cursor, so the whole costs a constant number of queries, and
an old page costs as much as the first. The sources ask side by side (see `core.base.kept`).
"""

from __future__ import annotations

import string
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any, Protocol

from django.contrib.auth import get_user_model
from django.db.models import Count, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from noren.core.access.actor import Actor
from noren.core.access.scope import nouns, visible
from noren.core.action.plain import SAYS
from noren.core.base.errors import NotFound
from noren.core.base.kept import Asking, ask, beside, padded
from noren.core.base.model import Model
from noren.core.event.event import EVENTS
from noren.core.event.models import Fact
from noren.core.record.declare import Record, record_of
from noren.core.record.field import Field

KINDS = (
    ("", gettext_lazy("All")),
    ("contacts", pgettext_lazy("timeline", "Contacts")),
    ("moves", gettext_lazy("Progress")),
    ("changes", gettext_lazy("Changes")),
    ("files", gettext_lazy("Files")),
)
"""The filters of a timeline. Contacts: what was done with someone; progress: facts with a verb of their own (stages,
won, lost); changes: made, edited, binned."""

Say = Callable[[Field, Any, str], str]


@dataclass(frozen=True, slots=True)
class Change:
    """A field before and after, in words."""

    label: Any
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class File:
    id: int
    name: str
    size: int


@dataclass(frozen=True, slots=True)
class Entry:
    """One line. `shade`: which color its sign has; `about`: (noun, id, name) when it is about another row than the one
    looked at; `is_editable`: may the reader change the row behind it; `is_open`: still to be done; `tab`: the filter it is under,
    besides all."""

    at: datetime
    source: str
    id: int
    icon: str
    title: str
    shade: str = ""
    text: str = ""
    changes: tuple[Change, ...] = ()
    who: str = ""
    about: tuple[str, int, str] | None = None
    files: tuple[File, ...] = ()
    via: str = ""
    is_open: bool = False
    is_editable: bool = False
    is_all_day: bool = False
    tab: str = ""


@dataclass(frozen=True, slots=True)
class Cursor:
    """The last entry of a page: what comes next is older."""

    at: datetime
    rank: int
    id: int

    def __str__(self) -> str:
        return f"{self.at.isoformat()}~{self.rank}~{self.id}"

    @classmethod
    def read(cls, text: str) -> Cursor | None:
        """Anything that is no cursor of ours begins at the top."""
        try:
            at, rank, pk = text.split("~")
            moment = datetime.fromisoformat(at.replace(" ", "+"))
            if moment.tzinfo is None or not 0 <= int(pk) < 2**63:
                return None
            return cls(moment, int(rank), int(pk))
        except ValueError:
            return None

    def __call__(self, rank: int, at: str) -> Q:
        """Rows of the source with this rank that come after the cursor; `at` is its column of time."""
        if rank > self.rank:
            return Q(**{f"{at}__lte": self.at})
        if rank < self.rank:
            return Q(**{f"{at}__lt": self.at})
        return Q(**{f"{at}__lt": self.at}) | Q(**{at: self.at, "pk__lt": self.id})


class Source(Protocol):
    """What a module adds. `rank` orders entries of the same moment and must be its own."""

    rank: int
    kinds: frozenset[str]

    def entries(
        self, row: Model, actor: Actor, kind: str, before: Cursor | None, limit: int
    ) -> Asking[list[Entry]]: ...

    def counts(self, row: Model, actor: Actor) -> Asking[dict[str, int]]: ...


SOURCES: dict[int, Source] = {}


def source(made: Source) -> Source:
    SOURCES[made.rank] = made
    return made


@dataclass(frozen=True, slots=True)
class Page:
    """`counts`: how many entries each filter has, when this page holds them all; else ask `counts`."""

    entries: list[Entry] = field(default_factory=list)
    older: Cursor | None = None
    counts: dict[str, int] | None = None


def timeline(
    row: Model, actor: Actor, *, kind: str = "", before: Cursor | None = None, limit: int = 30, say: Say | None = None
) -> Asking[Page]:
    """One page of the timeline of a row that the actor may see. `say` writes a field's value for the reader."""
    sources = [(0, Facts(say or _plainly)), *SOURCES.items()]
    asked = [(rank, each) for rank, each in sources if kind in each.kinds]
    told = yield from beside(*(each.entries(row, actor, kind, before, limit + 1) for _rank, each in asked))
    found = [(rank, entry) for (rank, _each), entries in zip(asked, told, strict=True) for entry in entries]
    found.sort(key=lambda pair: (pair[1].at, -pair[0], pair[1].id), reverse=True)
    shown = found[:limit]
    last = shown[-1] if len(found) > limit else None
    entries = [entry for _rank, entry in shown if entry.title]
    whole = _tally(entry for _rank, entry in shown) if last is None and before is None and not kind else None
    return Page(entries, Cursor(last[1].at, last[0], last[1].id) if last else None, whole)


def _tally(entries: Iterable[Entry]) -> dict[str, int]:
    """The same as `counts`, from entries that are all there."""
    found = dict.fromkeys((kind for kind, _label in KINDS), 0)
    for entry in entries:
        found[""] += 1
        if entry.tab:
            found[entry.tab] += 1
        if entry.tab != "files":
            found["files"] += len(entry.files)
    return found


def counts(row: Model, actor: Actor) -> Asking[dict[str, int]]:
    """How many entries each filter has; `""` counts all."""
    found = dict.fromkeys((kind for kind, _label in KINDS), 0)
    told = yield from beside(*(each.counts(row, actor) for each in (Facts(_plainly), *SOURCES.values())))
    for counted in told:
        for kind, number in counted.items():
            found[kind] += number
    return found


@cache
def children(model: type[Model]) -> tuple[tuple[type[Model], str], ...]:
    """Nouns with a timeline whose rows belong to rows of this one: (noun, its field that says so)."""
    found = []
    for noun in nouns():
        if noun is model or not noun.has_timeline:
            continue
        by = next((f.name for f in noun._meta.concrete_fields if f.related_model is model), None)
        if by is not None:
            found.append((noun, by))
    return tuple(found)


# -- facts -------------------------------------------------------------------------------------------------------------

COLUMNS = ("pk", "name", "noun", "subject_id", "payload", "changes", "by_id", "by__name", "via", "at")


class Facts:
    """The source of the ground: what was told of the row itself, and of its children all but edits."""

    rank = 0
    kinds = frozenset(("", "moves", "changes"))

    def __init__(self, say: Say) -> None:
        self.say = say

    def entries(self, row: Model, actor: Actor, kind: str, before: Cursor | None, limit: int) -> Asking[list[Entry]]:
        def rows(pk: int) -> QuerySet[Any]:
            parts = []
            for told in self._told_of(type(row), pk, actor, kind):
                if before is not None:
                    told = told.filter(before(self.rank, "at"))
                parts.append(told.order_by("-at", "-pk").values_list(*COLUMNS)[:limit])
            return parts[0] if len(parts) == 1 else parts[0].union(*parts[1:], all=True).order_by("-at", "-pk")[:limit]

        key = ("facts", type(row), kind, limit) if before is None else None
        (whole,) = yield [ask(key, rows, row.pk, who=actor)]
        facts = [dict(zip(COLUMNS, values, strict=True)) for values in whole]
        names = yield from self._names(facts, row, actor)
        return self._as_entries(facts, names, row, actor)

    def counts(self, row: Model, actor: Actor) -> Asking[dict[str, int]]:
        def rows(pk: int) -> QuerySet[Any]:
            parts = [
                told.order_by().values_list("name").annotate(n=Count("pk"))
                for told in self._told_of(type(row), pk, actor, "")
            ]
            return parts[0] if len(parts) == 1 else parts[0].union(*parts[1:], all=True)

        found = {"": 0, "moves": 0, "changes": 0}
        (told,) = yield [ask(("counts of facts", type(row)), rows, row.pk, who=actor)]
        for name, number in told:
            found[""] += number
            found["changes" if name.rpartition(".")[2] in SAYS else "moves"] += number
        return found

    def _told_of(self, model: type[Model], pk: int, actor: Actor, kind: str) -> Iterator[QuerySet[Fact]]:
        """What was told of the row, then of its children of each noun."""
        yield self._kind(Fact.objects.filter(noun=model.word(), subject_id=pk), model, kind, own=True)
        for noun, by in children(model):
            if actor.may(noun, "view") or noun.word() in actor.shared or noun.reach.open_to_all:
                theirs = visible(noun, actor).filter(**{f"{by}_id": pk}).values("pk")
                yield self._kind(Fact.objects.filter(noun=noun.word(), subject_id__in=theirs), noun, kind, own=False)

    @staticmethod
    def _kind(rows: Any, noun: type[Model], kind: str, *, own: bool) -> Any:
        plain = [f"{noun.word()}.{happened}" for happened in SAYS]
        if not own:
            rows = rows.exclude(name=f"{noun.word()}.changed")
        if kind == "moves":
            return rows.exclude(name__in=plain)
        if kind == "changes":
            return rows.filter(name__in=plain)
        return rows

    def _as_entries(
        self, facts: list[dict[str, Any]], names: Mapping[Any, str], row: Model, actor: Actor
    ) -> list[Entry]:
        """Facts as sentences. A change of fields that the actor may not see is an entry without a title: it keeps its
        place in the paging and is not shown."""
        made = []
        for fact in facts:
            record = _record(fact["noun"])
            happened = fact["name"].rpartition(".")[2]
            changes = self._changes(fact["changes"], record, actor, names) if happened == "changed" and record else ()
            subject = names.get((fact["noun"], fact["subject_id"]), "")
            about = (
                None
                if fact["noun"] == row.word() and fact["subject_id"] == row.pk
                else (fact["noun"], fact["subject_id"], subject)
            )
            known = EVENTS.get(fact["name"])
            says, icon = (known.says, known.icon) if known else (SAYS.get(happened, ""), "dot")
            who = fact["by__name"] or ""
            title = self._sentence(str(says), fact, record, actor, who or _("The system"), subject)
            if happened == "changed" and not changes:
                title = ""
            made.append(
                Entry(
                    at=fact["at"], source="fact", id=fact["pk"], icon=ICONS.get(icon, icon), title=title, changes=changes,
                    shade="" if who else "auto", who=who, about=about, via=fact["via"], tab="changes" if happened in SAYS else "moves",
                )
            )  # fmt: skip
        return made

    def _sentence(
        self, says: str, fact: Mapping[str, Any], record: type[Record] | None, actor: Actor, by: str, subject: str
    ) -> str:
        values: dict[str, str] = {"by": by, "subject": subject}
        for _text, name, _format, _conversion in string.Formatter().parse(says):
            if name and name not in values:
                values[name] = self._value(name, fact["payload"].get(name), record, actor)
        return says.format_map(values)

    def _value(self, name: str, value: Any, record: type[Record] | None, actor: Actor) -> str:
        if value is None:
            return "—"
        try:
            one = record.field(name) if record else None
        except LookupError:
            one = None
        if one is None:
            return str(value)
        if record is not None and not record.may_read(name, actor):
            return "—"
        return self.say(one, value, str(value))

    def _changes(
        self, changes: Mapping[str, Sequence[Any]] | None, record: type[Record], actor: Actor, names: Mapping[Any, str]
    ) -> tuple[Change, ...]:
        found = []
        for name, (old, new) in (changes or {}).items():
            try:
                one = record.field(name)
            except LookupError:
                continue
            if not record.may_read(name, actor):
                continue
            word = one.target._meta.label_lower if one.target is not None else ""

            def spoken(value: Any, one: Field = one, word: str = word) -> str:
                if value is None or value == "":
                    return ""
                return self.say(one, value, names.get((word, value), _("(hidden)")) if word else "")

            found.append(Change(one.label, spoken(old), spoken(new)))
        return tuple(found)

    def _names(self, facts: list[dict[str, Any]], row: Model, actor: Actor) -> Asking[dict[tuple[str, Any], str]]:
        """What subjects and references are called: one query per noun, and only what the actor may see."""
        wanted: dict[Any, set[int]] = {}
        for fact in facts:
            record = _record(fact["noun"])
            if record is None:
                continue
            if (fact["noun"], fact["subject_id"]) != (row.word(), row.pk):
                wanted.setdefault(record.model, set()).add(fact["subject_id"])
            for name, pair in (fact["changes"] or {}).items() if fact["name"].endswith(".changed") else ():
                try:
                    target = record.field(name).target
                except LookupError:
                    continue
                if target is not None:
                    wanted.setdefault(target, set()).update(value for value in pair if isinstance(value, int))
        found: dict[tuple[str, Any], str] = {(row.word(), row.pk): str(row)}
        named = yield from beside(*(called(model, ids, row, actor) for model, ids in wanted.items()))
        for model, names in zip(wanted, named, strict=True):
            found |= {(model._meta.label_lower, pk): name for pk, name in names.items()}
        return found


ICONS = {"board": "deal", "move": "deal", "dot": "note"}


def called(model: Any, ids: Iterable[int], row: Model | None, actor: Actor) -> Asking[dict[int, str]]:
    """What rows are called, for those the actor may see; asked once for the page of `row`, whoever wants to know."""
    known: dict[tuple[Any, int], str | None] = {} if row is None else row.__dict__.setdefault("_called", {})
    missing = {pk for pk in ids if (model, pk) not in known}
    if missing:
        (found,) = yield [ask(("names", model), _named(model, actor), *padded(missing), who=actor)]
        known |= dict.fromkeys(((model, pk) for pk in missing), None)
        known |= {(model, one.pk): str(one) for one in found}
    return {pk: name for pk in ids if (name := known[model, pk]) is not None}


def _named(model: Any, actor: Actor) -> Callable[..., QuerySet[Any]]:
    def rows(*some: int) -> QuerySet[Any]:
        if not issubclass(model, Model):
            return model._default_manager.filter(pk__in=some)  # type: ignore[no-any-return]
        if model is get_user_model():
            return model.system("colleagues are known to each other").filter(pk__in=some)
        return visible(model, actor).filter(pk__in=some)

    return rows


def _record(noun: str) -> type[Record] | None:
    try:
        return record_of(noun)
    except NotFound:  # a fact of a noun that has gone, or of one without a declaration
        return None


def _plainly(one: Field, value: Any, name: str) -> str:
    """Values for programs: what is stored, references by name."""
    if one.kind == "choice":
        return one.choice_label(value)
    if one.kind == "datetime" and isinstance(value, str):
        return timezone.localtime(datetime.fromisoformat(value)).isoformat(timespec="minutes")
    return name or str(value)
