"""Deals and people are found by the company they belong to, as far as the actor may see it; the best hits stand first."""

from __future__ import annotations

from typing import Any

import pytest
from tests import make

from noren.contacts.models import Company, Person
from noren.contacts.records import Companies, People
from noren.core.access.actor import HOUSE, Actor
from noren.core.access.rights import Level
from noren.core.access.scope import visible
from noren.core.action.plain import remove
from noren.core.record.finding import EXACT, PREFIX, THROUGH, find, narrow
from noren.sales.models import Deal
from noren.sales.records import Deals

pytestmark = pytest.mark.django_db


def hits(text: str, actor: Actor = HOUSE, **kw: Any) -> dict[str, list[str]]:
    return {g.record.word(): [str(h.row) for h in g.hits] for g in find(text, actor, **kw)}


def listed(record: Any, text: str, actor: Actor = HOUSE) -> set[str]:
    return {str(row) for row in narrow(record, text, visible(record.model, actor), actor)}


@pytest.fixture
def world() -> None:
    make.firm()
    shop = make.company(
        legal_name="山田商事株式会社",
        name_kana="ヤマダショウジ",
        email="info@yamada-shoji.example",
        phone="03-5555-0001",
    )
    other = make.company(legal_name="川田工業")
    tanaka = make.person(family_name="田中", given_name="太郎", company=shop)
    make.person(family_name="田中", given_name="次郎", company=other)
    make.person(family_name="鈴木", given_name="花子", company=shop)
    make.deal(title="温度計の更新", company=shop, person=tanaka)
    make.deal(title="湿度計の導入", company=other)


def test_a_company_leads_to_its_people_and_deals(world: None) -> None:
    assert hits("山田商事") == {
        "contacts.company": ["山田商事株式会社"],
        "sales.deal": ["温度計の更新"],
        "contacts.person": ["鈴木 花子", "田中 太郎"],
    }
    assert hits("㈱ヤマダショウジ")["sales.deal"] == ["温度計の更新"]
    assert listed(Deals, "山田商事") == {"温度計の更新"}
    assert listed(People, "ﾔﾏﾀﾞ") == {"田中 太郎", "鈴木 花子"}


@pytest.mark.parametrize("text", ["山田商事 田中", "田中　山田", "たなか やまだ", "太郎 yamada-shoji"])
def test_the_words_may_be_partly_the_company_s(world: None, text: str) -> None:
    make.person(family_name="田仲", family_kana="タナカ", company=Company.every.get(legal_name="川田工業"))
    Person.every.filter(family_name="田中").update(family_kana="タナカ")
    for row in Person.every.all():
        row.save()
    assert hits(text) == {"contacts.person": ["田中 太郎"]}
    assert listed(People, text) == {"田中 太郎"}


def test_a_hit_says_that_its_company_was_meant(world: None) -> None:
    (hit,) = next(g.hits for g in find("山田", HOUSE) if g.record is Deals)
    assert hit.rank >= THROUGH
    assert [(str(w.label), w.hit) for w in hit.why] == [(str(Deals.field("company").label), "山田")]


def test_numbers_of_a_company_lead_to_the_company_alone(world: None) -> None:
    assert hits("0355550001") == {"contacts.company": ["山田商事株式会社"]}
    assert listed(Deals, "0355550001") == set()
    assert list(hits("info@yamada")) == ["contacts.company"]


def test_a_legal_form_alone_leads_nowhere_else(world: None) -> None:
    assert hits("株式会社") == {"contacts.company": ["山田商事株式会社"]}


def test_a_company_that_may_not_be_seen_leads_nowhere(world: None) -> None:
    user = make.user("sales")
    Deal.every.update(owner_id=user.pk)
    Person.every.update(owner_id=user.pk)
    rights = {"sales.deal.view": Level.ALL, "contacts.person.view": Level.ALL, "contacts.company.view": Level.OWN}
    actor = Actor(user_id=user.pk, rights=rights)
    assert hits("山田商事", actor) == hits("山田商事 田中", actor) == {}
    assert listed(Deals, "山田商事", actor) == listed(People, "山田商事 田中", actor) == set()
    Company.every.filter(name_key="山田商事").update(owner_id=user.pk)
    assert set(hits("山田商事", actor)) == {"contacts.company", "contacts.person", "sales.deal"}
    assert listed(Deals, "山田商事", actor) == {"温度計の更新"}
    without = Actor(user_id=user.pk, rights=rights | {"contacts.company.view": Level.NONE})
    assert hits("山田商事", without) == {}
    assert listed(Deals, "山田商事", without) == set()


def test_hidden_fields_of_a_company_lead_nowhere(world: None) -> None:
    reader = make.actor("reader")
    without = Actor(user_id=reader.user_id, rights=reader.rights, groups={})
    assert set(hits("yamada-shoji")) == {"contacts.company", "contacts.person", "sales.deal"}
    assert hits("yamada-shoji", without) == hits("yamada-shoji 田中", without) == {}
    assert listed(Deals, "yamada-shoji", without) == listed(People, "yamada-shoji", without) == set()
    assert hits("山田商事 田中", without) == {"contacts.person": ["田中 太郎"]}
    assert listed(People, "山田商事 田中", without) == {"田中 太郎"}


def test_rows_out_of_reach_are_not_counted_either(world: None) -> None:
    reader = make.actor("reader")
    without = Actor(user_id=reader.user_id, rights=reader.rights, groups={})
    for n in range(4):
        make.person(family_name=f"人{n}", email=f"sakura{n}@example.jp")
    make.person(family_name="sakura")
    (group,) = find("sakura", without, limit=1)
    assert len(group.hits) == 1
    assert not group.more


def test_a_removed_company_leads_nowhere(world: None) -> None:
    remove(Company.every.get(name_key="山田商事"), by=HOUSE)
    assert hits("山田商事") == {}
    assert listed(Deals, "山田商事") == set()


def test_exact_names_and_numbers_stand_before_beginnings_before_the_newest(world: None) -> None:
    make.company(legal_name="株式会社高松")
    make.company(legal_name="高松製作所")
    make.company(legal_name="四国高松商会")
    make.company(legal_name="株式会社タカマツ電機")
    make.company(legal_name="株式会社タカマツ")
    make.company(legal_name="新タカマツ")
    (group,) = find("高松", HOUSE)
    assert [(str(h.row), h.rank) for h in group.hits][:2] == [("株式会社高松", EXACT), ("高松製作所", PREFIX)]
    assert hits("高松")["contacts.company"] == ["株式会社高松", "高松製作所", "四国高松商会"]
    assert hits("たかまつ")["contacts.company"] == ["株式会社タカマツ", "株式会社タカマツ電機", "新タカマツ"]


def test_an_exact_company_stands_first_however_many_newer_ones_have_the_word(
    world: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    from noren.core.record.finding import commonness

    monkeypatch.setattr(commonness, "LOOK", 1e-9)
    monkeypatch.setattr(commonness, "FEW", 0)
    make.company(legal_name="株式会社ミナト")
    for n in range(8):
        make.company(legal_name=f"新ミナト{n}")
    assert hits("ミナト", limit=3)["contacts.company"][0] == "株式会社ミナト"


def test_the_noun_with_the_best_hit_comes_first(world: None) -> None:
    make.company(legal_name="田中金属")
    assert list(hits("田中"))[:2] == ["contacts.person", "contacts.company"]
    assert next(iter(hits("川田工業"))) == "contacts.company"


def test_companies_are_still_a_list_of_their_own(world: None) -> None:
    assert listed(Companies, "山田") == {"山田商事株式会社"}
