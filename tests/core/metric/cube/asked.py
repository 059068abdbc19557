"""The same questions put to the cubes and to the rows: every covered number, by everything, over time."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date
from typing import Any

from noren.core.access.actor import Actor
from noren.core.base.errors import Refusal
from noren.core.base.period import Period
from noren.core.filter.condition import F
from noren.core.metric import memo
from noren.core.metric.answer import Answer, Cell
from noren.core.metric.ask import ask
from noren.core.metric.cube.keep import differences
from noren.core.metric.cube.read import rows_only
from noren.core.metric.declare import METRICS, Metric

TODAY = date(2026, 11, 25)
NUMBERS = [metric for metric in METRICS.values() if metric.kind not in ("survival", "stay", "conversion")]
PERIODS = (
    None, Period(date(2024, 2, 10), TODAY), Period(date(2026, 1, 1), date(2026, 12, 31)), Period(date(2026, 9, 1), date(2026, 11, 30)),
    Period(date(2026, 11, 25), date(2026, 11, 25)), Period(date.min, date(2026, 10, 15)),
)  # fmt: skip
GRAINS = (None, "day", "week", "month", "quarter", "year")
FILTERS = (
    F(), F(owner="@me"), F(owner=None), F(outcome="won"), F(source="web"), F(amount__gte=500), F(stage__filled=True),
    F(close_by__on="@this_month"), F(outcome__not="won"), F(owner__not="@me"), F(kind=("call", "visit")), F(outcome="open") | F(source=""),
)  # fmt: skip


def same(actors: list[Actor], chance: random.Random, times: int) -> None:
    """Some questions by chance, each answered alike by cubes and rows; and every cell is what its rows say."""
    for question in questions(actors, chance, times):
        compare(**question)
    assert differences(everything=True) == []


def questions(actors: list[Actor], chance: random.Random, times: int) -> Iterator[dict[str, Any]]:
    for _n in range(times):
        metric = chance.choice(NUMBERS)
        period = chance.choice(PERIODS)
        bounded = period is not None and period.bounded
        yield {
            "metric": metric, "period": period, "actor": chance.choice(actors), "by": _by(metric, chance),
            "grain": chance.choice(GRAINS) if bounded else None, "where": chance.choice(FILTERS),
            "basis": chance.choice((*metric.bases, None)),
            "as_of": chance.choice((None, None, None, date(2026, 10, 5), TODAY)),
        }  # fmt: skip


def _by(metric: Metric, chance: random.Random) -> tuple[str, ...]:
    names = [n for n in metric.dimensions() if not n.startswith("product")]
    return tuple(chance.sample(names, min(chance.choice((0, 1, 1, 2)), len(names))))


def compare(**question: Any) -> bool:
    """Gives whether the question could be asked at all."""
    memo.forget()
    try:
        told = ask(**question, today=TODAY)
    except Refusal:
        return False
    memo.forget()
    with rows_only():
        true = ask(**question, today=TODAY)
    assert plain(told) == plain(true), question
    return True


def plain(answer: Answer) -> list[Any]:
    return [_cell(cell) for cell in (*answer.cells, answer.total)]


def _cell(cell: Cell) -> Any:
    return (
        cell.key, cell.labels, cell.bucket and cell.bucket.key, cell.num, cell.den, cell.value, cell.n, cell.missing, cell.low,
        cell.high, cell.complete, cell.more,
    )  # fmt: skip
