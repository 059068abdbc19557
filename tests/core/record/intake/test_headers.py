"""Whose export it is, what its columns mean, and what is better asked."""

from __future__ import annotations

import pytest

from noren.core.record.intake.columns.guess import Target, guess
from noren.core.record.intake.columns.headers import contact_side, dictionary, fields_of, known, nouns_of, recognize
from noren.core.record.intake.columns.sources import SOURCES
from noren.core.record.intake.columns.spelling import fold

KINDS = {
    "email": "email",
    "phone": "phone",
    "mobile": "phone",
    "fax": "phone",
    "postal_code": "postal",
    "url": "url",
    "met_on": "date",
    "opened_on": "date",
    "closed_on": "date",
    "close_by": "date",
    "happened_at": "datetime",
    "amount": "money",
    "list_price": "money",
    "annual_revenue": "money",
    "employees": "number",
}
TARGETS = [
    Target(f"{noun}.{name}", kind=KINDS.get(name, "text"))  # type: ignore[arg-type]
    for noun in dictionary()
    for name in dictionary()[noun]
]

EXPORTS: dict[str, tuple[str, str, str, dict[str, str]]] = {
    "eight": (
        "eight",
        "person",
        "会社名|部署名|役職|姓|名|e-mail|郵便番号|住所|TEL会社|TEL部門|TEL直通|Fax|携帯電話|URL|名刺交換日|Eightでつながっている人|再データ化中の名刺|'?'を含んだデータ",
        {
            "会社名": "person.company",
            "部署名": "person.department",
            "姓": "person.family_name",
            "名": "person.given_name",
            "e-mail": "person.email",
            "郵便番号": "person.postal_code",
            "住所": "person.address",
            "TEL会社": "company.phone",
            "携帯電話": "person.mobile",
            "URL": "company.url",
            "名刺交換日": "person.met_on",
            "Eightでつながっている人": "",
        },
    ),
    "eight_of_2018": (
        "eight",
        "person",
        "会社名|部署名|役職|氏名|e-mail|郵便番号|住所|TEL会社|TEL部門|TEL直通|Fax|携帯電話|URL|名刺交換日",
        {"氏名": "person.full_name", "TEL会社": "company.phone"},
    ),
    "sansan": (
        "sansan",
        "person",
        (
            "会社名|部署名|役職|氏名|郵便番号(1)|住所(1)［全て］|TEL-1(1)|FAX(1)|Email(1)|携帯電話(1)|会社名（英名）|会社名（カナ）|氏名［姓］|氏名［名］|氏名（カナ）|"
            "氏名（カナ）［姓］|氏名（カナ）［名］|名刺所有者ユーザID"
        ),
        {
            "氏名［姓］": "person.family_name",
            "氏名（カナ）［名］": "person.given_kana",
            "住所(1)［全て］": "person.address",
            "TEL-1(1)": "person.phone",
            "会社名（カナ）": "company.name_kana",
            "名刺所有者ユーザID": "person.owner",
        },
    ),
    "salesforce_lead": (
        "salesforce",
        "person",
        "姓|名|敬称|氏名|役職|会社名|町名・番地|市区郡|都道府県|郵便番号|国|電話|携帯電話|Fax|メール|Web サイト|説明|リードソース|状況|業種|評価",
        {
            "市区郡": "person.city",
            "町名・番地": "person.block",
            "メール": "person.email",
            "Web サイト": "company.url",
            "状況": "",
        },
    ),
    "salesforce_account": (
        "salesforce",
        "company",
        "取引先名|取引先 種別|町名・番地(請求先)|市区郡(請求先)|都道府県(請求先)|郵便番号(請求先)|町名・番地(納入先)|取引先 電話|取引先 Fax|取引先番号|業種|年間売上|従業員数",
        {
            "取引先名": "company.legal_name",
            "都道府県(請求先)": "company.prefecture",
            "町名・番地(納入先)": "",
            "取引先 電話": "company.phone",
            "年間売上": "company.annual_revenue",
        },
    ),
    "salesforce_opportunity": (
        "salesforce",
        "deal",
        "商談名|取引先名|フェーズ|完了予定日|次のステップ|金額|確度|商談 種別|売上予測分類",
        {
            "商談名": "deal.title",
            "フェーズ": "deal.stage",
            "完了予定日": "deal.close_by",
            "金額": "deal.amount",
            "取引先名": "deal.company",
        },
    ),
    "salesforce_en": (
        "salesforce",
        "company",
        "Id|Name|Type|ParentId|BillingStreet|BillingCity|BillingState|BillingPostalCode|BillingCountry|Phone|Website|Industry|AnnualRevenue|NumberOfEmployees",
        {
            "Name": "company.legal_name",
            "BillingStreet": "company.block",
            "ParentId": "company.parent",
            "Id": "company.external_id",
        },
    ),
    "salesforce_opportunity_en": (
        "salesforce",
        "deal",
        "Opportunity Name|Account Name|Stage|Amount|Close Date|Probability (%)|Opportunity Owner|Lead Source|Fiscal Period",
        {
            "Opportunity Name": "deal.title",
            "Close Date": "deal.close_by",
            "Opportunity Owner": "deal.owner",
            "Stage": "deal.stage",
        },
    ),
    "hubspot_contact": (
        "hubspot",
        "person",
        "レコードID|姓|名|Eメール|電話番号|役職|コンタクト担当者|リードステータス|ライフサイクルステージ",
        {"Eメール": "person.email", "コンタクト担当者": "person.owner", "レコードID": "person.external_id"},
    ),
    "hubspot_deal": (
        "hubspot",
        "deal",
        "レコードID|取引名|取引ステージ|金額|クローズ日|パイプライン|取引担当者",
        {
            "取引名": "deal.title",
            "クローズ日": "deal.close_by",
            "パイプライン": "deal.pipeline",
            "取引担当者": "deal.owner",
        },
    ),
    "hubspot_en": (
        "hubspot",
        "person",
        "Record ID|First Name|Last Name|Email|Phone Number|Contact owner|Lead Status|Lifecycle Stage|Job Title|Company Name",
        {
            "First Name": "person.given_name",
            "Job Title": "person.post",
            "Contact owner": "person.owner",
            "Lead Status": "",
        },
    ),
    "hubspot_company": (
        "hubspot",
        "company",
        "レコードID|会社名|会社ドメイン名|業種|従業員数|会社担当者",
        {"会社名": "company.legal_name", "会社ドメイン名": "company.url", "会社担当者": "company.owner"},
    ),
    "zoho_lead": (
        "zoho",
        "person",
        "姓|名|会社|見込み客のデータ元|見込み客ステータス|見込み客の担当者|メール|電話番号|詳細情報",
        {
            "会社": "person.company",
            "見込み客の担当者": "person.owner",
            "見込み客ステータス": "",
            "詳細情報": "person.note",
        },
    ),
    "zoho_deal": (
        "zoho",
        "deal",
        "商談名|取引先名|ステージ|完了予定日|総額|確度|商談の担当者",
        {"総額": "deal.amount", "ステージ": "deal.stage", "商談の担当者": "deal.owner"},
    ),
    "kintone": (
        "kintone",
        "deal",
        "レコード番号|会社名|部署名|先方担当者名|TEL|FAX|メールアドレス|見込み時期|確度|製品名|単価|ユーザー数|小計|案件担当者名|作成者|更新日時",
        {
            "先方担当者名": "deal.person",
            "案件担当者名": "deal.owner",
            "見込み時期": "deal.close_by",
            "小計": "deal.amount",
            "製品名": "deal.product",
        },
    ),
    "freee": (
        "freee",
        "company",
        (
            "名前（通称）|取引先コード|ショートカット1|ショートカット2|正式名称（帳票出力時に使用される名称）|カナ名称|敬称|事業所種別|地域|郵便番号|都道府県|市区町村・番地|"
            "建物名・部屋番号など|電話番号|担当者名|メールアドレス|適格請求書発行事業者 登録番号"
        ),
        {
            "名前（通称）": "company.short_name",
            "正式名称（帳票出力時に使用される名称）": "company.legal_name",
            "担当者名": "person.full_name",
            "カナ名称": "company.name_kana",
            "メールアドレス": "person.email",
            "適格請求書発行事業者 登録番号": "company.invoice_number",
        },
    ),
    "moneyforward": (
        "moneyforward",
        "company",
        (
            "csv_type(変更不可)|行形式|取引先名称|件名|請求日|お支払期限|請求書番号|売上計上日|メモ|タグ|小計|消費税|合計金額|取引先敬称|取引先郵便番号|取引先都道府県|取引先住所1|取引先住所2|"
            "取引先部署|取引先担当者役職|取引先担当者氏名|自社担当者氏名|備考|振込先|入金ステータス|品名|品目コード|単価|数量|単位|詳細|金額|品目消費税率"
        ),
        {
            "取引先名称": "company.legal_name",
            "取引先郵便番号": "company.postal_code",
            "取引先担当者氏名": "person.full_name",
            "自社担当者氏名": "company.owner",
            "品目コード": "product.code",
            "請求日": "",
        },
    ),
    "cybozu": (
        "cybozu",
        "person",
        "名前(姓)|名前(名)|よみ(姓)|よみ(名)|会社名|会社よみ|郵便番号|住所|URL",
        {"よみ(名)": "person.given_kana", "会社よみ": "company.name_kana"},
    ),
}

MAVEN: dict[str, tuple[str, str, str, dict[str, str]]] = {
    "accounts": (
        "company",
        "account,sector,year_established,revenue,employees,office_location,subsidiary_of",
        (
            "Acme Corporation,technolgy,1996,1100.04,2822,United States,\nBetasoloin,medical,1999,251.41,495,United States,\n"
            "Bluth Company,technolgy,1993,1242.32,3027,United States,Acme Corporation"
        ),
        {
            "account": "company.legal_name",
            "sector": "company.industry",
            "year_established": "company.founded_year",
            "revenue": "company.annual_revenue",
            "employees": "company.employees",
            "office_location": "company.country",
            "subsidiary_of": "company.parent",
        },
    ),
    "products": (
        "product",
        "product,series,sales_price",
        "GTX Basic,GTX,550\nGTX Pro,GTX,4821\nMG Special,MG,55",
        {"product": "product.name", "series": "product.family", "sales_price": "product.list_price"},
    ),
    "sales_teams": (
        "user",
        "sales_agent,manager,regional_office",
        "Anna Snelling,Dustin Brinkmann,Central\nCecily Lampkin,Dustin Brinkmann,Central\nMei-Mei Johns,Melvin Marxen,Central",
        {"sales_agent": "user.full_name", "manager": "user.reports_to", "regional_office": "user.team"},
    ),
    "sales_pipeline": (
        "deal",
        "opportunity_id,sales_agent,product,account,deal_stage,engage_date,close_date,close_value",
        (
            "1C1I7A6R,Moses Frase,GTX Plus Basic,Cancity,Won,2016-10-20,2017-03-01,1054\n"
            "Z063OYW0,Darcel Schlecht,GTXPro,Isdom,Won,2016-10-25,2017-03-11,4514\n9ME3374G,Moses Frase,GTX Pro,,Engaging,2016-12-05,,"
        ),
        {
            "opportunity_id": "deal.external_id",
            "sales_agent": "deal.owner",
            "product": "deal.product",
            "account": "deal.company",
            "deal_stage": "deal.stage",
            "engage_date": "deal.opened_on",
            "close_date": "deal.closed_on",
            "close_value": "deal.amount",
        },
    ),
}


@pytest.mark.parametrize("name", EXPORTS)
def test_an_export_of_another_program_is_recognized_and_mapped(name: str) -> None:
    source, noun, line, want = EXPORTS[name]
    header = line.split("|")
    found = recognize(header)
    assert found is not None
    assert (found.source.name, found.source.noun) == (source, noun)
    assert found.confidence >= 0.8
    assert nouns_of(header)[0][0] == noun
    columns = {column.header: column for column in guess(header, [], TARGETS, noun=noun).columns}
    assert {title: columns[title].field or "" for title in want} == want
    assert not any(column.ask for column in columns.values() if column.field and column.reason == "source")


@pytest.mark.parametrize("name", MAVEN)
def test_plain_english_headers_are_mapped_and_their_noun_is_found(name: str) -> None:
    noun, line, body, want = MAVEN[name]
    header = line.split(",")
    rows = [row.split(",") for row in body.split("\n")]
    assert recognize(header) is None
    assert nouns_of(header)[0][0] == noun
    result = guess(header, rows, [target for target in TARGETS if target.name.startswith(noun)])
    assert {header[column]: field for column, field in result.mapping.items()} == want
    assert not any(column.ask for column in result.columns)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("ＴＥＬ", "tel"),
        ("E-Mail", "ｅ－ｍａｉｌ"),
        ("first_name", "First Name"),
        ("住所(1)［全て］", "住所（１）[全て]"),
        ("姓 *", "姓"),
        ("\ufeff会社名\u3000", "会社名"),
        ("氏名(必須)", "氏名"),
        ("E‐mail", "e−mail"),
        ("ﾒｰﾙ", "メール"),
    ],
)
def test_spellings_of_a_column_name_fold_to_one(left: str, right: str) -> None:
    assert fold(left) == fold(right)


def test_the_long_vowel_mark_is_a_letter_not_a_dash() -> None:
    assert fold("メール") != fold("メル")


@pytest.mark.parametrize(
    ("header", "side"),
    [
        ("会社名|氏名|役職|担当者", "ours"),
        ("会社名|姓|名|担当者", "ours"),
        ("会社名|担当者|営業担当", "theirs"),
        ("会社名|部署名|担当者|電話", "theirs"),
        ("会社名|担当者|メールアドレス", "theirs"),
        ("会社名|電話番号|担当者", "ask"),
        ("担当者", "ask"),
    ],
)
def test_whose_contact_a_column_is_depends_on_its_neighbors(header: str, side: str) -> None:
    names = header.split("|")
    assert contact_side(names, names.index("担当者")) == side


def test_every_source_can_be_told_by_its_own_columns_and_uses_our_words() -> None:
    fields = {f"{noun}.{name}" for noun in dictionary() for name in dictionary()[noun]} | {"-", "person.full_name"}
    for source in SOURCES:
        assert source.marks <= source.fields.keys(), (source.name, source.noun, source.marks - source.fields.keys())
        assert set(source.fields.values()) <= fields, (source.name, set(source.fields.values()) - fields)


def test_our_own_words_are_always_understood() -> None:
    for noun, fields in dictionary().items():
        for name in fields:
            assert f"{noun}.{name}" in fields_of(name, noun)
            assert fields_of(f"{noun}.{name}", noun)[0] == f"{noun}.{name}"


def test_unknown_names_are_unknown() -> None:
    assert known("ＴＥＬ")
    assert not known("ほげほげ")
    assert not known("")
    assert recognize(["会社名", "電話"]) is None
    assert recognize([]) is None
    assert nouns_of(["ほげ"]) == []


def test_a_noun_without_words_of_its_own_is_understood_by_general_ones_and_by_what_its_references_are_called() -> None:
    """A price says nothing of its columns; its product is called what products are called."""
    assert fields_of("備考", "product") == ("product.note",)
    assert "price.product" in fields_of("商品名", "price")
    assert "pricelist.external_id" in fields_of("外部ID", "pricelist")
