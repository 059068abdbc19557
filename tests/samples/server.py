"""Serves every screen with sample data, without database or log-in, for tests of our own elements in a real browser."""

from http.server import BaseHTTPRequestHandler
from mimetypes import guess_type
from urllib.parse import urlsplit

from django.template.loader import render_to_string
from django.utils import translation

from noren.core.page import assets
from tests.samples import screens

POLICY = "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"


def page(name: str, language: str) -> str:
    """One screen as HTML."""
    with translation.override(language):
        template, context = screens.SCREENS[name](language)
        return render_to_string(template, {**screens.frame(language, name), **context})


class Handler(BaseHTTPRequestHandler):
    """Pages and static files; nothing is ever changed."""

    def do_GET(self) -> None:
        parts = urlsplit(self.path).path.strip("/").split("/")
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
        if name not in screens.SCREENS:
            return self.send_error(404)
        return self.answer(page(name, language).encode(), "text/html; charset=utf-8")

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
