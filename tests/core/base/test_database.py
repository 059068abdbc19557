"""The pool notices that the server ended a connection, without asking the server about every healthy one; moments are in UTC."""

from __future__ import annotations

from datetime import UTC, datetime

import psycopg
import pytest
from django.db import connection, transaction
from psycopg import DataError

from noren.core.base.database.base import stands


@pytest.fixture
def link(db: None) -> psycopg.Connection[object]:
    parameters = connection.get_connection_params()
    return psycopg.connect(
        **{k: parameters[k] for k in ("dbname", "user", "password", "host", "port") if k in parameters}, autocommit=True
    )


def test_a_healthy_connection_stands(link: psycopg.Connection[object]) -> None:
    stands(link)
    link.close()


def test_a_connection_that_the_server_ended_does_not(link: psycopg.Connection[object]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [link.info.backend_pid])
    with pytest.raises(psycopg.OperationalError):
        stands(link)
    link.close()


def test_the_pool_looks_this_way() -> None:
    pool = connection.pool
    assert pool is None or pool._check is stands


@pytest.mark.django_db
@pytest.mark.parametrize("zone", ["UTC", "Asia/Tokyo"])
@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2026-11-25 17:00:01.25+00", datetime(2026, 11, 25, 17, 0, 1, 250_000, tzinfo=UTC)),
        ("2026-11-25 17:00:00+09", datetime(2026, 11, 25, 8, tzinfo=UTC)),
        ("0001-01-02 00:00:00+00", datetime(1, 1, 2, tzinfo=UTC)),
    ],
)
def test_moments_come_in_utc(written: str, meant: datetime, zone: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT set_config('TimeZone', %s, true)", [zone])
        found = cursor.execute("SELECT %s::timestamptz", [written]).fetchone()[0]
    assert (found, found.tzinfo) == (meant, UTC)


@pytest.mark.django_db
def test_a_moment_that_cannot_be_told_is_refused() -> None:
    with transaction.atomic(), connection.cursor() as cursor, pytest.raises(DataError):
        cursor.execute("SELECT 'infinity'::timestamptz").fetchone()
