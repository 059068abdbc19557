"""What an administrator sets for the firm: its name and year, its teams, the fields it added."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from noren.accounts.actions.rights import change_firm, is_currency_fixed
from noren.accounts.models import User
from noren.accounts.pages.mine import zones
from noren.accounts.pages.people import _number, admin_of, matrix_nouns
from noren.accounts.queries.members import Node, tree
from noren.accounts.queries.why import group_word
from noren.core.access.actor import Actor
from noren.core.access.firm import firm as the_firm
from noren.core.access.models import Firm, Team
from noren.core.access.rights import GROUPS
from noren.core.access.scope import fetch
from noren.core.action.plain import change, create, remove
from noren.core.base.errors import Invalid, NotNow
from noren.core.page.frame import field, page, with_faults
from noren.core.page.web import done_once
from noren.core.record.declare import RECORDS
from noren.core.record.models import CUSTOM_KINDS, FieldDefinition

CURRENCIES = ("JPY", "USD", "EUR", "GBP", "CNY", "KRW", "TWD", "SGD", "AUD", "CAD", "CHF", "HKD", "INR", "THB", "VND")
KINDS = tuple((kind, gettext_lazy("One line of text") if kind == "text" else label) for kind, label in CUSTOM_KINDS)
DEAL_WORDS = ("商談", "案件", "Deals", "Opportunities")


def firm_page(request: HttpRequest) -> HttpResponse:
    actor = admin_of(request)
    fault = None
    if request.method == "POST":
        try:
            change_firm(_firm_values(request), by=actor)
        except Invalid as no:
            fault = no
        else:
            messages.success(request, _("Saved."))
            return HttpResponseRedirect(reverse("firm"))
    now = Firm.objects.order_by("pk").first() or the_firm()
    fixed = is_currency_fixed()
    fields = [
        field("name", _("Firm name"), value=now.name, required=True, max=200),
        field("fiscal_start_month", _("First month of the fiscal year"), "select", now.fiscal_start_month,
              options=[(n, str(n)) for n in range(1, 13)]),
        field("currency", _("Currency"), "select", now.currency, options=[(c, c) for c in CURRENCIES],
              hint=_("There are deals in this currency already, so it stays.") if fixed else "", disabled=fixed),
        field("deal_word", _("Word for deals"), "select", now.deal_word, options=[(w, w) for w in _with(DEAL_WORDS, now.deal_word)]),
        field("tz", _("Time zone"), "select", now.tz, options=zones()),
        field("locale", _("Language of new users"), "select", now.locale, options=User.LANGUAGES),
    ]  # fmt: skip
    if fault:
        with_faults(fields, fault, request.POST)
    form = {"action": request.path, "fields": fields, "submit": _("Save")}
    return page(request, "firm", sections=[{"title": now.name, "form": form}], status=422 if fault else 200)


def _with(words: tuple[str, ...], present: str) -> list[str]:
    return list(dict.fromkeys((*words, present)))


def _firm_values(request: HttpRequest) -> dict[str, Any]:
    post = request.POST
    values: dict[str, Any] = {
        n: post[n].strip() for n in ("name", "currency", "tz", "locale", "deal_word") if n in post
    }
    month = _number(post.get("fiscal_start_month"))
    faults: dict[str, list[str]] = {}
    if not values.get("name"):
        faults["name"] = [_("This field is required.")]
    if not 1 <= month <= 12:
        faults["fiscal_start_month"] = [_("Choose one from the list.")]
    allowed = {
        "currency": CURRENCIES,
        "tz": [z for z, _label in zones()],
        "locale": [code for code, _label in User.LANGUAGES],
    }
    for name, choices in allowed.items():
        if name in values and values[name] not in choices:
            faults[name] = [_("Choose one from the list.")]
    if len(values.get("deal_word", "")) > 16:
        faults["deal_word"] = [_("At most 16 characters.")]
    if faults:
        raise Invalid(faults)
    return values | {"fiscal_start_month": month}


# -- teams ---------------------------------------------------------------------------------------------------------------


def teams(request: HttpRequest) -> HttpResponse:
    """The tree: add, rename, move, put away."""
    actor = admin_of(request)
    fault = None
    if request.method == "POST":
        parent = _number(request.POST.get("parent")) or None
        try:
            values = {"name": request.POST.get("name", "").strip(), "parent": parent}
            done_once(request, actor, "team", lambda: create(Team, values, by=actor).pk)
        except Invalid as no:
            fault = no
        else:
            return HttpResponseRedirect(reverse("teams"))
    every = list(Team.every.filter(removed_at__isnull=True).order_by("path"))
    fields = [
        field("name", _("New team"), required=True, max=120),
        field(
            "parent", _("Above it"), "select", options=[("", _("nobody: at the top")), *((t.pk, t.name) for t in every)]
        ),
    ]
    if fault:
        with_faults(fields, fault, request.POST)
    return page(
        request, "teams", template="accounts/teams.html", branches=[_team(node, every) for node in tree()], fields=fields,
        status=422 if fault else 200,
    )  # fmt: skip


def _team(node: Node, every: list[Team]) -> dict[str, Any]:
    own = node.team
    above = [{"id": "", "label": _("at the top"), "on": own.parent_id is None}]
    above += [
        {"id": t.pk, "label": t.name, "on": t.pk == own.parent_id} for t in every if not t.path.startswith(own.path)
    ]
    return {"team": own, "people": node.people, "above": above, "below": [_team(one, every) for one in node.below]}


@require_POST
def team(request: HttpRequest, pk: int) -> HttpResponse:
    """Rename or move one team, or put an empty one away."""
    actor = admin_of(request)
    row = fetch(Team, actor, pk)
    if request.POST.get("do") == "remove":
        if row.users.filter(removed_at__isnull=True).exists() or row.children.filter(removed_at__isnull=True).exists():
            raise NotNow(_("There are still people or teams in it. Move them first."))
        remove(row, by=actor)
    else:
        change(
            row,
            {"name": request.POST.get("name", row.name).strip(), "parent": _number(request.POST.get("parent")) or None},
            by=actor,
        )
    messages.success(request, _("Saved."))
    return HttpResponseRedirect(reverse("teams"))


# -- custom fields ---------------------------------------------------------------------------------------------------------


def fields_page(request: HttpRequest) -> HttpResponse:
    """The fields a firm added, noun by noun."""
    admin_of(request)
    labels, kinds = dict(matrix_nouns()), dict(KINDS)
    rows = FieldDefinition.every.filter(removed_at__isnull=True)
    lines = [
        {
            "field": one,
            "noun": labels.get(one.noun, one.noun),
            "kind": kinds.get(one.kind, one.kind),
            "group": group_word(one.group),
        }
        for one in rows
    ]
    return page(
        request, "fields", template="accounts/fields.html", lines=lines,
        actions=[{"label": _("Add a field"), "icon": "plus", "kind": "pri", "href": reverse("field_add")}],
    )  # fmt: skip


def field_form(request: HttpRequest, pk: int | None = None) -> HttpResponse:
    """Add a field or change one. Noun, key and kind of a field stay: values depend on them."""
    actor = admin_of(request)
    row = fetch(FieldDefinition, actor, pk) if pk else None
    fault = None
    if request.method == "POST":
        values = _field_values(request)
        try:
            if row is None:
                done_once(request, actor, "field", lambda: _added(values, actor))
            else:
                change(row, {n: v for n, v in values.items() if n not in ("noun", "key", "kind")}, by=actor)
        except Invalid as no:
            fault = no
        else:
            messages.success(request, _("Saved."))
            return HttpResponseRedirect(reverse("fields"))
    nouns = [pair for pair in matrix_nouns() if RECORDS[pair[0]].pages]
    made = [
        field(
            "noun",
            _("Record"),
            "select",
            row.noun if row else request.GET.get("noun", "sales.deal"),
            options=nouns,
            disabled=bool(row),
        ),
        field("kind", _("Kind"), "select", row.kind if row else "text", options=KINDS, disabled=bool(row)),
        field("label_ja", _("Label (Japanese)"), value=row.label_ja if row else "", required=True, max=80),
        field("label_en", _("Label (English)"), value=row.label_en if row else "", max=80),
        field(
            "key",
            _("Key"),
            value=row.key if row else "",
            required=True,
            max=40,
            disabled=bool(row),
            hint=_("Letters, digits and _: the name in files and in the API."),
        ),
        field(
            "group",
            _("Field group"),
            "select",
            row.group if row else "public",
            options=[(g, group_word(g)) for g in GROUPS],
        ),
        field(
            "choices",
            _("Choices"),
            "long",
            "\n".join(map(str, row.choices)) if row else "",
            rows=5,
            hint=_("One per line; only for the kind Choice."),
        ),
        field("position", _("Position"), "number", row.position if row else 100),
        field("required", _("Required"), "check", row.required if row else False),
        field("in_list", _("Shown in lists"), "check", row.in_list if row else False),
    ]
    if fault:
        with_faults(made, fault, request.POST)
    form = {"action": request.path, "fields": made, "submit": _("Save")}
    title = str(row) if row else _("Add a field")
    return page(request, "fields", title, sections=[{"title": title, "form": form}], status=422 if fault else 200)


def _ticked(post: QueryDict, name: str) -> bool:
    """A box sends "off" by its hidden twin when it is not ticked."""
    return post.get(name, "off") not in ("", "off")


def _field_values(request: HttpRequest) -> dict[str, Any]:
    post = request.POST
    choices = list(dict.fromkeys(line.strip() for line in post.get("choices", "").splitlines() if line.strip()))
    return {
        "noun": post.get("noun", ""), "kind": post.get("kind", ""), "key": post.get("key", "").strip(),
        "label_ja": post.get("label_ja", "").strip(), "label_en": post.get("label_en", "").strip(),
        "group": post.get("group", "public") if post.get("group") in GROUPS else "public", "choices": choices,
        "position": min(_number(post.get("position")) or 100, 32000), "required": _ticked(post, "required"), "in_list": _ticked(post, "in_list"),
    }  # fmt: skip


def _added(values: dict[str, Any], actor: Actor) -> int:
    known = {word for word, _label in matrix_nouns()}
    if values["noun"] not in known:
        raise Invalid(noun=_("Choose one from the list."))
    if FieldDefinition.every.filter(noun=values["noun"], key=values["key"]).exists():
        raise Invalid(key=_("There is a field of this key already."))
    return create(FieldDefinition, values, by=actor).pk


@require_POST
def field_remove(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a field off the forms. Its values stay in the records and come back with it."""
    actor = admin_of(request)
    remove(fetch(FieldDefinition, actor, pk), by=actor)
    messages.success(request, _("The field is put away. Its values stay."))
    return HttpResponseRedirect(reverse("fields"))
