"""A card of a board put into another lane, or to another place in its lane."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from noren.core.access.actor import Actor
from noren.core.access.scope import fetch
from noren.core.base.errors import Invalid, NotFound
from noren.core.base.kept import together
from noren.core.page.lists.board import Drawn, lane_head
from noren.core.page.lists.cards import card
from noren.core.page.web import look_of, of_noun, toast, with_params
from noren.core.record.declare import Record
from noren.core.record.state import State


@of_noun("POST")
def move(request: HttpRequest, record: type[Record], actor: Actor) -> HttpResponse:
    """POST /<module>/<plural>/move/: a card into a lane, at a place. Answers with both heads, their counts and the card."""
    if record.board is None or record.board.move is None:
        raise NotFound
    sent = {
        name: request.POST.get(name, request.GET.get(f"_{name}", "")) for name in ("id", "version", "stage", "position")
    }
    row: Any = fetch(record.model, actor, sent["id"], record.board.move.right)
    by = record.board.by
    lane: Any = _lane_model(record).every.filter(pk=_whole(sent["stage"]), removed_at__isnull=True).first()
    if lane is None:
        return toast(HttpResponse(status=422), _("This stage no longer exists."))
    if sent["version"] and sent["version"] != str(row.version):
        return toast(
            HttpResponse(status=409), _("Somebody else has just changed this card. The page shows how it stands now.")
        )
    was, place = getattr(row, f"{by}_id"), _place_of(record, row)
    before = _before(record, lane, row, _whole(sent["position"]) or 0)
    try:
        record.board.move(row, by=actor, **{by: lane}, **before)
    except Invalid as no:
        return toast(HttpResponse(status=422), " ".join(t for listed in no.errors.values() for t in listed))
    state = State.read(request.GET)
    made = Drawn(record, record.board, actor, state, look_of(request, actor))
    made.heads, made.cards = together(made.read_heads([was, lane.pk]), made.read_cards())
    heads = [made.head(one, at) for at, one in enumerate(made.lane_rows) if one.pk in (was, lane.pk)]
    html = "".join(lane_head(each) + _count(each) for each in heads)
    html += _fresh_card(made, row.pk)
    undo = (
        with_params(f"{record.url()}move/", [("_id", str(row.pk)), ("_stage", str(was)), ("_position", str(place))])
        if was != lane.pk
        else ""
    )
    text = _("“%(card)s” moved to %(stage)s.") % {"card": row, "stage": lane} if was != lane.pk else ""
    answer = HttpResponse(html)
    return toast(answer, text, undo) if text else answer


def _lane_model(record: type[Record]) -> Any:
    """The noun whose rows are the lanes."""
    assert record.board is not None
    return record.model._meta.get_field(record.board.by).related_model


def _whole(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def _lane(record: type[Record], lane_id: int) -> QuerySet[Any]:
    assert record.board is not None
    rows = record.model.every.filter(removed_at__isnull=True, **{record.board.by: lane_id})
    if record.board.where:
        rows = rows.filter(**{c.field: c.value for c in record.board.where.conditions() if c.op == "is"})
    return rows.order_by("position", "pk")


def _before(record: type[Record], lane: Any, row: Any, position: int) -> dict[str, Any]:
    """The card that the moved one is put above; at the end of the lane when there is none."""
    ids = list(_lane(record, lane.pk).exclude(pk=row.pk).values_list("pk", flat=True)[position : position + 1])
    if ids:
        return {"before": ids[0]}
    return {"last": True} if position else {}


def _place_of(record: type[Record], row: Any) -> int:
    assert record.board is not None
    return _lane(record, getattr(row, f"{record.board.by}_id")).filter(position__lt=row.position).count()


def _count(lane: dict[str, Any]) -> SafeString:
    """The count beside a lane's name where phones choose one (ui/boarding.html)."""
    return SafeString(f'<span class="num" id="count-{lane["id"]}">{lane["count"]}</span>')


def _fresh_card(made: Drawn, pk: int) -> SafeString:
    """The card as it now is, if it is among those shown."""
    for listed in made.cards.values():
        for each in listed:
            if each.id == pk:
                return card(each)
    return SafeString("")
