"""Makers: each builds the least valid thing, with the defaults a test does not care about."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from itertools import count
from typing import Any

import pytest
from django.utils import timezone

from noren.accounts.actions.setup import found_firm
from noren.accounts.models import User
from noren.activity.models import Activity
from noren.catalog.models import Product
from noren.contacts.models import Company, Person
from noren.core.access.actor import HOUSE, Actor
from noren.core.access.models import Role, Team
from noren.core.action.plain import create
from noren.sales.actions.setup import found_pipeline
from noren.sales.models import Deal, DealSpan, Stage

_number = count(1)


def firm() -> None:
    """The firm with its roles and its default pipeline."""
    found_firm("青葉計測株式会社")
    found_pipeline()


def clock(monkeypatch: pytest.MonkeyPatch, now: Callable[[], datetime]) -> None:
    """The time is what `now` says, also for fields that begin with the present moment."""
    monkeypatch.setattr(timezone, "now", now)
    for model, names in (
        (Deal, ("created_at", "stage_since")), (DealSpan, ("recorded_at",)), (Activity, ("created_at", "happened_at")),
    ):  # fmt: skip
        for name in names:
            monkeypatch.setattr(model._meta.get_field(name), "_get_default", now)


def team(name: str = "", parent: Team | None = None) -> Team:
    row = Team(name=name or f"営業{next(_number)}課", parent=parent)
    row.save()
    return row


def user(role: str | None = "sales", name: str = "", team: Team | None = None, **fields: Any) -> User:
    """A user with one shipped role (admin, manager, sales, support, reader) or none."""
    n = next(_number)
    row = User.objects.create_user(
        fields.pop("email", f"user{n}@example.jp"), name or f"利用者{n}", None, team=team, **fields
    )
    if role:
        row.roles.add(Role.every.get(key=role))
        row.save()
    return User.objects.get(pk=row.pk)


def actor(role: str | None = "admin", **fields: Any) -> Actor:
    return user(role, **fields).actor()


def stages() -> list[Stage]:
    return list(found_pipeline().stages.order_by("position"))


def company(by: Actor = HOUSE, **fields: Any) -> Company:
    return create(Company, {"legal_name": f"株式会社会社{next(_number)}", **fields}, by=by)


def person(by: Actor = HOUSE, **fields: Any) -> Person:
    return create(Person, {"family_name": f"姓{next(_number)}", **fields}, by=by)


def product(by: Actor = HOUSE, **fields: Any) -> Product:
    return create(Product, {"name": f"製品{next(_number)}", "list_price": 1000, **fields}, by=by)


def deal(by: Actor = HOUSE, **fields: Any) -> Deal:
    stage = fields.pop("stage", None) or stages()[0]
    values = {
        "title": f"商談{next(_number)}",
        "stage": stage,
        "pipeline": stage.pipeline_id,
        "opened_on": date(2026, 11, 1),
    }
    return create(Deal, values | fields, by=by)
