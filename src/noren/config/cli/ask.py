"""`noren ask` and `noren rows`: a number, and the records behind it."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from noren.config.cli.ground import acting, ground, tell

if TYPE_CHECKING:
    from noren.core.metric.answer import Answer, Cell

METRIC = typer.Argument(help="the number, such as win_rate_count; left out: the list of all", show_default=False)
BY = typer.Option(help="break down by owner, team, product, …; may be repeated")
FROM = typer.Option("--from", help="first day, or a period: 2017-01-01, 2017Q3, FY2026, this_month")
TO = typer.Option(help="last day")
GRAIN = typer.Option(help="cut by day, week, month, quarter, half or year")
BASIS = typer.Option(help="by which date: closed, opened, …")
AS_OF = typer.Option(help="as of the end of this day")
KNOWN_ON = typer.Option(help="as it was known at the end of this day")
WHERE = typer.Option(help='a condition: owner="Anna Snelling", amount__gte=1000; may be repeated')
COMPARE = typer.Option(help="previous or year")
JSON = typer.Option("--json", help="for programs; money in whole units of the currency")
AS = typer.Option("--as", help="e-mail of the user whose eyes it is seen with")


def ask(
    metric: Annotated[str, METRIC] = "",
    by: Annotated[list[str] | None, BY] = None,
    from_: Annotated[str, FROM] = "",
    to: Annotated[str, TO] = "",
    grain: Annotated[str, GRAIN] = "",
    basis: Annotated[str, BASIS] = "",
    as_of: Annotated[str, AS_OF] = "",
    known_on: Annotated[str, KNOWN_ON] = "",
    where: Annotated[list[str] | None, WHERE] = None,
    compare: Annotated[str, COMPARE] = "",
    as_json: Annotated[bool, JSON] = False,
    as_: Annotated[str | None, AS] = None,
) -> None:
    """Tell a number: in total, by anything it can be broken down by, over time."""
    if compare not in ("", "previous", "year"):
        raise typer.BadParameter("previous or year", param_hint="--compare")
    with ground():
        from noren.core.metric.ask import ask as tell

        actor = acting(as_, via="command")
        if not metric:
            _list(as_json)
            return
        options = _options(metric, actor, from_, to, basis, as_of, known_on, where)
        answer = tell(by=by or (), grain=grain or None, compare=compare or None, **options)  # type: ignore[arg-type]
        print(json.dumps(_data(answer), ensure_ascii=False, indent=1)) if as_json else _table(answer)


def rows(
    metric: Annotated[str, typer.Argument(help="the number whose records to list")],
    from_: Annotated[str, FROM] = "",
    to: Annotated[str, TO] = "",
    basis: Annotated[str, BASIS] = "",
    as_of: Annotated[str, AS_OF] = "",
    known_on: Annotated[str, KNOWN_ON] = "",
    where: Annotated[list[str] | None, WHERE] = None,
    part: Annotated[str, typer.Option(help="counted, top (numerator of a ratio) or missing")] = "counted",
    limit: Annotated[int, typer.Option(help="at most so many; 0: all")] = 50,
    as_json: Annotated[bool, JSON] = False,
    as_: Annotated[str | None, AS] = None,
) -> None:
    """List the records behind a number; what they count for adds up to it."""
    if part not in ("counted", "top", "missing"):
        raise typer.BadParameter("counted, top or missing", param_hint="--part")
    with ground():
        from noren.core.metric.rows import rows as behind

        actor = acting(as_, via="command")
        found = behind(part=part, **_options(metric, actor, from_, to, basis, as_of, known_on, where))
        heads, table = records(found, actor, limit, told=not as_json)
        if as_json:
            print(json.dumps([dict(zip(heads, line, strict=True)) for line in table], ensure_ascii=False, indent=1))
            return
        fields = [found.record.field(name) for name in found.columns]
        _print(heads, table, right={heads[0], heads[-1], *(str(field.label) for field in fields if field.is_right)})
        tell(f"{len(table):,} / {found.rows.count():,}")


def records(found: Any, actor: Any, limit: int = 0, told: bool = False) -> tuple[list[str], list[list[str]]]:
    """Heads and lines of the rows behind a number, as far as the actor may know them; `limit` 0: all; `told`: in words for
    people, else names and bare values."""
    from noren.core.access.scope import unseen

    names = [n for n in found.columns if found.record.may_read(n, actor)]
    fields = [found.record.field(n) for n in names]
    related = [field.name for field in fields if field.target is not None]
    lines = found.rows.select_related(*related).order_by("pk")
    lines = found.as_then(list(lines[:limit] if limit else lines))
    hidden = unseen(lines, {field.path.partition("__")[0] for field in fields}, actor)
    table = [
        [
            str(row.pk),
            *(_text(row, field, hidden, found.asked if told else None) for field in fields),
            found.counted(row.counted) if told else _counted(row.counted, found),
        ]
        for row in lines
    ]
    return ["ID", *(str(f.label) for f in fields), found.head] if told else ["id", *names, "counted"], table


def _options(
    metric: str, actor: Any, from_: str, to: str, basis: str, as_of: str, known_on: str, where: list[str] | None
) -> dict[str, Any]:
    from noren.core.metric.declare import metric_of
    from noren.core.metric.names import typed_filter

    found = metric_of(metric)
    period = f"{from_}..{to}" if to else from_ or None
    return {
        "metric": metric, "period": period, "actor": actor, "basis": basis or None, "as_of": _day(as_of, "--as-of"),
        "known_on": _day(known_on, "--known-on"),
        "where": typed_filter(found, where, actor) if found and where else None,
    }  # fmt: skip


def _day(text: str, option: str) -> Any:
    from datetime import date

    from django.utils.translation import gettext as _

    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(_("A day is written 2026-11-25."), param_hint=option) from None


def _list(as_json: bool) -> None:
    from noren.core.metric.declare import METRICS

    metrics = sorted(METRICS.values(), key=lambda m: m.id)
    if as_json:
        words = [
            {"id": m.id, "label": str(m.label), "unit": m.unit, "better": m.better, "by": m.dimensions(), "basis": m.bases,
             "formula": str(m.formula)} for m in metrics
        ]  # fmt: skip
        print(json.dumps(words, ensure_ascii=False, indent=1))
        return
    _print(["id", "label", "formula"], [[m.id, str(m.label), str(m.formula)] for m in metrics])


def _data(answer: Answer) -> dict[str, Any]:
    from noren.core.access.firm import firm
    from noren.core.metric.declare import MONEY, MONEY_PER_DAY

    q = answer.question
    data = {
        "metric": q.metric.id, "label": str(q.metric.label), "unit": q.metric.unit, "better": q.metric.better,
        "period": str(q.period), "basis": q.basis, "as_of": q.as_of and q.as_of.isoformat(),
        "known_on": q.known_on and q.known_on.isoformat(), "by": [dim.name for dim in q.dims],
        "grain": q.grain and str(q.grain), "time_zone": str(q.zone), "compared": answer.compared and str(answer.compared),
        "total": _cell(answer.total, q.metric), "cells": [_cell(cell, q.metric) for cell in answer.cells],
    }  # fmt: skip
    if q.metric.unit in (MONEY, MONEY_PER_DAY):
        data["currency"] = firm().currency
    return data


def _cell(cell: Cell, metric: Any) -> dict[str, Any]:
    from noren.core.metric.declare import COUNT, MONEY, MONEY_PER_DAY, Derived, Distribution, Gap, Total
    from noren.core.metric.rows import rows_url
    from noren.core.metric.show import exact

    money = metric.unit in (MONEY, MONEY_PER_DAY)
    sums = money or any(isinstance(getattr(leaf, "value", None), (Total, Gap)) for leaf in metric.leaves())
    den = MONEY if not money and sums and not isinstance(metric, Distribution) else COUNT
    data: dict[str, Any] = {"key": list(cell.key), "label": cell.label}
    if cell.bucket:
        data |= {"from": cell.bucket.part.first.isoformat(), "to": cell.bucket.part.last.isoformat()}
    data |= {
        "num": exact(cell.num, MONEY if sums else COUNT), "den": exact(cell.den, den), "value": exact(cell.value, metric.unit),
        "n": cell.n, "missing": cell.missing, "low": exact(cell.low, metric.unit), "high": exact(cell.high, metric.unit),
        "complete": cell.complete, "rows": rows_url(cell),
    }  # fmt: skip
    if cell.more:
        data["more"] = {
            name: exact(value, metric.parts[name].unit if isinstance(metric, Derived) else metric.unit)
            for name, value in cell.more.items()
        }
    if cell.before is not None:
        data["before"], data["change"] = exact(cell.before.value, metric.unit), cell.change
    return data


def _table(answer: Answer) -> None:
    from django.utils.translation import gettext as _

    from noren.core.metric.show import NOTHING, change, interval, locale, show

    q = answer.question
    unit, compared = q.metric.unit, answer.compared is not None
    lines, heads = [], ["", str(q.metric.label), "n"]
    total = answer.total
    extras = [name for name in ("median",) if name in total.more and total.more[name] != total.value]
    heads += [*extras, *([_("Compared"), _("Change in value")] if compared else []), "95 %", _("Missing")]
    for cell in [*answer.cells, total]:
        name = _("Total") if cell is total else cell.label
        if cell.bucket and q.dims:
            name = f"{cell.label} · {cell.bucket.label(locale())}"
        line = [name, show(cell.value, unit), f"{cell.n:,}", *(show(cell.more.get(x), unit) for x in extras)]
        if compared:
            before = cell.before.value if cell.before else None
            line += [show(before, unit) if cell.before else "", change(cell.value, before, unit) or NOTHING]
        lines.append([*line, interval(cell.low, cell.high, unit), f"{cell.missing:,}" if cell.missing else ""])
    tell(_asked(answer))
    _print(heads, lines, right=set(heads[1:]))


def _asked(answer: Answer) -> str:
    """What was asked, in a line: the days and their name, by which date, as of when, held against what."""
    from django.utils.translation import gettext as _

    from noren.core.base.period import Grain, Period, bucket_label
    from noren.core.metric.declare import BASIS_LABELS, Derived, Stock
    from noren.core.metric.show import locale

    q, words = answer.question, locale()
    of_day = all(isinstance(leaf, Stock) for leaf in q.metric.leaves())

    def day(value: Any) -> str:
        return bucket_label(value, Grain.DAY, words, q.fiscal)

    def days(period: Period) -> str:
        if not period.bounded:
            return _("All time") if period == Period.all() else period.label(words, q.fiscal)
        text, name = f"{day(period.first)} – {day(period.last)}", period.label(words, q.fiscal)
        return text if name in (text, day(period.first)) else f"{text} ({name})"

    told = [] if of_day and not q.grain else [(_("Period"), days(q.period))]
    if q.basis and not isinstance(q.metric, Derived):
        told.append((_("Counted"), str(BASIS_LABELS.get(q.basis, q.basis))))
    told.append((_("As of"), day(q.day)))
    if q.known_on:
        told.append((_("As it was known on"), day(q.known_on)))
    if answer.compared:
        told.append((_("Compared"), days(answer.compared)))
    return " · ".join(f"{label}: {text}" for label, text in told)


def _counted(value: Any, found: Any) -> str:
    from noren.core.metric.declare import COUNT, MONEY
    from noren.core.metric.show import exact
    from noren.core.metric.sql import whole

    return "" if value is None else str(exact(whole(value), MONEY if found.is_money else COUNT))


def _text(row: Any, field: Any, hidden: Any, told: Any) -> str:
    """`hidden`: rows that references lead to and the asker may not see; `told`: the question, for words in place of values."""
    from django.utils.translation import gettext as _

    from noren.core.base.period import Grain, bucket_label
    from noren.core.metric.declare import MONEY
    from noren.core.metric.show import exact, locale, show

    near = field.path.partition("__")[0]
    value: Any = row
    if hidden and (type(getattr(row, near, None)), getattr(row, f"{near}_id", None)) in hidden:
        return _("(hidden)") if told else "(hidden)"
    for part in field.path.split("__"):
        value = getattr(value, part, None) if value is not None else None
    if field.kind == "money":
        value = value if told else exact(value, MONEY)
    if field.choices:
        return field.choice_label(value)  # type: ignore[no-any-return]
    if told and value is not None:
        match field.kind:
            case "money":
                return show(value, MONEY)
            case "date":
                return bucket_label(value, Grain.DAY, locale(), told.fiscal)
            case "datetime":
                value = value.astimezone(told.zone)
                return f"{bucket_label(value.date(), Grain.DAY, locale(), told.fiscal)} {value:%H:%M}"
            case "bool":
                return _("Yes") if value else _("No")
    return "" if value is None else str(value)


def _print(heads: list[str], lines: list[list[str]], right: set[str] | None = None) -> None:
    from rich.box import SIMPLE
    from rich.console import Console
    from rich.table import Table

    table = Table(box=SIMPLE)
    for head in heads:
        table.add_column(head, justify="right" if right and head in right else "left", overflow="fold")
    for line in lines:
        table.add_row(*line)
    Console(width=None if sys.stdout.isatty() else 160, markup=False).print(table)
