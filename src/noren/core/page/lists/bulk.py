"""One verb over ticked rows, or over every row of the filter: says how many, asks what, shows how far, takes it back."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from noren.core.access.actor import Actor
from noren.core.action.models import BulkRun
from noren.core.base.errors import Forbidden, Invalid, NotFound
from noren.core.filter.condition import F
from noren.core.page.forms import inputs
from noren.core.page.forms.acts import action_of, fields_of, read_inputs
from noren.core.page.forms.sent import read_all
from noren.core.page.lists.rows import bulk_verbs
from noren.core.page.web import came_from, dialog, draw, look_of, of_noun, onward, safe_next, say, with_params
from noren.core.record.bulk import MOST, start, undo
from noren.core.record.declare import Record
from noren.core.record.field import Field
from noren.core.record.listing import narrowed
from noren.core.record.state import State


@of_noun("POST")
def ask(request: HttpRequest, record: type[Record], actor: Actor) -> HttpResponse:
    """POST /<module>/<plural>/bulk/?<state>: `verb`, and `id`s or `all=1`; with `go=1` the form of the verb is sent."""
    verb = request.POST.get("verb", "")
    if verb not in {v["value"] for v in bulk_verbs(record, actor)}:
        raise Forbidden
    state = State.read(request.GET)
    if state.fault:  # a filter that cannot be read must not become "all rows"
        raise Invalid({"": [_("A field or value in the address is unknown, or not open to you.")]})
    picked = [int(i) for i in request.POST.getlist("id") if i.isascii() and i.isdigit() and len(i) < 19]
    whole = request.POST.get("all") == "1"
    if not picked and not whole:
        return _nothing(request, record, _("Tick at least one row first."))
    right, act = _right(record, verb)
    rows = narrowed(record, actor, state if whole else State(where=F(id__in=tuple(picked))), right)
    if verb == "export":
        pairs = state.pairs() if whole else [("id__in", ",".join(map(str, picked)))]
        return onward(request, with_params(f"{record.url()}export/", [*pairs, ("format", "csv")]))
    look = look_of(request, actor)
    fields = _fields(record, actor, verb)
    number = rows.order_by().count()
    seen = narrowed(record, actor, state).order_by().count() if whole else len(picked)
    if not number:
        return _nothing(request, record, _("None of these rows may be changed by you in this way."))
    if request.POST.get("go") != "1":
        return _form(request, record, actor, verb, fields, number, picked, {}, {}, seen=seen, whole=whole)
    chosen = [f for f in fields if f.name in request.POST.getlist("set")] if verb == "edit" else fields
    if act is not None:
        values, errors = read_inputs(act, request.POST, actor, look)
    else:
        values, errors = read_all(chosen, request.POST, actor, look)
    if verb == "edit" and not chosen:
        errors = {"": [_("Choose at least one field to set.")]}
    if errors:
        return _form(request, record, actor, verb, fields, number, picked, request.POST, errors, seen=seen, whole=whole)
    ids = list(rows.order_by("pk").values_list("pk", flat=True)[:MOST])
    name = act.name if act is not None else "edit" if verb == "assign" else verb
    run = start(record.word(), name, ids, values, actor)
    if run.is_over:
        say(
            request,
            result(run),
            f"{record.url()}bulk/{run.pk}/undo/" if run.changed and name in ("edit", "remove") else "",
        )
        return onward(request, with_params(record.url(), state.pairs()), stay=True)
    return onward(request, f"{record.url()}bulk/{run.pk}/")


def _nothing(request: HttpRequest, record: type[Record], why: str) -> HttpResponse:
    made = {"title": _("Nothing to change"), "error": why, "fields": [], "action": record.url(), "back": record.url()}
    return dialog(request, made, 422)


def _right(record: type[Record], verb: str) -> tuple[str, Any]:
    if verb.startswith("act-"):
        act = action_of(record, verb[4:])
        return act.right, act
    return {"edit": "edit", "assign": "assign", "remove": "remove", "export": "export"}[verb], None


def _fields(record: type[Record], actor: Actor, verb: str) -> list[Field]:
    if verb.startswith("act-"):
        return fields_of(action_of(record, verb[4:]))
    if verb == "assign":
        return [f for f in record.writable(actor) if f.name == record.model.reach.owner]
    if verb == "edit":
        return [f for f in record.writable(actor) if f.name not in ("external_id", record.title_field()) and not f.many]
    return []


def _form(
    request: HttpRequest, record: type[Record], actor: Actor, verb: str, fields: list[Field], number: int, picked: list[int],
    sent: Any, errors: dict[str, list[str]], *, seen: int, whole: bool,
) -> HttpResponse:  # fmt: skip
    look = look_of(request, actor)
    made = []
    act = verb[4:] if verb.startswith("act-") else ""
    for one in fields:
        text = (
            str(sent.get(one.name, ""))
            if sent
            else (inputs.typed(one, look.today, look) if act and one.kind == "date" else "")
        )
        field = inputs.field_of(
            record,
            one,
            text,
            actor,
            look,
            name=str(sent.get(f"{one.name}_text", "")) if sent else "",
            error=" ".join(errors.get(one.name, ())),
        )
        if act and one.kind == "ref" and not inputs.is_short(one):
            field["url"] = f"{record.url()}options/{act}.{one.name}/"
        field["pickable"] = verb == "edit"
        field["picked"] = bool(sent) and one.name in sent.getlist("set")
        if verb == "edit":
            field["required"] = False
        made.append(field)
    label = next(v["label"] for v in bulk_verbs(record, actor) if v["value"] == verb)
    told = ngettext("%(n)s row will change", "%(n)s rows will change", number) % {"n": f"{number:,}"}
    if number < seen:
        told = _("%(n)s of %(all)s rows will change; the others are not yours to change.") % {
            "n": f"{number:,}", "all": f"{seen:,}",
        }  # fmt: skip
    can_undo = verb in ("edit", "assign", "remove")
    hidden = [("verb", verb), ("go", "1"), ("all", "1" if whole else "")] + (
        [] if whole else [("id", str(pk)) for pk in picked]
    )
    shown = {f["name"] for f in made}
    return dialog(request, {
        "title": label, "note": told, "action": request.get_full_path(), "fields": made, "hidden": hidden, "danger": verb == "remove",
        "error": " ".join(t for n, listed in errors.items() if n not in shown for t in listed),
        "submit": ngettext("Change %(n)s row", "Change %(n)s rows", number) % {"n": f"{number:,}"},
        "promise": {"strong": _("This can be undone."), "text": ""} if can_undo else None, "back": record.url(),
    }, 422 if errors else 200, template="ui/bulk_dialog.html")  # fmt: skip


def result(run: BulkRun) -> str:
    text = ngettext("%(n)s row changed.", "%(n)s rows changed.", run.changed) % {"n": f"{run.changed:,}"}
    refused = sum(run.refused.values())
    if refused:
        worst = max(run.refused, key=lambda reason: run.refused[reason])
        text += " " + ngettext("%(n)s could not: %(why)s", "%(n)s could not: %(why)s", refused) % {
            "n": f"{refused:,}",
            "why": worst,
        }
    return text


def _run(record: type[Record], actor: Actor, pk: int) -> BulkRun:
    run = BulkRun.objects.filter(pk=pk, noun=record.word()).first()
    if run is None or (run.by_id != actor.user_id and not actor.is_admin):
        raise NotFound
    return run


@of_noun("GET")
def progress(request: HttpRequest, record: type[Record], actor: Actor, pk: int) -> HttpResponse:
    """GET /<module>/<plural>/bulk/<run>/: how far it is; the page asks again by itself."""
    run = _run(record, actor, pk)
    context = {
        "area": "list",
        "title": capfirst(record.labels()),
        "back": record.url(),
        "run": _progress(record, run),
        "poll": request.path,
    }
    if request.headers.get("HX-Request") and request.GET.get("part") != "page":
        return draw(request, "ui/bulk_progress.html", context)
    return draw(request, "bulk_run.html", context)


def _progress(record: type[Record], run: BulkRun) -> dict[str, Any]:
    total = len(run.ids)
    words = {
        "waiting": _("Waiting for its turn"),
        "running": _("Running"),
        "done": _("Finished"),
        "stopped": _("Stopped"),
        "failed": _("Failed"),
        "undone": _("Undone"),
    }
    base = f"{record.url()}bulk/{run.pk}/"
    return {
        "title": words[run.state], "done": f"{run.position:,}", "total": f"{total:,}", "value": run.position, "max": max(total, 1),
        "note": result(run) if run.is_over else "", "is_over": run.is_over, "stop": "" if run.is_over else f"{base}stop/",
        "undo": f"{base}undo/" if run.is_over and run.changed and run.verb in ("edit", "remove") and run.state != "undone" else "",
        "open": record.url(), "refused": sorted(run.refused.items(), key=lambda pair: -pair[1])[:20],
    }  # fmt: skip


@of_noun("POST")
def stop(request: HttpRequest, record: type[Record], actor: Actor, pk: int) -> HttpResponse:
    run = _run(record, actor, pk)
    BulkRun.objects.filter(pk=run.pk).update(wants_stop=True)
    return HttpResponseRedirect(f"{record.url()}bulk/{run.pk}/")


@of_noun("POST")
def take_back(request: HttpRequest, record: type[Record], actor: Actor, pk: int) -> HttpResponse:
    run = _run(record, actor, pk)
    if not run.is_over or run.verb not in ("edit", "remove") or run.state == "undone":
        raise Invalid({"": [_("This has already been undone, or cannot be.")]})
    number = undo(run, actor)
    say(request, ngettext("%(n)s row is as it was.", "%(n)s rows are as they were.", number) % {"n": f"{number:,}"})
    return HttpResponseRedirect(safe_next(request, came_from(request), record.url()))
