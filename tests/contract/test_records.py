"""What every record promises, whoever declared it: list, page, form, create and edit, reach, languages, queries."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from html import unescape
from typing import Any

import pytest
from django.db import connection
from django.http import QueryDict
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from noren.accounts.models import User
from noren.contacts.models import Company, Person
from noren.core.access.actor import HOUSE
from noren.core.access.models import Role
from noren.core.action.plain import create
from noren.core.base.model import Model
from noren.core.filter.sql import OPS_OF
from noren.core.record.declare import RECORDS, Record
from noren.core.record.field import Field
from noren.core.record.listing import State, choosable, listing, sort_key
from noren.sales.models import Pipeline, Stage
from tests import make
from tests.contract.test_matrix import FULL

pytestmark = pytest.mark.django_db
WORDS = sorted(word for word in RECORDS if RECORDS[word].form)
PAGES = [word for word in WORDS if RECORDS[word].pages]
FORMS = WORDS
OWNED = [
    word
    for word in PAGES
    if RECORDS[word].model.reach.owner
    and not (RECORDS[word].model.reach.open_to_all or RECORDS[word].model.reach.parents)
]


@pytest.fixture(scope="module", autouse=True)
def _firm(module_rows: None) -> None:
    make.firm()


@pytest.fixture
def admin() -> Client:
    return client_of(make.user("admin", name="佐藤 美咲"))


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


# -- a valid row of any noun -------------------------------------------------------------------------------------------


def sample(one: Field, n: int) -> Any:
    """A value that any field of this kind accepts."""
    if one.column is not None and getattr(one.column, "remote_field", None) is not None:
        return reference(one, n)
    match one.kind:
        case "choice":
            return next(v for v, _label in one.choices if v != "")
        case "bool":
            return True
        case "kana":
            return "カナ"
        case "email":
            return f"p{n}@example.jp"
        case "phone":
            return f"03-1234-{n:04}"
        case "url":
            return f"https://example.jp/{n}"
        case "postal":
            return "1000001"
        case "number" | "money" | "percent":
            return 2000 + n if one.name == "founded_year" else n % 50 + 1
        case "date":
            return (
                date(2026, 4, 1) if not one.name.startswith("to") and not one.name.endswith("_to") else date(2026, 4, 2)
            )
        case "datetime":
            return timezone.now()
    if one.name in ("corporate_number", "invoice_number", "external_id", "country"):
        return {"country": "JP", "external_id": f"x{n}"}.get(one.name, "")
    return f"値{n}"[: one.max_length or 200]


def reference(one: Field, n: int) -> Any:
    target = one.target
    if target is User:
        return make.user(None).pk
    if target is Stage:
        return make.stages()[0].pk
    if target is Pipeline:
        return make.stages()[0].pipeline_id
    if target is Company:
        return make.company().pk
    if target is Person:
        return make.person().pk
    if target is Role:
        return None
    if one.null:
        return None
    known = target.every.order_by("pk").first()
    return (known or a_row(RECORDS[target._meta.label_lower], n)).pk


def values_for(record: type[Record], n: int) -> dict[str, Any]:
    names = list(dict.fromkeys((*record.form_names(), *record.model.reach.parents)))
    return {
        f.name: sample(f, n)
        for f in map(record.field, names)
        if not f.many and (f.required or f.kind != "ref" or f.name in record.model.reach.parents)
    }


def a_row(record: type[Record], n: int, **more: Any) -> Model:
    if record.model is User:
        return make.user(None)
    return create(record.model, values_for(record, n) | more, by=HOUSE)


# -- list and page -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("word", PAGES)
def test_list_page_form_and_bin_show_in_both_languages(word: str, admin: Client) -> None:
    record = RECORDS[word]
    row = a_row(record, 1)
    addresses = [
        record.url(),
        record.url(row.pk),
        f"{record.url()}bin/",
        f"{record.url()}filter/",
        f"{record.url()}columns/",
    ]
    if record.form:
        addresses += [record.url(verb="new"), record.url(row.pk, "edit"), record.url(row.pk, "remove")]
    for language in ("ja", "en"):
        User.every.update(locale=language)
        for address in addresses:
            answer = admin.get(address)
            assert answer.status_code == 200, address
            assert f'<html lang="{language}"' in answer.content.decode()
            assert answer.headers["Cache-Control"] == "no-store"
            assert re.search(r"\sstyle=|\son[a-z]+=\"|<script>", answer.content.decode()) is None, address


@pytest.mark.parametrize("word", PAGES)
def test_an_empty_list_teaches(word: str, admin: Client) -> None:
    record = RECORDS[word]
    if record.model.every.exists():
        record = RECORDS["contacts.company"]
    text = admin.get(record.url()).content.decode()
    assert 'class="empty"' in text


@pytest.mark.parametrize("word", PAGES)
def test_twelve_rows_cost_as_many_queries_as_one(word: str, admin: Client) -> None:
    record = RECORDS[word]
    row = a_row(record, 1)

    def queries(address: str) -> int:
        """Looked at more than once: settings are read again once in a while, whatever the rows."""
        with CaptureQueriesContext(connection) as seen:
            assert admin.get(address).status_code == 200
        return len(seen)

    addresses = record.url(), record.url(row.pk)
    before = [min(queries(address) for _look in range(2)) for address in addresses]
    for n in range(2, 13):
        a_row(record, n)
    for address, most in zip(addresses, before, strict=True):
        assert any(queries(address) == most for _look in range(3)), address


@pytest.mark.parametrize("word", WORDS)
def test_every_column_sorts_and_every_filter_filters(word: str) -> None:
    record = RECORDS[word]
    row = a_row(record, 1)
    for one in choosable(record, HOUSE):
        for sign in ("", "-"):
            page = listing(
                record, HOUSE, State.read(QueryDict(f"sort={sign}{one.name}&columns={one.name}")), counted=False
            )
            assert row.pk in [line.pk for line in page.lines]
    for term in record.vocabulary(HOUSE):
        for op in OPS_OF[term.kind]:
            value = {
                "date": "@this_month",
                "datetime": "2026-11-20",
                "bool": "1",
                "ref": "1",
                "number": "1",
                "money": "1",
                "percent": "1",
            }.get(term.kind, "x")
            if term.kind == "choice":
                value = (
                    str(term.choices[-1][0]) if term.choices else "1"
                )  # the last imports, of which there may be none
            listing(record, HOUSE, State.read(QueryDict(f"{term.name}__{op}={value}")))


@pytest.mark.parametrize("word", WORDS)
def test_walking_forward_and_back_meets_every_row_once(word: str) -> None:
    """Ties and empty values in plenty: rows made of the same few values, some with nothing but what is required."""
    record = RECORDS[word]
    for n in range(7):
        a_row(record, n % 3 + 1, **(({} if n % 2 else _emptied(record)) | _unique(record, n)))
    ids = set(record.model.every.filter(removed_at__isnull=True).values_list("pk", flat=True))
    for one in _walked(record):
        for desc in (False, True):
            state = {"sort": ((one.name, desc),), "size": 3}
            page = listing(record, HOUSE, State(**state), counted=False)
            seen = [line.pk for line in page.lines]
            while page.next:
                page = listing(record, HOUSE, State(**state, after=page.next), counted=False)
                seen += [line.pk for line in page.lines]
            back = [line.pk for line in page.lines]
            while page.previous:
                page = listing(record, HOUSE, State(**state, before=page.previous), counted=False)
                back = [line.pk for line in page.lines] + back
            assert len(seen) == len(ids), one.name
            assert set(seen) == ids, one.name
            assert back == seen, one.name


def _walked(record: type[Record]) -> list[Field]:
    """The columns to walk by: in the full run all, else those of which no noun before this one has one alike. An order
    knows of its column no more than type, whether it may be empty, and how it is reached; that each column sorts is
    asked in the test before."""
    met: set[Any] = set()
    found = []
    for word in WORDS[: WORDS.index(record.word()) + 1]:
        found = []
        for one in choosable(RECORDS[word], HOUSE):
            key, annotations = sort_key(RECORDS[word], one.name, False, HOUSE) or (None, {})
            how = key and (key.kind, key.null, key.path.count("__"), key.path == one.path, bool(annotations))
            alike = (one.column and one.column.get_internal_type(), one.kind, one.target, how)
            if FULL or alike not in met or not found:
                found.append(one)
            met.add(alike)
    return found


def _emptied(record: type[Record]) -> dict[str, Any]:
    names = [
        f
        for f in map(record.field, record.form_names())
        if f.null and not f.required and f.kind != "ref" and not f.many
    ]
    return {f.name: None for f in names}


def _unique(record: type[Record], n: int) -> dict[str, Any]:
    wanted: dict[str, Any] = {"external_id": f"u{n}", "code": f"c{n}", "from_quantity": Decimal(n + 1)}
    if record.word() == "access.role":
        wanted["name"] = f"名{n}"
    return {k: v for k, v in wanted.items() if k in record.form_names()}


# -- forms ---------------------------------------------------------------------------------------------------------------


def filled(html: str) -> dict[str, str]:
    """What a browser would send: the values of a form as it stands."""
    form = re.search(r"<form[^>]*(?:data-form|data-sheet)[^>]*>.*?</form>", html, re.DOTALL)
    assert form is not None
    sent: dict[str, str] = {}
    for tag in re.findall(r"<input[^>]*>", form[0]):
        name, kind = re.search(r'name="([^"]*)"', tag), re.search(r'type="([^"]*)"', tag)
        if name is None or (kind and kind[1] in ("checkbox", "radio") and " checked" not in tag):
            continue
        value = re.search(r'value="([^"]*)"', tag)
        sent[unescape(name[1])] = unescape(value[1]) if value else ""
    for name, inner in re.findall(r'<textarea[^>]*name="([^"]*)"[^>]*>(.*?)</textarea>', form[0], re.DOTALL):
        sent[name] = unescape(inner)
    for name, inner in re.findall(r'<select[^>]*name="([^"]*)"[^>]*>(.*?)</select>', form[0], re.DOTALL):
        chosen = re.search(r'value="([^"]*)" selected', inner) or re.search(r'value="([^"]*)"', inner)
        sent[name] = unescape(chosen[1]) if chosen else ""
    sent.pop("csrfmiddlewaretoken", None)
    sent.pop("again", None)
    return sent


@pytest.mark.parametrize("word", FORMS)
def test_a_form_makes_a_row_and_what_it_shows_saves_unchanged(word: str, admin: Client) -> None:
    record = RECORDS[word]
    parents = "&".join(
        f"{name}={sample(record.field(name), 1)}" for name in record.model.reach.parents if "__" not in name
    )
    sent = filled(admin.get(f"{record.url(verb='new')}?{parents}").content.decode())
    for name, value in values_for(record, 5).items():
        if name in sent or name in record.form_names():
            sent[name] = (
                "on"
                if value is True
                else str(
                    value if not hasattr(value, "astimezone") else timezone.localtime(value).strftime("%Y/%m/%d %H:%M")
                )
            )
            sent.pop(f"{name}_text", None)
    before = record.model.every.count()
    answer = admin.post(record.url(verb="new"), sent)
    assert answer.status_code == 302, re.findall(r'class="err"[^>]*>(.*?)</', answer.content.decode())
    assert record.model.every.count() == before + 1
    again = admin.post(record.url(verb="new"), sent)
    assert again.status_code == 302
    assert record.model.every.count() == before + 1

    row = record.model.every.order_by("-pk").first()
    assert row is not None
    if record.model.append_only:
        assert admin.post(record.url(row.pk, "edit"), sent).status_code == 409
        assert record.model.every.get(pk=row.pk).version == row.version
        return
    edit = filled(admin.get(record.url(row.pk, "edit")).content.decode())
    assert admin.post(record.url(row.pk, "edit"), edit).status_code == 302
    kept = record.model.every.get(pk=row.pk)
    assert kept.version == row.version
    edit.pop("_was", None)
    assert admin.post(record.url(row.pk, "edit"), edit).status_code == 302
    for one in map(record.field, record.form_names()):
        if not one.many and one.column is not None and one.kind != "datetime":
            assert getattr(record.model.every.get(pk=row.pk), one.column.attname) == getattr(row, one.column.attname), (
                one.name
            )


@pytest.mark.parametrize("word", FORMS)
def test_a_field_that_is_not_of_the_form_is_refused(word: str, admin: Client) -> None:
    record = RECORDS[word]
    row = a_row(record, 1)
    answer = admin.post(record.url(row.pk, "edit"), {"removed_at": "2026-01-01"})
    assert answer.status_code == 422
    assert record.model.every.get(pk=row.pk).version == row.version


# -- reach ---------------------------------------------------------------------------------------------------------------


def addresses_of(record: type[Record], pk: int) -> Iterator[str]:
    yield record.url(pk)
    for verb in ("edit", "remove", *(one.slug for one in record.actions)):
        yield record.url(pk, verb)
    for name in record.form_names():
        yield f"{record.url(pk)}field/{name}/"
        yield f"{record.url(pk)}history/{name}/"


@pytest.mark.parametrize("word", OWNED)
def test_a_row_of_another_team_does_not_exist(word: str) -> None:
    record = RECORDS[word]
    foreign = a_row(record, 1, owner=make.user("sales", team=make.team()).pk)
    stranger = make.user("sales", team=make.team())
    role = Role.every.get(key="sales")
    role.rights = role.rights | {f"{word}.view": "team"}
    role.save()
    client = client_of(stranger)
    assert record.url(foreign.pk) not in client.get(record.url()).content.decode()
    for address in addresses_of(record, foreign.pk):
        assert client.get(address).status_code == 404, address
        assert client.post(address).status_code in (404, 405), address


@pytest.mark.parametrize("word", [w for w in PAGES if RECORDS[w].groups])
def test_a_hidden_field_is_nowhere_in_the_page(word: str) -> None:
    record = RECORDS[word]
    secrets = {"money": 987654321, "email": "geheim@example.jp", "phone": "080-9876-5432", "number": 77777}
    more = {}
    for name in record.groups:
        one = record.field(name)
        if name in record.form_names() and one.kind in secrets and record.groups[name] != "public":
            more[name] = secrets[one.kind]
    row = a_row(record, 1, **more)
    role = Role.every.get(key="reader")
    role.groups = {}
    role.rights = {"*.view": "all", "*.edit": "all", "*.create": "all", "*.export": "all"}
    role.save()
    client = client_of(make.user("reader"))
    sort = next(iter(more), "")
    for address in (record.url(), record.url(row.pk), record.url(row.pk, "edit"), record.url(verb="new"), f"{record.url()}columns/",
                    f"{record.url()}?sort={sort}&columns={','.join(more)}", f"{record.url()}?layout=board", f"{record.url()}filter/"):  # fmt: skip
        text = client.get(address).content.decode()
        for name, value in more.items():
            assert str(value) not in text, (address, name)
            assert f"{value:,}" not in text if isinstance(value, int) else True
            assert f'name="{name}"' not in text, (address, name)
    for name in more:
        assert client.get(f"{record.url(row.pk)}field/{name}/").status_code == 404
        assert client.get(f"{record.url(row.pk)}history/{name}/").status_code == 404
        assert client.post(record.url(row.pk, "edit"), {name: "1"}).status_code == 422
        assert client.get(f"{record.url()}?{name}__filled=1").status_code == 422


@pytest.mark.parametrize("word", PAGES)
def test_strangers_are_led_to_the_log_in(word: str) -> None:
    record = RECORDS[word]
    for address in (record.url(), record.url(1), record.url(verb="new"), f"{record.url()}bulk/"):
        answer = Client().get(address)
        assert answer.status_code == 302
        assert answer.headers["Location"].startswith("/login/")


@pytest.mark.parametrize("word", PAGES)
def test_unknown_ids_and_verbs_are_not_found(word: str, admin: Client) -> None:
    record = RECORDS[word]
    for address in (
        record.url(999999),
        record.url(2**63),
        record.url(999999, "edit"),
        f"{record.url()}nosuch/x/",
        f"{record.url()}options/nosuch/",
    ):
        assert admin.get(address).status_code == 404, address
