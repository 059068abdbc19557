"""A kept query gives what the query itself gives: for other values, other actors, and when nothing can be found."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import DataError, connection, transaction
from django.db.models import Func, Q, QuerySet, Value
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from tests import make

from noren.contacts.models import Company, Person
from noren.core.access.scope import visible
from noren.core.base import kept as module
from noren.core.base.kept import Asking, ask, beside, kept, padded, together
from noren.sales.models import Stage

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def nothing_known() -> Iterator[None]:
    module._made.clear()
    yield
    module._made.clear()


def test_other_values_give_other_rows() -> None:
    people = [make.person(), make.person(), make.person()]

    def build(pk: int) -> QuerySet[Any]:
        return Person.every.filter(pk=pk).select_related("company", "owner")[:1]

    for _round in range(2):
        for person in people:
            assert kept("one", build, person.pk) == [person]
            assert kept("one", build, person.pk)[0].company == person.company


def test_it_is_written_once() -> None:
    person = make.person()
    calls: list[int] = []

    def build(pk: int) -> QuerySet[Any]:
        calls.append(pk)
        return Person.every.filter(pk=pk).values_list("pk", "full_name", "extra")

    said = [kept("said", build, person.pk) for _ in range(4)]
    assert said == [[(person.pk, person.full_name, {})]] * 4
    assert len(calls) == 2
    assert person.pk not in calls


def test_one_value_in_several_places_and_parts() -> None:
    person = make.person()
    other = make.person()

    def build(pk: int, name: str) -> QuerySet[Any]:
        one = Person.every.filter(Q(pk=pk) | Q(pk__gt=pk, pk__lt=pk), full_name=name).values_list("pk")[:5]
        return one.union(Person.every.filter(pk=pk).values_list("pk")[:5], all=True)

    assert kept("both", build, person.pk, person.full_name) == [(person.pk,)] * 2
    assert kept("both", build, other.pk, "nobody") == [(other.pk,)]


def test_a_moment_of_now_is_never_kept() -> None:
    person = make.person()

    def build(pk: int) -> QuerySet[Any]:
        return Person.every.filter(pk=pk, created_at__lt=timezone.now()).values_list("pk")

    assert [kept("now", build, person.pk) for _ in range(3)] == [[(person.pk,)]] * 3
    assert all(made.rows is None for made in module._made.values())


def test_a_day_is_never_kept_as_it_may_be_today() -> None:
    def build(pk: int) -> QuerySet[Any]:
        return Person.every.filter(pk=pk, created_at__date__lte=timezone.localdate()).values_list("pk")

    person = make.person()
    assert kept("day", build, person.pk) == [(person.pk,)]
    assert all(made.rows is None for made in module._made.values())


def test_a_number_that_decides_the_shape_is_never_kept() -> None:
    make.person()
    make.person()

    def build(limit: int) -> QuerySet[Any]:
        return Person.every.order_by("pk").values_list("pk")[:limit]

    assert len(kept("limit", build, 1)) == 1
    assert len(kept("limit", build, 2)) == 2


def test_a_narrow_column_keeps_its_bound() -> None:
    make.firm()
    stages = make.stages()
    chances = sorted({one.probability for one in stages})

    def build(chance: int) -> QuerySet[Any]:
        return Stage.every.filter(pk__in=[one.pk for one in stages], probability__lt=chance).values_list("probability")

    for bound in (0, *chances, 101):
        assert {chance for (chance,) in kept("less", build, bound)} == {chance for chance in chances if chance < bound}


def test_what_can_have_no_rows_has_none() -> None:
    def build(pk: int) -> QuerySet[Any]:
        return Person.every.filter(pk__in=()).filter(pk=pk)

    assert [kept("none", build, 1), kept("none", build, 2)] == [[], []]


def test_each_actor_has_their_own_query() -> None:
    make.firm()
    ours = make.company()
    narrow = make.user("sales")
    other = make.company(owner=narrow)

    def rows(actor: Any) -> set[int]:
        found = kept("all", lambda: visible(Company, actor, "remove").values_list("pk"), who=actor)
        return {pk for (pk,) in found}

    everything, little = make.actor("admin"), narrow.actor()
    for _round in range(2):
        assert rows(everything) >= {ours.pk, other.pk}
        assert rows(little) == set(visible(Company, little, "remove").values_list("pk", flat=True))


def test_ids_are_padded_to_few_lengths() -> None:
    assert padded({5}) == [5]
    assert padded({7, 5}) == [5, 7]
    assert padded({1, 2, 3}) == [1, 2, 3, 3]
    assert len(padded(range(9))) == 16


# -- together ----------------------------------------------------------------------------------------------------------


def _named(pk: int) -> QuerySet[Any]:
    return Person.every.filter(pk=pk).values_list("full_name", "company_id")


def _company(pk: int) -> QuerySet[Any]:
    return Company.every.filter(pk=pk)


def _employer(pk: int) -> Asking[str]:
    (told,) = yield [ask("told", _named, pk)]
    name, company = told[0]
    (found,) = yield [ask("company", _company, company)]
    return f"{name} @ {found[0]}"


def test_parts_ask_side_by_side_and_give_what_they_found() -> None:
    people = [make.person(company=make.company()) for _ in range(3)]
    for _round in range(4):  # learned, sent, prepared
        found = together(*(_employer(one.pk) for one in people), "ready", None)
        assert found == [*(f"{one.full_name} @ {one.company}" for one in people), "ready", None]


def test_parts_within_parts_ask_in_the_same_steps() -> None:
    person = make.person(company=make.company())
    steps: list[int] = []

    def outer() -> Asking[list[str]]:
        inner = beside(_employer(person.pk), _employer(person.pk))
        asked = next(inner)
        while True:
            steps.append(len(asked))
            rows = yield asked
            try:
                asked = inner.send(rows)
            except StopIteration as end:
                return list(end.value)

    said = f"{person.full_name} @ {person.company}"
    assert together(outer(), _employer(person.pk)) == [[said, said], said]
    assert steps == [2, 2]


def test_every_statement_sent_together_is_counted() -> None:
    person = make.person(company=make.company())
    together(_employer(person.pk))
    with CaptureQueriesContext(connection) as seen:
        together(_employer(person.pk), _employer(person.pk))
    assert len(seen) == 4
    assert all(str(person.pk) in one["sql"] for one in seen.captured_queries[:2])


def test_what_cannot_be_kept_is_asked_beside_what_can() -> None:
    person = make.person(company=make.company())

    def now(pk: int) -> QuerySet[Any]:
        return Person.every.filter(pk=pk, created_at__lt=timezone.now()).values_list("pk")

    def part() -> Asking[list[Any]]:
        return (yield [ask("now", now, person.pk), ask("told", _named, person.pk), ask(None, _named, person.pk)])

    told = [(person.full_name, person.company_id)]
    for _round in range(3):
        assert together(part()) == [[[(person.pk,)], told, told]]


def test_a_statement_that_fails_takes_nothing_along() -> None:
    person = make.person()

    def broken(pk: int) -> QuerySet[Any]:
        ratio = Func(Value(1), Value(0), function="div")
        return Person.every.filter(pk=pk).annotate(ratio=ratio).values_list("ratio")

    def part() -> Asking[list[Any]]:
        return (yield [ask("told", _named, person.pk), ask("broken", broken, person.pk)])

    for _round in range(2):
        with pytest.raises(DataError), transaction.atomic():
            together(part())
    assert kept("told", _named, person.pk) == [(person.full_name, None)]


def test_percent_signs_and_quotes_in_what_is_written_in() -> None:
    person = make.person(department="50%s of 'all' \\ %")

    def build(pk: int) -> QuerySet[Any]:
        return Person.every.filter(pk=pk, department="50%s of 'all' \\ %").values_list("pk")

    for _round in range(4):
        assert kept("signs", build, person.pk) == [(person.pk,)]
