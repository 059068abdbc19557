"""A person's day on one screen: next steps by urgency, the strip of hours, what was done, what colleagues ask."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET

from noren.activity.actions.mirror import ABOUT, WAITING
from noren.activity.models import Activity
from noren.activity.pages.inbox import lines
from noren.activity.pages.strip import strip
from noren.activity.queries.day import Day, day_of, is_late, mentions_of, to_do_count
from noren.activity.queries.feed import ICONS
from noren.activity.queries.subject import notes_of, word_of
from noren.contacts.models import Company, Person
from noren.core.access.actor import Actor, actor_of
from noren.core.access.scope import visible
from noren.core.base.japan.calendar import format_date
from noren.core.base.kept import Asking
from noren.core.page.cells import Look, short_day
from noren.core.page.shell import Place, place
from noren.core.page.web import draw, logged_in, look_of
from noren.core.record.declare import RECORDS

MOST_LACKING = 8


def _count(actor: Actor) -> Asking[tuple[int, str]]:
    number = yield from to_do_count(actor, timezone.now().astimezone(actor.zone))
    return number, ""


place(Place("top", 2, gettext_lazy("Today"), "/activity/today/", "calendar", go="t", count=_count, thumb=True))


@require_GET
@logged_in
def today(request: HttpRequest) -> HttpResponse:
    """GET /activity/today/?day=2026-11-24"""
    actor = actor_of(request)
    look = look_of(request, actor)
    day = _day(request.GET.get("day", ""), look.today)
    made = day_of(actor, day, look.now)
    made.numbers = frozenset((word, name) for word, name in NUMBERS if RECORDS[word].may_read(name, actor))
    is_now = day == look.today
    hours = sorted(
        [*made.done, *made.today, *(step for step in made.late if _on(step, look) == day)],
        key=lambda row: row.happened_at,
    )
    upcoming = next(
        (step for step in made.today if not step.is_all_day and step.due_at and step.due_at >= look.now), None
    )
    context: dict[str, Any] = {
        "title": _("Today") if is_now else _("The day"), "area": "today",
        "when": format_date(day, "sentence", look.locale),
        "left": _left(made) if is_now else "",
        "previous_href": f"?day={day - timedelta(days=1)}", "next_href": f"?day={day + timedelta(days=1)}", "is_now": is_now,
        "strip": strip(hours, [_with(row, made) for row in hours], look.now if is_now else None, datetime.combine(day, time(0), look.zone)),
        "upcoming": _line(upcoming, made, look) if upcoming and is_now else None,
        "groups": [
            {"id": key, "title": title, "tone": tone, "rows": [_line(step, made, look) for step in steps]}
            for key, title, tone, steps in (
                ("late", _("Overdue"), "shu", made.late), ("today", _("Today") if is_now else _("On this day"), "", made.today),
                ("soon", _("The next two weeks"), "", made.soon),
            )
            if steps
        ],
        "lacking": _lacking(actor) if is_now else [],
        "done": [_line(row, made, look) for row in made.done],
        "mentions": lines(mentions_of(actor, unread=True, limit=5), actor, look),
        "empty": {
            "icon": "check", "title": _("Nothing is waiting for you"),
            "text": _("Next steps that you decide on a customer or deal appear here on their day."),
            "actions": [{"label": _("Log an activity"), "href": "/activity/log/", "sheet": True, "icon": "plus"}],
        },
    }  # fmt: skip
    return draw(request, "activity/today.html", context)


NUMBERS = ((Person.word(), "mobile"), (Person.word(), "phone"), (Company.word(), "phone"))


def _day(text: str, otherwise: date) -> date:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return otherwise
    return found if abs((found - otherwise).days) < 3660 else otherwise


def _on(step: Activity, look: Look) -> date | None:
    return step.due_at.astimezone(look.zone).date() if step.due_at else None


def _left(made: Day) -> str:
    number = len(made.late) + len(made.today)
    return ngettext("%(n)s step left", "%(n)s steps left", number) % {"n": number} if number else _("All done")


def _with(row: Activity, made: Day) -> str:
    """With whom, in one line: person, company, deal."""
    about = made.names.get((row.about_noun, row.about_id or 0), "")
    company, person = _known(row, made)
    return "・".join(filter(None, (str(company or ""), str(person or ""), about)))


def _known(row: Activity, made: Day) -> tuple[Company | None, Person | None]:
    """Company and person of an activity, as far as the reader may see them."""
    company = row.company if (Company, row.company_id) not in made.unsaid else None
    return company, row.person if (Person, row.person_id) not in made.unsaid else None


def _line(row: Activity, made: Day, look: Look) -> dict[str, Any]:
    local = (row.due_at if row.is_next_step and row.due_at else row.happened_at).astimezone(look.zone)
    late = row.is_next_step and is_late(row, look.now)
    when = short_day(local.date(), look) if row.is_all_day or local.date() != look.today else ""
    hour = "" if row.is_all_day else f"{local:%H:%M}"
    text = row.subject or row.body.strip().partition("\n")[0][:80] or str(row.get_kind_display())
    return {
        "id": row.pk, "icon": ICONS[row.kind], "title": text, "kind": row.get_kind_display(), "with": _with(row, made),
        "href": _href(row, made), "when": f"{when} {hour}".strip(), "late": late, "phone": _phone(row, made),
        "done_href": f"/activity/steps/{row.pk}/done/", "later_href": f"/activity/steps/{row.pk}/later/",
        "log_href": f"/activity/log/?kind={row.kind}",
    }  # fmt: skip


def _href(row: Activity, made: Day) -> str:
    if row.about_id and (row.about_noun, row.about_id) in made.names and row.about_noun in RECORDS:
        return RECORDS[row.about_noun].url(row.about_id)
    if row.person_id:
        return RECORDS["contacts.person"].url(row.person_id)
    if row.company_id:
        return RECORDS["contacts.company"].url(row.company_id)
    return RECORDS["activity.activity"].url(row.pk)


def _phone(row: Activity, made: Day) -> str:
    """The number to tap for a call, for those who may read numbers."""
    if row.kind != "call":
        return ""
    company, person = _known(row, made)
    told = [(person, "mobile"), (person, "phone"), (company, "phone")]
    numbers = (getattr(one, name) for one, name in told if one is not None and (one.word(), name) in made.numbers)
    number = next(filter(None, numbers), "")
    return "".join(c for c in number if c.isascii() and (c.isdigit() or c == "+"))


def _lacking(actor: Actor) -> list[dict[str, Any]]:
    """One's own rows that should have a next step and have none."""
    found = []
    for word, (waits, href) in WAITING.items():
        record, model = RECORDS[word], ABOUT[word]
        rows: QuerySet[Any] = visible(model, actor)
        rows = rows.filter(waits, next_step_at__isnull=True, **{f"{model.reach.owner}_id": actor.user_id})
        number = rows.count()
        if number:
            shown = list(rows.select_related("company").order_by("-updated_at", "-pk")[:MOST_LACKING])
            notes = notes_of(shown, actor)
            found.append(
                {
                    "title": _("Without a next step: %(nouns)s") % {"nouns": record.labels()}, "count": number, "href": href,
                    "rows": [
                        {"title": str(row), "with": notes[word_of(row)], "href": record.url(row.pk),
                         "set_href": f"/activity/steps/new/?about={word_of(row)}"}
                        for row in shown
                    ],
                }
            )  # fmt: skip
    return found
