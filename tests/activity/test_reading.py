from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noren.activity.queries.reading import read_step

NOW = datetime(2026, 11, 20, 15, 10, tzinfo=ZoneInfo("Asia/Tokyo"))  # a Friday


@pytest.mark.parametrize(
    ("text", "kind", "due", "all_day", "subject"),
    [
        ("明日10時 電話", "call", "2026-11-21 10:00", False, "電話"),
        ("11/28 14:00 訪問 見積持参", "visit", "2026-11-28 14:00", False, "訪問 見積持参"),
        ("来週月曜 メール", "mail", "2026-11-23 00:00", True, "メール"),
        ("call tomorrow 10am", "call", "2026-11-21 10:00", False, "call"),
        ("Tomorrow 2:30 pm meeting with Ken", "meeting", "2026-11-21 14:30", False, "meeting with Ken"),
        ("１１月２４日（火）１４時半に現地調査", "visit", "2026-11-24 14:30", False, "現地調査"),
        ("あさって午後3時 打合せ", "meeting", "2026-11-22 15:00", False, "打合せ"),
        ("金曜までに見積書を送付", "task", "2026-11-27 00:00", True, "見積書を送付"),
        ("24日10時に電話", "call", "2026-11-24 10:00", False, "電話"),
        ("5日 請求書を確認", "task", "2026-12-05 00:00", True, "請求書を確認"),
        ("来月5日 訪問", "visit", "2026-12-05 00:00", True, "訪問"),
        ("月末 入金確認", "task", "2026-11-30 00:00", True, "入金確認"),
        ("3日後 電話", "call", "2026-11-23 00:00", True, "電話"),
        ("2営業日後に電話", "call", "2026-11-25 00:00", True, "電話"),  # 23 November is a holiday
        ("1/15 見積更新の確認", "task", "2027-01-15 00:00", True, "見積更新の確認"),
        ("2027/2/1 契約更新", "task", "2027-02-01 00:00", True, "契約更新"),
        ("18時 電話", "call", "2026-11-20 18:00", False, "電話"),
        ("next Tuesday visit", "visit", "2026-11-24 00:00", True, "visit"),
        ("Nov 28 at 3pm call", "call", "2026-11-28 15:00", False, "call"),
        ("保守の範囲で1点保留。夜間対応を含めるか24日までに回答。金額は了承。24日10時に電話", "call", "2026-11-24 10:00", False, "電話"),
    ],
)  # fmt: skip
def test_next_steps_are_read(text: str, kind: str, due: str, all_day: bool, subject: str) -> None:
    step = read_step(text, NOW)

    assert step is not None
    read = (step.kind, step.due_at.strftime("%Y-%m-%d %H:%M"), step.is_all_day, step.subject)
    if "夜間対応" in text:  # the first thing to do of several
        assert read == ("task", "2026-11-24 00:00", True, "夜間対応を含めるか回答")
    else:
        assert read == (kind, due, all_day, subject)


@pytest.mark.parametrize(
    "text",
    [
        "", "   ", "金額は了承。", "昨日電話した", "11/18 10時に電話しました", "11/18 訪問", "10時 電話", "納期は12/4の予定だった",
        "24日間の試用", "単価は10/12で計算", "99時 電話", "13/45 訪問", "2月30日", "@田中 ありがとう", "called yesterday, will think about it",
        "第3工場は4月稼働で確定", "決裁は12/4の会議で決まるらしい", "15:10の件",
    ],
)  # fmt: skip
def test_what_is_past_or_no_step_is_left_alone(text: str) -> None:
    assert read_step(text, NOW) is None


def test_length_of_a_meeting_comes_from_its_end() -> None:
    step = read_step("明日 13:30-14:15 打合せ", NOW)

    assert step is not None
    assert (step.minutes, step.subject) == (45, "打合せ")


def test_a_task_without_a_day_is_for_today() -> None:
    step = read_step("図面 r2 を準備する", NOW, planned=True)

    assert step is not None
    assert (step.kind, step.due_at.isoformat(), step.is_all_day) == ("task", "2026-11-20T00:00:00+09:00", True)


def test_a_step_among_other_sentences_is_not_the_whole() -> None:
    step = read_step("金額は了承。\n明日10時 電話", NOW)

    assert step is not None
    assert (step.whole, step.source) == (False, "明日10時 電話")


@given(st.text(max_size=200))
def test_any_text_is_read_or_left_alone(text: str) -> None:
    step = read_step(text, NOW)

    assert step is None or step.due_at >= NOW.replace(hour=0, minute=0)


@given(st.text(alphabet="0123456789/月日時:半午後 来週電話tomorow", max_size=40))
def test_odd_dates_and_hours_never_break(text: str) -> None:
    read_step(text, NOW)
    read_step(text, NOW, planned=True)
