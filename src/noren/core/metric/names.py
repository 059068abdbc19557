"""Filters typed by people: fields and choices may be called as screens call them, and rows by their names."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

from django.core.exceptions import FieldDoesNotExist
from django.db.models import F as Column
from django.db.models import Value
from django.db.models.functions import Replace
from django.utils.translation import gettext_lazy as _

from noren.core.access.actor import Actor
from noren.core.access.scope import visible
from noren.core.base.errors import NotFound
from noren.core.filter.condition import Cond, F
from noren.core.filter.url import from_params
from noren.core.filter.vocabulary import Term
from noren.core.metric.declare import Metric
from noren.core.metric.question import CannotAsk, Words
from noren.core.record.declare import record_of

NAMES = ("name", "legal_name", "title", "email", "external_id")


def typed_filter(metric: Metric, texts: Iterable[str], actor: Actor) -> F:
    """`["owner=Anna Snelling", "amount__gte=1000", "結果=受注"]` as a filter; names of references become their ids."""
    conditions: dict[str, list[str]] = {}
    for text in texts:
        name, mark, value = text.partition("=")
        if not mark:
            raise CannotAsk(_("“%(text)s” is not a condition: write field=value."), text=text)
        conditions.setdefault(name.strip(), []).append(value.strip())
    return with_ids(metric, from_params(conditions), actor)


def with_ids(metric: Metric, where: F, actor: Actor) -> F:
    words = Words(metric, actor)
    possible = tuple(dict.fromkeys((*metric.dimensions(), *record_of(metric.model).filters)))

    def change(node: Any) -> Any:
        if not isinstance(node, Cond):
            return (
                type(node)(tuple(change(p) for p in node.parts))
                if hasattr(node, "parts")
                else type(node)(change(node.part))
            )
        term = words.term(node.field) or _called(node.field, possible, words)
        if term is None:
            raise CannotAsk(
                _("%(metric)s cannot be filtered by “%(name)s”. Possible: %(possible)s."), metric=metric.label,
                name=node.field, possible=", ".join(possible),
            )  # fmt: skip
        read = partial(_id, term.target, actor=actor) if term.kind == "ref" and term.target is not None else None
        if term.kind == "choice" and term.choices:
            read = partial(_choice, term)
        if read is None or node.value is None or isinstance(node.value, bool):
            return Cond(term.name, node.op, node.value)
        values = node.value if isinstance(node.value, tuple) else (node.value,)
        ids = tuple(read(str(v)) for v in values)
        return Cond(term.name, node.op, ids if isinstance(node.value, tuple) else ids[0])

    return F(change(where.node))


def _called(label: str, names: Iterable[str], words: Words) -> Term | None:
    """The term that screens call so, in the language of the asker."""
    terms = (words.term(name) for name in names)
    return next((term for term in terms if term and str(term.label).casefold() == label.casefold()), None)


def _choice(term: Term, text: str) -> Any:
    """A choice by its value or by what it is called."""
    known = {str(value): value for value, _label in term.choices}
    called = {str(label).casefold(): value for value, label in term.choices}
    if text in known:
        return known[text]
    if text.casefold() in called:
        return called[text.casefold()]
    raise CannotAsk(
        _("“%(text)s” is not a value of %(name)s. Possible: %(possible)s."), text=text, name=term.label,
        possible=", ".join(f"{value} ({label})" for value, label in term.choices if value != ""),
    )  # fmt: skip


def _id(target: Any, text: str, actor: Actor) -> Any:
    if text.startswith("@") or text.isdigit():
        return text
    names = [name for name in dict.fromkeys((_title(target), *NAMES)) if _has(target, name)]
    for name in names:
        told = visible(target, actor).alias(close=_close(Column(name)))
        for same in ({f"{name}__iexact": text}, {"close__iexact": "".join(text.split())}):
            found = list(told.filter(**same).values_list("pk", flat=True)[:2])
            if len(found) == 1:
                return found[0]
            if found:
                raise CannotAsk(_("There are several called “%(name)s”: give the number instead."), name=text)
    raise CannotAsk(_("There is no %(noun)s called “%(name)s”."), noun=target._meta.verbose_name, name=text)


def _close(name: Any) -> Any:
    """A name without its spaces, narrow and wide."""
    for space in (" ", "\u3000"):
        name = Replace(name, Value(space), Value(""))
    return name


def _title(target: Any) -> str:
    try:
        return record_of(target).title_field()
    except (NotFound, IndexError):
        return "name"


def _has(target: Any, name: str) -> bool:
    try:
        return not target._meta.get_field(name).is_relation
    except FieldDoesNotExist:
        return False
