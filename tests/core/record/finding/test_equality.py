"""Whichever way the rows are reached, the search knows the same ones as a plain comparison of every row."""

from __future__ import annotations

import random
from datetime import date
from typing import Any

import pytest
from django.db import connection
from tests import make

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


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Any:
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
    commonness.forget()
    yield users[0]
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
    "the index gives up": {"TAKE": 0.0, "WALK": 0.0, "TAKEN": 1, "FEW": 0},
    "the index is asked": {"TAKE": 0.0, "WALK": 0.0},
}


def scanned(record: Any, text: str, actor: Actor) -> list[int]:
    """Every visible row with all the words, newest first: text by text, without an index."""
    beside = {
        row.pk: row.search_entry.q for row in visible(Company, actor).select_related("search_entry")
    }  # fmt: skip
    rows = visible(record.model, actor).select_related("search_entry").order_by("-updated_at", "-pk")
    return [
        row.pk
        for row in rows
        if all(
            word in row.search_entry.q or (record is not Companies and may_name(word) and word in beside.get(row.company_id, ""))
            for word in terms(text)
        )
    ]  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
def test_every_way_finds_what_a_plain_comparison_finds(world: Any, way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in WAYS[way].items():
        monkeypatch.setattr(commonness, name, value)
    own = Actor(
        user_id=world.pk, groups=HOUSE.groups | {"private": 2},
        rights={"sales.deal.view": Level.ALL, "contacts.person.view": Level.OWN, "contacts.company.view": Level.OWN},
    )  # fmt: skip
    for actor in (HOUSE, own):
        for text in TERMS:
            found = {g.record: g for g in find(text, actor, RECORDS, limit=200)}
            for record in RECORDS:
                plain = scanned(record, text, actor)
                group = found.get(record)
                got = [hit.row.pk for hit in group.hits] if group else []
                assert sorted(got) == sorted(plain), (text, record, actor.name)
                rows = narrow(record, text, visible(record.model, actor), actor)
                assert sorted(rows.values_list("pk", flat=True)) == sorted(plain), (text, record, actor.name)


@pytest.mark.parametrize("way", WAYS)
def test_a_short_page_holds_the_best_and_then_the_newest(world: Any, way: str, monkeypatch: pytest.MonkeyPatch) -> None:
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
