import pytest

from noren.core.base.japan.address import Address, address_key, split_address
from noren.core.base.japan.postal import municipalities

REST = "本町1-2"


def test_every_municipality_is_split_off_after_its_prefecture() -> None:
    wrong = [
        m
        for m in municipalities()
        if split_address(m.prefecture + m.city + REST) != Address(m.prefecture, m.city, REST)
    ]

    assert wrong == []


def test_without_prefecture_only_two_cities_are_ambiguous() -> None:
    asked = set()
    for m in municipalities():
        found = split_address(m.city + REST)
        if found.ambiguous:
            asked.add(m.city)
            assert (m.prefecture, m.city) in found.ambiguous
            assert (found.prefecture, found.city, found.town_rest) == ("", m.city, REST)
        else:
            assert found == Address(m.prefecture, m.city, REST)

    assert asked == {"伊達市", "府中市"}


def test_without_district_every_town_is_found_or_asked_for() -> None:
    asked = set()
    for m in municipalities():
        district, found_mark, town = m.city.partition("郡")
        if not (district and found_mark and town.endswith(("町", "村"))):
            continue
        assert split_address(m.prefecture + town + REST) == Address(m.prefecture, m.city, REST)
        found = split_address(town + REST)
        if found.ambiguous:
            asked.add(town)
            assert (m.prefecture, m.city) in found.ambiguous
        else:
            assert found == Address(m.prefecture, m.city, REST)

    assert len(asked) == 23
    assert {"南部町", "池田町"} <= asked


@pytest.mark.parametrize(
    ("typed", "prefecture", "city", "rest"),
    [
        ("墨田区江東橋1-2", "東京都", "墨田区", "江東橋1-2"),
        ("堺市西区浜寺", "大阪府", "堺市西区", "浜寺"),
        ("四日市市諏訪町", "三重県", "四日市市", "諏訪町"),
        ("市川市八幡", "千葉県", "市川市", "八幡"),
        ("町田市森野", "東京都", "町田市", "森野"),
        ("余市町黒川町", "北海道", "余市郡余市町", "黒川町"),
        ("十日町市千歳町", "新潟県", "十日町市", "千歳町"),
        ("廿日市市下平良", "広島県", "廿日市市", "下平良"),
        ("柴田郡村田町大字村田", "宮城県", "柴田郡村田町", "大字村田"),
        ("〒100-0005　東京都 千代田区 丸の内1-9-1 ビル", "東京都", "千代田区", "丸の内1-9-1 ビル"),
        ("龍ヶ崎市馴柴町", "茨城県", "龍ケ崎市", "馴柴町"),
        ("大阪市中之島", "大阪府", "大阪市", "中之島"),
        ("東京都どこか", "東京都", "", "どこか"),
        ("London SW1", "", "", "London SW1"),
        ("", "", "", ""),
    ],
)
def test_addresses_split_by_the_longest_name(typed: str, prefecture: str, city: str, rest: str) -> None:
    assert split_address(typed) == Address(prefecture, city, rest)


def test_a_city_that_exists_twice_is_asked_for() -> None:
    assert split_address("府中市宮町") == Address("", "府中市", "宮町", (("東京都", "府中市"), ("広島県", "府中市")))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("丸の内一丁目９番１号", "丸ノ内1-9-1"),
        ("丸の内１丁目９番地１", "丸の内 1−9−1"),
        ("霞ヶ関二十三番地の4", "霞が関23-4"),
        ("大字青山字北３番地", "青山北3"),
        ("丸の内1-9-1 丸ビル", "丸の内1丁目9番1号丸ビル"),
        ("髙町１ー２", "高町1-2"),
        ("北一条西", "北1条西"),
    ],
)
def test_spellings_of_one_address_share_a_key(one: str, other: str) -> None:
    assert address_key(one) == address_key(other)


def test_different_addresses_keep_different_keys() -> None:
    assert address_key("丸の内1-9-1") != address_key("丸の内1-91")
    assert address_key("三田1-2") != address_key("二田1-2")
