"""The test database itself: whole, empty, on the version that was asked for."""

from __future__ import annotations

import pytest
from django.db import connection

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def test_the_test_database_is_a_copy_with_all_tables() -> None:
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)

    assert executor.migration_plan(executor.loader.graph.leaf_nodes()) == []
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_database WHERE datname ~ '^template_.+_[0-9a-f]{12}$'")
        assert cursor.fetchone() >= (1,)


def test_models_and_migrations_say_the_same() -> None:
    from django.core.management import call_command

    call_command("makemigrations", check=True, dry_run=True, verbosity=0)
