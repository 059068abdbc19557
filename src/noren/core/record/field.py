"""A field as every reader sees it: one description for lists, forms, filters, import, export, API and metrics.

Nothing is said twice: type, label, help, choices, nullability and relation come from the model.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.utils.translation import get_language

from noren.core.base.search import SearchText
from noren.core.filter.vocabulary import Term
from noren.core.record.custom import definition_of


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a noun, perhaps reached through references (`company__industry`) or custom (`extra.region`).

    name: as declared and as used in addresses, files and the API; path: the ORM path; kind: one of filter KINDS;
    column: the model field behind it (None for computed ones); target: the noun a reference points to;
    computed: name of a method of the Record that gives the value of a row.
    """

    name: str
    path: str
    label: Any
    kind: str
    group: str = "public"
    null: bool = True
    required: bool = False
    choices: Sequence[tuple[Any, Any]] = ()
    target: Any = None
    column: Any = None
    key: str = ""
    help: Any = ""
    max_length: int | None = None
    computed: str = ""
    many: bool = False
    default: Any = None

    @property
    def is_custom(self) -> bool:
        return bool(self.key)

    @property
    def is_near(self) -> bool:
        """On the noun itself, not behind a reference."""
        return "__" not in self.name

    @property
    def is_right(self) -> bool:
        """Right-aligned in tables."""
        return self.kind in ("number", "money", "percent")

    def term(self) -> Term:
        return Term(self.name, self.path, self.kind, self.label, self.key, self.choices, self.target)

    def choice_label(self, value: Any) -> str:
        for stored, label in self.choices:
            if stored == value:
                return str(label)
        return "" if value is None else str(value)


KIND_OF: tuple[tuple[type[models.Field[Any, Any]], str], ...] = (
    (models.BooleanField, "bool"),
    (models.ManyToManyField, "ref"),
    (models.ForeignKey, "ref"),
    (models.DateTimeField, "datetime"),
    (models.DateField, "date"),
    (models.TextField, "longtext"),
    (models.IntegerField, "number"),
    (models.DecimalField, "number"),
    (models.FloatField, "number"),
)


def kind_of(column: Any) -> str:
    if column.choices:
        return "choice"
    found = getattr(column, "kind", None)
    if found:
        return str(found)
    for base, kind in KIND_OF:
        if isinstance(column, base):
            return kind
    return "text"


def resolve(model: type[models.Model], name: str, groups: dict[str, str]) -> Field:
    """The field of this name. LookupError when there is none."""
    if name.startswith("extra."):
        return _custom(model, name)
    at: Any = model
    labels: list[Any] = []
    column: Any = None
    for part in name.split("__"):
        if at is None:
            raise LookupError(name)
        try:
            column = at._meta.get_field(part)
        except FieldDoesNotExist as fault:
            raise LookupError(name) from fault
        labels.append(getattr(column, "verbose_name", part))
        at = column.related_model if column.is_relation else None
    if isinstance(column, (models.ForeignObjectRel, SearchText)):
        raise LookupError(name)  # no field of the row: the other end of a relation, the text put together to search
    label = labels[-1] if len(labels) == 1 else _joined(labels)
    target = column.related_model if column.is_relation else None
    return Field(
        name=name, path=name, label=label, kind=kind_of(column), group=groups.get(name, "public"), null=column.null,
        required=not column.blank and not column.has_default() and column.editable, choices=column.choices or (),
        target=target, column=column, help=column.help_text, max_length=column.max_length,
        many=isinstance(column, models.ManyToManyField),
        default=column.get_default() if column.has_default() and not callable(column.default) else None,
    )  # fmt: skip


class _joined:  # noqa: N801  (a lazy text)
    """`Company: Industry`, put together when it is shown, in the language of that moment."""

    __slots__ = ("labels",)

    def __init__(self, labels: list[Any]) -> None:
        self.labels = labels

    def __str__(self) -> str:
        joint = "の" if (get_language() or "").startswith("ja") else ": "
        return joint.join(str(label) for label in self.labels)

    def __html__(self) -> str:
        from django.utils.html import escape

        return escape(str(self))


def _custom(model: type[models.Model], name: str) -> Field:
    made = definition_of(model._meta.label_lower, name[6:])
    if made is None:
        raise LookupError(name)
    kind = made.kind
    choices = [(c, c) for c in made.choices] if kind == "choice" else ()
    label = made.label_ja if (get_language() or "ja").startswith("ja") or not made.label_en else made.label_en
    return Field(
        name=name, path=f"extra__{made.key}", label=label, kind=kind, group=made.group, required=made.required,
        choices=choices, key=made.key,
    )  # fmt: skip
