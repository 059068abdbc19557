from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from tests import make

from noren.activity.actions.activity import With, log_activity, plan_step
from noren.core.access.actor import HOUSE
from noren.core.action.plain import change
from noren.core.base.kept import alone
from noren.core.record import timeline as story
from noren.core.record.timeline import Cursor, Page
from noren.sales.actions.deal import move_deal, win_deal
from noren.sales.models import Deal

pytestmark = pytest.mark.django_db
START = datetime(2026, 11, 20, 9, 0, tzinfo=ZoneInfo("Asia/Tokyo"))


@pytest.fixture(scope="module", autouse=True)
def _firm(module_rows: None) -> None:
    make.firm()


def timeline(row: Any, actor: Any, **kw: Any) -> Page:
    return alone(story.timeline(row, actor, **kw))


def counts(row: Any, actor: Any) -> dict[str, int]:
    return alone(story.counts(row, actor))


def titles(row: Any, actor: Any = HOUSE, **kw: Any) -> list[str]:
    return [entry.title for entry in timeline(row, actor, **kw).entries]


def test_a_company_shows_what_happened_to_it_its_people_and_its_deals() -> None:
    company = make.company(legal_name="青葉食品")
    person = make.person(company=company, family_name="高野")
    deal = make.deal(company=company, title="第3工場", amount=100)
    log_activity("call", "x", by=HOUSE, about=With.row(person))
    log_activity("visit", "y", by=HOUSE, about=With.row(deal))
    move_deal(deal, by=HOUSE, stage=make.stages()[1])
    change(deal, {"note": "noise"}, by=HOUSE)

    entries = timeline(company, HOUSE).entries
    assert [(e.source, e.about[2] if e.about else None) for e in entries] == [
        ("fact", "第3工場"), ("activity", "第3工場"), ("activity", None), ("fact", "第3工場"), ("fact", "高野"), ("fact", None),
    ]  # fmt: skip
    assert counts(company, HOUSE) == {"": 6, "contacts": 2, "moves": 1, "changes": 3, "files": 0}


def test_pages_neither_lose_nor_repeat_an_entry_even_at_the_same_moment() -> None:
    company = make.company()
    for n in range(25):
        log_activity("note", str(n), by=HOUSE, about=With.row(company), happened_at=START + timedelta(minutes=n // 5))

    found, before = [], None
    while True:
        page = timeline(company, HOUSE, before=before, limit=4)
        found += [(entry.source, entry.id) for entry in page.entries]
        before = Cursor.read(str(page.older)) if page.older else None
        if before is None:
            break

    assert len(found) == len(set(found)) == 26
    assert found == [(e.source, e.id) for e in timeline(company, HOUSE, limit=100).entries]


def test_changes_are_told_with_labels_and_names() -> None:
    old, new = make.user("sales", name="佐藤 美咲"), make.user("sales", name="田中 健")
    deal = make.deal(owner=old.pk, amount=100)
    change(deal, {"owner": new.pk, "amount": 250, "category": "best"}, by=HOUSE)

    (entry, *_rest) = timeline(deal, HOUSE, kind="changes").entries

    told = [(str(c.label), c.old, c.new) for c in entry.changes]
    assert [(old, new) for _label, old, new in told] == [
        ("佐藤 美咲", "田中 健"),
        ("100", "250"),
        ("", str(dict(Deal.CATEGORIES)["best"])),
    ]


def test_hidden_fields_never_appear() -> None:
    deal = make.deal(amount=100)
    change(deal, {"amount": 777_777}, by=HOUSE)
    win_deal(deal, by=HOUSE, won_on=date(2026, 11, 20))
    role = make.user(None)
    from noren.core.access.models import Role

    blind = Role(name="blind", rights={"sales.deal.view": "all"}, groups={})
    blind.save()
    role.roles.add(blind)
    role.save()

    entries = timeline(deal, type(role).objects.get(pk=role.pk).actor()).entries

    assert not any("777" in repr(entry) for entry in entries)
    assert not any(entry.changes for entry in entries)


def test_what_one_may_not_see_is_not_on_the_page_of_what_one_may() -> None:
    boss, rep = make.actor("admin"), make.actor("sales")
    company = make.company(by=boss)
    deal = make.deal(by=boss, company=company, title="geheim")
    log_activity("call", "geheim", by=boss, about=With.row(deal))

    assert "geheim" not in repr(timeline(company, rep).entries)
    assert counts(company, rep) == {"": 1, "contacts": 0, "moves": 0, "changes": 1, "files": 0}


def test_the_number_of_queries_does_not_grow() -> None:
    company = make.company()

    def fill(n: int) -> None:
        for at in range(n):
            deal = make.deal(company=company)
            log_activity("call", "x", by=HOUSE, about=With.row(deal), happened_at=START + timedelta(minutes=at))
            change(company, {"note": str(at)}, by=HOUSE)

    fill(2)
    with CaptureQueriesContext(
        connection,
    ) as few:
        timeline(company, HOUSE)
        counts(company, HOUSE)
    fill(12)
    with CaptureQueriesContext(connection) as many:
        timeline(company, HOUSE)
        counts(company, HOUSE)

    assert len(many) == len(few)


def test_open_steps_stand_at_their_due_time() -> None:
    company = make.company()
    plan_step(
        datetime(2030, 1, 1, tzinfo=ZoneInfo("UTC")), by=HOUSE, subject="電話", kind="call", about=With.row(company)
    )

    (first, *_rest) = timeline(company, HOUSE).entries

    assert (first.is_open, first.at.year) == (True, 2030)


@pytest.mark.parametrize("text", ["", "x", "a~b~c", "2026-01-01~0~1", "2026-01-01T00:00:00+00:00~1~-5", "~~~"])
def test_no_cursor_of_ours_begins_at_the_top(text: str) -> None:
    assert Cursor.read(text) is None
