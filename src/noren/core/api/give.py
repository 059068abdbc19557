"""Rows as JSON and back. Only what the actor may see goes out; only what the form offers them comes in.

Amounts are whole numbers in minor units with the currency beside them; exact decimals are texts; days and moments are
ISO 8601; references are ids (in: also `{"external_id": "…"}`); custom fields lie under `extra`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils.dateparse import parse_date, parse_datetime
from django.utils.translation import gettext_lazy as _

from noren.core.access.actor import Actor
from noren.core.access.firm import firm
from noren.core.access.scope import visible
from noren.core.base.errors import Invalid
from noren.core.filter.sql import TEXTS
from noren.core.record.custom import definitions
from noren.core.record.declare import Record
from noren.core.record.field import Field

ALWAYS = ("id", "version", "external_id", "created_at", "updated_at")


def readable(record: type[Record], actor: Actor, wanted: str | None = None) -> list[Field]:
    """The fields given for each row; `wanted` narrows them (`fields=title,amount`). Unknown names are Invalid."""
    fields = [f for f in record.readable(actor) if f.name not in ALWAYS]
    if wanted is None:
        return fields
    by_name = {f.name: f for f in fields}
    names = [name for name in wanted.split(",") if name]
    unknown = [name for name in names if name not in by_name and name not in ALWAYS and name != "extra"]
    if unknown:
        raise Invalid({name: [_("There is no such field.")] for name in unknown[:20]})
    chosen = set(names)
    return [f for f in fields if f.name in chosen or (f.is_custom and "extra" in chosen)]


def given(record: type[Record], row: Any, fields: Iterable[Field]) -> dict[str, Any]:
    """One row as a JSON object."""
    out: dict[str, Any] = {
        "id": row.pk,
        "version": row.version,
        "external_id": row.external_id,
        "created_at": _told(row.created_at),
        "updated_at": _told(row.updated_at),
    }
    extra: dict[str, Any] | None = None
    for one in fields:
        if one.is_custom:
            extra = {} if extra is None else extra
            extra[one.key] = row.extra.get(one.key)
        elif one.computed:
            out[one.name] = _told(getattr(record, one.computed)(row))
        elif one.many:
            out[one.name] = sorted(other.pk for other in getattr(row, one.name).all())
        else:
            out[one.name] = _told(getattr(row, one.column.attname if one.column is not None else one.name))
            if one.kind == "money" and "currency" not in out:
                out["currency"] = getattr(row, "currency", "") or firm().currency
    if extra is not None:
        out["extra"] = extra
    return out


def _told(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, (str, int, bool, float, list, dict, type(None))):
        return value
    return str(value)


# -- in ------------------------------------------------------------------------------------------------------------


def taken(
    record: type[Record], body: Mapping[str, Any], actor: Actor, *, new: bool
) -> tuple[dict[str, Any], dict[str, list[Any]]]:
    """The values of a body as `create` and `change` want them, and what is wrong with every field that is unknown, not
    writable or of the wrong shape; nothing is ever passed over in silence."""
    allowed = {f.name: f for f in record.writable(actor)}
    values: dict[str, Any] = {}
    faults: dict[str, list[Any]] = {}
    for name, value in _flat(body, faults):
        field = allowed.get(name)
        if field is None:
            faults.setdefault(name, []).append(NOT_WRITABLE)
            continue
        try:
            values[name] = coerced(field, value, actor)
        except ValueError as fault:
            faults.setdefault(name, []).append(fault.args[0])
    if new:
        for one in definitions(record.word()):
            name = f"extra.{one.key}"
            if one.required and name in allowed and values.get(name) in (None, "") and name not in faults:
                faults[name] = [_("This field is required.")]
    return values, faults


NOT_WRITABLE = _("There is no such field, or it cannot be set here.")
CHOOSE = _("Choose one from the list: this one does not exist, or you are not allowed to see it.")


def _flat(body: Mapping[str, Any], faults: dict[str, list[Any]]) -> Iterable[tuple[str, Any]]:
    for name, value in body.items():
        if name == "extra":
            if isinstance(value, dict):
                yield from ((f"extra.{key}", inner) for key, inner in value.items())
            else:
                faults["extra"] = [_("Give an object of custom fields.")]
        elif name.startswith("extra."):
            faults[name] = [NOT_WRITABLE]
        else:
            yield name, value


def coerced(field: Field, value: Any, actor: Actor) -> Any:
    """A JSON value as the field's own. ValueError with a sentence when it has the wrong shape."""
    if field.many:
        if not isinstance(value, list):
            raise ValueError(_("Give a list."))
        return [referred(field.target, one, actor, look=False) for one in value]
    if value is None:
        return None
    if field.kind == "ref":
        return referred(field.target, value, actor, look=False)
    if field.kind in ("number", "money", "percent"):
        return number(value, exact=_is_decimal(field))
    plain = PLAIN.get(field.kind)
    if plain is not None:
        return plain(value, actor)
    if field.kind == "choice" and not any(stored == value for stored, _label in field.choices):
        raise ValueError(_("Choose one of: %s") % ", ".join(str(v) for v, _label in field.choices if v != ""))
    return value


def _is_decimal(field: Field) -> bool:
    if field.is_custom:
        return field.kind == "number"
    return field.column is not None and field.column.get_internal_type() in ("DecimalField", "FloatField")


def number(value: Any, *, exact: bool = False) -> Any:
    """A whole number, or with `exact` a decimal given as number or text."""
    if isinstance(value, bool) or not isinstance(value, (int, Decimal, str)):
        raise ValueError(_("Give a number."))
    if isinstance(value, int) and abs(value) < 2**63:
        return value
    if exact and not isinstance(value, int):
        text = str(value)
        try:
            found = Decimal(text) if len(text) <= 40 else Decimal("NaN")
        except InvalidOperation:
            found = Decimal("NaN")
        if found.is_finite() and abs(found.adjusted()) < 19:
            return found
    raise ValueError(_("Give a whole number.") if not exact else _("Give a number."))


def text(value: Any, _actor: Actor) -> str:
    if not isinstance(value, str):
        raise ValueError(_("Give a text."))
    return value


def truth(value: Any, _actor: Actor) -> bool:
    if not isinstance(value, bool):
        raise ValueError(_("Give true or false."))
    return value


def day(value: Any, _actor: Actor) -> date:
    try:
        found = parse_date(value) if isinstance(value, str) else None
    except ValueError:
        found = None
    if found is None:
        raise ValueError(_("Give a day such as 2026-11-20."))
    return found


def moment(value: Any, actor: Actor) -> datetime:
    """A moment; without an offset it is meant in the caller's time zone, a day alone is its first moment."""
    try:
        found = parse_datetime(value) if isinstance(value, str) else None
        if found is None and isinstance(value, str):
            only_day = parse_date(value)
            found = datetime.combine(only_day, time.min) if only_day else None
        if found is not None and found.tzinfo is None:
            found = found.replace(tzinfo=actor.zone)
        if found is not None:
            return found.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise ValueError(_("Give a moment such as 2026-11-20T09:30:00+09:00."))


def referred(target: Any, value: Any, actor: Actor, *, look: bool = True) -> int:
    """The id of the row meant by an id, `{"id": …}` or `{"external_id": "…"}`, if the actor may see it.

    look: False leaves that question for a plain id to the door, which asks it for every reference anyway.
    """
    if isinstance(value, dict) and set(value) == {"id"}:
        value = value["id"]
    if isinstance(value, dict) and set(value) == {"external_id"} and isinstance(value["external_id"], str):
        found = visible(target, actor).filter(external_id=value["external_id"]).values_list("pk", flat=True).first()
    elif isinstance(value, int) and not isinstance(value, bool) and 0 < value < 2**63:
        found = visible(target, actor).filter(pk=value).values_list("pk", flat=True).first() if look else value
    else:
        raise ValueError(_("Give an id, or an object with external_id."))
    if found is None:
        raise ValueError(CHOOSE)
    return int(found)


PLAIN: dict[str, Callable[[Any, Actor], Any]] = {
    **dict.fromkeys(TEXTS, text),
    "bool": truth,
    "date": day,
    "datetime": moment,
}
