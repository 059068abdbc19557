"""How companies and people are shown, filtered, edited, imported, searched and offered to programs."""

from __future__ import annotations

from typing import Any

from django.db.models import Case, F, TextField, Value, When
from django.db.models.functions import Concat, Trim
from django.utils.translation import gettext_lazy as _

from noren.contacts.models import Affiliation, Company, Consent, Person
from noren.core.base.japan.address import split_address
from noren.core.base.japan.person import JAPANESE, split_full_name
from noren.core.base.japan.postal import lookup
from noren.core.record.declare import Facts, Record, Related, Row, Section, Timeline

ADDRESS = Section(
    _("Address"),
    Row("postal_code", "prefecture", "city"),
    Row("town", "block"),
    Row("building", "country"),
    "address",
    folded=True,
)


def complete_address(values: dict[str, Any]) -> None:
    """An address in one piece is parted, and a postal code alone names its place; what the file says itself stays."""
    if not (values.get("address") or values.get("postal_code")):
        return
    if any(values.get(name) for name in ("prefecture", "city", "town", "block")):
        return
    if values.get("address"):
        found = split_address(values["address"])
        if found.prefecture and len(found.town_rest) <= 120:
            values.update(prefecture=found.prefecture, city=found.city, town=found.town_rest)
    elif values.get("postal_code") and not values.get("country"):
        places = lookup(values["postal_code"])
        if len({(p.prefecture, p.city) for p in places}) == 1:
            values.update(prefecture=places[0].prefecture, city=places[0].city)
            if len(places) == 1:
                values["town"] = places[0].town


COMPANY_OF_CARD: tuple[str | tuple[str, ...], ...] = (
    "name_kana", "short_name", "corporate_number", "invoice_number", "industry", "employees", "annual_revenue",
    "founded_year", "phone", "fax", "email", "url", "standing", "rank",
    ("postal_code", "prefecture", "city", "town", "block", "building", "country", "address"),
)  # fmt: skip
"""What business cards and lists of people say of the company; see Record.fills."""


class Companies(Record):
    model = Company
    completed = ("postal_code", "prefecture", "city", "town", "block", "building")
    known_by = "external_id", "corporate_number", "name_key"
    columns = (
        "legal_name",
        "standing",
        "next_step",
        "last_touch_at",
        "owner",
        "industry",
        "prefecture",
        "phone",
        "updated_at",
    )
    filters = (
        "legal_name", "name_kana", "standing", "rank", "industry", "employees", "annual_revenue", "founded_year",
        "prefecture", "city", "country", "owner", "owner__team", "parent", "corporate_number", "invoice_number",
        "next_step_at", "last_touch_at", "created_at", "updated_at", "external_id", "kana_sort",
    )  # fmt: skip
    form = (
        Section(
            _("Company"),
            Row("legal_name", "name_kana"),
            Row("standing", "rank", "industry"),
            Row("phone", "email", "url"),
            "owner",
        ),
        ADDRESS,
        Section(
            _("More"),
            Row("short_name", "fax"),
            Row("corporate_number", "invoice_number"),
            Row("employees", "annual_revenue", "founded_year"),
            "parent",
            "note",
            "external_id",
            folded=True,
        ),
    )
    read_only = ("next_step", "next_step_at", "last_touch_at", "created_at", "updated_at")
    panels = (
        Facts("name_kana", "standing", "rank", "industry", "employees", "annual_revenue", "phone", "url", "corporate_number", "owner"),
        Related("contacts.person", "company", title=_("People"), columns=("full_name", "department", "post", "phone")),
        Related("contacts.affiliation", "company", title=_("Affiliations"), columns=("person", "post", "from_on", "to_on")),
        Timeline(),
    )  # fmt: skip
    compact = "legal_name", "standing", "industry", "prefecture", "phone", "owner"
    title = "legal_name"
    tones = {
        "customer": "matsu",
        "prospect": "fuji",
        "dormant": "line",
        "ended": "line",
        "partner": "nando",
        "a": "matsu",
    }
    reading = "name_kana"
    groups = {"annual_revenue": "money", "email": "private", "phone": "private", "fax": "private"}
    arrives, made_by_name = 1, True
    face = "square"
    meanings = {
        "standing": {
            "customer": "既存,既存顧客,顧客,取引中,取引先,client,existing customer",
            "prospect": "見込,見込み,見込客,見込み客,見込顧客,新規,リード,lead",
            "dormant": "休眠,休眠顧客,inactive",
            "ended": "取引終了,取引停止,解約,former customer",
            "partner": "代理店,協力会社,reseller,channel partner",
        },
    }
    headers = {
        "standing": "顧客区分 取引先区分 取引区分 顧客ステータス",
        "external_id": (
            "取引先コード 顧客コード 得意先コード 会社ID 取引先番号 企業コード companyid accountid accountnumber 取引先ID customerid organizationid"
            " organisationid 顧客番号 得意先番号 顧客企業番号 顧客ID"
        ),
        "owner": "会社担当者 取引先所有者 companyowner",
        "legal_name": (
            "会社名 企業名 取引先名 顧客名 得意先名 商号 社名 法人名 正式名称 取引先名称 取引先 顧客 得意先 会社 account accountname company"
            " companyname organization organisation organizationname customer customername client"
            " clientname legalname name 名称 取引先企業名 取引先企業 顧客企業名 顧客企業 得意先名1 事業者名 屋号"
        ),
        "name_kana": (
            "会社名(カナ) 会社名カナ 会社名フリガナ 会社よみ 会社名よみ 取引先名カナ カナ名称 企業名カナ 会社名(フリガナ) フリガナ ふりがな カナ よみ 読み 名称(カナ) 名称カナ 得意先名カナ companykana"
            " companynamekana namekana"
        ),
        "short_name": "略称 通称 名前(通称) ショートネーム 表示名 shortname",
        "corporate_number": "法人番号 corporatenumber",
        "invoice_number": "登録番号 適格請求書発行事業者登録番号 インボイス番号 インボイス登録番号 事業者登録番号 invoiceregistrationnumber",
        "industry": "業種 業界 産業 sector industry vertical 業種名",
        "employees": "従業員数 社員数 従業員 employees numberofemployees employeecount headcount companysize noofemployees",
        "annual_revenue": "年間売上 年商 売上高 年間売上高 revenue annualrevenue turnover 年間収益 売上",
        "founded_year": "設立年 創業年 設立 yearestablished yearfounded founded foundedyear established",
        "url": "URL ホームページ Webサイト ウェブサイト HP サイトURL website webpage webページ homepage domain 会社ドメイン名 companydomainname",
        "parent": "親会社 親取引先 親会社名 subsidiaryof parent parentaccount parentcompany 関連会社",
    }
    keys = (("external_id",), ("corporate_number",), ("name_key",))
    alike = (("kana_sort",), ("phone",))
    views = (
        (_("Mine"), "owner=@me"),
        (_("Customers"), "standing=customer"),
        (_("No contact for 90 days"), "last_touch_at__lt=@last_90_days"),
        (_("No next step"), "next_step_at__empty=1"),
    )
    icon = "building"
    nav = ("sales", 30)
    hotkey = "c"

    @classmethod
    def complete(cls, values: dict[str, Any], memo: dict[Any, Any]) -> None:
        complete_address(values)


class People(Record):
    model = Person
    fills = {"company": COMPANY_OF_CARD}
    completed = ("postal_code", "prefecture", "city", "town", "block", "building")
    known_by = "external_id", "email", "name_fold"
    columns = "full_name", "company", "department", "post", "email", "mobile", "last_touch_at", "owner", "updated_at"
    filters = (
        "full_name", "family_name", "given_name", "company", "company__industry", "company__standing", "department", "post",
        "email", "mobile", "phone", "prefecture", "city", "owner", "owner__team", "source", "met_on", "next_step_at",
        "last_touch_at", "created_at", "updated_at", "external_id", "kana_sort",
    )  # fmt: skip
    form = (
        Section(
            _("Person"),
            Row("family_name", "given_name", "honorific"),
            Row("family_kana", "given_kana"),
            Row("company", "department", "post"),
            Row("email", "mobile", "phone"),
            "owner",
        ),
        ADDRESS,
        Section(_("More"), Row("source", "met_on", "fax"), "is_kana_guess", "note", "external_id", folded=True),
    )
    read_only = ("full_name", "next_step", "next_step_at", "last_touch_at", "created_at", "updated_at")
    panels = (
        Facts("family_kana", "given_kana", "company", "department", "post", "email", "mobile", "phone", "source", "met_on", "owner"),
        Related("contacts.affiliation", "person", title=_("Career"), columns=("company", "department", "post", "from_on", "to_on")),
        Related("contacts.consent", "person", title=_("Consent"), columns=("channel", "state", "basis", "stated_at")),
        Timeline(),
    )  # fmt: skip
    compact = "full_name", "company", "post", "email", "mobile", "owner"
    title = "full_name"
    reading = "family_kana"
    groups = {"email": "private", "mobile": "private", "phone": "private", "fax": "private"}
    arrives = 2
    face = "round"
    meanings = {
        "honorific": {
            "様": "mr,mr.,mrs,mrs.,ms,ms.,miss,mx,mx.,さん",
            "先生": "dr,dr.,prof,prof.,professor",
            "": "御中",
        },
    }
    headers = {
        "phone": "TEL直通 直通電話 直通 TEL部門 勤務先電話 directphone TEL1(1) phonework workphone",
        "external_id": "人物ID 名刺ID コンタクトID contactid leadid 担当者ID customerid 顧客ID 顧客番号 会員ID 会員番号 personid",
        "owner": "コンタクト担当者 見込み客の担当者 連絡先の担当者 取引先責任者所有者 リード所有者 名刺所有者ユーザID leadowner",
        "family_name": "姓 名前(姓) 氏名[姓] 氏名(姓) 苗字 名字 lastname surname familyname",
        "given_name": "名 名前(名) 氏名[名] 氏名(名) firstname givenname forename",
        "full_name": (
            "氏名 名前 お名前 先方担当者名 先方担当者 先方担当 ご担当者様名 ご担当者名 ご担当者 お客様担当者 顧客担当者 取引先担当者氏名 連絡先名 fullname name"
            " contactname contact 取引先責任者名 取引先責任者"
        ),
        "family_kana": (
            "姓フリガナ 姓(カナ) 姓カナ 姓よみ よみ(姓) セイ せい 氏名(カナ)[姓] フリガナ(姓) 姓(フリガナ) 姓(ふりがな) 姓ふりがな lastnamekana"
            " familynamekana phoneticlastname familynameyomi surnameyomi 姓(よみ)"
        ),
        "given_kana": (
            "名フリガナ 名(カナ) 名カナ 名よみ よみ(名) メイ めい 氏名(カナ)[名] フリガナ(名) 名(フリガナ) 名(ふりがな) 名ふりがな firstnamekana"
            " givennamekana phoneticfirstname givennameyomi givenyomi 名(よみ)"
        ),
        "full_kana": "氏名(カナ) 氏名カナ 氏名フリガナ フリガナ ふりがな カナ よみ ヨミ 読み 氏名よみ 氏名(フリガナ) fullnamekana yominame",
        "honorific": "敬称 取引先敬称 salutation title(mr/ms) honorific",
        "company": (
            "会社名 企業名 勤務先 勤務先名 取引先名 顧客名 得意先名 商号 社名 法人名 会社 所属会社 取引先 account accountname company companyname"
            " organization organisation employer associatedcompany customer organizationname organisationname organization1name relatedcompany 顧客企業名 取引先企業名"
        ),
        "department": "部署 部署名 部門 所属 所属部署 取引先部署 部課名 department division organizationdepartment organization1department",
        "post": "役職 肩書 肩書き 職位 役職名 取引先担当者役職 jobtitle title position role jobposition organizationtitle organization1title contacttitle",
        "email": "メール メールアドレス Eメール e-mail Email 電子メール mail emailaddress E-mailアドレス Email(1) eメールアドレス 電子メールアドレス emailwork workemail emailid",
        "mobile": "携帯 携帯電話 携帯番号 携帯電話番号 mobile mobilephone mobilephonenumber cell cellphone 携帯電話(1) phonemobile mobilenumber",
        "met_on": "名刺交換日 交換日 出会った日 初回接触日 meton connectedon",
    }
    keys = (("external_id",), ("email",), ("mobile", "family_name"), ("name_fold", "company"))
    alike = (("mobile",), ("phone",), ("name_fold",), ("kana_sort",))
    views = ((_("Mine"), "owner=@me"), (_("Met this month"), "met_on__on=@this_month"))
    icon = "person"
    nav = ("sales", 40)
    hotkey = "p"

    @classmethod
    def complete(cls, values: dict[str, Any], memo: dict[Any, Any]) -> None:
        complete_address(values)

    @classmethod
    def called(cls, before: str, language: str) -> Any:
        """As `Person.__str__`: readers of other languages read a name in Latin letters given name first."""
        if language.startswith("ja"):
            return None
        given_first = Trim(Concat(f"{before}given_name", Value(" "), f"{before}family_name", output_field=TextField()))
        return Case(
            When(**{f"{before}full_name__regex": JAPANESE}, then=F(f"{before}full_name")),
            default=given_first, output_field=TextField(),
        )  # fmt: skip

    @classmethod
    def from_name(cls, text: str) -> dict[str, Any]:
        family, given = split_full_name(text) or (text, "")
        return {"family_name": family, "given_name": given}


class Affiliations(Record):
    model = Affiliation
    columns = "person", "company", "department", "post", "from_on", "to_on", "source"
    filters = "person", "company", "from_on", "to_on"
    form = (Row("person", "company"), Row("department", "post"), Row("from_on", "to_on"), "source")
    pages = False


class Consents(Record):
    model = Consent
    columns = "person", "purpose", "channel", "state", "basis", "stated_at", "source"
    tones = {"given": "matsu", "refused": "shu", "withdrawn": "shu"}
    filters = "person", "purpose", "channel", "state", "basis", "stated_at"
    form = (Row("person", "purpose"), Row("channel", "state", "basis"), "wording", Row("proof", "source"), "stated_at")
    pages = False
