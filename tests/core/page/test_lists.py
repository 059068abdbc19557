from __future__ import annotations

import json
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django.utils.translation import gettext, override
from tests import make

from noren.accounts.models import User
from noren.contacts.models import Company
from noren.core.access.actor import HOUSE
from noren.core.action.models import BulkRun
from noren.core.record import bulk
from noren.core.record.models import SavedView
from noren.sales.actions.deal import win_deal
from noren.sales.models import Deal, DealLine

pytestmark = pytest.mark.django_db
SHEET = {"HX-Request": "true", "HX-Target": "sheet"}


@pytest.fixture(scope="module", autouse=True)
def _firm(module_rows: None) -> None:
    make.firm()


@pytest.fixture
def aiko() -> User:
    return make.user("admin", name="佐藤 美咲")


@pytest.fixture
def browser(aiko: User) -> Client:
    client = Client()
    client.force_login(aiko)
    return client


def text_of(client: Client, address: str, **more: Any) -> str:
    return client.get(address, **more).content.decode()


def test_names_from_data_are_escaped_everywhere(browser: Client) -> None:
    evil = "<img src=x onerror=alert(1)>\"'"
    company = make.company(legal_name=evil, industry=evil, prefecture=evil)
    deal = make.deal(title=evil, company=company, source=evil)
    for address in ("/contacts/companies/", f"/contacts/companies/{company.pk}/", f"/contacts/companies/{company.pk}/edit/", "/sales/deals/", f"/sales/deals/{deal.pk}/",
                    "/sales/deals/?layout=board", f"/sales/deals/?company={company.pk}", "/sales/deals/options/company/", f"/sales/deals/{deal.pk}/win/"):  # fmt: skip
        assert "<img src=x" not in text_of(browser, address), address


def test_htmx_gets_the_same_page_without_its_shell(browser: Client) -> None:
    make.company(legal_name="青葉")
    whole, part = (
        text_of(browser, "/contacts/companies/"),
        text_of(browser, "/contacts/companies/", headers={"HX-Request": "true"}),
    )
    main = whole[whole.index('<main id="main"') : whole.index("</main>")]
    assert part[part.index('<main id="main"') : part.index("</main>")].split("csrf")[0] == main.split("csrf")[0]
    assert "<html" not in part


def test_the_builder_writes_an_address_with_and_and_or(browser: Client, aiko: User) -> None:
    form = {
        "g0": "all", "f0.0": "amount", "w0.0": "amount", "o0.0": "gte", "v0.0": "100万",
        "g1": "any", "f1.0": "owner", "w1.0": "owner", "o1.0": "is", "v1.0": "@me", "f1.1": "close_by", "w1.1": "close_by", "o1.1": "on", "v1.1": "@this_month",
        "press": "apply",
    }  # fmt: skip
    place = browser.post("/sales/deals/filter/", form).headers["Location"]
    query = parse_qs(urlsplit(place).query)
    assert query["amount__gte"] == ["1000000"]
    assert json.loads(query["q"][0]) == {"all": [{"any": [["owner", "is", "@me"], ["close_by", "on", "@this_month"]]}]}
    mine = make.deal(amount=2_000_000, owner=aiko.pk)
    make.deal(amount=2_000_000, owner=make.user("sales").pk)
    make.deal(amount=1, owner=aiko.pk)
    shown = text_of(browser, place)
    assert shown.count("data-pick") == 1
    assert f"/sales/deals/{mine.pk}/" in shown
    again = text_of(browser, place.replace("/deals/?", "/deals/filter/?"))
    assert 'value="@this_month" selected' in again


def test_the_builder_says_what_is_wrong_at_its_line_and_keeps_the_rest(browser: Client, aiko: User) -> None:
    form = {
        "g0": "all", "f0.0": "amount", "w0.0": "amount", "o0.0": "gte", "v0.0": "たくさん",
        "f0.1": "owner", "w0.1": "owner", "o0.1": "is", "v0.1": str(aiko.pk), "press": "apply",
    }  # fmt: skip
    answer = browser.post("/sales/deals/filter/", form, headers={"HX-Request": "true"})
    assert answer.status_code == 422
    shown = answer.content.decode()
    assert "たくさん" in shown
    assert f'value="{aiko.pk}" checked>{aiko.name}' in shown


def test_columns_sort_and_size_travel_in_the_address(browser: Client) -> None:
    make.deal(amount=5, source="展示会")
    form = {"column": ["source", "amount"], "sort1": "-amount", "sort2": "title", "size": "100", "press": "apply"}
    place = browser.post("/sales/deals/columns/", form).headers["Location"]
    assert parse_qs(urlsplit(place).query) == {"columns": ["source,amount"], "sort": ["-amount,title"], "size": ["100"]}
    heads = text_of(browser, place).partition("<thead")[2].partition("</thead>")[0]
    assert heads.count('scope="col"') == 4  # tick, title and the two chosen
    assert 'aria-sort="descending"' in heads


def test_a_word_of_the_address_that_names_no_field_is_told_and_not_passed_over(browser: Client) -> None:
    make.deal(title="見える商談")
    for layout in ("", "&layout=board"):
        answer = browser.get(f"/sales/deals/?colour=red{layout}")
        assert answer.status_code == 422
        assert "見える商談" not in answer.content.decode()
    for known in ("from=1", "jump=1", "format=csv", "page=1", "exact=1", "fragment=1"):
        assert browser.get(f"/sales/deals/?{known}").status_code == 200, known


def test_a_view_is_saved_shared_changed_and_deleted(browser: Client, aiko: User) -> None:
    place = browser.post(
        "/sales/deals/views/save/?outcome=open&sort=-amount",
        {"name": "大きい順", "shared_with": "all", "is_default": "on"},
    ).headers["Location"]
    row = SavedView.every.get()
    assert (row.query, row.owner_id, row.is_default) == ("outcome=open&sort=-amount", aiko.pk, True)
    assert browser.get("/sales/deals/").headers["Location"] == place
    assert 'class="edited"' not in text_of(browser, place)
    assert 'class="edited"' in text_of(browser, f"{place}&amount__gte=5")
    browser.post(
        f"/sales/deals/views/save/?outcome=won&view={row.pk}", {"name": "受注", "shared_with": "mine", "over": "on"}
    )
    row.refresh_from_db()
    assert (row.name, row.query, row.shared_with) == ("受注", "outcome=won", "mine")
    stranger = Client()
    stranger.force_login(make.user("sales"))
    assert f"view={row.pk}" not in text_of(stranger, "/sales/deals/")
    assert stranger.post(f"/sales/deals/views/{row.pk}/remove/").status_code == 404
    browser.post(f"/sales/deals/views/{row.pk}/remove/")
    assert not SavedView.every.exists()


def test_only_those_with_the_right_share_with_everyone() -> None:
    client = Client()
    client.force_login(make.user("sales"))
    assert client.post("/sales/deals/views/save/?outcome=open", {"name": "x", "shared_with": "all"}).status_code == 403


def test_previous_and_next_follow_the_list_one_came_from(browser: Client) -> None:
    rows = [make.company(legal_name=name) for name in ("ア", "イ", "ウ")]
    came = {"Referer": "http://testserver/contacts/companies/?sort=industry,legal_name"}
    text = text_of(browser, f"/contacts/companies/{rows[1].pk}/", headers=came)
    assert f'href="/contacts/companies/{rows[0].pk}/?in=' in text
    assert f'href="/contacts/companies/{rows[2].pk}/?in=' in text
    assert 'data-key="j"' not in text_of(browser, f"/contacts/companies/{rows[1].pk}/")


# -- many rows ---------------------------------------------------------------------------------------------------------


def test_bulk_says_how_many_sets_only_what_was_ticked_and_is_undone(browser: Client) -> None:
    rows = [make.deal(source=f"s{n}", amount=n) for n in range(3)]
    other = make.deal(source="その他")
    ids = [row.pk for row in rows]
    sheet = browser.post("/sales/deals/bulk/", {"verb": "edit", "id": ids}, headers=SHEET).content.decode()
    assert "3" in sheet
    browser.post(
        "/sales/deals/bulk/",
        {"verb": "edit", "id": ids, "go": "1", "set": ["source"], "source": "紹介", "amount": "999"},
    )
    assert sorted(Deal.every.values_list("source", "amount")) == sorted(
        [("紹介", 0), ("紹介", 1), ("紹介", 2), ("その他", None)]
    )
    run = BulkRun.objects.get()
    assert (run.changed, run.state) == (3, "done")
    Deal.every.get(pk=other.pk)
    browser.post(f"/sales/deals/bulk/{run.pk}/undo/")
    assert sorted(Deal.every.filter(pk__in=ids).values_list("source", flat=True)) == ["s0", "s1", "s2"]


def test_bulk_tells_which_of_the_chosen_rows_are_not_ones_own() -> None:
    team = make.team()
    rep = make.user("sales", team=team)
    page = Client()
    page.force_login(rep)
    mine, hers = make.deal(owner=rep.pk), make.deal(owner=make.user("sales", team=team).pk)
    told = page.post("/sales/deals/bulk/", {"verb": "edit", "id": [mine.pk, hers.pk]}, headers=SHEET).content.decode()
    with override(rep.locale):
        words = gettext("%(n)s of %(all)s rows will change; the others are not yours to change.")
    assert words % {"n": "1", "all": "2"} in told
    nothing = page.post("/sales/deals/bulk/", {"verb": "edit", "id": [hers.pk]}, headers=SHEET)
    assert nothing.status_code == 422
    assert 'role="alert"' in nothing.content.decode()


def test_undo_leaves_alone_what_was_changed_since(browser: Client) -> None:
    from noren.core.action.plain import change

    deal = make.deal(source="a")
    browser.post("/sales/deals/bulk/", {"verb": "edit", "id": [deal.pk], "go": "1", "set": ["source"], "source": "b"})
    change(Deal.every.get(pk=deal.pk), {"source": "c"}, by=HOUSE)
    browser.post(f"/sales/deals/bulk/{BulkRun.objects.get().pk}/undo/")
    assert Deal.every.get(pk=deal.pk).source == "c"


def test_all_rows_of_the_filter_and_verbs_with_reasons_for_those_that_refuse(browser: Client) -> None:
    make.deal(amount=10)
    make.deal(amount=None)
    won = make.deal(amount=1)
    win_deal(won, by=HOUSE, won_on=timezone.localdate())
    browser.post("/sales/deals/bulk/?outcome=open", {"verb": "act-win", "all": "1", "go": "1", "won_on": "2026/11/20"})
    run = BulkRun.objects.get()
    assert (len(run.ids), run.changed, sum(run.refused.values())) == (2, 1, 1)
    assert Deal.every.filter(outcome="won").count() == 2


def test_many_rows_run_in_a_job_with_progress_and_stop(browser: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "DIRECT", 2)
    monkeypatch.setattr(bulk, "CHUNK", 2)
    ids = [make.deal(source="a").pk for _n in range(5)]
    place = browser.post(
        "/sales/deals/bulk/", {"verb": "edit", "id": ids, "go": "1", "set": ["source"], "source": "b"}
    ).headers["Location"]
    run = BulkRun.objects.get()
    assert place == f"/sales/deals/bulk/{run.pk}/"
    assert "noren-progress" in text_of(browser, place)
    assert Deal.every.filter(source="b").count() == 0
    bulk.work(run.pk)
    bulk.work(run.pk)
    assert Deal.every.filter(source="b").count() == 5
    assert "data-done" in text_of(browser, place)

    browser.post("/sales/deals/bulk/", {"verb": "edit", "id": ids, "go": "1", "set": ["source"], "source": "c"})
    second = BulkRun.objects.latest("pk")
    browser.post(f"/sales/deals/bulk/{second.pk}/stop/")
    bulk.work(second.pk)
    second.refresh_from_db()
    assert (second.state, Deal.every.filter(source="c").count()) == ("stopped", 0)


def test_rows_out_of_reach_are_not_changed_in_bulk() -> None:
    client = Client()
    seller = make.user("sales")
    client.force_login(seller)
    own, foreign = make.deal(by=seller.actor()), make.deal(by=make.actor("sales"), source="x")
    client.post(
        "/sales/deals/bulk/", {"verb": "edit", "id": [own.pk, foreign.pk], "go": "1", "set": ["source"], "source": "y"}
    )
    assert (Deal.every.get(pk=own.pk).source, Deal.every.get(pk=foreign.pk).source) == ("y", "x")
    assert client.post("/sales/deals/bulk/", {"verb": "assign", "id": [own.pk], "go": "1"}).status_code == 403


# -- the board -----------------------------------------------------------------------------------------------------------


def test_a_card_moves_and_the_move_is_taken_back(browser: Client) -> None:
    first, second = make.stages()[:2]
    deal, below = make.deal(stage=first, amount=1_000_000), make.deal(stage=second)
    board = text_of(browser, "/sales/deals/?layout=board")
    assert all(board.count(f'<span class="num" id="count-{stage.pk}">1</span>') == 1 for stage in (first, second))
    answer = browser.post(
        "/sales/deals/move/",
        {"id": deal.pk, "version": deal.version, "stage": second.pk, "position": "1"},
        headers={"HX-Request": "true"},
    )
    text = answer.content.decode()
    assert f'id="lane-{first.pk}"' in text
    assert f'id="lane-{second.pk}"' in text
    assert f'id="card-{deal.pk}"' in text
    assert f'id="count-{first.pk}">0<' in text
    assert f'id="count-{second.pk}">2<' in text
    lane = list(Deal.every.filter(stage=second).order_by("position", "pk").values_list("pk", flat=True))
    assert lane == [below.pk, deal.pk]
    browser.post(json.loads(answer.headers["HX-Trigger"])["toast"]["undo"])
    assert Deal.every.get(pk=deal.pk).stage_id == first.pk


def test_a_card_that_somebody_else_has_moved_is_put_back_with_a_sentence(browser: Client) -> None:
    first, second = make.stages()[:2]
    deal = make.deal(stage=first)
    answer = browser.post(
        "/sales/deals/move/", {"id": deal.pk, "version": deal.version + 1, "stage": second.pk, "position": "0"}
    )
    assert answer.status_code == 409
    assert "toast" in answer.headers["HX-Trigger"]
    assert Deal.every.get(pk=deal.pk).stage_id == first.pk


def test_the_board_costs_the_same_for_one_card_and_a_hundred(browser: Client) -> None:
    stages = make.stages()
    make.deal(stage=stages[0], company=make.company())

    def queries() -> int:
        found = []
        for _n in range(3):  # once a second one more: has the firm changed?
            with CaptureQueriesContext(connection) as seen:
                browser.get("/sales/deals/?layout=board")
            found.append(len(seen))
        return min(found)

    before = queries()
    for n in range(45):
        make.deal(stage=stages[n % 2], company=make.company())
    assert queries() <= before
    text = text_of(browser, "/sales/deals/?layout=board")
    assert text.count('class="dcard"') == 40
    assert text.count('class="more"') == 2


def test_a_card_too_long_in_its_stage_turns_amber_then_vermilion(browser: Client) -> None:
    stage = make.stages()[0]
    for days in (1, 10, 30):
        deal = make.deal(stage=stage)
        Deal.every.filter(pk=deal.pk).update(stage_since=timezone.now() - timedelta(days=days, hours=1))
    text = text_of(browser, "/sales/deals/?layout=board")
    assert stage.standard_days == 7
    assert (text.count('class="age kohaku"'), text.count('class="age shu"')) == (1, 1)


# -- lines of a deal -------------------------------------------------------------------------------------------------------


def test_a_product_brings_its_price_and_the_lines_make_the_amount(browser: Client) -> None:
    deal, product = make.deal(amount=5), make.product(list_price=38_000)
    address = f"/sales/deals/{deal.pk}/lines/"
    assert (
        'value="38,000"'
        in browser.post(address, {"p0": product.pk, "q0": "", "t0": "", "u0": "", "press": "sum"}).content.decode()
    )
    rows = {
        "p0": product.pk,
        "w0": product.pk,
        "q0": "３",
        "t0": "",
        "u0": "3.5万",
        "p1": "",
        "q1": "1",
        "t1": "工事",
        "u1": "1000",
    }
    wrong = browser.post(address, rows | {"u1": "たくさん", "press": "save"})
    assert wrong.status_code == 422
    assert "たくさん" in wrong.content.decode()
    assert not DealLine.every.exists()
    assert browser.post(address, rows | {"press": "save"}).status_code == 302
    deal.refresh_from_db()
    assert (deal.amount, deal.list_amount) == (106_000, None)
    assert sum(DealLine.every.values_list("share", flat=True)) == 1
    win_deal(deal, by=HOUSE, won_on=timezone.localdate())
    assert browser.get(address).status_code == 409


def test_the_first_company_is_invited(browser: Client) -> None:
    text = text_of(browser, "/contacts/companies/")
    assert "/contacts/companies/new/" in text
    assert not Company.every.exists()
    assert "clear" not in text
    nothing = text_of(browser, "/contacts/companies/?industry=ない")
    assert 'href="/contacts/companies/"' in nothing.partition('class="empty"')[2]


def test_days_in_the_stage_stand_beside_the_usual_ones_and_sort(browser: Client) -> None:
    stage = make.stages()[1]
    assert stage.standard_days
    rows = {}
    for days in (1, stage.standard_days + 1, 2 * stage.standard_days + 1):
        deal = make.deal(stage=stage, title=f"<{days}>")
        Deal.system("as if it had long been here").filter(pk=deal.pk).update(
            stage_since=timezone.now() - timedelta(days=days)
        )
        rows[days] = deal
    client = browser
    User.objects.update(locale="en")
    page = text_of(client, "/sales/deals/?sort=stage_since&columns=title,stage_since")
    places = [page.index(f"&lt;{days}&gt;</a>") for days in sorted(rows, reverse=True)]
    assert places == sorted(places)
    assert page.count("longer than usual") == 2
    assert page.count(f"standard {stage.standard_days} days") == 3
    assert page.count("#i-alert") >= 2
    card = text_of(client, "/sales/deals/?layout=board")
    assert f"{2 * stage.standard_days + 1} days in this stage; the standard is {stage.standard_days}" in card
    win_deal(rows[1], by=HOUSE, won_on=timezone.localdate(), amount=1000)
    assert text_of(client, "/sales/deals/?columns=title,stage_since").count("standard ") == 2


def test_days_in_chips_read_as_days_are_written(browser: Client) -> None:
    make.deal()
    address = "/sales/deals/?close_by__gte=2026-11-01&created_at__lt=2026-12-01"
    User.objects.update(locale="ja")
    page = text_of(browser, address)
    assert "2026/11/01" in page
    assert "2026/12/01" in page
    User.objects.update(locale="en")
    assert "2026-11-01" in text_of(browser, address)
