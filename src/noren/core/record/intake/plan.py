"""What an import is to do: which column fills which field, how cells are read, what happens to names nobody knows.

A Plan is compiled once per run. Reading a cell is then one call of a small function, remembered for repeated texts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override

from noren.core.access.actor import Actor
from noren.core.access.firm import firm
from noren.core.access.rights import Touch
from noren.core.base.japan.calendar import parse_date
from noren.core.base.japan.kana import kana_input
from noren.core.base.japan.mail import split_emails
from noren.core.base.japan.person import split_full_name, strip_honorific
from noren.core.base.japan.values import Unreadable, parse_bool, parse_money, parse_number, parse_percent
from noren.core.base.money import exponent
from noren.core.base.text import clean
from noren.core.record.declare import ImportField, Record
from noren.core.record.field import Field
from noren.core.record.intake.guess import Target

MEMORY = 20_000  # distinct texts remembered per column
EMPTY = object()

ALIASES = {
    "user.full_name": "name",
    "deal.lost_reason": "loss_reason",
}
"""Words of the header dictionary that our fields call otherwise."""

KIND_WORDS = {"longtext": "long", "ref": "link", "kana": "text", "percent": "number", "tags": "text"}


@dataclass(slots=True)
class Options:
    """Choices of the person who imports. See `defaults` for what holds unless said otherwise."""

    on_match: str = "update"  # update | skip | create: what happens to a row that is already there
    blank: str = "keep"  # keep | clear: what an empty cell does to a row that is already there
    unknown: dict[str, str] = field(default_factory=dict)  # reference field -> create | blank | error
    blanks: tuple[str, ...] = ()  # texts that stand for an empty cell (NULL, -)
    date_order: str = "ymd"
    date_orders: dict[str, str] = field(default_factory=dict)  # field -> order, when columns differ
    automations: bool = False
    owner: int | None = None

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Options:
        known = {k: v for k, v in data.items() if k in cls.__dataclass_fields__}
        if "blanks" in known:
            known["blanks"] = tuple(known["blanks"])
        return cls(**known)


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
    memory: dict[str, Any] = field(default_factory=dict)
    target: Any = None

    @property
    def attname(self) -> str:
        """The key under which the value lies in a row."""
        if self.field is not None and self.field.column is not None and self.field.kind == "ref" and not self.field.many:
            return str(self.field.column.attname)
        return self.name


class BadCell(ValueError):
    """A cell that cannot be taken over. `code` and `params` make the sentence."""

    def __init__(self, code: str, **params: Any) -> None:
        super().__init__(code)
        self.code, self.params = code, params


SPLIT = ("full_name", "full_kana")


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
        label, synonyms = _labels(one.label)
        choices = tuple(str(v) for v, _l in getattr(one, "choices", ()) if v != "")
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


def importable(record: type[Record], actor: Actor) -> list[Field | ImportField]:
    """Form fields, the state that only history may bring, and the virtual columns of the record."""
    names = [n for n in record.form_names() if not _virtual(record, n)]
    fields: list[Field | ImportField] = [
        f for f in (record.field(n) for n in (*names, *record.history)) if actor.is_admin or actor.touch(f.group) >= Touch.WRITE
    ]
    has = {f.name for f in fields}
    if "external_id" not in has:
        fields.append(record.field("external_id"))
    if "family_name" in has:
        fields.append(ImportField("full_name", _("Full name")))
        fields.append(ImportField("full_kana", _("Full name (reading)")))
    return [*fields, *record.imports]


def _virtual(record: type[Record], name: str) -> bool:
    return any(i.name == name for i in record.imports)


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
    plan = Plan(record, actor, options, columns)
    for column in columns:
        for raw, instead in (fixes or {}).get(column.name, {}).items():
            column.memory[raw] = _read_safely(column, instead) if instead else EMPTY
        for raw in options.blanks:
            column.memory[raw] = EMPTY
    return plan


def _read_safely(column: Column, text: str) -> Any:
    try:
        return column.read(text)
    except BadCell as fault:
        return fault


def _column(index: int, header: str, one: Field | ImportField, options: Options) -> Column:
    if isinstance(one, ImportField):
        kind = "ref" if one.target else one.kind
        return Column(index, header, one.name, kind, None, one, READERS.get(one.kind, _text_reader(255))(options, one.name), target=one.target)
    return Column(index, header, one.name, one.kind, one, None, _reader(one, options), target=one.target)


Reader = Callable[[str], Any]


def _reader(one: Field, options: Options) -> Reader:
    if one.kind in ("text", "longtext", "phone"):
        return _plain_text(one)
    if one.kind == "choice":
        return _choice(one)
    if one.kind == "ref":
        return lambda cell: clean(cell).strip()
    if one.kind in READERS:
        inner = READERS[one.kind](options, one.name)
        return _validated(inner, one)
    return _through_column(one)


def _plain_text(one: Field) -> Reader:
    longest = one.max_length or 1_000_000
    honorifics = one.name in ("legal_name", "family_name", "given_name")

    def read(cell: str) -> str:
        text = clean(cell).strip()
        if honorifics:
            text = strip_honorific(text)
        if len(text) > longest:
            raise BadCell("too_long", limit=longest, length=len(text))
        return text

    return read


def _text_reader(longest: int) -> Callable[[Options, str], Reader]:
    def make(_options: Options, _name: str) -> Reader:
        return lambda cell: clean(cell).strip()[:longest]

    return make


def _through_column(one: Field) -> Reader:
    """Kana, e-mail, address, postal code: the model field tidies and judges."""
    column = one.column

    def read(cell: str) -> Any:
        text = cell
        if one.kind == "email":
            several = split_emails(cell)
            text = several[0] if several else cell
        try:
            value = column.to_python(text) if column is not None else clean(text).strip()
            if column is not None and value:
                column.run_validators(value)
        except ValidationError as fault:
            raise BadCell("invalid", reason=" ".join(fault.messages)) from fault
        return value

    return read


def _validated(inner: Reader, one: Field) -> Reader:
    column = one.column
    if column is None:
        return inner

    def read(cell: str) -> Any:
        value = inner(cell)
        try:
            column.run_validators(value)
        except ValidationError as fault:
            raise BadCell("invalid", reason=" ".join(fault.messages)) from fault
        return value

    return read


def _choice(one: Field) -> Reader:
    words: dict[str, Any] = {}
    for language in ("ja", "en"):
        with override(language):
            for value, label in one.choices:
                words[_key(str(label))] = value
    for value, _label in one.choices:
        words[_key(str(value))] = value

    def read(cell: str) -> Any:
        key = _key(cell)
        if key in words:
            return words[key]
        raise BadCell("unknown_choice", value=cell[:80])

    return read


def _key(text: str) -> str:
    from noren.core.base.text import fold

    return fold(text).strip()


def _wrap(parse: Callable[[str], Any]) -> Reader:
    def read(cell: str) -> Any:
        try:
            return parse(cell)
        except Unreadable as fault:
            raise BadCell(fault.code, **{k: str(v)[:80] for k, v in fault.params.items()}) from fault

    return read


def _money(_options: Options, _name: str) -> Reader:
    places = exponent(firm().currency)

    def parse(cell: str) -> int:
        value = parse_money(cell).value.scaleb(places)
        return int(value.quantize(Decimal(1), rounding="ROUND_HALF_UP"))

    return _wrap(parse)


def _whole(_options: Options, _name: str) -> Reader:
    def parse(cell: str) -> int:
        value = parse_number(cell)
        if value != value.to_integral_value() or abs(value) >= 2**31:
            raise Unreadable("number.not_whole", value=cell[:40])
        return int(value)

    return _wrap(parse)


def _percent(_options: Options, _name: str) -> Reader:
    def parse(cell: str) -> int:
        value = parse_percent(cell) if "%" in cell or "％" in cell else parse_number(cell)
        if not 0 <= value <= 100:
            raise Unreadable("percent.range", value=cell[:40])
        return int(value)

    return _wrap(parse)


def _date(options: Options, name: str) -> Reader:
    order = options.date_orders.get(name, options.date_order)

    def parse(cell: str) -> Any:
        text = _reordered(cell, order)
        day = parse_date(text.split("T")[0].split(" ")[0] if ":" in text else text, serial=order in ("serial", "mixed"))
        return day

    return _wrap(parse)


def _datetime(options: Options, name: str) -> Reader:
    day_of = _date(options, name)

    def read(cell: str) -> Any:
        text = cell.strip()
        try:
            moment = parse_datetime(text.replace("/", "-")) if ":" in text else None
        except ValueError:
            moment = None
        zone = _zone()
        if moment is not None:
            return moment if moment.tzinfo else moment.replace(tzinfo=zone)
        clock = time(0)
        head, _, tail = text.partition(" ")
        if ":" in tail:
            hours, _, rest = tail.partition(":")
            minutes = rest[:2]
            if hours.strip().isdigit() and minutes.isdigit() and int(hours) < 24 and int(minutes) < 60:
                clock = time(int(hours), int(minutes))
        return datetime.combine(day_of(head if ":" in tail else text), clock, zone)

    return read


def _zone() -> Any:
    from zoneinfo import ZoneInfo

    return ZoneInfo(firm().tz)


def _reordered(cell: str, order: str) -> str:
    """25/12/2026 and 12/25/2026 as year-month-day, in the order the column was said to have."""
    if order not in ("dmy", "mdy"):
        return cell
    import re

    found = re.fullmatch(r"\s*(\d{1,2})[/.\- ](\d{1,2})[/.\- ](\d{2,4})(.*)", cell)
    if not found:
        return cell
    first, second, year, rest = found.groups()
    day, month = (first, second) if order == "dmy" else (second, first)
    if len(year) == 2:
        year = ("20" if int(year) < 70 else "19") + year
    return f"{year}-{int(month):02d}-{int(day):02d}{rest}"


def _decimal(_options: Options, _name: str) -> Reader:
    return _wrap(parse_number)


READERS: dict[str, Callable[[Options, str], Reader]] = {
    "money": _money,
    "number": _whole,
    "percent": _percent,
    "date": _date,
    "datetime": _datetime,
    "bool": lambda _o, _n: _wrap(parse_bool),
    "text": _text_reader(255),
    "decimal": _decimal,
}


def names_of(values: dict[str, Any]) -> None:
    """A full name in one column becomes family and given name when a space parts it; else it stays in one piece."""
    for whole, family, given in (("full_name", "family_name", "given_name"), ("full_kana", "family_kana", "given_kana")):
        text = values.pop(whole, None)
        if not text or values.get(family):
            continue
        text = strip_honorific(text)
        if whole == "full_kana":
            try:
                text = kana_input(text)
            except ValueError as fault:
                raise BadCell("kana.not_kana", value=text[:80]) from fault
        parts = split_full_name(text)
        values[family], values[given] = parts if parts else (text, values.get(given, ""))
