"""What a filter may speak about. Records provide it; the filter knows nothing of records."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from django.db.models import Q

KINDS = (
    "text", "longtext", "kana", "email", "phone", "url", "postal", "number", "money", "percent",
    "date", "datetime", "bool", "choice", "ref", "tags",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Term:
    """One field a filter may name.

    path: the ORM path (`company__industry`), or for custom fields the key below `extra`;
    kind: one of KINDS; key: name of a custom field, when it is one; choices: (value, label) pairs; target: the
    model behind a reference; within: the rows that values stand for where no path leads (None: any value); seen: rows of
    which the asker may know what lies at the path, None for all. For the others it is as if nothing stood there.
    """

    name: str
    path: str
    kind: str
    label: Any = ""
    key: str = ""
    choices: Sequence[tuple[Any, Any]] = ()
    target: Any = None
    seen: Q | None = field(default=None, compare=False)
    within: Callable[[tuple[int, ...] | None], Q] | None = field(default=None, compare=False)


class Vocabulary(Protocol):
    def term(self, name: str) -> Term | None:
        """The term of this name, or None when it may not be filtered on."""
        ...
