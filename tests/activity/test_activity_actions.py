from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone
from tests import make

from noren.activity.actions.activity import (
    With,
    finish_step,
    log_activity,
    plan_step,
    postpone_step,
    read_mentions,
    take_back,
    write,
)
from noren.activity.actions.mirror import differences
from noren.activity.models import Activity, Mention
from noren.contacts.models import Company, Person
from noren.core.access.actor import HOUSE
from noren.core.action.plain import change, create, remove, restore
from noren.core.base.errors import Invalid, NotFound, NotNow
from noren.core.event.models import Fact
from noren.sales.models import Deal

pytestmark = pytest.mark.django_db

TOKYO = ZoneInfo("Asia/Tokyo")
NOON = datetime(2026, 11, 20, 12, 0, tzinfo=TOKYO)


@pytest.fixture(scope="module", autouse=True)
def _firm(module_rows: None) -> None:
    make.firm()


def read(row: Any) -> Any:
    return type(row).every.get(pk=row.pk)


def soon(hours: float = 24) -> datetime:
    return timezone.now() + timedelta(hours=hours)


def test_a_logged_call_is_the_last_contact_of_all_it_is_about() -> None:
    company, me = make.company(), make.actor("admin")
    person = make.person(company=company)
    deal = make.deal(company=company, person=person)

    call = log_activity("call", "監視点は32点", by=me, about=With.row(deal), happened_at=NOON)

    assert (call.company_id, call.person_id, call.about_id, call.owner_id) == (
        company.pk,
        person.pk,
        deal.pk,
        me.user_id,
    )
    assert [read(row).last_touch_at for row in (company, person, deal)] == [NOON, NOON, NOON]
    assert Fact.objects.filter(name="activity.activity.logged", subject_id=call.pk).count() == 1


def test_a_note_is_no_contact() -> None:
    company = make.company()

    log_activity("note", "メモ", by=HOUSE, about=With.row(company))

    assert read(company).last_touch_at is None


def test_writing_beside_a_row_leaves_its_version_alone() -> None:
    company = make.company()

    plan_step(soon(), by=HOUSE, kind="call", about=With.row(company), subject="電話")
    change(company, {"rank": "a"}, by=HOUSE, version=company.version)

    fresh = read(company)
    assert (fresh.next_step, fresh.rank, fresh.version) == ("電話", "a", 2)


def test_the_earliest_open_step_is_the_next_one() -> None:
    company = make.company()
    late = plan_step(soon(48), by=HOUSE, subject="見積", about=With.row(company))
    early = plan_step(soon(24), by=HOUSE, subject="電話", kind="call", about=With.row(company))

    assert read(company).next_step == "電話"
    finish_step(early, by=HOUSE)
    assert (read(company).next_step, read(company).next_step_at) == ("見積", late.due_at)
    remove(late, by=HOUSE)
    assert (read(company).next_step, read(company).next_step_at) == ("", None)
    restore(Activity, late.pk, by=HOUSE)
    assert read(company).next_step == "見積"


def test_finishing_a_step_makes_it_a_contact_and_asks_for_the_following_one() -> None:
    deal = make.deal(company=make.company())
    step = plan_step(soon(1), by=HOUSE, kind="visit", subject="現地調査", about=With.row(deal))

    finish_step(step, by=HOUSE, outcome="図面を受領", following="明日10時 電話")

    done, deal = read(step), read(deal)
    assert (done.is_next_step, done.body, done.happened_at) == (False, "図面を受領", done.done_at)
    assert (deal.next_step, deal.last_touch_at) == ("電話", done.done_at)
    with pytest.raises(NotNow):
        finish_step(step, by=HOUSE)


def test_a_following_step_without_a_day_is_refused_and_nothing_is_finished() -> None:
    step = plan_step(soon(1), by=HOUSE, subject="電話")

    with pytest.raises(Invalid) as no:
        finish_step(step, by=HOUSE, following="そのうち連絡")

    assert list(no.value.errors) == ["next"]
    assert read(step).done_at is None


def test_postponing_moves_the_next_step() -> None:
    company = make.company()
    step = plan_step(soon(1), by=HOUSE, subject="電話", about=With.row(company))
    later = soon(72)

    postpone_step(step, by=HOUSE, due_at=later)

    assert read(company).next_step_at == later
    with pytest.raises(Invalid):
        postpone_step(step, by=HOUSE, due_at=soon(-48))


def test_plain_create_and_change_keep_the_same_rules() -> None:
    company, other = make.company(), make.company()
    person = make.person(company=company)

    task = create(Activity, {"kind": "task", "subject": "資料送付", "person": person.pk}, by=HOUSE)
    assert (task.company_id, task.is_next_step, task.is_all_day) == (company.pk, True, True)
    assert [read(row).next_step for row in (company, person)] == ["資料送付", "資料送付"]

    change(task, {"company": other.pk, "subject": "資料を送る"}, by=HOUSE)
    assert [read(row).next_step for row in (company, other, person)] == ["", "資料を送る", "資料を送る"]


def test_a_meeting_dated_ahead_is_a_step() -> None:
    meeting = create(Activity, {"kind": "meeting", "happened_at": soon(24).isoformat()}, by=HOUSE)

    assert (meeting.is_next_step, meeting.due_at, bool(meeting.subject)) == (True, meeting.happened_at, True)


def test_one_box_gives_what_happened_and_what_comes_next() -> None:
    company = make.company()

    made = write("金額は了承。24日10時に電話", kind="visit", by=HOUSE, about=With.row(company), now=NOON)

    assert [(row.kind, row.subject, row.body) for row in made] == [
        ("visit", "", "金額は了承。24日10時に電話"),
        ("call", "電話", ""),
    ]
    assert made[1].due_at == datetime(2026, 11, 24, 10, 0, tzinfo=TOKYO)
    assert [row.company_id for row in made] == [company.pk, company.pk]


def test_a_step_alone_is_planned_and_not_logged() -> None:
    assert [row.is_next_step for row in write("明日10時 電話", by=HOUSE)] == [True]


def test_a_step_that_is_not_wanted_stays_text() -> None:
    made = write("明日10時 電話", by=HOUSE, with_step=False)

    assert [(row.kind, row.is_next_step) for row in made] == [("note", False)]


def test_a_field_for_the_next_step_decides() -> None:
    made = write("金額は了承。24日10時に電話", kind="call", by=HOUSE, following="明後日 見積を送付", now=NOON)

    assert [(row.kind, row.subject) for row in made] == [("call", ""), ("task", "見積を送付")]


def test_what_was_written_can_be_taken_back() -> None:
    company = make.company()
    made = write("電話で了承。明日10時 電話", kind="call", by=HOUSE, about=With.row(company))

    take_back([row.pk for row in made], by=HOUSE)

    assert (read(company).next_step, read(company).last_touch_at) == ("", None)


def test_colleagues_named_in_a_text_are_called_once() -> None:
    ken, me = make.user("sales", name="田中 健"), make.actor("admin")
    make.user("sales", name="佐藤 美咲")
    make.user("sales", name="佐藤 蓮")

    note = log_activity("note", "@田中健 @田中 見積の確認をお願いします。@佐藤 @佐藤蓮 さんも", by=me)

    assert sorted(Mention.objects.filter(activity=note).values_list("user__name", flat=True)) == ["佐藤 蓮", "田中 健"]
    assert read_mentions(None, by=ken.actor()) == 1
    assert read_mentions(None, by=ken.actor()) == 0


def test_nothing_can_be_logged_about_what_one_may_not_see() -> None:
    boss, rep = make.actor("admin"), make.actor("sales")
    deal = make.deal(by=boss)

    with pytest.raises(NotFound):
        log_activity("call", "x", by=rep, about=With.row(deal))
    assert Activity.every.count() == 0


def test_empty_text_is_refused() -> None:
    with pytest.raises(Invalid):
        write("  ", by=HOUSE)


def test_steps_go_along_with_their_deal() -> None:
    old, new = make.company(), make.company()
    deal = make.deal(company=old)
    plan_step(soon(), by=HOUSE, subject="提案", about=With.row(deal))

    change(deal, {"company": new.pk}, by=HOUSE)

    assert [read(row).next_step for row in (old, new, deal)] == ["", "提案", "提案"]
    assert differences() == []


def test_facts_told_in_chunks_write_each_row_once() -> None:
    from noren.core.action.plain import plain_event
    from noren.core.event.publish import publish

    company = make.company()
    rows = Activity.every.bulk_create(
        [Activity(kind="call", body="x", company=company, happened_at=NOON - timedelta(days=n)) for n in range(50)]
    )
    publish([plain_event(Activity, "created")(row.pk) for row in rows], by=HOUSE)

    assert read(company).last_touch_at == NOON
    assert differences() == []


def test_the_check_finds_what_is_wrong_and_mirroring_mends_it() -> None:
    from noren.activity.actions.mirror import mirror_all

    company, person, deal = make.company(), make.person(), make.deal()
    for model in (Company, Person, Deal):
        model.every.update(next_step="falsch")

    assert len(differences()) == 3
    mirror_all()
    assert differences() == []
    assert read(company).version == 1
    assert (read(person).next_step, read(deal).next_step) == ("", "")
