"""The day as a strip of hours: what was done, what is planned, and where the clock stands. Geometry in attributes only."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from noren.activity.models import Activity
from noren.core.page.markup import escape

FIRST, LAST = 8, 19  # hours shown when nothing lies outside them
SHORTEST = 35  # minutes a box takes at least, so that its words can be read


def strip(rows: Sequence[Activity], names: Sequence[str], now: datetime | None, day: datetime) -> SafeString:
    """`rows` with an hour, in order; `names` beside them; `now` only on the present day; `day` its first moment in the
    reader's zone."""
    timed = [
        (row, name, _start(row).astimezone(day.tzinfo))
        for row, name in zip(rows, names, strict=True)
        if not row.is_all_day
    ]
    first = min([FIRST, *(at.hour for _row, _name, at in timed)])
    last = max([LAST, *(min(24, at.hour + (2 if at.minute > 60 - SHORTEST else 1)) for _row, _name, at in timed)])
    whole = (last - first) * 60

    def x(minutes: float) -> str:
        return f"{100 * max(0.0, min(1.0, (minutes - first * 60) / whole)):.2f}%"

    parts = ['<g aria-hidden="true">']
    for hour in range(first, last + 1):
        parts.append(f'<line class="grid-l" x1="{x(hour * 60)}" x2="{x(hour * 60)}" y1="18" y2="88"/>')
        if hour < last:
            parts.append(f'<text x="{x(hour * 60)}" dx="3" y="12">{hour}:00</text>')
    parts.append("</g>")
    for at, (row, name, start) in enumerate(timed):
        begin = start.hour * 60 + start.minute
        room = (timed[at + 1][2].hour * 60 + timed[at + 1][2].minute - begin) if at + 1 < len(timed) else 24 * 60
        length = min(max(row.minutes or 30, SHORTEST), max(room, 12))
        end = start + timedelta(minutes=row.minutes or 30)
        title = row.subject or str(row.get_kind_display())
        state = _("to do") if row.is_next_step else _("done")
        told = f"{start:%H:%M}–{end:%H:%M} {title} {name} ({state})"
        width = f"{100 * length / whole:.2f}%"
        parts.append(
            f'<g tabindex="0" role="listitem" class="ev {"next" if row.is_next_step else "done"}" aria-label="{escape(told)}" data-tip="{escape(told)}">'
            f'<svg x="{x(begin)}" width="{width}" y="22" height="62"><rect class="evb" width="100%" height="100%" rx="5"/>'
            f'<rect class="evs" width="3" height="100%" rx="1.5"/><text class="evt" x="10" y="20">{escape(title)}</text>'
            f'<text class="evm" x="10" y="37">{escape(name)}</text></svg></g>'
        )
    if now is not None:
        at_now = x(now.hour * 60 + now.minute)
        parts.append(
            f'<g aria-hidden="true"><line class="nowl hot" x1="{at_now}" x2="{at_now}" y1="16" y2="88"/><circle class="nowd" cx="{at_now}" cy="16" r="3.5"/></g>'
        )
    label = escape(_("The day by hours"))
    role = "list" if timed else "img"
    return SafeString(f'<svg class="ch daystrip" height="88" role="{role}" aria-label="{label}">{"".join(parts)}</svg>')


def _start(row: Activity) -> datetime:
    return row.due_at if row.is_next_step and row.due_at else row.happened_at
