"""Our custom elements in a real browser, on the sample screens: no database, no log-in."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import ThreadingHTTPServer

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.samples.server import Handler

pytestmark = pytest.mark.journey


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/ja"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1440, "height": 900}, reduced_motion="reduce", locale="ja-JP")
    opened = context.new_page()
    opened.set_default_timeout(5000)
    yield opened
    context.close()


def visit(page: Page, address: str) -> list[str]:
    """Open a page with all scripts running; collects what it complains about."""
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.goto(address, wait_until="networkidle")
    return wrong


def compose(page: Page, readings: list[str], word: str) -> None:
    """Type a word the Japanese way."""
    session = page.context.new_cdp_session(page)
    for each in readings:
        session.send("Input.imeSetComposition", {"text": each, "selectionStart": len(each), "selectionEnd": len(each)})
    session.send("Input.insertText", {"text": word})


@pytest.mark.parametrize(
    "name", ["home", "list", "board", "record", "form", "search", "forecast", "metric", "import_check", "settings"]
)
def test_screen_opens_without_complaint_and_never_scrolls_sideways(page: Page, site: str, name: str) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    assert visit(page, f"{site}/{name}.html") == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.set_viewport_size({"width": 1440, "height": 900})


def test_on_a_phone_the_bar_opens_the_menu_with_all_places(page: Page, site: str) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    visit(page, f"{site}/home.html")
    expect(page.locator("#me")).to_be_hidden()
    page.locator(".tabbar [popovertarget=me]").click()
    for link in (page.locator("#me .hand a").first, page.locator("#me form").last):
        link.scroll_into_view_if_needed()
        expect(link).to_be_in_viewport()
    box = page.locator("#me").bounding_box()
    assert box
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390
    assert box["y"] + box["height"] <= 844
    page.keyboard.press("Escape")
    page.set_viewport_size({"width": 1440, "height": 900})
    page.locator(".me [popovertarget=me]").click()
    expect(page.locator("#me .hand")).to_be_hidden()
    page.keyboard.press("Escape")


def test_ticks_take_ranges_pages_and_the_whole_filter(page: Page, site: str) -> None:
    visit(page, f"{site}/list.html")
    expect(page.locator(".bulk")).to_be_hidden()
    page.locator("[data-pick]").nth(0).click()
    page.locator("[data-pick]").nth(4).click(modifiers=["Shift"])
    expect(page.locator("[data-count]")).to_have_text("5社を選択中")
    page.locator("[data-all]").click()
    page.locator("[data-every]").click()
    expect(page.locator("[data-count]")).to_have_text("248社を選択中")
    assert page.locator("[data-every-field]").input_value() == "1"
    page.locator("[data-none]").click()
    expect(page.locator(".bulk")).to_be_hidden()


def test_a_cell_is_edited_with_keys_alone(page: Page, site: str) -> None:
    visit(page, f"{site}/list.html")
    cell = page.locator("td[data-edit]").first
    before = cell.inner_text()
    cell.focus()
    page.keyboard.press("Enter")
    expect(page.locator("td.edit input.input")).to_be_focused()
    page.keyboard.press("Escape")
    expect(cell).to_have_text(before)
    expect(cell).to_be_focused()


def test_palette_asks_once_for_a_word_written_in_kana(page: Page, site: str) -> None:
    visit(page, f"{site}/home.html")
    page.keyboard.press("Control+k")
    expect(page.locator("dialog.palette [role=option]").first).to_be_visible()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "q=%" in request.url else None)
    compose(page, ["や", "やま", "やまだ"], "山田")
    page.wait_for_timeout(400)
    assert len(asked) == 1
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url("**/record.html")


def test_enter_waits_for_the_answer_to_what_was_typed(page: Page, site: str) -> None:
    visit(page, f"{site}/home.html")
    page.keyboard.press("Control+k")
    expect(page.locator("dialog.palette [role=option]").first).to_be_visible()
    with page.expect_request(lambda request: "q=abc" in request.url):
        page.keyboard.type("abc")
        page.keyboard.press("Enter")
    page.wait_for_url("**/company.html")


def test_reading_fills_itself_and_enter_does_not_send_the_form(page: Page, site: str) -> None:
    visit(page, f"{site}/form.html")
    page.locator("#f-name").fill("")
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    compose(page, ["や", "やま", "やまだ", "山田"], "山田")
    expect(page.locator("#f-reading")).to_have_value("やまだ")
    page.keyboard.press("Enter")
    page.wait_for_timeout(150)
    assert sent == []
    page.reload(wait_until="networkidle")
    expect(page.locator("#f-reading")).to_have_value("やまだ")  # the draft
    page.keyboard.press("Control+Enter")
    page.wait_for_timeout(300)
    assert len(sent) == 1
    page.evaluate("sessionStorage.clear()")


def test_a_card_moves_with_the_keyboard_and_is_announced(page: Page, site: str) -> None:
    visit(page, f"{site}/board.html")
    page.locator("[data-stage=s0] .dcard").first.focus()
    page.keyboard.press("m")
    with page.expect_request(lambda request: request.method == "POST") as asked:
        page.locator("dialog[data-move] [data-to=s2]").click()
    assert asked.value.post_data == "id=0&version=1&stage=s2&position=0"
    expect(page.locator("[data-live]")).to_have_text("「温湿度監視システム」を提案へ移しました")


def test_a_refused_move_is_put_back_with_a_message(page: Page, site: str) -> None:
    visit(page, f"{site}/board.html")
    page.route(
        "**/board.html",
        lambda route: route.fulfill(status=403) if route.request.method == "POST" else route.continue_(),
    )
    before = page.locator("[data-stage=s0] .dcard").count()
    page.locator("[data-stage=s0] .dcard").first.focus()
    page.keyboard.press("m")
    page.locator("dialog[data-move] [data-to=s2]").click()
    expect(page.locator(".toast")).to_be_visible()
    expect(page.locator("[data-stage=s0] .dcard")).to_have_count(before)
    page.unroute("**/board.html")


def test_list_narrows_without_losing_the_field(page: Page, site: str) -> None:
    visit(page, f"{site}/list.html")
    page.keyboard.press("/")
    page.keyboard.type("ab")
    page.wait_for_url("**find=ab*")
    expect(page.locator("#list-q")).to_be_focused()


def test_chart_is_one_stop_for_tab_and_arrows_walk_along_it(page: Page, site: str) -> None:
    visit(page, f"{site}/home.html")
    page.locator("noren-chart [data-tip]").first.focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator(".tip")).to_contain_text("5月")
    assert page.locator('noren-chart [data-tip][tabindex="0"]').count() == 1
