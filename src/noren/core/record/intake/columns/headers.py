"""The header dictionary: what other programs call our fields, and how to recognize whose export a file is.

Names are compared after `fold`: NFKC, lower case, without spaces, underscores, dashes and marks for required fields.
A field is a dotted word, `noun.field`. `-` means: known, and not ours (the raw row keeps it).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from noren.core.record.declare import RECORDS, Record
from noren.core.record.intake.columns.sources import SOURCES, Source
from noren.core.record.intake.columns.spelling import fold, folded, simpler

GENERAL = {
    "phone": "電話 電話番号 TEL 代表電話 代表電話番号 会社電話 TEL会社 phone phonenumber telephone tel businessphone workphone officephone",
    "fax": "FAX ファックス FAX番号 ファクス faxnumber",
    "postal_code": "郵便番号 〒 郵便 zip zipcode postalcode postcode 郵便番号(7桁)",
    "prefecture": "都道府県 県 都道府県名 state province prefecture stateprovince state/province region provincecode",
    "city": "市区町村 市区郡 市町村 郡市区 city town/city 市区郡町村",
    "town": "町名 町域 town",
    "block": "番地 町名番地 丁目番地 street address1 streetaddress addressline1 street1 それ以降の住所",
    "building": "建物名 建物 ビル名 建物名部屋番号など 建物名部屋番号 建物名等 住所2 address2 addressline2 street2 extendedaddress building suite",
    "address": "住所 所在地 住所全て 市区町村番地 address fulladdress 本社所在地 勤務先住所 会社住所 mailingaddress billingaddress",
    "country": "国 国名 国/地域 country countryregion country/region countrycode officelocation",
    "note": "備考 メモ 詳細 説明 特記事項 詳細情報 note notes memo description comment comments remarks",
    "external_id": "ID レコードID レコード番号 recordid 外部ID externalid",
    "owner": "所有者 自社担当者 自社担当 営業担当 営業担当者 担当営業 弊社担当 社内担当 owner accountowner contactowner salesrep salesagent"
    " salesperson 自社担当者氏名 名刺所有者 名刺所有者名 assignedto assignedtouser assignedusername",
}


@cache
def dictionary() -> Mapping[str, Mapping[str, str]]:
    """noun -> field -> its names elsewhere: what each noun declares of itself, and the general words for the rest.

    A reference without words of its own is called what the noun behind it is called.
    """
    return {record.model._meta.model_name or "": _words(record) for record in RECORDS.values()}


def _words(record: type[Record]) -> dict[str, str]:
    columns = {column.name: column for column in record.model._meta.concrete_fields}
    found = {name: f"{words} {GENERAL.get(name, '')}" for name, words in record.headers.items()}
    for name, words in GENERAL.items():
        if name in columns or (name == "address" and "prefecture" in columns):
            found.setdefault(name, words)
    for name, column in columns.items():
        target = (
            RECORDS.get(column.related_model._meta.label_lower) if column.is_relation and column.related_model else None
        )
        if target is not None and name not in found and target.columns:
            found[name] = target.headers.get(target.columns[0], "")
    return {name: words for name, words in found.items() if words}


AMBIGUOUS = folded("担当者 担当 担当者名")
"""Ours or theirs: decided by the other columns, or asked."""
_OURS = folded("自社担当者 営業担当 営業担当者 所有者 案件担当者名 自社担当 担当営業 弊社担当 owner salesrep")
_THEIRS = folded(
    "氏名 姓 名前 先方担当者名 先方担当者 ご担当者様名 ご担当者名 お名前 名前(姓) 氏名[姓] 取引先担当者氏名"
)
_THEIR_SIDE = folded("部署 部署名 役職 役職名 肩書 メール メールアドレス e-mail 携帯電話 携帯 敬称 フリガナ")


@cache
def _by_noun() -> dict[str, dict[str, tuple[str, ...]]]:
    """noun -> folded column name -> the fields it may mean."""
    by_noun: dict[str, dict[str, tuple[str, ...]]] = {}
    for noun, fields in dictionary().items():
        table: dict[str, tuple[str, ...]] = {}
        for name, words in fields.items():
            for word in (*words.split(), name):
                key = fold(word)
                held = table.get(key, ())
                if f"{noun}.{name}" not in held:
                    table[key] = (*held, f"{noun}.{name}")
        for name in fields:
            table[fold(f"{noun}.{name}")] = (f"{noun}.{name}",)
        by_noun[noun] = table
    return by_noun


@cache
def _known() -> frozenset[str]:
    return AMBIGUOUS.union(*_by_noun().values(), *(source.fields for source in SOURCES))


def known(name: str) -> bool:
    """Is this a column name we have met anywhere?"""
    return fold(name) in _known()


def fields_of(name: str, noun: str) -> tuple[str, ...]:
    """The fields of a noun a column name may mean, likeliest first."""
    return _by_noun().get(noun, {}).get(fold(name), ())


_OF_COMPANY = re.compile(
    "^(?:会社|企業|法人|取引先|得意先|本社|代表|company|account|organi[sz]ation)の?(.+)$|^(.+)[(\\[](?:会社|本社|代表|company)[)\\]]$"
)
_OF_COMPANY_TOO = {"tel会社": "phone", "fax会社": "fax", "本社所在地": "address", "会社所在地": "address"}


def described(name: str) -> tuple[str, ...]:
    """Fields of a company that a column of another noun's file names outright: 会社電話番号, 勤務先住所, URL(会社)."""
    folded = fold(name)
    if folded in _OF_COMPANY_TOO:
        return (f"company.{_OF_COMPANY_TOO[folded]}",)
    found = _OF_COMPANY.fullmatch(folded)
    rest = next(filter(None, found.groups()), "") if found else ""
    return tuple(f for f in fields_of(rest, "company") if f != "company.legal_name") if rest else ()


def nearly(name: str, noun: str) -> list[tuple[str, float]]:
    """The fields a longer name may mean that the dictionary does not hold as it stands, each with how sure that is."""
    found: dict[str, float] = {}
    for text, sure in simpler(name, noun):
        for rank, field in enumerate(_by_noun().get(noun, {}).get(text, ())):
            found.setdefault(field, sure - 0.06 * rank)
    return list(found.items())


@dataclass(frozen=True, slots=True)
class Recognized:
    """`confidence` from 0 to 1: how much of the header and of its own columns the source explains."""

    source: Source
    confidence: float


def recognize(header: Sequence[str], noun: str | None = None) -> Recognized | None:
    """Whose export this looks like, by at least one column only that program has. None when no source explains most of it."""
    names = {fold(_bare(name)) for name in header}
    best: Recognized | None = None
    for source in SOURCES:
        if noun is not None and source.noun != noun:
            continue
        marks = len(names & source.marks)
        if not marks:
            continue
        explained = len(names & source.fields.keys()) / max(1, len(names))
        score = min(1.0, 0.75 * explained + 0.25 * min(1.0, marks / 2))
        if score >= 0.6 and (best is None or score > best.confidence):
            best = Recognized(source, round(score, 3))
    return best


def nouns_of(header: Sequence[str]) -> list[tuple[str, float]]:
    """Which noun the rows are, likeliest first, as shares adding to 1. A name only one noun has weighs most."""
    told = [record.model._meta.model_name or "" for record in RECORDS.values() if record.headers]
    weight = dict.fromkeys(told, 0.0)
    for name in header:
        bare = _bare(name)
        holders = [n for n in told if fields_of(bare, n)] or [n for n in told if nearly(bare, n)]
        for noun in holders:
            weight[noun] += 1 / len(holders) ** 2 + 0.2
    found = recognize(header)
    if found is not None:
        weight[found.source.noun] += len(header)
    whole = sum(weight.values()) or 1.0
    shares = [(noun, round(value / whole, 3)) for noun, value in weight.items() if value]
    return sorted(shares, key=lambda pair: -pair[1])


def contact_side(header: Sequence[str], at: int) -> str:
    """Whose 担当者 column `at` is: `ours`, `theirs`, or `ask`.

    Another column for their name makes it ours, another for ours makes it theirs; otherwise a department, post or mail
    address right next to it makes it theirs.
    """
    names = [fold(_bare(name)) for name in header]
    others = {name for place, name in enumerate(names) if place != at}
    if others & _THEIRS and not others & _OURS:
        return "ours"
    if others & _OURS:
        return "theirs"
    near = {names[place] for place in (at - 1, at + 1) if 0 <= place < len(names)}
    return "theirs" if near & _THEIR_SIDE else "ask"


def _bare(name: str) -> str:
    """Without the number that told a repeated column name apart."""
    return re.sub(r" \(\d+\)$", "", name)
