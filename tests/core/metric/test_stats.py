import math
import statistics
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noren.core.metric.stats import (
    cumulative_incidence,
    cumulative_incidence_counts,
    kaplan_meier,
    kaplan_meier_counts,
    mean,
    median,
    outside,
    percentile_cont,
    wilson,
    xmr_limits,
)

# Freireich et al. 1963, 6-mercaptopurine arm: weeks in remission, 0 = still in remission when last seen.
WEEKS = [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35]
RELAPSE = [1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0]
# The placebo arm: everyone relapsed.
PLACEBO = [1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23]

waits = st.lists(st.tuples(st.integers(0, 40), st.sampled_from(["won", "lost", None])), min_size=1, max_size=60)


@pytest.mark.parametrize(
    ("k", "n", "low", "high"),
    [
        (3, 5, 0.2307, 0.8824),
        (4238, 6711, 0.6199, 0.6430),
        (107, 152, 0.6270, 0.7708),
        (127, 231, 0.4853, 0.6126),
        (0, 10, 0.0, 0.2775),
        (10, 10, 0.7225, 1.0),
    ],
)
def test_wilson(k: int, n: int, low: float, high: float) -> None:
    assert wilson(k, n) == pytest.approx((low, high), abs=1e-4)


def test_wilson_of_nothing_is_nothing() -> None:
    assert wilson(0, 0) is None
    with pytest.raises(ValueError, match="3 of 2"):
        wilson(3, 2)


@given(st.integers(0, 500), st.integers(1, 500))
def test_wilson_holds_the_rate_and_mirrors(k: int, n: int) -> None:
    k = min(k, n)
    low, high = wilson(k, n)  # type: ignore[misc]
    assert 0 <= low <= k / n <= high <= 1
    assert wilson(n - k, n) == pytest.approx((1 - high, 1 - low))


def test_kaplan_meier_equals_the_published_table() -> None:
    curve = kaplan_meier(WEEKS, [bool(r) for r in RELAPSE])
    table = {
        6: (21, 3, 0.857, 0.0764),
        7: (17, 1, 0.807, 0.0869),
        10: (15, 1, 0.753, 0.0963),
        13: (12, 1, 0.690, 0.1068),
        16: (11, 1, 0.627, 0.1141),
        22: (7, 1, 0.538, 0.1282),
        23: (6, 1, 0.448, 0.1346),
    }
    assert curve.times == tuple(table)
    for i, (risk, events, survival, error) in enumerate(table.values()):
        assert (curve.at_risk[i], curve.events[i]) == (risk, events)
        assert curve.survival[i] == pytest.approx(survival, abs=6e-4)
        assert curve.se[i] == pytest.approx(error, abs=6e-5)
    assert curve.median == 23
    assert (curve.n, curve.censored) == (21, 12)
    assert curve.quantile(0.25) == 13
    assert curve.quantile(0.75) is None
    assert curve.at(5.9) == 1
    assert curve.at(12) == curve.at(10)
    assert curve.at(1000) == curve.survival[-1]


def test_limits_of_a_survival_stay_between_zero_and_one() -> None:
    curve = kaplan_meier(WEEKS, [bool(r) for r in RELAPSE])
    assert curve.interval(6) == pytest.approx((0.6197, 0.9516), abs=1e-4)
    assert curve.interval(23) == pytest.approx((0.1881, 0.6801), abs=1e-4)
    assert curve.interval(0) is None
    assert curve.quantile_interval(0.5) == (13, None)


def test_without_censoring_survival_is_the_plain_share() -> None:
    curve = kaplan_meier(PLACEBO, [True] * len(PLACEBO))
    for time in range(25):
        assert curve.at(time) == pytest.approx(sum(t > time for t in PLACEBO) / len(PLACEBO))
    assert curve.median == 8
    assert curve.survival[-1] == 0
    assert curve.se[-1] is None
    assert curve.interval(23) is None
    assert curve.quantile_interval(0.5) == (4, 11)


def test_a_survival_of_exactly_one_half_counts_as_the_median() -> None:
    for n in (2, 6, 10, 14, 22, 60):
        assert kaplan_meier(range(1, n + 1), [True] * n).median == n // 2


def test_nobody_and_nothing() -> None:
    empty = kaplan_meier([], [])
    assert (empty.n, empty.median, empty.at(3)) == (0, None, 1.0)
    waiting = kaplan_meier([4, 5], [False, False])
    assert (waiting.times, waiting.median, waiting.censored) == ((), None, 2)
    assert cumulative_incidence([], []).at("won", 9) == 0


def test_negative_durations_are_refused() -> None:
    with pytest.raises(ValueError, match="negative"):
        kaplan_meier([-1], [True])
    with pytest.raises(ValueError, match="negative"):
        cumulative_incidence([-1], ["won"])


def test_same_day_ends_count_before_same_day_censoring() -> None:
    assert kaplan_meier_counts({5: (1, 1)}).at(5) == 0.5


def test_cumulative_incidence_by_hand() -> None:
    # 5 at risk: won at 1; 4: lost at 2 (1/4 of .8); censored at 3; 2: won at 4 (1/2 of .6); 1: lost at 5.
    found = cumulative_incidence([1, 2, 3, 4, 5], ["won", "lost", None, "won", "lost"])
    assert [found.at("won", t) for t in range(6)] == pytest.approx([0, 0.2, 0.2, 0.2, 0.5, 0.5])
    assert [found.at("lost", t) for t in range(6)] == pytest.approx([0, 0, 0.2, 0.2, 0.2, 0.5])
    assert [found.waiting_at(t) for t in range(6)] == pytest.approx([1, 0.8, 0.6, 0.6, 0.3, 0])
    assert (found.n, found.censored, found.at("abandoned", 5)) == (5, 1, 0)


@given(waits)
def test_incidences_and_those_waiting_make_one(rows: list[tuple[int, str | None]]) -> None:
    times, causes = [t for t, _ in rows], [c for _, c in rows]
    found = cumulative_incidence(times, causes)
    curve = kaplan_meier(times, [c is not None for c in causes])
    for time in range(42):
        shares = found.at("won", time) + found.at("lost", time)
        assert shares + found.waiting_at(time) == pytest.approx(1)
        assert found.waiting_at(time) == pytest.approx(curve.at(time))
        # 1 - KM with the other end censored overstates: the reason this estimate exists.
        assert found.at("won", time) <= 1 - kaplan_meier(times, [c == "won" for c in causes]).at(time) + 1e-9


@given(waits)
def test_counted_data_gives_the_same_curves(rows: list[tuple[int, str | None]]) -> None:
    times, causes = [t for t, _ in rows], [c for _, c in rows]
    grouped = Counter(rows)
    pairs = {t: (grouped[t, "won"] + grouped[t, "lost"], grouped[t, None]) for t in times}
    assert kaplan_meier_counts(pairs) == kaplan_meier(times, [c is not None for c in causes])
    split = {t: ({"won": grouped[t, "won"], "lost": grouped[t, "lost"]}, grouped[t, None]) for t in times}
    assert cumulative_incidence_counts(split) == cumulative_incidence(times, causes)


@given(st.lists(st.integers(-1000, 1000), min_size=1, max_size=60))
def test_median_and_quartiles_agree_with_the_standard_library(values: list[int]) -> None:
    assert median(values) == statistics.median(values)
    if len(values) > 1:
        quartiles = statistics.quantiles(values, n=4, method="inclusive")
        assert [percentile_cont(Counter(values), q) for q in (0.25, 0.5, 0.75)] == pytest.approx(quartiles)
    assert percentile_cont(Counter(values), 0) == min(values)
    assert percentile_cont(Counter(values), 1) == max(values)
    assert mean(Counter(values)) == pytest.approx(statistics.fmean(values))


def test_percentiles_of_nothing_are_nothing() -> None:
    assert percentile_cont({}, 0.5) is None
    assert percentile_cont({3: 0}, 0.5) is None
    assert median([]) is None
    assert mean({}) is None
    with pytest.raises(ValueError, match="share"):
        percentile_cont({1: 1}, 1.5)


def test_xmr_limits() -> None:
    limits = xmr_limits([10, 12, 11, 13])
    assert limits is not None
    assert limits.center == 11.5
    assert limits.step == pytest.approx(5 / 3)
    assert (limits.low, limits.high) == pytest.approx((11.5 - 2.66 * 5 / 3, 11.5 + 2.66 * 5 / 3))
    assert limits.step_high == pytest.approx(3.267 * 5 / 3)
    assert xmr_limits([1]) is None


def test_signals_are_points_outside_and_long_runs() -> None:
    limits = xmr_limits([10, 12] * 6)
    assert limits is not None
    assert outside([11.5] * 7, limits) == []
    assert outside([11.5] * 9, limits) == [7, 8]
    assert outside([11, 99, 11], limits) == [1]
    assert outside([10, 12] * 10, limits) == []


def test_a_curve_never_rises_nor_leaves_zero_to_one() -> None:
    curve = kaplan_meier([i % 37 for i in range(500)], [i % 3 > 0 for i in range(500)])
    assert all(a >= b for a, b in zip(curve.survival, curve.survival[1:], strict=False))
    assert all(e is None or math.isfinite(e) for e in curve.se)
