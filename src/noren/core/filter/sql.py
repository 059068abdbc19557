"""A filter as SQL (a Django Q). Values are always parameters; names come from the vocabulary alone."""

from __future__ import annotations

import operator
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from functools import reduce
from typing import Any

from django.db.models import Q
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _

from noren.core.access.scope import is_user
from noren.core.base.period import Period
from noren.core.base.text import clean
from noren.core.filter.condition import All, BadFilter, Cond, F, Node, Not, Some
from noren.core.filter.vocabulary import Term, Vocabulary
from noren.core.filter.when import When

NUMBERS = frozenset({"number", "money", "percent"})
DATES = frozenset({"date", "datetime"})
FIRST_YEAR, LAST_YEAR = 2, 9998  # a day before or after must exist in every time zone
TEXTS = frozenset({"text", "longtext", "kana", "email", "phone", "url", "postal"})

OPS_OF: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(TEXTS, ("is", "not", "has", "starts", "in", "out", "empty", "filled")),
    **dict.fromkeys(NUMBERS, ("is", "gte", "lte", "gt", "lt", "not", "in", "empty", "filled")),
    **dict.fromkeys(DATES, ("on", "gte", "lte", "gt", "lt", "is", "empty", "filled")),
    "bool": ("is", "not"),
    "choice": ("is", "in", "not", "out", "empty", "filled"),
    "ref": ("is", "in", "not", "out", "empty", "filled"),
    "tags": ("has", "empty", "filled"),
}


def to_q(where: F | None, vocabulary: Vocabulary, when: When) -> Q:
    """The condition for `.filter()`. BadFilter when a name or value is not acceptable."""
    return _node(where.node, vocabulary, when) if where else Q()


def _node(node: Node, vocabulary: Vocabulary, when: When) -> Q:
    if isinstance(node, Cond):
        return _cond(node, vocabulary, when)
    if isinstance(node, Not):
        return ~_node(node.part, vocabulary, when)
    parts = [_node(part, vocabulary, when) for part in node.parts]
    join: Callable[[Q, Q], Q] = operator.and_ if isinstance(node, All) else operator.or_
    return reduce(join, parts, Q()) if parts else Q()


OPPOSITES = {"not": "is", "out": "in", "filled": "empty"}


def _cond(cond: Cond, vocabulary: Vocabulary, when: When) -> Q:
    term = vocabulary.term(cond.field)
    if term is None:
        raise BadFilter(_("There is no field “%(field)s” to filter by.") % {"field": cond.field}, cond.field)
    if term.seen is None:
        return _known(term, cond, when)
    if cond.op in OPPOSITES and cond.op in OPS_OF[term.kind]:
        return ~_cond(Cond(cond.field, OPPOSITES[cond.op], cond.value), vocabulary, when)
    found = _known(term, cond, when)
    return found | ~term.seen if cond.op == "empty" else found & term.seen


def _known(term: Term, cond: Cond, when: When) -> Q:
    if cond.op not in OPS_OF[term.kind]:
        raise BadFilter(
            _("%(field)s does not take the operator %(op)s.") % {"field": cond.field, "op": cond.op}, cond.field
        )
    if term.within is not None:
        return _standing(term, cond)
    if cond.op == "empty":
        return _empty(term)
    if cond.op == "filled":
        return ~_empty(term)
    if cond.op in ("in", "out"):
        values = cond.value if isinstance(cond.value, tuple) else (cond.value,)
        inside = _within(term, values, when)
        return inside if cond.op == "in" else ~inside
    if term.kind in DATES:
        return _dated(term, cond, when)
    if term.kind == "ref" and cond.op in ("is", "not"):
        inside = _within(term, (cond.value,), when)
        return inside if cond.op == "is" else ~inside
    value = _value(term, cond.value)
    if cond.op in ("is", "not"):
        same = Q(**{term.path: value})
        return same if cond.op == "is" else ~same
    lookup = {"has": "icontains", "starts": "istartswith"}.get(cond.op, cond.op)
    if term.kind == "tags" and cond.op == "has":
        lookup = "contains"
        value = [value]
    return Q(**{f"{term.path}__{lookup}": value})


def _standing(term: Term, cond: Cond) -> Q:
    """A term without a path: rows that its values stand for."""
    assert term.within is not None
    values: tuple[int, ...] | None = None
    if cond.op not in ("empty", "filled"):
        try:
            values = tuple(int(_number(v)) for v in (cond.value if isinstance(cond.value, tuple) else (cond.value,)))
        except ValueError as fault:
            raise BadFilter(_incomparable(term, cond.value), term.name) from fault
        if any(abs(value) >= 2**63 for value in values):
            raise BadFilter(_incomparable(term, cond.value), term.name)
    inside = term.within(values)
    return ~inside if cond.op in ("not", "out", "empty") else inside


def _incomparable(term: Term, value: Any) -> str:
    return _("%(field)s cannot be compared with “%(value)s”.") % {"field": term.name, "value": str(value)[:60]}


def _empty(term: Term) -> Q:
    missing = Q(**{f"{term.path}__isnull": True})
    if term.kind in TEXTS or term.kind == "choice":
        missing |= Q(**{term.path: ""})
    if term.kind == "tags":
        missing |= Q(**{term.path: []})
    return missing


def _within(term: Term, values: tuple[Any, ...], when: When) -> Q:
    plain: list[Any] = []
    for value in values:
        if value == "@me":
            plain.append(when.actor.user_id)
        elif value == "@my_team":
            plain.extend(
                when.actor.team_user_ids if term.target is not None and is_user(term.target) else when.actor.team_ids
            )
        else:
            plain.append(_value(term, value))
    return Q(**{f"{term.path}__in": plain})


def _value(term: Term, value: Any) -> Any:
    try:
        if term.kind == "ref" or term.kind in NUMBERS:
            return _number(value)
        if term.kind == "bool":
            return (
                value if isinstance(value, bool) else {"true": True, "false": False, "1": True, "0": False}[str(value)]
            )
        if term.kind == "choice" and term.choices and not term.key:
            known = {str(v): v for v, _label in term.choices}
            return known[str(value)]
    except (KeyError, ValueError, InvalidOperation) as fault:
        raise BadFilter(_incomparable(term, value), term.name) from fault
    text = str(value)
    if clean(text) != text.replace("\r\n", "\n").replace("\r", "\n"):
        raise BadFilter(_("%(field)s cannot hold such a text.") % {"field": term.name}, term.name)
    return text


def _number(value: Any) -> int | Decimal:
    text = str(value).strip()
    if not text or not text.lstrip("-").replace(".", "", 1).isdigit() or not text.isascii() or len(text) > 20:
        raise ValueError(value)
    number = Decimal(text)
    return int(number) if number == number.to_integral_value() and "." not in text else number


def day_or_period(value: Any, when: When) -> Period:
    """The days a value means: `2026-11-20`, `@this_quarter`, `2026-11`."""
    if isinstance(value, datetime):
        value = value.date()
    if isinstance(value, date):
        return Period(value, value)
    text = str(value)
    try:
        day = None if text.startswith("@") else parse_date(text)
        span = Period(day, day) if day is not None else when.period(text.removeprefix("@"))
    except (ValueError, OverflowError) as fault:
        raise BadFilter(_("“%(text)s” is not a day or a period.") % {"text": text}) from fault
    if not (span.first.year >= FIRST_YEAR and span.last.year <= LAST_YEAR):
        raise BadFilter(_("“%(text)s” is not a day or a period.") % {"text": text})
    return span


def _dated(term: Term, cond: Cond, when: When) -> Q:
    span = day_or_period(cond.value, when)
    first: Any = span.first
    after: Any = span.last + timedelta(days=1)
    if term.kind == "datetime":
        zone = when.actor.zone
        first = datetime.combine(first, time.min, zone)
        after = datetime.combine(after, time.min, zone)
    path = term.path
    match cond.op:
        case "on" | "is":
            return Q(**{f"{path}__gte": first, f"{path}__lt": after})
        case "gte":
            return Q(**{f"{path}__gte": first})
        case "gt":
            return Q(**{f"{path}__gte": after})
        case "lt":
            return Q(**{f"{path}__lt": first})
        case _:
            return Q(**{f"{path}__lt": after})


__all__ = ["OPS_OF", "F", "Some", "day_or_period", "to_q"]
