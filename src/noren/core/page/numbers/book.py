"""The number book: all numbers in words, by the question they answer."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from noren.core.access.actor import actor_of
from noren.core.base.text import fold
from noren.core.metric.declare import CHAPTERS, METRICS, Metric
from noren.core.metric.question import may_ask
from noren.core.page.markup import escape
from noren.core.page.shell import Place, place
from noren.core.page.web import draw, logged_in

place(Place("analysis", 10, gettext_lazy("Number book"), "/metrics/", "chart"))


@logged_in
def book(request: HttpRequest) -> HttpResponse:
    """What each number is, how it is worked out and what it leaves out; `?q=` narrows it to those with all the words."""
    actor = actor_of(request)
    asked = request.GET.get("q", "").strip()[:100]
    words = fold(asked).split()
    open_to = {name: metric for name, metric in METRICS.items() if may_ask(metric, actor)}
    found = []
    for order, question, metrics in _chapters():
        rows = [_told_in_words(one) for one in metrics if one.id in open_to and _has(one, question, words)]
        if rows:
            found.append({"id": f"c{order}", "title": question, "count": len(rows), "rows": rows})
    context = {
        "title": _("Number book"), "area": "metric", "query": asked, "chapters": found,
        "note": _("%(n)s numbers, each told in words") % {"n": len(open_to)},
        "head": (_("Number"), _("How it is worked out"), _("Left out"), _("Better when")),
        "empty": {
            "icon": "search", "title": _("Nothing found for “%(text)s”") % {"text": asked},
            "text": _("Numbers are found by their name and by the words that explain them."),
            "actions": [{"label": _("All numbers"), "href": "/metrics/"}],
        },
    }  # fmt: skip
    return draw(request, "metric_book.html", context)


def _chapters() -> Iterable[tuple[int, str, Iterable[Metric]]]:
    """As declared; numbers that stand in none come last."""
    known: set[str] = set()
    for one in sorted(CHAPTERS, key=lambda one: one.order):
        known |= {metric.id for metric in one.metrics}
        yield one.order, str(one.question), one.metrics
    yield 99, _("More numbers"), [metric for metric in METRICS.values() if metric.id not in known]


def _has(metric: Metric, question: str, words: list[str]) -> bool:
    text = fold(" ".join(map(str, (metric.id, metric.label, metric.formula, metric.left_out, question))))
    return all(word in text for word in words)


def _told_in_words(metric: Metric) -> dict[str, Any]:
    better = {"up": _("higher"), "down": _("lower"), "target": _("on target")}.get(metric.better, "—")
    cells = "".join(f'<td class="wrap">{escape(text)}</td>' for text in (metric.formula, metric.left_out, better))
    name = f'<th scope="row"><a class="lead" href="/metrics/{metric.id}/">{escape(metric.label)}</a></th>'
    return {"cells": SafeString(name + cells)}
