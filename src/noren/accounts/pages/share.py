"""Opening one record to one more person or team."""

from __future__ import annotations

from datetime import datetime, time
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from noren.accounts.actions.rights import end_share, share_row
from noren.accounts.models import User
from noren.core.access.actor import Actor, actor_of
from noren.core.access.models import Share, Team
from noren.core.access.scope import fetch, noun_of
from noren.core.base.errors import Invalid, NotFound
from noren.core.base.model import Model
from noren.core.page.frame import field, with_faults
from noren.core.page.row.hooks import MENU
from noren.core.page.web import done_once, fresh_token
from noren.core.record.declare import RECORDS


def share(request: HttpRequest, noun: str, pk: int) -> HttpResponse:
    """The share dialog: in the sheet of a record's page, or as a page of its own."""
    actor = actor_of(request)
    model = noun_of(noun)
    if noun not in RECORDS or not model.reach.owner:
        raise NotFound
    row = fetch(model, actor, pk, "share")
    back = RECORDS[noun].url(row.pk)
    fault = None
    if request.method == "POST":
        try:
            done_once(request, actor, f"share:{noun}:{row.pk}", lambda: _give(request, noun, row.pk))
        except Invalid as no:
            fault = no
        else:
            messages.success(request, _("Shared."))
            if request.headers.get("HX-Request"):
                return HttpResponse(status=204, headers={"HX-Redirect": back})
            return HttpResponseRedirect(back)
    people = (
        User.every.filter(removed_at__isnull=True, is_active=True)
        .exclude(pk=actor.user_id or 0)
        .order_by("name_kana", "name")
    )
    teams = Team.every.filter(removed_at__isnull=True).order_by("path")
    options = [
        ("", "—"),
        *((f"u{u.pk}", u.name) for u in people),
        *((f"t{t.pk}", _("Team {name}").format(name=t.name)) for t in teams),
    ]
    fields = [
        field("user", _("With whom"), "select", "", options=options, required=True),
        field("may_edit", _("They may"), "radio", "", options=[("", _("See it")), ("on", _("See and change it"))]),
        field("until", _("Until"), "date", "", hint=_("Leave it empty for no end.")),
    ]
    if fault:
        with_faults(fields, fault, request.POST)
    now = timezone.now()
    shares = [
        {"id": one.pk, "who": one.user.name if one.user else _("Team {name}").format(name=one.team.name if one.team else ""),
         "may_edit": one.may_edit, "until": one.until, "is_over": one.until is not None and one.until <= now}
        for one in Share.objects.filter(noun=noun, row_id=row.pk).select_related("user", "team").order_by("-shared_at")
    ]  # fmt: skip
    context: dict[str, Any] = {
        "title": _("Share"), "row": row, "fields": fields, "shares": shares, "action": request.path, "back": back, "area": "settings", "word": fresh_token(),
        "note": _("Sharing opens this one record, with all that belongs to it, and nothing else."),
    }  # fmt: skip
    name = "accounts/share_sheet.html" if request.headers.get("HX-Request") else "accounts/share.html"
    return TemplateResponse(request, name, context, status=422 if fault else 200)


def _give(request: HttpRequest, noun: str, pk: int) -> None:
    actor = actor_of(request)
    whom = request.POST.get("user", "")
    number = int(whom[1:]) if whom[1:].isdecimal() and len(whom) < 18 else 0
    text = request.POST.get("until", "").strip().replace("/", "-")
    until = None
    if text:
        try:
            day = parse_date(text)
        except ValueError:
            day = None
        if day is None or day < timezone.localdate():
            raise Invalid(until=_("Write a day to come, like 2027-03-31."))
        until = datetime.combine(day, time(23, 59, 59), actor.zone)
    share_row(
        noun, pk, by=actor, user=number if whom.startswith("u") else None, team=number if whom.startswith("t") else None,
        may_edit=request.POST.get("may_edit") == "on", until=until,
    )  # fmt: skip


@require_POST
def share_end(request: HttpRequest, pk: int) -> HttpResponse:
    found = Share.objects.filter(pk=pk).first()
    end_share(pk, by=actor_of(request))
    messages.success(request, _("No longer shared."))
    assert found is not None
    return HttpResponseRedirect(f"/share/{found.noun}/{found.row_id}/")


def _offer(row: Model, actor: Actor) -> list[dict[str, Any]]:
    """The item in the menu of a record's page, for nouns that have owners and people who may share them."""
    if not row.reach.owner or row.reach.parents or not actor.may(type(row), "share"):
        return []
    return [{"label": _("Share"), "href": f"/share/{row.word()}/{row.pk}/", "icon": "share", "sheet": True}]


MENU.setdefault("", []).append(_offer)
