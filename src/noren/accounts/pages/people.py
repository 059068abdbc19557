"""Members and rights: who is here, what each role may do, and why somebody can see something."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from noren.accounts.actions.mails import link_of, mail_invitation
from noren.accounts.actions.people import (
    deactivate_user,
    demand_admin,
    end_sessions_of,
    invite,
    invite_again,
    reactivate_user,
    set_roles,
    ticket_of,
)
from noren.accounts.actions.rights import add_role, change_rights, require_factor
from noren.accounts.login import demand_fresh
from noren.accounts.login.secret import seal, unseal
from noren.accounts.models import User
from noren.accounts.queries.holdings import holdings
from noren.accounts.queries.members import Node, members, roles, tree
from noren.accounts.queries.why import VERBS as WHY_VERBS
from noren.accounts.queries.why import Why, group_word, level_word, people_with, touch_word, verb_word, why
from noren.core.access.actor import Actor, actor_of
from noren.core.access.models import Role, Team
from noren.core.access.rights import GROUPS, LEVEL_WORDS, TOUCH_WORDS, VERBS, Level
from noren.core.access.scope import fetch, noun_of, visible
from noren.core.action.plain import change, remove
from noren.core.base.errors import Invalid, NotFound, NotNow
from noren.core.page.frame import field, page, with_faults
from noren.core.page.web import done_once
from noren.core.record.declare import RECORDS

HIDDEN_NOUNS = ("accounts.", "access.", "record.fielddefinition")


def admin_of(request: HttpRequest) -> Actor:
    actor = actor_of(request)
    demand_admin(actor)
    return actor


def people(request: HttpRequest) -> HttpResponse:
    """The page of the picture: teams and members, the matrix of a role, and the explainer beside."""
    admin_of(request)
    team = Team.every.filter(pk=_number(request.GET.get("team")), removed_at__isnull=True).first()
    shown = members(team)
    every = roles()
    role = next((one for one in every if str(one.pk) == request.GET.get("role")), None)
    role = role or next((one for one in every if not one.is_admin), every[0])
    without = sum(1 for one in shown if one["may_log_in"] and not one["has_factor"] and not one["waits"])
    return page(
        request, "people", template="accounts/people.html", headline=_headline(team, len(shown), without), team=team,
        branches=[_branch(node, team) for node in tree()], members=shown, role=role, **_matrix(role, every, team),
        actions=[{"label": _("Add a role"), "icon": "plus", "href": reverse("role_add")},
                 {"label": _("Invite"), "icon": "assign", "kind": "pri", "href": reverse("invite")}],
        pane=_why_pane(request),
    )  # fmt: skip


def _number(text: str | None) -> int:
    return int(text) if text and text.isdecimal() and len(text) < 18 else 0


def _headline(team: Team | None, count: int, without: int) -> str:
    where = team.name if team else _("The firm")
    told = _("{team} has {n} members.").format(team=where, n=count)
    return f"{told} " + (
        _("{n} have no second step yet").format(n=without) if without else _("All are protected by two steps")
    )


def _branch(node: Node, current: Team | None) -> dict[str, Any]:
    return {
        "href": f"?team={node.team.pk}", "label": node.team.name, "count": node.people,
        "current": current is not None and current.pk == node.team.pk, "below": [_branch(one, current) for one in node.below],
    }  # fmt: skip


def matrix_nouns() -> list[tuple[str, str]]:
    """(word, label) of the nouns that a role can be given rights on."""
    found = [(word, capfirst(record.labels())) for word, record in RECORDS.items() if not word.startswith(HIDDEN_NOUNS)]
    order = ("contacts.company", "contacts.person", "sales.deal", "activity.activity", "catalog.product")
    return sorted(found, key=lambda pair: (order.index(pair[0]) if pair[0] in order else 99, pair[1]))


def _verbs(noun: str) -> tuple[str, ...]:
    return (*VERBS, "close")


def _matrix(role: Role, every: list[Role], team: Team | None) -> dict[str, Any]:
    lines = []
    for noun, label in matrix_nouns():
        cells: list[dict[str, Any] | None] = []
        model = noun_of(noun)
        for verb in _verbs(noun):
            if verb == "close" and noun != "sales.deal":
                cells.append(None)
                continue
            if verb == "view" and model.reach.open_to_all:
                cells.append({"fixed": _("all"), "level": "all", "label": f"{label}: {verb_word(verb)}"})
                continue
            level = _level(role, noun, verb)
            # Who may create at all may create: the level that is stored stands for "yes".
            choices = (Level.NONE, level or Level.ALL) if verb == "create" else tuple(Level)
            cells.append({
                "name": f"{noun}.{verb}", "label": f"{label}: {verb_word(verb)}", "level": "all" if verb == "create" and level else level.name.lower(),
                "options": [
                    {"value": one.name.lower(), "selected": one is level,
                     "label": _("yes") if verb == "create" and one else level_word(one)}
                    for one in choices
                ],
            })  # fmt: skip
        lines.append({"label": label, "cells": cells})
    notes = {"public": _("names, phones, stages"), "money": _("amounts, prices"), "private": _("mobile phones, birthdays"),
             "secret": _("ratings, credit")}  # fmt: skip
    groups = [
        {"name": group, "label": group_word(group), "note": notes[group],
         "options": [{"value": t.name.lower(), "label": touch_word(t), "selected": role.groups.get(group, "write" if group == "public" else "hidden") == t.name.lower()}
                     for t in TOUCH_WORDS.values()]}
        for group in GROUPS if group != "public"
    ]  # fmt: skip
    extra = f"team={team.pk}&" if team else ""
    return {
        "role_items": [{"label": one.name, "href": f"?{extra}role={one.pk}#role", "current": one.pk == role.pk} for one in every],
        "verbs": [verb_word(verb) for verb in _verbs("")], "lines": lines, "groups": groups, "role_people": people_with(role),
    }  # fmt: skip


def _level(role: Role, noun: str, verb: str) -> Level:
    keys = (f"{noun}.{verb}", f"{noun}.*", f"*.{verb}", "*.*")
    return max(
        (LEVEL_WORDS.get(role.rights[key], Level.NONE) for key in keys if key in role.rights), default=Level.NONE
    )


@require_POST
def rights(request: HttpRequest, pk: int) -> HttpResponse:
    """Save what a role may do."""
    actor = admin_of(request)
    demand_fresh(request)
    role = _role(pk)
    given = {name[2:]: str(value) for name, value in request.POST.items() if name.startswith("r:")}
    known = {f"{noun}.{verb}" for noun, _label in matrix_nouns() for verb in _verbs(noun)}
    if set(given) - known:
        raise Invalid(rights=_("Choose one of the levels shown."))
    groups = {
        name[2:]: str(value) for name, value in request.POST.items() if name.startswith("g:") and name[2:] in GROUPS
    }
    change_rights(role, given, groups, by=actor)
    messages.success(
        request,
        _("“{role}” is saved. It holds from now on for {n} people.").format(role=role.name, n=people_with(role)),
    )
    return HttpResponseRedirect(f"{reverse('people')}?role={role.pk}#role")


@require_POST
def role_do(request: HttpRequest, pk: int) -> HttpResponse:
    """Rename a role, ask for a second step, or put a role away that nobody holds."""
    actor = admin_of(request)
    demand_fresh(request)
    role = _role(pk)
    if request.POST.get("do") == "remove":
        if people_with(role):
            raise NotNow(_("Somebody still has this role. Give them another one first."))
        remove(role, by=actor)
        return HttpResponseRedirect(reverse("people"))
    if request.POST.get("do") == "factor":
        require_factor(role, request.POST.get("needs_factor") == "on", by=actor)
    else:
        change(role, {"name": request.POST.get("name", "").strip()}, by=actor)
    messages.success(request, _("Saved."))
    return HttpResponseRedirect(f"{reverse('people')}?role={role.pk}#role")


def _role(pk: int) -> Role:
    role = Role.every.filter(pk=pk, removed_at__isnull=True).first()
    if role is None:
        raise NotFound
    return role


def role_add(request: HttpRequest) -> HttpResponse:
    actor = admin_of(request)
    fault = None
    if request.method == "POST":
        demand_fresh(request)
        try:
            like = Role.every.filter(pk=_number(request.POST.get("like")), is_admin=False).first()
            name = request.POST.get("name", "")
            made = done_once(request, actor, "role", lambda: add_role(name, like, by=actor).pk)
        except Invalid as no:
            fault = no
        else:
            return HttpResponseRedirect(f"{reverse('people')}?role={made}#role")
    fields = [
        field("name", _("Name"), required=True, max=80),
        field(
            "like",
            _("Starts like"),
            "select",
            options=[("", _("nothing allowed")), *((r.pk, r.name) for r in roles() if not r.is_admin)],
        ),
    ]
    if fault:
        with_faults(fields, fault, request.POST)
    form = {"action": request.path, "fields": fields, "submit": _("Add the role")}
    return page(
        request,
        "people",
        _("Add a role"),
        sections=[{"title": _("Add a role"), "form": form}],
        status=422 if fault else 200,
    )


# -- one person ----------------------------------------------------------------------------------------------------------


def _person_fields(user: User | None) -> list[dict[str, Any]]:
    teams = [("", _("no team")), *((t.pk, t.name) for t in Team.every.filter(removed_at__isnull=True).order_by("path"))]
    others = (
        User.every.filter(removed_at__isnull=True, is_active=True).exclude(pk=user.pk if user else 0).order_by("name")
    )
    return [
        field("name", _("Name"), value=user.name if user else "", required=True, max=120, autocomplete="off"),
        field("name_kana", _("Reading"), value=user.name_kana if user else ""),
        field("email", _("E-mail address"), "email", user.email or "" if user else "", required=not user, autocomplete="off",
              hint=_("It is also the name for log-in.")),
        field("locale", _("Language"), "select", user.locale if user else "ja", options=User.LANGUAGES),
        field("team", _("Team"), "select", user.team_id or "" if user else "", options=teams, hint=_team_hint()),
        field("reports_to", _("Reports to"), "select", user.reports_to_id or "" if user else "", options=[("", "—"), *((u.pk, u.name) for u in others)]),
    ]  # fmt: skip


def _team_hint() -> str:
    """Which roles need a team, before somebody is left without one and sees next to nothing."""
    named = [
        role.name
        for role in roles()
        if any(right.endswith(".view") and how == "team" for right, how in role.rights.items())
    ]
    if not named:
        return ""
    told = _("These roles show what belongs to the team; without one, only what is one's own: %(roles)s")
    return told % {"roles": ", ".join(named)}


def _chosen_roles(request: HttpRequest) -> list[int]:
    return [_number(value) for value in request.POST.getlist("roles")]


def invite_page(request: HttpRequest) -> HttpResponse:
    """Invite a colleague: the link is shown once, to be handed over, and mailed when a mail server is set."""
    actor = admin_of(request)
    fault = None
    if request.method == "POST":
        demand_fresh(request)
        values = {
            name: request.POST.get(name, "") for name in ("name", "name_kana", "email", "locale", "team", "reports_to")
        }
        try:
            asked: list[User] = []

            def ask() -> list[Any]:
                user, token = invite({n: v for n, v in values.items() if v}, _chosen_roles(request), by=actor)
                asked.append(user)
                return [user.pk, seal(token, "invitation")]

            pk, sealed = done_once(request, actor, "invite", ask)
        except Invalid as no:
            fault = no
        else:
            token = unseal(sealed, "invitation")
            if asked:
                return _invited(request, asked[0], token, mailed=mail_invitation(asked[0], token))
            if ticket_of(token) is None:  # used meanwhile, or replaced
                return HttpResponseRedirect(reverse("person", args=[pk]))
            return _invited(request, User.every.get(pk=pk), token, mailed=False)  # sent twice: nobody is mailed twice
    fields = with_faults(_person_fields(None), fault, request.POST if fault else None)
    chosen = _chosen_roles(request) if fault else [r.pk for r in roles() if r.key == "sales"]
    return page(
        request, "people", _("Invite"), template="accounts/person.html", person=None, fields=fields, roles=_role_boxes(chosen),
        status=422 if fault else 200,
    )  # fmt: skip


def _invited(request: HttpRequest, user: User, token: str, *, mailed: bool) -> HttpResponse:
    return page(
        request, "people", _("Invite"), template="accounts/invited.html", person=user, link=link_of(token), mailed=mailed,
        by_mail=bool(settings.ENV.smtp_url),
    )  # fmt: skip


def _role_boxes(chosen: list[int]) -> list[dict[str, Any]]:
    return [{"id": r.pk, "name": r.name, "is_admin": r.is_admin, "on": r.pk in chosen} for r in roles()]


def person(request: HttpRequest, pk: int) -> HttpResponse:
    """A colleague: name, team, roles, access."""
    actor = admin_of(request)
    user = fetch(User, actor, pk)
    fault = None
    if request.method == "POST":
        demand_fresh(request)
        names = ("name", "name_kana", "email", "locale", "team", "reports_to")
        try:
            before = user.email
            change(
                user,
                {n: request.POST.get(n, "") for n in names},
                by=actor,
                version=_number(request.POST.get("version")) or None,
            )
            if before != user.email and user.pk != actor.user_id:
                end_sessions_of(user, by=actor)
            set_roles(user, _chosen_roles(request), by=actor)
        except Invalid as no:
            fault = no
        else:
            messages.success(request, _("Saved."))
            return HttpResponseRedirect(reverse("person", args=[pk]))
        user = fetch(User, actor, pk)
    chosen = _chosen_roles(request) if fault else list(user.roles.values_list("pk", flat=True))
    return page(
        request, "people", user.name, template="accounts/person.html", person=user, roles=_role_boxes(chosen),
        fields=with_faults(_person_fields(user), fault, request.POST if fault else None), status=422 if fault else 200,
        waits=user.is_active and bool(user.email) and not user.has_usable_password(), held=holdings(user, actor),
    )  # fmt: skip


@require_POST
def person_do(request: HttpRequest, pk: str, verb: str) -> HttpResponse:
    """End or give back access, log out everywhere, or make a new link."""
    actor = admin_of(request)
    demand_fresh(request)
    user = fetch(User, actor, pk)
    if verb == "link":
        if not user.is_active:
            raise NotNow
        token = invite_again(user, by=actor)
        return _invited(request, user, token, mailed=mail_invitation(user, token))
    if verb == "deactivate":
        deactivate_user(user, by=actor)
        messages.success(request, _("{name} is logged out and cannot log in any more.").format(name=user.name))
    elif verb == "reactivate":
        reactivate_user(user, by=actor)
        messages.success(request, _("{name} may log in again.").format(name=user.name))
    else:
        end_sessions_of(user, by=actor)
        messages.success(request, _("Logged out there."))
    return HttpResponseRedirect(reverse("person", args=[pk]))


# -- why -----------------------------------------------------------------------------------------------------------------


def _why_pane(request: HttpRequest) -> dict[str, Any]:
    """Pick a person and a record; see the verdict and the rules behind it."""
    actor = actor_of(request)
    noun = request.GET.get("noun") or "sales.deal"
    what = request.GET.get("what", "").strip()
    user = User.every.filter(pk=_number(request.GET.get("who")), removed_at__isnull=True).first()
    pane: dict[str, Any] = {
        "label": _("Why can somebody see this?"), "what": what,
        "who": field("who", _("Who"), "select", user.pk if user else "", options=[
            (u.pk, f"{u.name} ({u.team.name})" if u.team else u.name)
            for u in User.every.filter(removed_at__isnull=True).select_related("team").order_by("name")
        ]),
        "noun": field("noun", _("What"), "select", noun, options=matrix_nouns()),
        "hits": [], "answer": None, "row": None,
    }  # fmt: skip
    if user is None or noun not in RECORDS or noun.startswith(HIDDEN_NOUNS):
        return pane
    model = noun_of(noun)
    row = visible(model, actor).filter(pk=_number(request.GET.get("row"))).first()
    if row is None and what:
        title = RECORDS[noun].title_field()
        rows = visible(model, actor)
        hits = list((rows.filter(pk=int(what)) if _number(what) else rows.filter(**{f"{title}__icontains": what}))[:8])
        if len(hits) == 1:
            row = hits[0]
        pane["hits"] = (
            [
                {
                    "label": str(hit),
                    "note": str(getattr(hit, "company", "") or f"#{hit.pk}"),
                    "href": f"?who={user.pk}&noun={noun}&row={hit.pk}",
                }
                for hit in hits[:8]
            ]
            if row is None
            else []
        )
        pane["none"] = not hits
    if row is not None:
        answer = why(user, row)
        pane |= {"answer": answer, "row": row, "what": str(row), "verdicts": _verdicts(answer)}
    return pane


def _verdicts(answer: Why) -> list[dict[str, Any]]:
    return [{"label": verb_word(v), "yes": answer.verdicts[v]} for v in WHY_VERBS]
