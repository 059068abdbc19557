"""Files out and into the bin. What is served is always a download: nothing that was uploaded ever runs here."""

from __future__ import annotations

from typing import cast

from django.http import FileResponse, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from noren.activity.models import Activity, Attachment
from noren.core.access.actor import Actor, actor_of
from noren.core.access.scope import fetch, noun_of
from noren.core.action.plain import remove as put_away
from noren.core.base.errors import NotFound
from noren.core.page.web import came_from, logged_in, onward, safe_next, say


def within_reach(pk: int, actor: Actor, verb: str = "view") -> Attachment:
    """A file whose parent the actor may see and which is not in the bin, nor its parent."""
    file = fetch(Attachment, actor, pk, verb)
    if file.activity_id:
        fetch(Activity, actor, file.activity_id)
    elif file.about_id:
        fetch(noun_of(file.about_noun), actor, file.about_id)
    return file


@require_GET
@logged_in
def download(request: HttpRequest, pk: int) -> HttpResponse:
    file = within_reach(pk, actor_of(request))
    try:
        data = file.file.open("rb")
    except FileNotFoundError:
        raise NotFound(_("The bytes of this file are missing.")) from None
    answer = FileResponse(data, as_attachment=True, filename=file.name, content_type=file.content_type)
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    answer.headers["Cache-Control"] = "private, no-store"
    return cast(HttpResponse, answer)  # a stream; the two share their base only


@require_POST
@logged_in
def remove(request: HttpRequest, pk: int) -> HttpResponse:
    actor = actor_of(request)
    put_away(within_reach(pk, actor, "remove"), by=actor)
    say(request, _("The file is in the bin."))
    return onward(request, safe_next(request, came_from(request), "/activity/today/"))
