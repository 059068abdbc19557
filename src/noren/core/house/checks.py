"""Checks of what is declared: a name that does not resolve is told in seconds, with the nearest right name.

They run with `noren check`, `make check` and at each start of Django's development commands.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from typing import Any

from django.core.checks import CheckMessage, Error, register

RESERVED = frozenset({"restore", "history", "new", "edit", "remove", "delete", "export", "import", "share"})


@register()
def declarations(app_configs: Any, **_kw: Any) -> list[CheckMessage]:
    """Every record, action, fact and number, read once as their readers will."""
    from noren.core.record.custom import none

    if app_configs is not None:
        return []
    with none():
        return [*_records(), *_actions(), *_facts(), *_metrics()]


def near(word: str, known: Iterable[str]) -> str:
    """` Did you mean “…”?`, or nothing."""
    found = difflib.get_close_matches(word, list(known), n=1)
    return f"Did you mean “{found[0]}”?" if found else ""


def _fault(code: str, text: str, hint: str = "") -> Error:
    return Error(text, hint=hint or None, id=f"noren.{code}")


# -- records -----------------------------------------------------------------------------------------------------------


def _records() -> Iterator[Error]:
    from noren.core.record.declare import RECORDS

    addresses: dict[str, str] = {}
    for record in RECORDS.values():
        yield from record_faults(record)
        other = addresses.setdefault(record.url(), record.word())
        if other != record.word():
            yield _fault("address", f"{record.word()} and {other} have the same address {record.url()}.")


def record_faults(record: Any) -> Iterator[Error]:
    """Faults of one declaration."""
    from noren.core.access.rights import GROUPS

    here = f"{record.__module__}.{record.__name__}"
    lists = {
        "columns": record.columns, "filters": record.filters, "form": _form(record), "compact": record.compact,
        "read_only": record.read_only, "history": record.history, "totals": record.totals, "groups": record.groups,
        "keys": [name for key in record.keys for name in key], "title": [record.title] if record.title else [],
        "reading": [record.reading] if record.reading else [], "sort": [record.sort.removeprefix("-")],
        "board": _board(record), "panels": _panels(record),
    }  # fmt: skip
    for where, names in lists.items():
        for name in names:
            yield from _name(record, here, where, name)
    for name, group in record.groups.items():
        if group not in GROUPS:
            yield _fault("group", f"{here}.groups: {name} is in the unknown group “{group}”.", near(group, GROUPS))
    for name in _form(record):
        if name in record.read_only:
            yield _fault("form", f"{here}: {name} is both in the form and read only.")
    for act in record.actions:
        if act.model is not record.model:
            yield _fault(
                "action", f"{here}.actions: {act.name} is a verb of {act.model.word()}, not of {record.word()}."
            )
    yield from _views(record, here)
    yield from _related(record, here)


def _form(record: Any) -> list[str]:
    from noren.core.record.declare import _names

    return [name for part in record.form for name in _names(part)]


def _board(record: Any) -> list[str]:
    board = record.board
    return [name for name in (board.by, board.sum, board.scope, *board.card) if name] if board else []


def _panels(record: Any) -> list[str]:
    from noren.core.record.declare import Facts

    return [name for panel in record.panels if isinstance(panel, Facts) for name in panel.names]


def _name(record: Any, here: str, where: str, name: str) -> Iterator[Error]:
    try:
        record.field(name)
    except LookupError:
        known = {field.name for field in record.model._meta.get_fields()}
        yield _fault(
            "name", f"{here}.{where}: {record.word()} has no field “{name}”.", near(name.partition("__")[0], known)
        )


def _views(record: Any, here: str) -> Iterator[Error]:
    from django.http import QueryDict

    from noren.core.access.actor import HOUSE
    from noren.core.filter.condition import BadFilter
    from noren.core.filter.sql import to_q
    from noren.core.filter.when import When
    from noren.core.record.state import State

    for label, query in record.views:
        state = State.read(QueryDict(query))
        try:
            to_q(state.where, record.vocabulary(HOUSE), When.now(HOUSE))
            fault = state.fault
        except BadFilter as no:
            fault = no.reason
        if fault:
            yield _fault("view", f"{here}.views: “{label}” ({query}) cannot be read: {fault}.")


def _related(record: Any, here: str) -> Iterator[Error]:
    from noren.core.record.declare import RECORDS, Related

    for panel in record.panels:
        if not isinstance(panel, Related):
            continue
        other = RECORDS.get(panel.noun)
        if other is None:
            yield _fault("panel", f"{here}.panels: there is no noun “{panel.noun}”.", near(panel.noun, RECORDS))
            continue
        for name in (panel.by, *panel.columns):
            yield from _name(other, here, "panels", name)


# -- rights, verbs, facts, numbers ---------------------------------------------------------------------------------------


def right_faults(role: str, rights: dict[str, str]) -> Iterator[Error]:
    """Rights of a shipped role name nouns, verbs and levels that exist."""
    from noren.core.access.rights import LEVEL_WORDS, VERBS
    from noren.core.access.scope import nouns
    from noren.core.action.door import ACTIONS

    verbs = {*VERBS, *(act.right for act in ACTIONS.values()), "*"}
    words = {*(noun.word() for noun in nouns()), "record.importrun", "*"}
    for right, level in rights.items():
        noun, _dot, verb = right.rpartition(".")
        if noun not in words:
            yield _fault("right", f"The role {role} speaks of the unknown noun “{noun}”.", near(noun, words))
        if verb not in verbs:
            yield _fault("right", f"The role {role} speaks of the unknown verb “{verb}”.", near(verb, verbs))
        if level not in LEVEL_WORDS:
            yield _fault("right", f"The role {role} has the unknown level “{level}”.", near(level, LEVEL_WORDS))


def _actions() -> Iterator[Error]:
    from noren.core.action.door import ACTIONS

    slugs: dict[tuple[str, str], str] = {}
    for name, act in ACTIONS.items():
        try:
            inputs = act.inputs
        except (NameError, TypeError, KeyError) as fault:
            yield _fault("action", f"{name}: the types of its inputs cannot be read ({fault}).")
            continue
        if act.slug in RESERVED:
            yield _fault("action", f"{name}: the address “{act.slug}” is taken by noren itself.")
        other = slugs.setdefault((act.model.word(), act.slug), name)
        if other != name:
            yield _fault("action", f"{name} and {other} have the same address “{act.slug}”.")
        if any(one.name in ("row", "by", "version") for one in inputs):
            yield _fault("action", f"{name}: row, by and version are no names for inputs.")


def _facts() -> Iterator[Error]:
    from noren.core.access.scope import nouns
    from noren.core.event.event import EVENTS
    from noren.core.event.publish import ECHOES, REACTIONS

    words = {noun.word() for noun in nouns()}
    plain = {f"{word}.{happened}" for word in words for happened in ("created", "changed", "removed", "restored")}
    for name in EVENTS:
        noun = name.rpartition(".")[0]
        if noun.count(".") != 1:
            yield _fault("event", f"The fact “{name}” is not named module.noun.happened.")
    for name in {*REACTIONS, *ECHOES}:
        if name not in EVENTS and name not in plain:
            yield _fault("event", f"Somebody listens to “{name}”, which nobody tells.", near(name, {*EVENTS, *plain}))


def _metrics() -> Iterator[Error]:
    """Every number can be asked for, broken down by each of its dimensions."""
    from noren.core.metric.declare import METRICS
    from noren.core.metric.question import CannotAsk, dimension

    for name, metric in METRICS.items():
        for one in metric.dimensions():
            try:
                dimension(metric, one)
            except (CannotAsk, LookupError) as fault:
                yield _fault("metric", f"The number {name} cannot be broken down by “{one}”: {fault}.")
