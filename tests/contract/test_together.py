"""Two at the same moment: one of them wins, the other is told so, and nothing is done twice or left half done."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from threading import Barrier, Thread
from typing import Any

import pytest
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.utils import timezone

from noren.accounts.actions.people import deactivate_user, set_roles
from noren.accounts.models import User
from noren.contacts.models import Company
from noren.core.access.actor import HOUSE
from noren.core.base.errors import Refusal
from noren.core.record.models import ImportRun
from tests import make
from tests.contract.test_actions import GUARDED, inputs_for, states

pytestmark = [pytest.mark.slow, pytest.mark.database, pytest.mark.django_db(transaction=True)]


def together(works: Sequence[Callable[[], Any]]) -> list[Any]:
    """Do all at the same moment; gives what each came to, in order."""
    start, found = Barrier(len(works)), [None] * len(works)

    def one(at: int) -> None:
        start.wait()
        try:
            found[at] = works[at]()
        except Exception as fault:  # noqa: BLE001  (the tests look at it)
            found[at] = fault  # type: ignore[call-overload]
        finally:
            connection.close()

    threads = [Thread(target=one, args=(at,)) for at in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return found


def admin() -> tuple[User, Client]:
    """An administrator who has just logged in."""
    user, client = make.user("admin"), Client(raise_request_exception=False)
    client.force_login(user)
    session = client.session
    session["account_authentication_methods"] = [{"method": "password", "at": timezone.now().timestamp()}]
    session.save()
    client.get("/")
    return user, client


def test_two_administrators_cannot_take_the_last_rights_from_each_other() -> None:
    make.firm()
    for _turn in range(5):
        one, other = make.user("admin"), make.user("admin")
        actors = one.actor(), other.actor()
        found = together([partial(set_roles, other, [], by=actors[0]), partial(set_roles, one, [], by=actors[1])])
        left = User.every.filter(is_active=True, removed_at__isnull=True, roles__is_admin=True)
        assert left.count() == 1
        assert sum(isinstance(each, Refusal) for each in found) == 1, found
        left.get().roles.clear()


def test_two_administrators_cannot_end_each_others_access() -> None:
    make.firm()
    for _turn in range(5):
        one, other = make.user("admin"), make.user("admin")
        actors = one.actor(), other.actor()
        found = together([partial(deactivate_user, other, by=actors[0]), partial(deactivate_user, one, by=actors[1])])
        left = User.every.filter(is_active=True, removed_at__isnull=True, roles__is_admin=True)
        assert left.count() == 1
        assert sum(isinstance(each, Refusal) for each in found) == 1, found
        left.get().roles.clear()


def test_the_same_colleague_invited_twice_is_there_once() -> None:
    make.firm()
    cache.clear()
    clients = [admin()[1] for _n in range(3)]
    sent = {"name": "新人", "email": "new@example.jp"}
    answers = together([lambda c=c: c.post("/settings/people/invite/", sent) for c in clients])  # type: ignore[misc]

    assert User.every.filter(email="new@example.jp").count() == 1
    assert min(a.status_code for a in answers) == 200
    assert all(a.status_code in (200, 409, 422) for a in answers), [a.status_code for a in answers]


def run_of(client: Client, rows: int) -> ImportRun:
    text = "会社名\n" + "\n".join(f"株式会社並行{n}" for n in range(rows))
    client.post("/imports/new/", {"file": SimpleUploadedFile("t.csv", text.encode()), "noun": "contacts.company"})
    run = ImportRun.objects.latest("pk")
    client.post(f"/imports/{run.pk}/columns/", {"to-0": "legal_name"})
    return run


def test_an_import_sent_twice_runs_once_and_is_undone_once() -> None:
    make.firm()
    user, client = admin()
    other = Client(raise_request_exception=False)
    other.force_login(user)
    run = run_of(client, 80)
    answers = together([lambda c=c: c.post(f"/imports/{run.pk}/check/", {"run": "1"}) for c in (client, other)])  # type: ignore[misc]

    assert [a.status_code for a in answers] == [302, 302]
    run.refresh_from_db()
    assert (run.state, run.counts["created"]) == ("done", 80)
    answers = together([lambda c=c: c.post(f"/imports/{run.pk}/undo/") for c in (client, other)])  # type: ignore[misc]
    assert [a.status_code for a in answers] == [302, 302]
    run.refresh_from_db()
    assert run.report["undo"]["removed"] == 80
    assert Company.every.count() == 0


def test_the_same_file_of_two_people_at_once_makes_each_company_once() -> None:
    make.firm()
    clients = [admin()[1] for _n in range(2)]
    runs = [run_of(client, 120) for client in clients]
    answers = together([
        lambda c=c, r=r: c.post(f"/imports/{r.pk}/check/", {"run": "1"}) for c, r in zip(clients, runs, strict=True)  # type: ignore[misc]
    ])  # fmt: skip

    assert [a.status_code for a in answers] == [302, 302]
    assert Company.every.count() == 120
    assert sorted(run.counts["created"] for run in ImportRun.objects.all()) == [0, 120]


def test_two_at_once_have_one_effect() -> None:
    """Of two people who do the same guarded verb at the same moment, the lock lets one and tells the other."""
    make.firm()
    for act in GUARDED:
        row = next(row for row in states(act) if act.possible(row))
        values = inputs_for(act)

        def once(act: Any = act, row: Any = row, values: Any = values) -> str:
            mine = act.model.every.get(pk=row.pk)
            try:
                act(mine, by=HOUSE, **values)
            except Refusal as no:
                return no.code
            return "done"

        told = together([once, once])
        after = act.model.every.get(pk=row.pk)
        wanted = ["done", "done"] if act.possible(after) else ["done", "not_now"]
        assert sorted(told) == wanted, act.name
