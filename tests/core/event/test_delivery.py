"""How facts reach those who asked for them: once in effect, whatever is repeated, and never from a change that was undone."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from django.db import connection, transaction
from tests import make

from noren.core.access.actor import HOUSE
from noren.core.event import publish as delivery
from noren.core.event.models import Fact
from noren.core.event.publish import deliver, hears_all, publish, reacts_to
from noren.sales.events import DealReopened

pytestmark = pytest.mark.django_db
NAME = DealReopened.name


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    reactions, listeners = {k: list(v) for k, v in delivery.REACTIONS.items()}, list(delivery.LISTENERS)
    yield
    delivery.REACTIONS.clear()
    delivery.REACTIONS.update(reactions)
    delivery.LISTENERS[:] = listeners


def _told(*subjects: int, cause: Fact | None = None) -> list[Fact]:
    with transaction.atomic():
        return publish([DealReopened(pk, was="won") for pk in subjects], by=HOUSE, cause=cause)


def _waiting() -> list[dict[str, object]]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT args FROM procrastinate_jobs WHERE task_name LIKE '%%.deliver' ORDER BY id")
        return [json.loads(args) if isinstance(args, str) else args for (args,) in cursor.fetchall()]


def test_a_reaction_hears_what_it_asked_for_and_a_listener_hears_all() -> None:
    asked: list[int] = []
    heard: list[str] = []

    @reacts_to(NAME)
    def ask(fact: Fact) -> None:
        asked.append(fact.subject_id)

    @hears_all
    def hear(fact: Fact) -> None:
        heard.append(fact.name)

    deal = make.deal()
    (fact,) = _told(deal.pk)
    first = Fact.objects.order_by("pk").values_list("pk", flat=True)[0]

    deliver(first=first, last=fact.pk)

    assert asked == [deal.pk]
    assert set(heard) > {NAME}
    assert len(heard) == Fact.objects.count()


def test_what_is_delivered_again_has_its_effect_once() -> None:
    seen: list[int] = []
    reacts_to(NAME)(lambda fact: seen.append(fact.subject_id))
    facts = _told(5, 6)

    for _turn in range(3):
        deliver(first=facts[0].pk, last=facts[-1].pk, ids=[fact.pk for fact in facts])

    assert seen == [5, 6]


def test_a_reaction_that_fails_is_tried_again_and_its_neighbors_are_not() -> None:
    done: list[str] = []
    broken = [True]

    def first(fact: Fact) -> None:
        done.append(f"first {fact.subject_id}")

    def second(fact: Fact) -> None:
        done.append(f"second {fact.subject_id}")
        if broken.pop() if broken else False:
            raise ConnectionError

    reacts_to(NAME)(first)
    reacts_to(NAME)(second)
    (fact,) = _told(5)

    with pytest.raises(ConnectionError):
        deliver(first=fact.pk, last=fact.pk, ids=[fact.pk])
    deliver(first=fact.pk, last=fact.pk, ids=[fact.pk])

    assert done == ["first 5", "second 5", "second 5"]


def test_many_facts_of_one_change_wait_as_one_job() -> None:
    hears_all(lambda fact: None)
    before = len(_waiting())

    facts = _told(*range(1, 31))

    (args,) = _waiting()[before:]
    assert args == {"first": facts[0].pk, "last": facts[-1].pk, "ids": [fact.pk for fact in facts]}


def test_a_change_undone_is_told_to_nobody() -> None:
    hears_all(lambda fact: None)
    before = Fact.objects.count(), len(_waiting())

    with transaction.atomic():
        publish(DealReopened(5, was="won"), by=HOUSE)
        transaction.set_rollback(True)

    assert (Fact.objects.count(), len(_waiting())) == before


def test_a_chain_of_causes_ends() -> None:
    hears_all(lambda fact: None)
    cause: Fact | None = None
    before = len(_waiting())
    for _turn in range(delivery.MAX_DEPTH + 4):
        (cause,) = _told(5, cause=cause)

    assert cause is not None
    assert cause.depth == delivery.MAX_DEPTH + 3
    assert len(_waiting()) - before == delivery.MAX_DEPTH + 1
