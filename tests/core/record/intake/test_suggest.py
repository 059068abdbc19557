"""Slips are recognized as slips, and different names stay different."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noren.core.record.intake.matching.suggest import WORDS, Names, closest, clusters, distance, key

PRODUCTS = ["GTX Basic", "GTX Pro", "MG Special", "MG Advanced", "GTX Plus Pro", "GTX Plus Basic", "GTK 500"]


@pytest.mark.parametrize(
    ("value", "names", "want"),
    [
        ("GTXPro", PRODUCTS, "GTX Pro"),
        ("ＧＴＸ　ｐｒｏ", PRODUCTS, "GTX Pro"),
        ("GTX Plus Baisc", PRODUCTS, "GTX Plus Basic"),
        ("technolgy", WORDS["company.industry"], "technology"),
        ("telecomunications", WORDS["company.industry"], "telecommunications"),
        ("サービス 業", WORDS["company.industry"], "サービス業"),
        ("Moses Frasse", ["Moses Frase", "Darcel Schlecht"], "Moses Frase"),
        ("ｶﾌﾞｼｷｶﾞｲｼｬ", ["カブシキガイシャ"], "カブシキガイシャ"),
    ],
)
def test_the_closest_name_is_suggested(value: str, names: list[str], want: str) -> None:
    assert closest(value, names)[0].name == want


@pytest.mark.parametrize(
    ("value", "names"),
    [
        ("GTK 501", PRODUCTS),
        ("Area 1", ["Area 2"]),
        ("田中商店", ["田口商店"]),
        ("ABC", ["ABD"]),
        ("retail", ["medical"]),
        ("", ["a"]),
        ("!!", ["a"]),
    ],
)
def test_other_things_are_not_suggested(value: str, names: list[str]) -> None:
    assert closest(value, names) == []


@pytest.mark.parametrize(
    ("value", "want"),
    [
        ("ヒヤリング", "ヒアリング"),
        ("ﾋｱﾘﾝｸﾞ", "ヒアリング"),
        ("ヒアリンク", "ヒアリング"),
        ("くろーじんぐ", "クロージング"),
        ("クロージンク", "クロージング"),
        ("提案中", "提案"),
        ("見積り提出", "見積提出"),
        ("見積提示", "見積提出"),
        ("初回接触済み", "初回接触"),
    ],
)
def test_short_japanese_words_of_the_firm_are_near(value: str, want: str) -> None:
    stages = Names(["初回接触", "ヒアリング", "提案", "見積提出", "クロージング"], bold=True)
    assert [one.name for one in stages.closest(value)][:1] == [want]


@pytest.mark.parametrize("value", ["失注", "契約", "案", "ヒント", "受注", "訪問"])
def test_other_short_words_are_not(value: str) -> None:
    assert Names(["初回接触", "ヒアリング", "提案", "見積提出", "クロージング"], bold=True).closest(value) == []


@pytest.mark.parametrize(
    ("value", "want"),
    [
        ("齋藤花子", ["斎藤 花子"]),
        ("斉藤　花子", ["斎藤 花子"]),
        ("渡邉太一", ["渡辺 太一"]),
        ("斎藤", ["斎藤 花子"]),
        ("佐藤", ["佐藤 誠", "佐藤 美咲"]),
        ("佐藤実咲", ["佐藤 美咲"]),
        ("高橋", []),
    ],
)
def test_colleagues_are_near_by_family_name_old_kanji_or_a_slip(value: str, want: list[str]) -> None:
    names = Names(["斎藤 花子", "渡辺 太一", "佐藤 美咲", "佐藤 誠"], bold=True)
    assert [one.name for one in names.closest(value)] == want


def test_equal_but_for_spaces_beats_near() -> None:
    assert [(one.name, one.reason) for one in closest("GTX-PRO", ["GTX Pro", "GTX Prö"])] == [("GTX Pro", "same")]


def test_the_most_frequent_spelling_of_a_column_wins() -> None:
    column = ["technology"] * 20 + ["technolgy"] * 3 + ["Technology"] * 2 + ["retail"] * 9 + ["medical"] * 5
    found = clusters(column)
    assert [(one.keep, one.count, one.others) for one in found] == [
        ("technology", 20, (("technolgy", 3), ("Technology", 2)))
    ]


def test_two_frequent_spellings_are_not_thrown_together() -> None:
    assert clusters({"Johnson Ltd": 10, "Johnsen Ltd": 9}) == []


@pytest.mark.parametrize(
    ("left", "right", "want"),
    [
        ("abc", "abc", 0),
        ("abc", "acb", 1),
        ("abc", "ab", 1),
        ("abc", "abcd", 1),
        ("abc", "axc", 1),
        ("abcd", "badc", 2),
        ("abc", "xyz", 3),
    ],
)
def test_distance_counts_single_edits_and_swaps(left: str, right: str, want: int) -> None:
    assert distance(left, right, 3) == want
    assert distance(left, right, want - 1) == want if want else True


@given(st.text(alphabet="abcd", max_size=8), st.text(alphabet="abcd", max_size=8))
def test_distance_is_the_same_both_ways_and_zero_only_for_equals(left: str, right: str) -> None:
    assert distance(left, right, 9) == distance(right, left, 9)
    assert (distance(left, right, 9) == 0) == (left == right)


@given(st.text(alphabet="abcdefghij", min_size=7, max_size=14), st.data())
def test_a_single_slip_in_a_long_name_is_always_found(name: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(name) - 1))
    slip = data.draw(
        st.sampled_from([name[:at] + name[at + 1 :], name[:at] + "k" + name[at:], name[:at] + "k" + name[at + 1 :]])
    )
    found = closest(slip, [name, "zzzzzzzzz"])
    if len(key(slip)) >= 7:
        assert [one.name for one in found] == [name]


def test_look_ups_among_ten_thousand_similar_names_are_quick() -> None:
    syllables = ["ka", "to", "mi", "ra", "shi", "no", "be", "yu", "gi", "so"]
    names = ["".join(syllables[int(digit)] for digit in f"{number:05d}") for number in range(10_000)]
    index = Names(names)
    started = time.process_time()
    for name in names[:100]:
        index.closest(name[:4] + "x" + name[5:])
    assert time.process_time() - started < 2.5
