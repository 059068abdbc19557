"""`rows`: the records behind a number. Added up by what each counts for, they give the number again."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Any, TypeAlias
from urllib.parse import urlencode

from django.db import models
from django.db.models import Case, Q, QuerySet, Sum, When
from django.db.models import F as Column
from django.db.models import Value as Const
from django.db.models.expressions import RawSQL
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from noren.core.base.period import Period
from noren.core.filter.condition import Cond, F
from noren.core.filter.url import to_params
from noren.core.metric import sql
from noren.core.metric.answer import Cell
from noren.core.metric.ask import _readable
from noren.core.metric.cube import walks
from noren.core.metric.declare import (
    ALLOCATIONS,
    COUNT,
    MONEY,
    Age,
    Conversion,
    Days,
    Derived,
    Distribution,
    Measure,
    Metric,
    Ratio,
    Stay,
    Stock,
    Survival,
    kept_names,
)
from noren.core.metric.prepared import prepared
from noren.core.metric.question import CannotAsk, Question, question
from noren.core.metric.show import show
from noren.core.record.counting import is_huge, soon
from noren.core.record.declare import Record

Found: TypeAlias = Any  # a QuerySet whose rows also carry `counted`
COUNTED, MISSING, TOP = "counted", "missing", "top"
PARTS = (COUNTED, MISSING, TOP)


@dataclass(frozen=True, slots=True)
class Rows:
    """The records behind a number.

    rows: each carries `counted`, what it adds to the numerator (the days of a wait, 1 or 0 of a rate); where: the same
    as a filter of the noun's list, None when the list cannot say it; url: where they are shown; asked: what they are behind;
    share: of a rate, what its numerator is called.
    """

    record: type[Record]
    rows: QuerySet[Any]
    where: F | None
    url: str
    columns: tuple[str, ...]
    is_money: bool
    asked: Question
    is_missing: bool = False
    share: Any = None

    @property
    def head(self) -> str:
        """What stands over what each row counts for."""
        return str(self.share or _("Counts for"))

    def counted(self, value: Any) -> str:
        """What a row counts for, in words: yes or no in a rate, unless only a part of the row is meant."""
        if self.share and value in (0, 1):
            return _("Yes") if value else _("No")
        return "" if value is None else show(sql.whole(value), MONEY if self.is_money else COUNT)

    def count(self) -> int | None:
        """How many there are; None where it would take long to tell."""
        q = self.asked
        if not isinstance(q.metric, Conversion) or not is_huge(q.metric.model._meta.db_table):
            return self.rows.count()
        steps = [cond for cond in q.where.clauses() if isinstance(cond, Cond) and cond.field == q.metric.step]
        if (
            q.dims and len(steps) == 1 and steps[0].op == "is" and not self.is_missing
        ):  # a line for each row: what is counted anyway
            came = walks.conversions(q, q.metric)
            if came is not None:
                return came[sql.TOTAL][1].n if sql.TOTAL in came else 0
        return soon(("behind", q.metric.id, q.period, q.where), q.actor, self.rows.count)

    def as_then(self, lines: list[Any]) -> list[Any]:
        """Some of the rows with what they were on the day told of, as far as history is kept: for showing, not for saving."""
        q = self.asked
        if isinstance(q.metric, (Stay, Conversion)) or not sql.past_of(q, q.metric):
            return lines
        columns = [q.metric.model.column(name) for name in kept_names(q.metric.model)]
        spans = sql.spans_at(q, q.metric.model, q.end_of(q.day)).filter(row__in=[row.pk for row in lines])
        were = {span.row_id: span for span in spans}
        for row in lines:
            for column in columns:
                setattr(row, column.attname, getattr(were[row.pk], column.attname))
        models.prefetch_related_objects(lines, *(column.name for column in columns if column.is_relation))
        return lines


def rows(
    metric: Metric | str,
    period: Period | str | None = None,
    *,
    actor: Any,
    cell: Cell | None = None,
    part: str = COUNTED,
    **options: Any,
) -> Rows:
    """The rows of a question, or of one cell of it.

    part: `counted` (a ratio's denominator), `top` (its numerator) or `missing` (what was left out for want of data).
    Options as for `ask`, without `by`, `grain` and `compare`.
    """
    q = (
        of_cell(cell.question, cell)
        if cell is not None and cell.question
        else question(metric, period, actor=actor, **options)
    )
    if part not in PARTS:
        raise CannotAsk(f"{part}?")
    leaf = _leaf(q.metric, part)
    own = replace(q, metric=leaf)
    with _readable():
        found = _queryset(own, q.metric, leaf, part)
    where = list_filter(own, part)
    worth = q.metric.of if isinstance(q.metric, Ratio) and part == COUNTED else leaf
    is_money = bool(getattr(worth, "value", None) and worth.value.names)
    share = q.metric.of.label if isinstance(q.metric, Ratio) and q.metric.is_rate and part == COUNTED else None
    return Rows(
        own.record, found, where, _url(q, where, part), drill_of(q.metric), is_money, own, part == MISSING, share
    )


def drill_of(metric: Metric) -> tuple[str, ...]:
    if metric.drill:
        return metric.drill
    return next((leaf.drill for leaf in metric.leaves() if leaf.drill), ())


def of_cell(q: Question, cell: Cell) -> Question:
    """The question whose whole answer is this cell."""
    conds = []
    for dim, value in zip(q.dims, cell.key, strict=True) if cell.key else ():
        conds.append(Cond(dim.name, "empty") if value in (None, "") else Cond(dim.name, "is", value))
    period = cell.bucket.part if cell.bucket else q.period
    where = q.where & F(_all(conds)) if conds else q.where
    return replace(q, period=period, dims=(), grain=None, cuts=(), where=where)


def _all(conds: list[Cond]) -> Any:
    from noren.core.filter.condition import All

    return All(tuple(conds))


def _leaf(metric: Metric, part: str) -> Any:
    if isinstance(metric, Ratio):
        return metric.of if part == TOP else metric.per
    if isinstance(metric, Derived):
        first = metric.parts[metric.n_of] if metric.n_of else next(iter(metric.parts.values()))
        return _leaf(first, part)
    return metric


def _weighted(q: Question, found: QuerySet[Any], value: Any) -> Found:
    """One row per record with what it counts for; parts of a record that match are added up."""
    number = models.DecimalField(max_digits=40, decimal_places=10)
    if not q.allocation:
        return found.annotate(counted=value)
    weight = Coalesce(Column(f"line__{q.allocation.weight}"), Const(1, output_field=number))
    weights = found.values("pk").annotate(counted=Sum(models.ExpressionWrapper(weight * value, output_field=number)))
    # Added up by themselves, so that the rows stay whole records.
    text, params = weights.order_by().values_list("pk", "counted").query.sql_with_params()
    table = found.model._meta.db_table
    counted = RawSQL(f"(SELECT p.counted FROM ({text}) p(id, counted) WHERE p.id = {table}.id)", params)  # noqa: S611
    every = found.model.every.filter(pk__in=found.values("pk"))
    return every.annotate(counted=counted)


def _queryset(q: Question, asked: Metric, leaf: Any, part: str) -> Found:
    match leaf:
        case Measure() | Distribution():
            return _flow(q, asked, leaf, part)
        case Stock():
            found, past = sql.stock_rows(q, [leaf], [q.day])
            known = Q(**{f"{leaf.known}__isnull": False}) if leaf.known else Q()
            value = sql.expression(leaf.value, past, leaf.model, q)
            if isinstance(asked, Ratio) and part == COUNTED:
                up = sql.expression(asked.of.value, past, leaf.model, q)
                top = Case(
                    When(sql.stock_condition(q, asked.of, past), then=Const(1) if up is None else up), default=Const(0)
                )
                return _split(q, found, known, value, part, counts_for=top)
            return _split(q, found, known, value, part)
        case Survival():
            found, past = sql.survival_rows(q, leaf), sql.past_of(q, leaf)
            found = found.distinct() if q.allocation else found
            found = found.annotate(began=Column(leaf.start), ended=Column(sql.then(leaf.model, leaf.end, past)))
            found = found.annotate(how=Column(sql.then(leaf.model, leaf.outcome, past)))
            good = Q(began__isnull=False) & (Q(ended__isnull=True) | Q(ended__gte=Column("began")))
            ended = Q(ended__lte=q.day, how=leaf.cause) if leaf.cause else Q(ended__lte=q.day)
            return (
                found.exclude(good).annotate(counted=Const(0))
                if part == MISSING
                else _marked(found.filter(good), ended)
            )
        case Stay():
            found = sql.stay_rows(q, leaf)
            every = leaf.model.every.filter(pk__in=_entered(q, leaf, found))
            return (every.none() if part == MISSING else every).annotate(counted=Const(1))
        case Conversion():
            return _steps(q, leaf, part)
    raise CannotAsk(str(asked.label))


def _entered(q: Question, leaf: Stay, found: QuerySet[Any]) -> Found:
    """Ids of the rows that came to one of the steps within the period."""
    start, after = q.period.bounds(q.zone)
    came = found.values("pk", f"{sql.THEN}__{leaf.step}").annotate(entered=models.Min(f"{sql.THEN}__from_at"))
    came = came.filter(entered__gte=start) if start else came
    came = came.filter(entered__lt=after) if after else came
    return came.values("pk")


def _flow(q: Question, asked: Metric, leaf: Any, part: str) -> Found:
    past = sql.past_of(q, leaf)
    found = sql.flow_rows(q, leaf, q.period, sql.leaf_condition(q, leaf, past))
    found = found.annotate(dated=Column(sql.then(leaf.model, sql.date_path(q, leaf), past)))
    dated = Q(dated__isnull=False)
    value = sql.expression(leaf.value, past, leaf.model)
    if isinstance(asked, Ratio) and part == COUNTED:
        # What a row of the denominator adds to the numerator.
        top = sql.leaf_condition(q, asked.of, past)
        up = sql.expression(asked.of.value, past, leaf.model)
        only = Case(When(top, then=Const(1) if up is None else up), default=Const(0))
        return _split(q, found, dated, value, part, counts_for=only)
    return _split(q, found, dated, value, part)


def _split(q: Question, found: QuerySet[Any], known: Q, value: Any, part: str, counts_for: Any = None) -> Found:
    """Rows with all that is needed, or those without."""
    if value is None:
        good, worth = found.filter(known), Const(1)
        bad = found.exclude(known) if known else found.none()
    else:
        found = found.annotate(worth=value)
        good, worth = found.filter(known, worth__isnull=False), Column("worth")  # type: ignore[assignment]
        bad = found.filter((~known if known else Q(pk__in=())) | Q(worth__isnull=True))
    if part == MISSING:
        once = found.model.every.filter(pk__in=bad.values("pk")) if q.allocation else bad  # however many parts
        return once.annotate(counted=Const(0))
    return _weighted(q, good, counts_for if counts_for is not None else worth)


def _marked(found: QuerySet[Any], ended: Q) -> Found:
    return found.annotate(counted=Case(When(ended, then=Const(1)), default=Const(0)))


def _steps(q: Question, leaf: Conversion, part: str) -> Found:
    """Rows that came to the step (or steps) asked for; `counted`: from how many of them they went on."""
    if part == MISSING:
        return leaf.model.every.none().annotate(counted=Const(0))
    return sql.who_came(q, leaf)


# ---- addresses ------------------------------------------------------------------------------------------------------


def _where(name: str, value: Any) -> F:
    """One condition, by a name that is worked out."""
    return F(**{name: value})


def list_filter(q: Question, part: str = COUNTED) -> F | None:
    """The rows as a filter of the noun's own list, or None when the list cannot say it."""
    leaf = q.metric
    if part == MISSING or q.known_on or not isinstance(leaf, (Measure, Distribution, Stock)) or sql.past_of(q, leaf):
        return None
    found = leaf.where
    if isinstance(leaf, Stock):
        if leaf.longer:
            return None
        if leaf.known:
            found = found & _where(f"{leaf.known}__filled", True)
    else:
        path = sql.date_path(q, leaf)
        last = min(q.period.last, q.as_of) if q.as_of else q.period.last
        if q.period.first != date.min:
            found = found & _where(f"{path}__gte", q.period.first.isoformat())
        if last != date.max:
            found = found & _where(f"{path}__lte", last.isoformat())
        if q.period.first == date.min and last == date.max and leaf.model._meta.get_field(path).null:
            found = found & _where(f"{path}__filled", True)
    names = leaf.value.names
    if len(names) > 1 or isinstance(leaf.value, (Age, Days)):
        return None
    if names:
        found = found & _where(f"{names[0]}__filled", True)
    for cond in q.where.conditions():
        shared = ALLOCATIONS.get((leaf.model.word(), cond.field))
        if shared and not shared.also:
            return None
    return _speakable(q, found & _renamed(q))


def _renamed(q: Question) -> F:
    """The asker's filter with the list's own names for parts of a row."""

    def change(node: Any) -> Any:
        if isinstance(node, Cond):
            shared = ALLOCATIONS.get((q.metric.model.word(), node.field))
            return Cond(shared.also[0], node.op, node.value) if shared and shared.also else node
        if hasattr(node, "parts"):
            return type(node)(tuple(change(part) for part in node.parts))
        return type(node)(change(node.part))

    return F(change(q.where.node))


def _speakable(q: Question, where: F) -> F | None:
    words = q.record.vocabulary(q.actor)
    return where if q.record.pages and all(words.term(c.field) is not None for c in where.conditions()) else None


def rows_url(cell: Cell) -> str:
    """Where the rows behind this number are listed; empty for a number that nothing was asked for."""
    if cell.question is None:
        return ""
    q = cell.question
    key = ("rows_url", q.metric.id, cell.key, cell.bucket and cell.bucket.part)
    return prepared(key, q, lambda: _rows_url(of_cell(q, cell)))


def _rows_url(own: Question) -> str:
    leaf = _leaf(own.metric, COUNTED)
    return _url(own, list_filter(replace(own, metric=leaf)), COUNTED)


def _url(q: Question, where: F | None, part: str) -> str:
    if where is not None:
        return f"{q.record.url()}?{urlencode(to_params(where))}"
    return metric_url(q, "rows/", part)


def metric_url(q: Question, tail: str = "", part: str = COUNTED) -> str:
    """The address of a number's own page, with the question in it."""
    pairs = [("period", str(q.period))] if q.period != Period.all() else []
    for name, value in (
        ("basis", q.basis if q.basis not in q.metric.bases[:1] else ""),
        ("as_of", q.as_of),
        ("known_on", q.known_on),
    ):
        if value:
            pairs.append((name, str(value)))
    if part != COUNTED:
        pairs.append(("part", part))
    pairs += to_params(q.where)
    return f"/metrics/{q.metric.id}/{tail}" + (f"?{urlencode(pairs)}" if pairs else "")
