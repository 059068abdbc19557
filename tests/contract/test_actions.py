"""For every verb: not without the right, not in the wrong state, in the right one done and told.

That two at once have one effect, is in test_together.py."""

from __future__ import annotations

import typing
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from noren.activity.models import Activity
from noren.core.access.actor import HOUSE, Actor
from noren.core.access.scope import visible
from noren.core.action.door import ACTIONS, Action
from noren.core.api.inputs import item_type, plain_type
from noren.core.base.errors import Forbidden, NotFound, NotNow
from noren.core.base.model import Model
from noren.sales.actions.deal import lose_deal, win_deal
from noren.sales.models import Deal, LossReason
from tests import make
from tests.contract.world import World, digest

pytestmark = pytest.mark.django_db

ON_ROWS = [act for act in ACTIONS.values() if act.on_row]
GUARDED = [act for act in ON_ROWS if act.when is not None]


@pytest.fixture(scope="module", autouse=True)
def _firm(module_rows: None) -> None:
    make.firm()


def value_for(hint: Any) -> Any:
    inner, _optional = plain_type(hint)
    if inner is date:
        return timezone.localdate()
    if inner is datetime:
        return timezone.now() + timedelta(days=1)
    if isinstance(inner, type) and issubclass(inner, Model):
        return visible(inner, HOUSE).order_by("pk").first()
    if item_type(inner) is not None:
        return []
    if typing.get_origin(inner) is typing.Literal:
        return typing.get_args(inner)[0]
    return {bool: True, int: 1, str: "語", Decimal: Decimal(1)}[inner]


def inputs_for(act: Action[Any, Any, Any]) -> dict[str, Any]:
    return {one.name: value_for(one.type) for one in act.inputs if one.required}


def states(act: Action[Any, Any, Any]) -> Iterator[Any]:
    """Rows of the verb's noun in the states they can be in."""
    if act.model is Deal:
        reason = LossReason.every.first()
        assert reason is not None
        yield make.deal(amount=100)
        won, lost = make.deal(amount=100), make.deal(amount=100)
        win_deal(won, by=HOUSE, won_on=timezone.localdate())
        yield won
        lose_deal(lost, by=HOUSE, lost_on=timezone.localdate(), reason=reason)
        yield lost
        return
    if act.model is Activity:
        due = timezone.now() + timedelta(days=1)
        for fields in (
            {},
            {"due_at": due},
            {"due_at": due, "is_next_step": True},
            {"due_at": due, "done_at": timezone.now()},
        ):
            row = Activity(subject="語", company=make.company(), **fields)
            row.save()
            yield row
        return
    row = World("nobody", [act.model]).rows[act.model.word(), "foreign"]
    yield row
    if hasattr(row, "is_active"):
        other = make.user("sales")
        act.model.every.filter(pk=other.pk).update(is_active=False)
        yield act.model.every.get(pk=other.pk)


@pytest.mark.parametrize("act", ON_ROWS, ids=lambda a: a.name)
def test_without_the_right_nothing_happens(act: Action[Any, Any, Any]) -> None:
    row = next(states(act))
    values = inputs_for(act)
    before = digest()
    for who in (
        Actor(user_id=1),
        Actor(user_id=1, rights={"*.view": 3}),
        Actor(user_id=1, rights={"*.view": 3, f"*.{act.right}": 1}),
    ):  # type: ignore[dict-item]
        with pytest.raises((Forbidden, NotFound)), transaction.atomic():
            act(row, by=who, **values)
        outcome = act.many([row.pk], by=who, **values)
        assert (outcome.done, len(outcome.refused)) == (0, 1)
    assert digest() == before


@pytest.mark.parametrize("act", GUARDED, ids=lambda a: a.name)
def test_in_the_wrong_state_nothing_happens(act: Action[Any, Any, Any]) -> None:
    rows = list(states(act))
    values = inputs_for(act)
    wrong = [row for row in rows if not act.possible(row)]
    before = digest()
    for row in wrong:
        with pytest.raises(NotNow) as told, transaction.atomic():
            act(row, by=HOUSE, **values)
        assert str(told.value)
    assert digest() == before
    assert wrong, "no row in a wrong state: teach states() one"
    assert len(wrong) < len(rows), "no row in a right state: teach states() one"


@pytest.mark.parametrize("act", ON_ROWS, ids=lambda a: a.name)
def test_in_the_right_state_it_is_done_and_told(act: Action[Any, Any, Any]) -> None:
    values = inputs_for(act)
    done = 0
    for row in states(act):
        if act.possible(row):
            before = digest()
            act(row, by=HOUSE, **values)
            assert row.pk
            done += digest() != before
    assert done or act.key == "move_deal"  # to the stage where it is already: only its place changes
