"""`visible`: the one function that decides which rows an actor gets. Lists, pages, search, export, API, metrics
and link pickers all pass through it; what it does not return does not exist for the caller."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from functools import cache
from time import monotonic
from typing import Any, TypeVar

from django.apps import apps
from django.contrib.auth import get_user_model
from django.contrib.postgres.expressions import ArraySubquery
from django.core.exceptions import FieldDoesNotExist
from django.db.models import BooleanField, F, Func, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce
from django.utils import timezone

from noren.core.access.actor import Actor
from noren.core.access.rights import Level
from noren.core.base.errors import Forbidden, NotFound
from noren.core.base.model import Model

M = TypeVar("M", bound=Model)


class Look(Enum):
    """How rows that are seen through others are looked up: always the same rows, found in another way.

    EACH: a look behind every row that is come across; quick where few are looked at, or most may be seen.
    WHOLE: all that the actor sees behind is read once beforehand; quick where very many rows are looked at.
    BOOK: the rows themselves are found from what the actor sees behind; quick where that is little.
    """

    EACH = 1
    WHOLE = 2
    BOOK = 3


def visible(
    model: type[M], actor: Actor, verb: str = "view", *, removed: bool = False, look: Look = Look.EACH
) -> QuerySet[M]:
    """Rows of `model` on which `actor` may do `verb`. `removed=True` gives the bin instead of the living rows.
    `look` is a matter of speed alone; see also `look_for`."""
    rows: QuerySet[M] = model.every.filter(removed_at__isnull=not removed)
    if actor.is_admin:
        return rows
    limit = reach(model, actor, verb, look)
    if limit is None:
        return rows
    return rows.filter(limit)


def reach(model: type[Model], actor: Actor, verb: str = "view", look: Look = Look.EACH) -> Q | None:
    """The same as a condition: None means no limit."""
    rule = model.reach
    if rule.open_to_all and verb == "view":
        return None
    if rule.parents or rule.about:
        return _inherited(model, actor, verb, look)
    level = actor.level(model, verb)
    if level is Level.ALL:
        return None
    mine = _owned(rule.owner, actor, level)
    if model.word() in actor.shared and verb in ("view", "edit"):
        mine |= Q(pk__in=_shared_ids(model.word(), actor, verb))
    return mine


SMALL = 300  # rows of a noun from which what hangs on them is found quicker than by looking through everything
MIDDLING = 3000  # rows that are read beforehand in no time
AGAIN = 60.0  # seconds after which the size of a book is looked at again


def look_for(model: type[Model], actor: Actor, *, many: bool = False) -> Look:
    """The quickest look for a list of the noun, or with `many` for a count: from the actor's book when it is small, row by
    row when most may be seen."""
    if actor.is_admin or not (model.reach.parents or model.reach.about):
        return Look.EACH
    seen, size, some_open = actor.memo.get(("book", model), (-AGAIN, 0, True))
    if monotonic() - seen > AGAIN:
        limits = [(parent, reach(parent, actor)) for _here, parent, _key in deciders(model)]
        rows = [parent.every.filter(limit).order_by().values("pk")[: MIDDLING + 1] for parent, limit in limits if limit]
        size, some_open = max((some.count() for some in rows), default=0), len(rows) < len(limits)
        actor.memo["book", model] = (monotonic(), size, some_open)
    if size <= (MIDDLING if many else SMALL) and not some_open:
        return Look.BOOK
    return Look.WHOLE if many or size <= MIDDLING or not some_open else Look.EACH


def is_user(model: type[Any]) -> bool:
    """Colleagues: shown with their sign, chosen as "me"."""
    return model is get_user_model()


def unseen(rows: Iterable[Any], names: Iterable[str], actor: Actor) -> set[tuple[type[Any], int]]:
    """Of the rows that references of these rows lead to, those the actor may not see: what they are called stays unsaid.

    names: fields of the rows; other than references to nouns are passed over. One query for each noun whose rows the
    actor does not see all of.
    """
    wanted: dict[type[Any], set[int]] = {}
    if not actor.is_admin:
        for row in rows:
            model: Any = type(row)
            for name in names:
                target = _noun_behind(model, name)
                pk = getattr(row, f"{name}_id") if target is not None else None
                if pk is not None and target is not None:
                    wanted.setdefault(target, set()).add(pk)
    found: set[tuple[type[Any], int]] = set()
    for target, ids in wanted.items():
        limit = reach(target, actor)
        if limit is not None:
            seen = target.every.filter(limit, pk__in=ids).values_list("pk", flat=True)
            found.update((target, pk) for pk in ids.difference(seen))
    return found


def behind(model: Any, path: str, actor: Actor) -> tuple[str, Q] | None:
    """For a path through a reference (`company__industry`): that reference, and the condition under which the actor sees
    the row behind it. None when nothing there is kept from them."""
    name, far, _rest = path.partition("__")
    target = _noun_behind(model, name) if far and not actor.is_admin else None
    limit = reach(target, actor) if target is not None else None
    if target is None or limit is None:
        return None
    return name, Q(**{f"{name}__in": target.every.filter(limit).values("pk")})


@cache
def _noun_behind(model: Any, name: str) -> type[Any] | None:
    """The noun a reference to one row leads to; None for anything else."""
    try:
        column = model._meta.get_field(name)
    except FieldDoesNotExist:
        return None
    target: Any = column.related_model if column.many_to_one or (column.one_to_one and column.concrete) else None
    return target if isinstance(target, type) and issubclass(target, Model) else None


def owner_tells(model: type[Model], actor: Actor, verb: str) -> bool:
    """Whether `is_within` alone knows which rows the verb reaches: an owner decides, and nothing is shared."""
    rule = model.reach
    if not rule.owner or "__" in rule.owner or rule.parents or rule.about:
        return False
    return actor.level(model, verb) is Level.ALL or model.word() not in actor.shared


def is_within(row: Model, actor: Actor, verb: str) -> bool:
    """Whether the level says yes to a row that the actor sees, without asking the database: see `owner_tells`."""
    rule, level = row.reach, actor.level(type(row), verb)
    if level in (Level.ALL, Level.NONE):
        return level is Level.ALL
    owner = getattr(row, f"{rule.owner}_id")
    return bool(owner == actor.user_id if level is Level.OWN else owner in actor.team_user_ids)


def _owned(owner: str, actor: Actor, level: Level) -> Q:
    if level is Level.NONE or not owner:
        return Q(pk__in=())
    if level is Level.OWN:
        return Q(**{f"{owner}_id": actor.user_id})
    return Q(**{f"{owner}_id__in": actor.team_user_ids})


def own_limit(model: type[Model], actor: Actor, verb: str = "view") -> Q | None:
    """How far the level reaches by the rows' own owner; None means no limit."""
    level = actor.level(model, verb)
    return None if level is Level.ALL else _owned(model.reach.owner, actor, level)


def _inherited(model: type[Model], actor: Actor, verb: str, look: Look) -> Q | None:
    """A child row follows its first parent that is set; a row without any follows its own owner.

    To see a child is to see its parent. To change it needs the verb on the child's own noun as well, within its level:
    measured at its own owner, or for a child without one at the parent's (what is shared for editing counts as one's own).
    """
    rule = model.reach
    level = actor.level(model, verb)
    if level is Level.NONE:
        return Q(pk__in=())
    narrow = verb != "view" and level is not Level.ALL
    own = own_limit(model, actor, verb)
    whole = own  # from the last that decides to the first; None: all rows that get so far
    for here, parent, key in reversed(deciders(model)):
        limit = reach(parent, actor, "view", look)
        if narrow and not rule.owner:
            near = _near(parent, actor, level)
            limit = near if limit is None else limit & near
        if limit is not None:
            seen = here & _behind(parent, key, limit, look)
            whole = seen | ~here if whole is None else seen | (~here & whole)
        elif whole is not None:
            whole = here | whole
    if narrow and rule.owner:
        assert own is not None
        return own if whole is None else whole & own
    return whole


def _behind(parent: type[Model], key: str, limit: Q, look: Look) -> Q:
    """That the row behind a column is within a limit."""
    seen = parent.every.filter(limit)
    if look is Look.WHOLE:
        return Q(**{f"{key}__in": seen.values("pk")})
    if look is Look.BOOK:
        among = {"template": "%(expressions)s)", "arg_joiner": " = ANY(", "output_field": BooleanField()}
        return Q(Func(F(key), ArraySubquery(seen.order_by().values("pk")), **among))
    yes = Subquery(seen.filter(pk=OuterRef(key)).values(yes=Value(value=True))[:1], output_field=BooleanField())
    return Q(Coalesce(yes, Value(value=False)))


def _near(parent: type[Model], actor: Actor, level: Level) -> Q:
    """Parents that a level reaches by their owner, or that are shared with the actor for editing."""
    near = _owned(parent.reach.owner, actor, level)
    if parent.word() in actor.shared:
        near |= Q(pk__in=_shared_ids(parent.word(), actor, "edit"))
    return near


def deciders(model: type[Model]) -> list[tuple[Q, type[Model], str]]:
    """What decides whether a row is seen: (is set, the parent's noun, the column that holds its id). The first that is set
    does; where none is, the row's own owner."""
    found: list[tuple[Q, type[Model], str]] = []
    if model.reach.about:
        found += [(Q(about_noun=noun.word()), noun, "about_id") for noun in nouns() if noun.has_timeline]
    found += [(Q(**{f"{path}__isnull": False}), _target(model, path), f"{path}_id") for path in model.reach.parents]
    return found


def nouns() -> list[type[Model]]:
    """Every concrete noun of the house."""
    return [model for model in apps.get_models() if issubclass(model, Model)]


def noun_of(word: str) -> type[Model]:
    """The model behind `sales.deal`. NotFound for anything that is not a noun."""
    try:
        model = apps.get_model(word)
    except (LookupError, ValueError):
        raise NotFound from None
    if not issubclass(model, Model):
        raise NotFound
    return model


def _target(model: type[Model], path: str) -> type[Model]:
    field: Any = model._meta.get_field(path)
    return field.related_model  # type: ignore[no-any-return]


def _shared_ids(word: str, actor: Actor, verb: str) -> QuerySet[Any]:
    from noren.core.access.models import Share

    rows = Share.objects.filter(Q(user_id=actor.user_id) | Q(team_id__in=actor.team_ids), noun=word)
    rows = rows.filter(Q(until__isnull=True) | Q(until__gt=timezone.now()))
    if verb == "edit":
        rows = rows.filter(may_edit=True)
    return rows.values("row_id")


def fetch(model: type[M], actor: Actor, pk: Any, verb: str = "view", *, lock: bool = False) -> M:
    """One row for one verb. Unknown or foreign: NotFound. Visible but not allowed: Forbidden."""
    try:
        key = int(pk)
    except (TypeError, ValueError):
        raise NotFound from None
    if not 0 < key < 2**63:
        raise NotFound
    rows = visible(model, actor, verb)
    if lock:
        rows = rows.select_for_update(of=("self",), no_key=True)
    row = rows.filter(pk=key).first()
    if row is not None:
        return row
    if verb != "view" and visible(model, actor).filter(pk=key).exists():
        raise Forbidden
    raise NotFound
