"""What upper modules add to the page of a row: the box to write in, the next step's buttons, figures, further parts.

The page asks these lists; nothing below names who fills them. Those that need rows may be generators that ask for them
(see `core.base.kept`), so that all of a page's questions go to the database together.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest
from django.utils.safestring import SafeString

from noren.core.access.actor import Actor
from noren.core.base.kept import Asking
from noren.core.base.model import Model
from noren.core.page.cells import Look
from noren.core.record import timeline as story
from noren.core.record.declare import Record

Composer = Callable[[HttpRequest, type[Record], Model, Actor], dict[str, Any] | None]
Step = Callable[[type[Record], Model, Actor], dict[str, Any] | Asking[dict[str, Any]]]
Above = Callable[[HttpRequest, type[Record], Model, Actor, Look], SafeString | Asking[SafeString | None] | None]

COMPOSERS: list[Composer] = []  # the box to write in; the first that answers is shown (context of ui/composer.html)
STEPS: list[Step] = []  # addresses for the next-step bar: set_href, done_href, later_href, edit_href
ABOVE: dict[str, list[Above]] = {}  # noun -> markup above the composer
OWN: set[tuple[str, str]] = set()  # (noun, related noun) that a module shows by itself, not as a panel
FIGURES: dict[str, Callable[[Model, Actor, Look], list[dict[str, Any]]]] = {}  # noun -> the strip of figures
MENU: dict[str, list[Callable[[Any, Actor], list[dict[str, Any]]]]] = {}  # noun ("": all) -> further items of its menu
ENTRY_LINKS: dict[str, Callable[[story.Entry], dict[str, Any]]] = {}
"""source -> further parts of an entry (see entries.entry: edit_href, files) that the module of that source knows."""
