"""The state of a list as its address says it: filter, words, order, columns, place. A saved view is such an address."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from noren.core.base.text import clean
from noren.core.filter.condition import BadFilter, F
from noren.core.filter.url import from_params, to_params

SIZES = (50, 100, 200)
MOST_KEYS = 2


@dataclass(frozen=True, slots=True)
class State:
    """What an address says about a list. sort: (column, descending); columns empty: as declared."""

    where: F = field(default_factory=F)
    find: str = ""
    sort: tuple[tuple[str, bool], ...] = ()
    columns: tuple[str, ...] = ()
    size: int = SIZES[0]
    after: str = ""
    before: str = ""
    layout: str = ""
    view: str = ""
    exact: bool = False
    fault: str = ""

    @classmethod
    def read(cls, params: Mapping[str, Any]) -> State:
        """The state of an address. What cannot be read is left out and told in `fault`; it never breaks the page."""
        fault = ""
        try:
            where = from_params(params)
        except BadFilter as no:
            where, fault = F(), str(no)
        size = str(params.get("size", ""))
        return cls(
            where=where,
            find=clean(str(params.get("find", ""))).strip()[:200],
            sort=read_sort(str(params.get("sort", ""))),
            columns=tuple(dict.fromkeys(c for c in str(params.get("columns", "")).split(",") if c)),
            size=int(size) if size in map(str, SIZES) else SIZES[0],
            after=str(params.get("after", "")),
            before=str(params.get("before", "")),
            layout=str(params.get("layout", "")),
            view=str(params.get("view", ""))[:20],
            exact=params.get("exact") == "1",
            fault=fault,
        )

    def pairs(self, **other: Any) -> list[tuple[str, str]]:
        """The parameters of this state, with some parts given otherwise. Paging is left out unless given."""
        state = replace(self, after="", before="", **{k: v for k, v in other.items() if k not in ("after", "before")})
        pairs = to_params(state.where)
        plain = (
            ("find", state.find), ("sort", write_sort(state.sort)), ("columns", ",".join(state.columns)),
            ("size", "" if state.size == SIZES[0] else str(state.size)), ("layout", state.layout), ("view", state.view),
            ("after", other.get("after", "")), ("before", other.get("before", "")), ("exact", "1" if state.exact else ""),
        )  # fmt: skip
        return pairs + [(name, value) for name, value in plain if value]

    def essence(self) -> list[tuple[str, str]]:
        """What a saved view keeps: everything but the place and the view's own name."""
        return sorted(self.pairs(view="", exact=False))


def read_sort(text: str) -> tuple[tuple[str, bool], ...]:
    found: dict[str, bool] = {}
    for word in text.split(",")[:MOST_KEYS]:
        name = word.strip()
        if name.lstrip("-"):
            found.setdefault(name.lstrip("-"), name.startswith("-"))
    return tuple(found.items())


def write_sort(sort: Iterable[tuple[str, bool]]) -> str:
    return ",".join(f"-{name}" if desc else name for name, desc in sort)
