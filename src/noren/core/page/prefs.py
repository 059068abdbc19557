"""The height of rows, as a person likes it. (Theme and language belong to the gate: they work before log-in too.)"""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from noren.core.base.errors import Invalid
from noren.core.page.web import came_from, logged_in, safe_next


@require_POST
@logged_in
def density(request: HttpRequest) -> HttpResponse:
    """POST /me/density/"""
    value = request.POST.get("density", "")
    if value not in {"", "compact", "relaxed"}:
        raise Invalid({"density": [_("Choose one from the list.")]})
    user: Any = request.user
    if user.density != value:
        user.density = value
        user.save(update_fields=["density"])
    return HttpResponseRedirect(safe_next(request, came_from(request), "/"))
