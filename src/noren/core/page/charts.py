"""Charts drawn on the server as SVG: no script, no inline style, paint by class (static/css/charts.css).

The outer `<svg>` has no viewBox: x and width are percentages, y and height are pixels, so text never stretches. Only
paths sit in a nested `<svg preserveAspectRatio="none">` with strokes that keep their width. Each chart is a `Chart`:
the drawing, its legend, and the same numbers as a table. Marks carry `data-tip` and a label for screen readers.

Small drawings that stand beside their number (`sparkline`, `bullet`, `stage`, `forecast`) are the drawing alone.
All text is escaped. Numbers in tips and tables go through `fmt`, which the caller gives.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Final, TypeVar

from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from noren.core.page.parts import icon

Format = Callable[[float], str]

T = TypeVar("T")
TONES: Final = {"": "f1", "good": "f3", "watch": "fko", "bad": "fshu", "mute": "f8"}
EMPTY: Final = SafeString("")


def plain(value: float) -> str:
    """A number with thousands separated, no needless decimals."""
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.1f}"


@dataclass(frozen=True, slots=True)
class Chart:
    """A drawing with its legend and its numbers as a table (a closed `<details>`)."""

    svg: SafeString
    table: SafeString = EMPTY
    legend: SafeString = EMPTY


def _n(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".") or "0"


def _safe(text: str) -> SafeString:
    return mark_safe(text)  # noqa: S308 (every piece of data was escaped where it was put in)


def _path(points: Iterable[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{_n(x)} {_n(y)}" for x, y in points)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> SafeString:
    """The numbers of a chart as a table one can open, copy and print."""
    cells = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in head)
    body = "".join(
        f'<tr><th scope="row">{escape(row[0])}</th>' + "".join(f"<td>{escape(cell)}</td>" for cell in row[1:]) + "</tr>" for row in rows
    )
    return _safe(
        f'<details class="asdata"><summary>{icon("table", "s")}{escape(_("The numbers as a table"))}</summary>'
        f"<table><thead><tr>{cells}</tr></thead><tbody>{body}</tbody></table></details>"
    )


_KEYS: Final = {
    "bar": '<rect class="lg1" width="14" height="10" rx="2"/>',
    "expected": '<rect class="lg2" width="14" height="10" rx="2"/>',
    "plan": '<line class="lg3" x1="0" x2="14" y1="5" y2="5"/>',
    "previous": '<circle class="lg4" cx="7" cy="5" r="3"/>',
    "line": '<line class="lgm" x1="0" x2="14" y1="5" y2="5"/>',
    "band": '<rect class="lgb" width="14" height="10" rx="2"/>',
    **{f"s{at}": f'<rect class="lgs{at}" width="14" height="10" rx="2"/>' for at in range(1, 9)},
}


def legend(*entries: tuple[str, str]) -> SafeString:
    """Names of the marks: pairs of a key of `_KEYS` and a word."""
    shown = "".join(f'<span><svg aria-hidden="true">{_KEYS[key]}</svg>{escape(text)}</span>' for key, text in entries)
    return _safe(f'<p class="legend">{shown}</p>')


def ticks(top: float, bottom: float = 0, wanted: int = 4) -> list[float]:
    """Round values from at most `bottom` to at least `top`, in steps of 1, 2, 2.5 or 5 times a power of ten."""
    span = max(top - bottom, 1e-9)
    power = 10 ** math.floor(math.log10(span / wanted))
    step = next(power * each for each in (1, 2, 2.5, 5, 10) if span / (power * each) <= wanted)
    first = math.floor(bottom / step)
    last = math.ceil(top / step - 1e-9)
    return [at * step for at in range(first, max(last, first + 1) + 1)]


@dataclass(slots=True)
class _Frame:
    """A plot with a value axis on the left and `count` equal cells along the other."""

    count: int
    low: float
    high: float
    height: int = 214
    above: int = 16
    below: int = 24
    parts: list[str] = field(default_factory=list)

    @property
    def cell(self) -> float:
        return 100 / max(self.count, 1)

    def y(self, value: float) -> float:
        part = (value - self.low) / ((self.high - self.low) or 1)
        return self.above + (self.height - self.above - self.below) * (1 - part)

    def x(self, at: float) -> float:
        """Middle of a cell, in percent."""
        return (at + 0.5) * self.cell

    def bar(self, name: str, left: float, width: float, bottom: float, top: float, extra: str = "") -> str:
        y1, y2 = sorted((self.y(top), self.y(bottom)))
        return (
            f'<rect class="{name}"{extra} x="{_n(left)}%" width="{_n(width)}%" y="{_n(y1)}" height="{_n(max(y2 - y1, 0.5))}" rx="2"/>'
        )

    def line(self, name: str, x1: float, x2: float, value: float) -> str:
        y = _n(self.y(value))
        return f'<line class="{name}" x1="{_n(x1)}%" x2="{_n(x2)}%" y1="{y}" y2="{y}"/>'

    def label(self, at: int, text: str, strong: bool = False) -> str:
        thin = " alt" if self.count > 8 and at % 2 else ""
        return f'<text class="{"t-b" if strong else ""}{thin}" x="{_n(self.x(at))}%" y="{self.height - 7}" text-anchor="middle">{escape(text)}</text>'

    def mark(self, at: int, tip: str, inner: str, now: bool = False) -> None:
        """One cell that tells its values on hover, focus, and to screen readers."""
        left, width = _n(at * self.cell), _n(self.cell)
        here = f'<rect class="now" x="{left}%" width="{width}%" y="0" height="{self.height}" rx="6"/>' if now else ""
        self.parts.append(
            f'<g tabindex="0" role="listitem" aria-label="{escape(tip.replace(chr(10), ", "))}" data-tip="{escape(tip)}">{here}'
            f'<rect class="hit" x="{left}%" width="{width}%" y="0" height="{self.height}" rx="6"/>{inner}</g>'
        )

    def stretch(self, inner: str) -> str:
        return (
            f'<svg viewBox="0 0 100 {self.height}" preserveAspectRatio="none" width="100%" height="{self.height}" aria-hidden="true">{inner}</svg>'
        )

    def done(self, at_values: Sequence[float], fmt: Format, label: str, under: str = "") -> SafeString:
        axis = "".join(f'<text x="100%" dx="-8" y="{_n(self.y(at) + 4)}" text-anchor="end">{escape(fmt(at))}</text>' for at in at_values)
        grid = "".join(self.line("axis" if at == 0 else "grid-l", 0, 100, at) for at in at_values)
        return _safe(
            f'<div class="plot"><svg class="ch" height="{self.height}" aria-hidden="true">{axis}</svg>'
            f'<svg class="ch" height="{self.height}" role="list" aria-label="{escape(label)}">{grid}{under}{"".join(self.parts)}</svg></div>'
        )


# ---- beside a number ----------------------------------------------------------------------------------------------


def sparkline(values: Sequence[float], label: str, height: int = 34) -> SafeString:
    """The way a number took, without axes. Empty for fewer than two values."""
    if len(values) < 2:
        return EMPTY
    low, high = min(values), max(values)
    points = [(at / (len(values) - 1) * 100, 26 - (value - low) / ((high - low) or 1) * 22) for at, value in enumerate(values)]
    way = _path(points)
    return _safe(
        f'<svg class="ch spark" height="{height}" role="img" aria-label="{escape(label)}">'
        f'<svg viewBox="0 0 100 30" preserveAspectRatio="none" width="100%" height="{height}">'
        f'<path class="ar" d="{way}L100 30L0 30Z"/><path class="ln" d="{way}"/></svg>'
        f'<circle class="pt" cx="100%" cy="{_n(points[-1][1] / 30 * height)}" r="2.75"/></svg>'
    )


def bullet(share: float, label: str, pace: float | None = None, tone: str = "", height: int = 4) -> SafeString:
    """How much of a target is reached. `share` and `pace` (where one should be by now) in percent of the target."""
    value = min(max(share, 0), 100)
    mark = "" if pace is None else f'<rect class="mark" x="{_n(min(max(pace, 0), 99))}%" y="-2" width="2" height="{height + 4}" rx="1"/>'
    return _safe(
        f'<svg class="ch" height="{height}" role="img" aria-label="{escape(label)}">'
        f'<rect class="track" width="100%" height="{height}" rx="{height / 2}"/>'
        f'<rect class="{TONES[tone]}" width="{_n(value)}%" height="{height}" rx="{height / 2}"/>{mark}</svg>'
    )


def stage(amount: float, weighted: float, top: float, label: str, height: int = 22) -> SafeString:
    """One stage of the pipeline: the amount, the part that its probability leaves, both against the largest stage."""
    top = top or 1
    return _safe(
        f'<svg class="ch" height="{height}" role="img" aria-label="{escape(label)}">'
        f'<rect class="f1s" width="{_n(amount / top * 100)}%" height="{height}" rx="4"/>'
        f'<rect class="f1" width="{_n(weighted / top * 100)}%" height="{height}" rx="4"/></svg>'
    )


def landing(won: float, expected: float, target: float, label: str, height: int = 16) -> SafeString:
    """Won so far and what is still expected, on the way to the target (the full width, unless passed)."""
    top = max(target, won + expected) or 1
    won_share, both = won / top * 100, (won + expected) / top * 100
    goal = f'<rect class="mark" x="{_n(min(target / top * 100, 99.6))}%" y="-2" width="2" height="{height + 4}" rx="1"/>' if target else ""
    return _safe(
        f'<svg class="ch landb" height="{height}" role="img" aria-label="{escape(label)}"><rect class="track" width="100%" height="{height}" rx="4"/>'
        f'<rect class="f1s" width="{_n(both)}%" height="{height}" rx="4"/><rect class="f1" width="{_n(won_share)}%" height="{height}" rx="4"/>{goal}</svg>'
    )


def forecast(
    parts: Sequence[tuple[str, float]],
    top: float,
    label: str,
    plan: float | None = None,
    expected: tuple[float, float, float] | None = None,
    height: int = 176,
) -> SafeString:
    """One column of the forecast table, drawn above its figures.

    `parts`: (key, amount) from the bottom, keys won, com, best, pipe. `expected`: low, middle, high of the 80 % range.
    """
    top = top or 1
    scale = (height - 8) / top
    drawn, at = [], 0.0
    for key, amount in parts:
        if amount > 0:
            tall = amount * scale
            drawn.append(f'<rect class="k-{key}" x="45%" width="36%" y="{_n(height - (at + tall))}" height="{_n(tall)}" rx="1"/>')
            at += tall
    if plan:
        y = _n(height - plan * scale)
        drawn.append(f'<line class="plan" x1="34%" x2="90%" y1="{y}" y2="{y}"/>')
    if expected:
        low, middle, high = (height - each * scale for each in expected)
        drawn.append(f'<line class="iv" x1="94%" x2="94%" y1="{_n(high)}" y2="{_n(low)}"/><circle class="ivp" cx="94%" cy="{_n(middle)}" r="3.5"/>')
    drawn.append(f'<line class="axis" x1="0" x2="100%" y1="{height}" y2="{height}"/>')
    return _safe(f'<svg class="ch" height="{height}" role="img" aria-label="{escape(label)}">{"".join(drawn)}</svg>')


# ---- standing alone -----------------------------------------------------------------------------------------------


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


def columns(rows: Sequence[Column], words: Words, fmt: Format = plain, now: int | None = None, height: int = 214) -> Chart:
    """Columns by period, with the plan as a stroke and the previous year as a ring. `now` marks the current one."""
    every = [each for row in rows for each in (row.value + row.expected, row.plan or 0, row.previous or 0)]
    at_values = ticks(max([*every, 1]))
    frame = _Frame(len(rows), 0, at_values[-1], height)
    kinds = [
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
            inner += f'<circle class="prev" cx="{_n(frame.x(at))}%" cy="{_n(frame.y(row.previous))}" r="2.75"/>'
        told = [f"{name} {fmt(value)}" for name, _key, get in kinds if (value := get(row)) is not None and (value or name == words.value)]
        frame.mark(at, "\n".join([row.label, *told]), inner + frame.label(at, row.label, at == now), at == now)
    return Chart(
        frame.done(at_values, fmt, " / ".join(kind[0] for kind in kinds)),
        table(["", *(kind[0] for kind in kinds)], [[row.label, *("—" if (v := get(row)) is None else fmt(v) for _w, _k, get in kinds)] for row in rows]),
        legend(*((key, name) for name, key, _get in kinds)),
    )


def stacked(labels: Sequence[str], series: Sequence[tuple[str, Sequence[float]]], fmt: Format = plain, height: int = 214) -> Chart:
    """Columns made of parts. At most eight series; the first lies at the bottom."""
    totals = [sum(values[at] for _name, values in series) for at in range(len(labels))]
    at_values = ticks(max([*totals, 1]))
    frame = _Frame(len(labels), 0, at_values[-1], height)
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
) -> Chart:
    """A line with an optional band of doubt around it. A missing value breaks the line; a rate shows its band always."""
    band = band or [None] * len(labels)
    edges = [edge for pair in band if pair for edge in pair]
    known = [*(value for value in values if value is not None), *edges, *([target] if target is not None else [])] or [0.0, 1.0]
    at_values = ticks(max(known), min(0, *known) if min(known) < 0 or max(known) - min(known) > max(known) * 0.5 else min(known))
    frame = _Frame(len(labels), at_values[0], at_values[-1], height)
    drawn = ""
    for run in _runs(band):
        upper = [(frame.x(at), frame.y(pair[1])) for at, pair in run]
        lower = [(frame.x(at), frame.y(pair[0])) for at, pair in reversed(run)]
        drawn += f'<path class="b80" d="{_path(upper)}L{_path(lower)[1:]}Z"/>'
    for run in _runs(values):
        drawn += f'<path class="ln" d="{_path((frame.x(at), frame.y(value)) for at, value in run)}"/>'
    under = frame.stretch(drawn) + (frame.line("goal", 0, 100, target) if target is not None else "")
    rows = []
    for at, (text, value, pair) in enumerate(zip(labels, values, band, strict=True)):
        shown = "—" if value is None else fmt(value)
        doubt = f"{fmt(pair[0])}–{fmt(pair[1])}" if pair else "—"
        inner = "" if value is None else f'<circle class="pt" cx="{_n(frame.x(at))}%" cy="{_n(frame.y(value))}" r="2.75"/>'
        tip = [text, f"{name} {shown}", *([f"{band_name} {doubt}"] if band_name and pair else [])]
        frame.mark(at, "\n".join(tip), inner + frame.label(at, text))
        rows.append([text, shown, *([doubt] if band_name else [])])
    keys = [("line", name), *([("band", band_name)] if band_name else []), *([("plan", target_name)] if target_name else [])]
    return Chart(frame.done(at_values, fmt, name, under), table(["", name, *([band_name] if band_name else [])], rows), legend(*keys))


def _runs(values: Sequence[T | None]) -> list[list[tuple[int, T]]]:
    """Stretches without a gap, with their places."""
    runs: list[list[tuple[int, T]]] = [[]]
    for at, value in enumerate(values):
        if value is None:
            runs.append([])
        else:
            runs[-1].append((at, value))
    return [run for run in runs if run]


def hbars(rows: Sequence[tuple[str, float]], name: str, fmt: Format = plain, worst: int | None = None, heading: str = "") -> Chart:
    """Named amounts, longest first if the caller sorted them. `worst` is the one row that needs a hand (vermilion)."""
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
            f'<rect class="{tone}" x="34%" width="{_n(value / top * 50)}%" y="{y + 6}" height="16" rx="3"/>'
            f'<text class="t-b" x="{_n(34 + value / top * 50)}%" dx="6" y="{y + 18}">{escape(fmt(value))}</text></g>'
        )
    svg = f'<svg class="ch" height="{max(len(rows), 1) * tall}" role="list" aria-label="{escape(name)}">{"".join(drawn)}</svg>'
    return Chart(_safe(svg), table([heading, name], [[label, fmt(value)] for label, value in rows]))


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
            f'<rect class="f1" x="30%" width="{_n(wide)}%" y="{y + 4}" height="24" rx="3"/>'
            f'<text class="t-b" x="{_n(30 + wide)}%" dx="6" y="{y + 21}">{escape(fmt(count))}</text>'
            + (f'<text x="30%" dx="4" y="{y}">↓ {share}</text>' if at else "")
            + "</g>"
        )
        listed.append([label, fmt(count), share])
    svg = f'<svg class="ch" height="{max(len(rows), 1) * tall}" role="list" aria-label="{escape(name)}">{"".join(drawn)}</svg>'
    return Chart(_safe(svg), table(["", name, onward], listed))


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
    frame = _Frame(count, 0, 1, height)
    left = frame.cell / 2

    def x(at: float) -> float:
        return left + at / end * (100 - 2 * left)

    def way(get: Callable[[Step], float]) -> list[tuple[float, float]]:
        points = [(x(0), frame.y(1))]
        for step in steps:
            points += [(x(step.at), points[-1][1]), (x(step.at), frame.y(get(step)))]
        return points

    upper, lower = way(lambda step: step.high), way(lambda step: step.low)
    drawn = f'<path class="b80" d="{_path(upper)}L{_path(reversed(lower))[1:]}Z"/><path class="ln" d="{_path(way(lambda step: step.share))}"/>'
    under = frame.stretch(drawn)
    if standard:
        under += (
            f'<line class="goal" x1="{_n(x(standard))}%" x2="{_n(x(standard))}%" y1="{frame.above}" y2="{height - frame.below}"/>'
            f'<text class="t-2" x="{_n(x(standard))}%" dx="5" y="{frame.above + 10}">{escape(standard_name)}</text>'
        )
    for at, spot in enumerate(spots):
        before = [step for step in steps if step.at <= spot]
        share, low, high = (before[-1].share, before[-1].low, before[-1].high) if before else (1.0, 1.0, 1.0)
        tip = f"{time_name} {plain(spot)}\n{name} {share:.0%} ({low:.0%}–{high:.0%})"
        frame.mark(at, tip, f'<text x="{_n(x(spot))}%" y="{height - 7}" text-anchor="middle">{plain(spot)}</text>')
    rows = [[plain(step.at), f"{step.share:.1%}", f"{step.low:.1%}–{step.high:.1%}", str(step.watched)] for step in steps]
    return Chart(frame.done([0, 0.25, 0.5, 0.75, 1], lambda value: f"{value:.0%}", name, under), table([time_name, name, "95%", watched_name], rows))
