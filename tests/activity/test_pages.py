from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from tests import make

from noren.accounts.models import User
from noren.activity.actions.activity import With, log_activity, plan_step
from noren.activity.models import Activity, Attachment, Mention
from noren.core.access.actor import HOUSE

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture(scope="module", autouse=True)
def _firm(module_rows: None) -> None:
    make.firm()


def enter(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def me() -> User:
    return make.user("admin", name="佐藤 美咲")


def post(client: Client, **values: Any) -> Any:
    return client.post("/activity/log/", {"kind": "call", "text": "", **values})


def test_a_call_is_logged_with_its_next_step_and_the_toast_names_it(me: User) -> None:
    company, client = make.company(), enter(me)

    answer = post(
        client, text="金額は了承。\n明日10時 電話", who=f"contacts.company:{company.pk}", back="/activity/today/"
    )

    assert (answer.status_code, answer.headers["Location"]) == (302, "/activity/today/")
    assert [(row.kind, row.is_next_step, row.company_id) for row in Activity.every.order_by("pk")] == [
        ("call", False, company.pk), ("call", True, company.pk),
    ]  # fmt: skip
    assert "10:00 電話" in client.get("/activity/today/").content.decode()


def test_a_second_press_makes_no_second_activity(me: User) -> None:
    client = enter(me)

    for _press in range(2):
        post(client, text="話した", _once="abc")

    assert Activity.every.count() == 1


def test_what_was_read_is_shown_while_one_writes(me: User) -> None:
    make.user("sales", name="田中 健")

    shown = (
        enter(me)
        .post("/activity/read/", {"text": "@田中 明日10時 電話", "kind": "note"}, headers=HTMX)
        .content.decode()
    )

    assert "10:00 @田中 電話" in shown or "10:00" in shown
    assert "@田中 健" in shown
    assert 'name="with_step"' in shown


def test_an_unticked_step_is_not_planned(me: User) -> None:
    post(enter(me), text="明日10時 電話", kind="note", seen="1")

    assert [row.is_next_step for row in Activity.every.all()] == [False]


def test_empty_text_comes_back_with_a_sentence_and_what_was_typed(me: User) -> None:
    company = make.company(legal_name="青葉食品")

    answer = post(enter(me), who=f"contacts.company:{company.pk}", next="明日10時 電話")

    assert answer.status_code == 422
    page = answer.content.decode()
    assert "青葉食品" in page
    assert "明日10時 電話" in page
    assert 'aria-invalid="true"' in page


def test_a_next_step_without_a_day_is_refused_at_its_field(me: User) -> None:
    answer = post(enter(me), text="話した", next="そのうち")

    assert answer.status_code == 422
    assert Activity.every.count() == 0


def test_what_was_logged_can_be_undone(me: User) -> None:
    client = enter(me)
    post(client, text="話した")
    pk = Activity.every.get().pk

    client.post(f"/activity/undo/?ids={pk}")

    assert Activity.every.get().removed_at is not None


@pytest.mark.parametrize(
    "who", ["contacts.company:999999", "accounts.user:1", "x", "contacts.company:", "contacts.company:１"]
)
def test_an_unknown_subject_is_not_found(me: User, who: str) -> None:
    assert post(enter(me), text="x", who=who).status_code == 404


def test_a_strangers_deal_is_not_found() -> None:
    deal = make.deal(by=make.actor("admin"))

    assert post(enter(make.user("sales")), text="x", who=f"sales.deal:{deal.pk}").status_code == 404
    assert Activity.every.count() == 0


def test_a_step_is_finished_in_place_and_the_following_one_set(me: User) -> None:
    company = make.company()
    step = plan_step(
        timezone.now() + timedelta(hours=1), by=me.actor(), subject="電話", kind="call", about=With.row(company)
    )
    client = enter(me)

    assert client.get(f"/activity/steps/{step.pk}/done/", headers=HTMX).status_code == 200
    answer = client.post(
        f"/activity/steps/{step.pk}/done/", {"outcome": "了承", "following": "明日10時 訪問"}, headers=HTMX
    )

    assert answer.status_code == 204
    company.refresh_from_db()
    assert (company.next_step, Activity.every.get(pk=step.pk).body) == ("訪問", "了承")


def test_a_step_is_postponed_by_a_day_or_in_words(me: User) -> None:
    step = plan_step(timezone.now() + timedelta(hours=1), by=me.actor(), subject="電話", kind="call")
    client = enter(me)
    day = (timezone.localdate() + timedelta(days=3)).isoformat()
    was = step.due_at.astimezone(me.actor().zone) if step.due_at else None

    client.post(f"/activity/steps/{step.pk}/later/", {"day": day})
    moved = Activity.every.get(pk=step.pk).due_at
    assert moved is not None
    assert was is not None
    assert moved.astimezone(me.actor().zone).isoformat()[:16] == f"{day}T{was:%H:%M}"

    client.post(f"/activity/steps/{step.pk}/later/", {"when": "来月5日 9時"})
    assert Activity.every.get(pk=step.pk).due_at.astimezone(me.actor().zone).strftime("%d %H:%M") == "05 09:00"
    assert client.post(f"/activity/steps/{step.pk}/later/", {}).status_code == 422


def test_a_colleagues_step_cannot_be_finished_by_a_rep() -> None:
    step = plan_step(timezone.now(), by=make.actor("admin"), subject="x")

    assert enter(make.user("sales")).get(f"/activity/steps/{step.pk}/done/").status_code in (403, 404)


def test_the_day_shows_what_is_late_what_is_due_and_what_lacks_a_step(me: User) -> None:
    actor = me.actor()
    plan_step(timezone.now() - timedelta(days=3), by=actor, subject="遅れた件")
    plan_step(
        timezone.now() + timedelta(days=5),
        by=actor,
        subject="来週の件",
        about=With.row(make.company(legal_name="株式会社みずほ")),
    )
    log_activity("call", "話したこと", by=actor)
    make.deal(by=actor, title="一手のない商談")

    page = enter(me).get("/activity/today/").content.decode()

    for words in ("遅れた件", "来週の件", "株式会社みずほ", "話したこと", "一手のない商談"):
        assert words in page
    assert enter(me).get("/activity/today/?day=2026-13-45").status_code == 200
    assert enter(me).get("/activity/today/?day=2025-01-01").status_code == 200


def test_the_number_of_queries_of_the_day_does_not_grow(me: User, django_assert_max_num_queries: Any) -> None:
    client = enter(me)
    for n in range(30):
        company = make.company()
        plan_step(
            timezone.now() + timedelta(hours=n), by=me.actor(), subject="x", about=With.row(make.deal(company=company))
        )

    with django_assert_max_num_queries(30):
        assert client.get("/activity/today/").status_code == 200


def test_mentions_wait_in_the_inbox_until_read() -> None:
    ken = make.user("manager", name="田中 健")
    log_activity("note", "@田中 見積を確認してください", by=HOUSE, about=With.row(make.company()))
    client = enter(ken)

    page = client.get("/activity/inbox/").content.decode()
    assert "見積を確認してください" in page
    mention = Mention.objects.get()
    client.post("/activity/inbox/read/", {"id": mention.pk})

    mention.refresh_from_db()
    assert mention.read_at is not None
    client.post("/activity/inbox/read/", {"id": mention.pk, "unread": "1"})
    mention.refresh_from_db()
    assert mention.read_at is None


def test_nobody_reads_anothers_inbox() -> None:
    make.user("manager", name="田中 健")
    log_activity("note", "@田中 秘密", by=HOUSE)
    other = enter(make.user("admin"))

    assert "秘密" not in other.get("/activity/inbox/").content.decode()
    other.post("/activity/inbox/read/", {"id": Mention.objects.get().pk})
    assert Mention.objects.get().read_at is None


def test_whom_one_had_to_do_with_last_is_offered_and_found_by_words(me: User) -> None:
    person = make.person(family_name="髙橋", given_name="蓮", company=make.company(legal_name="株式会社みずほの里"))
    log_activity("call", "x", by=me.actor(), about=With.row(person))
    client = enter(me)

    assert f'data-value="contacts.person:{person.pk}"' in client.get("/activity/who/?q=").content.decode()
    assert f'data-value="contacts.person:{person.pk}"' in client.get("/activity/who/", {"q": "高橋"}).content.decode()


def test_a_file_comes_along_and_an_empty_box_with_a_file_hangs_it_on_the_row(
    me: User, settings: Any, tmp_path: Any
) -> None:
    settings.MEDIA_ROOT = str(tmp_path)
    company, client = make.company(), enter(me)

    post(
        client,
        text="図面を受領",
        who=f"contacts.company:{company.pk}",
        file=SimpleUploadedFile("図面.pdf", b"%PDF-1.7 x"),
    )
    post(client, text="", who=f"contacts.company:{company.pk}", file=SimpleUploadedFile("契約.pdf", b"%PDF-1.7 y"))

    assert [(f.name, bool(f.activity_id), f.about_noun) for f in Attachment.every.order_by("pk")] == [
        ("図面.pdf", True, ""), ("契約.pdf", False, "contacts.company"),
    ]  # fmt: skip
    page = client.get(f"/contacts/companies/{company.pk}/").content.decode()
    assert "図面.pdf" in page
    assert "契約.pdf" in page


def test_the_record_page_has_the_box_and_the_bar(me: User) -> None:
    deal = make.deal(by=me.actor(), company=make.company())
    client = enter(me)
    empty = client.get(f"/sales/deals/{deal.pk}/").content.decode()
    plan_step(timezone.now() + timedelta(days=1), by=me.actor(), subject="提案書を送る", about=With.row(deal))
    full = client.get(f"/sales/deals/{deal.pk}/").content.decode()

    assert 'id="composer"' in empty
    assert f"/activity/steps/new/?about=sales.deal:{deal.pk}" in empty
    assert "提案書を送る" in full
    assert "/done/" in full


def test_pages_need_a_log_in() -> None:
    for address in ("/activity/today/", "/activity/inbox/", "/activity/log/", "/activity/files/1/", "/activity/who/"):
        assert Client().get(address).status_code == 302


def test_a_late_step_is_late_by_its_hour_or_its_day() -> None:
    from noren.activity.queries.day import is_late

    zone = make.actor().zone
    noon = datetime(2026, 11, 20, 12, 0, tzinfo=zone)

    assert is_late(Activity(due_at=noon - timedelta(minutes=1)), noon)
    assert not is_late(Activity(due_at=noon.replace(hour=0), is_all_day=True), noon)
    assert is_late(Activity(due_at=noon - timedelta(days=1), is_all_day=True), noon)


def test_colleagues_are_offered_by_name_and_reading(me: User) -> None:
    client = enter(me)
    make.user("sales", name="田中 健", name_kana="タナカ ケン")
    make.user("sales", name="高橋 亮", name_kana="タカハシ リョウ")
    make.user("sales", name="田村 元", is_active=False)

    def offered(text: str) -> list[str]:
        page = client.get("/activity/named/", {"q": text}).content.decode()
        return re.findall(r'data-label="([^"]+)"', page)

    assert offered("田") == ["田中 健"]
    assert offered("た") == ["高橋 亮", "田中 健"]
    assert offered("たな") == ["田中 健"]
    assert me.name not in offered("")
    assert client.get("/activity/named/", {"q": "ない"}).content == b""
