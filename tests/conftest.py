"""Rules for all tests; the database is made ready in tests/ground.py."""

from __future__ import annotations

import gc
import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.db import connection, transaction
from django.template import Template
from django.test import TestCase, TransactionTestCase
from django.utils import translation

from tests.ground import django_db_setup

# Imported here, because pytest-django's own would win over a plugin's.
__all__ = ["django_db_setup"]

# A pool would keep connections of a test's threads open beyond it.
settings.DATABASES["default"]["OPTIONS"].pop("pool", None)
# The real hash takes its time on purpose; only the test of that time uses it.
settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
# Names made from content need a collected folder, which tests do not have.
settings.STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}


def _roll_back_and_stay(case: type[TestCase]) -> None:
    """Django closes the connection after each test; a new one knows no table and no plan, which costs tests their time."""
    if case._databases_support_transactions():
        case._rollback_atomics(case.cls_atomics)
    super(TestCase, case).tearDownClass()


TestCase.tearDownClass = classmethod(_roll_back_and_stay)


def _empty_what_was_filled(_case: TransactionTestCase) -> None:
    """Django empties every table after a test that commits, which makes hundreds of files anew; few of them held a row.
    The cubes are emptied as their tables would have them emptied, and stand: nothing is wrong in them."""
    from noren.core.metric.cube.declare import CUBES as DECLARED  # once the models are loaded
    from noren.core.metric.cube.source import mark

    with transaction.atomic(), connection.cursor() as cursor:
        tables = connection.introspection.django_table_names(only_existing=True, include_views=False)
        for name in _filled(cursor, [name for name in tables if name not in MADE_BY_DJANGO]):
            cursor.execute(f'DELETE FROM "{name}"')
        tables = [name for name in connection.introspection.table_names(cursor) if CUBES.fullmatch(name)]
        for name in _filled(cursor, tables):
            cursor.execute(f'TRUNCATE "{name}"')
        marks = [(mark(cube, "Asia/Tokyo"), cube.name) for cube in DECLARED.values()]
        cursor.executemany("UPDATE cube_state SET mark = %s WHERE name = %s", marks)


def _filled(cursor: Any, tables: list[str]) -> list[str]:
    cursor.execute(" UNION ALL ".join(f"SELECT '{name}' WHERE EXISTS (SELECT FROM \"{name}\")" for name in tables))
    return [name for (name,) in cursor.fetchall()]


MADE_BY_DJANGO = ("django_content_type", "auth_permission")
CUBES = re.compile("cube_(?!state$).+")
TransactionTestCase._fixture_teardown = _empty_what_was_filled


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """What is loaded by now stays: the collector need not look through it again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)


@pytest.fixture(scope="session", autouse=True)
def _plain_templates(django_test_environment: None) -> None:
    """Django's test client keeps a copy of what each template was given, with each piece of a page; nothing here asks."""
    Template._render = lambda self, context: self.nodelist.render(context)


@pytest.fixture(scope="module")
def module_rows(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """Rows made in a fixture of a module that asks for this are there for all its tests: each of them begins and is
    rolled back within one transaction. What such a fixture gives must be copied for each test, which may change it."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield
        transaction.set_rollback(True)
        connection.run_on_commit = []


@pytest.fixture(autouse=True)
def _fresh_memory() -> None:
    """What a process remembers is keyed by a stamp, which a test's rollback turns back: forget it between tests.
    Nor does the language of the last page go on."""
    from noren.accounts.models.user import forget_actors
    from noren.core.access import firm
    from noren.core.page import drawn
    from noren.core.page.lists import views
    from noren.core.record import custom

    firm.forget()
    custom.forget()
    forget_actors()
    translation.deactivate()
    drawn.forget()
    views.forget_views()
