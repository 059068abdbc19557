"""What every registered number must keep, whatever it says."""

from __future__ import annotations

from copy import deepcopy
from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from tests.core.metric.world import TODAY, World, build

from noren.core.base.errors import Refusal
from noren.core.base.period import Period
from noren.core.filter.condition import F
from noren.core.metric.ask import ask, ask_many
from noren.core.metric.checks import faults, weights
from noren.core.metric.declare import (
    ALLOCATIONS,
    METRICS,
    Conversion,
    Derived,
    Distribution,
    Measure,
    Metric,
    Ratio,
    Stay,
    Stock,
    Survival,
)
from noren.core.metric.rows import rows
from noren.core.metric.sql import whole

YEAR = Period(date(2024, 1, 1), date(2026, 11, 25))


@pytest.fixture(scope="module")
def built(module_rows: None) -> World:
    return build()


@pytest.fixture
def world(built: World, db: None) -> World:
    return deepcopy(built)


def every() -> list[Metric]:
    return list(METRICS.values())


def of_today_alone(metric: Metric) -> bool:
    """Made of what no history is kept of."""
    return any(getattr(leaf, "today_only", False) for leaf in metric.leaves())


def test_every_number_is_declared_whole() -> None:
    assert [fault for metric in every() for fault in faults(metric)] == []


def test_rows_behind_a_number_add_up_to_it(world: World) -> None:
    for metric in every():
        for period in (None, YEAR, Period(date(2026, 4, 1), date(2026, 6, 30))):
            if of_today_alone(metric) and period and period.last < TODAY:
                continue
            answer = ask(metric, period, actor=world.boss, today=TODAY)
            found = rows(metric, period, actor=world.boss, today=TODAY)
            total = whole(sum(row.counted or 0 for row in found.rows))
            if isinstance(metric, Derived):
                assert found.rows.count() == answer.total.n
            elif isinstance(metric, Stay):
                # Each row once, however many steps it was in.
                assert total <= answer.total.n
            else:
                assert total == (answer.total.num or 0), (metric.id, period)


def test_rows_left_out_are_listed_too(world: World) -> None:
    for metric in every():
        if isinstance(metric, (Derived, Ratio, Stay, Conversion)):
            continue
        answer = ask(metric, actor=world.boss, today=TODAY)
        assert rows(metric, actor=world.boss, part="missing", today=TODAY).rows.count() == answer.total.missing, (
            metric.id
        )


def test_parts_by_any_dimension_add_up_to_the_total(world: World) -> None:
    for metric in every():
        plain = ask(metric, actor=world.boss, today=TODAY).total
        for name in metric.dimensions():
            answer = ask(metric, actor=world.boss, by=(name,), today=TODAY)
            assert answer.total.num == plain.num, (metric.id, name)
            assert answer.total.value == plain.value, (metric.id, name)
            divided = not isinstance(metric, Survival) or (metric.model.word(), name) not in ALLOCATIONS
            if divided and isinstance(metric, (Measure, Stock, Ratio, Distribution, Survival)):
                assert sum(cell.num or 0 for cell in answer.cells) == (plain.num or 0), (metric.id, name)


def test_each_cell_opens_exactly_its_rows(world: World) -> None:
    for metric in every():
        if isinstance(metric, (Derived, Stay)):
            continue
        for name in metric.dimensions():
            for cell in ask(metric, actor=world.boss, by=(name,), today=TODAY).cells:
                found = rows(metric, actor=world.boss, cell=cell)
                assert whole(sum(row.counted or 0 for row in found.rows)) == (cell.num or 0), (
                    metric.id,
                    name,
                    cell.label,
                )


def test_a_total_is_the_ratio_of_its_halves(world: World) -> None:
    for metric in every():
        if isinstance(metric, Ratio):
            basis = metric.bases[0] if metric.bases else None
            total = ask(metric, actor=world.boss, by=metric.dimensions()[:1], today=TODAY).total
            top, bottom = (ask(m, actor=world.boss, basis=basis, today=TODAY).total for m in (metric.of, metric.per))
            assert (total.num, total.den) == (top.num, bottom.num)
            assert total.value == pytest.approx(float(top.num or 0) / float(bottom.num or 1))


def test_cuts_of_time_add_up_and_leave_no_gap(world: World) -> None:
    for metric in every():
        if isinstance(metric, Measure):
            for grain in ("day", "week", "month", "quarter", "half", "year"):
                answer = ask(
                    metric, Period(date(2026, 3, 17), date(2026, 11, 3)), actor=world.boss, grain=grain, today=TODAY
                )
                assert sum(cell.num or 0 for cell in answer.cells) == answer.total.num, (metric.id, grain)
                assert len(answer.cells) == len(answer.question.cuts)


def test_as_of_today_is_what_the_rows_say_now(world: World) -> None:
    for metric in every():
        if isinstance(metric, Stock) and not metric.today_only:
            live = ask(metric, actor=world.boss, by=("owner",), today=date(2030, 1, 1))
            told = ask(metric, actor=world.boss, by=("owner",), as_of=date(2029, 12, 31), today=date(2030, 1, 1))
            assert [(c.key, c.num, c.n, c.missing) for c in live] == [(c.key, c.num, c.n, c.missing) for c in told], (
                metric.id
            )
            assert (live.total.num, live.total.missing) == (told.total.num, told.total.missing)


def test_who_sees_less_counts_less(world: World) -> None:
    for metric in every():
        wide = ask(metric, actor=world.boss, today=TODAY).total
        try:
            narrow = ask(metric, actor=world.seller, today=TODAY).total
        except Refusal:
            continue
        assert narrow.n <= wide.n, metric.id
        own = rows(metric, actor=world.seller, today=TODAY)
        assert set(own.rows.values_list("pk", flat=True)) <= set(
            rows(metric, actor=world.boss, today=TODAY).rows.values_list("pk", flat=True)
        )


def test_of_nothing_a_rate_is_unknown_and_a_count_is_nought(world: World) -> None:
    for metric in every():
        if isinstance(metric, (Stay, Conversion)) or of_today_alone(metric):
            continue
        answer = ask(metric, Period(date(1999, 1, 1), date(1999, 12, 31)), actor=world.boss, today=TODAY).total
        if isinstance(metric, (Measure, Stock)):
            assert answer.value == 0
        else:
            assert answer.value is None
            assert (answer.low, answer.high) == (None, None)


def test_the_number_of_queries_does_not_depend_on_the_rows(world: World) -> None:
    for metric in every():
        by = metric.dimensions()[:1]
        ask(metric, actor=world.boss, by=by, today=TODAY)
        with CaptureQueriesContext(
            connection,
        ) as seen:
            ask(metric, actor=world.boss, by=by, today=TODAY)
        told = [q["sql"] for q in seen if "pg_locks" not in q["sql"] and "access_stamp" not in q["sql"]]
        most = 4 if isinstance(metric, Derived) else 3
        assert len(told) <= most, (metric.id, told)


def test_numbers_over_the_same_rows_share_one_query(world: World) -> None:
    names = ("won_deals", "lost_deals", "revenue", "win_rate_count", "win_rate_value", "avg_deal_size", "sales_cycle")
    with CaptureQueriesContext(connection) as seen:
        together = ask_many(names, YEAR, actor=world.boss, today=TODAY)
    assert sum("sales_deal" in q["sql"] for q in seen) == 1
    for name in names:
        assert together[name].total.value == ask(name, YEAR, actor=world.boss, today=TODAY).total.value


def test_what_has_no_history_is_not_told_of_the_past(world: World) -> None:
    for metric in every():
        if of_today_alone(metric) or getattr(metric, "planned", False):
            for past in ({"as_of": date(2026, 6, 30)}, {"known_on": date(2026, 6, 30)}):
                with pytest.raises(Refusal):
                    ask(metric, actor=world.boss, today=TODAY, **past)


def test_shares_of_a_row_add_up_to_one(world: World) -> None:
    assert list(weights()) == []


def test_a_filter_by_part_counts_only_the_part(world: World) -> None:
    cells = ask("revenue", actor=world.boss, by=("product",), today=TODAY).cells
    parts = {cell.key: cell for cell in cells}
    for product in world.products:
        cell = parts[product.pk,]
        alone = ask("revenue", actor=world.boss, where=F(product=product.pk), today=TODAY).total
        assert alone.value == cell.value
