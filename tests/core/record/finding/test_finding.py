"""Finding by words: every usual spelling, only what one may see, common words as well as rare ones."""

from __future__ import annotations

from typing import Any

import pytest
from tests import make

from noren.contacts.models import Company, Person
from noren.core.access.actor import HOUSE, Actor
from noren.core.record.finding import commonness, find, terms

pytestmark = pytest.mark.django_db


def names(text: str, actor: Actor = HOUSE, **kw: Any) -> list[str]:
    return [str(hit.row) for group in find(text, actor, **kw) for hit in group.hits]


@pytest.fixture
def world() -> None:
    make.firm()
    shop = make.company(legal_name="株式会社　山田商店", name_kana="ヤマダショウテン", phone="03-1234-5678")
    make.company(legal_name="髙﨑製作所", invoice_number="T7000012050002")
    make.person(
        family_name="田中", given_name="太郎", family_kana="タナカ", given_kana="タロウ", company=shop,
        email="taro.tanaka@example.jp", mobile="090-8765-4321",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "who"),
    [
        ("田中", "田中 太郎"),
        ("たなか", "田中 太郎"),
        ("ﾀﾅｶ", "田中 太郎"),
        ("タナカ", "田中 太郎"),
        ("田中太郎", "田中 太郎"),
        ("太郎　田中", "田中 太郎"),
        ("tanaka@ex", "田中 太郎"),
        ("ＴＡＲＯ", "田中 太郎"),
        ("8765", "田中 太郎"),
        ("090-8765", "田中 太郎"),
        ("０９０８７６５", "田中 太郎"),
        ("㈱山田", "株式会社　山田商店"),
        ("山田商店（株）", "株式会社　山田商店"),
        ("ヤマダ", "株式会社　山田商店"),
        ("03-1234", "株式会社　山田商店"),
        ("高崎", "髙﨑製作所"),
        ("T7000", "髙﨑製作所"),
    ],
)
def test_every_usual_spelling_finds(world: None, text: str, who: str) -> None:
    assert who in names(text)


@pytest.mark.parametrize(
    "text", ["", " ", "　", "%", "_", "'", "\\", "?", "田中%", "ゞゞ", "zqx", "田中 川田", "山田 川田"]
)
def test_signs_are_only_signs_and_all_words_must_be_there(world: None, text: str) -> None:
    assert names(text) == []


def test_a_hit_says_which_part_of_which_field_it_was(world: None) -> None:
    (hit,) = [h for g in find("8765", HOUSE) for h in g.hits]
    assert [(w.before, w.hit, w.after) for w in hit.why] == [("090-", "8765", "-4321")]


def test_a_word_in_most_rows_gives_the_newest_and_says_that_there_are_more(world: None) -> None:
    made = [make.company(legal_name=f"株式会社みどり{n}") for n in range(12)]
    (group,) = find("みどり", HOUSE, limit=5)
    assert [h.row.pk for h in group.hits] == [c.pk for c in reversed(made)][:5]
    assert group.more


def test_a_rare_word_is_found_behind_many_newer_rows(world: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commonness, "LOOK", 1e-9)
    monkeypatch.setattr(commonness, "FEW", 0)  # as if looking at rows cost nothing
    monkeypatch.setattr(commonness, "LEAST", 5)
    monkeypatch.setattr(commonness, "MOST", 5)
    rare = make.person(family_name="勅使河原")
    for n in range(10):
        Person(family_name=f"人{n}").save()
    assert names("勅使河原") == [str(rare)]


def test_one_or_two_letters_look_among_the_newest(world: None) -> None:
    assert "田中 太郎" in names("ta")


def test_rows_out_of_reach_are_not_found(world: None) -> None:
    stranger = make.actor(None)
    assert names("田中", stranger) == []


def test_hidden_fields_are_never_searched(world: None) -> None:
    support = make.actor("reader")
    without = Actor(user_id=support.user_id, rights=support.rights, groups={})
    assert "田中 太郎" in names("田中", without)
    assert names("8765", without) == []
    assert names("tanaka@ex", without) == []


def test_renamed_and_removed_rows(world: None) -> None:
    shop = Company.every.get(name_key="山田商店")
    shop.legal_name = "株式会社川田商店"
    shop.name_kana = ""
    shop.save()
    assert names("山田商店") == []
    assert names("川田") == ["株式会社川田商店", "田中 太郎"]


def test_terms_leave_the_legal_form_out() -> None:
    assert terms("㈱山田　太郎") == ["山田", "太郎"]
    assert terms("03-1234") == ["031234"]
