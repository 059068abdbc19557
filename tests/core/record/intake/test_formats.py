"""Files as other programs write them: their headers, their encodings, one made-up row each, brought in as they are."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests import make

from noren.core.record.declare import record_of
from noren.core.record.intake import run as intake
from noren.core.record.models import ImportFault, ImportRow

pytestmark = pytest.mark.django_db


@dataclass(frozen=True)
class Case:
    source: str
    noun: str
    text: str
    values: dict[str, Any]
    encoding: str = "utf-8"
    kept: tuple[str, ...] = ()  # columns that no field takes; they stay with the import
    preamble: str = ""


CASES = [
    Case("eight", "contacts.person", (
        "会社名,部署名,役職,姓,名,e-mail,郵便番号,住所,TEL会社,TEL部門,TEL直通,Fax,携帯電話,URL,名刺交換日,Eightでつながっている人,再データ化中の名刺,'?'を含んだデータ\n"
        "あけぼの食品株式会社,品質保証部,課長,高野,真由美,takano@akebono.example.jp,420-8601,静岡県静岡市葵区追手町9-6,054-000-1200,,054-000-1215,054-000-1201,090-0000-1215,"
        "https://akebono.example.jp,2026/11/18,1,,\n"
    ), {"family_name": "高野", "given_name": "真由美", "company__legal_name": "あけぼの食品株式会社", "post": "課長", "email": "takano@akebono.example.jp", "mobile": "090-0000-1215",
        "prefecture": "静岡県", "postal_code": "4208601", "met_on__year": 2026, "phone": "054-000-1215", "company__phone": "054-000-1200", "company__url": "https://akebono.example.jp"},
        "utf-8-sig", ("Eightでつながっている人",)),
    Case("sansan", "contacts.person", (
        "名刺ID,会社名,会社名(カナ),部署名,役職,氏名[姓],氏名[名],氏名(カナ)[姓],氏名(カナ)[名],郵便番号(1),住所(1)[全て],TEL-1(1),FAX(1),携帯電話(1),Email(1),URL,名刺交換日,メモ\n"
        "12345,株式会社ゆきむら鋳造,ユキムラチュウゾウ,製造部,部長,雪村,大介,ユキムラ,ダイスケ,1000001,東京都千代田区千代田1-1,03-0000-0000,,080-0000-0000,yukimura@example.jp,,2026-10-01,展示会\n"
    ), {"external_id": "12345", "family_name": "雪村", "family_kana": "ユキムラ", "company__legal_name": "株式会社ゆきむら鋳造", "city": "千代田区", "note": "展示会", "company__name_kana": "ユキムラチュウゾウ"}, "cp932"),
    Case("salesforce", "contacts.person", (
        "姓,名,敬称,取引先名,役職,部署,電話,携帯電話,メール,町名・番地(郵送先),市区郡(郵送先),都道府県(郵送先),郵便番号(郵送先),リードソース,誕生日\n"
        "佐藤,健,,はるか光学㈱,主任,営業部,03-1111-2222,090-1111-2222,sato@haruka.example.jp,丸の内1-1,千代田区,東京都,100-0005,Web,\n"
    ), {"family_name": "佐藤", "company__legal_name": "はるか光学㈱", "prefecture": "東京都", "city": "千代田区", "post": "主任"}, "cp932"),
    Case("salesforce", "sales.deal", (
        '商談ID,商談名,取引先名,フェーズ,完了予定日,金額,確度(%),商談種別,売上予測分類,作成日\n006A01,温湿度監視,みなと冷蔵,提案,2026/12/25,"8,600,000",40,新規,達成予測,2026/10/01\n'
    ), {"external_id": "006A01", "title": "温湿度監視", "amount": 8_600_000, "company__legal_name": "みなと冷蔵", "stage__name": "提案", "outcome": "open", "close_by__year": 2026}, "cp932"),
    Case("hubspot", "contacts.person", (
        "レコードID,名,姓,Eメール,電話番号,コンタクト担当者,リードステータス,ライフサイクルステージ,会社名\n501,花,鈴木,hana@example.jp,+81 3-1111-2222,,新規,リード,ことぶき化成\n"
    ), {"external_id": "501", "family_name": "鈴木", "email": "hana@example.jp", "phone": "+81 3-1111-2222", "company__legal_name": "ことぶき化成"}),
    Case("zoho", "sales.deal", (
        "商談名,取引先名,ステージ,完了予定日,総額,確度(%),商談の担当者,見込み客のデータ元,詳細情報\n校正契約,あおば商事,受注,2026-11-20,1200000,100,,紹介,年間\n"
    ), {"title": "校正契約", "outcome": "won", "amount": 1_200_000, "closed_on__day": 20, "source": "紹介"}),
    Case("kintone", "contacts.company", (
        "レコード番号,会社名,部署名,先方担当者名,顧客担当者名,郵便番号,住所,TEL,FAX,メールアドレス,備考,作成者,更新者\n7,みどり精機(株),購買課,田中様,,4208601,静岡県静岡市葵区追手町9-6,054-111-2222,,t@midori.example.jp,,x,y\n"
    ), {"external_id": "7", "legal_name": "みどり精機(株)", "phone": "054-111-2222", "prefecture": "静岡県"}, "cp932", ("先方担当者名", "部署名")),
    Case("freee", "contacts.company", (
        "名前（通称）,取引先コード,ショートカット1,ショートカット2,正式名称（帳票出力時に使用される名称）,カナ名称,敬称,事業所種別,地域,郵便番号,都道府県,市区町村・番地,建物名・部屋番号など,電話番号,担当者名,メールアドレス\n"
        "たちばな,T01,,,株式会社たちばな建設,タチバナケンセツ,御中,法人,国内,1000001,東京都,千代田区千代田1-1,ビル3F,03-0000-0001,橘,\n"
    ), {"legal_name": "株式会社たちばな建設", "short_name": "たちばな", "external_id": "T01", "name_kana": "タチバナケンセツ", "prefecture": "東京都", "building": "ビル3F"}, "cp932", ("担当者名",)),
    Case("moneyforward", "contacts.company", (
        "csv_type(変更不可),行形式,取引先名称,件名,請求日,お支払期限,請求書番号,取引先敬称,取引先郵便番号,取引先都道府県,取引先住所1,取引先住所2,取引先部署,取引先担当者役職,取引先担当者氏名,自社担当者氏名,入金ステータス,郵送ステータス\n"
        "40101,請求書,ふじ電子株式会社,保守,2026/11/01,2026/12/31,INV-1,御中,100-0001,東京都,千代田区1-1,,購買部,部長,藤,,未入金,未送信\n"
    ), {"legal_name": "ふじ電子株式会社", "prefecture": "東京都", "postal_code": "1000001"}, "cp932", ("件名", "取引先担当者氏名")),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c.source}-{c.noun}")
def test_an_export_of_another_program_comes_in_as_it_is(case: Case, tmp_path: Path) -> None:
    make.firm()
    by = make.actor("admin")
    path = tmp_path / "export.csv"
    path.write_bytes(case.text.encode(case.encoding))
    run = intake.begin(None, path, path.name, by)
    assert (run.noun, run.source) == (case.noun, case.source), run.mapping
    tally = intake.carry_out(run, by)
    assert list(ImportFault.objects.filter(run=run).values_list("column", "code", "params")) == []
    assert tally.created == 1
    model = record_of(case.noun).model
    names = [name for name in case.values if not name.endswith(("__year", "__day"))]
    got = model.every.values(*names).get()
    assert {n: got[n] for n in names} == {n: case.values[n] for n in names}
    assert model.every.filter(**case.values).exists()
    leftovers = ImportRow.objects.filter(run=run).values_list("unmapped", flat=True).first() or {}
    assert set(case.kept) <= set(leftovers), (leftovers, run.mapping)
    again = intake.begin(record_of(case.noun), path, path.name, by)
    second = intake.carry_out(again, by)
    assert (second.created, second.updated, second.unchanged) == (0, 0, 1)
