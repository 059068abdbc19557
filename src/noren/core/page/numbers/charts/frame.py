"""What all charts share: the plot, its axis and labels, the legend, and the numbers as a table."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Final

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from noren.core.page.parts import icon

Format = Callable[[float], str]

TONES: Final = {"": "f1", "good": "f3", "watch": "fko", "bad": "fshu", "mute": "f8"}
EMPTY: Final = SafeString("")

ALL_LABELS = 45  # letters below a plot that fit side by side on a phone


def plain(value: float) -> str:
    """A number with thousands separated, no needless decimals."""
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.1f}"


@dataclass(frozen=True, slots=True)
class Chart:
    """A drawing with its legend and its numbers as a table (a closed `<details>`)."""

    svg: SafeString
    table: SafeString = EMPTY
    legend: SafeString = EMPTY


def short(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".") or "0"


def safe(text: str) -> SafeString:
    return SafeString(text)


def way(points: Iterable[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{short(x)} {short(y)}" for x, y in points)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> SafeString:
    """The numbers of a chart as a table one can open, copy and print."""
    cells = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in head)
    body = "".join(
        f'<tr><th scope="row">{escape(row[0])}</th>' + "".join(f"<td>{escape(cell)}</td>" for cell in row[1:]) + "</tr>"
        for row in rows
    )
    return safe(
        f'<details class="asdata"><summary>{icon("table", "s")}{escape(_("The numbers as a table"))}</summary>'
        f"<table><thead><tr>{cells}</tr></thead><tbody>{body}</tbody></table></details>"
    )


KEYS: Final = {
    "bar": '<rect class="lg1" width="14" height="10" rx="2"/>',
    "expected": '<rect class="lg2" width="14" height="10" rx="2"/>',
    "plan": '<line class="lg3" x1="0" x2="14" y1="5" y2="5"/>',
    "previous": '<circle class="lg4" cx="7" cy="5" r="3"/>',
    "line": '<line class="lgm" x1="0" x2="14" y1="5" y2="5"/>',
    "band": '<rect class="lgb" width="14" height="10" rx="2"/>',
    **{f"s{at}": f'<rect class="lgs{at}" width="14" height="10" rx="2"/>' for at in range(1, 9)},
}


def legend(*entries: tuple[str, str]) -> SafeString:
    """Names of the marks: pairs of a key of `KEYS` and a word."""
    shown = "".join(f'<span><svg aria-hidden="true">{KEYS[key]}</svg>{escape(text)}</span>' for key, text in entries)
    return safe(f'<p class="legend">{shown}</p>')


def ticks(top: float, bottom: float = 0, wanted: int = 4) -> list[float]:
    """Round values from at most `bottom` to at least `top`, in steps of 1, 2, 2.5 or 5 times a power of ten."""
    span = max(top - bottom, 1e-9)
    power = 10 ** math.floor(math.log10(span / wanted))
    step = next(power * each for each in (1, 2, 2.5, 5, 10) if span / (power * each) <= wanted)
    first = math.floor(bottom / step)
    last = math.ceil(top / step - 1e-9)
    return [at * step for at in range(first, max(last, first + 1) + 1)]


@dataclass(slots=True)
class Frame:
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
        return f'<rect class="{name}"{extra} x="{short(left)}%" width="{short(width)}%" y="{short(y1)}" height="{short(max(y2 - y1, 0.5))}" rx="2"/>'

    def line(self, name: str, x1: float, x2: float, value: float) -> str:
        y = short(self.y(value))
        return f'<line class="{name}" x1="{short(x1)}%" x2="{short(x2)}%" y1="{y}" y2="{y}"/>'

    def label(self, at: int, text: str, strong: bool = False) -> str:
        thin = (
            ""
            if self.count <= 8 and self.count * (len(text) + 2) <= ALL_LABELS
            else " alt"
            if at % 2
            else " alt4"
            if at % 4
            else ""
        )
        return f'<text class="{"t-b" if strong else ""}{thin}" x="{short(self.x(at))}%" y="{self.height - 7}" text-anchor="middle">{escape(text)}</text>'

    def mark(self, at: int, tip: str, inner: str, now: bool = False) -> None:
        """One cell that tells its values on hover, focus, and to screen readers."""
        left, width = short(at * self.cell), short(self.cell)
        here = f'<rect class="now" x="{left}%" width="{width}%" y="0" height="{self.height}" rx="6"/>' if now else ""
        self.parts.append(
            f'<g tabindex="0" role="listitem" aria-label="{escape(tip.replace(chr(10), ", "))}" data-tip="{escape(tip)}">{here}'
            f'<rect class="hit" x="{left}%" width="{width}%" y="0" height="{self.height}" rx="6"/>{inner}</g>'
        )

    def stretch(self, inner: str) -> str:
        return f'<svg viewBox="0 0 100 {self.height}" preserveAspectRatio="none" width="100%" height="{self.height}" aria-hidden="true">{inner}</svg>'

    def done(self, at_values: Sequence[float], fmt: Format, label: str, under: str = "") -> SafeString:
        axis = "".join(
            f'<text x="100%" dx="-8" y="{short(self.y(at) + 4)}" text-anchor="end">{escape(fmt(at))}</text>'
            for at in at_values
        )
        grid = "".join(self.line("axis" if at == 0 else "grid-l", 0, 100, at) for at in at_values)
        return safe(
            f'<div class="plot"><svg class="ch" height="{self.height}" aria-hidden="true">{axis}</svg>'
            f'<svg class="ch" height="{self.height}" role="list" aria-label="{escape(label)}">{grid}{under}{"".join(self.parts)}</svg></div>'
        )
