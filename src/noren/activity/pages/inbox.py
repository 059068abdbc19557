"""The inbox: where colleagues called one by name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET, require_POST

from noren.activity.actions.activity import read_mentions
from noren.activity.models import Mention
from noren.activity.queries.day import mentions_of, unread_count
from noren.activity.queries.feed import about_names
from noren.contacts.models import Company, Person
from noren.core.access.actor import Actor, actor_of
from noren.core.access.scope import unseen
from noren.core.base.kept import Asking, alone
from noren.core.page.cells import Look, ago, moment
from noren.core.page.shell import Place, place
from noren.core.page.web import came_from, draw, logged_in, look_of, onward, safe_next, say
from noren.core.record.declare import RECORDS


def _count(actor: Actor) -> Asking[tuple[int, str]]:
    number = yield from unread_count(actor)
    return number, ngettext("%(n)s unread", "%(n)s unread", number) % {"n": number}


place(Place("top", 1, gettext_lazy("Inbox"), "/activity/inbox/", "inbox", go="i", count=_count))


@require_GET
@logged_in
def inbox(request: HttpRequest) -> HttpResponse:
    """GET /activity/inbox/"""
    actor = actor_of(request)
    look = look_of(request, actor)
    rows = lines(mentions_of(actor), actor, look)
    context = {
        "title": _("Inbox"), "area": "today", "rows": rows, "unread": sum(1 for row in rows if row["unread"]),
        "empty": {
            "icon": "inbox", "title": _("Nobody has called you yet"),
            "text": _("When a colleague writes @ and your name in a note, the note appears here."), "actions": [],
        },
    }  # fmt: skip
    return draw(request, "activity/inbox.html", context)


@require_POST
@logged_in
def read(request: HttpRequest) -> HttpResponse:
    """Mark one entry (`id`), or all, as read; with `unread` as unread again."""
    actor = actor_of(request)
    word = request.POST.get("id", "")
    ids = [int(word)] if word.isascii() and word.isdigit() and len(word) < 19 else None
    if word and ids is None:
        ids = []
    number = read_mentions(ids, by=actor, read=not request.POST.get("unread"))
    if ids is None:
        say(request, ngettext("%(n)s entry marked as read.", "%(n)s entries marked as read.", number) % {"n": number})
    return onward(request, safe_next(request, request.POST.get("next") or came_from(request), "/activity/inbox/"))


def lines(mentions: Sequence[Mention], actor: Actor, look: Look) -> list[dict[str, Any]]:
    """Entries for the page and for the day's side panel."""
    activities = [one.activity for one in mentions]
    names = alone(about_names(activities, None, actor))
    unsaid = unseen(activities, ("company", "person"), actor)
    found = []
    for one in mentions:
        row = one.activity
        about = names.get((row.about_noun, row.about_id or 0), "")
        person = row.person if (Person, row.person_id) not in unsaid else None
        company = row.company if (Company, row.company_id) not in unsaid else None
        found.append(
            {
                "id": one.pk, "unread": one.read_at is None, "who": row.owner.name if row.owner else "",
                "text": (row.body or row.subject)[:400], "about": about or str(person or company or ""),
                "href": _href(row, named=bool(about)), "when": ago(row.happened_at, look), "at": moment(row.happened_at, look),
                "datetime": row.happened_at.isoformat(timespec="minutes"),
            }
        )  # fmt: skip
    return found


def _href(row: Any, *, named: bool) -> str:
    """The page on which the text stands, at its place."""
    at = f"#entry-activity-{row.pk}"
    if named and row.about_noun in RECORDS:
        return RECORDS[row.about_noun].url(row.about_id) + at
    if row.person_id:
        return RECORDS["contacts.person"].url(row.person_id) + at
    if row.company_id:
        return RECORDS["contacts.company"].url(row.company_id) + at
    return RECORDS["activity.activity"].url(row.pk)
