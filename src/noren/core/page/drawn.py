"""Markup that stays the same from one request to the next is drawn once.

Most of a page does not change between two requests: its rail, its menus, the heads of its columns. `drawn` draws a
template with marks where something does change (rows, numbers, the form token), remembers the text between the marks
under a key, and afterwards only puts the new parts between them.

    drawn("ui/pager.html", (language,), lambda place: {"text": place("text")}, text=escape(text))

The key must name everything else the template was drawn from. What a person may see never comes from here: rows and
numbers are always given anew.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Hashable, Mapping
from typing import Any

from django.template.loader import render_to_string
from django.utils.safestring import SafeString

MOST = 1000  # remembered texts, of about 10 kB
_sign = secrets.token_hex(12)  # nobody can write a mark into their data
_mark = re.compile(rf"{_sign}-(\w+)-")
_drawn: dict[Hashable, list[str]] = {}

Place = Callable[[str], SafeString]
Context = Callable[[Place], Mapping[str, Any]]


def place(name: str) -> SafeString:
    """Stands in the context for a part that is given anew each time."""
    return SafeString(f"{_sign}-{name}-")


def drawn(template: str, key: Hashable | None, context: Context, /, **parts: str) -> SafeString:
    """The markup of `template`. `context` is asked only when `key` is new, or None; `parts` are ready markup."""
    known = _drawn.get((template, key)) if key is not None else None
    if known is None:
        known = _mark.split(render_to_string(template, dict(context(place))))
        if key is not None:
            if len(_drawn) >= MOST:
                _drawn.clear()
            _drawn[template, key] = known
    whole = known.copy()
    whole[1::2] = [parts[name] for name in known[1::2]]
    return SafeString("".join(whole))


def forget() -> None:
    """Draw everything anew (tests)."""
    _drawn.clear()
