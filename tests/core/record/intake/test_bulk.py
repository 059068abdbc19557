"""What an import does in bulk is what the door does row by row: search entries, undo in two steps, rows after a refusal."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction
from tests import make

from noren.contacts.models import Company, Person
from noren.core.base.search import entry_model
from noren.core.base.text import grams
from noren.core.event.models import Fact
from noren.core.record.declare import record_of
from noren.core.record.intake import aside, parse
from noren.core.record.intake import run as intake
from noren.core.record.intake.matching.match import Matcher
from noren.core.record.models import ImportRow, ImportRun

pytestmark = pytest.mark.django_db


def table(head: list[str], *rows: list[str]) -> str:
    out = io.StringIO()
    csv.writer(out).writerows([head, *rows])
    return out.getvalue()


def test_search_entries_of_an_import_are_those_of_a_save(bring: Any) -> None:
    names = ["佐藤", "O'Neil", "𠮷野", "高\\橋", '"三"', "ﾀﾅｶ", "é", "龥鿋", "a", "え" * 90]
    rows = [[name, f"{n}", f"m{n}@例え.example.jp", f"090-0000-{n:04d}"] for n, name in enumerate(names)]
    bring("people", table(["姓", "名", "メールアドレス", "携帯電話"], *rows))
    stored = dict(entry_model(Person).objects.values_list("row_id", "g"))
    texts = dict(entry_model(Person).objects.values_list("row_id", "q"))
    assert len(stored) == len(names)
    for person in Person.every.all():
        assert texts[person.pk] == person.search_text() == person.said
        assert len(stored[person.pk]) == len(set(stored[person.pk]))
        assert set(stored[person.pk]) == set(grams(texts[person.pk]))
        person.index()
    assert dict(entry_model(Person).objects.values_list("row_id", "q")) == texts


def test_an_entry_of_nothing_is_an_empty_one(bring: Any) -> None:
    bring(
        "people", table(["姓", "役職"], ["\u00ad", "部長"]), mapping={"姓": "family_name", "役職": "post"}
    )  # a soft hyphen
    assert list(entry_model(Person).objects.values_list("q", "g")) == [("", [])]


def test_an_update_of_what_nobody_searches_leaves_the_entry_alone(bring: Any) -> None:
    bring("people", table(["姓", "メールアドレス", "役職"], ["佐藤", "a@b.jp", "課長"], ["鈴木", "c@b.jp", "課長"]))
    before = _places()
    bring("people", table(["姓", "メールアドレス", "役職"], ["佐藤", "a@b.jp", "部長"], ["鈴本", "c@b.jp", "部長"]))
    after = _places()
    assert set(Person.every.values_list("post", flat=True)) == {"部長"}
    assert len(after) == 2
    assert len(before & after) == 1
    assert entry_model(Person).objects.filter(q__contains="鈴本").count() == 1
    assert all(person.said == person.search_entry.q for person in Person.every.all())


def _places() -> set[tuple[int, str]]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT row_id, ctid::text FROM {entry_model(Person)._meta.db_table}")
        return set(cursor.fetchall())


def test_undo_takes_both_changes_back_that_one_import_made_to_a_row(bring: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(parse, "CHUNK", 1)
    by = make.actor("admin")
    row = make.company(legal_name="みなと", industry="食品")
    run, tally = bring("companies", table(["会社名", "業種"], ["みなと", "卸売"], ["みなと", "小売"]), by)
    row.refresh_from_db()
    assert (tally.updated, row.industry, row.version) == (2, "小売", 3)
    assert intake.undo(run, by) == {"removed": 0, "restored": 1, "kept": 0}
    row.refresh_from_db()
    assert row.industry == "食品"
    assert Fact.objects.filter(noun="contacts.company", subject_id=row.pk).latest("pk").changes == {
        "industry": ["小売", "食品"]
    }
    assert not ImportRow.objects.filter(run=run, before__isnull=False).exists()


@pytest.mark.parametrize("apart", [False, True])
def test_a_refused_chunk_leaves_no_trace_in_the_rows_that_are_tried_again(
    bring: Any, monkeypatch: Any, apart: bool
) -> None:
    """Rows that complete each other, name companies and lack owners are worked off twice; the result is that of once."""
    monkeypatch.setattr(aside, "WORTH_IT", 0 if apart else 1 << 30)
    make.person(family_name="森", external_id="taken")
    Person.every.filter(external_id="taken").update(
        removed_at="2026-01-01T00:00Z"
    )  # in the bin, unseen by the matching
    head = ["ID", "姓", "名", "メールアドレス", "会社名", "役職", "趣味"]
    rows = [[f"i{n}", f"姓{n}", "名", f"p{n % 20}@b.jp", f"株式会社{n % 4}", "課長", "釣り"] for n in range(24)]
    rows.insert(13, ["taken", "森", "名", "mori@b.jp", "株式会社9", "課長", "釣り"])
    run, tally = bring("people", table(head, *rows), mapping={"ID": "external_id", "趣味": "-"})
    assert (tally.created, tally.failed, tally.made) == (24, 1, {"contacts.company": 4})
    assert sorted(Company.every.values_list("legal_name", flat=True)) == [f"株式会社{n}" for n in range(4)]
    assert Person.every.filter(removed_at=None, company__isnull=False, owner_id=run.by_id).count() == 24
    assert ImportRow.objects.filter(run=run, unmapped={"趣味": "釣り"}).count() == 24
    assert Fact.objects.filter(batch=run.pk, name="contacts.person.created").count() == 24


def test_a_run_that_is_told_to_stop_stops_with_the_chunk_under_way(
    bring: Any, monkeypatch: Any, tmp_path: Path
) -> None:
    monkeypatch.setattr(parse, "CHUNK", 10)
    by = make.actor("admin")
    path = tmp_path / "many.csv"
    path.write_text(table(["会社名"], *([f"会社{n}"] for n in range(95))), encoding="utf-8")
    run = intake.begin(record_of("companies"), path, path.name, by)

    def stop(_done: int, _size: int) -> bool:
        intake.stop(run)
        return True

    intake.carry_out(run, by, stop)
    run = ImportRun.objects.get(pk=run.pk)
    assert (run.state, Company.every.count()) == ("cancelled", 20)
    intake.start(run, here=True)
    assert intake.carry_out(run, by).created == 95


def test_rows_are_known_again_by_an_index_before_the_database_has_counted_any(bring: Any) -> None:
    """A table that fills has no statistics yet: the question of a chunk must not become one of all against all."""
    rows = [[f"姓{n}", f"p{n}@b.jp", f"090-0000-{n:04d}"] for n in range(900)]
    bring("people", table(["姓", "メールアドレス", "携帯電話"], *rows))
    matcher = Matcher(record_of("people"), {"family_name", "email", "mobile", "external_id", "company"})
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan TO off")
        for names, sql in zip(matcher.names, matcher.queries, strict=True):
            given = ["{" + ",".join(["1"] * 900) + "}"] * sql.count("%s")
            cursor.execute(f"EXPLAIN {sql}", given)
            plan = "\n".join(line for (line,) in cursor.fetchall())
            assert "Index Cond" in plan, (names, plan)
            assert "Seq Scan" not in plan
            assert "Join Filter" not in plan, (names, plan)
