"""A row that was read is a whole row of Django's, though it is put together by the shortest way."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from tests import make

from noren.contacts.models import Person

pytestmark = pytest.mark.django_db


def test_a_row_knows_where_it_comes_from() -> None:
    row = Person.every.get(pk=make.person(family_name="田中").pk)
    assert (row._state.adding, row._state.db) == (False, "default")
    assert not row.get_deferred_fields()
    assert {f.attname for f in Person._meta.concrete_fields} <= vars(row).keys()


def test_columns_left_out_are_read_when_asked_for() -> None:
    made = make.person(family_name="田中", given_name="太郎", company=make.company(legal_name="山田商店"))
    row = Person.every.select_related("company").only("family_name", "company__legal_name").get(pk=made.pk)
    with CaptureQueriesContext(connection) as asked:
        assert (row.family_name, row.company.legal_name) == ("田中", "山田商店")
        assert not asked
        assert row.given_name == "太郎"
        assert len(asked) == 1
    row.given_name = "次郎"
    row.save(update_fields=["given_name"])
    assert Person.every.get(pk=made.pk).given_name == "次郎"


def test_another_company_is_another_row() -> None:
    other = make.company(legal_name="海山商店")
    made = make.person(family_name="田中", company=make.company(legal_name="山田商店"))
    row = Person.every.select_related("company").get(pk=made.pk)
    row.company_id = other.pk
    assert row.company.legal_name == "海山商店"
