"""The one door for every change: right, transaction, lock, guard, rule, fact.

    @action(Deal, label=_("Mark as won"), right="close", when=Deal.is_open)
    def win_deal(deal: Deal, *, by: Actor, won_on: date) -> DealWon: ...

An action takes a row and returns a fact. Its keyword arguments are its form, its JSON schema, its API endpoint, its
bulk dialog and its automation step; `inputs` tells them.
"""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import transaction

from noren.core.access.actor import Actor
from noren.core.access.scope import fetch, visible
from noren.core.base.errors import Forbidden, Invalid, NotNow, Refusal
from noren.core.base.model import Model
from noren.core.event.event import Event
from noren.core.event.publish import publish

P = ParamSpec("P")
M = TypeVar("M", bound=Model)
R = TypeVar("R")

CHUNK = 300


@dataclass(frozen=True, slots=True)
class Input:
    """One keyword argument of an action, as forms and schemas need it."""

    name: str
    type: Any
    required: bool
    default: Any
    label: Any


class Action(Generic[M, P, R]):
    """A verb on a noun. Call it with a row: `win_deal(deal, by=aiko, won_on=day)`."""

    def __init__(
        self, fn: Callable[..., R], model: type[M], *, label: Any, right: str, when: Callable[[M], bool] | None,
        why_not: Any, on_row: bool, icon: str, tone: str, labels: dict[str, Any], bulk: bool,
    ) -> None:  # fmt: skip
        self.fn, self.model, self.label, self.right = fn, model, label, right
        self.when, self.why_not, self.on_row = when, why_not, on_row
        self.icon, self.tone, self.bulk = icon, tone, bulk
        self.key = fn.__name__
        self.__name__, self.__doc__, self.__module__ = fn.__name__, fn.__doc__, fn.__module__
        self._labels = labels
        self._inputs: tuple[Input, ...] | None = None

    @property
    def name(self) -> str:
        """Stable dotted name, such as `sales.win_deal`."""
        return f"{self.model._meta.app_label}.{self.key}"

    @property
    def slug(self) -> str:
        """The word in addresses: `win` for `win_deal`."""
        return self.key.removesuffix(f"_{self.model._meta.model_name}").replace("_", "-")

    @property
    def inputs(self) -> tuple[Input, ...]:
        if self._inputs is None:
            hints = typing.get_type_hints(self.fn)
            found = []
            for param in inspect.signature(self.fn).parameters.values():
                if param.kind is not inspect.Parameter.KEYWORD_ONLY or param.name == "by":
                    continue
                need = param.default is inspect.Parameter.empty
                label = self._labels.get(param.name) or self._model_label(param.name)
                found.append(Input(param.name, hints[param.name], need, None if need else param.default, label))
            self._inputs = tuple(found)
        return self._inputs

    def _model_label(self, name: str) -> Any:
        try:
            return self.model._meta.get_field(name).verbose_name  # type: ignore[union-attr]
        except Exception:  # noqa: BLE001  (no such field: the name itself must do)
            return name.replace("_", " ").capitalize()

    def possible(self, row: M) -> bool:
        return self.when is None or self.when(row)

    def __call__(self, row: M, /, *args: P.args, **kw: P.kwargs) -> R:
        by: Actor = kw["by"]  # type: ignore[assignment]
        with transaction.atomic():
            if not self.on_row:
                self._allowed(by)
                return self._run(row, by, kw)
            locked = fetch(self.model, by, row.pk, self.right, lock=True)
            if locked.version == row.version:
                locked.__dict__["_state"] = row._state
            fact = self._run(locked, by, kw)
            row.__dict__.update(locked.__dict__)
            return fact

    def _allowed(self, by: Actor) -> None:
        if not by.may(self.model, self.right):
            raise Forbidden

    def _run(self, row: Any, by: Actor, kw: dict[str, Any]) -> R:
        if self.on_row and not self.possible(row):
            raise NotNow(self.why_not) if self.why_not else NotNow()
        with spoken_faults():
            fact = self.fn(row, **kw) if self.on_row else self.fn(**kw)
        facts = [fact] if isinstance(fact, Event) else list(fact) if isinstance(fact, (list, tuple)) else []
        publish(facts, by=by)
        return fact

    def many(
        self, ids: Iterable[int], *, by: Actor, progress: Callable[[int, int], bool] | None = None, **kw: Any
    ) -> Outcome:
        """The same verb over many rows, in chunks of one transaction each. A row that refuses is reported, the
        others go on. `progress(done, total)` may answer False to stop after the present chunk."""
        wanted = list(dict.fromkeys(ids))
        outcome = Outcome(total=len(wanted))
        for start in range(0, len(wanted), CHUNK):
            part = wanted[start : start + CHUNK]
            with transaction.atomic():
                rows = visible(self.model, by, self.right).filter(pk__in=part).order_by("pk")
                found = {row.pk: row for row in rows.select_for_update(of=("self",), no_key=True)}
                facts: list[Event] = []
                for pk in part:
                    row = found.get(pk)
                    try:
                        if row is None:
                            raise Forbidden
                        if not self.possible(row):
                            raise NotNow(self.why_not) if self.why_not else NotNow()
                        with transaction.atomic(), spoken_faults():
                            fact: Any = self.fn(row, by=by, **kw)
                        facts.extend([fact] if isinstance(fact, Event) else fact or [])
                        outcome.done += 1
                    except Refusal as no:
                        outcome.refused.append((pk, no))
                publish(facts, by=by)
            if progress and progress(min(start + CHUNK, len(wanted)), len(wanted)) is False:
                outcome.stopped = True
                break
        return outcome


@dataclass(slots=True)
class Outcome:
    """What became of many rows."""

    total: int
    done: int = 0
    refused: list[tuple[int, Refusal]] = field(default_factory=list)
    stopped: bool = False


ACTIONS: dict[str, Action[Any, Any, Any]] = {}


def action(
    model: type[M], *, label: Any, right: str = "edit", when: Callable[[M], bool] | None = None, why_not: Any = None,
    icon: str = "", tone: str = "", labels: dict[str, Any] | None = None, bulk: bool = True,
) -> Callable[[Callable[Concatenate[M, P], R]], Action[M, P, R]]:  # fmt: skip
    """Declare a verb. `right` is the verb of access (`sales.deal.<right>`); `when` must hold for the locked row;
    `why_not` is the sentence told when it does not."""

    def declare(fn: Callable[Concatenate[M, P], R]) -> Action[M, P, R]:
        made: Action[M, P, R] = Action(
            fn, model, label=label, right=right, when=when, why_not=why_not, on_row=True, icon=icon, tone=tone,
            labels=labels or {}, bulk=bulk,
        )  # fmt: skip
        ACTIONS[made.name] = made
        return made

    return declare


def actions_of(model: type[Model]) -> list[Action[Any, Any, Any]]:
    return [one for one in ACTIONS.values() if one.model is model]


class spoken_faults:  # noqa: N801  (reads as a statement)
    """Turn Django's ValidationError into Invalid, with the fault at its field."""

    def __enter__(self) -> None: ...

    def __exit__(self, kind: Any, fault: Any, _trace: Any) -> None:
        if isinstance(fault, ValidationError):
            raise invalid_from(fault) from fault


def invalid_from(fault: ValidationError) -> Invalid:
    if hasattr(fault, "error_dict"):
        return Invalid({("" if k == NON_FIELD_ERRORS else k): v for k, v in fault.message_dict.items()})
    return Invalid({"": fault.messages})
