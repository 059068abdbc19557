"""The Chromium that browser journeys drive. As a program: exit code 0 when there is one."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
PLACES = (
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)
SWITCHES = ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
            "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage"]  # fmt: skip
"""No traffic of its own; root (a container) has no sandbox."""
if hasattr(os, "geteuid") and os.geteuid() == 0:
    SWITCHES.append("--no-sandbox")


def chromium() -> str | None:
    """Path of an installed Chromium or Chrome, else of the one Playwright brought, else None."""
    for name in NAMES:
        if path := shutil.which(name):
            if b"snap/bin" in Path(path).read_bytes()[:400] and not Path("/snap/bin/chromium").exists():
                continue  # Ubuntu's placeholder
            return path
    for place in PLACES:
        if Path(place).exists():
            return place
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
        return path if Path(path).exists() else None


if __name__ == "__main__":
    sys.exit(chromium() is None)
