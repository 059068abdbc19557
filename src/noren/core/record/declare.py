"""Record: a noun as people meet it, declared once and read by every screen, file and program.

class Deals(Record):
    model   = Deal
    columns = "title", "company", "stage", "amount", "close_by", "owner"
    filters = "stage", "owner", "owner__team", "company__industry", "close_by", "amount", "outcome"
    form    = Row("title"), Row("company", "person"), Row("amount", "close_by"), "note"
    actions = win_deal, lose_deal, move_deal
    board   = Board(by="stage", sum="amount")
    panels  = Related("lines"), Timeline()
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from dataclasses import field as dataclass_field
from datetime import datetime
from functools import cache
from typing import Any, ClassVar

from django.db import models

from noren.core.access.actor import Actor
from noren.core.access.rights import Touch
from noren.core.access.scope import behind
from noren.core.action.door import Action
from noren.core.base.errors import NotFound
from noren.core.base.kept import Asking
from noren.core.base.model import Model
from noren.core.filter.condition import F
from noren.core.filter.vocabulary import Term
from noren.core.record import imported
from noren.core.record.custom import definitions
from noren.core.record.field import Field, resolve


@dataclass(frozen=True, slots=True)
class Row:
    """Fields side by side in a form."""

    names: tuple[str, ...]

    def __init__(self, *names: str) -> None:
        object.__setattr__(self, "names", names)


@dataclass(frozen=True, slots=True)
class Section:
    """A titled part of a form. `folded`: closed until asked for."""

    title: Any
    rows: tuple[Row | str, ...]
    folded: bool = False

    def __init__(self, title: Any, *rows: Row | str, folded: bool = False) -> None:
        object.__setattr__(self, "title", title)
        object.__setattr__(self, "rows", rows)
        object.__setattr__(self, "folded", folded)


@dataclass(frozen=True, slots=True)
class End:
    """Where cards leave a board: the verb that a drop there asks for, and the rows counted under it."""

    verb: Any
    label: Any
    where: F


@dataclass(frozen=True, slots=True)
class Board:
    """A board: one lane per value of `by` (a reference or choice), `sum` in the lane's head, `move` the verb that a
    drag performs; `card` the fields on a card; `scope` narrows to one set of lanes (a pipeline)."""

    by: str
    sum: str = ""
    move: Any = None
    card: tuple[str, ...] = ()
    scope: str = ""
    where: F | None = None
    ends: tuple[End, ...] = ()


@dataclass(frozen=True, slots=True)
class Facts:
    """A panel of field values."""

    names: tuple[str, ...]
    title: Any = ""

    def __init__(self, *names: str, title: Any = "") -> None:
        object.__setattr__(self, "names", names)
        object.__setattr__(self, "title", title)


@dataclass(frozen=True, slots=True)
class Related:
    """A panel of rows of another noun that point here. `noun`: its word; `by`: its field that points here."""

    noun: str
    by: str
    title: Any = ""
    columns: tuple[str, ...] = ()
    where: F | None = None
    limit: int = 5


@dataclass(frozen=True, slots=True)
class Timeline:
    """Everything that was done and what changed."""


@dataclass(frozen=True, slots=True)
class Panel:
    """A hand-made panel: `shows(row, actor) -> context | None` for `template`, or a generator that asks for rows first (see
    `core.base.kept`); declared by an upper module for a lower noun through `on` (a socket)."""

    on: str
    template: str
    shows: Callable[[Any, Actor], dict[str, Any] | Asking[dict[str, Any] | None] | None]
    place: str = "side"
    order: int = 50


@dataclass(frozen=True, slots=True)
class Trace:
    """What a virtual column did to a row that was there before the import, for its undo: the values that stood there
    (by attname, as JSON), and rows of other nouns made for it (word -> ids)."""

    row_id: int
    before: dict[str, Any] = dataclass_field(default_factory=dict)
    made: dict[str, list[int]] = dataclass_field(default_factory=dict)


Apply = Callable[[list[tuple[int, dict[str, Any]]], Actor, frozenset[int]], Sequence[Trace]]
"""(row id, virtual values) of each row, who imports, and the ids of rows that were there before."""


@dataclass(frozen=True, slots=True)
class ImportField:
    """A column of a file that is no plain field: `apply` receives [(row id, virtual values of the row)] for the rows that
    have a value in this column, once they stand. Another virtual column without `apply` is read there too.

    kind and target as for a Field, so that the wizard can offer and check it; of and field: the column fills this field of
    what the reference `of` points at (see Record.fills).
    """

    name: str
    label: Any
    kind: str = "text"
    target: str = ""
    apply: Apply | None = None
    synonyms: tuple[str, ...] = ()
    of: str = ""
    field: Field | None = None
    stored: str = ""
    """The column of the row in which `apply` keeps it, for knowing the row again."""


class Record:
    """Base of all declarations. Reading one costs nothing: names are checked at start by `noren check`."""

    model: ClassVar[type[Model]]
    columns: ClassVar[Sequence[str]] = ()
    filters: ClassVar[Sequence[str]] = ()
    form: ClassVar[Sequence[Section | Row | str]] = ()
    begins: ClassVar[Sequence[str]] = ()  # dates that the form for a new row proposes as today
    actions: ClassVar[Sequence[Action[Any, Any, Any]]] = ()
    board: ClassVar[Board | None] = None
    panels: ClassVar[Sequence[Any]] = ()
    compact: ClassVar[Sequence[str]] = ()  # header, hover card, phone row and search hit
    title: ClassVar[str] = ""  # the field that is the link to the row; default: the first column
    reading: ClassVar[str] = ""  # kana field shown small above the title
    sort: ClassVar[str] = "-updated_at"
    totals: ClassVar[dict[str, str]] = {}  # column -> sum | avg | min | max
    groups: ClassVar[dict[str, str]] = {}  # field -> money | private | secret
    read_only: ClassVar[Sequence[str]] = ()  # shown and exported, never written
    keys: ClassVar[Sequence[tuple[str, ...]]] = ()  # natural keys by which import knows a row again, strongest first
    alike: ClassVar[Sequence[tuple[str, ...]]] = ()  # further keys that only show a person which rows may be the same
    recalled_by: ClassVar[Sequence[str]] = ()
    """What tells import a row again that bears no key: its moment, and all else that a file says of these fields."""
    known_by: ClassVar[Sequence[str]] = ()  # columns by which a reference in a file names a row of this noun
    imports: ClassVar[Sequence[ImportField]] = ()  # fields only an import may set (history), and virtual columns
    history: ClassVar[Sequence[str]] = ()  # state fields that an import may bring as history, never a form
    fills: ClassVar[dict[str, tuple[str | tuple[str, ...], ...]]] = {}
    """reference -> fields of what it points at that columns of an imported file may fill where they are blank (the phone of
    the company on a card); a tuple of fields is filled together, and only where all of them are blank"""
    completed: ClassVar[Sequence[str]] = ()  # columns that the hook `complete` fills besides those of the file
    headers: ClassVar[dict[str, str]] = {}  # field -> what other programs call its column, parted by blanks
    meanings: ClassVar[dict[str, dict[str, str]]] = {}
    """choice field -> value -> what other programs write for it, parted by commas"""
    arrives: ClassVar[int] = 99  # place among the files of a firm that moves in; 0: nobody brings such a file
    made_by_name: ClassVar[bool] = False  # a file that names an unknown one makes it, unless told otherwise
    one_by_one: ClassVar[bool] = False  # saving does more than store: an import makes its rows one after the other
    views: ClassVar[Sequence[tuple[Any, str]]] = ()  # shipped views: (label, query string)
    alive: ClassVar[str] = ""  # query string of the rows somebody must look after; the others are history
    tones: ClassVar[
        dict[str, str]
    ] = {}  # value of a choice -> color of its tag (nando, matsu, kohaku, shu, fuji, line)
    icon: ClassVar[str] = "doc"
    face: ClassVar[str] = ""  # "round" (people) or "square" (firms): a sign made of the name instead of the icon
    nav: ClassVar[tuple[str, int] | None] = None  # (group of the rail, order); None: not in the rail
    hotkey: ClassVar[str] = ""
    pages: ClassVar[bool] = True  # False: no screens of its own (lines, affiliations)

    def __init_subclass__(cls, **kw: Any) -> None:
        super().__init_subclass__(**kw)
        RECORDS[cls.word()] = cls
        by_address.cache_clear()

    # -- identity ----------------------------------------------------------------------------------------------
    @classmethod
    def word(cls) -> str:
        return cls.model.word()

    @classmethod
    def module(cls) -> str:
        return cls.model._meta.app_label

    @classmethod
    def plural(cls) -> str:
        """The word in addresses: `deals` for the Record class Deals."""
        return cls.__name__.lower()

    @classmethod
    def label(cls) -> Any:
        return cls.model._meta.verbose_name

    @classmethod
    def labels(cls) -> Any:
        return cls.model._meta.verbose_name_plural

    @classmethod
    def url(cls, pk: Any = None, verb: str = "") -> str:
        base = f"/{cls.module()}/{cls.plural()}/"
        if pk is not None:
            base += f"{pk}/"
        return f"{base}{verb}/" if verb else base

    # -- fields ------------------------------------------------------------------------------------------------
    @classmethod
    def field(cls, name: str) -> Field:
        """The field of this name. LookupError names the noun and the nearest right name at start-up checks."""
        made = cls.computed(name)
        if made is not None:
            return made
        if name.startswith("extra."):
            return resolve(cls.model, name, cls.groups)
        key = (cls.__qualname__, name)
        if key not in _fields:
            _fields[key] = resolve(cls.model, name, cls.groups)
        return _fields[key]

    @classmethod
    def computed(cls, name: str) -> Field | None:
        """A column that a method of the Record works out; override to declare some."""
        return None

    @classmethod
    def may_read(cls, name: str, actor: Actor) -> bool:
        """Whether the actor may see this field: then it may also be filtered and sorted on, else neither."""
        if actor.is_admin:
            return True
        try:
            return actor.touch(cls.field(name).group) >= Touch.READ
        except LookupError:
            return False

    @classmethod
    def form_names(cls) -> list[str]:
        """Fields that may be written, in the order of the form, custom fields last."""
        if cls not in _forms:
            _forms[cls] = [name for part in cls.form for name in _names(part)]
        names = _forms[cls].copy()
        names.extend(f"extra.{d.key}" for d in definitions(cls.word()) if f"extra.{d.key}" not in names)
        return names

    @classmethod
    def writable(cls, actor: Actor) -> list[Field]:
        """Fields of the form that this actor may write."""
        fields = [cls.field(name) for name in cls.form_names()]
        return fields if actor.is_admin else [f for f in fields if actor.touch(f.group) >= Touch.WRITE]

    @classmethod
    def readable(cls, actor: Actor) -> list[Field]:
        """Every field on the noun itself that this actor may see: what API and export give."""
        names = list(dict.fromkeys((*cls.columns, *cls.form_names(), *cls.read_only, *cls.compact)))
        names = [n for n in names if "__" not in n]
        return [cls.field(n) for n in names if cls.may_read(n, actor)]

    @classmethod
    def filter_names(cls) -> list[str]:
        return [*cls.filters, *(f"extra.{d.key}" for d in definitions(cls.word()))]

    @classmethod
    def vocabulary(cls, actor: Actor) -> Words:
        return Words(cls, actor)

    @classmethod
    def title_field(cls) -> str:
        return cls.title or cls.columns[0]

    @classmethod
    def term(cls, name: str, actor: Actor) -> Term:
        """A field as a filter of this actor may use it. LookupError when there is none."""
        made = cls.field(name).term()
        limit = None if made.key else behind(cls.model, made.path, actor)
        return made if limit is None else replace(made, seen=limit[1])

    # -- hooks: few, counted ------------------------------------------------------------------------------------
    @classmethod
    def from_name(cls, text: str) -> dict[str, Any]:
        """Hook: the least a new row needs when all that is known is its name (a company named in a file of people)."""
        return {cls.title_field(): text}

    @classmethod
    def called(cls, before: str, language: str) -> Any:
        """Hook: an SQL expression of what a row is called, for a noun whose title field alone does not say it.
        before: the path to the row ("person__" or "")."""
        return None

    @classmethod
    def arrive(cls, values: dict[str, Any]) -> None:
        """Hook: an imported row before it is matched; turn words of files into fields (stage Won -> outcome won).
        References are still texts here. Raise intake.plan.BadCell for what cannot be."""

    @classmethod
    def complete(cls, values: dict[str, Any], memo: dict[Any, Any]) -> None:
        """Hook: an imported row that turned out to be new; fill what new rows need. `memo` lasts for the import."""

    @classmethod
    def arrived(cls, rows: Sequence[Any], actor: Actor) -> list[tuple[Any, datetime | None]]:
        """Hook: further facts told by freshly imported rows, each with the moment it became true."""
        return []

    @classmethod
    def prepare(cls, rows: models.QuerySet[Any]) -> models.QuerySet[Any]:
        """Hook: annotate what computed columns need."""
        return rows


class Words:
    """What an actor may filter a noun by."""

    def __init__(self, record: type[Record], actor: Actor) -> None:
        self.record, self.actor = record, actor

    def term(self, name: str) -> Term | None:
        if name == "id":
            return Term("id", "pk", "ref")
        if name == imported.NAME and self.record.keys:
            return imported.import_term(self.record.word(), self.actor)
        if name not in self.record.filters and not name.startswith("extra."):
            return None
        try:
            if not self.record.may_read(name, self.actor):
                return None
            return self.record.term(name, self.actor)
        except LookupError:
            return None

    def __iter__(self) -> Iterator[Term]:
        for name in self.record.filter_names():
            found = self.term(name)
            if found is not None:
                yield found
        came = self.term(imported.NAME)
        if came is not None:
            yield came


RECORDS: dict[str, type[Record]] = {}


@cache
def by_address(module: str, plural: str) -> type[Record]:
    """The record behind `/sales/deals/`. NotFound for unknown words."""
    for record in RECORDS.values():
        if record.module() == module and record.plural() == plural:
            return record
    raise NotFound


def record_of(noun: str | type[models.Model]) -> type[Record]:
    """The declaration of a noun, by word (`sales.deal`, `deal`, `deals`) or model. NotFound when there is none."""
    word = noun if isinstance(noun, str) else noun._meta.label_lower
    word = word.lower()
    if word in RECORDS:
        return RECORDS[word]
    near = [r for w, r in RECORDS.items() if w.rpartition(".")[2] == word or r.plural() == word]
    if len(near) == 1:
        return near[0]
    raise NotFound


def panels_on(word: str) -> list[Panel]:
    """Sockets: panels that other modules put on the page of this noun."""
    return sorted((p for p in SOCKETS if p.on == word), key=lambda p: p.order)


SOCKETS: list[Panel] = []
FURTHER_IMPORTS: dict[str, list[ImportField]] = {}
"""Virtual columns that upper modules add to the imports of a lower noun, by its word."""


def socket(panel: Panel) -> Panel:
    SOCKETS.append(panel)
    return panel


RELATIONS: dict[str, list[Related]] = {}


def relate(on: str, related: Related) -> None:
    """Show rows of an upper noun on the page of a lower one: said by the upper module, which alone knows both."""
    RELATIONS.setdefault(on, []).append(related)


def _names(part: Section | Row | str) -> Iterable[str]:
    if isinstance(part, str):
        return (part,)
    if isinstance(part, Row):
        return part.names
    return (name for row in part.rows for name in _names(row))


_forms: dict[type[Record], list[str]] = {}
_fields: dict[tuple[str, str], Field] = {}
