"""The three verbs that every noun has: create, change, remove (and restore). Forms, API and import use them.

Values come by field name. Which fields may be written is the Record's matter (its form); this door checks rights,
reach, references, validity, versions, and tells the fact.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, TypeVar

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from noren.core.access.actor import Actor
from noren.core.access.scope import fetch, visible
from noren.core.action.door import spoken_faults
from noren.core.base.errors import Conflict, Forbidden, Invalid, NotNow
from noren.core.base.model import Model
from noren.core.event.event import EVENTS, Event, event
from noren.core.event.publish import publish

M = TypeVar("M", bound=Model)

SAYS = {
    "created": _("{by} created {subject}"),
    "changed": _("{by} changed {subject}"),
    "removed": _("{by} moved {subject} to the bin"),
    "restored": _("{by} brought {subject} back from the bin"),
    "erased": _("{subject} left the bin for good"),
}
ICONS = {"created": "plus", "changed": "pencil", "removed": "trash", "restored": "undo", "erased": "trash"}


def plain_event(model: type[Model], happened: str) -> type[Event]:
    """`sales.deal.created` and its siblings: declared for each noun by itself."""
    name = f"{model.word()}.{happened}"
    known = EVENTS.get(name)
    if known is None:
        title = f"{model.__name__}{happened.capitalize()}"
        known = event(name, says=SAYS[happened], icon=ICONS[happened])(type(title, (Event,), {}))
    return known


def create(model: type[M], values: Mapping[str, Any], *, by: Actor) -> M:
    """Make a row. Faults come back field by field as Invalid; nothing is written then."""
    if not by.may(model, "create"):
        raise Forbidden
    _stands_alone(model)
    with transaction.atomic(), spoken_faults():
        row = model()
        _give_owner(row, values, by)
        lines = _assign(row, values, by)
        row.settle()
        check(row)
        row.save()
        for name, ids in lines.items():
            getattr(row, name).set(ids)
        publish(
            plain_event(model, "created")(row.pk),
            by=by,
            changes=[_told({k: (None, v) for k, v in _shown(row, values).items()})],
        )
    return row


def change(row: M, values: Mapping[str, Any], *, by: Actor, version: int | None = None) -> M:
    """Set fields of a row. `version`: the one the person saw; if the row has moved on in a field they also set to
    something else, Conflict carries both values and nothing is written. `row` becomes the saved state."""
    model = type(row)
    with transaction.atomic(), spoken_faults():
        locked = fetch(model, by, row.pk, "edit", lock=True)
        _is_no_ledger(model)
        before = _shown(locked, values)
        lines = _assign(locked, values, by)
        after = _shown(locked, values)
        moved = {name: (before[name], after[name]) for name in after if before[name] != after[name]}
        if version is not None and version != locked.version and moved:
            theirs = _changed_since(locked, version)
            both = {name for name in moved if name in theirs}
            if both:
                fresh = model.every.get(pk=row.pk)
                raise Conflict(fresh, {n: before[n] for n in both}, {n: after[n] for n in both}, version)
        if "owner" in moved or "team" in moved:
            _may_assign(locked, by)
        if moved or lines:
            check(locked)
            locked.save()
            for name, ids in lines.items():
                getattr(locked, name).set(ids)
            publish(plain_event(model, "changed")(locked.pk), by=by, changes=[_told(moved)])
    row.__dict__.update(locked.__dict__)
    return row


def _is_no_ledger(model: type[Model]) -> None:
    _stands_alone(model)
    if model.append_only:
        raise NotNow(_("This ledger is only added to: enter a new line instead."))


def _stands_alone(model: type[Model]) -> None:
    """Taking one part out of a whole would leave the sums of the rest wrong."""
    if model.as_one:
        raise NotNow(_("These rows are changed together, through the record they belong to."))


def remove(row: M, *, by: Actor) -> None:
    """Put a row into the bin (kept for 30 days, `restore` brings it back)."""
    with transaction.atomic():
        locked = fetch(type(row), by, row.pk, "remove", lock=True)
        _is_no_ledger(type(row))
        locked.removed_at = timezone.now()
        locked.save(update_fields=["removed_at"])
        publish(plain_event(type(row), "removed")(row.pk), by=by)
    row.__dict__.update(locked.__dict__)


def restore(model: type[M], pk: int, *, by: Actor) -> M:
    with transaction.atomic():
        row = visible(model, by, "remove", removed=True).select_for_update(of=("self",)).filter(pk=pk).first()
        if row is None:
            return fetch(model, by, pk)
        _stands_alone(model)
        row.removed_at = None
        row.save(update_fields=["removed_at"])
        publish(plain_event(model, "restored")(row.pk), by=by)
    return row


def check(row: Model) -> None:
    """Django's `full_clean`, but for references: those that are new were looked up with the actor's eyes already, and
    the database holds the others. Saves a query for each."""
    faults: dict[str, Any] = {}
    known = {
        f.name
        for f in row._meta.concrete_fields
        if isinstance(f, models.ForeignKey) and getattr(row, f.attname) is not None
    }
    steps: tuple[tuple[Any, bool], ...] = (
        (lambda: row.clean_fields(exclude=known), False),
        (row.clean, False),
        (row.validate_unique, True),
        (row.validate_constraints, True),
    )
    for step, late in steps:
        try:
            if late:
                step(exclude={name for name in faults if name != NON_FIELD_ERRORS})
            else:
                step()
        except ValidationError as fault:
            faults = fault.update_error_dict(faults)
    if faults:
        raise ValidationError(faults)


def _give_owner(row: Model, values: Mapping[str, Any], by: Actor) -> None:
    owner = row.reach.owner
    if not owner or "__" in owner:
        return
    wanted = values.get(owner)
    if wanted is None or getattr(wanted, "pk", wanted) in ("", None):
        if owner not in values:
            setattr(row, f"{owner}_id", by.user_id)
    elif getattr(wanted, "pk", wanted) != by.user_id and not by.may(type(row), "assign"):
        raise Invalid({owner: [_("Your role does not allow giving records to somebody else.")]})


def _may_assign(row: Model, by: Actor) -> None:
    """Giving a row away needs the right, and the row as it is stored must lie within the reach of it."""
    noun: Any = type(row)
    if not visible(noun, by, "assign").filter(pk=row.pk).exists():
        raise Forbidden(_("Your role does not allow changing the owner."))


def _assign(row: Model, values: Mapping[str, Any], by: Actor) -> dict[str, list[int]]:
    """Put values on the row. References must be visible to the actor; custom fields go below `extra`."""
    meta = row._meta
    many: dict[str, list[int]] = {}
    faults: dict[str, list[Any]] = {}
    for name, value in values.items():
        if name.startswith("extra."):
            row.extra = {**row.extra, name[6:]: _custom(value)}
            if value in (None, ""):
                row.extra.pop(name[6:], None)
            continue
        column = meta.get_field(name)
        if isinstance(column, models.ManyToManyField):
            wanted = {int(getattr(v, "pk", v)) for v in value}
            other: Any = column.related_model
            known = set(visible(other, by).filter(pk__in=wanted).values_list("pk", flat=True))
            if wanted - known:
                faults[name] = [
                    _("Choose one from the list: this one does not exist, or you are not allowed to see it.")
                ]
                continue
            many[name] = sorted(wanted)
            continue
        if isinstance(column, models.ForeignKey):
            key = getattr(value, "pk", value)
            if key in (None, ""):
                setattr(row, column.attname, None)
                continue
            if str(key) != str(getattr(row, column.attname)) and not _known(column.related_model, key, by):
                faults[name] = [
                    _("Choose one from the list: this one does not exist, or you are not allowed to see it.")
                ]
                continue
            setattr(row, column.attname, int(key))
            if column.is_cached(row):
                column.delete_cached_value(row)
            continue
        stored = row.column(name)
        try:
            setattr(row, name, stored.to_python(value) if value not in (None, "") else None if stored.null else "")
        except Exception as fault:
            messages = getattr(fault, "messages", None)
            if messages is None:
                raise
            faults[name] = messages
    if faults:
        raise Invalid(faults)
    return many


def _known(model: Any, key: Any, by: Actor) -> bool:
    try:
        pk = int(key)
    except (TypeError, ValueError):
        return False
    if issubclass(model, Model):
        return bool(visible(model, by).filter(pk=pk).exists())
    return bool(model._default_manager.filter(pk=pk).exists())


def _shown(row: Model, values: Mapping[str, Any]) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for name in values:
        if name.startswith("extra."):
            out[name] = row.extra.get(name[6:])
            continue
        column = row._meta.get_field(name)
        if not isinstance(column, models.ManyToManyField):
            out[name] = _json(getattr(row, column.attname))  # type: ignore[union-attr]
    return out


def _json(value: Any) -> Any:
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    if isinstance(value, (str, int, bool, type(None), list, dict)):
        return value
    return str(value)


def _custom(value: Any) -> Any:
    """A custom field's value as it lies in JSON: numbers stay numbers, so that they compare as such."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return _json(value)


def _told(moved: Mapping[str, tuple[Any, Any]]) -> dict[str, Any] | None:
    """Field differences as stored: name -> [from, to]; empty-to-empty is nothing."""
    kept = {n: [old, new] for n, (old, new) in moved.items() if (old or None) != (new or None)}
    return kept or None


def _changed_since(row: Model, version: int) -> set[str]:
    """Fields that others changed after `version`, read from the facts; everything when the trail is too short."""
    from noren.core.event.models import Fact

    gone = row.version - version
    facts = list(Fact.objects.filter(noun=row.word(), subject_id=row.pk).order_by("-id")[: max(gone, 1)])
    names: set[str] = set()
    for fact in facts:
        names.update(fact.changes or ())
        if fact.name.rpartition(".")[2] != "changed":
            names.update(f.name for f in row._meta.concrete_fields)
    return names


__all__ = ["change", "create", "plain_event", "remove", "restore"]
