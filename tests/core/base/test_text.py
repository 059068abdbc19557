"""Keys of text: folding, grams, reading order, and what is safe to store."""

import random
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from noren.core.base.text import SEP, VARIANTS, clean, fold, grams, index_row, kana_key, query_grams

CHARACTERS = "山田太郎髙高﨑崎浜濱邊辺齋斎々〆ヶケカがガゔヴーﾀﾞｶﾞ゛゜㈱①…～〜−‐-ａＡzZß𠮷𩸽é한 　\u200b\u0301\u3099\ufe00\U000e0100\x00\x1f@.09%_'"
texts = st.one_of(st.text(alphabet=CHARACTERS, max_size=20), st.text(max_size=20))


@pytest.mark.parametrize(
    ("typed", "folded"),
    [
        ("ヤマダ", "やまだ"),
        ("ﾔﾏﾀﾞ", "やまだ"),
        ("やまだ", "やまだ"),
        ("ＡＢＣ", "abc"),
        ("㈱山田", "(株)山田"),
        ("㍿山田", "株式会社山田"),
        ("髙﨑", "高崎"),
        ("嵜濵濱邊邉澤廣", "崎浜浜辺辺沢広"),
        ("齋齊斎斉", "斎斉斎斉"),
        ("德栁冨槗𠮷彌國櫻眞惠瀨曻", "徳柳富橋吉弥国桜真恵瀬昇"),
        ("霞ヶ関", "霞け関"),
        ("ヴ", "ゔ"),
        ("03−1234‐5678", "03-1234-5678"),
        ("データ", "でーた"),
        ("〜～~", "~~~"),
        ("山\u200b田\ufeff\x00", "山田"),
        ("葛\U000e0100城", "葛城"),
        ("a\tb\nc", "a b c"),
        ("か\u200b\u3099", "が"),
    ],
)
def test_spellings_of_one_text_fold_to_the_same_key(typed: str, folded: str) -> None:
    assert fold(typed) == folded


def test_nfkc_alone_is_not_enough_for_matching() -> None:
    for variant in VARIANTS:
        assert unicodedata.normalize("NFKC", variant) != VARIANTS[variant]


@settings(max_examples=400, deadline=None)
@given(texts)
def test_folding_twice_changes_nothing(s: str) -> None:
    assert fold(fold(s)) == fold(s)


@settings(deadline=None)
@given(texts)
def test_no_field_can_contain_the_separator(s: str) -> None:
    assert SEP not in fold(s)
    assert "\x00" not in fold(s)


@settings(max_examples=400, deadline=None)
@given(texts, st.data())
def test_every_part_of_a_text_asks_only_for_grams_the_text_has(s: str, data: st.DataObject) -> None:
    text = fold(s)
    start = data.draw(st.integers(0, len(text)))
    stop = data.draw(st.integers(start, len(text)))

    assert set(query_grams(text[start:stop])) <= set(grams(text))


@settings(deadline=None)
@given(texts, texts, texts)
def test_a_query_between_other_text_is_found_by_its_grams(before: str, query: str, after: str) -> None:
    text = fold(before + query + after)

    if fold(query) in text:
        assert set(query_grams(fold(query))) <= set(grams(text))


@settings(deadline=None)
@given(texts)
def test_grams_fit_the_index(s: str) -> None:
    found = grams(fold(s))

    assert len(found) == len(set(found))
    assert all(-(2**31) <= gram < 2**31 for gram in found)


def test_one_kanji_two_kana_and_three_letters_are_enough_to_ask_the_index() -> None:
    assert query_grams("林")
    assert query_grams("やま")
    assert query_grams("abc")
    assert query_grams("や") == query_grams("ab") == query_grams("") == []


def test_grams_of_different_kinds_never_collide() -> None:
    assert not set(grams("林")) & set(grams("abc"))
    assert set(query_grams("田中")).isdisjoint(grams("中田"))


def test_grams_do_not_span_fields() -> None:
    assert set(query_grams("田山")).isdisjoint(grams(SEP.join(["山田", "山本"])))


@pytest.mark.parametrize(
    ("raw", "stored"),
    [
        ("a\r\nb\rc\nd", "a\nb\nc\nd"),
        ("山\x00田", "山田"),
        ("山\ud800田", "山田"),
        ("神塚髙﨑 ㈱　〜\t葛\U000e0100", "神塚髙﨑 ㈱　〜\t葛\U000e0100"),
    ],
)
def test_cleaning_keeps_everything_that_can_be_stored(raw: str, stored: str) -> None:
    assert clean(raw) == stored


@settings(deadline=None)
@given(st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\x00\r")))
def test_clean_text_is_untouched(s: str) -> None:
    assert clean(s) == s


ORDER = ["あ", "ア", "い", "ヴ", "か", "が", "かあ", "ガア", "かき", "がき", "キャ", "きや", "サーバ", "サアビ", "んん"]


def test_readings_sort_in_the_order_of_the_fifty_sounds() -> None:
    shuffled = random.Random(1).sample(ORDER, len(ORDER))

    assert [kana_key(s) for s in sorted(shuffled, key=lambda s: kana_key(s).encode())] == [kana_key(s) for s in ORDER]


def test_letters_follow_kana_then_names_without_reading_then_nothing() -> None:
    names = ["", "田中", "Zeta", "わたなべ", "ABC", "あべ", "123"]

    assert sorted(names, key=lambda s: kana_key(s).encode()) == ["あべ", "わたなべ", "ABC", "Zeta", "123", "田中", ""]


def test_width_and_kind_of_kana_do_not_change_the_place() -> None:
    assert kana_key("ｻﾄｳ") == kana_key("サトウ") == kana_key("さとう")


@pytest.mark.parametrize(
    ("reading", "row"),
    [
        *zip("アガサダナパマヤラワ", "あかさたなはまやらわ", strict=True),
        ("ヴィ", "あ"),
        ("ーん", "わ"),
        ("ﾀﾅｶ", "た"),
        ("ャ", "や"),
        ("Ｔaro", "A-Z"),
        ("田中", "他"),
        ("3", "他"),
        ("", "他"),
    ],
)
def test_the_index_bar_letter_of_a_reading(reading: str, row: str) -> None:
    assert index_row(reading) == row
