"""Small drawings that stand beside their number; the drawing alone, named for screen readers."""

from collections.abc import Sequence
from html import escape

from django.utils.safestring import SafeString

from noren.core.page.numbers.charts.frame import EMPTY, TONES, safe, short, way


def sparkline(values: Sequence[float], label: str, height: int = 34) -> SafeString:
    """The way a number took, without axes. Empty for fewer than two values."""
    if len(values) < 2:
        return EMPTY
    low, high = min(values), max(values)
    points = [
        (at / (len(values) - 1) * 100, 26 - (value - low) / ((high - low) or 1) * 22) for at, value in enumerate(values)
    ]
    drawn = way(points)
    return safe(
        f'<svg class="ch spark" height="{height}" role="img" aria-label="{escape(label)}">'
        f'<svg viewBox="0 0 100 30" preserveAspectRatio="none" width="100%" height="{height}">'
        f'<path class="ar" d="{drawn}L100 30L0 30Z"/><path class="ln" d="{drawn}"/></svg>'
        f'<circle class="pt" cx="100%" cy="{short(points[-1][1] / 30 * height)}" r="2.75"/></svg>'
    )


def bullet(share: float, label: str, pace: float | None = None, tone: str = "", height: int = 4) -> SafeString:
    """How much of a target is reached. `share` and `pace` (where one should be by now) in percent of the target."""
    value = min(max(share, 0), 100)
    mark = (
        ""
        if pace is None
        else f'<rect class="mark" x="{short(min(max(pace, 0), 99))}%" y="-2" width="2" height="{height + 4}" rx="1"/>'
    )
    return safe(
        f'<svg class="ch" height="{height}" role="img" aria-label="{escape(label)}">'
        f'<rect class="track" width="100%" height="{height}" rx="{height / 2}"/>'
        f'<rect class="{TONES[tone]}" width="{short(value)}%" height="{height}" rx="{height / 2}"/>{mark}</svg>'
    )


def stage(amount: float, weighted: float, top: float, label: str, height: int = 22) -> SafeString:
    """One stage of the pipeline: the amount, the part that its probability leaves, both against the largest stage."""
    top = top or 1
    return safe(
        f'<svg class="ch" height="{height}" role="img" aria-label="{escape(label)}">'
        f'<rect class="f1s" width="{short(amount / top * 100)}%" height="{height}" rx="4"/>'
        f'<rect class="f1" width="{short(weighted / top * 100)}%" height="{height}" rx="4"/></svg>'
    )


def landing(won: float, expected: float, target: float, label: str, height: int = 16) -> SafeString:
    """Won so far and what is still expected, on the way to the target (the full width, unless passed)."""
    top = max(target, won + expected) or 1
    won_share, both = won / top * 100, (won + expected) / top * 100
    goal = (
        f'<rect class="mark" x="{short(min(target / top * 100, 99.6))}%" y="-2" width="2" height="{height + 4}" rx="1"/>'
        if target
        else ""
    )
    return safe(
        f'<svg class="ch landb" height="{height}" role="img" aria-label="{escape(label)}"><rect class="track" width="100%" height="{height}" rx="4"/>'
        f'<rect class="f1s" width="{short(both)}%" height="{height}" rx="4"/><rect class="f1" width="{short(won_share)}%" height="{height}" rx="4"/>{goal}</svg>'
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
            drawn.append(
                f'<rect class="k-{key}" x="45%" width="36%" y="{short(height - (at + tall))}" height="{short(tall)}" rx="1"/>'
            )
            at += tall
    if plan:
        y = short(height - plan * scale)
        drawn.append(f'<line class="plan" x1="34%" x2="90%" y1="{y}" y2="{y}"/>')
    if expected:
        low, middle, high = (height - each * scale for each in expected)
        drawn.append(
            f'<line class="iv" x1="94%" x2="94%" y1="{short(high)}" y2="{short(low)}"/><circle class="ivp" cx="94%" cy="{short(middle)}" r="3.5"/>'
        )
    drawn.append(f'<line class="axis" x1="0" x2="100%" y1="{height}" y2="{height}"/>')
    return safe(f'<svg class="ch" height="{height}" role="img" aria-label="{escape(label)}">{"".join(drawn)}</svg>')
