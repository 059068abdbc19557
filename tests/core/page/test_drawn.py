"""What is drawn once, and what is new on every page."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client
from django.utils.html import escape
from tests import make

from noren.core.access.models import Firm
from noren.core.page.drawn import drawn
from noren.core.record.models import SavedView

TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="(\w+)"')


def _toast(text: str, asked: list[str], key: Any = "key") -> str:
    def context(place: Any) -> dict[str, Any]:
        asked.append(text)
        return {"toast": {"text": place("text"), "undo": ""}}

    return drawn("ui/toast.html", key, context, text=escape(text))


def test_template_is_drawn_once_and_its_places_each_time() -> None:
    asked: list[str] = []
    assert "<span>first</span>" in _toast("first", asked)
    assert "<span>&lt;b&gt;</span>" in _toast("<b>", asked)
    assert asked == ["first"]


def test_without_a_key_nothing_is_remembered() -> None:
    asked: list[str] = []
    assert "<span>first</span>" in _toast("first", asked, None)
    assert "<span>second</span>" in _toast("second", asked, None)
    assert asked == ["first", "second"]


def test_place_without_its_part_is_a_fault() -> None:
    with pytest.raises(KeyError):
        drawn("ui/toast.html", None, lambda place: {"toast": {"text": place("text")}})


@pytest.mark.django_db
def test_every_page_has_a_form_token_of_its_own() -> None:
    make.firm()
    browser = Client()
    browser.force_login(make.user("admin"))
    seen = [set(TOKEN.findall(browser.get("/contacts/people/").content.decode())) for _ in range(3)]
    assert all(len(tokens) == 1 for tokens in seen)
    assert len(set.union(*seen)) == 3


@pytest.mark.django_db
def test_shell_is_never_somebody_elses_nor_an_old_one() -> None:
    make.firm()
    one, two = Client(), Client()
    aiko, ben = make.user("admin", name="佐藤 美咲"), make.user("sales", name="高橋 健")
    one.force_login(aiko)
    two.force_login(ben)
    for _ in range(2):
        assert "佐藤 美咲" in one.get("/contacts/people/").content.decode()
        theirs = two.get("/contacts/people/").content.decode()
        assert "高橋 健" in theirs
        assert "佐藤 美咲" not in theirs
    firm = Firm.objects.get()
    firm.name = "ほしの"
    firm.save()
    aiko.name = "佐藤 新"
    aiko.theme = "dark"
    aiko.save()
    page = one.get("/contacts/people/").content.decode()
    assert "<b>ほしの</b>" in page
    assert "佐藤 新" in page
    assert 'data-theme="dark"' in page


@pytest.mark.django_db
def test_heads_of_a_list_follow_every_change_at_once() -> None:
    make.firm()
    one, two = Client(), Client()
    aiko, ben = make.user("admin"), make.user("sales")
    one.force_login(aiko)
    two.force_login(ben)
    company = make.company(legal_name="みどり商会")
    make.deal(title="温度計", company=company, owner=ben)

    def page(query: str = "") -> str:
        return two.get(f"/sales/deals/{query}").content.decode()

    narrow = f"?company={company.pk}&outcome=open"
    assert "/sales/deals/new/" in page(narrow)
    assert "みどり商会" in page(narrow).partition("<table")[0]
    company.legal_name = "ほしの食品"
    company.save()
    assert "ほしの食品" in page(narrow).partition("<table")[0]
    assert "みどり商会" not in page(narrow).partition("<table")[0]

    one.post("/sales/deals/views/save/?outcome=open", {"name": "みんなの商談", "shared_with": "all"})
    assert "みんなの商談" in page(narrow)
    view = SavedView.every.get()
    one.post(f"/sales/deals/views/{view.pk}/remove/")
    assert "みんなの商談" not in page(narrow)

    role = ben.roles.get()
    role.rights = {**role.rights, "sales.deal.create": "none", "*.create": "none"}
    role.save()
    assert "/sales/deals/new/" not in page(narrow)
