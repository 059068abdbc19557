"""Whichever way the rows are reached, the search knows the same ones as a plain comparison of every row."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from django.db import connection
from tests import make

from noren.accounts.models import User
from noren.contacts.models import Company, Person
from noren.contacts.records import Companies, People
from noren.core.access.actor import HOUSE, Actor
from noren.core.access.rights import Level
from noren.core.access.scope import visible
from noren.core.record.finding import branches, commonness, find, narrow, terms
from noren.core.record.finding.words import may_name
from noren.sales.models import Deal, Pipeline
from noren.sales.records import Deals

pytestmark = [pytest.mark.django_db, pytest.mark.database]
RECORDS = (Companies, People, Deals)
FULL = os.environ.get("FULL_MATRIX") == "1"


@pytest.fixture(scope="module")
def seller(module_rows: None) -> User:
    """Names from few syllables, so that words meet by chance; every third row belongs to somebody else."""
    make.firm()
    chance = random.Random(7)
    users = [make.user("sales"), make.user("sales")]
    stage = make.stages()[0]
    word = lambda *parts: "".join(chance.choice(p) for p in parts)  # noqa: E731
    roots, trades = ("山田", "高松", "みなと", "田中", "SAKURA"), ("商事", "工業", "電機", "田中堂")
    companies = [
        Company(legal_name=f"株式会社{word(roots, trades)}{n % 9}", phone=f"03-{n:04d}-{n * 7 % 10000:04d}", owner=users[n % 3 % 2])
        for n in range(40)
    ]  # fmt: skip
    for row in companies:
        row.save()
    people = [
        Person(
            family_name=word(("山田", "田中", "高", "松田", "中山"), ("", "", "原")), given_name=word(("一", "花"), ("郎", "子")),
            family_kana=word(("タナカ", "ヤマダ", "タカ")), email=f"{word(('taro', 'sakura', 'yamada'))}{n}@example.jp",
            mobile=f"090-{n * 13 % 10000:04d}-{n:04d}", company=chance.choice((*companies, None)), owner=users[n % 3 % 2],
        )
        for n in range(90)
    ]  # fmt: skip
    for person in people:
        person.save()
    for n in range(60):
        Deal(
            title=word(("温度計", "高松支店", "更新"), ("", "の導入", "田中")), company=chance.choice((*companies, None)),
            owner=users[n % 3 % 2], stage=stage, pipeline=Pipeline.every.get(), opened_on=date(2026, 11, 1),
        ).save()  # fmt: skip
    with connection.cursor() as cursor:
        for table in ("contacts_personsearch", "contacts_companysearch", "sales_dealsearch"):
            cursor.execute(f"ANALYZE {table}")
    return users[0]


@pytest.fixture(autouse=True)
def _nothing_counted_yet(db: None) -> Iterator[None]:
    commonness.forget()
    yield
    commonness.forget()


TERMS = (
    "田中", "山田", "高松", "松", "原", "たなか", "ﾀﾅｶ", "みなと", "さくら", "sakura", "yamada", "example", "taro1", "090", "0013", "03-00",
    "商事", "田中堂", "株式会社", "㈱山田商事", "温度計", "更新", "更新田中", "高松支店の導入", "山田 田中", "高松 田中 商事", "みなと 山田",
    "田中堂 更新", "090 商事", "sakura 一郎", "原 電機", "ta", "さ", "m", "龍", "龍龍", "zzqx", "99999", "田 中", "山田 龍",
)  # fmt: skip

WAYS: dict[str, dict[str, Any]] = {
    "as it is": {},
    "the newest are looked at": {"LOOK": 1e-9, "FEW": 0, "LEAST": 2_000, "MOST": 2_000},
    "a few newest are looked at": {"LOOK": 1e-9, "FEW": 0, "LEAST": 3, "MOST": 3},
    "all names are read": {"LOOK": 1e-9, "FEW": 0, "LEAST": 2_000, "MOST": 2_000, "NAME": -1.0},
    "all names and a few newest are read": {"LOOK": 1e-9, "FEW": 0, "LEAST": 3, "MOST": 3, "NAME": -1.0},
    "the index gives up": {"TAKE": 0.0, "WALK": 0.0, "TAKEN": 1, "FEW": 0},
    "the index is asked": {"TAKE": 0.0, "WALK": 0.0},
}


class Plain:
    """Every visible row with all the words, newest first: text by text, without an index. The rows are read once."""

    def __init__(self, actor: Actor) -> None:
        self.actor = actor
        self.beside = {row.pk: row.search_entry.q for row in self._rows(Companies)}
        self.rows = {record: self._rows(record) for record in RECORDS}

    def _rows(self, record: Any) -> list[Any]:
        return list(visible(record.model, self.actor).select_related("search_entry").order_by("-updated_at", "-pk"))

    def __call__(self, record: Any, text: str) -> list[int]:
        return [row.pk for row in self.rows[record] if all(self._has(record, row, word) for word in terms(text))]

    def _has(self, record: Any, row: Any, word: str) -> bool:
        if word in row.search_entry.q:
            return True
        return record is not Companies and may_name(word) and word in self.beside.get(row.company_id, "")


@pytest.mark.parametrize("way", WAYS)
def test_every_way_finds_what_a_plain_comparison_finds(seller: User, way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in WAYS[way].items():
        monkeypatch.setattr(commonness, name, value)
    own = Actor(
        user_id=seller.pk, groups=HOUSE.groups | {"private": 2},
        rights={"sales.deal.view": Level.ALL, "contacts.person.view": Level.OWN, "contacts.company.view": Level.OWN},
    )  # fmt: skip
    for at, actor in enumerate((HOUSE, own)):
        plainly = Plain(actor)
        for text in TERMS if FULL else TERMS[(at + list(WAYS).index(way)) % 2 :: 2]:  # each in its turn
            found = {g.record: g for g in find(text, actor, RECORDS, limit=200)}
            for record in RECORDS:
                plain = plainly(record, text)
                group = found.get(record)
                got = [hit.row.pk for hit in group.hits] if group else []
                assert sorted(got) == sorted(plain), (text, record, actor.name)
                rows = narrow(record, text, visible(record.model, actor), actor)
                assert sorted(rows.values_list("pk", flat=True)) == sorted(plain), (text, record, actor.name)


@pytest.mark.parametrize("way", WAYS)
def test_a_short_page_holds_the_best_and_then_the_newest(
    seller: User, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in WAYS[way].items():
        monkeypatch.setattr(commonness, name, value)
    for text in TERMS:
        whole = {g.record: g for g in find(text, HOUSE, RECORDS, limit=200)}
        for group in find(text, HOUSE, RECORDS, limit=4):
            all_of_them = whole[group.record].hits
            assert len(group.hits) == min(4, len(all_of_them))
            assert group.more == (len(all_of_them) > 4), (text, group.record)
            keys = [(h.rank, -h.row.updated_at.timestamp(), -h.row.pk) for h in group.hits]
            assert keys == sorted(keys)
            if way in ("as it is", "the index is asked"):
                assert [h.row.pk for h in group.hits] == [h.row.pk for h in all_of_them][:4], (text, group.record)


def test_lists_of_companies_are_long_enough_for_this_world() -> None:
    assert branches.COMPANIES > 40
