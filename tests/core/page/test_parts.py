"""Small markup: right classes, escaped data."""

import re
from pathlib import Path

import pytest

from noren.core.page import parts


@pytest.mark.parametrize(
    ("name", "sign"),
    [
        ("佐藤 美咲", "佐"),
        ("株式会社ほしの精工", "ほ"),
        ("医療法人ときわ会", "と"),
        ("Misaki Sato", "MS"),
        ("cher", "C"),
        ("", "?"),
        ("株式会社", "?"),
    ],
)
def test_avatar_shows_who_it_is(name: str, sign: str) -> None:
    assert parts.initial(name) == sign


def test_the_same_name_always_has_the_same_shade() -> None:
    assert parts.avatar("佐藤 美咲") == parts.avatar("佐藤 美咲")


def test_data_is_escaped() -> None:
    evil = '"><script>'
    made = (
        parts.tag(evil)
        + parts.avatar(evil, evil)
        + parts.who(evil)
        + parts.number(evil, evil)
        + parts.next_line(evil, note=evil)
    )
    made += parts.cell(evil, edit=evil) + parts.cells(evil, evil, [])
    assert "<script>" not in made


def test_ready_markup_stays_as_it_is() -> None:
    assert parts.cell(parts.tag("x"), "num", phone="tag") == '<td class="num p-tag"><span class="tag">x</span></td>'


def test_first_column_leaves_room_for_the_tick() -> None:
    assert 'class="stick2 p-title"' in parts.cells("/1/", "A", [])
    assert 'class="stick p-title"' in parts.cells("/1/", "A", [], ticks=False)


def test_a_short_code_in_a_title_stays_on_one_line() -> None:
    assert parts.whole("<b> AK-H30 更新") == '&lt;b&gt; <span class="nb">AK-H30</span> 更新'
    assert parts.whole("(PT-40)") == '(<span class="nb">PT-40</span>)'
    for plain in ("follow-up of the visit", "AK-H30-LONGER-THAN-ANY-CODE", "温度ロガー", "2026-", "R-abc"):
        assert parts.whole(plain) == plain


def test_every_icon_that_code_names_is_drawn() -> None:
    source = Path(parts.__file__).parents[2]
    drawn = set(re.findall(r'id="i-([\w-]+)"', (Path(parts.__file__).parent / "static/icons.svg").read_text()))
    named = {name for path in source.rglob("*.py") for name in re.findall(r'"icon": "([\w-]+)"', path.read_text())}
    assert named - drawn == set()
