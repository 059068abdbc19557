"""Rows as cards in lanes. One query for the lanes, then one trip for heads, cards and ends, whatever their number."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from functools import cached_property
from typing import Any

from django.db.models import BigIntegerField, Count, ExpressionWrapper, F, QuerySet, Sum, Value
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.utils.safestring import SafeString
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from noren.core.access.actor import Actor
from noren.core.base.errors import NotFound
from noren.core.base.kept import Asking, ask, kept, together
from noren.core.base.text import row_id
from noren.core.filter.condition import All, Cond
from noren.core.filter.condition import F as Filter
from noren.core.filter.sql import to_q
from noren.core.filter.when import When as Moment
from noren.core.metric.cube.sums import Sums, sums
from noren.core.page import cells
from noren.core.page.cells import Look
from noren.core.page.drawn import Place, drawn
from noren.core.page.lists.cards import Card, Cards, card
from noren.core.page.lists.rows import OTHERWISE, Names, frame, head
from noren.core.page.lists.views import View
from noren.core.page.markup import escape
from noren.core.page.shell import LINKS
from noren.core.page.web import draw, look_of, with_params
from noren.core.record.columns import Plan, has_column
from noren.core.record.declare import Board, End, Record
from noren.core.record.listing import Line, fiscal_of, narrowed, unseen
from noren.core.record.narrow import few_of
from noren.core.record.state import State

SHOWN = 20  # cards of a lane
SHADES = 5


def board(request: HttpRequest, record: type[Record], actor: Actor, state: State, views: list[View]) -> HttpResponse:
    """The board layout of a list (`layout=board`)."""
    if record.board is None:
        raise NotFound
    look = look_of(request, actor)
    made = Drawn(record, record.board, actor, state, look)
    made.read()
    token = get_token(request)
    main = drawn_board(request, made, views, token)
    return draw(
        request, "board.html", {**head(record), "area": "board", "board": True, "main": main, "csrf_token": token}
    )


def drawn_board(request: HttpRequest, made: Drawn, views: list[View], token: str) -> SafeString:
    """The main part of a board. All but cards and figures is drawn once for a person and a state of the board."""
    record, actor, state = made.record, made.actor, made.asked
    names = Names(record, actor, state.where)
    lanes, sums, ends, scopes = made.lanes(), made.sums(), made.ends(), made.scopes()
    stamp = getattr(request.user, "access_stamp", None)
    key = (
        stamp, actor.user_id, get_language(), made.look.today, record, tuple(state.pairs()), names.told(),
        tuple((v.key, v.label, v.query, v.row is not None and v.row.owner_id) for v in views),
        tuple((lane["id"], lane["label"], bool(lane["cards"]), "more_href" in lane) for lane in lanes),
        tuple(one["label"] for one in sums), tuple((one["key"], bool(one["note"])) for one in ends),
        tuple(tuple(one.items()) for one in scopes),
    )  # fmt: skip

    def context(place: Place) -> dict[str, Any]:
        return {
            **frame(record, actor, state, views, names), "shell": {"urls": LINKS}, "csrf_token": place("token"),
            "move_url": with_params(f"{record.url()}move/", state.pairs()), "moved": _("{card} moved to {stage}"),
            "may_move": made.may_move, "columns_href": "", "scopes": scopes,
            "lanes": [
                {
                    **lane, "head": place(f"head{at}"), "count": place(f"count{at}"), "more_label": place(f"more{at}"),
                    "cards": [place(f"cards{at}")] if lane["cards"] else [],
                } for at, lane in enumerate(lanes)
            ],
            "sums": [{**one, "value": place(f"sum{at}"), "unit": place(f"unit{at}")} for at, one in enumerate(sums)],
            "ends": [
                {**one, "count": place(f"end{at}"), "note": place(f"note{at}") if one["note"] else ""}
                for at, one in enumerate(ends)
            ],
        }  # fmt: skip

    parts = {"token": token}
    for at, lane in enumerate(lanes):
        parts |= {
            f"head{at}": lane_head(lane), f"count{at}": str(lane["count"]), f"cards{at}": "".join(lane["cards"]),
            f"more{at}": escape(lane.get("more_label", "")),
        }  # fmt: skip
    for at, one in enumerate(sums):
        parts |= {f"sum{at}": escape(one["value"]), f"unit{at}": escape(one["unit"])}
    for at, one in enumerate(ends):
        parts |= {f"end{at}": str(one["count"]), f"note{at}": escape(one["note"])}
    return drawn("ui/boarding.html", key if stamp is not None else None, context, **parts)


def lane_head(lane: Mapping[str, Any]) -> SafeString:
    """Name, count and sums of a lane."""
    names = ("id", "count", "sum", "unit", "weighted", "add_href")

    def context(place: Place) -> dict[str, Any]:
        return {"lane": {**lane, **{name: place(name) for name in names if lane[name] or name == "count"}}}

    key = (get_language(), lane["label"], lane["share"], *(bool(lane[name]) for name in names[2:]))
    return drawn("ui/lane_head.html", key, context, **{name: escape(lane[name]) for name in names})


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
        self.cards: dict[int, list[Card]] = {}
        self.left: list[tuple[int, Any]] = []

    def _lane_rows(self, state: State) -> list[Any]:
        scope = self.board.scope

        def lanes() -> QuerySet[Any]:
            rows: QuerySet[Any] = self.lane_model.every.filter(removed_at__isnull=True)
            ordered: QuerySet[Any] = rows.select_related(*filter(None, [scope])).order_by(
                *self.lane_model._meta.ordering
            )
            return ordered

        rows = kept(("lanes of a board", self.lane_model, scope), lanes)
        self.scope_rows: list[Any] = []
        self.scope_id: int | None = None
        if not scope:
            return rows
        self.scope_rows = list(dict.fromkeys(getattr(r, scope) for r in rows))
        wanted = next((c.value for c in state.where.conditions() if c.field == scope and c.op == "is"), None)
        ids = [r.pk for r in self.scope_rows]
        self.scope_id = row_id(wanted) if row_id(wanted) in ids else (ids[0] if ids else None)
        return [r for r in rows if getattr(r, f"{scope}_id") == self.scope_id]

    # -- queries -------------------------------------------------------------------------------------------------------
    def read(self) -> None:
        """Heads, cards and ends, in one trip."""
        self.heads, self.cards, self.left = together(self.read_heads(), self.read_cards(), self.read_ends())

    @cached_property
    def rows(self) -> QuerySet[Any]:
        """The rows of the board. The scope is said as well as the lanes: the index begins with it. What is not remembered is
        looked for first where it is few of very many."""
        rows = narrowed(self.record, self.actor, self.state)
        if self.scope_id is not None:
            rows = rows.filter(**{f"{self.board.scope}_id": self.scope_id})
        few = few_of(self.record, self.actor, rows, self.state) if self.key() is None else None
        return rows if few is None else rows.filter(pk__in=few)

    def key(self, *what: Hashable) -> Hashable | None:
        """Under what a question of this board is remembered; boards narrowed by more than whose the rows are, are asked anew."""
        where = self.asked.where
        if self.asked.find or not self._lasts(where):
            return None
        return ("board", self.record, self.scope_id, self.sum, tuple(r.pk for r in self.lane_rows), repr(where), *what)

    def read_heads(self, only: list[int] | None = None) -> Asking[dict[int, dict[str, Any]]]:
        """Count, sum and weighted sum of each lane."""
        by, lanes = f"{self.board.by}_id", only or [r.pk for r in self.lane_rows]
        folds: dict[str, Any] = {"n": Count("*")}
        if self.sum:
            folds["sum_"] = Sum(self.sum)
            chance = self._chance()
            if chance is not None:
                folds["percents"] = Sum(ExpressionWrapper(F(self.sum) * chance, output_field=BigIntegerField()))

        def heads() -> QuerySet[Any]:
            rows = self.rows.filter(**{f"{by}__in": lanes}).order_by()
            told: QuerySet[Any] = rows.values(by).annotate(**folds).values_list(by, *folds)
            return told

        found = self.heads_of_cells("percents" in folds)
        if found is not None:
            (read,) = yield [ask(self.key("heads from cells"), found.rows, who=self.actor)]
            known = found.told(read)
            if known is not None:
                return {lane: dict(zip(folds, values, strict=True)) for _at, lane, *values in known if lane in lanes}
        (told,) = yield [ask(self.key("heads", *lanes), heads, who=self.actor)]
        return {lane: dict(zip(folds, values, strict=True)) for lane, *values in told}

    def heads_of_cells(self, weighted: bool) -> Sums | None:
        """Heads from a cube; None when only the rows tell."""
        where = self.state.where
        if self.scope_id is not None:
            where = where & Filter(Cond(self.board.scope, "is", self.scope_id))
        return None if self.state.find else self._cells([where], self.board.by, weighted)

    def _cells(self, conditions: list[Filter], by: str = "", weighted: bool = False) -> Sums | None:
        """Numbers and sums from a cube; None when only the rows tell."""
        chances = ("probability", f"{self.board.by}__probability") if weighted else ()
        words = self.record.vocabulary(self.actor)
        return sums(self.record.model, self.actor, words, self._moment(conditions), conditions, by, self.sum, chances)

    def _moment(self, conditions: list[Filter]) -> Moment:
        return Moment.now(self.actor, fiscal_of(Filter(All(tuple(each.node for each in conditions)))))

    def _chance(self) -> Any:
        own, lane = has_column(self.record.model, "probability"), has_column(self.lane_model, "probability")
        if own and lane:
            return Coalesce(F("probability"), F(f"{self.board.by}__probability"))
        return F("probability") if own else F(f"{self.board.by}__probability") if lane else None

    def read_cards(self) -> Asking[dict[int, list[Card]]]:
        """The first cards of every lane: a narrow read per lane along its index, put together in one statement."""
        by = f"{self.board.by}_id"
        names = [n for n in self.board.card if self.record.may_read(n, self.actor)]
        along = "position" if has_column(self.record.model, "position") else "updated_at"
        beside = [by, along, *(n for n in ("stage_since",) if has_column(self.record.model, n))]
        plan = Plan(self.record, [self.record.field(n) for n in names], beside)
        order = ("position", "pk") if along == "position" else ("-updated_at", "-pk")

        def cards(*lanes: int) -> QuerySet[Any]:
            rows = [plan.select(self.rows.filter(**{by: lane}).order_by(*order), SHOWN) for lane in lanes]
            return rows[0] if len(rows) == 1 else rows[0].union(*rows[1:], all=True)

        lanes = [row.pk for row in self.lane_rows]
        (read,) = (yield [ask(self.key("cards", *plan.paths), cards, *lanes, who=self.actor)]) if lanes else [[]]
        at = plan.at(along)
        read = sorted(read, key=lambda values: (values[at], values[0]), reverse=along != "position")
        lines = [Line(v[0], v[1], v) for v in read]
        hidden = unseen(plan.columns, lines, self.actor)
        lane_at = plan.at(by)
        since_at = plan.at(beside[2]) if len(beside) > 2 else None
        standards = {r.pk: getattr(r, "standard_days", None) for r in self.lane_rows}
        made, found = Cards(self.record, self.look), dict[int, list[Card]]()
        for line in lines:
            lane = line.values[lane_at]
            since = line.values[since_at] if since_at is not None else None
            found.setdefault(lane, []).append(made.of(plan, line, hidden, since, standards.get(lane)))
        return found

    def read_ends(self) -> Asking[list[tuple[int, Any]]]:
        """How many rows came lately to where cards leave (won, lost), and their sum; in the order of `ends_open`."""
        ends, own = self.ends_open(), self._own()
        if not ends:
            return []
        conditions = [one.where & own for one in ends]
        moment = self._moment(conditions)
        folds = {"s": Sum(self.sum)} if self.sum else {}

        def counted() -> QuerySet[Any]:
            rows = narrowed(self.record, self.actor, State(where=own)).order_by()
            parts = []
            for at, one in enumerate(ends):
                there = rows.filter(to_q(one.where, self.record.vocabulary(self.actor), moment))
                parts.append(there.values(at=Value(at)).annotate(n=Count("*"), **folds).values_list("at", "n", *folds))
            whole: QuerySet[Any] = parts[0] if len(parts) == 1 else parts[0].union(*parts[1:], all=True)
            return whole

        def told(read: list[Any]) -> list[tuple[int, Any]]:
            found = {at: (n, rest[0] if rest else None) for at, n, *rest in read}
            return [found.get(at, (0, None)) for at in range(len(ends))]

        day = (moment.today, repr(moment.fiscal))
        key = (*day, *(one.verb.slug for one in ends))
        cells = self._cells(conditions)
        if cells is not None:
            (read,) = yield [ask(self.key("ends from cells", *key), cells.rows, who=self.actor, dated=True)]
            known = cells.told(read)
            if known is not None:
                return told([(at, *values) for at, _by, *values in known])
        (read,) = yield [ask(self.key("ends", *key), counted, who=self.actor, dated=True)]
        return told(read)

    def ends_open(self) -> list[End]:
        return [e for e in self.board.ends if self.actor.may(self.record.word(), e.verb.right)]

    def _own(self) -> Filter:
        """What of the board's conditions holds for rows that have left it."""
        return Filter(All(tuple(each for each in self.asked.where.clauses() if self._lasts(Filter(each)))))

    def _lasts(self, where: Filter) -> bool:
        """Is it about nothing but whose the rows are?"""
        return {cond.field for cond in where.conditions()} <= {self.board.scope, "owner", "team"}

    # -- for the template ----------------------------------------------------------------------------------------------
    def lanes(self) -> list[dict[str, Any]]:
        found = []
        for at, row in enumerate(self.lane_rows):
            lane = self.head(row, at)
            shown = self.cards.get(row.pk, [])
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
        weighted = _weighted(told)
        probability = getattr(row, "probability", None)
        return {
            "id": row.pk, "key": str(row.pk), "label": str(row), "count": number, "number": number, "shade": min(at + 1, SHADES),
            "share": f"{probability}%" if probability is not None else "", "sum": value, "unit": unit, "current": at == 0,
            "weighted": _("weighted %(amount)s") % {"amount": "".join(cells.compact(weighted, self.look))} if self.sum and weighted is not None else "",
            "add_href": f"{self.record.url(verb='new')}?{self._fill(row)}" if self.record.form and self.actor.may(self.record.word(), "create") else "",
        }  # fmt: skip

    def _fill(self, row: Any) -> str:
        scope = f"&{self.board.scope}={getattr(row, f'{self.board.scope}_id')}" if self.board.scope else ""
        return f"{self.board.by}={row.pk}{scope}"

    def sums(self) -> list[dict[str, Any]]:
        number = sum(h["n"] for h in self.heads.values())
        made: list[dict[str, Any]] = [{"label": "", "value": f"{number:,}", "unit": _(" rows")}]
        heads = list(self.heads.values())
        if self.sum and heads:
            figures = [(_("Sum"), sum(h["sum_"] or 0 for h in heads))]
            if "percents" in heads[0]:
                figures.append((_("Weighted"), sum(_weighted(h) or 0 for h in heads)))
            for word, amount in figures:
                value, unit = cells.compact(amount, self.look)
                made.append({"label": word, "value": value, "unit": unit})
        return made

    def ends(self) -> list[dict[str, Any]]:
        """Where cards leave: won and lost, with what came there lately."""
        own, found = self._own(), []
        for one, (number, amount) in zip(self.ends_open(), self.left, strict=True):
            found.append({
                "key": one.verb.slug, "label": str(one.label), "verb": one.verb.slug, "icon": one.verb.icon, "count": number, "unit": "",
                "note": "".join(cells.compact(amount, self.look)) if amount else "",
                "href": with_params(self.record.url(), State(where=one.where & own).pairs()), "tone": "won" if one.verb.tone == "good" else "lost",
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


def _weighted(told: Mapping[str, Any]) -> int | None:
    """The sum by probability, in minor units; None where nothing can be weighed."""
    return round((told["percents"] or 0) / 100) if "percents" in told else None


OTHERWISE["board"] = board
