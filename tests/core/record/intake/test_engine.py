"""The import engine on the real database: what comes in, what is known again, what is refused, and how it goes back."""

from __future__ import annotations

import random
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError
from django.utils import timezone
from tests import make

from noren.accounts.models import User
from noren.accounts.queries.audit import entries
from noren.activity.models import Activity
from noren.contacts.models import Company, Person
from noren.core.access.models import Role, Team
from noren.core.action.plain import change
from noren.core.base.errors import Invalid, NotNow
from noren.core.base.search import entry_model
from noren.core.event.models import Fact
from noren.core.record.declare import record_of
from noren.core.record.intake import aside, parse, undo
from noren.core.record.intake import run as intake
from noren.core.record.intake.engine import Engine
from noren.core.record.models import FieldDefinition, ImportFault, ImportRow, ImportRun
from noren.sales.models import Deal, LossReason

pytestmark = pytest.mark.django_db


def codes(run: ImportRun) -> list[tuple[int, str]]:
    return list(ImportFault.objects.filter(run=run).order_by("number").values_list("number", "code"))


def test_the_same_file_twice_changes_nothing(bring: Any) -> None:
    text = "会社名,電話番号,従業員数\n株式会社みなと,03-1111-2222,120\nあおば商事,,\n"
    _run, first = bring("companies", text)
    assert (first.created, first.failed) == (2, 0)
    stamps = list(Company.every.order_by("pk").values_list("version", "updated_at"))
    _run, again = bring("companies", text)
    assert (again.created, again.updated, again.unchanged) == (0, 0, 2)
    assert list(Company.every.order_by("pk").values_list("version", "updated_at")) == stamps


def test_the_dry_run_counts_what_the_run_will_do(bring: Any) -> None:
    make.company(legal_name="みなと", industry="食品")
    text = "姓,名,会社名,メールアドレス\n高野,真由美,みなと,a@b.jp\n高野,真由美,新会社,\n髙野,真由美,新会社,\n佐藤,,新会社㈱,\n佐藤,健,,bad\n"
    _run, dry = bring("people", text, check=True)
    assert (Person.every.count(), Company.every.count()) == (0, 1)
    _run, real = bring("people", text)
    assert dry.as_json() == real.as_json()
    assert real.as_json() == {
        "created": 3,
        "updated": 1,
        "unchanged": 0,
        "skipped": 0,
        "failed": 1,
        "warned": 0,
        "made": {"contacts.company": 1},
        "filled": {},
    }


def test_twins_in_one_file_become_one_row_that_holds_what_both_say(bring: Any) -> None:
    _run, tally = bring("companies", "会社名,電話番号,業種\n株式会社みなと,03-1111-2222,\n㈱みなと,,食品\n")
    assert (tally.created, tally.updated) == (1, 1)
    row = Company.every.get()
    assert (row.phone, row.industry) == ("03-1111-2222", "食品")


@pytest.mark.parametrize(("on_match", "counts", "industry"), [
    ("update", (1, 1, 0), "卸売"), ("skip", (1, 0, 1), "食品"), ("create", (2, 0, 0), "食品"),
])  # fmt: skip
def test_what_happens_to_rows_that_are_there(bring: Any, on_match: str, counts: tuple[int, ...], industry: str) -> None:
    old = make.company(legal_name="みなと", industry="食品")
    _run, tally = bring("companies", "会社名,業種\nみなと,卸売\nあおば,電機\n", on_match=on_match)
    assert (tally.created, tally.updated, tally.skipped) == counts
    old.refresh_from_db()
    assert old.industry == industry


@pytest.mark.parametrize(
    ("blank", "phone", "employees", "standing"),
    [("keep", "03-1111-2222", 12, "customer"), ("clear", "", None, "prospect")],
)
def test_empty_cells_keep_or_clear(bring: Any, blank: str, phone: str, employees: int | None, standing: str) -> None:
    row = make.company(legal_name="みなと", phone="03-1111-2222", employees=12, standing="customer")
    bring("companies", "会社名,電話番号,従業員数,standing\nみなと,,,\n", blank=blank, mapping={"standing": "standing"})
    row.refresh_from_db()
    assert (row.phone, row.employees, row.standing) == (phone, employees, standing)


def test_poison_rows_stay_out_and_all_others_come_in(bring: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(parse, "CHUNK", 700)
    make.company(external_id="taken")
    Company.every.filter(external_id="taken").update(removed_at="2026-01-01T00:00:00Z")
    poisons = [
        "{n},x,many,",
        "{n},x,99999999999,",
        "{n},x,1.5,",
        f"{{n}},{'x' * 300},1,",
        "{n},株式会社,1,",
        "{n},,1,",
        "taken,x{n},1,",
        "{n},x,1,999999",
        "{n},x,1,1,extra",
    ]
    dice = random.Random(3)
    bad = {dice.randrange(at * 200, at * 200 + 200): poison for at, poison in enumerate(poisons)}
    lines = [bad[n].format(n=n) if n in bad else f"E{n},会社{n},{n % 50},1999" for n in range(2000)]
    run, tally = bring("companies", "取引先コード,会社名,従業員数,設立年\n" + "\n".join(lines) + "\n")
    assert [number for number, _code in codes(run)] == sorted(n + 2 for n in bad), codes(run)
    assert (tally.created, tally.failed) == (2000 - len(bad), len(bad))
    assert Company.every.filter(external_id__startswith="E").count() == 2000 - len(bad)
    assert dict(codes(run))[next(n for n, p in bad.items() if p.startswith("taken")) + 2] == "id_taken"


def test_rows_have_search_entry_facts_and_kept_leftovers(bring: Any) -> None:
    run, _tally = bring("companies", "会社名,趣味\n株式会社みなと,釣り\nあおば,\n", mapping={"趣味": "-"})
    row = Company.every.get(legal_name="株式会社みなと")
    assert "みなと" in entry_model(Company).objects.get(row_id=row.pk).q
    assert list(
        Fact.objects.filter(noun="contacts.company", subject_id=row.pk).values_list("name", "batch", "via")
    ) == [("contacts.company.created", run.pk, "import")]
    assert list(ImportRow.objects.filter(run=run).values_list("row_id", "unmapped")) == [(row.pk, {"趣味": "釣り"})]


def test_an_update_moves_version_search_and_facts(bring: Any) -> None:
    row = make.company(legal_name="みなと", email="old@example.jp")
    run, _tally = bring(
        "companies", "会社名,メールアドレス\nみなと,new@example.jp\n", mapping={"メールアドレス": "email"}
    )
    row.refresh_from_db()
    assert row.version == 2
    assert "new@example.jp" in entry_model(Company).objects.get(row_id=row.pk).q
    assert Fact.objects.get(batch=run.pk).changes == {"email": ["old@example.jp", "new@example.jp"]}


@pytest.mark.parametrize(("policy", "people", "companies"), [("create", 2, 2), ("blank", 2, 1), ("error", 1, 1)])
def test_unknown_references(bring: Any, policy: str, people: int, companies: int) -> None:
    make.company(legal_name="みなと")
    run, tally = bring("people", "姓,会社名\n高野,みなと\n佐藤,知らない会社\n", unknown={"company": policy})
    assert (Person.every.count(), Company.every.count()) == (people, companies)
    assert [c for _n, c in codes(run)] == (["unknown_reference"] if policy == "error" else [])
    assert tally.blanked["company"] == (policy == "blank")


def test_undo_takes_new_rows_and_made_references_and_gives_old_values_back(bring: Any) -> None:
    by = make.actor("admin")
    old = make.person(family_name="高野", email="a@example.jp", post="課長")
    run, tally = bring(
        "people",
        "姓,メールアドレス,役職,会社名\n高野,a@example.jp,部長,新会社\n佐藤,b@example.jp,,新会社\n鈴木,c@example.jp,,\n",
        by,
    )
    assert (tally.created, tally.updated) == (2, 1)
    touched = Person.every.get(family_name="鈴木")
    change(touched, {"post": "係長"}, by=by)
    assert intake.undo(run, by) == {"removed": 2, "restored": 1, "kept": 1}
    old.refresh_from_db()
    assert (old.post, old.company_id) == ("課長", None)
    assert set(Person.every.values_list("family_name", flat=True)) == {"高野", "鈴木"}
    assert Company.every.count() == 0


def test_undo_keeps_an_update_that_somebody_has_worked_on(bring: Any) -> None:
    by = make.actor("admin")
    row = make.company(legal_name="みなと", industry="食品")
    run, _tally = bring("companies", "会社名,業種\nみなと,卸売\n", by)
    change(Company.every.get(pk=row.pk), {"phone": "03"}, by=by)
    assert intake.undo(run, by)["kept"] == 1
    row.refresh_from_db()
    assert row.industry == "卸売"


def test_subsidiaries_and_parents_of_one_file_go_together(bring: Any) -> None:
    by = make.actor("admin")
    run, tally = bring("companies", "会社名,親会社\n子一,親会社A\n子二,親会社A\n親会社A,\n", by)
    assert tally.failed == 0
    assert Company.every.get(legal_name="子一").parent == Company.every.get(legal_name="親会社A")
    intake.undo(run, by)
    assert Company.every.count() == 0


def test_deals_come_with_their_history(bring: Any) -> None:
    LossReason(name="価格", position=0).save()
    make.product(name="GTX Pro", list_price=4821)
    text = (
        "案件番号,会社名,フェーズ,商談開始日,成約日,金額,商品名,失注理由,quantity\n"
        "D1,みなと,Won,2024-03-01,2024-05-10,4000,GTX Pro,,2\nD2,みなと,Lost,2024-03-01,2024-04-01,0,GTX Pro,価格,\nD3,みなと,提案,2024-06-01,,,,,\n"
    )
    run, tally = bring(
        "deals",
        text,
        mapping={"成約日": "closed_on", "失注理由": "loss_reason", "quantity": "quantity", "商品名": "product"},
    )
    assert (tally.created, codes(run)) == (3, [])
    won = Deal.every.get(external_id="D1")
    assert (won.outcome, won.closed_on, won.amount, won.list_amount) == ("won", date(2024, 5, 10), 4000, 9642)
    assert [(s.from_at.date(), s.outcome) for s in won.spans.order_by("from_at")] == [
        (date(2024, 2, 29), "open"),
        (date(2024, 5, 10), "won"),
    ]
    assert won.spans.first().recorded_at.year >= 2026
    assert str(won.lines.get().quantity).startswith("2")
    lost = Deal.every.get(external_id="D2")
    assert (lost.outcome, lost.amount, lost.loss_reason.name) == ("lost", 4821, "価格")
    fact = Fact.objects.get(name="sales.deal.won")
    assert (fact.at.date(), fact.recorded_at.year >= 2026) == (date(2024, 5, 10), True)
    assert Deal.every.get(external_id="D3").outcome == "open"
    _run, again = bring(
        "deals",
        text,
        mapping={"成約日": "closed_on", "失注理由": "loss_reason", "quantity": "quantity", "商品名": "product"},
    )
    assert (again.created, again.unchanged, won.lines.count()) == (0, 3, 1) or (again.created, again.updated) == (0, 1)
    intake.undo(run, make.actor("admin"))
    assert Deal.every.count() == 0


def test_custom_fields_are_read_by_their_kind(bring: Any) -> None:
    for key, kind in (("area", "text"), ("score", "number"), ("since", "date"), ("vip", "bool")):
        FieldDefinition(noun="contacts.company", key=key, label_ja=key, kind=kind).save()
    text = "会社名,area,score,since,vip\nみなと,東,12,2026/4/1,はい\nあおば,,x,,\n"
    run, _tally = bring("companies", text, mapping={k: f"extra.{k}" for k in ("area", "score", "since", "vip")})
    assert Company.every.get().extra == {"area": "東", "score": 12, "since": "2026-04-01", "vip": True}
    assert codes(run) == [(3, "number.unreadable")]
    _run, tally = bring("companies", "会社名,area\nみなと,西\n", mapping={"area": "extra.area"})
    assert tally.updated == 1
    assert Company.every.get().extra["score"] == 12


def test_users_come_with_team_and_manager_and_cannot_log_in(bring: Any) -> None:
    _run, tally = bring(
        "users",
        "sales_agent,manager,regional_office\nAnna Snelling,Dustin Brinkmann,Central\nBoris Faz,Dustin Brinkmann,Central\n",
    )
    assert (tally.created, dict(tally.made)) == (2, {"accounts.user": 1, "access.team": 1})
    anna = User.objects.get(name="Anna Snelling")
    assert (anna.reports_to.name, anna.team.name) == ("Dustin Brinkmann", "Central")
    assert not anna.has_usable_password()
    assert Team.every.get(name="Central").path


def test_a_sales_person_changes_only_rows_within_reach_and_gives_none_away(bring: Any) -> None:
    role = Role.every.get(key="sales")
    role.rights = {**role.rights, "contacts.company.assign": "none", "contacts.company.edit": "own"}
    role.save()
    me, other = make.user("sales", name="自分"), make.user("sales", name="他人")
    mine, theirs = make.company(legal_name="みなと", owner=me), make.company(legal_name="あおば", owner=other)
    run, _tally = bring("companies", "会社名,業種\nみなと,食品\nあおば,電機\n", User.objects.get(pk=me.pk).actor())
    mine.refresh_from_db()
    theirs.refresh_from_db()
    assert (mine.industry, theirs.industry) == ("食品", "")
    assert codes(run) == [(3, "not_allowed")]
    run, _tally = bring(
        "companies", "会社名,自社担当者\n新会社,他人\nみなと,他人\n", User.objects.get(pk=me.pk).actor()
    )
    assert codes(run) == [(2, "may_not_give"), (3, "may_not_give")]
    mine.refresh_from_db()
    assert mine.owner_id == me.pk


def test_hidden_fields_and_a_past_made_by_others_cannot_be_mapped(bring: Any) -> None:
    role = Role.every.get(key="sales")
    role.groups = {**role.groups, "money": "hidden"}
    role.rights = {**role.rights, "sales.deal.assign": "none"}
    role.save()
    by = make.actor("sales")
    run, _tally = bring("deals", "商談名,金額\n第一,100\n", by)
    assert run.mapping["金額"] == "-"
    assert Deal.every.get().amount is None
    for name in ("amount", "outcome"):
        with pytest.raises(Invalid):
            bring("deals", "商談名,x\n第一,1\n", by, mapping={"x": name})


def test_it_stops_between_chunks_and_goes_on_behind_the_last(bring: Any, monkeypatch: Any, tmp_path: Path) -> None:
    monkeypatch.setattr(parse, "CHUNK", 10)
    by = make.actor("admin")
    path = tmp_path / "many.csv"
    path.write_text(
        "会社名,従業員数\n" + "".join(f"会社{n},{'x' if n % 9 == 8 else n}\n" for n in range(95)), encoding="utf-8"
    )
    run = intake.begin(record_of("companies"), path, path.name, by)
    chunks = iter(range(100))
    intake.carry_out(run, by, lambda _done, _size: next(chunks) < 3)
    run.refresh_from_db()
    assert run.state == "cancelled"
    assert 0 < Company.every.count() < 85
    tally = intake.carry_out(ImportRun.objects.get(pk=run.pk), by)
    assert (tally.created, tally.failed, Company.every.count()) == (85, 10, 85)
    assert [n for n, _c in codes(run)] == [n + 2 for n in range(95) if n % 9 == 8]


def test_a_file_read_in_a_process_of_its_own_comes_in_the_same(bring: Any, monkeypatch: Any) -> None:
    """Whatever is settled there: new rows and known ones, twins, faults, references made, dates, escapes."""
    text = "姓,名,会社名,メールアドレス,メモ,出会った日\n" + "".join(
        f'山田,花子{n},"みなと\t{n % 7}",p{n % 90}@example.jp,"a\\b\n{n}",{"x" if n == 50 else "2026/01/05"}\n'
        for n in range(100)
    )
    mapping = {"メモ": "note", "出会った日": "met_on"}
    monkeypatch.setattr(parse, "CHUNK", 30)
    monkeypatch.setattr(aside, "WORTH_IT", 0)
    run, tally = bring("people", text, mapping=mapping)
    assert (tally.created, tally.failed, Company.every.count(), codes(run)) == (89, 1, 7, [(52, "date.unreadable")])
    apart = list(
        Person.every.order_by("email").values_list(
            "family_name", "email", "note", "met_on", "name_fold", "search_entry__q"
        )
    )
    Person.every.all().delete()
    monkeypatch.setattr(aside, "WORTH_IT", 1 << 30)
    bring("people", text, mapping=mapping)
    assert apart == list(
        Person.every.order_by("email").values_list(
            "family_name", "email", "note", "met_on", "name_fold", "search_entry__q"
        )
    )


def test_an_address_is_parted_and_a_postal_code_names_its_place(bring: Any) -> None:
    bring("companies", "会社名,住所,郵便番号\nみなと,静岡県静岡市葵区追手町9-6,\nあおば,,100-0001\n")
    row = Company.every.get(legal_name="みなと")
    assert (row.prefecture, row.city, row.address) == ("静岡県", "静岡市葵区", "静岡県静岡市葵区追手町9-6")
    assert Company.every.get(legal_name="あおば").prefecture == "東京都"


def test_lost_zeros_come_back_when_wanted(bring: Any) -> None:
    text = "会社名,電話番号\nみなと,312345678\n"
    run, _tally = bring("companies", text)
    assert run.options["zeros"] == ["phone"]
    assert Company.every.get().phone == "0312345678"
    bring("companies", text, zeros=[])
    assert Company.every.get().phone == "312345678"


def test_the_mapping_of_a_header_is_remembered(bring: Any) -> None:
    bring("companies", "会社名,xyz\nみなと,食品\n", mapping={"xyz": "industry"})
    run, _tally = bring("companies", "会社名,xyz\nあおば,電機\n")
    assert run.mapping["xyz"] == "industry"
    assert Company.every.get(legal_name="あおば").industry == "電機"


def test_activities_belong_to_the_deal_they_name(bring: Any) -> None:
    company = make.company(legal_name="みなと")
    deal = make.deal(title="第3工場", company=company)
    text = "種別,件名,活動日,商談名\n電話,見積の件,2026/11/02,第3工場\n訪問,知らない,2026/11/02,第9工場\n"
    run, tally = bring("activities", text)
    assert (tally.created, codes(run)) == (1, [(3, "unknown_reference")])
    row = Activity.every.get()
    assert (row.kind, row.about_noun, row.about_id, row.company_id) == ("call", "sales.deal", deal.pk, company.pk)
    deal.refresh_from_db()
    assert deal.last_touch_at == row.happened_at


def test_names_of_colleagues_are_known_whatever_the_space_in_them(bring: Any) -> None:
    user = make.user("sales", name="佐藤 美咲")
    _run, tally = bring("companies", "会社名,自社担当\n青空食品,佐藤　美咲\n北斗精機,佐藤美咲\n", owner="error")
    assert (tally.created, tally.failed) == (2, 0)
    assert set(Company.system("test").values_list("owner_id", flat=True)) == {user.pk}


def test_a_row_of_totals_stays_out_with_its_reason(bring: Any) -> None:
    text = "会社名,年商,従業員数\n甲商店,100,1\n合計商事,5,\n小計,100,1\n,,\n合計,105,2\n"
    run, tally = bring("companies", text)
    assert sorted(Company.every.values_list("legal_name", flat=True)) == ["合計商事", "甲商店"]
    assert (tally.created, codes(run)) == (2, [(4, "total_row"), (6, "total_row")])


def test_what_a_file_calls_a_company_is_kept_without_honorific_and_phones_in_half_width(bring: Any) -> None:
    bring(
        "people",
        "姓,会社名,電話番号\n高野,株式会社みなと 御中,０３－１１１１－２２２２\n佐藤,株式会社みなと,03ー1111ー2223(内線５)\n",
    )
    assert Company.every.get().legal_name == "株式会社みなと"
    assert list(Person.every.order_by("pk").values_list("phone", flat=True)) == ["03-1111-2222", "03-1111-2223(内線5)"]


def test_a_row_that_another_one_names_first_is_counted_once_and_goes_once(bring: Any) -> None:
    text = "会社名,親会社,従業員数\n子会社,本社,10\n本社,,500\n孫会社,子会社,3\n"
    run, dry = bring("companies", text, check=True)
    assert (dry.created, dry.updated, dry.as_json()["made"]) == (3, 0, {})
    assert "parent" not in run.report["unknown"]
    run, real = bring("companies", text)
    assert real.as_json() == dry.as_json()
    parents = {c.legal_name: c.parent and c.parent.legal_name for c in Company.every.select_related("parent")}
    assert parents == {"子会社": "本社", "本社": None, "孫会社": "子会社"}
    assert undo.undo(run, make.actor("admin")) == {"removed": 3, "restored": 0, "kept": 0}


def test_an_id_may_point_at_a_row_further_down_in_the_file(bring: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(parse, "CHUNK", 2)
    text = "会社ID,会社名,ParentId\n1,子会社,3\n2,孫会社,1\n3,本社,\n4,よその子,99\n"
    mapping = {"ParentId": "parent"}
    run, _dry = bring("companies", text, mapping=mapping, check=True)
    assert [one["value"] for one in run.report["unknown"]["parent"]] == ["99"]
    assert run.report["blanked"] == {"parent": 1}
    run, real = bring("companies", text, mapping=mapping)
    assert (real.created, real.updated, real.failed) == (4, 0, 0)
    parents = {c.legal_name: c.parent and c.parent.legal_name for c in Company.every.select_related("parent")}
    assert parents["子会社"] == "本社"
    assert parents["孫会社"] == "子会社"
    assert parents["よその子"] is None
    before = list(Company.every.order_by("pk").values_list("version", flat=True))
    _run, again = bring("companies", text, mapping=mapping)
    assert (again.created, again.failed) == (0, 0)
    assert [v - w for v, w in zip(Company.every.order_by("pk").values_list("version", flat=True), before, strict=True)] == [0] * 4  # fmt: skip
    undo.undo(run, make.actor("admin"))


def test_a_run_that_nobody_is_at_any_more_can_go_on(bring: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(parse, "CHUNK", 2)
    run, _tally = bring("companies", "会社名\n一\n二\n三\n")
    long_ago = timezone.now() - intake.LOST * 2
    ImportRun.objects.filter(pk=run.pk).update(state="running", beat_at=timezone.now(), position=3)
    run.refresh_from_db()
    with pytest.raises(NotNow):
        intake.start(run)
    ImportRun.objects.filter(pk=run.pk).update(beat_at=long_ago, report={})
    run.refresh_from_db()
    intake.start(run)
    intake.work(run.pk)
    run.refresh_from_db()
    assert (run.state, Company.every.count()) == ("done", 3)
    ImportRun.objects.filter(pk=run.pk).update(state="undoing", beat_at=long_ago, report={})
    run.refresh_from_db()
    intake.undo_later(run, by=run.by.actor())
    intake.undo_work(run.pk)
    assert Company.every.count() == 0


def test_a_database_that_goes_away_breaks_off_only_what_nobody_repeats(bring: Any, monkeypatch: Any) -> None:
    run, _tally = bring("companies", "会社名\n一\n")

    def away(*_args: Any) -> None:
        raise OperationalError("terminating connection")

    monkeypatch.setattr(Engine, "go", away)
    for repeats, state in ((True, "running"), (False, "failed")):
        with pytest.raises(OperationalError):
            intake.carry_out(run, make.actor("admin"), repeats=repeats)
        assert ImportRun.objects.get(pk=run.pk).state == state


def test_undo_broken_off_in_the_middle_counts_what_it_kept_once(bring: Any, monkeypatch: Any) -> None:
    admin = make.actor("admin")
    run, _tally = bring("companies", "会社名\n" + "".join(f"会社{n}\n" for n in range(6)), admin)
    change(Company.every.get(legal_name="会社1"), {"note": "手で書いた"}, by=admin)
    monkeypatch.setattr(undo, "UNDO_CHUNK", 2)
    real, calls = undo._delete, []

    def breaks(model: Any, ids: list[int]) -> None:
        calls.append(ids)
        if len(calls) == 2:
            raise OperationalError("terminating connection")
        real(model, ids)

    monkeypatch.setattr(undo, "_delete", breaks)
    with pytest.raises(OperationalError):
        undo.undo(run, admin)
    run.refresh_from_db()
    counts = undo.undo(run, admin)
    assert counts["kept"] == 1
    assert counts["removed"] == 5
    assert list(Company.every.values_list("legal_name", "note")) == [("会社1", "手で書いた")]


def test_activities_without_an_id_are_known_again_by_what_they_say(bring: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(parse, "CHUNK", 3)
    make.stages()
    company = make.company(legal_name="みなと")
    for title in ("商談A", "商談B"):
        make.deal(title=title, company=company)
    text = (
        "種別,日時,件名,内容,会社名,商談名\n"
        "電話,2026/10/01 09:30,初回の電話,,みなと,\n電話,2026/10/01,不在,,みなと,\n電話,2026/10/01,不在,,みなと,\n"
        "訪問,2026/10/02,,見積の説明,みなと,商談B\n訪問,2026/10/02,,見積の説明,みなと,商談A\n"
    )
    _run, dry = bring("activities", text, check=True)
    _run, first = bring("activities", text)
    assert (dry.created, first.created, first.unchanged) == (5, 5, 0), "two calls of one day that read the same are two"
    for check in (True, False):
        _run, again = bring("activities", text, check=check)
        assert (again.created, again.updated, again.unchanged) == (0, 0, 5)
    _run, more = bring("activities", text + "電話,2026/10/01,不在,,みなと,\n訪問,2026/10/02,,見積の説明,みなと,\n電話,2026/10/01 09:30,初回の電話,,あおば,\n")  # fmt: skip
    assert (more.created, more.unchanged) == (3, 5)
    titles = dict(Deal.every.values_list("pk", "title"))
    about = Activity.every.filter(body="見積の説明").values_list("about_id", flat=True)
    assert sorted(titles.get(pk, "") for pk in about) == ["", "商談A", "商談B"]


def test_an_activity_with_an_id_is_not_taken_for_one_with_another(bring: Any) -> None:
    make.company(legal_name="みなと")
    bring("activities", "種別,日時,件名,会社名\n電話,2026/10/01,不在,みなと\n")
    _run, tally = bring("activities", "活動ID,種別,日時,件名,会社名\n7,電話,2026/10/01,不在,みなと\n8,電話,2026/10/01,不在,みなと\n", mapping={"活動ID": "external_id"})  # fmt: skip
    assert (tally.created, tally.updated) == (1, 1), "the one without an id gets the first"
    _run, tally = bring("activities", "活動ID,種別,日時,件名,会社名\n9,電話,2026/10/01,不在,みなと\n", mapping={"活動ID": "external_id"})  # fmt: skip
    assert tally.created == 1


def test_a_contact_person_nobody_knows_stays_empty_and_the_name_stays_with_the_row(bring: Any) -> None:
    make.stages()
    make.person(family_name="高野", given_name="真由美")
    text = "商談名,会社名,先方担当者名\nA,みなと,高野 真由美\nB,みなと,鈴木 一郎\n"
    run, dry = bring("deals", text, check=True)
    assert (dry.created, dry.failed, run.report["blanked"]) == (2, 0, {"person": 1})
    run, real = bring("deals", text)
    assert (real.created, real.failed) == (2, 0)
    people = {deal.title: deal.person and str(deal.person) for deal in Deal.every.select_related("person")}
    assert people["A"]
    assert people["B"] is None
    note = ImportRow.objects.get(run=run, row_id=Deal.every.get(title="B").pk)
    assert note.unmapped == {"先方担当者名": "鈴木 一郎"}


def test_of_several_companies_in_one_cell_the_first_is_taken(bring: Any) -> None:
    make.stages()
    hubspot = "Record ID,Deal Name,Deal Stage,Pipeline,Deal Owner,Associated Company\n1,A,提案,,,みなと;あおば\n"
    run, tally = bring("deals", hubspot)
    assert (run.source, tally.failed) == ("hubspot", 0)
    assert list(Company.every.values_list("legal_name", flat=True)) == ["みなと"]
    assert ImportRow.objects.get(run=run, number=2).unmapped == {"Associated Company": "みなと;あおば"}
    bring("people", "姓,会社名\n高野,青空;北斗\n佐藤,北斗\n鈴木,\n")
    assert {p.family_name: p.company and p.company.legal_name for p in Person.every.select_related("company")} == {
        "高野": "青空", "佐藤": "北斗", "鈴木": None,
    }  # fmt: skip
    bring("people", "姓,会社名\n山田,A;B設計\n")
    assert Company.every.filter(legal_name="A;B設計").exists(), "a name may hold a semicolon"


def test_imports_taken_back_from_the_last_to_the_first_leave_nothing(bring: Any) -> None:
    admin = make.actor("admin")
    old = make.company(legal_name="前からある", employees=1)
    first, _tally = bring("companies", "会社名,従業員数\n前からある,2\n新しい,10\n", admin)
    second, _tally = bring("companies", "会社名,従業員数\n前からある,3\n新しい,11\n", admin)
    assert undo.undo(second, admin) == {"removed": 0, "restored": 2, "kept": 0}
    assert undo.undo(first, admin) == {"removed": 1, "restored": 1, "kept": 0}
    assert list(Company.every.values_list("legal_name", "employees")) == [("前からある", 1)]
    old.refresh_from_db()
    again, _tally = bring("companies", "会社名,従業員数\n前からある,4\n", admin)
    more, _tally = bring("companies", "会社名,従業員数\n前からある,5\n", admin)
    undo.undo(more, admin)
    change(Company.every.get(), {"note": "手で書いた"}, by=admin)
    assert undo.undo(again, admin) == {"removed": 0, "restored": 0, "kept": 1}
    again.refresh_from_db()
    assert again.report["kept"] == [["contacts.company", old.pk]]
    assert Company.every.get().employees == 4


def test_of_people_with_one_name_the_one_at_the_row_s_company_is_meant(bring: Any) -> None:
    make.stages()
    home = {name: make.company(legal_name=name) for name in ("みなと", "あおば", "青空")}
    for company in ("みなと", "あおば"):
        make.person(family_name="田中", given_name="", company=home[company])
    make.person(family_name="高野", given_name="真由美", company=home["みなと"])
    text = "商談名,先方担当者名,会社名\nA,田中,あおば\nB,田中,みなと\nC,田中,青空\nD,高野 真由美,青空\nE,田中,\nF,高野 真由美,\n"
    run, dry = bring("deals", text, check=True)
    assert (dry.failed, run.report["blanked"]) == (0, {"person": 2})
    bring("deals", text)
    where = {
        deal.title: deal.person and deal.person.company and deal.person.company.legal_name
        for deal in Deal.every.select_related("person__company")
    }
    assert where == {"A": "あおば", "B": "みなと", "C": None, "D": "みなと", "E": None, "F": "みなと"}


def test_who_takes_an_import_back_is_told_with_what_went(bring: Any) -> None:
    run, _tally = bring("companies", "会社名\n株式会社山\n株式会社川\n")
    boss = make.user("admin")
    intake.undo_later(run, by=boss.actor())
    intake.undo_work(run.pk, boss.pk)
    told = Fact.objects.get(name="record.importrun.undone")
    assert (told.subject_id, told.by_id) == (run.pk, boss.pk)
    assert told.payload == {"of": "contacts.company", "removed": 2, "restored": 0, "kept": 0}
    lines = list(entries(Fact.objects.order_by("pk"), boss.actor(), None))
    assert run.file_name in next(line.said for line in lines if line.fact.name == "contacts.company.created")
    assert "—" not in lines[-1].said
