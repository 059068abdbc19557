"""Charts that stand alone: drawing, legend, and the same numbers as a table."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from typing import TypeVar

from django.utils.translation import gettext as _

from noren.core.page.numbers.charts.frame import (
    EMPTY,
    Chart,
    Format,
    Frame,
    legend,
    plain,
    safe,
    short,
    table,
    ticks,
    way,
)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Column:
    """One period: what is there, what is still expected, what was planned, what it was a year before."""

    label: str
    value: float
    expected: float = 0
    plan: float | None = None
    previous: float | None = None


@dataclass(frozen=True, slots=True)
class Words:
    """Names of the four marks of `columns`, in the reader's language."""

    value: str
    expected: str = ""
    plan: str = ""
    previous: str = ""


def columns(
    rows: Sequence[Column], words: Words, fmt: Format = plain, now: int | None = None, height: int = 214
) -> Chart:
    """Columns by period, with the plan as a stroke and the previous year as a ring. `now` marks the current one."""
    every = [each for row in rows for each in (row.value + row.expected, row.plan or 0, row.previous or 0)]
    at_values = ticks(max([*every, 1]))
    frame = Frame(len(rows), 0, at_values[-1], height)
    kinds: list[tuple[str, str, Callable[[Column], float | None]]] = [
        (words.value, "bar", lambda row: row.value),
        (words.expected, "expected", lambda row: row.expected),
        (words.plan, "plan", lambda row: row.plan),
        (words.previous, "previous", lambda row: row.previous),
    ]
    kinds = [kind for kind in kinds if kind[0]]
    for at, row in enumerate(rows):
        left, width = frame.x(at) - frame.cell * 0.23, frame.cell * 0.46
        inner = ""
        if row.expected:
            inner += frame.bar("fh hatch-b", left, width, row.value, row.value + row.expected)
        if row.value:
            inner += frame.bar("f1", left, width, 0, row.value)
        if row.plan is not None:
            inner += frame.line("plan", frame.x(at) - frame.cell * 0.36, frame.x(at) + frame.cell * 0.36, row.plan)
        if row.previous is not None:
            inner += f'<circle class="prev" cx="{short(frame.x(at))}%" cy="{short(frame.y(row.previous))}" r="2.75"/>'
        told = [
            f"{name} {fmt(value)}"
            for name, _key, get in kinds
            if (value := get(row)) is not None and (value or name == words.value)
        ]
        frame.mark(at, "\n".join([row.label, *told]), inner + frame.label(at, row.label, at == now), at == now)
    return Chart(
        frame.done(at_values, fmt, " / ".join(kind[0] for kind in kinds)),
        table(
            ["", *(kind[0] for kind in kinds)],
            [[row.label, *("—" if (v := get(row)) is None else fmt(v) for _w, _k, get in kinds)] for row in rows],
        ),
        legend(*((key, name) for name, key, _get in kinds)),
    )


def stacked(
    labels: Sequence[str], series: Sequence[tuple[str, Sequence[float]]], fmt: Format = plain, height: int = 214
) -> Chart:
    """Columns made of parts. At most eight series; the first lies at the bottom."""
    totals = [sum(values[at] for _name, values in series) for at in range(len(labels))]
    at_values = ticks(max([*totals, 1]))
    frame = Frame(len(labels), 0, at_values[-1], height)
    for at, text in enumerate(labels):
        left, width, under, inner = frame.x(at) - frame.cell * 0.3, frame.cell * 0.6, 0.0, ""
        for place, (_name, values) in enumerate(series, 1):
            if values[at]:
                inner += frame.bar(f"s{place}", left, width, under, under + values[at])
                under += values[at]
        told = [f"{name} {fmt(values[at])}" for name, values in series]
        frame.mark(at, "\n".join([text, *told, f"{_('Total')} {fmt(totals[at])}"]), inner + frame.label(at, text))
    return Chart(
        frame.done(at_values, fmt, " / ".join(name for name, _values in series)),
        table(
            ["", *(name for name, _values in series), _("Total")],
            [[text, *(fmt(values[at]) for _name, values in series), fmt(totals[at])] for at, text in enumerate(labels)],
        ),
        legend(*((f"s{place}", name) for place, (name, _values) in enumerate(series, 1))),
    )


def line(
    labels: Sequence[str],
    values: Sequence[float | None],
    name: str,
    band: Sequence[tuple[float, float] | None] | None = None,
    band_name: str = "",
    target: float | None = None,
    target_name: str = "",
    fmt: Format = plain,
    height: int = 200,
    axis: Format | None = None,
) -> Chart:
    """A line with an optional band of doubt around it. A missing value breaks the line; a rate shows its band always.

    axis: how values are written beside the plot, where there is little room; as everywhere else if not given.
    """
    band = band or [None] * len(labels)
    edges = [edge for pair in band if pair for edge in pair]
    known = [*(value for value in values if value is not None), *edges, *([target] if target is not None else [])] or [
        0.0,
        1.0,
    ]
    at_values = ticks(
        max(known), min(0, *known) if min(known) < 0 or max(known) - min(known) > max(known) * 0.5 else min(known)
    )
    frame = Frame(len(labels), at_values[0], at_values[-1], height)
    drawn = ""
    for run in _runs(band):
        upper = [(frame.x(at), frame.y(pair[1])) for at, pair in run]
        lower = [(frame.x(at), frame.y(pair[0])) for at, pair in reversed(run)]
        drawn += f'<path class="b80" d="{way(upper)}L{way(lower)[1:]}Z"/>'
    for points in _runs(values):
        drawn += f'<path class="ln" d="{way((frame.x(at), frame.y(value)) for at, value in points)}"/>'
    under = frame.stretch(drawn) + (frame.line("goal", 0, 100, target) if target is not None else "")
    rows = []
    for at, (text, value, pair) in enumerate(zip(labels, values, band, strict=True)):
        shown = "—" if value is None else fmt(value)
        doubt = f"{fmt(pair[0])}–{fmt(pair[1])}" if pair else "—"
        inner = (
            ""
            if value is None
            else f'<circle class="pt" cx="{short(frame.x(at))}%" cy="{short(frame.y(value))}" r="2.75"/>'
        )
        tip = [text, f"{name} {shown}", *([f"{band_name} {doubt}"] if band_name and pair else [])]
        frame.mark(at, "\n".join(tip), inner + frame.label(at, text))
        rows.append([text, shown, *([doubt] if band_name else [])])
    keys = [
        ("line", name),
        *([("band", band_name)] if band_name else []),
        *([("plan", target_name)] if target_name else []),
    ]
    return Chart(
        frame.done(at_values, axis or fmt, name, under),
        table(["", name, *([band_name] if band_name else [])], rows),
        legend(*keys),
    )


def _runs(values: Sequence[T | None]) -> list[list[tuple[int, T]]]:
    """Stretches without a gap, with their places."""
    runs: list[list[tuple[int, T]]] = [[]]
    for at, value in enumerate(values):
        if value is None:
            runs.append([])
        else:
            runs[-1].append((at, value))
    return [run for run in runs if run]


def hbars(
    rows: Sequence[tuple[str, float]],
    name: str,
    fmt: Format = plain,
    worst: int | None = None,
    heading: str = "",
    beside: Format | None = None,
) -> Chart:
    """Named amounts, longest first if the caller sorted them. `worst` is the one row that needs a hand (vermilion).

    beside: how values are written at the ends of the bars, where there is little room; as everywhere else if not given.
    """
    top = max([value for _label, value in rows] + [1e-9])
    tall = 28
    drawn = []
    for at, (label, value) in enumerate(rows):
        y = at * tall
        tone = "fshu" if at == worst else "f1"
        tip = f"{label}\n{name} {fmt(value)}"
        drawn.append(
            f'<g tabindex="0" role="listitem" aria-label="{escape(tip.replace(chr(10), ", "))}" data-tip="{escape(tip)}">'
            f'<rect class="hit" width="100%" y="{y}" height="{tall}" rx="4"/><text class="t-2" x="0" y="{y + 18}">{escape(label)}</text>'
            f'<rect class="{tone}" x="34%" width="{short(value / top * 46)}%" y="{y + 6}" height="16" rx="3"/>'
            f'<text class="t-b" x="{short(34 + value / top * 46)}%" dx="6" y="{y + 18}">{escape((beside or fmt)(value))}</text></g>'
        )
    svg = f'<svg class="ch" height="{max(len(rows), 1) * tall}" role="list" aria-label="{escape(name)}">{"".join(drawn)}</svg>'
    return Chart(safe(svg), table([heading, name], [[label, fmt(value)] for label, value in rows]))


def funnel(rows: Sequence[tuple[str, int]], name: str, onward: str, fmt: Format = plain) -> Chart:
    """How many came to each step, and the share of the step before that went on."""
    top = max([count for _label, count in rows] + [1])
    tall = 44
    drawn, listed = [], []
    for at, (label, count) in enumerate(rows):
        before = rows[at - 1][1] if at else 0
        share = f"{count / before:.0%}" if before else "—"
        y, wide = at * tall, count / top * 60
        tip = "\n".join([label, f"{name} {fmt(count)}", *([f"{onward} {share}"] if at else [])])
        drawn.append(
            f'<g tabindex="0" role="listitem" aria-label="{escape(tip.replace(chr(10), ", "))}" data-tip="{escape(tip)}">'
            f'<rect class="hit" width="100%" y="{y}" height="{tall - 12}" rx="4"/><text class="t-2" x="0" y="{y + 21}">{escape(label)}</text>'
            f'<rect class="f1" x="30%" width="{short(wide)}%" y="{y + 4}" height="24" rx="3"/>'
            f'<text class="t-b" x="{short(30 + wide)}%" dx="6" y="{y + 21}">{escape(fmt(count))}</text>'
            + (f'<text x="30%" dx="4" y="{y}">↓ {share}</text>' if at else "")
            + "</g>"
        )
        listed.append([label, fmt(count), share])
    svg = f'<svg class="ch" height="{max(len(rows), 1) * tall}" role="list" aria-label="{escape(name)}">{"".join(drawn)}</svg>'
    return Chart(safe(svg), table(["", name, onward], listed))


@dataclass(frozen=True, slots=True)
class Step:
    """A point of a survival curve: at time `at`, the share still there, its range, and how many were still watched."""

    at: float
    share: float
    low: float
    high: float
    watched: int


def survival(
    steps: Sequence[Step],
    name: str,
    time_name: str,
    watched_name: str,
    standard: float | None = None,
    standard_name: str = "",
    height: int = 214,
) -> Chart:
    """A step curve of the share (0 to 1) still there after so long, with its range. `standard` draws an upright line."""
    if not steps:
        return Chart(EMPTY)
    end = max([step.at for step in steps] + ([standard] if standard else [])) or 1
    spots = ticks(end, 0, 6)
    end = spots[-1]
    count = len(spots)
    frame = Frame(count, 0, 1, height)
    left = frame.cell / 2

    def x(at: float) -> float:
        return left + at / end * (100 - 2 * left)

    def steps_of(get: Callable[[Step], float]) -> list[tuple[float, float]]:
        points = [(x(0), frame.y(1))]
        for step in steps:
            points += [(x(step.at), points[-1][1]), (x(step.at), frame.y(get(step)))]
        return points

    upper, lower = steps_of(lambda step: step.high), steps_of(lambda step: step.low)
    drawn = f'<path class="b80" d="{way(upper)}L{way(reversed(lower))[1:]}Z"/><path class="ln" d="{way(steps_of(lambda step: step.share))}"/>'
    under = frame.stretch(drawn)
    if standard:
        under += (
            f'<line class="goal" x1="{short(x(standard))}%" x2="{short(x(standard))}%" y1="{frame.above}" y2="{height - frame.below}"/>'
            f'<text class="t-2" x="{short(x(standard))}%" dx="5" y="{frame.above + 10}">{escape(standard_name)}</text>'
        )
    for at, spot in enumerate(spots):
        before = [step for step in steps if step.at <= spot]
        share, low, high = (before[-1].share, before[-1].low, before[-1].high) if before else (1.0, 1.0, 1.0)
        tip = f"{time_name} {plain(spot)}\n{name} {share:.0%} ({low:.0%}–{high:.0%})"
        frame.mark(at, tip, f'<text x="{short(x(spot))}%" y="{height - 7}" text-anchor="middle">{plain(spot)}</text>')
    rows = [
        [plain(step.at), f"{step.share:.1%}", f"{step.low:.1%}–{step.high:.1%}", str(step.watched)] for step in steps
    ]
    return Chart(
        frame.done([0, 0.25, 0.5, 0.75, 1], lambda value: f"{value:.0%}", name, under),
        table([time_name, name, "95%", watched_name], rows),
    )
