"""What an import is to do: which column fills which field, how cells are read, what happens to names nobody knows.

A Plan is compiled once per run. Reading a cell is then one call of a small function, remembered for repeated texts.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override

from noren.core.access.actor import Actor
from noren.core.access.rights import Touch
from noren.core.base.errors import Invalid
from noren.core.record.declare import FURTHER_IMPORTS, ImportField, Record, record_of
from noren.core.record.field import Field, _joined
from noren.core.record.intake.columns.guess import Target
from noren.core.record.intake.options import Options
from noren.core.record.intake.readers import READERS, BadCell, choice_words, reader_of, text_reader

EMPTY = object()

ALIASES = {
    "user.full_name": "name",
    "deal.lost_reason": "loss_reason",
}
"""Words of the header dictionary that our fields call otherwise."""

KIND_WORDS = {"longtext": "long", "ref": "link", "kana": "text", "percent": "number", "tags": "text"}


@dataclass(slots=True)
class Column:
    """One column of the file that is taken over."""

    index: int
    header: str
    name: str
    kind: str
    field: Field | None
    virtual: ImportField | None
    read: Callable[[str], Any]
    memory: dict[str, Any] = dataclasses.field(default_factory=dict)
    target: Any = None

    @property
    def attname(self) -> str:
        """The key under which the value lies in a row."""
        if (
            self.field is not None
            and self.field.column is not None
            and self.field.kind == "ref"
            and not self.field.many
        ):
            return str(self.field.column.attname)
        return self.name


FULL = frozenset({"full_name", "full_kana"})
"""Virtual columns that are parted into family and given name before a row is matched."""


@dataclass(slots=True)
class Plan:
    record: type[Record]
    actor: Actor
    options: Options
    columns: list[Column]

    @property
    def refs(self) -> list[Column]:
        return [c for c in self.columns if c.kind == "ref"]


def targets(record: type[Record], actor: Actor) -> list[Target]:
    """The fields an import may fill, as the guesser wants them, labels in both languages as synonyms."""
    noun = record.model._meta.model_name
    found: list[Target] = []
    for one in importable(record, actor):
        if isinstance(one, ImportField) and one.of:
            found.append(Target(one.name, *_spoken(one)))
            continue
        label, synonyms = _labels(one.label)
        choices = frozenset(choice_words(one)) if isinstance(one, Field) and one.kind == "choice" else frozenset()
        kind: Any = KIND_WORDS.get(one.kind, one.kind)
        extra = one.synonyms if isinstance(one, ImportField) else ()
        name = {v: k for k, v in ALIASES.items() if k.startswith(f"{noun}.")}.get(one.name, f"{noun}.{one.name}")
        found.append(Target(name, label, kind, choices, (*synonyms, one.name, *extra)))
    return found


def _labels(label: Any) -> tuple[str, tuple[str, ...]]:
    words = []
    for language in ("ja", "en"):
        with override(language):
            words.append(str(label))
    return words[0], tuple(dict.fromkeys(words))


def _spoken(one: ImportField) -> tuple[str, Any, frozenset[str], tuple[str, ...]]:
    """Label, kind, choices and names of a column that fills what a reference points at. Its bare name is not among them:
    電話 is the person's."""
    label, synonyms = _labels(one.label)
    choices = frozenset(choice_words(one.field)) if one.field and one.field.kind == "choice" else frozenset()
    return label, KIND_WORDS.get(one.kind, one.kind), choices, (*synonyms, one.name)


def importable(record: type[Record], actor: Actor) -> list[Field | ImportField]:
    """Form fields, the state that only history may bring, and the virtual columns of the record."""
    names = [n for n in record.form_names() if not _virtual(record, n)]
    fields: list[Field | ImportField] = [
        f for f in (record.field(n) for n in (*names, *_history(record, actor)))
        if not f.many and (actor.is_admin or actor.touch(f.group) >= Touch.WRITE)
    ]  # fmt: skip
    has = {f.name for f in fields}
    if "external_id" not in has:
        fields.append(record.field("external_id"))
    if "family_name" in has:
        fields.append(ImportField("full_name", _("Full name")))
        fields.append(ImportField("full_kana", _("Full name (reading)")))
    return [*fields, *_imports(record), *fillable(record, actor)]


def fillable(record: type[Record], actor: Actor) -> list[ImportField]:
    """Columns that fill blank fields of what a row points at, as far as the actor may write there."""
    found = []
    for of, parts in record.fills.items():
        target = record_of(record.field(of).target)
        if not (actor.may(target.word(), "edit") or actor.may(target.word(), "create")):
            continue
        writable = {f.name: f for f in target.writable(actor)}
        for name in (n for part in parts for n in ((part,) if isinstance(part, str) else part)):
            if name in writable:
                one = writable[name]
                label = _joined([record.field(of).label, one.label])
                found.append(ImportField(f"{of}.{name}", label, kind=one.kind, of=of, field=one))
    return found


def lent(record: type[Record], names: Collection[str]) -> dict[str, list[str]]:
    """Reference -> fields that these columns fill on the row itself and that stand for what it points at too, told together
    (the parts of an address), unless a column says them of that outright."""
    found = {}
    for of, parts in record.fills.items():
        groups = [part for part in parts if not isinstance(part, str)]
        mine = [
            n for group in groups for n in group if n in names and not any(f"{of}.{other}" in names for other in group)
        ]
        if mine and of in names:
            found[of] = mine
    return found


def _history(record: type[Record], actor: Actor) -> Sequence[str]:
    """How things ended is written by verbs; only who may give rows to others may bring a past that others made."""
    return record.history if actor.is_admin or actor.may(record.model, "assign") else ()


def _imports(record: type[Record]) -> list[ImportField]:
    return [*record.imports, *FURTHER_IMPORTS.get(record.word(), ())]


def _virtual(record: type[Record], name: str) -> bool:
    return any(i.name == name for i in _imports(record))


def field_name(record: type[Record], target: str) -> str:
    """`person.email` of the dictionary as our `email`; a plain name stays."""
    if target in ALIASES:
        return ALIASES[target]
    noun, _, name = target.partition(".")
    return name if noun == record.model._meta.model_name else target


def compile_plan(
    record: type[Record], actor: Actor, header: Sequence[str], mapping: Mapping[str, str], options: Options,
    fixes: Mapping[str, Mapping[str, str]] | None = None,
) -> Plan:  # fmt: skip
    """`mapping`: header name -> field name. Unknown or forbidden fields raise LookupError with the name."""
    allowed = {one.name: one for one in importable(record, actor)}
    columns: list[Column] = []
    for index, name in enumerate(header):
        wanted = mapping.get(name)
        if not wanted or wanted == "-":
            continue
        target = field_name(record, wanted)
        one = allowed.get(target)
        if one is None:
            raise LookupError(wanted)
        columns.append(_column(index, name, one, options))
    used = [c.name for c in columns]
    doubled = {n for n in used if used.count(n) > 1}
    if doubled:
        raise ValueError(", ".join(sorted(doubled)))
    for column in columns:
        of = column.virtual.of if column.virtual is not None else ""
        if of and of not in used:
            words = {"column": column.header, "what": record.field(of).label}
            raise Invalid(
                mapping=_("“%(column)s” describes the %(what)s: assign the column with its name too.") % words
            )
    plan = Plan(record, actor, options, columns)
    for column in columns:
        for raw, instead in (fixes or {}).get(column.name, {}).items():
            column.memory[raw] = _read_safely(column, instead) if instead else EMPTY
        for raw in options.blanks:
            column.memory[raw] = EMPTY
    return plan


def _fill_reader(one: ImportField, options: Options) -> Callable[[str], Any]:
    """Reads a field of what a reference points at, and judges it as that noun would."""
    assert one.field is not None
    inner, name = reader_of(dataclasses.replace(one.field, name=one.name), options), one.field.name
    model = one.field.column.model

    def read(cell: str) -> Any:
        value = inner(cell)
        probe = model(**{name: value})
        try:
            probe.clean()
        except ValidationError as fault:
            told = getattr(fault, "error_dict", {}).get(name)
            if told:
                reason = " ".join(text for error in told for text in error.messages)
                raise BadCell("invalid", reason=reason) from fault
        return getattr(probe, name)

    return read


def _read_safely(column: Column, text: str) -> Any:
    try:
        return column.read(text)
    except BadCell as fault:
        return fault


def _column(index: int, header: str, one: Field | ImportField, options: Options) -> Column:
    if isinstance(one, ImportField) and one.of:
        return Column(index, header, one.name, one.kind, None, one, _fill_reader(one, options))
    if isinstance(one, ImportField):
        kind = "ref" if one.target else one.kind
        return Column(
            index,
            header,
            one.name,
            kind,
            None,
            one,
            READERS.get(one.kind, text_reader(255))(options, one.name),
            target=one.target,
        )
    return Column(index, header, one.name, one.kind, one, None, reader_of(one, options), target=one.target)


__all__ = [
    "EMPTY",
    "FULL",
    "BadCell",
    "Column",
    "Options",
    "Plan",
    "compile_plan",
    "field_name",
    "importable",
    "targets",
]
