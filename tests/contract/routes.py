"""Every address of noren, found in the URLconf and put into a class. An address of no class fails the build."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver

from noren.core.record.declare import RECORDS, Record

NOUN = r"<(slug|str|word):module>/<(slug|str|word):plural>"

PLACES = (
    "settings|again|welcome|me|inbox|notices|home|search|palette|share|metrics|numbers|board|forecast|import|imports|export|exports|"
    "files?|activity|sales|timeline|log|merge|duplicates|reports|goals|tasks|calendar|analysis|views|mentions"
)
"""First words of addresses that are pages of their own."""

CLASSES: tuple[tuple[str, str], ...] = (
    (rf"api/v1/{NOUN}(/<int:pk>(/(history|restore|<slug:verb>))?)?", "api record"),
    (r"api/v1/(me|search|metrics|metrics/<slug:metric>|metrics/<slug:metric>/rows|openapi\.json)", "api own"),
    (r"api/(<path:rest>)?", "api nothing"),
    (r"api/docs/", "page"),
    (r"(login|link|language|logout|health|ready|me/language|me/theme|me/density|favicon\.ico)(/.*)?", "open"),
    (r"static/.*|ui/.*", "open"),
    (rf"{NOUN}/<int:pk>/.*", "row page"),
    (rf"{NOUN}/(.*/)?", "noun page"),
    (r"settings/(firm|people|roles|teams|fields|audit(\.csv)?|jobs|pipelines|first)(/.*)?", "admin page"),
    (rf"({PLACES})?(/.*)?", "page"),
)
"""Patterns, tried in order. `page` needs a log-in and shows only what its visitor may see; `admin page` is for
administrators alone."""


@dataclass(frozen=True, slots=True)
class Route:
    """pattern: as in the URLconf, `sales/deals/<int:pk>/`; view: the callable; kind: its class."""

    pattern: str
    view: Any
    kind: str

    @property
    def has_parts(self) -> bool:
        return "<" in self.pattern

    def url(self, record: type[Record] | None = None, pk: int = 1, verb: str = "x") -> str:
        """A concrete address: converters filled in."""
        parts = {"module": record.module() if record else "sales", "plural": record.plural() if record else "deals"}
        parts |= {"verb": verb, "slug": verb}

        def fill(match: re.Match[str]) -> str:
            kind, _colon, name = match[1].rpartition(":")
            if name in parts:
                return parts[name]
            return str(pk) if kind == "int" else "x"

        plain = re.sub(r"\(\?P<(\w+)>[^()]*\)", lambda m: "<int:pk>" if m[1] == "pk" else m[0], self.pattern)
        plain = re.sub(r"\(\?P<\w+>(\w+)[^()]*\)", r"\1", plain)
        return "/" + re.sub(r"<([^>]+)>", fill, plain)


def routes() -> list[Route]:
    found = []
    for pattern, view in _walk(get_resolver()):
        kind = next((kind for rule, kind in CLASSES if re.fullmatch(rule, pattern)), None)
        assert kind is not None, (
            f"The address {pattern} belongs to no class: say in tests/contract/routes.py what it is."
        )
        found.append(Route(pattern, view, kind))
    return found


def of(*kinds: str) -> list[Route]:
    return [route for route in routes() if route.kind in kinds]


def records() -> list[type[Record]]:
    return [RECORDS[word] for word in sorted(RECORDS)]


def _walk(resolver: URLResolver, before: str = "") -> Iterator[tuple[str, Any]]:
    for one in resolver.url_patterns:
        text = (before + str(one.pattern)).removeprefix("^").removesuffix("$").removesuffix(r"\Z")
        if isinstance(one, URLResolver):
            yield from _walk(one, text)
        elif isinstance(one, URLPattern):
            yield text, one.callback
