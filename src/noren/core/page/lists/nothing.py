"""A list without rows says why, and what to do about it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from noren.core.access.actor import Actor
from noren.core.access.rights import Level
from noren.core.access.scope import reach
from noren.core.page.shell import LINKS, icon_of
from noren.core.page.web import with_params
from noren.core.record.declare import Record
from noren.core.record.state import State


def nothing(record: type[Record], actor: Actor, state: State, create: Mapping[str, Any] | None) -> dict[str, Any]:
    """Nothing to show, and what to do about it. create: the button that adds one, if the actor may."""
    if state.where or state.find or state.after or state.before:
        return {
            "icon": "search", "title": _("Nothing fits"), "text": _("No %(noun)s fits these conditions.") % {"noun": record.label()},
            "actions": [{"label": _("Clear the filter"), "href": record.url(), "kind": "pri"}],
        }  # fmt: skip
    actions = []
    if LINKS.get("import") and create and record.keys:
        actions.append(
            {"label": _("Import"), "href": with_params(LINKS["import"], [("noun", record.word())]), "icon": "upload"}
        )
    if create:
        actions.append({"label": create["label"], "href": create["href"], "kind": "pri", "icon": "plus"})
    text = (
        _(
            "Add the first one here, or bring a whole table in at once: from Excel, CSV, a card reader or another CRM. It is tried out first and can be taken back whole."
        )
        if len(actions) > 1
        else _("Add the first one here.")
        if create
        else _("As soon as there is one that you may see, it stands here.")
    )
    limit = bounded(record, actor)
    title = _("No %(nouns)s that you may see") if limit else _("No %(nouns)s yet")
    return {
        "icon": icon_of(record),
        "title": title % {"nouns": record.labels()},
        "text": limit or text,
        "actions": actions,
    }


def bounded(record: type[Record], actor: Actor) -> str:
    """Why the actor may not see all rows of a noun, and who can help; empty for those who see all. Says nothing of
    whether there are others: that is not for them to know."""
    if actor.is_admin or reach(record.model, actor) is None:
        return ""
    word = {"nouns": record.labels()}
    if actor.level(record.model, "view") is Level.TEAM and not actor.team_ids:
        return _(
            "Your role shows the %(nouns)s of your team, and you are in no team yet. An administrator can put you into one."
        ) % word  # fmt: skip
    return (
        _("Your role shows a part of the %(nouns)s. There may be others: an administrator can open more to you.") % word
    )
