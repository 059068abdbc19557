"""The audit log, the health of background work, and of the whole."""

from __future__ import annotations

import csv
import io
import shutil
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse, StreamingHttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from noren.accounts.models import User
from noren.accounts.pages.people import _number, admin_of
from noren.accounts.queries.audit import DOORS, PAGE, Ask, door_word, entries, event_word, facts, noun_word
from noren.core.access.actor import Actor, actor_of
from noren.core.action.plain import SAYS
from noren.core.event.event import EVENTS
from noren.core.event.models import Fact
from noren.core.filter.sql import FIRST_YEAR, LAST_YEAR
from noren.core.job.rescue import again, failed_jobs, queue_state
from noren.core.page.frame import field, page
from noren.core.page.standing import advice
from noren.core.page.web import look_of
from noren.core.record.declare import RECORDS
from noren.core.record.guard import guarded

LONGEST = 100_000
"""Lines of one export."""


def _ask(request: HttpRequest) -> Ask:
    get = request.GET
    who = get.get("who", "")
    before = None
    at, _comma, pk = get.get("before", "").partition("_")
    if at and pk:
        try:
            before = (datetime.fromisoformat(at), int(pk))
        except ValueError:
            before = None
    return Ask(
        who=_number(who) if who.isdecimal() else None,
        noun=get.get("noun", "")[:60], event=get.get("event", "")[:80], door=get.get("door", "")[:16],
        start=_day(get.get("from")), end=_day(get.get("to")), before=before if before and before[0].tzinfo else None,
    )  # fmt: skip


def _day(text: str | None) -> Any:
    try:
        found = parse_date((text or "").replace("/", "-"))
    except ValueError:
        return None
    return found if found and FIRST_YEAR <= found.year <= LAST_YEAR else None


@require_safe
def audit(request: HttpRequest) -> HttpResponse:
    actor = admin_of(request)
    ask = _ask(request)
    rows = list(facts(ask, actor.zone)[: PAGE + 1])
    query = request.GET.copy()
    query.pop("before", None)
    first = f"?{query.urlencode()}"
    following = ""
    if len(rows) > PAGE:
        last = rows[PAGE - 1]
        query["before"] = f"{last.recorded_at.isoformat()}_{last.pk}"
        following = f"?{query.urlencode()}"
    people = [("", _("anybody")), ("0", _("System")), *User.every.order_by("name").values_list("pk", "name")]
    labels = {noun: noun_word(noun) for noun in {e.noun() for e in EVENTS.values()} | set(RECORDS)}
    fields = [
        field("who", _("Who"), "select", request.GET.get("who", ""), options=people),
        field(
            "noun",
            _("What"),
            "select",
            ask.noun,
            options=[("", _("anything")), *sorted(labels.items(), key=lambda p: p[1])],
        ),
        field("event", _("Event"), "select", ask.event, options=[("", _("any")), *_events(ask.noun)]),
        field("door", _("Door"), "select", ask.door, options=[("", _("any")), *((d, door_word(d)) for d in DOORS)]),
        field("from", _("From"), "date", ask.start.isoformat() if ask.start else ""),
        field("to", _("To"), "date", ask.end.isoformat() if ask.end else ""),
    ]
    return page(
        request, "audit", template="accounts/audit.html", lines=list(entries(rows[:PAGE], actor, look_of(request, actor))),
        fields=fields,
        following=following, first=first if ask.before else "", total=_about_how_many(ask, actor),
        actions=[{"label": _("Export the log"), "icon": "download", "href": f"{reverse('audit_csv')}{first}"}],
    )  # fmt: skip


def _events(noun: str) -> list[tuple[str, str]]:
    """Facts to choose from, in words: all that are declared, or those of one noun."""
    names = {name for name, one in EVENTS.items() if noun in ("", one.noun())}
    if noun in RECORDS:
        names |= {f"{noun}.{verb}" for verb in SAYS}
    return sorted(((name, event_word(name)) for name in names), key=lambda pair: pair[1])


def _about_how_many(ask: Ask, actor: Actor) -> str:
    count = facts(Ask(ask.who, ask.noun, ask.event, ask.door, ask.start, ask.end), actor.zone)[:10001].count()
    if count > 10000:
        return _("more than 10,000 entries")
    return ngettext("{n} entry", "{n} entries", count).format(n=f"{count:,}")


@require_safe
def audit_csv(request: HttpRequest) -> StreamingHttpResponse:
    """The same as a file for spreadsheets."""
    actor = admin_of(request)
    ask = _ask(request)
    response = StreamingHttpResponse(_csv(ask, actor), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="noren-audit-{timezone.localdate().isoformat()}.csv"'
    return response


def _csv(ask: Ask, actor: Actor) -> Iterator[str]:
    head = (_("Time"), _("Who"), _("Door"), _("Event"), _("What"), _("ID"), _("Record"), _("Field"), _("From"), _("To"))
    yield "\ufeff" + _line(head)
    rows = facts(ask, actor.zone)[:LONGEST]
    batch: list[Fact] = []
    for fact in rows.iterator(chunk_size=500):
        batch.append(fact)
        if len(batch) == 500:
            yield from _csv_lines(batch, actor)
            batch = []
    yield from _csv_lines(batch, actor)


def _csv_lines(batch: list[Fact], actor: Actor) -> Iterator[str]:
    for entry in entries(batch, actor, None):
        fact = entry.fact
        at = timezone.localtime(fact.recorded_at, actor.zone).strftime("%Y-%m-%d %H:%M:%S")
        start = (at, entry.who, entry.door, fact.name, fact.noun, str(fact.subject_id), entry.subject)
        for change in entry.changes or (("", "", ""),):
            yield _line((*start, *change))


def _line(cells: tuple[str, ...]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerow([guarded(cell) for cell in cells])
    return out.getvalue()


# -- background work -----------------------------------------------------------------------------------------------------


@require_safe
def jobs(request: HttpRequest) -> HttpResponse:
    """How much waits, who works, what failed."""
    admin_of(request)
    state = queue_state()
    return page(request, "jobs", template="accounts/jobs.html", state=state, failed=failed_jobs(), advice=advice(state))


@require_POST
def job_again(request: HttpRequest, pk: int) -> HttpResponse:
    admin_of(request)
    if again(pk):
        messages.success(request, _("The job is in the queue again."))
    else:
        messages.error(request, _("This job is not among the failed ones any more."))
    return HttpResponseRedirect(reverse("jobs"))


@require_safe
def health(request: HttpRequest) -> JsonResponse:
    """Whether this process can answer people: 503 when the database fails. What a restart does not mend is told beside."""
    return _told_health(request, grave=("database",))


@require_safe
def ready(request: HttpRequest) -> JsonResponse:
    """Whether all of noren works: 503 also when the disk is nearly full, no worker is heard or jobs wait for long."""
    return _told_health(request, grave=("database", "disk", "worker", "queue"))


def _told_health(request: HttpRequest, grave: tuple[str, ...]) -> JsonResponse:
    """`ok` and the names of faults for everybody; figures only for administrators."""
    faults: list[str] = []
    figures: dict[str, Any] = {}
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        state = queue_state()
        figures |= {
            "waiting": state.waiting,
            "oldest_s": state.oldest_s,
            "worker_heard_s": state.heard_s,
            "failed": state.failed,
        }
        faults += state.faults
    except DatabaseError:
        faults.append("database")
    disk = shutil.disk_usage(settings.ENV.data)
    figures["disk_free"] = round(disk.free / disk.total, 3)
    if disk.free < 500 * 1024 * 1024:
        faults.append("disk")
    body: dict[str, Any] = {"ok": not faults, "faults": faults}
    if "database" not in faults and request.user.is_authenticated and actor_of(request).is_admin:
        body |= figures
    return JsonResponse(body, status=503 if set(faults) & set(grave) else 200)
