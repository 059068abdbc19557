"""Each number is what plain loops over the rows say, however it is asked, of cubes and of rows."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import nullcontext
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.core.metric.truth.books import TOTAL, Ask, AtLeast, Books, Key, Told
from tests.core.metric.truth.journal import KEPT
from tests.core.metric.truth.life import Life
from tests.core.metric.truth.oracle import told
from tests.core.metric.truth.piles import OF_PLANS, OF_TODAY, STOCKS, at

from noren.core.access.actor import Actor
from noren.core.access.models import Firm
from noren.core.base.period import Period
from noren.core.filter.condition import F
from noren.core.metric import memo
from noren.core.metric.answer import Answer, Cell
from noren.core.metric.ask import ask
from noren.core.metric.cube.read import rows_only
from noren.core.metric.declare import ALLOCATIONS, METRICS
from noren.core.metric.rows import rows
from noren.sales.models import Deal

pytestmark = pytest.mark.django_db
FULL = os.environ.get("FULL_MATRIX") == "1"
SEEDS = range(*map(int, os.environ.get("NOREN_TEST_SEEDS", "0-30" if FULL else "0-2").split("-")))
EACH_STEP = {"stage_duration", "stage_conversion"}


def filters(life: Life) -> list[tuple[str, Any]]:
    owners = [user.pk for user in life.users]
    return [
        ("owner", (owners[1],)), ("owner", (None,)), ("owner", tuple(owners[:2])), ("outcome", ("won",)), ("source", ("web",)),
        ("stage", (life.stages[1].pk,)), ("amount", AtLeast(500)), ("company__industry", ("製造",)),
        ("product", (life.products[0].pk,)), ("kind", ("call", "visit")), ("team", (life.users[1].team_id,)),
    ]  # fmt: skip


def condition(where: tuple[str, Any] | None) -> F:
    if where is None:
        return F()
    name, values = where
    if isinstance(values, AtLeast):
        return F(**{f"{name}__gte": values.least})
    return F(**{name: values if len(values) > 1 else values[0]})


def questions(life: Life, times: int) -> Iterator[tuple[Ask, Actor]]:
    pick, today = life.chance.choice, life.today
    periods = [
        (None, None), (None, None), (date(2024, 1, 1), date(2024, 12, 31)), (date(2024, 4, 1), date(2025, 3, 31)),
        (today - timedelta(95), today + timedelta(20)), (date(2024, 2, 29), today), (date(1999, 1, 1), date(1999, 12, 31)),
        (today, today), (None, today - timedelta(40)), (today - timedelta(40), None),
    ]  # fmt: skip
    for _n in range(times):
        metric = METRICS[pick(sorted(METRICS))]
        first, last = pick(periods)
        step = metric.id in EACH_STEP
        past = (
            None if metric.id in {*OF_TODAY, *OF_PLANS, "stage_age_now"} else today - timedelta(pick((0, 1, 33, 120)))
        )
        grain = pick(("", "day", "week", "month", "quarter", "half", "year")) if first and last and not step else ""
        by = list(life.chance.sample(metric.dimensions(), min(pick((0, 1, 1, 2)), len(metric.dimensions()))))
        shared = [name for name in by if (metric.model.word(), name) in ALLOCATIONS]
        by = [name for name in by if name not in shared[1:]]
        by = ["stage", *(name for name in by if name != "stage")] if step else by
        where = pick((None, None, *filters(life)))
        noun_only = where and (where[0] == "kind") != (metric.model.word() == "activity.activity")
        if noun_only or (where and where[0] == "product" and shared):
            where = None
        as_of = pick((None, past, past))
        known_on = pick((None, None, past)) if not grain or metric.id not in {*STOCKS, "velocity"} else None
        actor, owners = pick(life.actors())
        if metric.id in {*OF_TODAY, "stage_age_now"}:
            first, last, grain, known_on = None, None, "", None
        yield Ask(
            metric.id, today, first, last, tuple(by), grain, pick(("", *metric.bases)), as_of, known_on, where, owners,
            year_begins=Firm.objects.get().fiscal_start_month,
        ), actor  # fmt: skip


def answered(q: Ask, actor: Actor, of_rows: bool) -> Answer:
    memo.forget()
    period = None if q.first is None and q.last is None else Period(q.first or date.min, q.last or date.max)
    with rows_only() if of_rows else nullcontext():
        return ask(
            q.metric, period, actor=actor, by=q.by, grain=q.grain or None, where=condition(q.where), basis=q.basis or None,
            as_of=q.as_of, known_on=q.known_on, today=q.today,
        )  # fmt: skip


def cells(answer: Answer, q: Ask) -> dict[Key, Cell]:
    found: dict[Key, Cell] = {TOTAL: answer.total}
    for cell in answer.cells:
        found[(cell.bucket.part.first if cell.bucket else None, *cell.key)] = cell
    return found


def differences(q: Ask, answer: Answer, books: Books) -> list[str]:
    true, said = told(books, q), cells(answer, q)
    found = []
    for key in {*true, *said}:
        want, cell = true.get(key), said.get(key)
        faults = list(_faults(q, want or Told(), cell or Cell(), key))
        found += [f"{key}: {fault}" for fault in faults]
    return found


def _faults(q: Ask, want: Told, cell: Cell, key: Key) -> Iterator[str]:
    if key != TOTAL and key[0] and key[0] > q.day and q.metric in STOCKS:
        if cell.value is not None:
            yield f"a day to come is told: {cell.value}"
        return
    for name in ("value", "num", "den", "low", "high"):
        one, other = getattr(want, name), getattr(cell, name)
        if name in ("low", "high") and q.metric in ("time_to_close_km", "stage_duration"):
            continue  # of a curve: see test_stats
        if not _alike(one, other):
            yield f"{name} is {other}, not {one}"
    for name in ("n", "missing"):
        if getattr(want, name) != getattr(cell, name):
            yield f"{name} is {getattr(cell, name)}, not {getattr(want, name)}"
    for name, value in want.more.items():
        if not _alike(value, cell.more.get(name)):
            yield f"{name} is {cell.more.get(name)}, not {value}"


def _alike(one: Any, other: Any) -> bool:
    """Nothing counted is the same as nought: a cell without rows need not be there."""
    if (one or 0) == 0 and (other or 0) == 0:
        return True
    return one is not None and other is not None and abs(float(one) - float(other)) <= 1e-6 * max(1, abs(float(one)))


def unopened(q: Ask, answer: Answer, actor: Actor, books: Books) -> Iterator[str]:
    """Where the records behind a number are others than those it counts."""
    metric = METRICS[q.metric]
    if metric.kind in ("derived", "stay"):
        return
    for cell in (answer.total, *answer.cells[:4]):
        if metric.kind == "stock" and q.grain and (cell.bucket.part.first if cell.bucket else q.first or q.day) > q.day:
            continue
        behind = rows(metric, actor=actor, cell=cell)
        found = list(behind.rows)
        yield from _shown_as_they_were_not(q, behind.as_then(found), books)
        if not _alike(sum(row.counted or 0 for row in found), cell.num):
            yield f"{cell.key} {cell.bucket}: rows add up to {sum(row.counted or 0 for row in found)}, not {cell.num}"
        if metric.kind != "conversion" and len(found) != cell.n:
            yield f"{cell.key} {cell.bucket}: {len(found)} rows, not {cell.n}"
        if metric.kind in ("measure", "distribution", "stock", "survival"):
            left = rows(metric, actor=actor, cell=cell, part="missing").rows.count()
            if left != cell.missing:
                yield f"{cell.key} {cell.bucket}: {left} rows missing, not {cell.missing}"


def _shown_as_they_were_not(q: Ask, found: list[Any], books: Books) -> Iterator[str]:
    if q.grain or q.metric in EACH_STEP or (q.as_of in (None, q.today) and not q.known_on):
        return
    for row in found:
        deal = books.deals.get(row.pk) if isinstance(row, Deal) else None
        were = deal and at(books, deal, min(q.day, (q.metric in STOCKS and q.last) or q.day), q)
        if deal and any(getattr(row, name) != (were or {}).get(name) for name in KEPT):
            yield f"{row.pk} is shown as {[getattr(row, name) for name in KEPT]}, not {were}"


@pytest.mark.parametrize("seed", SEEDS)
def test_numbers_are_those_of_plain_loops_over_the_rows(
    seed: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    life = Life(seed, monkeypatch, tmp_path)
    if seed % 3 == 1:
        Firm.objects.update(fiscal_start_month=1)
    bad = []
    for _round in range(4 if FULL else 1):
        life.live(40)
        books = Books(life.journal)
        for q, actor in questions(life, 150 if FULL else 30):
            for of_rows in (False, True):
                answer = answered(q, actor, of_rows)
                found = differences(q, answer, books) + (list(unopened(q, answer, actor, books)) if of_rows else [])
                if found:
                    bad.append(f"{'rows' if of_rows else 'cube'} {q}\n    " + "\n    ".join(found[:3]))
    assert not bad, f"{len(bad)}\n" + "\n".join(bad[:40])
