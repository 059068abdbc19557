import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from noren.core.base.japan.company import (
    ABBREVIATIONS,
    BANK_FORMS,
    FORMS,
    name_key,
    parse_form,
    query_terms,
    strip_honorific,
)
from noren.core.base.text import SEP, fold, grams, query_grams


@pytest.mark.parametrize(
    ("name", "key", "form", "position"),
    [
        ("㈱山田商店", "山田商店", "株式会社", "before"),
        ("山田商店（株）", "山田商店", "株式会社", "after"),
        ("株式会社　山田商店", "山田商店", "株式会社", "before"),
        ("㍿ 山田商店", "山田商店", "株式会社", "before"),
        ("㈲ﾔﾏﾀﾞﾃｯｸ", "ヤマダテック", "有限会社", "before"),
        ("(有)ヤマダ・テック", "ヤマダテック", "有限会社", "before"),
        ("(同)DMM．COM", "dmmcom", "合同会社", "before"),
        ("合同会社DMM.com", "dmmcom", "合同会社", "before"),
        ("株式会社髙﨑製作所", "高崎製作所", "株式会社", "before"),
        ("高崎製作所株式会社", "高崎製作所", "株式会社", "after"),
        ("医療法人社団 山田会", "山田会", "医療法人社団", "before"),
        ("医療法人山田会", "山田会", "医療法人", "before"),
        ("（一社）山田協会", "山田協会", "一般社団法人", "before"),
        ("特定非営利活動法人　あおぞら", "あおぞら", "特定非営利活動法人", "before"),
        ("山田商店", "山田商店", "", "none"),
        ("A&B ＆ サーバー・ワークス", "abサバワクス", "", "none"),
        ("カ)ヤマダ", "ヤマダ", "株式会社", "before"),
        ("ﾔﾏﾀﾞ(ｶ", "ヤマダ", "株式会社", "after"),
        ("ﾔﾏﾀﾞ(ｶ)ｷﾞﾝｻﾞ", "ヤマダギンザ", "株式会社", "after"),
        ("ﾄｸﾋ)ｱｵｿﾞﾗ", "アオゾラ", "特定非営利活動法人", "before"),
        ("ﾔﾏﾀﾞ(ｶ)ｷﾞﾝｻﾞ(ｴｲ", "ヤマダギンザ", "株式会社", "after"),
    ],
)
def test_names_of_one_company_share_a_key_and_tell_their_form(name: str, key: str, form: str, position: str) -> None:
    assert name_key(name) == key
    assert parse_form(name) == (form, position)


@pytest.mark.parametrize("name", ["株式会社", "㈱", "（株）", "株式会社 ㈱", " 　", "・-"])
def test_a_form_alone_is_no_name(name: str) -> None:
    assert name_key(name) == ""


@pytest.mark.parametrize("form", FORMS)
def test_every_form_is_taken_off_either_end(form: str) -> None:
    assert name_key(f"{form}山田") == name_key(f"山田{form}") == name_key(f"山田　{form}") == "山田"
    assert parse_form(f"{form}山田") == (form, "before")
    assert parse_form(f"山田{form}") == (form, "after")


@pytest.mark.parametrize("short", ABBREVIATIONS)
def test_every_abbreviation_is_understood_in_brackets_only(short: str) -> None:
    assert name_key(f"({short})山田") == name_key(f"山田（{short}）") == "山田"
    assert name_key(f"{short}山田") != "山田"


@pytest.mark.parametrize(("short", "form"), BANK_FORMS.items())
def test_bank_forms_are_understood(short: str, form: str) -> None:
    assert parse_form(f"{short})ヤマダ") == (form, "before")
    assert parse_form(f"ヤマダ({short}") == (form, "after")
    assert name_key(f"{short})ヤマダ") == name_key(f"ヤマダ({short}") == "ヤマダ"


PIECES = [
    "株式会社",
    "㈱",
    "(株)",
    "(カ)",
    "カ)",
    "(ｶ",
    "医療法人",
    "社団",
    "山田",
    "ヤマダ",
    "髙",
    "ß",
    "İ",
    "A",
    "＆",
    "・",
    "ー",
    " ",
    "(",
    ")",
]


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.lists(st.sampled_from(PIECES), max_size=7).map("".join), st.text(max_size=20)))
def test_a_key_is_its_own_key(name: str) -> None:
    assert name_key(name_key(name)) == name_key(name)


def test_the_honorific_is_taken_off() -> None:
    assert strip_honorific("株式会社　A 御中") == "株式会社　A"


@pytest.mark.parametrize(
    "query",
    [
        "やまだ",
        "ﾔﾏﾀﾞ",
        "ヤマダ",
        "山田",
        "㈱山田",
        "株式会社 山田",
        "山田商店（株）",
        "yamada@",
        "ＹＡＭＡＤＡ",
        "03-1234",
        "0312",
        "T7000",
        "山田　T7000 0312",
    ],
)
def test_a_company_is_found_in_every_spelling(query: str) -> None:
    fields = [
        "株式会社　山田商店",
        name_key("株式会社　山田商店"),
        "ヤマダショウテン",
        "yamada@example.jp",
        "03-1234-5678",
        "0312345678",
        "T7000012050002",
    ]
    text = SEP.join(map(fold, fields))

    terms = query_terms(query)

    assert terms
    assert all(term in text for term in terms)
    assert all(set(query_grams(term)) <= set(grams(text)) for term in terms)


def test_a_search_for_a_form_alone_asks_for_the_form() -> None:
    assert query_terms("株式会社") == ["株式会社"]
    assert query_terms(" 　") == []
    assert query_terms("100% _?'") == ["100%", "_?'"]
