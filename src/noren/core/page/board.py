"""Rows as cards in lanes. One grouped query for the heads, two for the cards, whatever their number."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Case, Count, ExpressionWrapper, F, FloatField, QuerySet, Sum, When
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from noren.core.access.actor import Actor
from noren.core.access.scope import fetch
from noren.core.base.errors import Invalid, NotFound
from noren.core.base.kept import kept, padded
from noren.core.base.text import row_id
from noren.core.filter.condition import F as Filter
from noren.core.page import cells
from noren.core.page.cards import Card, card
from noren.core.page.cells import Look
from noren.core.page.lists import OTHERWISE, Names, frame
from noren.core.page.views import View
from noren.core.page.web import draw, look_of, of_noun, toast, with_params
from noren.core.record.columns import Plan, has_column
from noren.core.record.declare import Board, Record
from noren.core.record.listing import Line, narrowed, unseen
from noren.core.record.state import State

SHOWN = 20  # cards of a lane
SHADES = 5


def board(request: HttpRequest, record: type[Record], actor: Actor, state: State, views: list[View]) -> HttpResponse:
    """The board layout of a list (`layout=board`)."""
    if record.board is None:
        raise NotFound
    look = look_of(request, actor)
    made = Drawn(record, record.board, actor, state, look)
    context = frame(record, actor, state, views, Names(record, actor, state.where))
    lanes = made.lanes()
    context |= {
        "area": "board", "board": True, "move_url": with_params(f"{record.url()}move/", state.pairs()),
        "moved": _("{card} moved to {stage}"), "lanes": lanes, "sums": made.sums(), "ends": made.ends(), "scopes": made.scopes(),
        "may_move": made.may_move, "columns_href": "",
    }  # fmt: skip
    return draw(request, "board.html", context)


class Drawn:
    """A board under construction: its lanes, heads and cards for an actor."""

    def __init__(self, record: type[Record], board: Board, actor: Actor, state: State, look: Look) -> None:
        self.record, self.board, self.actor, self.look = record, board, actor, look
        self.lane_model: Any = record.model._meta.get_field(board.by).related_model
        self.lane_rows = self._lane_rows(state)
        where = state.where & board.where if board.where else state.where
        self.state = State(where=where, find=state.find)
        self.asked = state
        self.sum = board.sum if board.sum and record.may_read(board.sum, actor) else ""
        self.move = board.move
        self.may_move = bool(board.move and actor.may(record.word(), board.move.right))
        self.heads: dict[int, dict[str, Any]] = {}

    def _lane_rows(self, state: State) -> list[Any]:
        rows = list(
            self.lane_model.every.filter(removed_at__isnull=True)
            .select_related(*filter(None, [self.board.scope]))
            .order_by(*self.lane_model._meta.ordering)
        )
        scope = self.board.scope
        self.scope_rows: list[Any] = []
        if not scope:
            return rows
        self.scope_rows = list(dict.fromkeys(getattr(r, scope) for r in rows))
        wanted = next((c.value for c in state.where.conditions() if c.field == scope and c.op == "is"), None)
        ids = [r.pk for r in self.scope_rows]
        chosen = row_id(wanted) if row_id(wanted) in ids else (ids[0] if ids else None)
        self.scope_id = chosen
        return [r for r in rows if getattr(r, f"{scope}_id") == chosen]

    # -- queries -------------------------------------------------------------------------------------------------------
    def rows(self) -> QuerySet[Any]:
        return narrowed(self.record, self.actor, self.state).filter(
            **{f"{self.board.by}__in": [r.pk for r in self.lane_rows]}
        )

    def read_heads(self, only: list[int] | None = None) -> dict[int, dict[str, Any]]:
        """Count, sum and weighted sum of each lane, in one query."""
        by = f"{self.board.by}_id"
        folds: dict[str, Any] = {"n": Count("pk")}
        if self.sum:
            folds["sum_"] = Sum(self.sum)
            chance = self._chance()
            if chance is not None:
                folds["weighted"] = Sum(ExpressionWrapper(F(self.sum) * chance / 100.0, output_field=FloatField()))
        rows = self.rows().filter(**{f"{by}__in": only}) if only else self.rows()
        return {row[by]: row for row in rows.order_by().values(by).annotate(**folds)}

    def _chance(self) -> Any:
        own, lane = has_column(self.record.model, "probability"), has_column(self.lane_model, "probability")
        if own and lane:
            return Coalesce(F("probability"), F(f"{self.board.by}__probability"))
        return F("probability") if own else F(f"{self.board.by}__probability") if lane else None

    def read_cards(self) -> dict[int, list[Card]]:
        """The first cards of every lane, in one query."""
        names = [n for n in self.board.card if self.record.may_read(n, self.actor)]
        beside = [f"{self.board.by}_id", *(n for n in ("stage_since",) if has_column(self.record.model, n))]
        plan = Plan(self.record, [self.record.field(n) for n in names], beside)
        order = ("position", "pk") if has_column(self.record.model, "position") else ("-updated_at", "-pk")

        def chosen(*some: int) -> QuerySet[Any]:
            return plan.select(self.record.model.every.filter(pk__in=some).order_by(*order))

        ids = self._first_of_lanes(order)
        read = kept(("cards", self.record, *plan.paths), chosen, *padded(ids)) if ids else []
        lines = [Line(v[0], v[1], v) for v in read]
        hidden = unseen(plan.columns, lines, self.actor)
        lane_at = plan.at(beside[0])
        since_at = plan.at(beside[1]) if len(beside) > 1 else None
        standards = {r.pk: getattr(r, "standard_days", None) for r in self.lane_rows}
        found: dict[int, list[Card]] = {}
        for line in lines:
            lane = line.values[lane_at]
            since = line.values[since_at] if since_at is not None else None
            found.setdefault(lane, []).append(self._card(plan, line, hidden, since, standards.get(lane)))
        return found

    def _first_of_lanes(self, order: tuple[str, ...]) -> list[int]:
        """Ids of the first rows of every lane: one narrow read per lane along its index, put together in one statement."""
        mark = -4_611_686_018_427_387_905  # no row has this id; it is replaced by each lane's
        first = narrowed(self.record, self.actor, self.state).filter(**{f"{self.board.by}_id": mark}).order_by(*order)
        sql, values = first.values_list("pk")[:SHOWN].query.sql_with_params()
        lanes = [row.pk for row in self.lane_rows]
        if not lanes or mark not in values:
            return []
        with connection.cursor() as cursor:
            cursor.execute(
                " UNION ALL ".join([f"({sql})"] * len(lanes)), [pk if v == mark else v for pk in lanes for v in values]
            )
            return [pk for (pk,) in cursor.fetchall()]

    def _card(
        self, plan: Plan, line: Line, hidden: Mapping[str, frozenset[int]], since: datetime | None, standard: int | None
    ) -> Card:
        made = Card(line.pk, line.version, self.record.url(line.pk))
        for column in plan.columns:
            one, value = column.field, line.values[column.at]
            name = str(line.values[column.title_at] or "") if column.title_at is not None else ""
            if one.kind == "ref" and value in hidden.get(one.name, ()):
                name = _("(hidden)")
            if one.name == self.record.title_field():
                made.title = str(value or "")
            elif one.name == "next_step":
                made.next, made.next_state = _step(value, line.values[column.near["next_step_at"]], self.look)
                made.has_next = True
            elif one.kind == "ref" and column.target is not None and column.target.word() == "accounts.user":
                made.owner = name
            elif one.kind == "ref" and not made.over:
                made.over = name
            elif one.kind == "money" and not made.value and value is not None:
                made.value, made.unit = cells.compact(value, self.look)
            elif one.kind == "date" and not made.date and value is not None:
                made.date, made.day = cells.short_day(value, self.look), value
                made.is_late = value < self.look.today
            elif value not in (None, ""):
                made.tags.append(cells.said(one, value, self.look, name))
        if since is not None:
            days = max((self.look.now - since) // timedelta(days=1), 0)
            made.age = ngettext("%(n)s day", "%(n)s days", days) % {"n": days}
            made.age_label = _("Days in this stage")
            if standard:
                made.age_label = _("%(days)s in this stage; the standard is %(standard)s") % {
                    "days": made.age,
                    "standard": standard,
                }
                made.age_tone = "shu" if days > 2 * standard else "kohaku" if days > standard else ""
        return made

    # -- for the template ----------------------------------------------------------------------------------------------
    def lanes(self) -> list[dict[str, Any]]:
        self.heads = self.read_heads()
        cards = self.read_cards()
        found = []
        for at, row in enumerate(self.lane_rows):
            lane = self.head(row, at)
            shown = cards.get(row.pk, [])
            left = lane["number"] - len(shown)
            lane["cards"] = [card(each) for each in shown]
            if left > 0:
                lane["more_label"] = ngettext("%(n)s more", "%(n)s more", left) % {"n": left}
                lane["more_href"] = with_params(
                    self.record.url(),
                    self.asked.pairs(where=self.state.where & Filter(**{self.board.by: row.pk}), layout=""),
                )
            found.append(lane)
        return found

    def head(self, row: Any, at: int) -> dict[str, Any]:
        told = self.heads.get(row.pk, {"n": 0})
        number = told["n"]
        value, unit = cells.compact(told.get("sum_") or 0, self.look) if self.sum else ("", "")
        weighted = told.get("weighted")
        probability = getattr(row, "probability", None)
        return {
            "id": row.pk, "key": str(row.pk), "label": str(row), "count": number, "number": number, "shade": min(at + 1, SHADES),
            "share": f"{probability}%" if probability is not None else "", "sum": value, "unit": unit, "current": at == 0,
            "weighted": _("weighted %(amount)s") % {"amount": "".join(cells.compact(round(weighted or 0), self.look))} if self.sum and weighted is not None else "",
            "add_href": f"{self.record.url(verb='new')}?{self._fill(row)}" if self.record.form and self.actor.may(self.record.word(), "create") else "",
        }  # fmt: skip

    def _fill(self, row: Any) -> str:
        scope = f"&{self.board.scope}={getattr(row, f'{self.board.scope}_id')}" if self.board.scope else ""
        return f"{self.board.by}={row.pk}{scope}"

    def sums(self) -> list[dict[str, Any]]:
        number = sum(h["n"] for h in self.heads.values())
        made: list[dict[str, Any]] = [{"label": "", "value": f"{number:,}", "unit": _(" rows")}]
        if self.sum:
            for word, key in ((_("Sum"), "sum_"), (_("Weighted"), "weighted")):
                if all(key in h for h in self.heads.values()) and self.heads:
                    value, unit = cells.compact(round(sum(h[key] or 0 for h in self.heads.values())), self.look)
                    made.append({"label": word, "value": value, "unit": unit})
        return made

    def ends(self) -> list[dict[str, Any]]:
        """Where cards leave: won and lost, with what came there lately. One query."""
        ends = [e for e in self.board.ends if self.actor.may(self.record.word(), e.verb.right)]
        if not ends:
            return []
        own = Filter()
        for cond in self.asked.where.conditions():
            if cond.field in {self.board.scope, "owner", "team"} and cond.op in ("is", "in"):
                own = own & Filter(**{cond.field if cond.op == "is" else f"{cond.field}__in": cond.value})
        rows = narrowed(self.record, self.actor, State(where=own))
        from noren.core.filter.sql import to_q
        from noren.core.filter.when import When as Moment
        from noren.core.record.listing import fiscal_of

        moment = Moment.now(self.actor, fiscal_of(ends[0].where))
        folds: dict[str, Any] = {}
        either: Any = None
        for at, one in enumerate(ends):
            q = to_q(one.where, self.record.vocabulary(self.actor), moment)
            either = q if either is None else either | q
            folds[f"n{at}"] = Count(Case(When(q, then=F("pk"))))
            if self.sum:
                folds[f"s{at}"] = Sum(Case(When(q, then=F(self.sum))))
        told = rows.filter(either).order_by().aggregate(**folds)
        found = []
        for at, one in enumerate(ends):
            note = "".join(cells.compact(told[f"s{at}"], self.look)) if self.sum and told.get(f"s{at}") else ""
            found.append({
                "key": one.verb.slug, "label": str(one.label), "verb": one.verb.slug, "icon": one.verb.icon, "count": told[f"n{at}"], "unit": "",
                "note": note, "href": with_params(self.record.url(), State(where=one.where & own).pairs()), "tone": "won" if one.verb.tone == "good" else "lost",
            })  # fmt: skip
        return found

    def scopes(self) -> list[dict[str, Any]]:
        """The pipelines to choose from, when there are several."""
        if len(self.scope_rows) < 2:
            return []
        rest = self.asked.where.without(self.board.scope)
        return [
            {
                "label": str(r),
                "href": with_params(
                    self.record.url(), self.asked.pairs(where=rest & Filter(**{self.board.scope: r.pk}))
                ),
                "current": r.pk == self.scope_id,
            }
            for r in self.scope_rows
        ]


def _step(text: str, at: datetime | None, look: Look) -> tuple[str, str]:
    if not text and at is None:
        return _("Decide the next step"), "none"
    when: date | None = at.astimezone(look.zone).date() if at else None
    if when is None:
        return text, ""
    state = "late" if when < look.today else "today" if when == look.today else ""
    return f"{_('Today') if state == 'today' else cells.short_day(when, look)} {text}".strip(), state


@of_noun("POST")
def move(request: HttpRequest, record: type[Record], actor: Actor) -> HttpResponse:
    """POST /<module>/<plural>/move/: a card into a lane, at a place. Answers with both heads and the card."""
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
    made.heads = made.read_heads([was, lane.pk])
    html = "".join(
        render_to_string("ui/lane_head.html", {"lane": made.head(one, at)})
        for at, one in enumerate(made.lane_rows)
        if one.pk in (was, lane.pk)
    )
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


def _fresh_card(made: Drawn, pk: int) -> SafeString:
    """The card as it now is, if it is among those shown."""
    for listed in made.read_cards().values():
        for each in listed:
            if each.id == pk:
                return card(each)
    return mark_safe("")


__all__ = ["SHOWN", "Drawn", "board", "move"]


OTHERWISE["board"] = board
