"""A firm, and people who can log in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from tests import make

from noren.accounts.models import User

PASSWORD = "風鈴 ちりん 2026 summer"
Enter = Callable[..., Client]


@pytest.fixture(scope="module")
def founded(module_rows: None) -> None:
    make.firm()


@pytest.fixture
def firm(founded: None, db: Any) -> None:
    cache.clear()


@pytest.fixture
def admin(firm: None) -> User:
    return with_password(make.user("admin", "中村 直子", email="admin@example.jp"))


@pytest.fixture
def aiko(firm: None) -> User:
    return with_password(make.user("sales", "佐藤 愛子", email="aiko@example.jp"))


def with_password(user: User) -> User:
    user.set_password(PASSWORD)
    user.save(update_fields=["password"])
    return user


def log_in(user: User, password: str = PASSWORD, client: Client | None = None) -> Client:
    client = client or Client()
    client.post("/login/", {"email": user.email, "password": password})
    return client


def is_in(client: Client) -> bool:
    return client.get("/settings/profile/").status_code == 200
