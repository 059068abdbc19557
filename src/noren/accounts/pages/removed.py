"""The bins of all nouns on one page: what lies in them, and what leaves for good next night."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.utils.text import capfirst
from django.views.decorators.http import require_safe

from noren.core.access.actor import actor_of
from noren.core.access.scope import visible
from noren.core.action.jobs import due
from noren.core.page.frame import page
from noren.core.record.declare import RECORDS


@require_safe
def bins(request: HttpRequest) -> HttpResponse:
    actor = actor_of(request)
    soon = due() if actor.is_admin else {}
    lines = []
    for word, record in RECORDS.items():
        if not record.pages or not actor.may(word, "remove"):
            continue
        count = visible(record.model, actor, "remove", removed=True).count()
        if count:
            lines.append(
                {
                    "label": capfirst(record.labels()),
                    "href": f"{record.url()}bin/",
                    "count": count,
                    "soon": soon.get(word, 0),
                }
            )
    return page(request, "bin", template="accounts/bins.html", lines=lines, soon=sum(soon.values()))
