"""For every noun: what is sent comes back, is found in the list, changes, goes to the bin and returns."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from noren.core.access.actor import HOUSE
from noren.core.access.scope import visible
from noren.core.record.declare import Record
from noren.core.record.field import Field
from noren.sales.models import Stage
from tests import make
from tests.contract import routes
from tests.contract.calls import Program
from tests.contract.world import World

pytestmark = pytest.mark.django_db

VALUES: dict[str, Any] = {
    "kana": "カナ", "email": "aoi@example.jp", "phone": "03-1234-5678", "url": "https://example.jp/", "postal": "1000001",
    "longtext": "一行目\n二行目", "money": 1200, "percent": 40, "bool": True, "date": "2026-11-20",
    "datetime": "2026-11-20T00:30:00Z",
}  # fmt: skip
OWN_SHAPE = {"corporate_number": "7000012050002", "invoice_number": "T7000012050002", "country": "JP"}


def value_for(field: Field) -> Any:
    if field.name in OWN_SHAPE:
        return OWN_SHAPE[field.name]
    if field.kind == "ref":
        if field.many:
            return []
        if field.target is Stage or field.name == "pipeline":
            stage = visible(Stage, HOUSE).order_by("pk")[0]
            return stage.pk if field.target is Stage else stage.pipeline_id
        return visible(field.target, HOUSE).order_by("-pk").values_list("pk", flat=True).first()
    if field.kind == "choice":
        return next(value for value, _label in field.choices if value != "")
    if field.kind == "number":
        return "1999" if field.column.get_internal_type() == "DecimalField" else 1999
    if field.kind == "text":
        return f"語{field.name}"[: field.max_length or 200]
    return VALUES[field.kind]


@pytest.fixture(scope="module", autouse=True)
def _something_to_refer_to(module_rows: None) -> None:
    make.firm()
    World("nobody")


@pytest.mark.parametrize("record", [r for r in routes.records() if r.form], ids=lambda r: r.word())
def test_a_row_makes_the_whole_round(record: type[Record]) -> None:
    api = Program.of(make.user("admin"))
    path = f"{record.module()}/{record.plural()}"
    fields = [f for f in record.writable(HOUSE) if not f.is_custom]
    sent = {f.name: value_for(f) for f in fields}
    if record.word() == "sales.dealline":
        assert api.post(path, sent)[0] == 422  # a line comes with its deal, by `set-lines`
        return

    status, made = api.post(path, sent)
    assert status == 201, made
    for field in fields:
        assert _same(made[field.name], sent[field.name]), field.name
    one = f"{path}/{made['id']}"
    assert api.get(one) == (200, made)
    assert made in api.get(path, limit=200, sort="-id")[1]["data"]

    word = next(
        (
            f.name
            for f in fields
            if f.kind in ("text", "longtext") and f.name != "external_id" and f.name not in OWN_SHAPE
        ),
        None,
    )
    if record.model.append_only:
        assert api.patch(one, {word: "別の語"})[0] == 409
        assert api.delete(one)[0] == 409
        assert api.get(one) == (200, made)
        return
    if word is not None:
        status, changed = api.patch(one, {word: "別の語"}, **{"If-Match": f'"{made["version"]}"'})
        assert (status, changed[word], changed["version"] > made["version"]) == (200, "別の語", True), changed
        status, body = api.patch(one, {word: "第三の語", "version": made["version"]})
        assert (status, body["theirs"], body["mine"]) == (409, {word: "別の語"}, {word: "第三の語"})
    assert api.delete(one)[0] == 204
    assert api.get(one)[0] == 404
    assert api.post(f"{one}/restore")[0] == 200
    names = [fact["name"].rpartition(".")[2] for fact in api.get(f"{one}/history")[1]["data"]]
    assert names[:2] == ["restored", "removed"]
    assert names[-1] == "created"


def _same(told: Any, sent: Any) -> bool:
    if isinstance(sent, str) and isinstance(told, str) and sent.replace(".", "").isdigit():
        return Decimal(told) == Decimal(sent)
    return bool(told == sent)


@pytest.mark.parametrize("record", [r for r in routes.records() if r.form], ids=lambda r: r.word())
def test_faults_are_told_by_field(record: type[Record]) -> None:
    """A wrong shape in every field at once names every field."""
    fields = record.writable(HOUSE)
    status, body = Program.of(make.user("admin")).post(
        f"{record.module()}/{record.plural()}", {f.name: {"wrong": [1]} for f in fields}
    )

    assert status == 422
    assert set(body["errors"]) == {f.name for f in fields}
    assert all(texts and all(isinstance(text, str) for text in texts) for texts in body["errors"].values())
