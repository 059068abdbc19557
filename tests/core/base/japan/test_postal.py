from collections import defaultdict

import pytest

from noren.core.base.japan import postal
from noren.core.base.japan.postal import cities, format_code, lookup, municipalities, normalize_code, suggest


@pytest.mark.parametrize("typed", ["1000005", "100-0005", "〒100-0005", "１００－０００５", " 〒１００ー０００５ "])
def test_a_code_is_found_in_every_spelling(typed: str) -> None:
    (place,) = lookup(typed)

    assert (place.prefecture, place.city, place.town) == ("東京都", "千代田区", "丸の内")
    assert (place.prefecture_kana, place.city_kana, place.town_kana) == ("トウキョウト", "チヨダク", "マルノウチ")


def test_a_code_may_lie_in_two_prefectures() -> None:
    assert {(p.prefecture, p.city, p.town) for p in lookup("498-0000")} == {
        ("愛知県", "弥富市", ""),
        ("三重県", "桑名郡木曽岬町", ""),
    }


def test_a_code_may_name_two_towns() -> None:
    assert [p.town for p in lookup("072-0819")] == ["共練町東", "共練町西"]


def test_a_long_row_of_the_source_is_one_place_read_once() -> None:
    assert [(p.town, p.town_kana) for p in lookup("604-0865")] == [("亀屋町", "カメヤチョウ")]
    assert [(p.town, p.town_kana) for p in lookup("602-8368")] == [("北町", "キタマチ")]
    assert [(p.town, p.town_kana) for p in lookup("038-1311")] == [("浪岡浪岡", "ナミオカナミオカ")]


def test_a_code_for_all_other_towns_leaves_the_town_blank() -> None:
    assert [(p.city, p.town) for p in lookup("060-0000")] == [("札幌市中央区", "")]


def test_a_business_has_its_own_code() -> None:
    (place,) = lookup("060-8621")

    assert (place.city, place.town) == ("札幌市中央区", "北一条西")
    assert place.block.startswith("6丁目1-2")
    assert place.business.startswith("株式会社")


def test_a_tower_has_a_code_per_floor() -> None:
    assert [p.note for p in lookup("100-6201")] == ["1階"]


@pytest.mark.parametrize("typed", ["", "100", "10000055", "0000000", "9999999", "abc", "100-000A", "100000٥"])
def test_unknown_codes_give_nothing(typed: str) -> None:
    assert lookup(typed) == []


def test_three_digits_list_the_cities_under_them() -> None:
    found = cities("498")

    assert {m.city for m in found} == {"弥富市", "桑名郡木曽岬町"}
    assert len(found) == len(set(found))
    assert cities("49") == cities("x") == []
    assert len(suggest("100", limit=5)) == 5
    assert all(place.code.startswith("1006") for place in suggest("100-6", limit=500))


def test_the_whole_table_is_complete_and_clean() -> None:
    areas, businesses = defaultdict(set), set()
    for code, (city, town, _kana, _block, business, _note) in postal._between("0000000", "9999999"):
        if business:
            businesses.add(code)
        else:
            areas[code].add(city)
        assert "掲載がない" not in town
        assert "（" not in town
    where = municipalities()

    assert (len(areas), len(businesses)) == (120_720, 22_200)
    assert sum(len(cities) > 1 for cities in areas.values()) == 134
    assert sum(len({where[int(city)].prefecture for city in cities}) > 1 for cities in areas.values()) == 3
    assert all(lookup(code) for code in list(areas)[::997])


def test_the_table_is_small() -> None:
    assert len(postal._table().data) < 1_700_000
    assert len(municipalities()) == 1892
    assert len({m.prefecture for m in municipalities()}) == 47
    assert postal.edition() >= "2026-10"


def test_codes_are_shown_with_their_hyphen() -> None:
    assert format_code(normalize_code("〒1000005")) == "100-0005"
    assert format_code("100") == "100"
