"""The wizard through plain requests, as without scripts: file, columns, trial run, run, undo."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from django.utils.translation import gettext, override
from tests import make

from noren.accounts.models import User
from noren.catalog.models import Product
from noren.contacts.models import Company, Person
from noren.core.record.intake.run import table_of
from noren.core.record.models import ImportRun
from noren.sales.models import Deal

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin() -> User:
    make.firm()
    return make.user("admin")


@pytest.fixture
def client(admin: User) -> Client:
    found = Client()
    found.force_login(admin)
    return found


def send(client: Client, text: str, noun: str = "", name: str = "table.csv") -> ImportRun:
    answer = client.post("/imports/new/", {"file": SimpleUploadedFile(name, text.encode()), "noun": noun})
    assert answer.status_code == 302, answer.content.decode()[:3000]
    return ImportRun.objects.latest("pk")


def ja(text: str) -> str:
    """The text as the reader of these pages sees it."""
    with override("ja"):
        return gettext(text)


def mapping(run: ImportRun) -> dict[str, str]:
    return {f"to-{at}": run.mapping[header] for at, header in enumerate(table_of(run).header)}


def test_a_file_goes_the_whole_way_and_back(client: Client) -> None:
    run = send(client, "会社名,業種,電話番号\n株式会社みなと,食品,03-1111-2222\nあおば商事㈱,卸売,312345678\n")
    assert run.noun == "contacts.company"
    page = client.get(f"/imports/{run.pk}/columns/").content.decode()
    assert "株式会社みなと" in page
    answer = client.post(f"/imports/{run.pk}/columns/", {**mapping(run), "zeros": "on"})
    assert answer["Location"] == f"/imports/{run.pk}/check/"
    page = client.get(answer["Location"]).content.decode()
    assert '<b class="num">2</b>' in page
    assert Company.every.count() == 0
    answer = client.post(f"/imports/{run.pk}/check/", {"run": "1"})
    assert answer["Location"] == f"/imports/{run.pk}/run/"
    page = client.get(answer["Location"]).content.decode()
    assert "data-done" in page
    assert f"import={run.pk}" in page
    assert Company.every.get(legal_name="あおば商事㈱").phone == "0312345678"
    client.post(f"/imports/{run.pk}/undo/")
    assert Company.every.count() == 0
    assert ImportRun.objects.get(pk=run.pk).state == "undone"


def test_suggestions_can_be_taken_typed_made_or_left(client: Client) -> None:
    make.product(name="GTX Pro", list_price=4821)
    rows = "".join(
        f"D{n},{product},100,2026-10-01,Won,2026-11-01\n"
        for n, product in enumerate(["GTX Pro", "GTXPro", "GTKK", "Zeta 9", "Alfa"])
    )
    run = send(client, "opportunity_id,product,close_value,engage_date,deal_stage,close_date\n" + rows, "sales.deal")
    answer = client.post(f"/imports/{run.pk}/columns/", mapping(run))
    assert answer.status_code == 302, answer.content.decode()
    run.refresh_from_db()
    assert run.counts["failed"] == 4, (run.report, list(run.faults.values_list("number", "code")))
    page = client.get(f"/imports/{run.pk}/check/").content.decode()
    assert "GTXPro" in page
    keys = {each["value"]: f"u.product.{at}" for at, each in enumerate(run.report["unknown"]["product"])}
    client.post(f"/imports/{run.pk}/check/", {"take": f"{keys['GTXPro']}|0"})
    run.refresh_from_db()
    assert run.fixes["product"]["GTXPro"] == "GTX Pro"
    assert run.counts["failed"] == 3
    keys = {each["value"]: f"u.product.{at}" for at, each in enumerate(run.report["unknown"]["product"])}
    client.post(f"/imports/{run.pk}/check/", {"again": "1", f"fix-{keys['GTKK']}": "GTX Pro"})
    run.refresh_from_db()
    keys = {each["value"]: f"u.product.{at}" for at, each in enumerate(run.report["unknown"]["product"])}
    client.post(f"/imports/{run.pk}/check/", {"create": keys["Zeta 9"]})
    run.refresh_from_db()
    keys = {each["value"]: f"u.product.{at}" for at, each in enumerate(run.report["unknown"]["product"])}
    client.post(f"/imports/{run.pk}/check/", {"skip": keys["Alfa"]})
    run.refresh_from_db()
    assert run.counts["failed"] == 0, run.report
    assert not Product.every.filter(name="Zeta 9").exists()
    client.post(f"/imports/{run.pk}/check/", {"run": "1"})
    assert Deal.every.count() == 5
    assert Product.every.filter(name="Zeta 9").count() == 1
    assert sorted(str(n) for n in Deal.every.values_list("lines__product__name", flat=True)) == [
        "GTX Pro",
        "GTX Pro",
        "GTX Pro",
        "None",
        "Zeta 9",
    ]
    assert Deal.every.filter(lines__product__name="GTX Pro").count() == 3
    assert Deal.every.filter(outcome="won", closed_on="2026-11-01").count() == 5


def test_cells_that_cannot_be_read_are_mended_in_place_and_given_back_as_a_file(client: Client) -> None:
    run = send(client, "会社名,従業員数\nみなと,12\nあおば,many\n", "contacts.company")
    client.post(f"/imports/{run.pk}/columns/", mapping(run))
    page = client.get(f"/imports/{run.pk}/check/").content.decode()
    assert "many" in page
    told = client.get(f"/imports/{run.pk}/errors.csv").content.decode("utf-8-sig")
    lines = list(csv.reader(io.StringIO(told)))
    assert lines[1][0] == "3"
    assert lines[1][3:] == ["あおば", "many"]
    fault = run.faults.get()
    client.post(f"/imports/{run.pk}/check/", {f"fix-f.{fault.pk}": "40", "run": "1"})
    assert Company.every.get(legal_name="あおば").employees == 40


def test_reading_can_be_corrected(client: Client) -> None:
    run = send(client, "題名;;\n会社名;電話番号\nみなと;03-1111-2222\n", "contacts.company")
    page = client.get(f"/imports/{run.pk}/columns/").content.decode()
    assert 'name="header_row"' in page
    client.post(f"/imports/{run.pk}/columns/", {"header_row": "1"})
    run.refresh_from_db()
    assert run.options["reading"]["header_row"] == 1
    client.post(f"/imports/{run.pk}/columns/", {"header_row": "2"})
    run.refresh_from_db()
    assert list(run.mapping) == ["会社名", "電話番号"]


def test_two_columns_for_one_field_are_refused_and_what_was_chosen_stays(client: Client) -> None:
    run = send(client, "会社名,略称\nみなと,み\n", "contacts.company")
    answer = client.post(f"/imports/{run.pk}/columns/", {"to-0": "legal_name", "to-1": "legal_name"})
    assert answer.status_code == 422
    assert answer.content.decode().count('value="legal_name" selected') == 2


def test_a_table_without_rows_or_fields_says_what_to_do_and_keeps_what_was_chosen(client: Client) -> None:
    run = send(client, "会社名,電話番号\n", "contacts.company")
    assert 'role="alert"' in client.get(f"/imports/{run.pk}/columns/").content.decode()
    answer = client.post(f"/imports/{run.pk}/columns/", {**mapping(run), "on_match": "skip"})
    assert answer.status_code == 422
    assert '<option value="skip" selected' in answer.content.decode()
    run = send(client, "株式会社一列\n株式会社二列\n", "contacts.company")
    answer = client.post(f"/imports/{run.pk}/columns/", mapping(run))
    assert answer.status_code == 422
    assert 'role="alert"' in answer.content.decode()
    client.post(f"/imports/{run.pk}/columns/", {"header_row": "0"})
    assert client.post(f"/imports/{run.pk}/columns/", {"to-0": "legal_name", "header_row": "0"}).status_code == 302
    run.refresh_from_db()
    assert run.counts["created"] == 2


@pytest.mark.parametrize(
    "cover",
    [
        [["このファイルについて"]],
        [["2026年度 顧客一覧"], ["作成: 営業企画部"], [], ["更新日", "2026/10/01"], ["件数", "20"]],
    ],
)
def test_a_sheet_with_a_table_is_found_behind_a_cover(client: Client, cover: list[list[str]]) -> None:
    from openpyxl import Workbook

    book = Workbook()
    for line in cover:
        book.active.append(line)
    away = book.create_sheet("控え")
    away.append(["会社名", "電話番号", "住所"])
    away.append(["古い会社", "03-0000-0000", "東京都"])
    away.sheet_state = "hidden"
    sheet = book.create_sheet("データ")
    sheet.append(["会社名", "電話番号"])
    sheet.append(["みなと", "03-1111-2222"])
    out = io.BytesIO()
    book.save(out)
    client.post("/imports/new/", {"file": SimpleUploadedFile("b.xlsx", out.getvalue()), "noun": "contacts.company"})
    run = ImportRun.objects.latest("pk")
    assert run.mapping == {"会社名": "legal_name", "電話番号": "phone"}
    assert 'value="データ" selected' in client.get(f"/imports/{run.pk}/columns/").content.decode()


def test_cells_merged_over_rows_speak_for_each_and_formulas_without_a_result_are_told(client: Client) -> None:
    from openpyxl import Workbook

    book = Workbook()
    sheet = book.active
    for row in (
        ["名簿", None, None], ["会社名", "氏名", "役職"], ["株式会社みなと", "高野 真由美", "部長"], [None, "佐藤 健", "=1+1"],
        [None, "鈴木 花", None], ["あおば", "山本 一", "課長"],
    ):  # fmt: skip
        sheet.append(row)
    sheet.merge_cells("A1:C1")
    sheet.merge_cells("A3:A5")
    out = io.BytesIO()
    book.save(out)
    client.post("/imports/new/", {"file": SimpleUploadedFile("b.xlsx", out.getvalue()), "noun": "contacts.person"})
    run = ImportRun.objects.latest("pk")
    client.post(f"/imports/{run.pk}/columns/", mapping(run))
    run.refresh_from_db()
    assert (run.counts["created"], run.counts["warned"]) == (4, 1), run.counts
    client.post(f"/imports/{run.pk}/check/", {"run": "1"})
    assert Company.every.get(legal_name="株式会社みなと").people.count() == 3


def test_what_is_no_table_is_refused_with_a_sentence(client: Client) -> None:
    answer = client.post("/imports/new/", {"file": SimpleUploadedFile("x.csv", b"%PDF-1.7"), "noun": ""})
    assert answer.status_code == 422
    assert "PDF" in answer.content.decode()
    assert client.post("/imports/new/", {"noun": ""}).status_code == 422


def test_a_strangers_import_does_not_exist(client: Client) -> None:
    run = send(client, "会社名\nみなと\n", "contacts.company")
    other = Client()
    other.force_login(make.user("sales"))
    for path in ("", "columns/", "check/", "run/", "progress/", "errors.csv"):
        assert other.get(f"/imports/{run.pk}/{path}").status_code == 404, path
    for path in ("stop/", "resume/", "undo/"):
        assert other.post(f"/imports/{run.pk}/{path}").status_code == 404, path
    assert run.file_name not in other.get("/imports/").content.decode()
    assert run.file_name in client.get("/imports/").content.decode()


def test_what_may_not_be_created_is_not_offered(admin: User) -> None:
    reader = Client()
    reader.force_login(make.user("reader"))
    assert reader.get("/imports/new/").status_code == 403
    sales = Client()
    sales.force_login(make.user("sales"))
    page = sales.get("/imports/new/").content.decode()
    assert 'value="contacts.company"' in page
    assert 'value="accounts.user"' not in page


def test_a_large_file_waits_for_a_worker_and_says_so(client: Client, monkeypatch: Any) -> None:
    from noren.core.page.imports import check

    monkeypatch.setattr(check, "DIRECT", 0)
    run = send(client, "会社名\nみなと\n", "contacts.company")
    client.post(f"/imports/{run.pk}/columns/", mapping(run))
    run.refresh_from_db()
    assert run.state == "checking"
    page = client.get(f"/imports/{run.pk}/run/").content.decode()
    assert "data-done" not in page
    assert "kohaku" not in page
    run.report = {"asked_at": (timezone.now() - timedelta(seconds=20)).isoformat()}
    run.save()
    assert "kohaku" in client.get(f"/imports/{run.pk}/progress/").content.decode()


def test_samples_bear_names_that_the_importer_knows(client: Client) -> None:
    told = client.get("/imports/sample/contacts-person.csv").content.decode("utf-8-sig")
    run = send(
        client,
        told + ",".join("x" * (told.count(",") and 1) for _ in range(told.count(",") + 1)) + "\n",
        "contacts.person",
    )
    assert "-" not in run.mapping.values(), run.mapping


def test_the_trial_run_shows_what_will_be_stored_beside_what_stands_in_the_file(client: Client) -> None:
    make.company(legal_name="株式会社みなと")
    text = (
        "氏名,フリガナ,会社名,電話番号,名刺交換日,住所,メールアドレス\n"
        "高野　真由美 様,ﾀｶﾉ ﾏﾕﾐ,㈱みなと,０３－１１１１－２２２２,R8.10.1,東京都港区芝公園4-2-8,ａ＠b.jp\n"
        "佐藤健,,あおば商事,03-1111-2222,2026/10/02,,bad\n"
    )
    run = send(client, text, "contacts.person")
    client.post(f"/imports/{run.pk}/columns/", mapping(run))
    page = client.get(f"/imports/{run.pk}/check/").content.decode()
    shown = page[page.index('id="pre-h"') : page.index('id="fix-h"')]
    assert "高野 / 真由美" in shown
    assert "タカノ / マユミ" in shown
    assert "株式会社みなと" in shown
    assert "<del>㈱みなと</del>" in shown
    assert "03-1111-2222" in shown
    assert "<del>R8.10.1</del>" in shown
    assert "2026/10/01" in shown
    assert "<del>2026/10/02</del>" not in shown
    assert "東京都" in shown
    assert "港区" in shown
    assert "a@b.jp" in shown
    assert '<small class="err blk">' in shown


def test_a_stage_that_means_an_outcome_is_not_announced_as_a_new_one(client: Client) -> None:
    run = send(client, "商談名,フェーズ,金額,受注日\nA,Won,100,2026/10/01\nB,特別交渉,200,\n", "sales.deal")
    client.post(f"/imports/{run.pk}/columns/", mapping(run))
    page = client.get(f"/imports/{run.pk}/check/").content.decode()
    rows = page[page.index('id="pre-h"') : page.index('id="fix-h"')].split("<tr>")
    told = next(row for row in rows if ">A<" in row)
    assert "<del>Won</del>" in told
    assert "新しく作ります" not in told
    assert "受注" in told
    assert "新しく作ります" in next(row for row in rows if ">B<" in row)


def test_the_trial_run_knows_how_many_rows_there_are_and_its_counts_are_not_those_of_the_run(
    client: Client, monkeypatch: Any
) -> None:
    from noren.core.page.imports import check
    from noren.core.record.intake.table import read

    monkeypatch.setattr(read, "SAMPLE", 5)
    run = send(
        client, "会社名,備考\n" + "".join(f"会社{n},{'長い' * (40 - n)}\n" for n in range(40)), "contacts.company"
    )
    assert run.total != 40
    client.post(f"/imports/{run.pk}/columns/", mapping(run))
    run.refresh_from_db()
    assert (run.total, run.counts["created"]) == (40, 40)
    monkeypatch.setattr(check, "DIRECT", 0)
    client.post(f"/imports/{run.pk}/check/", {"run": "1"})
    run.refresh_from_db()
    assert (run.state, run.total, run.counts) == ("running", 40, {})


def test_a_stage_of_another_spelling_is_offered_and_taken_only_when_pressed(client: Client) -> None:
    from noren.sales.models import Stage

    first = Stage.every.order_by("position").first()
    assert first is not None
    first.name = "ヒアリング"
    first.save()
    run = send(client, "商談名,フェーズ\nA,ヒヤリング\n", "sales.deal")
    client.post(f"/imports/{run.pk}/columns/", mapping(run))
    run.refresh_from_db()
    assert run.report["unknown"]["stage"][0]["suggestions"] == ["ヒアリング"]
    client.post(f"/imports/{run.pk}/check/", {"take": "u.stage.0|0"})
    client.post(f"/imports/{run.pk}/check/", {"run": "1"})
    assert Deal.every.get().stage_id == first.pk


def test_of_two_colleagues_of_one_name_none_is_taken_with_the_rest(client: Client) -> None:
    make.user("sales", name="佐藤 美咲")
    make.user("sales", name="佐藤 誠一")
    run = send(client, "会社名,自社担当\nみなと,佐藤\n", "contacts.company")
    client.post(f"/imports/{run.pk}/columns/", mapping(run))
    client.post(f"/imports/{run.pk}/check/", {"accept": "1"})
    run.refresh_from_db()
    assert run.fixes == {}
    page = client.get(f"/imports/{run.pk}/check/").content.decode()
    assert "佐藤 美咲" in page
    assert 'name="accept"' not in page


def test_all_that_is_wrong_with_a_row_is_told_at_once(client: Client) -> None:
    make.user("sales", name="佐藤 美咲")
    make.product(name="温度計")
    run = send(client, "商談名,自社担当,商品名,金額\nA,佐藤,おんどけい,abc\n", "sales.deal")
    client.post(f"/imports/{run.pk}/columns/", mapping(run))
    run.refresh_from_db()
    assert run.counts["failed"] == 1
    assert run.report["unknown"]["owner"][0]["suggestions"] == ["佐藤 美咲"]
    assert run.report["unknown"]["product"][0]["value"] == "おんどけい"
    client.post(f"/imports/{run.pk}/check/", {
        "again": "1", "fix-u.owner.0": "佐藤 美咲", "fix-u.product.0": "温度計", f"fix-f.{run.faults.get().pk}": "100",
    })  # fmt: skip
    run.refresh_from_db()
    assert run.counts["created"] == 1


def test_a_run_whose_process_is_gone_offers_to_go_on(client: Client) -> None:
    run = send(client, "会社名\nみなと\n", "contacts.company")
    client.post(f"/imports/{run.pk}/columns/", mapping(run))
    long_ago = timezone.now() - timedelta(minutes=10)
    ImportRun.objects.filter(pk=run.pk).update(state="running", beat_at=long_ago, report={})
    page = client.get(f"/imports/{run.pk}/progress/").content.decode()
    assert f"/imports/{run.pk}/resume/" in page
    assert f"/imports/{run.pk}/stop/" not in page
    ImportRun.objects.filter(pk=run.pk).update(beat_at=timezone.now())
    page = client.get(f"/imports/{run.pk}/progress/").content.decode()
    assert f"/imports/{run.pk}/stop/" in page
    assert f"/imports/{run.pk}/resume/" not in page


def test_an_undo_names_the_rows_it_left_as_they_are(client: Client) -> None:
    run = send(client, "会社名,電話番号\nみなと,03-1111-2222\nあおば,03-1111-3333\n", "contacts.company")
    client.post(f"/imports/{run.pk}/columns/", mapping(run))
    client.post(f"/imports/{run.pk}/check/", {"run": "1"})
    kept = Company.every.get(legal_name="みなと")
    client.post(
        f"/contacts/companies/{kept.pk}/edit/", {"legal_name": "みなと", "note": "手で書いた", "version": kept.version}
    )
    assert Company.every.get(pk=kept.pk).note == "手で書いた"
    client.post(f"/imports/{run.pk}/undo/")
    page = client.get(f"/imports/{run.pk}/run/").content.decode()
    assert f'href="/contacts/companies/{kept.pk}/">みなと</a>' in page
    assert client.post(f"/imports/{run.pk}/undo/").status_code == 302, "a second time changes nothing"
    assert list(Company.every.values_list("note", flat=True)) == ["手で書いた"]


def test_a_row_without_any_name_is_refused_as_a_form_refuses_it(client: Client) -> None:
    run = send(
        client,
        "会社名,氏名,メール\n株式会社みなと,,\n株式会社みなと,,info@minato.example\n株式会社みなと,山田 太郎,\n",
        "contacts.person",
    )
    client.post(f"/imports/{run.pk}/columns/", mapping(run))
    run.refresh_from_db()
    assert (run.counts["created"], run.counts["failed"]) == (2, 1)
    sentence = ja("Enter a name or an e-mail address.")
    assert sentence in client.get(f"/imports/{run.pk}/check/").content.decode()
    client.post(f"/imports/{run.pk}/check/", {"run": "1"})
    assert set(Person.every.values_list("full_name", "email")) == {("", "info@minato.example"), ("山田 太郎", "")}
    company = Company.every.get()
    answer = client.post("/contacts/people/new/", {"company": company.pk})
    assert (answer.status_code, sentence in answer.content.decode()) == (422, True)


def test_the_page_follows_a_choice_of_column_and_asks_for_the_order_of_its_dates(client: Client) -> None:
    text = "会社名,氏名,生年月日\nみなと,山田 太郎,1980/04/03\nみなと,佐藤 花子,03/04/1980\nみなと,鈴木 一,不明\nみなと,林 二,不詳\n"
    run = send(client, text, "contacts.person")
    assert run.mapping["生年月日"] == "-"
    where = f"/imports/{run.pk}/columns/"
    note = ja("%(taken)s of %(all)s columns are taken over; the others stay with the import.")
    assert note % {"taken": 2, "all": 3} in client.get(where).content.decode()
    page = client.post(where, {**mapping(run), "to-2": "met_on", "look": "1"}).content.decode()
    assert note % {"taken": 3, "all": 3} in page
    assert ja("Your choice") in page
    assert 'name="order-met_on"' in page
    run.refresh_from_db()
    assert (run.state, run.mapping["生年月日"]) == ("uploaded", "met_on")
    page = client.post(where, {**mapping(run), "to-2": "full_name", "look": "1"}).content.decode()
    assert ja("Two columns fill the same field: %(name)s.") % {"name": "full_name"} in page


def test_the_order_of_dates_is_asked_beside_the_fault_that_wants_it(client: Client) -> None:
    plain = "".join(f"みなと,山田 {n}郎,2020/05/{n % 28 + 1:02}\n" for n in range(120))  # more rows than are looked at
    run = send(client, f"会社名,氏名,生年月日\n{plain}みなと,佐藤 花子,03/04/1980\n", "contacts.person")
    where = f"/imports/{run.pk}/columns/"
    assert (
        'name="order-met_on"'
        not in client.post(where, {**mapping(run), "to-2": "met_on", "look": "1"}).content.decode()
    )
    client.post(where, {**mapping(run), "to-2": "met_on"})
    page = client.get(f"/imports/{run.pk}/check/").content.decode()
    assert (
        ja("“%(value)s” can be read as two different days: say which order the column has.") % {"value": "03/04/1980"}
        in page
    )
    assert 'name="order-met_on"' in page
    assert 'name="order-met_on"' in client.get(where).content.decode()
    client.post(f"/imports/{run.pk}/check/", {"order-met_on": "dmy", "again": "1"})
    run.refresh_from_db()
    assert (run.counts["created"], run.counts["failed"]) == (121, 0)
    client.post(f"/imports/{run.pk}/check/", {"run": "1"})
    assert str(Person.every.get(family_name="佐藤").met_on) == "1980-04-03"


def test_faults_are_told_by_column_those_columns_come_first_and_a_name_in_one_piece_is_marked(client: Client) -> None:
    text = "氏名,会社名,役職,出会った日,次の予定日\n鈴木花子,みなと,部長,2020/13/45,\n林 二,みなと,課長,03/04/1980,\n森 三,みなと,係長,2020/01/02,\n"
    run = send(client, text, "contacts.person")
    client.post(f"/imports/{run.pk}/columns/", {**mapping(run), "to-3": "met_on"})
    run.refresh_from_db()
    assert (run.counts["created"], run.counts["failed"]) == (1, 2)
    page = client.get(f"/imports/{run.pk}/check/").content.decode()
    chip = f"{ja('Met on')}: {ja('Date')} 2"
    assert page.count(chip) == 1
    assert page.index(f'<th scope="col">{ja("Met on")}') < page.index(f'<th scope="col">{ja("Company")}')
    assert ja("Not parted: there is no space between the names") in page
    narrowed = client.get(f"/imports/{run.pk}/check/", {"reason": "date", "column": "出会った日"}).content.decode()
    assert narrowed.count('class="rn num"') == 2
    assert 'class="btn pri" name="run"' in page


def test_importing_nothing_is_not_the_main_button(client: Client) -> None:
    run = send(client, "氏名,出会った日\n林 二,2020/13/45\n", "contacts.person")
    client.post(f"/imports/{run.pk}/columns/", {**mapping(run), "to-1": "met_on"})
    page = client.get(f"/imports/{run.pk}/check/").content.decode()
    assert 'class="btn" name="run" value="1" disabled' in page
    assert 'class="btn pri" name="again"' in page
