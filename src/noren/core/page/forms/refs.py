"""Answers to pickers: rows to refer to (only what the actor may see), and addresses behind a postal code."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from django.db.models import Case, QuerySet, When
from django.db.models import F as Path
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _

from noren.core.access.actor import Actor
from noren.core.access.scope import behind, is_user, visible
from noren.core.base.errors import NotFound
from noren.core.base.japan.postal import lookup
from noren.core.base.model import Model
from noren.core.page.forms.acts import action_of, fields_of
from noren.core.page.shell import icon_of
from noren.core.page.web import draw, logged_in, of_noun
from noren.core.record.columns import called, has_column, title_path
from noren.core.record.declare import Record, record_of
from noren.core.record.field import Field
from noren.core.record.finding import narrow

MOST = 12


@of_noun()
def options(request: HttpRequest, record: type[Record], actor: Actor, name: str) -> HttpResponse:
    """GET /<module>/<plural>/options/<field>/?q= (or <verb>.<input>): the rows that fit, closest first."""
    one = _field(record, name)
    target = one.target
    if one.kind != "ref" or target is None or not issubclass(target, Model):
        raise NotFound
    text = request.GET.get("q", "").strip()[:200]
    found = record_of(target)
    rows = rows_for(found, actor, text)
    listed: list[dict[str, Any]] = [
        {
            "value": pk,
            "label": str(title or _("(no name)")),
            "note": str(about or ""),
            "icon": "" if is_user(found.model) else icon_of(found),
        }
        for pk, title, about in noted(found, rows, actor)
    ]
    create = None
    if text and found.form and found.pages and actor.may(found.word(), "create") and creates(found):
        create = {
            "href": f"{found.url(verb='new')}?{creates(found)}={quote(text)}",
            "label": _("New: %(text)s") % {"text": text},
        }
    return draw(request, "ui/options.html", {"options": listed, "create": create, "nothing": _("Nothing found.")})


def _field(record: type[Record], name: str) -> Field:
    verb, dot, word = name.partition(".")
    if dot and verb != "extra":
        for one in fields_of(action_of(record, verb)):
            if one.name == word:
                return one
        raise NotFound
    names = {*record.form_names(), *record.filters, *record.model.reach.parents}
    if name not in names:
        raise NotFound
    try:
        return record.field(name)
    except LookupError:
        raise NotFound from None


def rows_for(record: type[Record], actor: Actor, text: str) -> QuerySet[Any]:
    """Rows by words, or the latest ones when nothing is typed yet."""
    rows: QuerySet[Any] = visible(record.model, actor)
    if is_user(record.model):
        rows = rows.filter(is_active=True)
    if text:
        rows = narrow(record, text, rows, actor)
    if record.model._meta.ordering:
        return rows.order_by(*record.model._meta.ordering)
    return rows.order_by("-updated_at", "-pk")


def noted(record: type[Record], rows: QuerySet[Any], actor: Actor) -> list[tuple[int, str, str]]:
    """(id, name, note) of the first rows; a note that names a row the actor may not see is left empty."""
    path = note_path(record)
    limit = behind(record.model, path, actor)
    note = Path(path) if limit is None else Case(When(limit[1], then=Path(path)), default=None)
    return list(rows.annotate(note_=note).values_list("pk", called(record), "note_")[:MOST])


def note_path(record: type[Record]) -> str:
    """What tells two rows of the same name apart: the company of a person, the place of a company, the team of a user."""
    for name in ("company", "team", "pipeline", "prefecture", "email", "code"):
        if has_column(record.model, name) and name not in record.groups:
            one = record.field(name)
            return f"{name}__{title_path(record_of(one.target))}" if one.kind == "ref" else name
    return "external_id"


def creates(record: type[Record]) -> str:
    """The field of the form that a name typed into the picker fills."""
    names = record.form_names()
    if record.title_field() in names:
        return record.title_field()
    return next((n for n in names if record.field(n).kind == "text"), "")


@logged_in
def postal(request: HttpRequest) -> HttpResponse:
    """GET /me/postal/?code=1234567: the places of a Japanese postal code."""
    code = request.GET.get("code", "")
    if not (code.isascii() and code.isdigit() and len(code) == 7):
        return JsonResponse([], safe=False)
    return JsonResponse(
        [{"prefecture": p.prefecture, "city": p.city, "town": p.town} for p in lookup(code)], safe=False
    )
