"""From a field to its input, and from what was typed to its value: full-width digits, Japanese dates, 1,200万.

A value that cannot be read becomes one sentence in the person's language, at the field, and what they typed stays.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext as _

from noren.core.access.actor import Actor
from noren.core.access.scope import is_user, visible
from noren.core.base.errors import NotFound
from noren.core.base.japan.calendar import parse_date
from noren.core.base.japan.values import Unreadable, parse_number, parse_percent
from noren.core.base.model import Model
from noren.core.base.money import Money, MoneyError
from noren.core.base.money import parse as parse_money
from noren.core.base.text import row_id
from noren.core.page.cells import Look, as_day, day, moment
from noren.core.record.columns import called
from noren.core.record.declare import Record, record_of
from noren.core.record.field import Field

KINDS = {
    "text": "text", "longtext": "long", "kana": "text", "email": "text", "phone": "tel", "url": "text", "postal": "text",
    "number": "number", "money": "money", "percent": "number", "date": "date", "datetime": "date", "bool": "check",
    "choice": "select", "ref": "pick",
}  # fmt: skip
MODES = {"email": "email", "url": "url", "postal": "numeric", "date": "text", "datetime": "text"}
MOST_OPTIONS = 100
LONGEST = 100_000
_TIME = re.compile(r"[\sT]+(\d{1,2})(?::|時)(\d{2})?(?:分)?(?::\d{2})?$")
_MONTH_DAY = re.compile(r"(\d{1,2})[/月.](\d{1,2})日?")


class Fault(ValueError):
    """What was typed cannot be read; the text says how it should be written."""


# -- towards the page --------------------------------------------------------------------------------------------------


def is_short(one: Field) -> bool:
    """Whether a reference has so few targets that they are offered all at once (stages, reasons, teams)."""
    target = one.target
    return (
        target is not None
        and issubclass(target, Model)
        and not target.searched
        and target.reach.open_to_all
        and not is_user(target)
    )


def typed(one: Field, value: Any, look: Look) -> str:
    """A stored value as one would type it: the text of an input, and the value of an option."""
    if value is None or value == "":
        return ""
    match one.kind:
        case "money":
            return f"{Money(int(value), look.currency).amount:,f}"
        case "date":
            return day(as_day(value), look) if look.locale == "ja" else as_day(value).isoformat()
        case "datetime":
            return moment(value, look) if look.locale == "ja" else _iso(value, look)
        case "bool":
            return "on" if value else "off"
        case "number" | "percent":
            number = Decimal(str(value))
            return str(int(number)) if number == number.to_integral_value() else f"{number.normalize():f}"
        case "ref":
            return str(getattr(value, "pk", value))
    return str(value)


def _iso(value: Any, look: Look) -> str:
    moment_ = datetime.fromisoformat(value) if isinstance(value, str) else value
    return moment_.astimezone(look.zone).strftime("%Y-%m-%d %H:%M")


def field_of(
    record: type[Record], one: Field, text: str, actor: Actor, look: Look, *, name: str = "", error: str = "",
    required: bool | None = None, prefix: str = "", optional: bool = True,
) -> dict[str, Any]:  # fmt: skip
    """The context of ui/field.html for a field that now holds `text` (and is called `name`, for references)."""
    kind = KINDS.get(one.kind, "text")
    made: dict[str, Any] = {
        "name": prefix + one.name, "label": str(one.label), "kind": kind, "value": text, "error": error, "hint": str(one.help or ""),
        "required": one.required if required is None else required, "max": one.max_length if kind in ("text", "tel") else None,
        "inputmode": MODES.get(one.kind, ""),
    }  # fmt: skip
    if one.kind == "bool":
        made["value"] = text == "on"
    elif one.kind == "choice":
        made["options"] = choice_options(
            one, text, empty=optional and not any(v == "" for v, _l in one.choices) and not one.required
        )
    elif one.kind == "ref":
        if is_short(one):
            made |= {"kind": "select", "options": ref_options(one, text, actor, empty=not made["required"])}
        else:
            made |= {"url": f"{record.url()}options/{one.name}/", "text": name}
    elif one.kind in ("date", "datetime"):
        sample = look.now.strftime("%Y/%m/%d" if look.locale == "ja" else "%Y-%m-%d")
        made["placeholder"] = sample + (" 10:00" if one.kind == "datetime" else "")
    elif one.kind == "longtext":
        made["rows"] = 4
    elif one.kind == "postal":
        made["data"] = "code"
    if one.name in ("prefecture", "city", "town"):
        made["data"] = one.name
    return made


def choice_options(one: Field, text: str, *, empty: bool) -> list[dict[str, Any]]:
    listed = [{"value": "", "label": "—", "selected": text == ""}] if empty else []
    return listed + [{"value": str(v), "label": str(label), "selected": str(v) == text} for v, label in one.choices]


def ref_options(one: Field, text: str, actor: Actor, *, empty: bool) -> list[dict[str, Any]]:
    rows = visible(one.target, actor)
    ordering = one.target._meta.ordering
    rows = rows.order_by(*ordering) if ordering else rows
    listed: list[dict[str, Any]] = [{"value": "", "label": "—", "selected": text == ""}] if empty else []
    return listed + [
        {"value": str(row.pk), "label": str(row), "selected": str(row.pk) == text} for row in rows[:MOST_OPTIONS]
    ]


def title_of(one: Field, pk: Any, actor: Actor) -> str:
    """What the row behind a reference is called, if the actor may see it."""
    number = row_id(pk)
    if number is None or one.target is None or not issubclass(one.target, Model):
        return ""
    try:
        path = called(record_of(one.target))
    except NotFound:
        return ""
    return str(visible(one.target, actor).filter(pk=number).values_list(path, flat=True).first() or "")


# -- from the page -----------------------------------------------------------------------------------------------------


def read(one: Field, sent: Mapping[str, Any], actor: Actor, look: Look, prefix: str = "") -> Any:
    """The value of a field in what was sent. Fault when it cannot be read."""
    key = prefix + one.name
    if one.kind == "bool":
        values = sent.getlist(key) if hasattr(sent, "getlist") else [sent.get(key)]
        return bool(values) and values[-1] in ("on", "true", "1", True)
    text = str(sent.get(key, ""))
    if len(text) > LONGEST or "\x00" in text:
        raise Fault(_("This text is too long, or contains characters that cannot be stored."))
    if one.kind == "longtext":
        return text.replace("\r\n", "\n")
    text = text.strip()
    if one.kind == "ref":
        return _reference(one, text, str(sent.get(f"{key}_text", "")).strip(), actor)
    if text == "":
        return (
            None if one.null or one.is_custom or one.kind in ("number", "money", "percent", "date", "datetime") else ""
        )
    return _value(one, text, look)


def _value(one: Field, text: str, look: Look) -> Any:
    match one.kind:
        case "money":
            return amount(text, look)
        case "number":
            return whole_or_decimal(one, text)
        case "percent":
            return percent(text)
        case "date":
            return one_day(text, look)
        case "datetime":
            return one_moment(text, look)
        case "choice":
            for stored, _label in one.choices:
                if str(stored) == text:
                    return stored
            raise Fault(_("Choose one from the list."))
    if one.max_length and len(text) > one.max_length:
        raise Fault(_("At most %(n)s characters, please (now %(now)s).") % {"n": one.max_length, "now": len(text)})
    if one.column is not None:
        try:
            return one.column.to_python(text)
        except ValidationError as no:
            raise Fault(" ".join(no.messages)) from no
    return text


def amount(text: str, look: Look) -> int:
    try:
        found = parse_money(text, look.currency)
    except MoneyError as no:
        if no.args and no.args[0] == "too_large":
            raise Fault(_("This amount is too large.")) from no
        if no.args and no.args[0] == "too_fine":
            raise Fault(_("This currency has no such small fractions.")) from no
        raise Fault(_("Enter an amount such as 1,200,000 or 120万.")) from no
    if found.currency != look.currency:
        raise Fault(_("Amounts are kept in %(currency)s here.") % {"currency": look.currency})
    return found.minor


def whole_or_decimal(one: Field, text: str) -> int | Decimal | str:
    try:
        number = parse_number(text)
    except Unreadable as no:
        raise Fault(_("Enter a number such as 1,200.")) from no
    if isinstance(one.column, models.IntegerField):
        if number != number.to_integral_value():
            raise Fault(_("Enter a whole number."))
        low, high = INTEGER_RANGES.get(one.column.get_internal_type(), (-(2**31), 2**31 - 1))
        if not low <= number <= high:
            raise Fault(_("Enter a number between %(low)s and %(high)s.") % {"low": f"{low:,}", "high": f"{high:,}"})
        return int(number)
    if abs(number) >= Decimal(10) ** 18:
        raise Fault(_("This number is too large."))
    if one.is_custom:
        return int(number) if number == number.to_integral_value() else str(number)
    return number


INTEGER_RANGES = {
    "PositiveSmallIntegerField": (0, 32767), "SmallIntegerField": (-32768, 32767), "PositiveIntegerField": (0, 2**31 - 1),
    "BigIntegerField": (-(2**63), 2**63 - 1), "PositiveBigIntegerField": (0, 2**63 - 1),
}  # fmt: skip


def percent(text: str) -> int:
    try:
        number = parse_percent(text)
    except Unreadable as no:
        raise Fault(_("Enter a percentage between 0 and 100.")) from no
    if number != number.to_integral_value() or not 0 <= number <= 100:
        raise Fault(_("Enter a whole percentage between 0 and 100."))
    return int(number)


def one_day(text: str, look: Look) -> date:
    try:
        return parse_date(text)
    except Unreadable as no:
        found = _MONTH_DAY.fullmatch(unicodedata.normalize("NFKC", text))
        if found:
            try:
                return date(look.today.year, int(found[1]), int(found[2]))
            except ValueError:
                pass
        if no.code == "date.ambiguous":
            raise Fault(_("Day and month could be mixed up here. Write it as 2026/4/1.")) from no
        if no.code == "date.no_such_day":
            raise Fault(_("There is no such day.")) from no
        raise Fault(_("Enter a date such as 2026/4/1 or 令和8年4月1日.")) from no


def one_moment(text: str, look: Look) -> datetime:
    plain = unicodedata.normalize("NFKC", text).strip()
    found = _TIME.search(plain)
    clock = time(0)
    if found:
        try:
            clock = time(int(found[1]), int(found[2] or 0))
        except ValueError as no:
            raise Fault(_("There is no such time of day.")) from no
        plain = plain[: found.start()]
    return datetime.combine(one_day(plain, look), clock, look.zone)


def _reference(one: Field, text: str, name: str, actor: Actor) -> int | None:
    """The id sent; without script the name typed beside it, if it names exactly one row."""
    if text and not (text.isascii() and text.isdigit() and len(text) < 19):
        raise Fault(_("Choose one from the list."))
    if name and one.target is not None and (not text or title_of(one, text, actor) not in ("", name)):
        try:
            path = called(record_of(one.target))
        except NotFound:
            raise Fault(_("Choose one from the list.")) from None
        rows = visible(one.target, actor).annotate(shown_as=models.F(path) if isinstance(path, str) else path)
        found = list(rows.filter(shown_as__iexact=name).values_list("pk", flat=True)[:2])
        if len(found) == 1:
            return int(found[0])
        if found:
            raise Fault(_("Several are called “%(name)s”. Choose one from the list.") % {"name": name})
        raise Fault(_("There is no “%(name)s”. Choose one from the list.") % {"name": name})
    return int(text) if text else None
