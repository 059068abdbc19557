"""What people typed is text on every page: no answer turns it into markup, whoever typed it and wherever it is shown."""

from __future__ import annotations

import json
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from noren.core.access.firm import forget
from noren.core.access.models import Firm
from noren.core.action.plain import change
from noren.core.base.model import Model
from noren.core.record.declare import RECORDS, Record
from noren.core.record.models import FieldDefinition, SavedView
from tests import make
from tests.contract import routes
from tests.contract.calls import Program
from tests.contract.test_matrix import FULL
from tests.contract.test_safety import _some, addresses, browser
from tests.contract.world import World

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

BREAKS = "\"'><xss-a onxss=1></script></textarea></title></style>--><xss-b onxss=1>{{xss}}{% xss %}"
"""Out of attributes, scripts, text areas, titles and comments, and into templates. Cut to what a column holds, its start
still breaks out of an attribute."""
SCHEMES = ("javascript:", "data:", "vbscript:")
KEPT = {"id", "noun", "about_noun", "key", "kind", "path", "currency", "email", "locale", "tz", "theme", "density", "password",
        "digest", "start", "corporate_number", "invoice_number", "external_id", "sha256", "mime"}  # fmt: skip
"""Columns in which code looks things up, or whose shape the database or a verb sees to."""


class Page(HTMLParser):
    """Collects what no page of ours has: our own invented tags and attributes, addresses that run, handlers."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag.startswith("xss"):
            self.found.append(f"<{tag}>")
        for name, value in attrs:
            if name.startswith("on") or "xss" in name:
                self.found.append(f"{name} in <{tag}>")
            if name in ("href", "src", "action", "formaction", "hx-get", "hx-post") and value:
                plain = "".join(value.split()).lower()
                if plain.startswith(SCHEMES) and not (tag == "link" or plain.startswith("data:image/")):
                    self.found.append(f"{name}={value[:40]}")


def assert_text(response: Any, told: str) -> bool:
    """Pages hold no markup but ours, everything else is not taken for a page. Whether it is a page that shows the text."""
    assert response.status_code != 500, told  # 503: /ready, as no worker runs
    body = b"".join(response.streaming_content) if response.streaming else response.content
    kind = response.headers.get("Content-Type", "")
    if not kind.startswith("text/html"):
        assert response.headers["X-Content-Type-Options"] == "nosniff", told
        assert "svg" not in kind, told
        return False
    page = Page()
    page.feed(body.decode())
    assert not page.found, f"{told}: {page.found[:3]}"
    assert b"onxss=1>" not in body, told  # also not within a script, a comment or a text area
    return b"xss-a onxss=1&gt;" in body


def texts(model: type[Model]) -> dict[str, str]:
    """Every text column of a noun with as much of the payload as it holds."""
    found = {}
    for column in model._meta.concrete_fields:
        if column.get_internal_type() in ("CharField", "TextField") and not column.choices and column.name not in KEPT:
            found[column.name] = "javascript:xss()" if column.name == "url" else BREAKS[: column.max_length or 400]
    return found


@pytest.fixture(scope="module")
def world(module_rows: None) -> World:
    """Made once: nothing but its numbers is asked of it, and what a test does to its rows is rolled back."""
    make.firm()
    world = World("admin")
    for word in ("sales.deal", "contacts.company", "contacts.person", "activity.activity"):
        row = RECORDS[word].model.every.get(pk=world.rows[word, "own"].pk)
        name = {"sales.deal": "title", "contacts.company": "legal_name", "contacts.person": "family_name"}.get(
            word, "subject"
        )
        change(row, {name: f"株{BREAKS}"[:60]}, by=world.me.actor())
    for record in RECORDS.values():
        row = world.rows[record.word(), "own"]
        values = texts(record.model)
        if values:
            record.model.every.filter(pk=row.pk).update(**values)
        if any(column.name == "extra" for column in record.model._meta.concrete_fields):
            record.model.every.filter(pk=row.pk).update(extra={"xss": BREAKS})
    for word in ("sales.deal", "contacts.company"):
        FieldDefinition(
            noun=word, key="xss", kind="text", label_ja=BREAKS[:80], label_en=BREAKS[:80], in_list=True
        ).save()
    SavedView(noun="sales.deal", name=BREAKS[:80], query=f"title__has={BREAKS[:40]}", owner_id=world.me.pk).save()
    Firm.objects.update(name=BREAKS[:200], deal_word=BREAKS[:16])
    forget()
    return world


def test_no_page_turns_a_stored_text_into_markup(world: World) -> None:
    """Every address, and the states of lists; history, timeline and search hold the payloads too."""
    client, api = browser(world), Program.of(world.me)
    shown = 0
    for url in [*_some(addresses(world)), *_more(world)]:
        response = api.send("GET", url) if url.startswith("/api/v1") else client.get(url)
        shown += assert_text(response, url)
        if url.startswith("/api/v1") and response.status_code == 200:
            json.loads(response.content)
    assert shown > 60


def _more(world: World) -> Iterator[str]:
    """States of lists, words looked for, and answers to what was typed wrongly."""
    typed = "%22%27%3E%3Cxss-a%20onxss%3D1%3E%3C/script%3E"
    yield from (
        f"/search/?q={typed}",
        f"/palette/?q={typed}",
        f"/api/v1/search?q={typed}",
        f"/nowhere/{typed}/",
        f"/login/?next={typed}",
    )
    for record in _nouns():
        if not record.pages:
            continue
        pk, url = world.rows[record.word(), "own"].pk, record.url()
        columns = ",".join(field.name for field in record.readable(world.me.actor()))
        yield from (
            f"{url}?find=xss", f"{url}?find={typed}", f"{url}?sort={typed}", f"{url}?view={typed}", f"{url}?columns={columns}",
            f"{url}?{typed}={typed}", f"{url}?layout=board", f"{url}?q={typed}", f"{url}new/?name={typed}&title={typed}",
            f"{url}{pk}/?part={typed}", f"{url}export/?format=csv", f"{url}export/?format=xlsx", f"{url}export/?format=json",
        )  # fmt: skip


def _nouns() -> list[type[Record]]:
    found = routes.records()
    return found if FULL else [r for r in found if r.word() in ("sales.deal", "contacts.company", "activity.activity")]


@pytest.mark.parametrize("record", [r for r in routes.records() if r.form and r.pages], ids=lambda r: r.word())
def test_a_form_gives_back_what_was_typed_as_text(record: type[Record], world: World) -> None:
    client = browser(world)
    pk = world.rows[record.word(), "own"].pk
    sent = dict.fromkeys(record.form_names(), BREAKS)
    for url in (f"{record.url()}new/", f"{record.url()}{pk}/edit/"):
        answer = client.post(url, sent | {"version": "1"})
        assert answer.status_code in (302, 409, 422), url
        assert_text(answer, url)
    for name in record.form_names():
        assert_text(client.post(f"{record.url()}{pk}/field/{name}/", {name: BREAKS, "version": "1"}), name)


def test_a_file_brings_text_and_no_markup(world: World) -> None:
    """Heads, cells and the name of the file, on each page of the way in."""
    client = browser(world)
    lines = (
        f'会社名,{_cell(BREAKS)},電話\n{_cell(BREAKS)},{_cell(BREAKS)},{_cell(BREAKS)}\n株式会社青葉,x,"{"9" * 40}"\n'
    )
    file = SimpleUploadedFile(f"{BREAKS[:30]}.csv", lines.encode("utf-8-sig"), "text/html")
    answer = client.post("/imports/new/", {"file": file, "noun": "contacts.company"})
    assert answer.status_code in (302, 303), answer.content[:300]
    place = answer["Location"]
    assert_text(client.get(place, follow=True), place)
    base = "/".join(place.split("/")[:3]) + "/"
    for step in ("columns/", "check/", "", "progress/", "errors.csv", "rest/", "rest.csv"):
        assert_text(client.get(f"{base}{step}", follow=True), step)
    assert_text(client.get("/imports/"), "/imports/")


def _cell(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


@pytest.mark.parametrize(
    "markup",
    [f"<p>{BREAKS}", '<p title="x" onclick="y()">', '<a href=" java\nscript:x()">', '<form action="data:text/html,x">'],
)
def test_the_eye_of_these_tests_sees(markup: str) -> None:
    page = Page()
    page.feed(markup)
    assert page.found
