"""API keys: one's own, and all of them for administrators."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from noren.accounts.actions.keys import issue_key, revoke_key
from noren.accounts.login import demand_fresh
from noren.accounts.login.secret import seal, unseal
from noren.accounts.models import ApiKey
from noren.core.access.actor import actor_of
from noren.core.base.errors import Invalid
from noren.core.page.frame import field, page, with_faults
from noren.core.page.web import done_once

UNUSED = 90
"""Days without use after which a key is pointed out."""
SHOWN = timedelta(minutes=10)
"""How long the same press of a button, sent again, is answered with the same secret."""


def keys(request: HttpRequest, made: tuple[ApiKey, str] | None = None) -> HttpResponse:
    actor = actor_of(request)
    rows = ApiKey.every.filter(removed_at__isnull=True).select_related("user").order_by("-revoked_at", "-created_at")
    if not actor.is_admin:
        rows = rows.filter(user_id=actor.user_id or 0)
    lines = [_line(key) for key in rows]
    lines.sort(key=lambda line: line["state"] == "revoked")
    idle = sum(1 for line in lines if line["idle"])
    live = sum(1 for line in lines if line["state"] == "live")
    head = ngettext("{n} key in use", "{n} keys in use", live).format(n=live)
    if idle:
        head += " · " + _("{n} not used for {days} days").format(n=idle, days=UNUSED)
    return page(
        request, "keys", template="accounts/keys.html", headline=head, lines=lines, made=made, everybody=actor.is_admin,
        actions=[{"label": _("How to call the API"), "href": reverse("api_docs")},
                 {"label": _("Make a key"), "icon": "plus", "kind": "pri", "href": reverse("key_add")}],
    )  # fmt: skip


def _line(key: ApiKey) -> dict[str, Any]:
    today = timezone.localdate()
    state = "revoked" if key.revoked_at else "ended" if key.expires_on and key.expires_on < today else "live"
    left = (key.expires_on - today).days if key.expires_on else None
    used = key.last_used_at or key.created_at
    idle = state == "live" and timezone.now() - used > timedelta(days=UNUSED)
    return {"key": key, "state": state, "left": left, "soon": left is not None and 0 <= left <= 14, "idle": idle}


def key_add(request: HttpRequest) -> HttpResponse:
    """Make a key; the answer shows it, this once. The same press sent twice makes one key and shows it twice."""
    actor = actor_of(request)
    fault = None
    if request.method == "POST":
        demand_fresh(request)
        day = request.POST.get("expires_on", "").strip()
        try:
            until = _day(day)

            def issue() -> list[Any]:
                key, secret = issue_key(request.POST.get("name", ""), request.POST.get("scope", ""), until, by=actor)
                return [key.pk, seal(secret, "key made")]

            made, sealed = done_once(request, actor, "key", issue)
        except Invalid as no:
            fault = no
        else:
            key = ApiKey.every.get(pk=made)
            if timezone.now() - key.created_at > SHOWN:
                return HttpResponseRedirect(reverse("keys"))
            return keys(request, (key, unseal(sealed, "key made")))
    fields = [
        field("name", _("What is it for?"), required=True, max=80),
        field("scope", _("Scope"), "radio", "read", options=ApiKey.SCOPES),
        field("expires_on", _("Valid until"), "date", _written(timezone.localdate() + timedelta(days=365)),
              hint=_("Leave it empty for no end.")),
    ]  # fmt: skip
    if fault:
        with_faults(fields, fault, request.POST)
    form = {"action": request.path, "fields": fields, "submit": _("Make the key")}
    note = _("A key may do what you may do, never more.")
    return page(
        request,
        "keys",
        _("Make a key"),
        sections=[{"title": _("Make a key"), "note": note, "form": form}],
        status=422 if fault else 200,
    )


def _written(day: date) -> str:
    """As forms write a day: 2027/11/25 in Japanese, else 2027-11-25."""
    return day.isoformat().replace("-", "/" if get_language() == "ja" else "-")


def _day(text: str) -> Any:
    if not text:
        return None
    try:
        found = parse_date(text.replace("/", "-"))
    except ValueError:
        found = None
    if found is None:
        raise Invalid(expires_on=_("Write the day like 2027-03-31."))
    return found


@require_POST
def key_revoke(request: HttpRequest, pk: int) -> HttpResponse:
    key = revoke_key(pk, by=actor_of(request))
    messages.success(request, _("The key “{name}” no longer opens anything.").format(name=key.name))
    return HttpResponseRedirect(reverse("keys"))
