"""Show every screen with sample data, without database or log-in. Development only.

Run:  python scripts/gallery.py [--port 8000]     then open /ja/home.html or /en/home.html; add ?theme=dark
      python scripts/gallery.py --write FOLDER    write all pages as files instead
"""

import argparse
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from mimetypes import guess_type
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

ROOT = Path(__file__).resolve().parent.parent / "src"
sys.path.insert(0, str(ROOT))

import django  # noqa: E402
from django.conf import settings  # noqa: E402

PAGE = ROOT / "noren/core/page"
if not settings.configured:
    settings.configure(
        INSTALLED_APPS=["django.contrib.staticfiles"],
        TEMPLATES=[
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "OPTIONS": {
                    "loaders": [
                        (
                            "django.template.loaders.cached.Loader",
                            [("django.template.loaders.filesystem.Loader", [str(PAGE / "templates")])],
                        )
                    ],
                    "libraries": {"noren": "noren.core.page.templatetags.noren"},
                },
            }
        ],
        STATIC_URL="/static/",
        USE_I18N=True,
        LANGUAGES=[("ja", "Japanese"), ("en", "English")],
        LOCALE_PATHS=[str(ROOT / "noren/locale")],
    )
    django.setup()

from django.template.loader import render_to_string  # noqa: E402
from django.utils import translation  # noqa: E402

from noren.core.page import assets, gallery  # noqa: E402

POLICY = "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"


def page(name: str, language: str, theme: str = "") -> str:
    """One screen as HTML."""
    with translation.override(language):
        template, context = gallery.SCREENS[name](language)
        shown = gallery.frame(language, name)
        shown["shell"]["theme"] = theme
        return render_to_string(template, {**shown, "theme": theme, **context})


class Handler(BaseHTTPRequestHandler):
    """Pages and static files; nothing is ever changed."""

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        parts = address.path.strip("/").split("/")
        theme = parse_qs(address.query).get("theme", [""])[0]
        if parts[0] == "static":
            name = "/".join(parts[1:])
            made = assets.files().get(name)
            path = assets.SOURCES / name
            if made is None and not path.is_file():
                return self.send_error(404)
            body = made().encode() if made else path.read_bytes()
            return self.answer(body, guess_type(name)[0] or "application/octet-stream")
        name = parts[-1].removesuffix(".html") or "home"
        language = parts[0] if parts[0] in ("ja", "en") else "ja"
        if name not in gallery.SCREENS:
            return self.send_error(404)
        return self.answer(page(name, language, theme).encode(), "text/html; charset=utf-8")

    def do_POST(self) -> None:
        self.answer(b"", "text/html")

    def answer(self, body: bytes, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Security-Policy", POLICY)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--write", type=Path)
    chosen = parser.parse_args()
    if chosen.write:
        for language in ("ja", "en"):
            for name in gallery.SCREENS:
                path = chosen.write / language / f"{name}.html"
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(page(name, language), "utf-8")
    else:
        ThreadingHTTPServer(("127.0.0.1", chosen.port), Handler).serve_forever()
