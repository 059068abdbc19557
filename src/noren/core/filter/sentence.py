"""A filter read aloud: “stage is Negotiation and amount is at least 1,000”."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from django.utils.translation import get_language, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from noren.core.filter.condition import All, Cond, F, Node, Not
from noren.core.filter.vocabulary import Term, Vocabulary

ISO_DAY = re.compile(r"(\d{4})-(\d{2})-(\d{2})((?:[T ]\d{2}:\d{2})?)")
LAST_DAYS = re.compile(r"@last_([1-9]\d{0,3})_days")
OP_LABELS: dict[str, Any] = {
    "is": pgettext_lazy("filter", "is"),
    "not": pgettext_lazy("filter", "is not"),
    "in": pgettext_lazy("filter", "is any of"),
    "out": pgettext_lazy("filter", "is none of"),
    "gte": pgettext_lazy("filter", "is at least"),
    "lte": pgettext_lazy("filter", "is at most"),
    "gt": pgettext_lazy("filter", "is more than"),
    "lt": pgettext_lazy("filter", "is less than"),
    "has": pgettext_lazy("filter", "contains"),
    "starts": pgettext_lazy("filter", "starts with"),
    "empty": pgettext_lazy("filter", "is empty"),
    "filled": pgettext_lazy("filter", "is filled"),
    "on": pgettext_lazy("filter", "is in"),
}
DATE_LABELS: dict[str, Any] = {
    "gte": pgettext_lazy("filter date", "from"),
    "lte": pgettext_lazy("filter date", "until"),
    "gt": pgettext_lazy("filter date", "after"),
    "lt": pgettext_lazy("filter date", "before"),
}
PERIOD_LABELS: dict[str, Any] = {
    "@today": _("today"),
    "@yesterday": _("yesterday"),
    "@this_week": _("this week"),
    "@last_week": _("last week"),
    "@this_month": _("this month"),
    "@last_month": _("last month"),
    "@this_quarter": _("this quarter"),
    "@last_quarter": _("last quarter"),
    "@this_half": _("this half year"),
    "@last_half": _("last half year"),
    "@this_fy": _("this fiscal year"),
    "@last_fy": _("last fiscal year"),
    "@this_year": _("this calendar year"),
    "@last_year": _("last calendar year"),
    "@me": _("me"),
    "@my_team": _("my team"),
}


def op_label(term: Term, op: str) -> str:
    if term.kind in ("date", "datetime") and op in DATE_LABELS:
        return str(DATE_LABELS[op])
    return str(OP_LABELS[op])


def sentence(where: F, vocabulary: Vocabulary, name_of: Callable[[Term, Any], str] | None = None) -> str:
    """`name_of(term, value)` turns a stored value into words (the name behind a reference)."""
    return _node(where.node, vocabulary, name_of or value_label)


def _node(node: Node, vocabulary: Vocabulary, name_of: Callable[[Term, Any], str]) -> str:
    if isinstance(node, Cond):
        term = vocabulary.term(node.field)
        if term is None:
            return node.field
        values = node.value if isinstance(node.value, tuple) else (node.value,)
        words = "" if node.op in ("empty", "filled") else " " + ", ".join(name_of(term, v) for v in values)
        return f"{term.label} {op_label(term, node.op)}{words}"
    if isinstance(node, Not):
        return str(_("not (%s)")) % _node(node.part, vocabulary, name_of)
    joint = str(_(" and ")) if isinstance(node, All) else str(_(" or "))
    parts = [_node(part, vocabulary, name_of) for part in node.parts]
    return joint.join(
        f"({p})" if isinstance(inner, (All,)) and len(inner.parts) > 1 else p
        for p, inner in zip(parts, node.parts, strict=True)
    )


def value_label(term: Term, value: Any) -> str:
    if isinstance(value, str) and value in PERIOD_LABELS:
        return str(PERIOD_LABELS[value])
    if days := LAST_DAYS.fullmatch(str(value)):
        return str(_("the last %(n)s days")) % {"n": days[1]}
    for stored, label in term.choices:
        if str(stored) == str(value):
            return str(label)
    if term.kind in ("date", "datetime"):
        return _day(str(value))
    return str(value)


def _day(text: str) -> str:
    """A day of an address (2026-11-01) as it is read: 2026/11/01 in Japanese. Anything else stays as it is."""
    found = ISO_DAY.match(text)
    if found is None or not (get_language() or "ja").startswith("ja"):
        return text
    return f"{found[1]}/{found[2]}/{found[3]}{found[4].replace('T', ' ')}"
