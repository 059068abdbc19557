"""Finding by words: every usual spelling, only what one may see, common words as well as rare ones."""

from __future__ import annotations

from typing import Any

import pytest
from tests import make

from noren.contacts.models import Company, Person
from noren.contacts.records import People
from noren.core.access.actor import HOUSE, Actor
from noren.core.record.finding import asking, commonness, find, terms
from noren.core.record.finding.words import grams_of
from noren.core.record.listing import sort_key

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


@pytest.mark.parametrize("text", ["田中", "tanaka@ex", "8765", "ta", "田中 山田"])
@pytest.mark.parametrize("by_look", [True, False])
def test_rows_that_were_not_written_since_there_is_a_text_beside_them_are_found_by_their_entry(
    world: None, text: str, by_look: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if by_look:
        monkeypatch.setattr(commonness, "LOOK", 1e-9)
        monkeypatch.setattr(commonness, "FEW", 0)
        monkeypatch.setattr(commonness, "SMALL", 0)
    found = names(text)
    assert "田中 太郎" in found
    Person.every.update(said="")
    Company.every.update(said="")
    assert names(text) == found


def test_the_text_beside_a_row_is_that_of_its_entry(world: None) -> None:
    person = Person.every.get()
    person.email = "k@example.jp"
    person.save(update_fields=["email"])
    person = Person.every.get()
    assert "k@example.jp" in person.said
    assert person.said == person.search_text() == person.search_entry.q


@pytest.mark.parametrize("name", ["said", "company__said", "search_entry__q", "company__search_entry__q"])
def test_what_is_put_together_to_search_is_no_field_of_the_noun(name: str) -> None:
    """Hidden fields are in it: no order and no filter may tell of it."""
    with pytest.raises(LookupError):
        People.field(name)
    assert sort_key(People, name, False, HOUSE) is None


def test_what_names_find_is_asked_for_in_one_trip(world: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Companies are looked behind only where a page is not full yet."""
    for n in range(3):
        make.person(family_name="田中", given_name=f"{n}", company=Company.every.get(name_key="山田商店"))
    trips: list[int] = []
    rows_of = asking.rows_of

    def counted(asked: Any) -> Any:
        trips.append(len(asked))
        return rows_of(asked)

    monkeypatch.setattr(asking, "rows_of", counted)
    assert len(names("田中", records=[People], limit=2)) == 2
    assert trips == [2]
    trips.clear()
    assert len(names("山田商店", records=[People], limit=2)) == 2
    assert len(trips) == 2


@pytest.mark.parametrize(
    "word", ["田中", "五十嵐拓", "すみれ製薬", "koichi.matsuura", "0000124", "林", "a林b", "ゞ林", "㈱x1"]
)
def test_the_index_is_asked_for_few_grams_that_every_row_with_the_word_has(word: str) -> None:
    shares = commonness.Shares(1e6, 0.001, {})
    asked = shares.sharpest([word])
    assert set(asked) <= set(grams_of([word]))
    assert bool(asked) == bool(grams_of([word]))
    assert len(asked) == len(set(asked)) <= commonness.GRAMS


def test_letters_that_no_other_gram_has_are_asked_for() -> None:
    often = dict.fromkeys(grams_of(["製薬"]), 0.05) | dict.fromkeys(grams_of(["すみれ製"]), 0.01)
    asked = commonness.Shares(1e6, 0.001, often).sharpest(["すみれ製薬"])
    assert set(grams_of(["製薬"])) <= set(asked)


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
