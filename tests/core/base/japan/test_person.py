import pytest

from noren.core.base.japan.person import addressee, display_name, split_full_name, strip_honorific


@pytest.mark.parametrize(
    ("company", "department", "person", "line"),
    [
        ("", "", "", ""),
        ("株式会社A", "", "", "株式会社A 御中"),
        ("", "購買部", "", "購買部 御中"),
        ("", "", "山田 太郎", "山田 太郎 様"),
        ("株式会社A", "購買部", "", "株式会社A 購買部 御中"),
        ("株式会社A", "", "山田 太郎", "株式会社A 山田 太郎 様"),
        ("", "購買部", "山田 太郎", "購買部 山田 太郎 様"),
        ("株式会社A", "購買部", "山田 太郎", "株式会社A 購買部 山田 太郎 様"),
    ],
)
def test_an_organisation_is_onchu_and_a_person_sama_never_both(
    company: str, department: str, person: str, line: str
) -> None:
    assert addressee(company, department, "", person) == line


def test_the_post_stands_before_the_name() -> None:
    assert addressee("株式会社A", "購買部", "部長", "山田 太郎") == "株式会社A 購買部 部長 山田 太郎 様"
    assert addressee(post="部長", person="山田") == "部長 山田 様"


def test_another_honorific_only_when_chosen_and_only_for_people() -> None:
    assert addressee(person="山田 太郎", honorific="殿") == "山田 太郎 殿"
    assert addressee(person="山田 太郎", honorific="先生") == "山田 太郎 先生"
    assert addressee("株式会社A", honorific="殿") == "株式会社A 御中"
    assert addressee("株式会社A", person="山田", honorific="御中") == "株式会社A 山田 様"
    assert addressee("株式会社A", "社員", honorific="各位") == "株式会社A 社員 各位"
    assert addressee("株式会社A", person="山田", honorific="none") == "株式会社A 山田"


def test_an_honorific_already_written_is_not_doubled() -> None:
    assert addressee("株式会社A 御中", person="山田様") == "株式会社A 山田 様"


def test_names_are_shown_in_the_order_of_the_reader() -> None:
    assert display_name("山田", "太郎", "ja") == "山田 太郎"
    assert display_name("山田", "太郎", "ja", honorific="様", gap="　") == "山田　太郎　様"
    assert display_name("Yamada", "Taro", "en") == "Taro Yamada"
    assert display_name("Yamada", "Taro", "en", capitals=True) == "Taro YAMADA"
    assert display_name("Yamada", "Taro", "ja", capitals=True) == "YAMADA Taro"
    assert display_name("山田", "太郎", "en", honorific="様") == "山田 太郎"
    assert display_name("山田", "", "ja", honorific="様") == "山田 様"
    assert display_name("", "", "ja", honorific="様") == ""


@pytest.mark.parametrize(
    ("full", "parts"),
    [
        ("山田 太郎", ("山田", "太郎")),
        ("山田　太郎 様", ("山田", "太郎")),
        ("山田/太郎", ("山田", "太郎")),
        ("山田太郎", None),
        ("山田", None),
        ("", None),
        ("山田 太郎 次郎", None),
        ("John Smith", ("Smith", "John")),
        ("YAMADA Taro", ("YAMADA", "Taro")),
        ("ジョン・スミス", ("スミス", "ジョン")),
    ],
)
def test_a_full_name_is_split_only_where_a_mark_shows_it(full: str, parts: tuple[str, str] | None) -> None:
    assert split_full_name(full) == parts


@pytest.mark.parametrize(
    ("typed", "bare"),
    [
        ("山田様", "山田"),
        ("山田 太郎 様", "山田 太郎"),
        ("山田さん", "山田"),
        ("山田先生", "山田"),
        ("山田 殿", "山田"),
        ("鵜殿", "鵜殿"),
        ("株式会社　A 御中", "株式会社　A"),
        ("様", "様"),
        ("山田", "山田"),
    ],
)
def test_honorifics_are_taken_off_on_import(typed: str, bare: str) -> None:
    assert strip_honorific(typed) == bare
