"""A form as a page, or as a dialog in the sheet: sections from `Record.form`, values as typed, faults at their fields."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from noren.core.access.actor import Actor
from noren.core.base.model import Model
from noren.core.page.cells import Look
from noren.core.page.forms import inputs
from noren.core.page.web import (
    came_from,
    dialog,
    draw,
    fresh_token,
    in_sheet,
    safe_next,
)
from noren.core.record.declare import Record, Row, Section
from noren.core.record.field import Field


def drawn_form(
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
