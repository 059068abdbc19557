"""How deals and what surrounds them are shown, filtered, edited, imported, searched and offered to programs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from noren.core.access.actor import Actor
from noren.core.filter.condition import THIS_QUARTER, F
from noren.core.record.declare import (
    FURTHER_IMPORTS,
    Board,
    End,
    Facts,
    ImportField,
    Record,
    Related,
    Row,
    Section,
    Timeline,
    relate,
)
from noren.sales.actions.arrive import (
    add_products,
    attach_to_deals,
    closing_facts,
    complete_deal,
    default_pipeline,
    last_position,
    settle_outcome,
)
from noren.sales.actions.deal import lose_deal, move_deal, reopen_deal, win_deal
from noren.sales.models import Deal, DealLine, LossReason, Pipeline, Stage


class Deals(Record):
    model = Deal
    fills = {"company": ("name_kana", "corporate_number", "industry", "employees", "annual_revenue", "url")}
    known_by = "external_id", "title"
    columns = (
        "title",
        "company",
        "stage",
        "stage_since",
        "amount",
        "close_by",
        "next_step",
        "owner",
        "outcome",
        "updated_at",
    )
    filters = (
        "title", "company", "person", "pipeline", "stage", "outcome", "amount", "list_amount", "probability", "category",
        "opened_on", "close_by", "closed_on", "owner", "team", "owner__reports_to", "company__industry",
        "company__standing", "company__prefecture", "company__country", "source", "loss_reason", "competitor",
        "next_step_at", "last_touch_at", "stage_since", "created_at", "updated_at", "external_id", "lines__product",
        "lines__product__family",
    )  # fmt: skip
    form = (
        Section(
            _("Basics"),
            "title",
            Row("company", "person"),
            Row("pipeline", "stage"),
            Row("amount", "probability"),
            Row("opened_on", "close_by"),
            Row("owner", "category"),
        ),
        Section(_("More"), Row("source", "competitor"), "note", "external_id", folded=True),
    )
    read_only = (
        "outcome", "closed_on", "list_amount", "loss_reason", "loss_note", "team", "stage_since", "next_step",
        "next_step_at", "last_touch_at", "created_at", "updated_at",
    )  # fmt: skip
    history = ("outcome", "closed_on", "loss_reason", "loss_note")
    completed = ("stage_id", "stage_since", "title")
    actions = win_deal, lose_deal, move_deal, reopen_deal
    board = Board(
        by="stage", sum="amount", move=move_deal, scope="pipeline", where=F(outcome="open"),
        card=("company", "title", "amount", "close_by", "next_step", "owner"),
        ends=(
            End(win_deal, _("Won this quarter"), F(outcome="won", closed_on__on=THIS_QUARTER)),
            End(lose_deal, _("Lost this quarter"), F(outcome="lost", closed_on__on=THIS_QUARTER)),
        ),
    )  # fmt: skip
    panels = (
        Facts("company", "person", "amount", "probability", "close_by", "category", "owner", "source", "competitor"),
        Related("sales.dealline", "deal", title=_("Lines"), columns=("product", "text", "quantity", "unit_price")),
        Timeline(),
    )
    compact = "title", "company", "amount", "stage", "close_by", "owner"
    totals = {"amount": "sum"}
    tones = {"open": "nando", "won": "matsu", "lost": "line", "commit": "matsu", "best": "nando"}
    groups = {"amount": "money", "list_amount": "money", "probability": "public"}
    begins = ("opened_on",)
    keys = (("external_id",), ("title", "company", "opened_on"))
    arrives = 3
    meanings = {
        "outcome": {
            "open": "商談中,進行中,継続,継続中,対応中,オープン,in progress,active,pending,on hold,保留",
            "won": "受注,受注済,受注済み,成約,契約,契約済,勝ち,獲得,closed won,closedwon,success",
            "lost": "失注,敗退,見送り,不成立,キャンセル,取下げ,負け,closed lost,closedlost,canceled,cancelled,abandoned",
        },
        "category": {
            "commit": "達成予測",
            "best": "最善達成予測,最善",
            "pipeline": "pipeline,パイプライン",
            "omitted": "omitted,除外,売上予測から除外",
            "": "closed,完了,none",
        },
    }
    headers = {
        "title": "商談名 案件名 取引名 件名 案件 商談 dealname opportunityname opportunity deal dealtitle title 商談件名 topic",
        "company": (
            "会社名 企業名 取引先名 顧客名 得意先名 取引先 顧客 会社 account accountname company companyname customer client 関連会社"
            " associatedcompany organization potentialcustomer 顧客企業名 顧客企業 取引先企業名 取引先企業"
        ),
        "person": (
            "先方担当者名 先方担当者 ご担当者名 取引先責任者 取引先責任者名 連絡先名 主担当者 contact contactname primarycontact"
            " associatedcontact contactperson 氏名"
        ),
        "owner": "案件担当者名 案件担当者 取引担当者 商談の担当者 商談所有者 dealowner opportunityowner agent",
        "pipeline": "パイプライン pipeline",
        "stage": (
            "フェーズ ステージ 取引ステージ 商談ステージ 営業ステージ 進捗 商談フェーズ 進捗状況 案件フェーズ 営業フェーズ stage dealstage salesstage stagename"
            " 状況 ステータス 状態 案件状況 商談状況 案件ステータス status"
        ),
        "outcome": "結果 勝敗 受注失注 受失注 outcome result won/lost 成否 状況 ステータス 状態 案件状況 商談状況 案件ステータス status",
        "category": "売上予測分類 forecastcategory",
        "probability": "確度 確度(%) probability(%) 受注確度 受注確率 winprobability",
        "amount": (
            "金額 総額 商談金額 案件金額 受注金額 売上金額 見込金額 合計金額 小計 closevalue amount dealvalue value dealamount"
            " amountincompanycurrency 見積金額 受注額 見込み金額 見込売上 売上見込 予定金額 契約金額 estrevenue estimatedrevenue expectedrevenue"
        ),
        "opened_on": "商談開始日 開始日 発生日 起票日 作成日 engagedate createdate createddate opendate openedon startdate 引合日 作成日時 createdtime createdon createdat datecreated dealcreated 登録日 商談発生日 案件発生日",
        "closed_on": "受注日 失注日 成約日 完了日 決着日 closedate closeddate wondate クローズ日 closedon dealclosedon actualclosedate 契約日",
        "close_by": "完了予定日 受注予定日 見込時期 見込み時期 成約予定日 クローズ予定日 closedate クローズ日 expectedclosedate expectedclose closeby closingdate expectedclosing estclosedate estimatedclosedate 受注見込日 受注見込み日 クローズ予定",
        "product": "商品名 製品名 商品 製品 品名 product productname",
        "lost_reason": "失注理由 失注原因 敗因 reasonforloss lostreason lossreason closedlostreason",
        "source": "リードソース 見込み客のデータ元 きっかけ 流入元 流入経路 獲得経路 leadsource source channel",
        "note": "次のステップ nextstep",
        "external_id": "商談ID 案件番号 案件コード 案件ID 取引ID opportunityid dealid 商談番号",
    }
    sort = "-updated_at"
    imports = (
        ImportField("product", _("Product"), target="catalog.product", apply=add_products),
        ImportField("quantity", _("Quantity"), kind="decimal"),
    )
    views = (
        (pgettext_lazy("deal", "Open"), "outcome=open"),
        (_("Mine"), "outcome=open&owner=@me"),
        (_("Closing this month"), "outcome=open&close_by__on=@this_month&sort=close_by"),
        (_("No next step"), "outcome=open&next_step_at__empty=1"),
        (_("Won this quarter"), "outcome=won&closed_on__on=@this_quarter&sort=-closed_on"),
    )
    alive = "outcome=open"
    icon = "board"
    nav = ("sales", 20)
    hotkey = "d"

    @classmethod
    def arrive(cls, values: dict[str, Any]) -> None:
        settle_outcome(values)

    @classmethod
    def complete(cls, values: dict[str, Any], memo: dict[Any, Any]) -> None:
        complete_deal(values, memo)

    @classmethod
    def arrived(cls, rows: Sequence[Any], actor: Actor) -> list[tuple[Any, datetime | None]]:
        return closing_facts(rows)


relate(
    "contacts.company",
    Related(
        "sales.deal", "company", columns=("title", "stage", "amount"), where=F(outcome="open"), title=_("Open deals")
    ),
)
relate(
    "contacts.company",
    Related(
        "sales.deal",
        "company",
        columns=("title", "outcome", "closed_on", "amount"),
        where=F(outcome__not="open"),
        title=_("Decided deals"),
    ),
)
relate("contacts.person", Related("sales.deal", "person", columns=("title", "stage", "amount", "outcome")))


FURTHER_IMPORTS.setdefault("activity.activity", []).append(
    ImportField("deal", _("Deal"), target="sales.deal", apply=attach_to_deals, stored="about_id")
)


class DealLines(Record):
    model = DealLine
    columns = "deal", "product", "text", "quantity", "unit_price"
    filters = "deal", "product", "quantity"
    read_only = (
        "product",
        "text",
        "quantity",
        "unit_price",
        "list_price",
    )  # written as a whole: `set_lines` keeps the sums
    groups = {"unit_price": "money", "list_price": "money"}
    pages = False


class Pipelines(Record):
    model = Pipeline
    known_by = ("name",)
    columns = "name", "position", "is_default"
    filters = ("name",)
    form = (Row("name", "position"), "is_default")
    keys = (("external_id",), ("name",))
    one_by_one = True
    sort = "position"
    icon = "path"


class Stages(Record):
    model = Stage
    known_by = ("name",)
    columns = "name", "pipeline", "position", "probability", "standard_days"
    filters = "name", "pipeline"
    form = (Row("pipeline", "name"), Row("position", "probability", "standard_days"))
    keys = (("external_id",), ("pipeline", "name"))
    made_by_name, one_by_one = True, True
    sort = "position"
    icon = "path"

    @classmethod
    def from_name(cls, text: str) -> dict[str, Any]:
        """A stage that a file names comes after those of the default pipeline."""
        pipeline = default_pipeline()
        return {"name": text, "pipeline": pipeline.pk if pipeline else None, "position": last_position(pipeline) + 1}


class LossReasons(Record):
    model = LossReason
    known_by = ("name",)
    columns = "name", "position"
    filters = ("name",)
    form = (Row("name", "position"),)
    keys = (("name",),)
    made_by_name, one_by_one = True, True
    sort = "position"
    icon = "x"
