"""Every record goes out to a file and comes in again: nothing new, nothing changed, in each form of file."""

from __future__ import annotations

import dataclasses
import io
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from noren.activity.models import Activity
from noren.catalog.models import Price, PriceList
from noren.core.access.actor import HOUSE, Actor
from noren.core.action.plain import create
from noren.core.filter.condition import F
from noren.core.record.declare import RECORDS, Record, record_of
from noren.core.record.export import export_rows, fields_of
from noren.core.record.intake import run as intake
from noren.core.record.intake.plan import importable
from noren.core.record.models import FieldDefinition
from noren.sales.actions.deal import win_deal
from noren.sales.models import Deal, DealLine
from tests import make

pytestmark = pytest.mark.django_db
WORDS = sorted(word for word, record in RECORDS.items() if record.pages and record.form and record.keys)
ODD = "=1+1\n@ｶﾞ髙橋\t“”, '\"; \\N ＋"


@pytest.fixture(scope="module")
def house(module_rows: None) -> Actor:
    """A firm with rows of every noun, as odd as they may be."""
    make.firm()
    by = make.actor("admin", team=make.team("東京"))
    FieldDefinition(noun="contacts.company", key="region", label_ja="地域", label_en="Region", kind="text").save()
    FieldDefinition(noun="contacts.company", key="score", label_ja="点数", label_en="Score", kind="number").save()
    parent = make.company(
        legal_name="株式会社みなと", external_id="C-1", employees=120, annual_revenue=2**40, founded_year=1950, note=ODD
    )
    twins = [
        make.company(legal_name="あおば商事", external_id=f"C-{n}", industry="'quoted", phone="+81 3-1111-2222")
        for n in (2, 3)
    ]
    make.company(
        legal_name="㈱ことぶき", name_kana="コトブキ", parent=parent, postal_code="4208601", address="静岡市葵区1-1"
    )
    create(type(parent), {"legal_name": "-みどり", "extra.region": "=北", "extra.score": 12}, by=by)
    person = make.person(
        family_name="高野", given_name="真由美", company=twins[1], email="takano@example.jp", mobile="090-1111-2222"
    )
    make.person(family_name="Smith Jones", email="", company=parent, met_on=date(2026, 2, 3), note="two\nlines")
    make.person(family_name="髙野", family_kana="タカノ", external_id="0012")
    product = make.product(name="GTX Pro", code="G-1", list_price=4821)
    stage = make.stages()[1]
    make.deal(
        title="第3工場",
        company=twins[0],
        person=person,
        amount=8_600_000,
        stage=stage,
        close_by=date(2026, 12, 24),
        probability=40,
        external_id="D-1",
    )
    won = make.deal(title="=HYPERLINK", company=parent, amount=100, external_id="D-2")
    win_deal(won, by=by, won_on=date(2026, 11, 20))
    book = create(PriceList, {"name": "特約店"}, by=HOUSE)
    create(Price, {"price_list": book.pk, "product": product.pk, "amount": 4000}, by=HOUSE)
    tokyo = ZoneInfo("Asia/Tokyo")
    create(
        Activity,
        {
            "kind": "call",
            "subject": "+電話",
            "company": parent.pk,
            "happened_at": datetime(2026, 11, 3, 9, 30, 12, tzinfo=tokyo),
        },
        by=HOUSE,
    )
    return by


def trip(record: type[Record], by: Any, folder: Path, form: str) -> Any:
    out = io.BytesIO()
    told = export_rows(record, by, F(), form, out)
    path = folder / f"{record.plural()}.{form}"
    path.write_bytes(out.getvalue())
    run = intake.begin(record, path, path.name, by)
    return told, run, intake.check(run, by)


@pytest.mark.parametrize("locale", ["ja", "en"])
@pytest.mark.parametrize("word", WORDS)
def test_what_went_out_comes_in_unchanged(word: str, locale: str, house: Actor, tmp_path: Path) -> None:
    by = dataclasses.replace(house, locale=locale)
    record = record_of(word)
    for form in ("csv", "xlsx"):
        told, run, tally = trip(record, by, tmp_path, form)
        assert told.rows == record.model.every.filter(removed_at__isnull=True).count()
        assert told.rows > 0, "make a row of this noun in the fixture"
        faults = list(run.faults.values_list("column", "code", "params"))
        assert (tally.created, tally.updated, faults) == (0, 0, []), (form, run.report, run.mapping)
        assert tally.unchanged == told.rows


def test_a_choice_that_was_not_made_is_an_empty_cell(house: Actor) -> None:
    out = io.BytesIO()
    export_rows(record_of("sales.deal"), house, F(), "csv", out)
    assert "—" not in out.getvalue().decode("utf-8-sig")


@pytest.mark.parametrize("word", WORDS)
def test_the_importer_knows_every_column_name_of_an_export(word: str, house: Actor, tmp_path: Path) -> None:
    record = record_of(word)
    _told, run, _tally = trip(record, house, tmp_path, "csv")
    fields = {one.name for one in importable(record, house)} & {f.name for f in fields_of(record, house)}
    assert fields <= set(run.mapping.values()), fields - set(run.mapping.values())


def test_imported_into_an_empty_house_it_is_the_same_again(house: Actor, tmp_path: Path) -> None:
    record = record_of("contacts.company")
    out = io.BytesIO()
    export_rows(record, house, F(), "csv", out)
    before = {c.legal_name: (c.note, c.phone, c.extra, c.employees, c.annual_revenue) for c in record.model.every.all()}
    path = tmp_path / "all.csv"
    path.write_bytes(out.getvalue())
    DealLine.every.all().delete()
    Deal.every.all().delete()
    Activity.every.all().delete()
    record_of("contacts.person").model.every.all().delete()
    record.model.every.update(parent=None)
    record.model.every.all().delete()
    run = intake.begin(record, path, path.name, house)
    tally = intake.carry_out(run, house)
    assert tally.failed == 0
    after = {c.legal_name: (c.note, c.phone, c.extra, c.employees, c.annual_revenue) for c in record.model.every.all()}
    assert after == before
