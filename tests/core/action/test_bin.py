"""What leaves the bin, and when."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from tests import make

from noren.contacts.models import Person
from noren.core.access.actor import HOUSE
from noren.core.action.jobs import due, empty_bin
from noren.core.action.plain import remove, restore
from noren.core.event.models import Fact

pytestmark = pytest.mark.django_db


def binned(days: int) -> Person:
    row = make.person()
    remove(row, by=HOUSE)
    Person.every.filter(pk=row.pk).update(removed_at=timezone.now() - timedelta(days=days))
    return row


def test_the_bin_keeps_thirty_days() -> None:
    make.firm()
    young, old, living = binned(29), binned(31), make.person()
    assert due() == {"contacts.person": 1}
    assert Person.every.count() == 3, "asking changes nothing"
    assert empty_bin() == {"contacts.person": 1}
    assert set(Person.every.values_list("pk", flat=True)) == {young.pk, living.pk}
    assert Fact.objects.filter(name="contacts.person.erased", subject_id=old.pk).exists()
    assert restore(Person, young.pk, by=HOUSE).removed_at is None


def test_people_and_roles_stay_in_the_bin() -> None:
    make.firm()
    make.user("admin")
    gone = make.user("sales")
    remove(gone, by=HOUSE)
    type(gone).every.filter(pk=gone.pk).update(removed_at=timezone.now() - timedelta(days=400))
    assert due() == {}
    assert empty_bin() == {}
