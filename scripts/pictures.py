#!/usr/bin/env python3
"""Take the pictures of the guide from a running demo firm: `make run` in one terminal, this in another.

    python scripts/pictures.py PASSWORD [--address http://127.0.0.1:8000] [--out docs/pictures]

PASSWORD is the one that `make run` prints. Wide pictures are 1440 px, the phone is 390 px at double sharpness; every file is
brought below 150 kB. A table is uploaded for the picture of the trial run, but not imported. Needs Chromium.
"""

from __future__ import annotations

import argparse
import io
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
LIMIT = 150_000
WIDE = {"width": 1440, "height": 900}
NARROW = {"width": 390, "height": 844}
FIRM = "aoba-keisoku.example.jp"
TABLE = """商談名,会社名,自社担当,フェーズ,金額,商談開始日,受注日,結果,商品名
冷蔵庫の温度監視,㈱やまびこ印刷,佐藤　美咲,提案,"480,000",2026/10/01,,,温湿度ロガ AK-H30
校正の年間契約,あおぞら化成,高橋 亮,最終調整,300000,R8.9.1,R8.10.20,受注,
圧力計の増設,北斗精機,田中 健,ヒアリング,12万,2026/13/02,,,
微差圧計 5台,ひのき食品工業,山本翔,見積提出,"320,000",2026/11/04,,,
湿度計の入替え,みなとの水産,高橋 亮介,提案,90000,2026/11/02,,,
クリーンルーム更新,かえで樹脂,伊藤 直樹,初回接触,"1,290,000",2026/11/10,,,
"""
"""What people really bring: legal forms left out, wide spaces, eras, 万, a month 13, a colleague nobody
knows, a product misspelled."""


def saved(shot: bytes, path: Path) -> None:
    """Write a picture with as many colors as fit below the limit."""
    picture = Image.open(io.BytesIO(shot)).convert("RGB")
    for colors in (256, 192, 128, 96, 64, 48, 32):
        out = io.BytesIO()
        picture.quantize(colors, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).save(
            out, "PNG", optimize=True
        )
        if out.tell() <= LIMIT:
            break
    path.write_bytes(out.getvalue())
    print(f"{path.name:18} {picture.width} × {picture.height}  {colors:3} colors  {out.tell() / 1000:.0f} kB")


@contextmanager
def seat(
    browser: Browser, address: str, who: str, password: str, size: dict[str, int], **context: Any
) -> Iterator[Page]:
    """A browser in which this person of the demo is logged in."""
    with browser.new_context(viewport=size, timezone_id="Asia/Tokyo", **{"locale": "ja-JP", **context}) as made:
        page = made.new_page()
        page.goto(f"{address}/login/")
        page.fill("[name=email]", f"{who}@{FIRM}")
        page.fill("[name=password]", password)
        page.press("[name=password]", "Enter")
        page.wait_for_url(lambda url: "/login" not in url)
        yield page


def still(page: Page) -> bytes:
    """The screen once nothing moves."""
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(400)
    return page.screenshot(animations="disabled")


def say(page: Page, where: str, **fields: str) -> None:
    """Post one of the small settings (language) with the page's own token."""
    page.evaluate(
        """async ([where, fields]) => {
          const headers = JSON.parse(document.body.getAttribute("hx-headers:inherited") ?? "{}");
          await fetch(where, {method: "POST", headers, body: new URLSearchParams(fields)});
        }""",
        [where, fields],
    )


def a_deal(page: Page, address: str) -> str:
    """Address of one's own open deal with a next step and some history."""
    page.goto(f"{address}/sales/deals/?outcome=open&owner=%40me&next_step_at__filled=1&sort=-last_touch_at")
    return address + str(page.locator("main tbody th a").first.get_attribute("href"))


def taken(browser: Browser, address: str, password: str, keep: Callable[[str, bytes], None]) -> None:
    def at(who: str, size: dict[str, int] = WIDE, **context: Any) -> Any:
        return seat(browser, address, who, password, size, **context)

    with at("manager") as page:
        page.goto(f"{address}/")
        keep("home-ja", still(page))
        page.emulate_media(color_scheme="dark")
        keep("home-dark-ja", still(page))
        page.emulate_media(color_scheme="light")
        page.goto(f"{address}/sales/deals/?layout=board")
        keep("board-ja", still(page))
        page.goto(f"{address}/sales/deals/?outcome=open&amount__gte=500000&sort=-amount")
        keep("list-ja", still(page))
        page.goto(f"{address}/metrics/win_rate_count/")
        keep("number-ja", still(page))
        say(page, "/me/language/", language="en")
        page.goto(f"{address}/")
        keep("home-en", still(page))
        say(page, "/me/language/", language="ja")
    with at("sato") as page:
        page.goto(a_deal(page, address))
        keep("deal-ja", still(page))
    with at("sato", NARROW, device_scale_factor=2, is_mobile=True, has_touch=True) as page:
        page.goto(a_deal(page, address))
        page.locator(".tabbar a.log").click()
        page.locator("dialog[open] textarea").first.fill("現場を見学。測定点は12か所。部長は前向き。\n明日10時 電話")
        page.wait_for_timeout(900)
        keep("phone-ja", still(page))
    with at("admin") as page, tempfile.TemporaryDirectory() as folder:
        table = Path(folder) / "商談一覧.csv"
        table.write_text(TABLE, encoding="cp932")
        page.goto(f"{address}/imports/new/?noun=sales.deal")
        page.set_input_files("input[type=file]", str(table))
        page.locator("main button.pri").last.click()
        page.wait_for_url("**/columns/")
        page.locator("main button.pri").last.click()
        page.wait_for_url("**/check/")
        page.wait_for_timeout(3000)
        keep("import-ja", still(page))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("password")
    parser.add_argument("--address", default="http://127.0.0.1:8000")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "pictures")
    wish = parser.parse_args()
    wish.out.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as engine:
        root = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
        browser = engine.chromium.launch(executable_path=shutil.which("chromium"), args=["--disable-gpu", *root])
        taken(
            browser, wish.address.rstrip("/"), wish.password, lambda name, shot: saved(shot, wish.out / f"{name}.png")
        )
        browser.close()


if __name__ == "__main__":
    main()
