"""Create and edit, made from `Record.form`. One form is a page, or a dialog in the sheet; it works without script.

Sent twice it makes one record. Edited by two people at once, the second is shown both values and nothing is lost.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from noren.core.access.actor import Actor
from noren.core.access.scope import fetch
from noren.core.action.once import InFlight, OtherBody
from noren.core.action.plain import change, create
from noren.core.base.errors import Conflict, Forbidden, Invalid
from noren.core.base.model import Model
from noren.core.page import inputs
from noren.core.page.cells import Look, said
from noren.core.page.web import (
    came_from,
    dialog,
    done_once,
    draw,
    fresh_token,
    in_sheet,
    look_of,
    of_noun,
    onward,
    safe_next,
    say,
    with_params,
)
from noren.core.record.declare import Record, Row, Section
from noren.core.record.field import Field

RESERVED = frozenset({"csrfmiddlewaretoken", "version", "again", "_once", "_was", "_next"})


@of_noun("GET", "POST")
def new(request: HttpRequest, record: type[Record], actor: Actor) -> HttpResponse:
    """/<module>/<plural>/new/ — parameters of the address fill the fields."""
    if not record.form or not actor.may(record.word(), "create"):
        raise Forbidden
    look = look_of(request, actor)
    fields = record.writable(actor)
    if request.method == "GET":
        texts = _first_texts(record, fields, request.GET, actor, look)
        return _draw_form(request, record, actor, look, fields, texts, {}, None)
    fields = _with_fixed(record, fields, request.POST)
    values, errors = read_all(fields, request.POST, actor, look)
    unknown(fields, request.POST)
    if not errors:
        try:
            pk = _made(request, record, actor, values)
        except Invalid as no:
            errors = no.errors
        except OtherBody:
            errors = {
                "": [
                    _(
                        "This form was already sent with other values. Check below, then send it again if you want a second record."
                    )
                ]
            }
    if errors:
        return _draw_form(
            request, record, actor, look, fields, texts_of(fields, request.POST), errors, None, status=422
        )
    say(request, _("%(noun)s created.") % {"noun": record.label()})
    if request.POST.get("again"):
        return onward(request, record.url(verb="new"))
    otherwise = record.url(pk) if record.pages else safe_next(request, came_from(request), "/")
    return onward(request, safe_next(request, request.POST.get("_next"), otherwise))


def _made(request: HttpRequest, record: type[Record], actor: Actor, values: dict[str, Any]) -> int:
    """Create the row, once for the hidden word of this form."""
    sent = {k: request.POST.getlist(k) for k in request.POST if k not in RESERVED}
    try:
        made = done_once(
            request, actor, "form", lambda: create(record.model, values, by=actor).pk, [record.word(), sent]
        )
    except InFlight as no:
        raise Invalid({"": [str(no)]}) from no
    return int(made)


@of_noun("GET", "POST")
def edit(request: HttpRequest, record: type[Record], actor: Actor, pk: int) -> HttpResponse:
    """/<module>/<plural>/<id>/edit/"""
    row = fetch(record.model, actor, pk, "edit")
    look = look_of(request, actor)
    fields = record.writable(actor)
    if request.method == "GET":
        return _draw_form(
            request,
            record,
            actor,
            look,
            fields,
            {f.name: inputs.typed(f, value_of(row, f), look) for f in fields},
            {},
            row,
        )
    unknown(fields, request.POST)
    sent = [f for f in fields if f.name in request.POST]
    touched = _touched(sent, request.POST)
    values, errors = read_all(touched, request.POST, actor, look)
    if not errors:
        try:
            change(row, values, by=actor, version=_version(request.POST))
        except Invalid as no:
            errors = no.errors
        except Conflict as no:
            return conflict(request, record, actor, look, no, texts_of(touched, request.POST))
    if errors:
        texts = {f.name: inputs.typed(f, value_of(row, f), look) for f in fields} | texts_of(sent, request.POST)
        return _draw_form(request, record, actor, look, fields, texts, errors, row, status=422)
    say(request, _("Saved."))
    otherwise = record.url(pk) if record.pages else safe_next(request, came_from(request), "/")
    return onward(request, safe_next(request, request.POST.get("_next"), otherwise), stay=in_sheet(request))


def _with_fixed(record: type[Record], fields: list[Field], sent: Mapping[str, Any]) -> list[Field]:
    """A child row's own parent is fixed by the address it is added from, and is no field of the form that all may set."""
    have = {f.name for f in fields}
    parents = [p for p in record.model.reach.parents if p in sent and p not in have and "__" not in p]
    return [*fields, *(record.field(p) for p in parents)]


# -- values ------------------------------------------------------------------------------------------------------------


def value_of(row: Model, one: Field) -> Any:
    """The stored value of a field on a row: the id of a reference, the value of anything else."""
    if one.is_custom:
        return row.extra.get(one.key)
    return getattr(row, one.column.attname if one.kind == "ref" and not one.many else one.name)


def read_all(
    fields: Iterable[Field], sent: Mapping[str, Any], actor: Actor, look: Look, prefix: str = ""
) -> tuple[dict[str, Any], dict[str, list[str]]]:
    """Values by name, and faults by name."""
    values: dict[str, Any] = {}
    errors: dict[str, list[str]] = {}
    for one in fields:
        try:
            values[one.name] = inputs.read(one, sent, actor, look, prefix)
        except inputs.Fault as no:
            errors[one.name] = [str(no)]
            continue
        if one.required and values[one.name] in (None, "") and one.kind != "bool":
            errors[one.name] = [_("Please fill this in.")]
    if (
        errors
    ):  # the door is not reached: say now what it would say of the other fields, so that nobody is sent back twice
        errors |= _also_wrong(fields, values, set(errors))
    return values, errors


def _also_wrong(fields: Iterable[Field], values: Mapping[str, Any], known: set[str]) -> dict[str, list[str]]:
    """What the columns themselves refuse among the values that could be read."""
    found: dict[str, list[str]] = {}
    for one in fields:
        value = values.get(one.name)
        if one.name in known or one.column is None or one.kind == "ref" or value in (None, ""):
            continue
        try:
            one.column.clean(value, None)
        except ValidationError as fault:
            found[one.name] = [str(text) for text in fault.messages]
    return found


def unknown(fields: Iterable[Field], sent: Mapping[str, Any]) -> None:
    """Refuse names that are no field of this form for this person: nothing is dropped silently."""
    known = {f.name for f in fields}
    known |= {f"{f.name}_text" for f in fields if f.kind == "ref"} | RESERVED
    strange = sorted(set(sent) - known)
    if strange:
        raise Invalid({"": [_("These fields cannot be set here: %(names)s") % {"names": ", ".join(strange)[:200]}]})


def texts_of(fields: Iterable[Field], sent: Mapping[str, Any]) -> dict[str, str]:
    """What was typed, as typed."""
    found = {}
    for one in fields:
        values = sent.getlist(one.name) if hasattr(sent, "getlist") else [sent.get(one.name, "")]
        found[one.name] = str(values[-1]) if values else ""
        if one.kind == "ref":
            found[f"{one.name}_text"] = str(sent.get(f"{one.name}_text", ""))
    return found


def _version(sent: Mapping[str, Any]) -> int | None:
    text = str(sent.get("version", ""))
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def _touched(fields: list[Field], sent: Mapping[str, Any]) -> list[Field]:
    """Fields whose text differs from what the form showed: what a person left alone is never written."""
    try:
        was = json.loads(sent.get("_was", "") or "null")
    except (ValueError, RecursionError):
        was = None
    if not isinstance(was, dict):
        return fields
    now = texts_of(fields, sent)
    return [
        f
        for f in fields
        if str(was.get(f.name, "")).replace("\r\n", "\n") != now[f.name].replace("\r\n", "\n")
        or now.get(f"{f.name}_text", "") != str(was.get(f"{f.name}_text", ""))
    ]


def _first_texts(
    record: type[Record], fields: list[Field], given: Mapping[str, Any], actor: Actor, look: Look
) -> dict[str, str]:
    texts: dict[str, str] = {}
    for one in fields:
        if one.name in given:
            texts[one.name] = str(given[one.name])[:2000]
        elif one.name == record.model.reach.owner and actor.user_id is not None:
            texts[one.name] = str(actor.user_id)
        elif one.kind == "bool":
            texts[one.name] = "on" if one.default else "off"
        else:
            texts[one.name] = inputs.typed(one, _default(one, look), look)
    return texts


def _default(one: Field, look: Look) -> Any:
    column = one.column
    if column is None or not column.has_default():
        return None
    return column.get_default()


# -- drawing -----------------------------------------------------------------------------------------------------------


def _draw_form(
    request: HttpRequest, record: type[Record], actor: Actor, look: Look, fields: list[Field], texts: dict[str, str],
    errors: Mapping[str, list[str]], row: Model | None, status: int = 200,
) -> HttpResponse:  # fmt: skip
    allowed = {f.name: f for f in fields}
    names = {
        f.name: texts.get(f"{f.name}_text") or inputs.title_of(f, texts.get(f.name), actor)
        for f in fields
        if f.kind == "ref" and not inputs.is_short(f)
    }

    def made(name: str) -> dict[str, Any]:
        one = allowed[name]
        return inputs.field_of(
            record,
            one,
            texts.get(name, ""),
            actor,
            look,
            name=names.get(name, ""),
            error=" ".join(errors.get(name, ())),
        )

    sections = _sections(record, allowed, made, errors, bool(row))
    shown = {f["name"] for s in sections for f in s["fields"]}
    whole = [text for name, listed in errors.items() if name not in shown for text in listed]
    count = sum(1 for name in errors if name in shown)
    if count:
        whole.insert(0, ngettext("Please correct one field.", "Please correct %(n)s fields.", count) % {"n": count})
    hidden = {"_once": fresh_token()} if row is None else {"_was": _was(sections)}
    following = request.POST.get("_next") or request.GET.get("_next", "")
    if following:
        hidden["_next"] = safe_next(request, following, "")
    for name in record.model.reach.parents:
        if (
            row is None
            and name not in shown
            and "__" not in name
            and str(request.GET.get(name, request.POST.get(name, ""))).isdigit()
        ):
            hidden[name] = str(request.GET.get(name, request.POST.get(name, "")))
    title = _("Edit %(noun)s") % {"noun": record.label()} if row else _("New %(noun)s") % {"noun": record.label()}
    back = (
        record.url(row.pk)
        if row and record.pages
        else record.url()
        if record.pages
        else safe_next(request, came_from(request), "/")
    )
    version = request.POST.get("version") if row and status != 200 else row.version if row else ""
    common = {
        "title": title,
        "action": request.get_full_path(),
        "version": version,
        "hidden": list(hidden.items()),
        "back": back,
    }
    twins_url = record.url(verb="twins") if row is None and record.pages and (record.keys or record.alike) else ""
    if in_sheet(request) or not record.pages:
        listed = [f for s in sections for f in s["fields"]]
        made_dialog = common | {
            "twins_url": twins_url,
            "fields": listed,
            "error": " ".join(whole),
            "submit": _("Save"),
            "note": "",
        }
        return dialog(request, made_dialog, status)
    crumbs = [{"label": capfirst(record.labels()), "href": record.url()}]
    if row:
        crumbs.append({"label": str(row), "href": record.url(row.pk)})
    context = common | {
        "area": "record", "crumbs": [*crumbs, {"label": title}], "key": f"{record.word()}-{row.pk if row else 'new'}", "errors": whole,
        "sections": sections, "twins_url": twins_url, "submit": _("Save") if row else _("Create"), "again": "" if row else _("Save and add another"), "cancel_href": back,
    }  # fmt: skip
    return draw(request, "form.html", context, status)


def _was(sections: list[dict[str, Any]]) -> str:
    """What the form shows, so that only what was touched is written."""
    shown: dict[str, str] = {}
    for section in sections:
        for one in section["fields"]:
            if one["kind"] == "check":
                shown[one["name"]] = "on" if one["value"] else "off"
            elif one["kind"] in ("select", "radio"):
                shown[one["name"]] = next(
                    (o["value"] for o in one["options"] if o["selected"]),
                    one["options"][0]["value"] if one["options"] else "",
                )
            else:
                shown[one["name"]] = one["value"]
            if one["kind"] == "pick":
                shown[f"{one['name']}_text"] = one["text"]
    return json.dumps(shown, ensure_ascii=False)


def _sections(
    record: type[Record], allowed: dict[str, Field], made: Any, errors: Mapping[str, Any], editing: bool
) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    loose: list[str] = []
    for part in record.form:
        if isinstance(part, Section):
            if loose:
                found.append(_section("", loose, made, errors, folded=False))
                loose = []
            names = [n for row in part.rows for n in ((row,) if isinstance(row, str) else row.names) if n in allowed]
            if names:
                found.append(_section(part.title, names, made, errors, folded=part.folded and not editing))
        else:
            loose += [
                n
                for n in ((part,) if isinstance(part, str) else part.names if isinstance(part, Row) else ())
                if n in allowed
            ]
    custom = [n for n in allowed if n.startswith("extra.")]
    if loose:
        found.append(_section("", loose, made, errors, folded=False))
    if custom:
        found.append(_section(_("Further fields"), custom, made, errors, folded=False))
    return found


def _section(title: Any, names: list[str], made: Any, errors: Mapping[str, Any], *, folded: bool) -> dict[str, Any]:
    fields = [made(name) for name in names]
    kind = ""
    readings = [f for f in fields if f["name"].endswith("_kana")]
    if readings:
        kind = "kana"
        for reading in readings:
            reading["data"] = "reading"
            stem = reading["name"].removesuffix("_kana")
            for field in fields:
                if field["name"] in (f"{stem}_name", f"legal_{stem}", stem):
                    field["data"] = "name"
    elif any(f["name"] == "postal_code" for f in fields):
        kind = "postal"
    return {
        "title": str(title), "fields": fields, "kind": kind, "kana_kind": "kata", "url": "/me/postal/", "folded": folded,
        "open": any(name in errors for name in names),
    }  # fmt: skip


def conflict(
    request: HttpRequest, record: type[Record], actor: Actor, look: Look, no: Conflict, texts: Mapping[str, str]
) -> HttpResponse:
    """Both values of each field that two people changed, side by side; the rest of what was typed travels along."""
    clash = [record.field(n) for n in no.mine if n in no.theirs]
    shown = []
    for one in clash:
        mine, theirs = no.mine[one.name], no.theirs[one.name]
        shown.append({
            "name": one.name, "label": str(one.label), "mine": _told(one, mine, actor, look), "theirs": _told(one, theirs, actor, look),
            "mine_value": inputs.typed(one, mine, look), "theirs_value": inputs.typed(one, theirs, look),
        })  # fmt: skip
    names = {one.name for one in clash}
    skip = names | {f"{name}_text" for name in names}
    who, when = last_change(no.row, look)
    text = _("%(who)s saved at %(when)s while you were writing. Choose which values stay.") % {"who": who, "when": when}
    context = {
        "title": _("Somebody else saved these fields first"), "area": "record", "back": record.url(no.row.pk), "action": record.url(no.row.pk, "edit"),
        "version": no.row.version, "text": text, "fields": shown, "hidden": [(k, v) for k, v in texts.items() if k not in skip],
        "crumbs": [{"label": capfirst(record.labels()), "href": record.url()}, {"label": str(no.row), "href": record.url(no.row.pk)}, {"label": _("Two versions")}],
    }  # fmt: skip
    if in_sheet(request):
        context["layout"] = "fragment.html"
        answer = draw(request, "conflict.html", context, 409)
        answer.headers["HX-Retarget"], answer.headers["HX-Reswap"], answer.headers["HX-Reselect"] = (
            "#main",
            "outerHTML",
            "#main",
        )
        return answer
    return draw(request, "conflict.html", context, 409)


def _told(one: Field, value: Any, actor: Actor, look: Look) -> str:
    return said(one, value, look, inputs.title_of(one, value, actor) if one.kind == "ref" else "")


def last_change(row: Model, look: Look) -> tuple[str, str]:
    """Who saved last, and at which time of day."""
    from noren.core.event.models import Fact

    fact = Fact.objects.filter(noun=row.word(), subject_id=row.pk).select_related("by").order_by("-id").first()
    if fact is None:
        return _("Somebody"), ""
    return (fact.by.name if fact.by else "noren"), fact.at.astimezone(look.zone).strftime("%H:%M")


__all__ = ["conflict", "edit", "new", "read_all", "texts_of", "unknown", "value_of", "with_params"]
