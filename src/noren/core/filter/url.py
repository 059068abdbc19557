"""A filter as URL parameters: `stage=3&stage=4&amount__gte=1000&owner=@me`; groups travel in `q` as JSON.

Every list state is an address, so a filter must survive being pasted into a chat.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.translation import gettext as _

from noren.core.filter.condition import OPS, All, BadFilter, Cond, F, Node

RESERVED = frozenset(
    ("q", "sort", "page", "after", "before", "view", "layout", "columns", "find", "size", "exact", "jump", "from", "format",
     "fragment", "csrfmiddlewaretoken")
)  # fmt: skip
"""Words of an address that are no filter. Every other one is: what names no field is refused, never passed over, because a
filter that does nothing shows more than was asked for."""


def from_params(params: Mapping[str, Any], reserved: Iterable[str] = RESERVED) -> F:
    """Read a filter from a QueryDict (or a plain mapping of lists)."""
    skip = set(reserved)
    parts: list[Node] = []
    for name in params:
        if name in skip or name.startswith("_"):
            continue
        values = params.getlist(name) if hasattr(params, "getlist") else _listed(params[name])
        field, _mark, op = name.rpartition("__")
        if not field or op not in OPS:
            field, op = name, "is"
        if op in ("empty", "filled"):
            says_no = values[-1:] in (["0"], ["false"], ["no"])
            parts.append(Cond(field, {"empty": "filled", "filled": "empty"}[op] if says_no else op))
        elif op in ("in", "out") or len(values) > 1:
            many = tuple(v for value in values for v in str(value).split(",") if v != "")
            parts.append(Cond(field, "out" if op in ("out", "not") else "in" if op in ("in", "is") else op, many))
        elif values and values[0] != "":
            parts.append(Cond(field, op, values[0]))
    tree = F(All(tuple(parts)))
    raw = params.get("q")
    if raw:
        try:
            tree = tree & F.from_json(json.loads(raw if isinstance(raw, str) else raw[0]))
        except (ValueError, RecursionError) as fault:
            raise BadFilter(_("The filter in the address cannot be read.")) from fault
    return tree


def to_params(where: F) -> list[tuple[str, str]]:
    """The parameters that give this filter back through `from_params`."""
    pairs: list[tuple[str, str]] = []
    rest: list[Node] = []
    top = where.clauses()
    seen: set[str] = set()
    for part in top:
        if isinstance(part, Cond):
            name = part.field if part.op == "is" else f"{part.field}__{part.op}"
            if name not in seen and name not in RESERVED:
                seen.add(name)
                if part.op in ("in", "out"):
                    pairs.append((name, ",".join(str(v) for v in part.value)))
                else:
                    pairs.append((name, "1" if part.op in ("empty", "filled") else str(part.value)))
                continue
        rest.append(part)
    if rest:
        pairs.append(("q", json.dumps(F(All(tuple(rest))).to_json(), ensure_ascii=False, separators=(",", ":"))))
    return pairs


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple)) else [value]
