"""The next step where it stands: done, later, decide."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from noren.activity.actions.activity import With, finish_step, following_step, plan_step, postpone_step
from noren.activity.models import Activity
from noren.activity.models.activity import OPEN
from noren.activity.queries.reading import read_step
from noren.activity.queries.subject import subject_of, word_of
from noren.contacts.models import Company, Person
from noren.core.access.actor import Actor, actor_of
from noren.core.access.scope import fetch, visible
from noren.core.base.errors import Invalid, Refusal
from noren.core.base.japan.calendar import format_date, next_business_day
from noren.core.base.kept import Asking, ask
from noren.core.base.model import Model
from noren.core.page.cells import Look
from noren.core.page.row.detail import STEPS
from noren.core.page.web import came_from, dialog, done_once, fresh_token, logged_in, look_of, onward, safe_next, say
from noren.core.record.declare import Record


def links(record: type[Record], row: Model, actor: Actor) -> Asking[dict[str, Any]]:
    """Addresses for the bar of the next step; only what the actor may do."""
    found: dict[str, Any] = {}
    if actor.may(Activity, "create"):
        found["set_href"] = f"/activity/steps/new/?about={word_of(row)}"
    if getattr(row, "next_step_at", None) is None:
        return found

    def steps(pk: int) -> QuerySet[Any]:
        rows = visible(Activity, actor, "edit")
        if isinstance(row, (Company, Person)):
            rows = rows.filter(**{f"{row._meta.model_name}_id": pk})
        else:
            rows = rows.filter(about_noun=row.word(), about_id=pk)
        return rows.filter(OPEN).order_by("due_at", "pk").values_list("pk")[:1]

    (told,) = yield [ask(("open step", type(row)), steps, row.pk, who=actor)]
    for (pk,) in told:
        found |= {
            "done_href": f"/activity/steps/{pk}/done/", "later_href": f"/activity/steps/{pk}/later/",
            "edit_href": f"/activity/activities/{pk}/edit/",
        }  # fmt: skip
    return found


STEPS.append(links)


@logged_in
def done(request: HttpRequest, pk: int) -> HttpResponse:
    """Tick off a step; asks for what came of it and for the following one."""
    actor = actor_of(request)
    step = fetch(Activity, actor, pk, "edit")
    errors: dict[str, list[str]] = {}
    if request.method == "POST":
        try:
            finish_step(
                step, by=actor, outcome=request.POST.get("outcome", ""), following=request.POST.get("following", "")
            )
            say(request, _("Done: %(step)s") % {"step": step})
            return onward(request, _back(request))
        except Invalid as no:
            errors = no.errors
        except Refusal as no:
            errors = {"": [str(no)]}
    return _form(
        request, _("Done"), str(step), f"/activity/steps/{pk}/done/", _("Done"), errors,
        _field("outcome", _("What came of it"), "long", request, errors),
        _field("following", _("Next step"), "text", request, errors | {"following": errors.get("next", [])}, _("For example: tomorrow 10:00 call"), _("Leave it empty when nothing follows.")),
    )  # fmt: skip


@logged_in
def later(request: HttpRequest, pk: int) -> HttpResponse:
    """Give a step another day: three near ones to press, or any in words."""
    actor = actor_of(request)
    look = look_of(request, actor)
    step = fetch(Activity, actor, pk, "edit")
    errors: dict[str, list[str]] = {}
    if request.method == "POST":
        try:
            due, all_day = _new_day(request, step, look)
            postpone_step(step, by=actor, due_at=due, is_all_day=all_day)
            say(
                request,
                _("Postponed to %(day)s.")
                % {"day": format_date(due.astimezone(look.zone).date(), "sentence", look.locale)},
            )
            return onward(request, _back(request))
        except Invalid as no:
            errors = {"when": [text for texts in no.errors.values() for text in texts]}
        except Refusal as no:
            errors = {"": [str(no)]}
    days = _near(look)
    options = [
        {
            "value": day.isoformat(),
            "label": f"{label} {format_date(day, 'sentence', look.locale)}",
            "selected": request.POST.get("day", "") == day.isoformat(),
        }
        for label, day in days
    ]
    return _form(
        request, _("Postpone"), str(step), f"/activity/steps/{pk}/later/", _("Postpone"), errors,
        {"name": "day", "label": _("New day"), "kind": "radio", "options": options},
        _field("when", _("Or in words"), "text", request, errors, _("For example: next Monday 14:00")),
    )  # fmt: skip


def _near(look: Look) -> list[tuple[str, Any]]:
    tomorrow = look.today + timedelta(days=1)
    monday = look.today + timedelta(days=7 - look.today.weekday())
    found = [
        (_("Tomorrow"), tomorrow),
        (_("Next working day"), next_business_day(look.today)),
        (_("Next week"), monday),
        (_("In two weeks"), look.today + timedelta(days=14)),
    ]
    seen: dict[Any, str] = {}
    for label, day in found:
        seen.setdefault(day, label)
    return [(label, day) for day, label in seen.items()]


def _new_day(request: HttpRequest, step: Activity, look: Look) -> tuple[datetime, bool]:
    """Words win over a pressed day; a day alone keeps the hour that the step had."""
    words = request.POST.get("when", "").strip()
    if words:
        read = read_step(words, look.now, planned=True)
        if read is None or read.subject == read.source:
            raise Invalid(when=_("Say when: for example “tomorrow 10:00 call” or “11/28 visit”."))
        return read.due_at, read.is_all_day
    try:
        day = datetime.fromisoformat(request.POST.get("day", "")).date()
    except ValueError:
        raise Invalid(when=_("Choose a day.")) from None
    had = step.due_at.astimezone(look.zone).time() if step.due_at and not step.is_all_day else time(0)
    return datetime.combine(day, had, look.zone), step.is_all_day


@logged_in
def decide(request: HttpRequest) -> HttpResponse:
    """Decide the next step of a row that has none."""
    actor = actor_of(request)
    look = look_of(request, actor)
    about = request.POST.get("about") or request.GET.get("about", "")
    subject = subject_of(about, actor)
    errors: dict[str, list[str]] = {}
    if request.method == "POST":
        try:
            _planned(request, actor, look, subject, about)
            say(request, _("The next step is set."))
            return onward(request, _back(request))
        except Invalid as no:
            errors = {"following": [text for texts in no.errors.values() for text in texts]}
    return _form(
        request, _("Next step"), str(subject or ""), "/activity/steps/new/", _("Decide"), errors,
        _field("following", _("What and when"), "text", request, errors, _("For example: tomorrow 10:00 call")),
        hidden=[("about", about)],
    )  # fmt: skip


def _planned(request: HttpRequest, actor: Actor, look: Look, subject: Model | None, about: str) -> None:
    text = request.POST.get("following", "")
    if not text.strip():
        raise Invalid(following=_("Say what happens next, and when."))
    step = following_step(text, look.now)

    def work() -> int:
        made = plan_step(
            step.due_at, by=actor, kind=step.kind, subject=step.subject, is_all_day=step.is_all_day, minutes=step.minutes,
            about=With.row(subject),
        )  # fmt: skip
        return made.pk

    done_once(request, actor, "step", work, [text, about])


def _field(
    name: str,
    label: str,
    kind: str,
    request: HttpRequest,
    errors: dict[str, list[str]],
    placeholder: str = "",
    hint: str = "",
) -> dict[str, Any]:
    return {
        "name": name, "label": label, "kind": kind, "value": request.POST.get(name, ""), "placeholder": placeholder, "hint": hint,
        "error": " ".join(errors.get(name, ())),
    }  # fmt: skip


def _form(
    request: HttpRequest, title: str, note: str, action: str, submit: str, errors: dict[str, list[str]], *fields: dict[str, Any],
    hidden: list[tuple[str, str]] | None = None,
) -> HttpResponse:  # fmt: skip
    back = request.POST.get("back") or came_from(request)
    made = {
        "title": title, "note": note, "action": action, "submit": submit, "fields": list(fields),
        "error": " ".join(errors.get("", ())), "back": back or "/activity/today/",
        "hidden": [("_once", request.POST.get("_once") or fresh_token()), ("back", back), *(hidden or ())],
    }  # fmt: skip
    return dialog(request, made, 422 if errors else 200)


def _back(request: HttpRequest) -> str:
    return safe_next(request, request.POST.get("back") or came_from(request), "/activity/today/")
