"""A newcomer brings four files in, in a browser: agents, products, accounts and a year of deals, dirty as they come."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from tests import make

from noren.accounts.models import User
from noren.contacts.models import Company
from noren.sales.models import Deal

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]

FILES = {
    "accounts.user": ("sales_teams.csv", "sales_agent,manager,regional_office\nMoses Frase,Dustin Brinkmann,Central\nDarcel Schlecht,Melvin Marxen,Central\nZane Levy,Summer Sewald,West\n"),
    "catalog.product": ("products.csv", "product,series,sales_price\nGTX Basic,GTX,550\nGTX Pro,GTX,4821\nMG Special,MG,55\n"),
    "contacts.company": (
        "accounts.csv",
        ("account,sector,year_established,revenue,employees,office_location,subsidiary_of\nAcme Corporation,technolgy,1996,1100.04,2822,United States,\n"
        "Betasoloin,medical,1999,251.41,495,United States,\nCancity,technology,2001,718.62,2448,United States,\nCondax,technology,1990,100,90,Japan,Acme Corporation\n"),
    ),
    "sales.deal": (
        "sales_pipeline.csv",
        ("opportunity_id,sales_agent,product,account,deal_stage,engage_date,close_date,close_value\n"
        "1C1I7A6R,Moses Frase,GTX Pro,Cancity,Won,2016-10-20,2017-03-01,1054\nZ063OYW0,Darcel Schlecht,GTXPro,Acme Corporation,Won,2016-10-25,2017-03-11,4514\n"
        "EC4QE1BX,Darcel Schlecht,MG Special,Betasoloin,Lost,2016-10-25,2017-03-07,0\nMV1LWRNH,Zane Levy,GTX Basic,,Engaging,2016-11-25,,\n"
        "PE84CX4O,Moses Frase,GTXPro,,Prospecting,,,\n"),
    ),
}  # fmt: skip


def look(page: Page, name: str) -> None:
    """Keep a picture when asked for (PICTURES=folder)."""
    folder = os.environ.get("PICTURES")
    if folder:
        page.screenshot(path=f"{folder}/{name}.png")
        page.set_viewport_size({"width": 390, "height": 844})
        page.screenshot(path=f"{folder}/{name}-390.png")
        page.set_viewport_size({"width": 1440, "height": 900})


def upload(page: Page, noun: str, folder: Path) -> None:
    name, text = FILES[noun]
    (folder / name).write_text(text, encoding="utf-8")
    page.goto(f"/imports/new/?noun={noun}")
    look(page, "1-upload")
    page.locator("#f-file").set_input_files(folder / name)
    page.locator("footer .btn.pri").click()
    page.wait_for_url(re.compile("/columns/"))


def press(page: Page, until: str) -> None:
    page.locator("footer .btn.pri").click()
    page.wait_for_url(re.compile(until))


def test_four_files_come_in_with_their_relations(page: Page, enter: Callable[[User], None], tmp_path: Path) -> None:
    enter(make.user("admin"))
    for noun in ("accounts.user", "catalog.product"):
        upload(page, noun, tmp_path)
        press(page, "/check/")
        press(page, "/run/")
        expect(page.locator("[data-done]")).to_be_visible()
    upload(page, "contacts.company", tmp_path)
    press(page, "/check/")
    page.locator(".fixl li", has=page.locator('input[value="technolgy"]')).get_by_role(
        "button", name="technology"
    ).click()
    expect(page.locator('.fixl input[value="technolgy"]')).to_have_count(0)
    press(page, "/run/")
    assert Company.every.get(legal_name="Acme Corporation").industry == "technology"
    assert Company.every.get(legal_name="Condax").parent == Company.every.get(legal_name="Acme Corporation")
    upload(page, "sales.deal", tmp_path)
    look(page, "2-columns")
    press(page, "/check/")
    look(page, "3-check")
    expect(page.locator('.fixl input[value="GTXPro"]')).to_be_visible()
    page.locator(".fixl li", has=page.locator('input[value="GTXPro"]')).get_by_role("button", name="GTX Pro").click()
    expect(page.locator('.fixl input[value="GTXPro"]')).to_have_count(0)
    expect(page.locator("nav.attn b").first).to_have_text("5")
    look(page, "3-checked")
    press(page, "/run/")
    expect(page.locator("[data-done]")).to_be_visible()
    look(page, "4-done")
    assert Deal.every.count() == 5
    assert Deal.every.filter(company=None, outcome="open").count() == 2
    page.goto("/sales/deals/?outcome=won&columns=title,amount,closed_on,company,owner")
    main = page.locator("main")
    for text in ("1,054", "4,514", "5,568"):
        expect(main).to_contain_text(text)
    page.goto("/imports/")
    look(page, "5-list")
    expect(page.locator("main")).to_contain_text("sales_pipeline.csv")
    page.get_by_role("link", name="sales_pipeline.csv").click()
    page.locator("a[href$='/undo/']").click()
    expect(page.locator("#sheet")).to_contain_text("5")
    page.locator("#sheet button.danger").click()
    expect(page.locator("a[href$='/undo/']")).to_have_count(0)
    expect(page.locator("[data-done]")).to_be_visible()
    assert Deal.every.count() == 0
    assert Company.every.count() == 4


def test_the_columns_page_follows_a_choice_and_the_order_of_dates_is_asked_there(
    page: Page, enter: Callable[[User], None], tmp_path: Path
) -> None:
    enter(make.user("admin"))
    head = "氏名,会社名,部署,役職,メール,電話番号,携帯電話,郵便番号,住所,生年月日\n"
    rows = "".join(
        f"山田 {n}郎,株式会社みなと,営業部,部長,y{n}@example.jp,03-1111-22{n:02},,100-0001,東京都千代田区千代田1-{n},{day}\n"
        for n, day in enumerate(["1980/04/03", "03/04/1980", "不明", "1975/13/45", "昭和50年1月2日"])
    )
    (tmp_path / "people.csv").write_text(head + rows, encoding="cp932")
    page.goto("/imports/new/?noun=contacts.person")
    page.locator("#f-file").set_input_files(tmp_path / "people.csv")
    page.locator("footer .btn.pri").click()
    page.wait_for_url(re.compile("/columns/"))
    row = page.locator("tr", has=page.locator("#to-9"))
    expect(row).to_have_class(re.compile("off|chk"))
    page.locator("#to-9").focus()
    page.locator("#to-9").select_option("met_on")
    expect(page.locator("#f-order-met_on")).to_be_visible()
    expect(row).not_to_have_class(re.compile("off|chk"))
    expect(page.locator("#to-9")).to_be_focused()
    expect(page.locator("#to-9")).to_have_value("met_on")
    look(page, "people-2-columns")
    press(page, "/check/")
    look(page, "people-3-check")
    page.locator("#f-order-met_on").select_option("dmy")
    page.locator("button[name=again]").click()
    expect(page.locator('.fixl input[value="03/04/1980"]')).to_have_count(0)
    press(page, "/run/")
    look(page, "people-4-done")
    page.locator("a[href$='/undo/']").click()
    expect(page.locator("#sheet")).to_be_visible()
    look(page, "people-5-undo")
