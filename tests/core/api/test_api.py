"""What programs are promised: exact values in and out, refusals as JSON in their language, one key one effect."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from tests import make
from tests.contract.calls import Program, key

from noren.accounts.models import ApiKey
from noren.catalog.models import Product
from noren.core.access.actor import HOUSE
from noren.core.access.models import Role
from noren.core.access.scope import visible
from noren.core.event.models import Fact
from noren.core.record.custom import forget
from noren.core.record.models import FieldDefinition
from noren.sales.models import Deal, LossReason

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module", autouse=True)
def _firm(module_rows: None) -> None:
    make.firm()


@pytest.fixture(autouse=True)
def _forget() -> Any:
    forget()
    yield
    forget()


def admin() -> Program:
    return Program.of(make.user("admin"))


# -- who may come in -------------------------------------------------------------------------------------------------


def test_without_key_or_session_nothing_is_told() -> None:
    status, body = Program().get("sales/deals")

    assert (status, body) == (401, {"code": "unauthenticated", "message": "Log in, or send a valid API key."})


@pytest.mark.parametrize("spoil", ["revoked_at", "removed_at"])
def test_a_revoked_key_is_no_key(spoil: str) -> None:
    user = make.user("admin")
    secret = key(user)
    ApiKey.every.filter(user=user).update(**{spoil: timezone.now()})

    assert Program(secret).get("me")[0] == 401


def test_a_key_ends_with_its_last_day() -> None:
    user = make.user("admin")
    today = timezone.localdate()

    assert Program(key(user, expires_on=today)).get("me")[0] == 200
    assert Program(key(user, expires_on=today - timedelta(days=1))).get("me")[0] == 401


def test_the_key_of_somebody_switched_off_is_no_key() -> None:
    user = make.user("admin", is_active=True)
    make.user("admin")
    secret = key(user)
    user.is_active = False
    user.save()

    assert Program(secret).get("me")[0] == 401


@pytest.mark.parametrize(
    "head", ["Bearer ", "Bearer nrn_", "Basic abc", "nrn_x", "Bearer nrn_" + "é" * 5, "Bearer " + "x" * 5000]
)
def test_odd_credentials_are_refused_plainly(head: str) -> None:
    assert Program("", Authorization=head).get("me")[0] == 401


def test_a_read_key_changes_nothing() -> None:
    api = Program.of(make.user("admin"), "read")

    assert api.get("sales/deals")[0] == 200
    status, body = api.post("catalog/products", {"name": "x"})
    assert (status, body["message"]) == (403, "This API key may only read.")
    assert Product.every.count() == 0


def test_the_use_of_a_key_is_noted_at_most_once_a_minute() -> None:
    user = make.user("admin")
    api = Program.of(user)
    api.get("me")
    first = ApiKey.every.get(user=user).last_used_at
    api.get("me")

    assert first is not None
    assert ApiKey.every.get(user=user).last_used_at == first


def test_a_session_needs_its_csrf_token_to_change_something() -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(make.user("admin"))

    assert client.get("/api/v1/me").status_code == 200
    refused = client.post("/api/v1/catalog/products", {"name": "x"}, content_type="application/json")
    assert (refused.status_code, refused.json()["code"]) == (403, "csrf")
    assert Product.every.count() == 0

    client.cookies["noren-csrf"] = "a" * 32
    kept = client.post(
        "/api/v1/catalog/products", {"name": "x"}, content_type="application/json", headers={"X-CSRFToken": "a" * 32}
    )
    assert kept.status_code == 201


# -- values ----------------------------------------------------------------------------------------------------------


def test_amounts_days_references_and_texts_come_back_as_sent() -> None:
    api = admin()
    company = make.company(external_id="A-1")
    stage = make.stages()[1]
    sent = {"title": "計測器 20台", "company": {"external_id": "A-1"}, "stage": stage.pk, "pipeline": stage.pipeline_id,
            "amount": 1_250_000, "close_by": "2026-12-31", "note": "一行目\n二行目"}  # fmt: skip
    status, made = api.post("sales/deals", sent)

    assert status == 201, made
    assert {n: made[n] for n in sent} == sent | {"company": company.pk}
    assert (made["currency"], made["version"], made["outcome"]) == ("JPY", 1, "open")
    assert api.get(f"sales/deals/{made['id']}") == (200, made)


def test_a_moment_without_offset_is_meant_in_the_callers_zone() -> None:
    status, made = admin().post(
        "activity/activities", {"kind": "call", "subject": "電話", "happened_at": "2026-11-20T09:30:00"}
    )

    assert (status, made["happened_at"]) == (201, "2026-11-20T00:30:00Z")


def test_custom_fields_lie_under_extra() -> None:
    FieldDefinition(noun="contacts.company", key="region", label_ja="地域", kind="choice", choices=["東", "西"]).save()
    FieldDefinition(noun="contacts.company", key="score", label_ja="点", kind="number", required=True).save()
    api = admin()

    status, body = api.post("contacts/companies", {"legal_name": "株式会社甲"})
    assert (status, body["errors"]) == (422, {"extra.score": ["This field is required."]})
    status, made = api.post("contacts/companies", {"legal_name": "株式会社甲", "extra": {"score": 1.5, "region": "東"}})
    assert (status, made["extra"]) == (201, {"score": 1.5, "region": "東"})
    assert [r["id"] for r in api.get("contacts/companies", **{"extra.region": "東"})[1]["data"]] == [made["id"]]
    assert api.post("contacts/companies", {"legal_name": "x", "extra": {"score": 1, "region": "南"}})[0] == 422
    assert api.post("contacts/companies", {"legal_name": "x", "extra": {"score": 1, "other": 1}})[1]["errors"] == {
        "extra.other": ["There is no such field, or it cannot be set here."]
    }


def test_all_that_is_wrong_is_told_at_once_and_nothing_is_written() -> None:
    api = admin()
    status, body = api.post("sales/deals", {"colour": "red", "amount": "much"})
    assert (status, set(body["errors"])) == (422, {"colour", "amount", "title", "pipeline", "stage"})
    status, body = api.post("contacts/companies", {"colour": "red", "email": "no address", "employees": "many"})
    assert (status, set(body["errors"])) == (422, {"colour", "email", "employees"})
    assert api.get("contacts/companies")[1]["data"] == []

    company = make.company(legal_name="株式会社甲")
    status, body = api.patch(f"contacts/companies/{company.pk}", {"colour": "red", "email": "no", "legal_name": "乙"})
    assert (status, set(body["errors"])) == (422, {"colour", "email"})
    assert api.patch(f"contacts/companies/{company.pk}", {"colour": "red", "legal_name": "乙"})[0] == 422
    company.refresh_from_db()
    assert company.legal_name == "株式会社甲"


def test_fields_narrow_what_is_given() -> None:
    api = admin()
    deal = make.deal(amount=5)
    status, body = api.get(f"sales/deals/{deal.pk}", fields="title,amount")

    assert status == 200
    assert set(body) == {"id", "version", "external_id", "created_at", "updated_at", "title", "amount", "currency"}
    assert api.get("sales/deals", fields="title,password")[1]["errors"] == {"password": ["There is no such field."]}


def test_hidden_fields_are_neither_given_nor_taken_nor_sorted_by_nor_filtered_by() -> None:
    Role(name="no money", rights={"*.*": "all"}).save()
    user = make.user(None)
    user.roles.add(Role.every.get(name="no money"))
    user.save()
    api = Program.of(user)
    deal = make.deal(amount=777_001)
    make.stages()

    status, body = api.get(f"sales/deals/{deal.pk}")
    assert status == 200
    assert not {"amount", "list_amount", "currency"} & set(body)
    assert api.patch(f"sales/deals/{deal.pk}", {"amount": 1})[1]["errors"].keys() == {"amount"}
    assert api.get("sales/deals", sort="amount")[0] == 422
    assert api.get("sales/deals", amount__gte="1")[0] == 422
    assert api.get("sales/deals", fields="amount")[0] == 422
    assert "777001" not in json.dumps(api.get(f"sales/deals/{deal.pk}/history")[1])
    assert api.post(f"sales/deals/{deal.pk}/win", {"won_on": "2026-11-20", "amount": 1})[1]["errors"].keys() == {
        "amount"
    }


@pytest.mark.parametrize(
    "body", [{"id": 5}, {"version": "x"}, {"owner_id": 1}, {"removed_at": None}, {"outcome": "won"}, {"extra.a": 1}]
)
def test_what_no_form_offers_is_refused(body: dict[str, Any]) -> None:
    deal = make.deal()

    assert admin().patch(f"sales/deals/{deal.pk}", body)[0] == 422
    deal.refresh_from_db()
    assert deal.version == 1


# -- lists -----------------------------------------------------------------------------------------------------------


def test_a_cursor_walks_through_all_rows_once() -> None:
    api = admin()
    firms = [make.company(), None]
    for n in range(11):
        make.deal(
            title=f"t{n % 4}",
            amount=None if n % 3 == 0 else n % 5,
            company=firms[n % 2],
            close_by=date(2026, 1, 1 + n % 2),
        )
    for sort in ("title", "-amount", "amount", "-updated_at", "close_by,-amount", "company", "id", "-id"):
        ids: list[int] = []
        cursor = None
        for _ in range(9):
            _status, body = api.get(
                "sales/deals", sort=sort, limit=3, fields="title", **({"cursor": cursor} if cursor else {})
            )
            ids += [row["id"] for row in body["data"]]
            cursor = body["next"]
            if cursor is None:
                break

        whole = [row["id"] for row in api.get("sales/deals", sort=sort)[1]["data"]]
        assert ids == whole
        assert sorted(ids) == sorted(Deal.every.values_list("pk", flat=True))


def test_a_list_costs_the_same_queries_at_any_length() -> None:
    user = make.user("manager")
    api = Program.of(user)
    counts = []
    for _ in range(2):
        for _n in range(15):
            make.deal(amount=3, company=make.company(), owner=user)
        api.get("sales/deals")
        with CaptureQueriesContext(
            connection,
        ) as seen:
            assert api.get("sales/deals")[0] == 200
        counts.append(len(seen))

    assert counts[0] == counts[1] <= 6


def test_filters_are_those_of_the_lists() -> None:
    api = admin()
    mine = make.deal(title="甲", amount=100)
    make.deal(title="乙", amount=5)

    for params in ({"amount__gte": "50"}, {"title": "甲"}, {"q": '{"any": [["title", "has", "甲"]]}'}, {"find": "甲"}):
        assert [r["id"] for r in api.get("sales/deals", **params)[1]["data"]] == [mine.pk], params
    for params in (
        {"nothing": "1"},
        {"amount__has": "1"},
        {"q": "{"},
        {"stage": "x"},
        {"limit": "0"},
        {"limit": "201"},
        {"sort": "note"},
    ):
        status, body = api.get("sales/deals", **params)
        assert (status, set(body) >= {"code", "message"}) == (422, True), params
    assert api.get("sales/deals", cursor="zzz")[0] == 400


# -- versions, bin, actions ------------------------------------------------------------------------------------------


def test_who_saves_second_gets_both_values() -> None:
    api = admin()
    deal = make.deal(title="a")
    seen = api.send("GET", f"sales/deals/{deal.pk}")
    assert seen["ETag"] == '"1"'
    assert api.patch(f"sales/deals/{deal.pk}", {"title": "b"}, **{"If-Match": '"1"'})[0] == 200

    status, body = api.patch(f"sales/deals/{deal.pk}", {"title": "c", "version": 1})
    assert status == 409
    assert (body["code"], body["theirs"], body["mine"], body["base_version"], body["version"]) == (
        "conflict", {"title": "b"}, {"title": "c"}, 1, 2,
    )  # fmt: skip
    assert api.patch(f"sales/deals/{deal.pk}", {"note": "n", "version": 1})[0] == 200


def test_the_bin_gives_back() -> None:
    api = admin()
    deal = make.deal()

    assert api.delete(f"sales/deals/{deal.pk}") == (204, None)
    assert api.get(f"sales/deals/{deal.pk}")[0] == 404
    assert [r["id"] for r in api.get("sales/deals", removed="true")[1]["data"]] == [deal.pk]
    assert api.post(f"sales/deals/{deal.pk}/restore")[0] == 200
    assert api.get(f"sales/deals/{deal.pk}")[0] == 200


def test_verbs_are_addresses() -> None:
    api = admin()
    deal = make.deal(amount=9)
    reason = LossReason.every.first()
    assert reason is not None

    status, body = api.post(
        f"sales/deals/{deal.pk}/lose", {"lost_on": "2026-11-20", "reason": reason.pk, "note": "価格"}
    )
    assert (status, body["outcome"], body["loss_reason"]) == (200, "lost", reason.pk)
    assert api.post(f"sales/deals/{deal.pk}/win", {"won_on": "2026-11-20"})[0] == 409
    assert api.post(f"sales/deals/{deal.pk}/reopen")[1]["outcome"] == "open"
    assert api.post(f"sales/deals/{deal.pk}/win", {})[1]["errors"] == {"won_on": ["This field is required."]}
    assert api.post(f"sales/deals/{deal.pk}/fly")[0] == 404
    names = [one["name"] for one in api.get(f"sales/deals/{deal.pk}/history")[1]["data"]]
    assert names == ["sales.deal.reopened", "sales.deal.lost", "sales.deal.created"]


def test_lines_are_set_as_objects() -> None:
    deal, product = make.deal(), make.product()
    lines = [{"product_id": product.pk, "quantity": 2, "unit_price": "150.5"}, {"text": "設置", "unit_price": 100}]
    status, body = admin().post(f"sales/deals/{deal.pk}/set-lines", {"lines": lines})

    assert (status, body["amount"]) == (200, 401)
    for wrong in ([{"price": 1}], ["x"], "x", [{"quantity": "many"}], [{"product_id": 999_999}]):
        assert admin().post(f"sales/deals/{deal.pk}/set-lines", {"lines": wrong})[0] == 422, wrong


# -- one key, one effect ---------------------------------------------------------------------------------------------


def test_a_request_sent_twice_has_one_effect_and_one_answer() -> None:
    api = admin()
    first = api.post("catalog/products", {"name": "甲"}, **{"Idempotency-Key": "k1"})
    again = api.send("POST", "catalog/products", {"name": "甲"}, **{"Idempotency-Key": "k1"})

    assert first[0] == again.status_code == 201
    assert again.json() == first[1]
    assert again["Idempotent-Replayed"] == "true"
    assert (
        api.post("catalog/products", {"name": "乙"}, **{"Idempotency-Key": "k1"})[1]["code"] == "idempotency_mismatch"
    )
    assert admin().post("catalog/products", {"name": "乙"}, **{"Idempotency-Key": "k1"})[0] == 201
    assert Product.every.count() == 2


def test_a_refused_request_keeps_no_key() -> None:
    api = admin()

    assert api.post("catalog/products", {"name": ""}, **{"Idempotency-Key": "k"})[0] == 422
    assert api.post("catalog/products", {"name": "甲"}, **{"Idempotency-Key": "k"})[0] == 201
    assert api.post("catalog/products", {"name": "x"}, **{"Idempotency-Key": "k" * 256})[0] == 400


# -- what cannot be read ---------------------------------------------------------------------------------------------

BROKEN = {
    "not json": ("{", 400),
    "list": ("[]", 400),
    "number": ("5", 400),
    "NaN": ('{"list_price": NaN}', 400),
    "deep": ("[" * 100_000, 400),
    "deep object": ('{"a":' * 30 + "1" + "}" * 30, 400),
    "bytes": (b'{"name": "\xff"}', 400),
    "nul": ('{"name": "a\\u0000b"}', 422),
    "nul key": ('{"a\\u0000b": 1}', 422),
    "half a pair": ('{"name": "\\ud800"}', 422),
    "huge number": ('{"list_price": ' + "9" * 5000 + "}", 422),
    "large number": ('{"list_price": 99999999999999999999}', 422),
    "long exponent": ('{"list_price": 1e999999999}', 422),
    "fraction": ('{"list_price": 1.5}', 422),
    "text for number": ('{"list_price": "12"}', 422),
    "number for text": ('{"name": 5}', 422),
    "list for text": ('{"name": []}', 422),
    "truth for number": ('{"list_price": true}', 422),
    "long text": ('{"name": "' + "x" * 5000 + '"}', 422),
    "odd choice": ('{"name": "x", "tax_class": {}}', 422),
    "extra list": ('{"name": "x", "extra": []}', 422),
    "too large": ('{"name": "' + "x" * (1024 * 1024) + '"}', 413),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_cannot_be_stored_is_refused_with_a_sentence(name: str) -> None:
    raw, wanted = BROKEN[name]
    response = admin().send("POST", "catalog/products", raw)

    assert response.status_code == wanted, response.content[:200]
    assert response["Content-Type"] == "application/json; charset=utf-8"
    assert set(response.json()) >= {"code", "message"}
    assert Product.every.count() == 0


def test_other_media_types_are_refused() -> None:
    api = admin()
    response = api.client.post("/api/v1/catalog/products", {"name": "x"}, headers=api.head)

    assert response.status_code == 415


def test_refusals_speak_the_callers_language() -> None:
    user = make.user("admin", locale="en")
    secret = key(user)

    assert Program(secret, **{"Accept-Language": ""}).get("sales/nothing")[1]["message"].startswith("It does not exist")
    assert Client().get("/api/v1/x/y/z/1").json()["code"] == "unauthenticated"


def test_unknown_addresses_and_methods_are_json_too() -> None:
    api = admin()

    assert api.get("nothing/at/all/here")[0] == 404
    assert api.get("sales/deals/99999999999999999999999")[0] == 404
    response = api.send("PUT", "sales/deals")
    assert (response.status_code, response["Allow"]) == (405, "GET, POST")
    assert api.post("accounts/apikeys", {})[0] == 405


@pytest.mark.parametrize("word", ["colour", "page", "size", "exact", "utm_source", "amount__near"])
def test_a_parameter_that_does_nothing_is_refused(word: str) -> None:
    status, body = admin().get("sales/deals", **{word: "2"})
    assert (status, body["code"]) == (422, "bad_filter")


def test_search_finds_what_may_be_seen() -> None:
    make.company(legal_name="株式会社山田商店")
    body = admin().get("search", q="山田")[1]

    assert [(hit["noun"], hit["title"]) for hit in body["data"]] == [("contacts.company", "株式会社山田商店")]
    assert Program.of(make.user(None)).get("search", q="山田")[1]["data"] == []
    assert admin().get("search")[0] == 422


def test_changes_tell_that_they_came_through_the_api() -> None:
    admin().post("catalog/products", {"name": "甲"})

    assert Fact.objects.get(name="catalog.product.created").via == "api"
    assert visible(Product, HOUSE).count() == 1


# -- the description and the numbers -----------------------------------------------------------------------------------


def test_the_committed_description_is_current() -> None:
    from noren.core.api.openapi import committed

    file = Path(__file__).resolve().parents[3] / "docs" / "openapi.json"
    assert file.read_text() == committed(), "Run: make map"


def test_the_description_leaves_out_what_the_caller_may_not_see() -> None:
    whole = admin().get("openapi.json")[1]
    Role(name="no money", rights={"*.*": "all"}).save()
    user = make.user(None)
    user.roles.add(Role.every.get(name="no money"))
    user.save()
    narrow = Program.of(user).get("openapi.json")[1]

    assert "amount" in whole["components"]["schemas"]["Deals"]["properties"]
    assert "amount" not in narrow["components"]["schemas"]["Deals"]["properties"]
    assert Program().get("openapi.json")[0] == 401


def test_every_reference_of_the_description_is_there() -> None:
    whole = admin().get("openapi.json")[1]

    def walk(value: Any) -> None:
        if isinstance(value, dict):
            if "$ref" in value:
                at: Any = whole
                for part in value["$ref"].removeprefix("#/").split("/"):
                    at = at[part]
            for inner in value.values():
                walk(inner)
        elif isinstance(value, list):
            for inner in value:
                walk(inner)

    walk(whole)
    ids = [one["operationId"] for path in whole["paths"].values() for m, one in path.items() if m != "parameters"]
    assert len(ids) == len(set(ids))


def test_the_page_about_the_api_stands_alone() -> None:
    client = Client()
    assert client.get("/api/docs/").status_code == 302
    client.force_login(make.user("sales"))
    page = client.get("/api/docs/").content.decode()

    assert "/sales/deals/{id}/win" in page
    assert "http" not in page.replace("http-equiv", "").replace("https://schema", "") or "//cdn" not in page


def test_numbers_are_asked_and_lead_to_their_rows() -> None:
    api = admin()
    for amount in (100, 250):
        deal = make.deal(amount=amount)
        api.post(f"sales/deals/{deal.pk}/win", {"won_on": "2026-11-20"})
    listed = [one["id"] for one in api.get("metrics")[1]["data"]]
    assert "revenue" in listed

    status, body = api.get("metrics/revenue", period="2026-11")
    assert (status, body["total"]["value"], body["unit"]) == (200, 350, "money")
    assert api.get("metrics/revenue", period="2026-11", by="owner", grain="month")[0] == 200
    behind = api.get("metrics/revenue/rows", period="2026-11")[1]["data"]
    assert sorted(row["amount"] for row in behind) == [100, 250]
    assert api.get("metrics/nothing")[0] == 404
    for wrong in (
        {"period": "soon"},
        {"by": "x"},
        {"grain": "x"},
        {"compare": "x"},
        {"as_of": "x"},
        {"basis": "x"},
        {"zzz": "1"},
    ):
        assert api.get("metrics/revenue", **wrong)[0] == 422, wrong
    assert api.get("metrics/revenue/rows", part="x")[0] == 422
