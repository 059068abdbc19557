"""Settings of the way a deal takes: pipelines, their stages, and the reasons for loss."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from noren.core.access.actor import Actor, actor_of
from noren.core.access.rights import Level
from noren.core.access.scope import fetch
from noren.core.action.plain import change, create, remove
from noren.core.base.errors import Forbidden, Invalid, NotNow
from noren.core.page.frame import page
from noren.core.page.web import done_once
from noren.sales.models import Deal, LossReason, Pipeline, Stage


def _may(request: HttpRequest) -> Actor:
    actor = actor_of(request)
    if actor.level(Pipeline, "edit") is not Level.ALL:  # a pipeline is nobody's own
        raise Forbidden
    return actor


def pipelines(request: HttpRequest) -> HttpResponse:
    """All of it on one page; POST adds a pipeline, a stage or a reason."""
    actor = _may(request)
    faults: list[str] = []
    if request.method == "POST":
        try:
            done_once(request, actor, "way", lambda: _add(request, actor))
        except Invalid as no:
            faults = [text for texts in no.errors.values() for text in texts]
        else:
            messages.success(request, _("Saved."))
            return HttpResponseRedirect(reverse("pipelines"))
    open_deals = Count("deals", filter=Q(deals__removed_at__isnull=True, deals__outcome="open"))
    stages = Stage.every.filter(removed_at__isnull=True).annotate(n=open_deals).order_by("position", "pk")
    ways = [
        {"pipeline": one, "stages": [s for s in stages if s.pipeline_id == one.pk]}
        for one in Pipeline.every.filter(removed_at__isnull=True).order_by("position", "pk")
    ]
    reasons = LossReason.every.filter(removed_at__isnull=True).order_by("position", "pk")
    return page(
        request, "pipelines", template="sales/pipelines.html", ways=ways, reasons=reasons, faults=faults,
        status=422 if faults else 200,
    )  # fmt: skip


def _add(request: HttpRequest, actor: Actor) -> None:
    post = request.POST
    name = post.get("name", "").strip()
    if not name:
        raise Invalid(name=_("Give it a name."))
    if post.get("what") == "pipeline":
        made = create(Pipeline, {"name": name, "position": Pipeline.every.count()}, by=actor)
        create(Stage, {"pipeline": made.pk, "name": _("First stage"), "position": 0, "probability": 10}, by=actor)
    elif post.get("what") == "stage":
        pipeline = fetch(Pipeline, actor, post.get("pipeline"))
        last = pipeline.stages.order_by("-position").values_list("position", flat=True).first()
        create(Stage, {"pipeline": pipeline.pk, "position": (last or 0) + 1, **_stage_values(request)}, by=actor)
    else:
        create(LossReason, {"name": name, "position": LossReason.every.count()}, by=actor)


def _stage_values(request: HttpRequest) -> dict[str, Any]:
    post = request.POST
    return {
        "name": post.get("name", "").strip(), "probability": post.get("probability", "").strip() or "10",
        "standard_days": post.get("standard_days", "").strip() or None,
    }  # fmt: skip


@require_POST
def stage(request: HttpRequest, pk: int) -> HttpResponse:
    """Change a stage, move it up or down, or put it away when no open deal stands in it."""
    actor = _may(request)
    row = fetch(Stage, actor, pk)
    todo = request.POST.get("do", "")
    if todo == "remove":
        if Deal.every.filter(stage=row, removed_at__isnull=True, outcome="open").exists():
            raise NotNow(_("Open deals stand in this stage. Move them first."))
        if Stage.every.filter(pipeline=row.pipeline_id, removed_at__isnull=True).count() < 2:
            raise NotNow(_("A pipeline needs one stage at least."))
        remove(row, by=actor)
    elif todo in ("up", "down"):
        _swap(
            list(Stage.every.filter(pipeline=row.pipeline_id, removed_at__isnull=True).order_by("position", "pk")),
            row.pk,
            todo,
            actor,
        )
    else:
        change(row, _stage_values(request), by=actor)
        messages.success(request, _("Saved."))
    return HttpResponseRedirect(reverse("pipelines"))


def _swap(rows: list[Any], pk: int, todo: str, actor: Actor) -> None:
    at = next(i for i, one in enumerate(rows) if one.pk == pk)
    to = at + (-1 if todo == "up" else 1)
    if 0 <= to < len(rows):
        rows[at], rows[to] = rows[to], rows[at]
        for position, one in enumerate(rows):
            if one.position != position:
                change(one, {"position": position}, by=actor)


@require_POST
def reason(request: HttpRequest, pk: int) -> HttpResponse:
    """Rename a reason, move it, or put it away; deals that were lost for it keep it."""
    actor = _may(request)
    row = fetch(LossReason, actor, pk)
    todo = request.POST.get("do", "")
    if todo == "remove":
        remove(row, by=actor)
    elif todo in ("up", "down"):
        _swap(list(LossReason.every.filter(removed_at__isnull=True).order_by("position", "pk")), row.pk, todo, actor)
    else:
        change(row, {"name": request.POST.get("name", "").strip()}, by=actor)
        messages.success(request, _("Saved."))
    return HttpResponseRedirect(reverse("pipelines"))
