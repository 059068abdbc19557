"""Values as people read them: plain text (`said`), markup (`shown`), and the cells of a list row, one string each.

Lists are made here and not in a template because a page of them is fifty rows of ten cells. Everything from data is
escaped; nothing here asks the database.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any, Literal
from zoneinfo import ZoneInfo

from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from noren.core.access.actor import Actor
from noren.core.access.firm import firm
from noren.core.access.scope import is_user
from noren.core.base.money import Money
from noren.core.base.period import days_since
from noren.core.page import parts
from noren.core.page.markup import escape, plain, plains
from noren.core.record.declare import Record
from noren.core.record.field import Field
from noren.core.record.listing import Column, Line, Listing, may_write

Locale = Literal["ja", "en"]
_NO_DIGITS = re.compile(r"[^0-9+]+")
_UNIT = re.compile(r"^(.*\d)(\D*)$")


@dataclass(frozen=True, slots=True)
class Look:
    """For whom values are written: language, currency of the firm, their zone and their day."""

    locale: Locale
    currency: str
    zone: ZoneInfo
    now: datetime

    @property
    def today(self) -> date:
        return self.now.date()

    @classmethod
    def of(cls, actor: Actor, stamp: int | None = None) -> Look:
        locale: Locale = "en" if (get_language() or actor.locale).startswith("en") else "ja"
        return cls(locale, firm(stamp).currency, actor.zone, timezone.now().astimezone(actor.zone))


# -- plain text --------------------------------------------------------------------------------------------------------


def said(one: Field, value: Any, look: Look, name: str = "") -> str:
    """A value in words. `name`: what the row behind a reference is called."""
    if value is None or value == "":
        return ""
    match one.kind:
        case "ref":
            return name or str(value)
        case "choice":
            return one.choice_label(value)
        case "bool":
            return _("Yes") if value else _("No")
        case "money":
            return money(value, look)
        case "percent":
            return f"{value}%"
        case "number":
            return number(value)
        case "date":
            return day(as_day(value), look)
        case "datetime":
            return moment(value, look)
        case "postal":
            return f"{value[:3]}-{value[3:]}" if len(value) == 7 and value.isdigit() else str(value)
    return str(value)


def money(value: Any, look: Look) -> str:
    return Money(int(value), look.currency).show()


def compact(value: Any, look: Look) -> tuple[str, str]:
    """An amount for cards and tiles: figure and unit."""
    return _compact(int(value), look.currency, look.locale)


@lru_cache(maxsize=10_000)
def _compact(minor: int, currency: str, locale: Any) -> tuple[str, str]:
    found = _UNIT.match(Money(minor, currency).compact(locale))
    return (found[1], found[2]) if found else (str(minor), "")


def number(value: Any) -> str:
    if isinstance(value, str):
        try:
            value = Decimal(value)
        except ArithmeticError:
            return str(value)
    if isinstance(value, (Decimal, float)):
        value = Decimal(str(value))
        value = value.normalize() if value != value.to_integral_value() else int(value)
        return f"{value:,f}" if isinstance(value, Decimal) else f"{value:,}"
    return f"{value:,}" if abs(value) >= 10_000 else str(value)


def as_day(value: Any) -> date:
    if isinstance(value, datetime):
        return value.date()
    return value if isinstance(value, date) else date.fromisoformat(str(value)[:10])


def day(value: date, look: Look) -> str:
    if look.locale == "ja":
        return f"{value.year}/{value.month:02}/{value.day:02}"
    return f"{value.day} {_month(value.month)} {value.year}"


def short_day(value: date, look: Look) -> str:
    """Month and day; the year too when it is not this one."""
    if value.year != look.today.year:
        return day(value, look)
    return f"{value.month}/{value.day}" if look.locale == "ja" else f"{value.day} {_month(value.month)}"


@lru_cache(maxsize=12)
def _month(number: int) -> str:
    return ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")[number - 1]


def moment(value: Any, look: Look) -> str:
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    local = value.astimezone(look.zone)
    return f"{day(local.date(), look)} {local:%H:%M}"


def ago(value: datetime, look: Look) -> str:
    """How long since (or until) a moment, in the words people use: today, yesterday, 3 days ago."""
    days = (look.today - value.astimezone(look.zone).date()).days
    if days == 0:
        return _("today")
    if days == 1:
        return _("yesterday")
    if 1 < days <= 400:
        return ngettext("%(n)s day ago", "%(n)s days ago", days) % {"n": days}
    return short_day(value.astimezone(look.zone).date(), look)


who = lru_cache(maxsize=2000)(parts.who)
face = lru_cache(maxsize=2000)(parts.avatar)
tag = lru_cache(maxsize=2000)(parts.tag)


# -- markup ------------------------------------------------------------------------------------------------------------

DASH = SafeString('<span class="mute">—</span>')


def shown(one: Field, value: Any, look: Look, record: type[Record] | None = None, target: type[Record] | None = None,
          name: str = "") -> SafeString:  # fmt: skip
    """A value as markup: links, tags, people with their sign. Empty text for nothing."""
    if value is None or value == "":
        return SafeString("")
    match one.kind:
        case "ref":
            return ref(target, value, name)
        case "choice":
            return parts.tag(one.choice_label(value), (record.tones if record else {}).get(str(value), ""))
        case "money":
            return SafeString(f'<span class="num">{plain(money(value, look))}</span>')
        case "email":
            return SafeString(f'<a href="mailto:{plain(value)}">{plain(value)}</a>')
        case "phone":
            return SafeString(f'<a class="num" href="tel:{plain(digits(value))}">{plain(value)}</a>')
        case "url":
            return web(value)
        case "longtext":
            return SafeString(escape(value).replace("\n", "<br>"))
        case "number" | "percent" | "date" | "datetime" | "postal":
            return SafeString(f'<span class="num">{plain(said(one, value, look))}</span>')
    return escape(said(one, value, look, name))


def web(value: str) -> SafeString:
    text = value.removeprefix("https://").removeprefix("http://").rstrip("/")
    if not value.startswith(("https://", "http://")):
        return escape(text)
    return SafeString(
        f'<a href="{escape(value)}" rel="noopener noreferrer nofollow" target="_blank">{escape(text)}</a>'
    )


def digits(phone: str) -> str:
    """What a telephone dials: also of a number typed in wide figures."""
    return _NO_DIGITS.sub("", unicodedata.normalize("NFKC", phone))


def ref(target: type[Record] | None, pk: Any, name: str) -> SafeString:
    """A reference: a colleague with their sign, anything else as a link when it has a page."""
    if not name:
        return DASH
    if target is not None and is_user(target.model):
        return who(name)
    if target is None or not target.pages or target.nav is None:
        return escape(name)
    return SafeString(f'<a class="pl" href="{target.url(pk)}">{plain(name)}</a>')


def next_step(text: str, at: datetime | None, look: Look) -> SafeString:
    """The next step with its day; dashed vermilion when there is none."""
    if not text and at is None:
        return parts.next_line(_("Decide"), "none", "next")
    when = at.astimezone(look.zone).date() if at else None
    if when is None:
        return parts.next_line(text)
    if when < look.today:
        return parts.next_line(f"{short_day(when, look)} {text}", "late", note=_("overdue"))
    if when == look.today:
        return parts.next_line(f"{_('Today')} {text}", "today")
    return parts.next_line(f"{short_day(when, look)} {text}")


def stay(since: datetime | None, standard: int | None, look: Look) -> str:
    """Days in the present lane beside those that are usual there; too many have a sign and words, not only a color."""
    if since is None:
        return ""
    days = days_since(since, look.today, look.zone)
    told, most = (plain(ngettext("%(n)s day", "%(n)s days", n) % {"n": n}) for n in (days, standard or 0))
    usual = plain(_("standard %(days)s") % {"days": most})
    beside = f' <small class="meta"><span aria-hidden="true">/ {most}</span><span class="vh">({usual})</span></small>'
    shown = f'<time class="num" datetime="{since.date().isoformat()}" title="{plain(day(since.astimezone(look.zone).date(), look))}">{told}</time>'
    if standard and days > standard:
        kind = "late" if days > 2 * standard else "watch"
        shown = f'<span class="{kind}">{parts.icon("alert", "s")}{shown}<span class="vh">({plain(_("longer than usual"))})</span></span>'
    return f'<span class="stay">{shown}{beside if standard else ""}</span>'


# -- rows of a list ----------------------------------------------------------------------------------------------------

Values = Sequence[tuple[Any, ...]]
Draw = Callable[[Values], list[str]]
"""A whole column at once: fifty cells for the price of one call."""
Turns = dict[str, Callable[[tuple[Any, ...]], bool]]
PHONE = {"choice": "tag", "ref": "sub", "text": "sub", "money": "num", "date": "end", "datetime": "end"}


def body(made: Listing, actor: Actor, look: Look, *, editable: bool = True, pick: bool = True) -> SafeString:
    """The rows of a list as markup. `pick`: with a box to tick before each."""
    record = made.record
    base = record.url()
    edit = editable and actor.may(record.word(), "edit")
    rows = [line.values for line in made.lines]
    turns = _turns(made)
    taken = {"tag"} if turns else set()
    cells = [_drawer(column, made, actor, look, taken, turns, edit)(rows) for column in made.columns[1:]]
    nameless = _("(no name)")
    titles = plains([name or nameless for name in _titles(made.title, rows, look)])
    if pick:
        choose = plain(_("Choose"))
        heads = [
            f'<tr><td class="stick ck"><input class="check" type="checkbox" name="id" value="{row[0]}" form="bulk" data-pick aria-label="{choose} {title}"></td>'
            f'<th class="stick2 p-title" scope="row"><a class="lead" href="{base}{row[0]}/">{title}</a></th>'
            for row, title in zip(rows, titles, strict=True)
        ]
    else:
        heads = [
            f'<tr><th class="stick p-title" scope="row"><a class="lead" href="{base}{row[0]}/">{title}</a></th>'
            for row, title in zip(rows, titles, strict=True)
        ]
    ends = ["</tr>\n"] * len(rows)
    return SafeString("".join([cell for line in zip(heads, *cells, ends, strict=True) for cell in line]))


def _titles(column: Column, rows: Values, look: Look) -> list[str]:
    at = column.title_at if column.title_at is not None else column.at
    if column.field.kind in ("text", "ref", "kana"):
        return [str(row[at] or "") for row in rows]
    return [said(column.field, row[at], look) for row in rows]


def _drawer(column: Column, made: Listing, actor: Actor, look: Look, taken: set[str], turns: Turns, edit: bool) -> Draw:
    one = column.field
    place = "next" if one.name == "next_step" else PHONE.get(one.kind, "")
    if one.target is not None and column.target is not None and is_user(column.target.model):
        place = ""
    mine = turns.get(one.name)
    if mine is not None:
        place = "tag"
    elif place in taken:
        place = ""
    taken.add(place)
    names = " ".join(filter(None, ("num" if one.is_right else "", f"p-{place}" if place else "")))
    opened = f'<td class="{names}"' if names else "<td"
    insides = _insides(column, made, look)
    if edit and one.is_near and may_write(made.record, one.name, actor):
        opened += f' tabindex="0" data-edit="{made.record.url()}'
        closed = f'/field/{escape(one.name)}/?in=cell">'

        def drawn(rows: Values) -> list[str]:
            return [f"{opened}{row[0]}{closed}{inside}</td>" for row, inside in zip(rows, insides(rows), strict=True)]
    else:

        def drawn(rows: Values) -> list[str]:
            return [f"{opened}>{inside}</td>" for inside in insides(rows)]

    if mine is None:
        return drawn
    return lambda rows: [
        cell if mine(row) else cell.replace("p-tag", "", 1) for row, cell in zip(rows, drawn(rows), strict=True)
    ]


def _turns(made: Listing) -> Turns:
    """The columns that share the place of the tag on a phone, each with the rows it is for: where an open row stands says
    more than that it is open; of one that has ended, how it did."""
    at = {column.field.name: column.at for column in made.columns}
    by = made.record.board.by if made.record.board is not None else ""
    if by not in at:
        return {}
    if "outcome" not in at:
        return {by: lambda row: True}
    end = at["outcome"]
    return {by: lambda row: row[end] == "open", "outcome": lambda row: row[end] != "open"}


def _insides(column: Column, made: Listing, look: Look) -> Draw:
    one, at, record = column.field, column.at, made.record
    if one.is_custom:
        return lambda rows: [_custom(one, row[at], look) for row in rows]
    if one.kind == "ref":
        return _references(column, made.hidden.get(one.name, frozenset()))
    if one.name == "next_step" and "next_step_at" in column.near:
        due, outcome = column.near["next_step_at"], column.near.get("outcome")
        return lambda rows: [
            next_step(row[at], row[due], look) if outcome is None or row[outcome] == "open" else "" for row in rows
        ]
    if one.kind == "money":
        return lambda rows: [DASH if row[at] is None else parts.number(*compact(row[at], look)) for row in rows]
    if one.kind == "choice":
        labels = {
            value: parts.tag(str(label), record.tones.get(str(value), "")) if value != "" else ""
            for value, label in one.choices
        }
        return lambda rows: [labels.get(row[at], "") if row[at] not in (None, "") else "" for row in rows]
    if one.kind == "datetime" and "standard" in column.near:
        usual, outcome = column.near["standard"], column.near.get("outcome")
        return lambda rows: [
            stay(row[at], row[usual], look) if outcome is None or row[outcome] == "open" else "" for row in rows
        ]
    if one.kind == "datetime":
        memo: dict[int, tuple[str, str]] = {}
        return lambda rows: [_when(row[at], look, memo) for row in rows]
    if one.kind == "bool":
        yes = f'{parts.icon("check")}<span class="vh">{escape(_("Yes"))}</span>'
        return lambda rows: [yes if row[at] else "" for row in rows]
    if one.kind in ("text", "kana"):
        return lambda rows: plains([row[at] or "" for row in rows])
    if one.kind == "email":
        return lambda rows: [
            f'<a href="mailto:{m}">{m}</a>' if m else "" for m in plains([row[at] or "" for row in rows])
        ]
    if one.kind == "phone":
        return lambda rows: _phones([row[at] or "" for row in rows])
    return lambda rows: [shown(one, row[at], look, record) if row[at] is not None else "" for row in rows]


def _phones(texts: list[str]) -> list[str]:
    return [
        f'<a class="num" href="tel:{digits(phone)}">{told}</a>' if phone else ""
        for phone, told in zip(texts, plains(texts), strict=True)
    ]


def _references(column: Column, hidden: frozenset[int]) -> Draw:
    at, where, target = column.at, column.title_at, column.target
    unsaid = f'<span class="mute">{escape(_("(hidden)"))}</span>'
    if target is not None and target.pages and target.nav is not None and not is_user(target.model):
        base = target.url()

        def drawn(pk: Any, name: str) -> str:
            return f'<a class="pl" href="{base}{pk}/">{plain(name)}</a>' if name else DASH
    else:

        def drawn(pk: Any, name: str) -> str:
            return ref(target, pk, name)

    def one(pk: Any, name: Any) -> str:
        if pk is None:
            return ""
        return unsaid if pk in hidden else drawn(pk, str(name or "") if where is not None else str(pk))

    return lambda rows: [one(row[at], None if where is None else row[where]) for row in rows]


def _when(value: datetime | None, look: Look, memo: dict[int, tuple[str, str]]) -> str:
    if value is None:
        return ""
    local = value.astimezone(look.zone)
    iso = local.isoformat("T", "minutes")
    number_ = local.toordinal()
    known = memo.get(number_)
    if known is None:
        known = memo[number_] = plain(ago(value, look)), plain(day(local.date(), look))
    return f'<time class="num" datetime="{iso}" title="{known[1]} {iso[11:16]}">{known[0]}</time>'


def _custom(one: Field, extra: dict[str, Any] | None, look: Look) -> str:
    value = (extra or {}).get(one.key)
    if value is None or value == "":
        return ""
    if one.kind == "money":
        return parts.number(*compact(value, look))
    return shown(one, value, look)


def totals(made: Listing, look: Look) -> SafeString:
    """The cells of the totals row beside the pager."""
    words = {"sum": _("Sum"), "avg": _("Average"), "min": _("Lowest"), "max": _("Highest")}
    found = []
    for column in made.columns[1:]:
        value = made.totals.get(column.field.name)
        if value is None:
            found.append("<td></td>")
            continue
        text = "".join(compact(round(value), look)) if column.field.kind == "money" else number(value)
        found.append(
            f'<td class="num">{escape(words[made.record.totals[column.field.name]])} <b>{escape(text)}</b></td>'
        )
    return SafeString("".join(found))


def names_of(columns: Sequence[Column], line: Line) -> dict[str, str]:
    """For each reference of a row: what it is called."""
    return {c.field.name: str(line.values[c.title_at] or "") for c in columns if c.title_at is not None}
