"""People of one name: which of them a row means."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from noren.core.access.scope import visible
from noren.core.base.japan.person import split_full_name
from noren.core.record.intake.matching.resolve import TIDY, Resolver
from noren.core.record.intake.tally import Parsed


class Namesakes:
    """Resolves names among rows that are told apart by a name and what they belong to (a person, by company)."""

    def __init__(self, resolver: Resolver, name: str, home: str) -> None:
        self.resolver, self.name, self.home = resolver, name, f"{home}_id"
        self.tidy = TIDY.get(name, str.strip)

    def part(self, pairs: Sequence[tuple[Parsed, dict[str, Any]]], key: str) -> frozenset[int]:
        """Put the right one in for each text among `values[key]` that is a name we know, and give the numbers of the rows
        that must mean somebody else: the only ones of that name are elsewhere.

        Right is the one at the row's company, else the one without a company, else the only one of a full name.
        """
        asked = [(row, values, text) for row, values in pairs if isinstance(text := values.get(key), str)]
        keys = {self.tidy(text) for _row, _values, text in asked}
        rows: Any = visible(self.resolver.model, self.resolver.actor).filter(**{f"{self.name}__in": keys - {""}})
        found: dict[str, list[tuple[int, int | None]]] = {}
        for pk, name, home in rows.order_by("pk").values_list("pk", self.name, self.home):
            found.setdefault(name, []).append((pk, home))
        others = set()
        for row, values, text in asked:
            known = found.get(self.tidy(text))
            if known is None:
                continue  # unknown, or known by its id or address
            home = row.late.get(self.home)
            right = (
                next((pk for pk, its in known if its == home and home is not None), None)
                or next((pk for pk, its in known if its is None), None)
                or (known[0][0] if len(known) == 1 and (home is None or split_full_name(text)) else None)
            )
            if right is None:
                others.add(row.number)
            else:
                values[key] = right
        return frozenset(others)
