"""vCards as telephones, address books and old mail programs write them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from noren.contacts.models import Company, Person
from noren.core.record.declare import record_of
from noren.core.record.intake import run as intake
from noren.core.record.intake.problem import Problem
from noren.core.record.intake.table.card import COLUMNS
from noren.core.record.intake.table.read import open_table

IPHONE = (
    "BEGIN:VCARD\r\nVERSION:3.0\r\nPRODID:-//Apple Inc.//iPhone OS 17.0//EN\r\nN:高野;真由美;;;\r\nFN:高野 真由美\r\n"
    "X-PHONETIC-FIRST-NAME:まゆみ\r\nX-PHONETIC-LAST-NAME:たかの\r\nORG:株式会社みなと;営業部;第一課\r\nTITLE:課長\r\n"
    "item1.EMAIL;type=INTERNET;type=pref:takano@example.jp\r\nEMAIL;type=HOME:home@example.jp\r\n"
    "TEL;type=CELL;type=VOICE;type=pref:090-1111-2222\r\nTEL;type=WORK:03-1111-2222\r\nTEL;type=WORK;type=FAX:03-1111-3333\r\n"
    "ADR;type=HOME:;;自宅1-1;千葉市;千葉県;260-0001;日本\r\nitem2.ADR;type=WORK:;;芝公園4-2-8;港区;東京都;105-0011;日本\r\n"
    "NOTE:展示会で名刺\\n交換\\, 要連絡\r\nPHOTO;ENCODING=b;TYPE=JPEG:/9j/4AAQSkZJRgABAQAAAQABAAD\r\n /9k=\r\nEND:VCARD\r\n"
)


def rows(tmp_path: Path, data: bytes, problems: list[Problem] | None = None) -> list[dict[str, str]]:
    path = tmp_path / "cards.vcf"
    path.write_bytes(data)
    table = open_table(path)
    assert table.refused is None
    assert table.header == list(COLUMNS)
    return [
        dict(zip(COLUMNS, row, strict=True)) for _n, row in table.rows(None if problems is None else problems.append)
    ]


def test_a_card_of_a_telephone(tmp_path: Path) -> None:
    (card,) = rows(tmp_path, IPHONE.encode())
    assert {name: text for name, text in card.items() if text} == {
        "full_name": "高野 真由美", "family_name": "高野", "given_name": "真由美", "family_kana": "たかの", "given_kana": "まゆみ",
        "company": "株式会社みなと", "department": "営業部 第一課", "post": "課長", "email": "takano@example.jp", "mobile": "090-1111-2222",
        "phone": "03-1111-2222", "fax": "03-1111-3333", "postal_code": "105-0011", "address": "東京都 港区 芝公園4-2-8",
        "note": "展示会で名刺\n交換, 要連絡",
    }  # fmt: skip


def test_an_old_card_in_shift_jis_and_quoted_printable(tmp_path: Path) -> None:
    def quoted(text: str) -> bytes:
        return "".join(f"={byte:02X}" for byte in text.encode("cp932")).encode()

    name, org = quoted("髙島;一郎"), quoted("㈱青空")
    data = (
        b"BEGIN:VCARD\r\nVERSION:2.1\r\nN;CHARSET=SHIFT_JIS;ENCODING=QUOTED-PRINTABLE:" + name[:12] + b"=\r\n" + name[12:]
        + b"\r\nSOUND;X-IRMC-N;CHARSET=SHIFT_JIS:" + "ﾀｶｼﾏ;ｲﾁﾛｳ".encode("cp932")
        + b"\r\nORG;CHARSET=SHIFT_JIS;ENCODING=QUOTED-PRINTABLE:" + org + b"\r\nTEL;CELL:09022223333\r\nEND:VCARD\r\n"
        + b"BEGIN:VCARD\nVERSION:2.1\nFN:" + "鈴木 花子".encode("cp932") + b"\nEND:VCARD\n"
    )  # fmt: skip
    first, second = rows(tmp_path, data)
    assert (first["family_name"], first["given_name"], first["company"]) == ("髙島", "一郎", "㈱青空")
    assert (first["family_kana"], first["mobile"]) == ("ﾀｶｼﾏ", "09022223333")
    assert second["full_name"] == "鈴木 花子"


@pytest.mark.parametrize("data", [IPHONE.encode()[:-14], IPHONE.encode()[:200], b"BEGIN:VCARD\r\n" + b"NOTE:" + b"a" * 3_000_000 + b"\r\nEND:VCARD"])  # fmt: skip
def test_a_card_that_is_cut_off_or_endless_is_told(tmp_path: Path, data: bytes) -> None:
    problems: list[Problem] = []
    path = tmp_path / "cards.vcf"
    path.write_bytes(IPHONE.encode() + data)
    assert len(list(open_table(path).rows(problems.append))) == 1
    assert [problem.code for problem in problems] in (["card_open"], ["row_too_long"])
    assert problems[0].sentence()


@pytest.mark.django_db
def test_cards_become_people_with_their_companies(tmp_path: Path, house: None, bring: Any) -> None:
    from tests import make

    path = tmp_path / "名刺.vcf"
    path.write_bytes(
        IPHONE.encode()
        + IPHONE.replace("takano", "sato").replace("高野", "佐藤").replace("090-1111", "090-2222").encode()
    )
    by = make.actor("admin")
    run = intake.begin(None, path, path.name, by)
    assert run.noun == "contacts.person"
    tally = intake.carry_out(run, by)
    assert (tally.created, tally.failed, tally.as_json()["made"]) == (2, 0, {"contacts.company": 1})
    person = Person.every.get(email="takano@example.jp")
    assert (person.family_name, person.given_name, person.family_kana) == ("高野", "真由美", "タカノ")
    assert person.prefecture == "東京都"
    assert Company.every.get().legal_name == "株式会社みなと"
    tally = intake.carry_out(intake.begin(record_of("people"), path, path.name, by), by)
    assert (tally.created, tally.unchanged) == (0, 2)
