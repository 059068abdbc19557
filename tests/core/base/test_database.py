"""The pool notices that the server ended a connection, without asking the server about every healthy one."""

from __future__ import annotations

import psycopg
import pytest
from django.db import connection

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
