"""Charts drawn on the server as SVG: no script, no inline style, paint by class (static/css/charts.css).

The outer `<svg>` has no viewBox: x and width are percentages, y and height are pixels, so text never stretches. Only
paths sit in a nested `<svg preserveAspectRatio="none">` with strokes that keep their width. Each chart is a `Chart`:
the drawing, its legend, and the same numbers as a table. Marks carry `data-tip` and a label for screen readers.

Small drawings that stand beside their number (`sparkline`, `bullet`, `stage`, `forecast`) are the drawing alone.
All text is escaped. Numbers in tips and tables go through `fmt`, which the caller gives.
"""

from noren.core.page.numbers.charts.alone import Column, Step, Words, columns, funnel, hbars, line, stacked, survival
from noren.core.page.numbers.charts.beside import bullet, forecast, landing, sparkline, stage
from noren.core.page.numbers.charts.frame import Chart, legend, plain, table, ticks

__all__ = [
    "Chart", "Column", "Step", "Words", "bullet", "columns", "forecast", "funnel", "hbars", "landing", "legend", "line",
    "plain", "sparkline", "stacked", "stage", "survival", "table", "ticks",
]  # fmt: skip
