import pytest

from noren.core.base.japan.kana import is_kana, kana_input, to_katakana
from noren.core.base.japan.values import Unreadable


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("ｻﾄｳ", "サトウ"),
        ("さとう", "サトウ"),
        ("サトウ", "サトウ"),
        ("ゔ", "ヴ"),
        ("さとー", "サトー"),
        ("ｻﾄ-", "サトー"),
        ("やまだ　 たろう", "ヤマダ タロウ"),
        ("ジョン・スミス", "ジョン・スミス"),
        ("ｓｍｉｔｈ", "SMITH"),
        ("", ""),
    ],
)
def test_readings_are_stored_as_full_width_katakana(typed: str, stored: str) -> None:
    assert kana_input(typed) == stored


@pytest.mark.parametrize(("typed", "wrong"), [("山田", "山田"), ("ヤマダ3", "3"), ("やま田", "田"), ("ヤマダ!", "!")])
def test_a_reading_with_anything_else_is_refused_and_the_culprits_named(typed: str, wrong: str) -> None:
    with pytest.raises(Unreadable) as refused:
        kana_input(typed)

    assert refused.value.code == "kana.not_kana"
    assert refused.value.params == {"characters": wrong}


def test_letters_can_be_kept_out_of_readings() -> None:
    with pytest.raises(Unreadable):
        kana_input("SMITH", letters=False)


def test_katakana_conversion_leaves_kanji_alone() -> None:
    assert to_katakana("山田たろうﾊﾟ") == "山田タロウパ"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("やまだ", True),
        ("ﾔﾏﾀﾞ", True),
        ("ヤマダ タロー", True),
        ("山田", False),
        ("ABC", False),
        ("ー", False),
        ("", False),
    ],
)
def test_what_counts_as_kana(text: str, expected: bool) -> None:
    assert is_kana(text) is expected
