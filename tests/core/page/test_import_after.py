"""After an import: exactly its rows as a list, the columns it left, what it put right for later, and when its file goes."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from tests import make

from noren.accounts.models import User
from noren.contacts.models import Company
from noren.core.action.plain import change
from noren.core.record.intake import fixes, keeping
from noren.core.record.intake.run import path_of, table_of
from noren.core.record.intake.undo import forecast
from noren.core.record.models import ImportFault, ImportFix, ImportRow, ImportRun

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, settings: Any) -> None:
    settings.ENV = replace(settings.ENV, data=tmp_path)


@pytest.fixture
def admin() -> User:
    make.firm()
    return make.user("admin", name="山田 一郎")


@pytest.fixture
def client(admin: User) -> Client:
    found = Client()
    found.force_login(admin)
    return found


def bring(client: Client, text: str, noun: str = "contacts.company", name: str = "table.csv") -> ImportRun:
    """A file through all steps, as proposed."""
    answer = client.post("/imports/new/", {"file": SimpleUploadedFile(name, text.encode()), "noun": noun})
    assert answer.status_code == 302, answer.content.decode()[:3000]
    run = ImportRun.objects.latest("pk")
    sent = {f"to-{at}": run.mapping[header] for at, header in enumerate(table_of(run).header)}
    client.post(f"/imports/{run.pk}/columns/", sent)
    client.post(f"/imports/{run.pk}/check/", {"run": "1"})
    run.refresh_from_db()
    return run


# -- exactly its rows ----------------------------------------------------------------------------------------------------


def test_the_rows_of_an_import_are_a_filter_that_lists_counts_and_exports(client: Client) -> None:
    make.company(legal_name="よそ")
    make.company(legal_name="みなと")
    run = bring(client, "会社名,業種\nみなと,食品\nあおば,卸売\n", name="取引先.csv")
    change(Company.every.get(legal_name="よそ"), {"industry": "later"}, by=make.actor("admin"))
    page = client.get(f"/imports/{run.pk}/run/").content.decode()
    assert f"/contacts/companies/?import={run.pk}" in page
    listed = client.get(f"/contacts/companies/?import={run.pk}").content.decode()
    assert "みなと" in listed
    assert "あおば" in listed
    assert "よそ" not in listed
    assert "取引先.csv" in listed, "the chip says which file"
    answer: Any = client.get(f"/contacts/companies/export/?import={run.pk}&format=csv")
    told = b"".join(answer.streaming_content).decode("utf-8-sig")
    assert len(list(csv.reader(io.StringIO(told)))) == 3
    assert client.get("/contacts/companies/?import=x").status_code in (200, 422)
    assert "みなと" not in client.get("/contacts/companies/?import__empty=1").content.decode()
    assert "よそ" in client.get(f"/contacts/companies/?import__not={run.pk}").content.decode()


def test_companies_that_a_file_of_people_made_are_listed_as_its_own_too(client: Client) -> None:
    make.company(legal_name="よそ")
    run = bring(client, "姓,会社名\n高野,みなと\n", "contacts.person")
    listed = client.get(f"/contacts/companies/?import={run.pk}").content.decode()
    assert "みなと" in listed
    assert "よそ" not in listed
    assert "table.csv" in client.get("/contacts/companies/filter/?import=1").content.decode()


def test_the_filter_form_offers_imports_and_keeps_one_in_the_address(client: Client) -> None:
    run = bring(client, "会社名\nみなと\n", name="取引先.csv")
    form = client.get(f"/contacts/companies/filter/?import={run.pk}").content.decode()
    assert "取引先.csv" in form
    assert f'value="{run.pk}" checked' in form


def test_nothing_is_offered_to_open_after_an_undo(client: Client) -> None:
    run = bring(client, "会社名\nみなと\n")
    client.post(f"/imports/{run.pk}/undo/")
    page = client.get(f"/imports/{run.pk}/run/").content.decode()
    assert "import=" not in page
    assert "/contacts/companies/?" not in page


def test_companies_made_along_are_linked_and_an_undo_asks_first_with_what_goes_and_stays(client: Client) -> None:
    old = make.person(family_name="林", given_name="二", email="hayashi@example.jp")
    text = "氏名,会社名,メール,役職\n高野 一,みなと,,\n佐藤 花,あおば,,\n林 二,,hayashi@example.jp,部長\n"
    run = bring(client, text, "contacts.person")
    page = client.get(f"/imports/{run.pk}/run/").content.decode()
    assert f"/contacts/companies/?import={run.pk}" in page
    assert f'href="/imports/{run.pk}/undo/"' in page
    change(Company.every.get(legal_name="あおば"), {"industry": "later"}, by=make.actor("admin"))
    assert forecast(run) == ({"contacts.person": 2, "contacts.company": 1}, 1, 1)
    asked = client.get(f"/imports/{run.pk}/undo/", headers={"HX-Request": "true", "HX-Target": "dialog#sheet"})
    assert f'action="/imports/{run.pk}/undo/"' in asked.content.decode()
    assert ImportRun.objects.get(pk=run.pk).state == "done", "asking changes nothing"
    client.post(f"/imports/{run.pk}/undo/")
    told = ImportRun.objects.get(pk=run.pk).report["undo"]
    assert told == {"removed": 3, "restored": 1, "kept": 1}
    old.refresh_from_db()
    assert old.post == ""
    assert client.get(f"/imports/{run.pk}/undo/").status_code == 302


# -- columns without a field ---------------------------------------------------------------------------------------------


def test_columns_without_a_field_are_seen_for_the_run_as_a_file_and_on_the_row(client: Client) -> None:
    run = bring(client, "会社名,社風,業種,合言葉\nみなと,のんびり,食品,=1+1\nあおば,,卸売,\n")
    page = client.get(f"/imports/{run.pk}/run/").content.decode()
    assert f"/imports/{run.pk}/rest/" in page
    page = client.get(f"/imports/{run.pk}/rest/").content.decode()
    assert page.index("社風") < page.index("合言葉")
    assert "のんびり" in page
    answer: Any = client.get(f"/imports/{run.pk}/rest.csv")
    lines = list(csv.reader(io.StringIO(b"".join(answer.streaming_content).decode("utf-8-sig"))))
    assert lines[0][2:] == ["社風", "合言葉"]
    assert lines[1] == ["2", "みなと", "のんびり", "'=1+1"]
    row = Company.every.get(legal_name="みなと")
    assert f"/imports/of/contacts-company/{row.pk}/" in client.get(f"/contacts/companies/{row.pk}/").content.decode()
    page = client.get(f"/imports/of/contacts-company/{row.pk}/").content.decode()
    assert "のんびり" in page
    assert "table.csv" in page


def test_whom_a_role_hides_fields_sees_the_rest_of_their_own_imports_alone(client: Client) -> None:
    bring(client, "会社名,社長の隠れ家\nみなと,港の倉庫\n")
    row = Company.every.get()
    reader = Client()
    reader.force_login(make.user("reader"))
    assert "港の倉庫" in reader.get(f"/imports/of/contacts-company/{row.pk}/").content.decode()
    narrow = make.user("reader")
    role = narrow.roles.get()
    role.groups = {}
    role.save()
    reader.force_login(User.every.get(pk=narrow.pk))
    assert "港の倉庫" not in reader.get(f"/imports/of/contacts-company/{row.pk}/").content.decode()
    stranger = Client()
    stranger.force_login(make.user(None))
    assert stranger.get(f"/imports/of/contacts-company/{row.pk}/").status_code in (403, 404)
    assert client.get("/imports/of/nothing-here/1/").status_code == 404


# -- corrections ---------------------------------------------------------------------------------------------------------


def put_right(client: Client, text: str, instead: str) -> ImportRun:
    client.post("/imports/new/", {"file": SimpleUploadedFile("d.csv", text.encode()), "noun": "sales.deal"})
    run = ImportRun.objects.latest("pk")
    sent = {f"to-{at}": run.mapping[header] for at, header in enumerate(table_of(run).header)}
    client.post(f"/imports/{run.pk}/columns/", sent)
    run.refresh_from_db()
    key = f"u.product.{0}"
    client.post(f"/imports/{run.pk}/check/", {f"fix-{key}": instead, "again": "1"})
    client.post(f"/imports/{run.pk}/check/", {"run": "1"})
    run.refresh_from_db()
    assert run.state == "done"
    return run


def test_a_spelling_put_right_holds_for_the_firm_and_says_whose_it_is(client: Client, admin: User) -> None:
    make.product(name="温度計 A-100")
    put_right(client, "商談名,商品名\nA,おんどけい\n", "温度計 A-100")
    fix = ImportFix.objects.get()
    assert (fix.noun, fix.field, fix.raw, fix.text, fix.by_id) == (
        "sales.deal",
        "product",
        "おんどけい",
        "温度計 A-100",
        admin.pk,
    )
    other = Client()
    other.force_login(make.user("sales"))
    page = other.get("/imports/corrections/").content.decode()
    assert "おんどけい" in page
    assert "山田 一郎" in page
    other.post(
        "/imports/new/",
        {"file": SimpleUploadedFile("e.csv", "商談名,商品\nB,おんどけい\n".encode()), "noun": "sales.deal"},
    )
    run = ImportRun.objects.latest("pk")
    other.post(f"/imports/{run.pk}/columns/", {f"to-{at}": run.mapping[h] for at, h in enumerate(table_of(run).header)})
    run.refresh_from_db()
    assert run.counts["failed"] == 0
    page = other.get(f"/imports/{run.pk}/check/").content.decode()
    assert "おんどけい → 温度計 A-100" in page, "never silently"
    other.post(f"/imports/corrections/{fix.pk}/forget/")
    assert fixes.known("sales.deal") == {}


def test_what_is_put_right_only_here_is_not_remembered(client: Client) -> None:
    make.product(name="温度計 A-100")
    client.post(
        "/imports/new/",
        {"file": SimpleUploadedFile("d.csv", "商談名,商品名\nA,おんどけい\n".encode()), "noun": "sales.deal"},
    )
    run = ImportRun.objects.latest("pk")
    client.post(
        f"/imports/{run.pk}/columns/", {f"to-{at}": run.mapping[h] for at, h in enumerate(table_of(run).header)}
    )
    client.post(f"/imports/{run.pk}/check/", {"fix-u.product.0": "温度計 A-100", "again": "1", "keep_fixes": "off"})
    client.post(f"/imports/{run.pk}/check/", {"run": "1", "keep_fixes": "off"})
    run.refresh_from_db()
    assert run.state == "done"
    assert not ImportFix.objects.exists()


def test_numbers_put_right_are_right_in_their_file_alone(client: Client) -> None:
    run = bring(client, "会社名,従業員数\nみなと,many\n")
    assert run.counts["failed"] == 1
    run.fixes = {"employees": {"many": "12"}, "legal_name": {"ﾐﾅﾄ": "みなと"}}
    fixes.remember(run, make.actor("admin"))
    assert list(ImportFix.objects.values_list("field", "raw")) == [("legal_name", "ﾐﾅﾄ")]


def test_strangers_take_no_correction_away(client: Client) -> None:
    fix = ImportFix.objects.create(noun="sales.deal", field="product", raw="a", text="b")
    reader = Client()
    reader.force_login(make.user("reader"))
    assert reader.get("/imports/corrections/").status_code == 403
    assert reader.post(f"/imports/corrections/{fix.pk}/forget/").status_code == 403
    assert client.post("/imports/corrections/999999/forget/").status_code == 404
    assert client.get(f"/imports/corrections/{fix.pk}/forget/").status_code == 405


# -- how long the file is kept -------------------------------------------------------------------------------------------


def test_files_go_after_their_days_and_undo_still_works(client: Client) -> None:
    make.company(legal_name="みなと", industry="")
    run = bring(client, "会社名,業種,従業員数\nみなと,食品,1\nあおば,卸売,many\n")
    page = client.get(f"/imports/{run.pk}/run/").content.decode()
    assert "errors.csv" in page
    assert keeping.forget() == 0
    assert path_of(run.stored).exists()
    path = path_of(run.stored)
    assert keeping.forget(timezone.now() + timedelta(days=31)) == 1
    assert not path.exists()
    assert not ImportFault.objects.exists()
    page = client.get(f"/imports/{run.pk}/run/").content.decode()
    assert "errors.csv" not in page
    assert client.get(f"/imports/{run.pk}/errors.csv").status_code == 404
    client.post(f"/imports/{run.pk}/undo/")
    assert Company.every.get().industry == ""
    assert keeping.forget(timezone.now() + timedelta(days=31)) == 0


def test_imports_that_never_ran_go_whole_and_strays_with_them(client: Client) -> None:
    client.post(
        "/imports/new/", {"file": SimpleUploadedFile("a.csv", "会社名\nみなと\n".encode()), "noun": "contacts.company"}
    )
    run = ImportRun.objects.get()
    path = path_of(run.stored)
    stray = path.with_name("0" * 32 + ".csv")
    stray.write_text("x")
    busy = ImportRun.objects.create(noun="contacts.company", file_name="b", stored="b.csv", state="running", position=1)
    assert keeping.forget(timezone.now() + timedelta(days=31)) == 2
    assert not path.exists()
    assert not stray.exists()
    assert list(ImportRun.objects.all()) == [busy]


def test_what_was_noted_of_a_row_goes_with_the_row(client: Client) -> None:
    bring(client, "会社名,社風\nみなと,のんびり\n")
    assert ImportRow.objects.filter(unmapped__isnull=False).count() == 1
    Company.every.get().delete()
    keeping.forget()
    assert not ImportRow.objects.exists()


def test_of_old_imports_of_a_row_only_the_newest_word_stays(client: Client) -> None:
    bring(client, "会社名,社風\nみなと,のんびり\nあおば,静か\n")
    bring(client, "会社名,社風\nみなと,せわしい\n")
    keeping.forget()
    assert ImportRow.objects.count() == 3
    keeping.forget(timezone.now() + timedelta(days=31))
    assert [note.unmapped for note in ImportRow.objects.order_by("pk")] == [{"社風": "静か"}, {"社風": "せわしい"}]


def test_a_refused_file_leaves_nothing_behind(client: Client) -> None:
    before = set(keeping.folder().glob("*")) if keeping.folder().exists() else set()
    client.post("/imports/new/", {"file": SimpleUploadedFile("x.csv", b"%PDF-1.7"), "noun": ""})
    assert set(keeping.folder().glob("*")) == before


# -- Shift_JIS -----------------------------------------------------------------------------------------------------------


def test_signs_that_shift_jis_lacks_are_told_before_the_download(client: Client) -> None:
    make.company(legal_name="𠮷野家商店")
    make.company(legal_name="髙島屋①")
    page = client.get("/contacts/companies/").content.decode()
    assert "encoding=cp932" in page
    answer = client.get("/contacts/companies/export/?format=csv&encoding=cp932&find=")
    page = answer.content.decode()
    assert "Content-Disposition" not in answer
    assert "𠮷野家商店" in page
    assert "髙島屋" not in page, "cp932 has it"
    assert "/contacts/companies/export/?format=csv&quot;" in page.replace('"', "&quot;")
    answer = client.get("/contacts/companies/export/?format=csv&encoding=cp932&anyway=1")
    assert "〓野家商店" in b"".join(answer.streaming_content).decode("cp932")  # type: ignore[attr-defined]
    client.post(f"/contacts/companies/{Company.every.get(legal_name='𠮷野家商店').pk}/remove/")
    answer = client.get("/contacts/companies/export/?format=csv&encoding=cp932")
    assert "髙島屋①" in b"".join(answer.streaming_content).decode("cp932")  # type: ignore[attr-defined]
