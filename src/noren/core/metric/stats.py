"""The statistics behind the numbers, over plain or counted data; no array library, so a web process stays small.

The database hands over grouped counts (value -> how many), so every estimator has a form that takes them; the form that
takes single observations only counts and calls it.
"""

import itertools
import math
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import TypeVar

Value = TypeVar("Value", bound=float)  # a key type of its own lets counts of whole numbers pass

Z95 = 1.96
_ROUNDING = 1e-12  # products of many factors: S of exactly one half must count as one half


def wilson(k: int, n: int, z: float = Z95) -> tuple[float, float] | None:
    """Wilson score interval of the rate k / n (Wilson 1927); None without observations."""
    if not 0 <= k <= n:
        raise ValueError(f"{k} of {n}")
    if n == 0:
        return None
    rate, square = k / n, z * z / n
    middle = (rate + square / 2) / (1 + square)
    reach = z * math.sqrt(rate * (1 - rate) / n + square / (4 * n)) / (1 + square)
    return (0.0 if k == 0 else middle - reach), (1.0 if k == n else middle + reach)


# Order statistics


def percentile_cont(counts: Mapping[Value, int], share: float) -> float | None:
    """As PostgreSQL's percentile_cont over value -> count: linear between the two nearest of n ordered values."""
    if not 0 <= share <= 1:
        raise ValueError(f"share {share}")
    values = sorted(value for value, count in counts.items() if count > 0)
    if not values:
        return None
    ends: list[int] = []  # how many observations up to and including each value
    for value in values:
        ends.append((ends[-1] if ends else 0) + counts[value])
    place = share * (ends[-1] - 1)
    low = values[bisect_right(ends, math.floor(place))]
    high = values[bisect_right(ends, math.ceil(place))]
    return low + (place - math.floor(place)) * (high - low)


def median(values: Iterable[float]) -> float | None:
    """The middle value, or the mean of the two in the middle; None of nothing."""
    return percentile_cont(Counter(values), 0.5)


def mean(counts: Mapping[Value, int]) -> float | None:
    """Mean over value -> count; None of nothing."""
    n = sum(counts.values())
    return math.fsum(value * count for value, count in counts.items()) / n if n else None


# Survival


@dataclass(frozen=True, slots=True)
class Curve:
    """Kaplan-Meier estimate: `survival` is the share still waiting just after each of `times`.

    `times` are those at which something ended, `at_risk` who still waited just before, `events` how many ended, `se` the
    Greenwood standard error of the survival (None once nobody is left). `n` observations, of which `censored` have not
    ended yet.
    """

    times: tuple[float, ...]
    at_risk: tuple[int, ...]
    events: tuple[int, ...]
    survival: tuple[float, ...]
    se: tuple[float | None, ...]
    n: int
    censored: int

    def at(self, time: float) -> float:
        """S(time): the share that lasts longer than `time`."""
        place = bisect_right(self.times, time)
        return self.survival[place - 1] if place else 1.0

    def se_at(self, time: float) -> float | None:
        place = bisect_right(self.times, time)
        return self.se[place - 1] if place else 0.0

    def interval(self, time: float, z: float = Z95) -> tuple[float, float] | None:
        """Confidence interval of S(time) on the log(-log) scale, which never leaves 0..1; None where S is 0 or 1."""
        survival, error = self.at(time), self.se_at(time)
        if not error or not 0 < survival < 1:
            return None
        reach = z * error / (survival * abs(math.log(survival)))
        return survival ** math.exp(reach), survival ** math.exp(-reach)

    def quantile(self, share: float) -> float | None:
        """The first time by which at least `share` have ended, S(t) <= 1 - share; None when it never comes to that."""
        return next((t for t, s in zip(self.times, self.survival, strict=True) if s <= 1 - share + _ROUNDING), None)

    def quantile_interval(self, share: float, z: float = Z95) -> tuple[float | None, float | None]:
        """Where the two limits of S cross 1 - share (Brookmeyer & Crowley 1982); None for a side that never does."""
        low = high = None
        for time in self.times:
            limits = self.interval(time, z)
            if limits is None:
                # S has reached zero: both limits have crossed.
                limits = (0.0, 0.0) if self.at(time) <= 0 else (1.0, 1.0)
            if low is None and limits[0] <= 1 - share:
                low = time
            if high is None and limits[1] <= 1 - share:
                high = time
        return low, high

    @property
    def median(self) -> float | None:
        return self.quantile(0.5)


def kaplan_meier(durations: Sequence[float], events: Sequence[bool]) -> Curve:
    """`durations` waited so far; `events` tells which have ended, the others are censored."""
    counts: dict[float, tuple[int, int]] = {}
    for time, ended in zip(durations, events, strict=True):
        done, open_ = counts.get(time, (0, 0))
        counts[time] = (done + 1, open_) if ended else (done, open_ + 1)
    return kaplan_meier_counts(counts)


def kaplan_meier_counts(counts: Mapping[Value, tuple[int, int]]) -> Curve:
    """time -> (ended, censored). Those censored at a time were still at risk when others ended at it."""
    _no_negative_times(counts)
    n = left = sum(ended + censored for ended, censored in counts.values())
    times, at_risk, events, survival = [], [], [], []
    errors: list[float | None] = []
    s, greenwood = 1.0, 0.0
    for time in sorted(counts):
        ended, censored = counts[time]
        if ended:
            s *= (left - ended) / left
            error: float | None = None
            if left > ended:
                greenwood += ended / (left * (left - ended))
                error = s * math.sqrt(greenwood)
            times.append(time)
            at_risk.append(left)
            events.append(ended)
            survival.append(s)
            errors.append(error)
        left -= ended + censored
    return Curve(tuple(times), tuple(at_risk), tuple(events), tuple(survival), tuple(errors), n, n - sum(events))


@dataclass(frozen=True, slots=True)
class Incidence:
    """Aalen-Johansen estimate for ends that exclude each other (won, lost): their shares and `waiting` sum to 1."""

    times: tuple[float, ...]
    waiting: tuple[float, ...]
    shares: Mapping[str, tuple[float, ...]]
    n: int
    censored: int

    def at(self, cause: str, time: float) -> float:
        """The share that has ended by `cause` up to and including `time`; 0 for a cause that never occurred."""
        place = bisect_right(self.times, time)
        return self.shares[cause][place - 1] if place and cause in self.shares else 0.0

    def waiting_at(self, time: float) -> float:
        place = bisect_right(self.times, time)
        return self.waiting[place - 1] if place else 1.0


def cumulative_incidence(durations: Sequence[float], causes: Sequence[str | None]) -> Incidence:
    """`causes` name how each ended, None for what has not ended yet."""
    counts: dict[float, tuple[Counter[str], int]] = {}
    for time, cause in zip(durations, causes, strict=True):
        ended, censored = counts.get(time, (Counter(), 0))
        if cause is None:
            censored += 1
        else:
            ended[cause] += 1
        counts[time] = (ended, censored)
    return cumulative_incidence_counts(counts)


def cumulative_incidence_counts(counts: Mapping[Value, tuple[Mapping[str, int], int]]) -> Incidence:
    """time -> ({cause: ended}, censored)."""
    _no_negative_times(counts)
    n = left = sum(sum(ended.values()) + censored for ended, censored in counts.values())
    causes = {cause for ended, _ in counts.values() for cause, count in ended.items() if count}
    so_far: dict[str, float] = dict.fromkeys(causes, 0.0)
    times, waiting = [], []
    shares: dict[str, list[float]] = {cause: [] for cause in causes}
    s, all_ended = 1.0, 0
    for time in sorted(counts):
        ended, censored = counts[time]
        total = sum(ended.values())
        if total:
            for cause, count in ended.items():
                if count:
                    so_far[cause] += s * count / left
            s *= (left - total) / left
            times.append(time)
            waiting.append(s)
            for cause in causes:
                shares[cause].append(so_far[cause])
        left -= total + censored
        all_ended += total
    return Incidence(
        tuple(times), tuple(waiting), {cause: tuple(line) for cause, line in shares.items()}, n, n - all_ended
    )


def _no_negative_times(counts: Mapping[Value, object]) -> None:
    # A negative wait is an error in the data: the caller leaves it out and reports it.
    if any(time < 0 for time in counts):
        raise ValueError("negative duration")


# Process behaviour


@dataclass(frozen=True, slots=True)
class Limits:
    """XmR limits: values outside low..high, or a step above `step_high`, are no ordinary variation."""

    center: float
    low: float
    high: float
    step: float
    step_high: float


def xmr_limits(values: Sequence[float]) -> Limits | None:
    """Limits from the baseline `values` in order of time: mean ± 2.66 and 3.267 mean moving ranges (Wheeler).

    None below two values. Give it completed periods only.
    """
    if len(values) < 2:
        return None
    center = math.fsum(values) / len(values)
    step = math.fsum(abs(two - one) for one, two in itertools.pairwise(values)) / (len(values) - 1)
    return Limits(center, center - 2.66 * step, center + 2.66 * step, step, 3.267 * step)


def outside(values: Sequence[float], limits: Limits, run: int = 8) -> list[int]:
    """Places of the values that signal: beyond the limits, or completing `run` in a row on one side of the center."""
    found, side, length = [], 0, 0
    for i, value in enumerate(values):
        now = (value > limits.center) - (value < limits.center)
        length = length + 1 if now and now == side else 1
        side = now
        if not limits.low <= value <= limits.high or (side and length >= run):
            found.append(i)
    return found


def normal_z(confidence: float) -> float:
    """The two-sided z of a confidence: 0.95 gives 1.95996."""
    return NormalDist().inv_cdf((1 + confidence) / 2)
