"""The first run: five steps, each a link to where it is done. Shown until it is dismissed or there are deals."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from noren.accounts.login.first import DISMISSED
from noren.accounts.models import User
from noren.core.access.actor import Actor, actor_of
from noren.core.access.firm import firm
from noren.core.access.scope import noun_of
from noren.core.event.models import Fact
from noren.core.page.frame import gate


def welcome(request: HttpRequest) -> HttpResponse:
    if request.method == "POST":
        response = HttpResponseRedirect("/")
        response.set_cookie(
            DISMISSED, "1", max_age=365 * 24 * 3600, secure=settings.IS_SECURE, httponly=True, samesite="Lax"
        )
        return response
    actor = actor_of(request)
    steps = _steps(actor)
    done = sum(1 for step in steps if step["state"] == "done")
    now = next((step for step in steps if step["state"] != "done"), None)
    if now is not None:
        now["state"] = "now"
    return gate(
        request, _("Decide five things, and work begins tomorrow morning"), "accounts/welcome.html", wide=True, steps=steps,
        done=done, minutes=sum(step["minutes"] for step in steps if step["state"] != "done"),
    )  # fmt: skip


def _steps(actor: Actor) -> list[dict[str, Any]]:
    house = firm()
    colleagues = User.every.filter(removed_at__isnull=True, is_active=True, email__isnull=False).count()
    has_deals = noun_of("sales.deal").every.exists()
    has_firms = noun_of("contacts.company").every.exists()
    stage: Any = noun_of("sales.stage")
    rows = stage.every.filter(removed_at__isnull=True, pipeline__is_default=True).order_by("position")
    stages = list(rows.values_list("name", flat=True))
    seen_firm = Fact.objects.filter(name="access.firm.changed").exists()
    return [
        {"title": _("The firm"), "state": "done" if seen_firm else "", "href": reverse("firm"), "minutes": 1, "kind": "firm",
         "text": _("{name} · fiscal year from month {month} · {tz} · {currency}").format(
             name=house.name, month=house.fiscal_start_month, tz=house.tz, currency=house.currency)},
        {"title": _("Bring in your data"), "state": "done" if has_deals or has_firms else "", "href": "/imports/", "minutes": 3, "kind": "data",
         "text": _("You can import again at any time. Your file stays as it is."), "is_demo": house.is_demo},
        {"title": _("Members"), "state": "done" if colleagues > 1 else "", "href": reverse("invite"), "minutes": 2, "kind": "people",
         "text": ngettext("{n} person can log in. Invite by link or mail, and set team and role.", "{n} people can log in. Invite by link or mail, and set team and role.", colleagues).format(n=colleagues)},
        {"title": _("Pipeline"), "state": "done" if has_deals else "", "href": "/settings/pipelines/", "minutes": 0, "kind": "pipeline",
         "text": " → ".join(stages) or _("No stages yet")},
        {"title": _("Goal"), "state": "", "href": "/metrics/", "minutes": 1, "kind": "goal",
         "text": _("Look at the numbers that your deals make, and fix what the year should bring.")},
    ]  # fmt: skip
