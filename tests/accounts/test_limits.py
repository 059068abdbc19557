"""Limits count in one place for all processes, and nothing slips through between two of them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.test import Client, RequestFactory
from tests import loaded, make
from tests.accounts.conftest import PASSWORD, is_in, with_password

from noren.accounts.login.address import client_ip
from noren.accounts.models import User


@pytest.fixture
def aiko(transactional_db: Any) -> User:
    make.firm()
    cache.clear()
    return with_password(make.user("sales", email="aiko@example.jp"))


@pytest.mark.slow
def test_two_processes_share_one_count(aiko: User) -> None:
    tries = [loaded.begin(loaded.try_to_log_in, "aiko@example.jp", 3) for _n in range(2)]
    for one in tries:
        one.join(60)
    assert [one.exitcode for one in tries] == [0, 0]
    client = Client()
    client.post("/login/", {"email": "aiko@example.jp", "password": PASSWORD})
    assert not is_in(client)
    cache.clear()
    client.post("/login/", {"email": "aiko@example.jp", "password": PASSWORD})
    assert is_in(client)


def test_of_many_at_once_one_gets_the_lock(transactional_db: None) -> None:
    def take(_n: int) -> bool:
        try:
            return cache.add("door", 1, timeout=30)
        finally:
            connection.close()

    for round_ in range(3):
        with ThreadPoolExecutor(8) as pool:
            assert sum(pool.map(take, range(24))) == 1, round_
        with connection.cursor() as cursor:
            cursor.execute("UPDATE noren_cache SET until = now() - interval '1 second'")


def test_of_many_counting_at_once_none_is_lost(transactional_db: None) -> None:
    cache.set("n", 0)

    def count(_n: int) -> None:
        try:
            cache.incr("n")
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(count, range(40)))
    assert cache.get("n") == 40


@pytest.mark.django_db
def test_what_ran_out_is_gone() -> None:
    cache.set("a", {"名": [1.5, True]}, 60)
    assert cache.get("a") == {"名": [1.5, True]}
    cache.set("b", 1, 0)
    assert cache.get("b") is None
    assert cache.touch("a", 0)
    assert cache.get("a", "x") == "x"
    assert cache.sweep() >= 1  # type: ignore[attr-defined]
    cache.set("c", 1, None)
    assert cache.get("c") == 1
    assert cache.delete("c")
    assert not cache.delete("c")
    with pytest.raises(ValueError):
        cache.incr("c")


@pytest.mark.parametrize(
    ("peer", "forwarded", "proxies", "expected"),
    [
        ("203.0.113.9", "1.2.3.4", [], "203.0.113.9"),
        ("203.0.113.9", "1.2.3.4", ["10.0.0.0/8"], "203.0.113.9"),
        ("10.0.0.2", "1.2.3.4", ["10.0.0.0/8"], "1.2.3.4"),
        ("10.0.0.2", "9.9.9.9, 1.2.3.4", ["10.0.0.0/8"], "1.2.3.4"),
        ("10.0.0.2", "9.9.9.9, 1.2.3.4, 10.0.0.3", ["10.0.0.0/8"], "1.2.3.4"),
        ("10.0.0.2", "", ["10.0.0.0/8"], "10.0.0.2"),
        ("10.0.0.2", "<script>", ["10.0.0.0/8"], "10.0.0.2"),
        ("", "", [], "127.0.0.1"),
    ],
)
def test_a_forwarded_address_counts_only_from_a_trusted_proxy(
    peer: str, forwarded: str, proxies: list[str], expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ipaddress import ip_network

    monkeypatch.setattr(settings, "TRUSTED_PROXIES", [ip_network(one) for one in proxies])
    request = RequestFactory().get("/", REMOTE_ADDR=peer, headers={"X-Forwarded-For": forwarded})
    assert client_ip(request) == expected
