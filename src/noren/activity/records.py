"""How activities and tasks are shown and edited."""

from __future__ import annotations

from typing import Any

from django.db.models import Case, F, Func, TextField, Value, When
from django.db.models.functions import Coalesce, Concat, Left, NullIf, Trim
from django.utils.translation import gettext_lazy as _

from noren.activity.actions.activity import finish_step, postpone_step
from noren.activity.models import Activity, Attachment
from noren.activity.queries.feed import ActivityEntries, FileEntries
from noren.core.record.declare import Facts, Record, Row, Section
from noren.core.record.timeline import source

FIRST_WORDS = 40  # characters of the text that stand for a subject


class Activities(Record):
    model = Activity
    columns = "subject", "kind", "happened_at", "due_at", "done_at", "company", "person", "owner"
    filters = (
        "subject", "body", "kind", "direction", "happened_at", "due_at", "done_at", "minutes", "company", "person",
        "owner", "owner__team", "about_noun", "created_at", "updated_at", "external_id",
    )  # fmt: skip
    form = (
        Section(
            _("Activity"),
            Row("kind", "direction"),
            "subject",
            "body",
            Row("happened_at", "minutes"),
            Row("due_at", "is_all_day"),
            Row("company", "person"),
            "owner",
        ),
    )
    read_only = ("done_at", "about_noun", "about_id", "is_next_step", "external_id", "created_at", "updated_at")
    history = ("done_at",)
    actions = finish_step, postpone_step
    panels = (Facts("kind", "happened_at", "minutes", "due_at", "done_at", "company", "person", "owner"),)
    compact = "subject", "kind", "happened_at", "company", "owner"
    title = "subject"
    keys = (("external_id",),)
    recalled_by = ("happened_at", "kind", "subject", "body", "company", "person", "owner")
    arrives = 5
    meanings = {
        "kind": {
            "call": "電話,架電,tel,コール,通話,phone,phone call",
            "meeting": "打ち合わせ,打合せ,会議,商談,面談,web会議,オンライン会議,appointment,event,demo,lunch",
            "visit": "訪問,往訪,来社,来訪",
            "mail": "メール,eメール,email,e-mail,letter,手紙",
            "task": "todo,to do,to-do,タスク,deadline,やること",
            "note": "メモ,memo,コメント,comment,その他,other",
        },
    }
    headers = {
        "kind": "種別 活動種別 対応種別 種類 活動種類 区分 kind type activitytype",
        "subject": "件名 タイトル 活動名 subject title 用件",
        "happened_at": "日時 活動日 対応日 実施日 訪問日 日付 活動日時 対応日時 期日 期日のみ date datetime activitydate happenedat duedate 開始日 開始日時 startdate",
        "body": "内容 本文 活動内容 対応内容 詳細 メモ 備考 コメント body note notes description comments 商談内容 報告内容",
        "company": "会社名 取引先名 顧客名 取引先 account accountname company companyname 訪問先 organization 顧客企業名 取引先企業",
        "person": "先方担当者名 先方担当者 氏名 取引先責任者 contact contactname 面談者 名前",
        "deal": "商談名 案件名 取引名 関連先 opportunity opportunityname deal dealname 案件",
        "owner": "記入者 報告者 実施者 agent 割り当て先 assignedtouser assignedusername",
    }
    sort = "-happened_at"
    views = (
        (_("To do"), "due_at__filled=1&done_at__empty=1&sort=due_at"),
        (_("My tasks"), "owner=@me&due_at__filled=1&done_at__empty=1&sort=due_at"),
        (_("Overdue"), "due_at__lt=@today&done_at__empty=1&sort=due_at"),
        (_("Calls this week"), "kind=call&happened_at__on=@this_week"),
    )
    alive = "due_at__filled=1&done_at__empty=1"
    icon = "check-square"
    nav = ("top", 15)

    @classmethod
    def called(cls, before: str, language: str) -> Any:
        """Without a subject an activity is called by its kind and the first words of what was written."""
        kinds = (When(**{f"{before}kind": value}, then=Value(str(label))) for value, label in Activity.KINDS)
        words = Left(Func(F(f"{before}body"), Value("\n"), Value(1), function="split_part"), FIRST_WORDS)
        told = Trim(Concat(Case(*kinds, default=Value("")), Value(" "), words, output_field=TextField()))
        return Coalesce(NullIf(f"{before}subject", Value("")), told, output_field=TextField())


class Attachments(Record):
    model = Attachment
    columns = "name", "size", "owner", "created_at"
    filters = "name", "owner", "created_at"
    pages = False


source(ActivityEntries())
source(FileEntries())
