"""Facts are forever: their names and fields are kept, and they tell numbers, words and days only."""

from __future__ import annotations

import dataclasses
import json
import os
import typing
from pathlib import Path
from typing import Any

import pytest

from noren.core.event.event import EVENTS
from noren.core.event.models import Fact
from noren.core.record.declare import RECORDS
from noren.sales.actions.deal import win_deal
from tests import make

SNAPSHOT = Path(__file__).with_name("events.json")
PLAIN = ("created", "changed", "removed", "restored", "erased")
DECLARED = sorted(
    name
    for name in EVENTS
    if name.rpartition(".")[2] not in PLAIN or EVENTS[name].__module__ != "noren.core.action.plain"
)
SAMPLES: dict[Any, Any] = {int: 7, str: "語", bool: True, float: 1.5, type(None): None}


def shape(name: str) -> dict[str, str]:
    return {f.name: str(f.type) for f in dataclasses.fields(EVENTS[name]) if f.name != "subject"}


def test_facts_are_as_they_were() -> None:
    """Webhooks and rules rely on them. A new fact or field is written down with WRITE_SNAPSHOT=1; none may go."""
    now = {name: shape(name) for name in DECLARED}
    if os.environ.get("WRITE_SNAPSHOT") == "1":
        SNAPSHOT.write_text(json.dumps(now, indent=1, ensure_ascii=False, sort_keys=True) + "\n")
    was = json.loads(SNAPSHOT.read_text())

    assert {name: fields for name, fields in now.items() if was.get(name) != fields} == {}, (
        "Run once with WRITE_SNAPSHOT=1"
    )
    assert set(was) - set(now) == set(), "these facts were told before: they cannot go"


@pytest.mark.parametrize("name", DECLARED)
def test_a_fact_is_plain(name: str) -> None:
    cls = EVENTS[name]
    hints = typing.get_type_hints(cls)
    values: dict[str, Any] = {}
    for field in dataclasses.fields(cls):
        parts = typing.get_args(hints[field.name]) or (hints[field.name],)
        kinds = [typing.get_origin(part) or part for part in parts]
        assert set(kinds) <= {*SAMPLES, list, tuple, dict}, f"{name}.{field.name} is {hints[field.name]}"
        values[field.name] = SAMPLES[kinds[0]] if kinds[0] in SAMPLES else kinds[0]()
    payload = cls(**values).payload()

    assert json.loads(json.dumps(payload)) == payload
    assert not {"email", "phone", "full_name", "address"} & set(payload), "a fact holds no data of people"
    assert cls.noun().count(".") == 1
    assert str(cls.says)


@pytest.mark.django_db
def test_what_is_told_can_be_told_again() -> None:
    """The sentence of a fact needs nothing but who, what and its own fields."""
    make.firm()
    deal = make.deal(amount=5)
    win_deal(deal, by=make.actor("admin"), won_on=deal.opened_on)
    fact = Fact.objects.get(name="sales.deal.won")

    said = str(EVENTS[fact.name].says).format(by="A", subject="B", **fact.payload)
    assert "A" in said
    assert "B" in said
    assert set(RECORDS)
