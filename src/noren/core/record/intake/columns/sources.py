"""Programs whose exports we know: what their columns are called and which field each fills.

A field is a dotted word, `noun.field`. `-` means: known, and not ours (the raw row keeps it).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from noren.core.record.intake.columns.spelling import fold, folded


@dataclass(frozen=True, slots=True)
class Source:
    """A program whose exports we know: its columns, and those (`marks`) by which it is told from others."""

    name: str
    noun: str
    fields: Mapping[str, str]
    marks: frozenset[str]


def _source(name: str, noun: str, marks: str, words: str) -> Source:
    """`words`: pieces `header>field`, where a field without a dot belongs to `noun`."""
    fields: dict[str, str] = {}
    for piece in words.split():
        header, _, target = piece.rpartition(">")
        fields[fold(header)] = target if "." in target or target == "-" else f"{noun}.{target}"
    return Source(name, noun, fields, folded(marks))


_PERSON_PLACE = "郵便番号>postal_code 住所>address 都道府県>prefecture 国>country"
SOURCES: tuple[Source, ...] = (
    _source(
        "eight", "person", "TEL会社 TEL直通 再データ化中の名刺 Eightでつながっている人",
        f"会社名>company 部署名>department 役職>post 姓>family_name 名>given_name 氏名>full_name e-mail>email {_PERSON_PLACE} TEL会社>company.phone"
        " TEL部門>phone TEL直通>phone Fax>fax 携帯電話>mobile URL>company.url 名刺交換日>met_on Eightでつながっている人>- 再データ化中の名刺>-"
        " '?'を含んだデータ>-",
    ),
    _source(
        "sansan", "person", "郵便番号(1) 住所(1)[全て] TEL-1(1) Email(1) 会社名(カナ) 氏名(カナ)[姓] 名刺所有者ユーザID 名刺ID 人物ID",
        "会社名>company 部署名>department 役職>post 氏名>full_name 郵便番号(1)>postal_code 住所(1)[全て]>address TEL-1(1)>phone FAX(1)>fax Email(1)>email"
        " 携帯電話(1)>mobile 会社名(英名)>- 会社名(カナ)>company.name_kana 氏名[姓]>family_name 氏名[名]>given_name 氏名(カナ)>full_kana"
        " 氏名(カナ)[姓]>family_kana 氏名(カナ)[名]>given_kana 名刺所有者ユーザID>owner URL>company.url 名刺交換日>met_on 登録日>- メモ>note タグ>-"
        " 名刺ID>external_id 人物ID>- 会社ID>company.external_id 名刺所有者名>owner",
    ),
    _source(
        "salesforce", "person", "リードソース 市区郡 町名・番地 市区郡(郵送先) 都道府県(郵送先) 町名・番地(郵送先) リード所有者",
        "姓>family_name 名>given_name 敬称>honorific 氏名>full_name 役職>post 会社名>company 取引先名>company 部署>department 町名・番地>block 市区郡>city"
        " 都道府県>prefecture 郵便番号>postal_code 国>country 電話>phone 携帯電話>mobile Fax>fax メール>email Webサイト>company.url 説明>note リードソース>-"
        " 状況>- 業種>company.industry 評価>- 町名・番地(郵送先)>block 市区郡(郵送先)>city 都道府県(郵送先)>prefecture 郵便番号(郵送先)>postal_code"
        " 国(郵送先)>country 町名・番地(その他)>- 市区郡(その他)>- 都道府県(その他)>- 郵便番号(その他)>- 誕生日>- リード所有者>owner 取引先責任者ID>external_id 取引先ID>company",
    ),
    _source(
        "salesforce", "company", "市区郡(請求先) 町名・番地(請求先) 取引先電話 取引先種別 都道府県(請求先)",
        "取引先名>legal_name 取引先種別>- 町名・番地(請求先)>block 市区郡(請求先)>city 都道府県(請求先)>prefecture 郵便番号(請求先)>postal_code 国(請求先)>country"
        " 町名・番地(納入先)>- 市区郡(納入先)>- 都道府県(納入先)>- 郵便番号(納入先)>- 国(納入先)>- 取引先電話>phone 取引先Fax>fax 取引先番号>external_id"
        " 業種>industry 年間売上>annual_revenue 従業員数>employees Webサイト>url 説明>note 取引先所有者>owner 親取引先>parent",
    ),
    _source(
        "salesforce", "deal", "フェーズ 売上予測分類 商談種別 完了予定日",
        "商談名>title 取引先名>company フェーズ>stage 完了予定日>close_by 次のステップ>note 金額>amount 確度>probability 確度(%)>probability 商談種別>- 売上予測分類>- 商談所有者>owner"
        " リードソース>source 説明>note 作成日>opened_on 商談ID>external_id",
    ),
    _source(
        "salesforce", "person", "MailingStreet MailingCity MailingPostalCode ReportsToId LeadSource LastActivityDate Mailing_State/Province",
        "Id>external_id ContactId>external_id AccountId>company LastName>family_name FirstName>given_name Salutation>honorific Name>full_name AccountName>company"
        " Company>company Department>department Title>post MailingStreet>block MailingCity>city MailingState>prefecture MailingState/Province>prefecture"
        " MailingPostalCode>postal_code MailingZip/PostalCode>postal_code MailingCountry>country Phone>phone Fax>fax MobilePhone>mobile Mobile>mobile"
        " Email>email Description>note LeadSource>- OwnerId>owner ContactOwner>owner Birthdate>- ReportsToId>- LastActivityDate>-",
    ),
    _source(
        "salesforce", "company", "BillingStreet BillingCity BillingPostalCode BillingState/Province AccountNumber AnnualRevenue",
        "Id>external_id AccountId>external_id Name>legal_name AccountName>legal_name Type>- ParentId>parent ParentAccount>parent BillingStreet>block"
        " BillingCity>city BillingState>prefecture BillingState/Province>prefecture BillingPostalCode>postal_code BillingZip/PostalCode>postal_code"
        " BillingCountry>country Phone>phone Fax>fax AccountNumber>- Website>url Industry>industry AnnualRevenue>annual_revenue"
        " NumberOfEmployees>employees Employees>employees Description>note OwnerId>owner AccountOwner>owner",
    ),
    _source(
        "salesforce", "deal", "StageName ForecastCategory IsWon IsClosed FiscalPeriod OpportunityName OpportunityOwner Probability(%)",
        "Id>external_id OpportunityId>external_id AccountId>company AccountName>company Name>title OpportunityName>title StageName>stage Stage>stage"
        " Amount>amount CloseDate>close_by Probability>probability Probability(%)>probability Type>- LeadSource>source IsClosed>- IsWon>- ForecastCategory>category NextStep>note"
        " OwnerId>owner OpportunityOwner>owner CreatedDate>opened_on FiscalPeriod>- Description>note",
    ),
    _source(
        "hubspot", "person", "コンタクト担当者 リードステータス ライフサイクルステージ 最終コンタクト レコードID",
        "レコードID>external_id 姓>family_name 名>given_name Eメール>email 電話番号>phone 携帯電話番号>mobile 役職>post 会社名>company コンタクト担当者>owner"
        " リードステータス>- ライフサイクルステージ>- 最終コンタクト>- 作成日>- 最終アクティビティ日>- 関連会社>company AssociatedCompany>company",
    ),
    _source(
        "hubspot", "company", "会社ドメイン名 会社担当者 レコードID",
        "レコードID>external_id 会社名>legal_name 会社ドメイン名>url 業種>industry 従業員数>employees 会社担当者>owner 電話番号>phone 市区町村>city"
        " 都道府県/地域>prefecture 国/地域>country 年間収益>annual_revenue 作成日>- 最終アクティビティ日>-",
    ),
    _source(
        "hubspot", "deal", "取引ステージ 取引担当者 取引名 レコードID クローズ日",
        "レコードID>external_id 取引名>title 取引ステージ>stage 金額>amount クローズ日>close_by パイプライン>pipeline 取引担当者>owner 作成日>opened_on 関連会社>company"
        " 関連コンタクト>person",
    ),
    _source(
        "hubspot", "person", "LifecycleStage ContactOwner LeadStatus RecordID LastActivityDate AssociatedCompanyIDs",
        "RecordID>external_id FirstName>given_name LastName>family_name Email>email PhoneNumber>phone MobilePhoneNumber>mobile JobTitle>post"
        " CompanyName>company ContactOwner>owner LeadStatus>- LifecycleStage>- LastActivityDate>- CreateDate>- AssociatedCompany>company"
        " AssociatedCompanyIDs>- MarketingContactStatus>-",
    ),
    _source(
        "hubspot", "company", "CompanyDomainName CompanyOwner RecordID",
        "RecordID>external_id CompanyName>legal_name CompanyDomainName>url CompanyOwner>owner PhoneNumber>phone City>city State/Region>prefecture"
        " Country/Region>country Industry>industry NumberOfEmployees>employees AnnualRevenue>annual_revenue CreateDate>- LastActivityDate>-",
    ),
    _source(
        "hubspot", "deal", "DealStage DealOwner DealName RecordID Pipeline",
        "RecordID>external_id DealName>title DealStage>stage Amount>amount CloseDate>close_by Pipeline>pipeline DealOwner>owner CreateDate>opened_on"
        " AssociatedCompany>company AssociatedContact>person DealType>- ClosedLostReason>lost_reason",
    ),
    _source(
        "zoho", "person", "見込み客のデータ元 見込み客ステータス 見込み客の担当者 連絡先の担当者",
        "姓>family_name 名>given_name 会社>company 取引先名>company 役職>post メール>email 電話番号>phone 携帯電話>mobile 見込み客のデータ元>- 見込み客ステータス>-"
        f" 見込み客の担当者>owner 連絡先の担当者>owner {_PERSON_PLACE} 詳細情報>note 市区町村>city 町名・番地>block Webサイト>company.url 業種>company.industry",
    ),
    _source(
        "zoho", "company", "顧客種別 取引先の担当者 詳細情報",
        "取引先名>legal_name 顧客種別>- 都道府県>prefecture 電話番号>phone 取引先の担当者>owner 業種>industry 従業員数>employees 年間売上>annual_revenue"
        " Webサイト>url 郵便番号>postal_code 市区町村>city 町名・番地>block 詳細情報>note FAX>fax",
    ),
    _source(
        "zoho", "deal", "総額 商談の担当者",
        "商談名>title 取引先名>company 連絡先名>person ステージ>stage 完了予定日>close_by 総額>amount 確度>probability 確度(%)>probability 商談の担当者>owner 見込み客のデータ元>source"
        " 詳細情報>note パイプライン>pipeline",
    ),
    _source(
        "zoho", "person", "LeadSource LeadOwner ContactOwner LeadStatus EmailOptOut NoofEmployees ZipCode",
        "LeadOwner>owner ContactOwner>owner Company>company AccountName>company FirstName>given_name LastName>family_name Title>post Email>email Phone>phone"
        " Mobile>mobile Fax>fax Website>company.url LeadSource>- LeadStatus>- Industry>company.industry NoofEmployees>company.employees Street>block City>city"
        " State>prefecture ZipCode>postal_code Country>country Description>note EmailOptOut>- RecordId>external_id",
    ),
    _source(
        "zoho", "deal", "DealOwner ClosingDate ExpectedRevenue ReasonForLoss",
        "RecordId>external_id DealOwner>owner Amount>amount DealName>title ClosingDate>close_by AccountName>company Stage>stage Type>-"
        " Probability(%)>probability ExpectedRevenue>- NextStep>- LeadSource>source ContactName>person CreatedTime>opened_on Description>note"
        " ReasonForLoss>lost_reason Pipeline>pipeline CampaignSource>- CreatedBy>- ModifiedBy>- ModifiedTime>-",
    ),
    _source(
        "outlook", "person", "E-mailAddress E-mailDisplayName BusinessStreet BusinessPhone",
        "Title>honorific FirstName>given_name MiddleName>- LastName>family_name Suffix>- Company>company Department>department JobTitle>post"
        " BusinessStreet>block BusinessStreet2>building BusinessStreet3>- BusinessCity>city BusinessState>prefecture BusinessPostalCode>postal_code"
        " BusinessCountry/Region>country HomeStreet>- HomeCity>- HomeState>- HomePostalCode>- HomeCountry/Region>- BusinessFax>fax BusinessPhone>phone"
        " BusinessPhone2>- HomePhone>- HomeFax>- MobilePhone>mobile Birthday>- Anniversary>- E-mailAddress>email E-mailType>- E-mailDisplayName>-"
        " E-mail2Address>- E-mail2Type>- E-mail2DisplayName>- Notes>note WebPage>company.url GivenYomi>given_kana SurnameYomi>family_kana"
        " CompanyYomi>company.name_kana Gender>- Categories>- Initials>- Keywords>- Language>- Location>- Priority>- Private>- Profession>- Sensitivity>-",
    ),
    _source(
        "linkedin", "person", "ConnectedOn Position",
        "FirstName>given_name LastName>family_name URL>- EmailAddress>email Company>company Position>post ConnectedOn>met_on",
    ),
    _source(
        "mailchimp", "person", "MEMBER_RATING OPTIN_TIME LEID EUID",
        "EmailAddress>email FirstName>given_name LastName>family_name Address>address PhoneNumber>phone Birthday>- MEMBER_RATING>- OPTIN_TIME>-"
        " OPTIN_IP>- CONFIRM_TIME>- CONFIRM_IP>- LATITUDE>- LONGITUDE>- GMTOFF>- DSTOFF>- TIMEZONE>- CC>- REGION>- LAST_CHANGED>- LEID>- EUID>- NOTES>note"
        " TAGS>-",
    ),
    _source(
        "dynamics", "deal", "Topic PotentialCustomer Est.CloseDate Est.Revenue ActualCloseDate",
        "Topic>title PotentialCustomer>company Account>company Contact>person Est.CloseDate>close_by Est.Revenue>amount ActualRevenue>- Probability>probability"
        " Rating>- Status>outcome StatusReason>- ActualCloseDate>closed_on Owner>owner CreatedOn>opened_on Description>note",
    ),
    _source(
        "kintone", "deal", "先方担当者名 案件担当者名 見込み時期 ユーザー数 レコード番号",
        "レコード番号>external_id 案件名>title 会社名>company 部署名>person.department 先方担当者名>person TEL>- FAX>- メールアドレス>- 見込み時期>close_by"
        " 確度>stage 製品名>product 単価>- ユーザー数>- 小計>amount 合計費用>amount 案件担当者名>owner 作成者>- 作成日時>opened_on 更新者>- 更新日時>- 備考>note",
    ),
    _source(
        "kintone", "company", "先方担当者名 顧客担当者名 レコード番号 更新者 作成者",
        "レコード番号>external_id 会社名>legal_name 部署名>person.department 先方担当者名>person.full_name 担当者名>person.full_name 顧客担当者名>person.full_name 郵便番号>postal_code 住所>address"
        " TEL>phone FAX>fax メールアドレス>person.email 備考>note 作成者>- 作成日時>- 更新者>- 更新日時>- 顧客ランク>-",
    ),
    _source(
        "freee", "company", "名前(通称) ショートカット1 ショートカット2 正式名称(帳票出力時に使用される名称) 事業所種別 建物名・部屋番号など",
        "名前(通称)>short_name 取引先コード>external_id ショートカット1>- ショートカット2>- 正式名称(帳票出力時に使用される名称)>legal_name カナ名称>name_kana 敬称>-"
        " 事業所種別>- 地域>country 郵便番号>postal_code 都道府県>prefecture 市区町村・番地>address 建物名・部屋番号など>building 電話番号>phone"
        " 担当者名>person.full_name メールアドレス>person.email 適格請求書発行事業者登録番号>invoice_number 登録番号>invoice_number",
    ),
    _source(
        "moneyforward", "company", "csv_type(変更不可) 行形式 お支払期限 取引先名称 自社担当者氏名 入金ステータス 郵送ステータス",
        "csv_type(変更不可)>- 行形式>- 取引先名称>legal_name 件名>deal.title 請求日>- お支払期限>- 請求書番号>- 売上計上日>- メモ>- タグ>- 小計>- 消費税>-"
        " (源泉徴収税)>- 合計金額>deal.amount 取引先敬称>- 取引先郵便番号>postal_code 取引先都道府県>prefecture 取引先住所1>address 取引先住所2>building"
        " 取引先部署>person.department 取引先担当者役職>person.post 取引先担当者氏名>person.full_name 自社担当者氏名>owner 備考>- 振込先>- 入金ステータス>-"
        " メール送信ステータス>- 郵送ステータス>- ダウンロードステータス>- 納品日>- 品名>product.name 品目コード>product.code 単価>product.list_price 数量>-"
        " 単位>product.unit 納品書番号>- 詳細>- 金額>- (源泉徴収)>- 品目消費税率>product.tax_class",
    ),
    _source(
        "cybozu", "person", "よみ(姓) よみ(名) 名前(姓) 名前(名) 会社よみ",
        f"名前(姓)>family_name 名前(名)>given_name よみ(姓)>family_kana よみ(名)>given_kana 会社名>company 会社よみ>company.name_kana 顧客コード>external_id {_PERSON_PLACE}"
        " 部署>department 部課名>department 役職>post 役職名>post 電話番号>phone 会社電話番号>company.phone 個人電話番号>phone FAX番号>fax 会社FAX番号>fax"
        " 携帯電話番号>mobile 個人メールアドレス>email メールアドレス>email URL>company.url メモ>note",
    ),
)  # fmt: skip

CARDS = frozenset({"eight", "sansan"})
"""Programs that keep business cards: the address on a card is the company's as well."""
