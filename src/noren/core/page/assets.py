"""Join our CSS and JavaScript sources into the few files a browser asks for.

A page loads `noren/noren.css` (everything that all screens share), one `noren/<area>.css`, htmx, and `noren/noren.js`.
There is no bundler: CSS files are joined in cascade order and squeezed; JavaScript files are plain ES modules whose
imports and exports of each other are dropped when they are joined, so a top-level name may exist only once (tested).

`Joined` is a static files finder: it serves the files in development (rebuilt when a source changes) and hands them to
`collectstatic`, where they get hashed names and are compressed.
"""

import re
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from threading import Lock
from typing import Any

from django.contrib.staticfiles.finders import BaseFinder
from django.core.files.storage import FileSystemStorage, Storage

SOURCES = Path(__file__).resolve().parent / "static"
BASE = ("tokens", "base", "layout", "components", "charts", "parts", "print")
AREAS = (
    "home",
    "board",
    "list",
    "record",
    "forecast",
    "search",
    "import",
    "settings",
    "login",
    "metric",
    "today",
    "peek",
)
SCRIPTS = (
    "keys", "dom", "toast", "listbox", "select", "inline", "hotkeys", "peek", "twins", "mention", "palette", "combobox", "board", "draft", "forms",
    "tips", "kana", "postal", "progress", "menu", "passkey", "matrix",
)  # fmt: skip

_KEEP = re.compile(r"""("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|/\*.*?\*/""", re.DOTALL)
_HELD = re.compile(r"\x00(\d+)\x00")
_SPACE = re.compile(r"\s+")
_AROUND = re.compile(r" ?([{};,>]) ?")
_IMPORT = re.compile(r"^import [^;]*;\n", re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async )?(?:function|class|const|let)\b)", re.MULTILINE)
_DOC = re.compile(r"/\*\*.*?\*/[ \t]*", re.DOTALL)
_LINE = re.compile(r"^\s*(?://.*)?\n", re.MULTILINE)


def squeeze_css(text: str) -> str:
    """CSS without comments and needless space. Strings stay as they are."""
    strings: list[str] = []

    def keep(found: re.Match[str]) -> str:
        if not found[1]:
            return ""
        strings.append(found[1])
        return f"\x00{len(strings) - 1}\x00"

    text = _SPACE.sub(" ", _KEEP.sub(keep, text))
    text = _AROUND.sub(r"\1", text).replace(": ", ":").replace(";}", "}").strip()
    return _HELD.sub(lambda found: strings[int(found[1])], text)


def join_css(names: Iterable[str]) -> str:
    """Source files by name (without `.css`), in the given order, squeezed into one."""
    return "\n".join(squeeze_css((SOURCES / "css" / f"{name}.css").read_text("utf-8")) for name in names) + "\n"


def join_js(names: Iterable[str] = SCRIPTS) -> str:
    """Our modules as one module: their imports of each other, their exports and comments are dropped."""
    parts = ((SOURCES / "js" / f"{name}.js").read_text("utf-8") for name in names)
    return "".join(_LINE.sub("", _EXPORT.sub("", _IMPORT.sub("", _DOC.sub("", part)))) for part in parts)


def files() -> dict[str, Callable[[], str]]:
    """Every joined file by its static path, and how to make its text."""
    made: dict[str, Callable[[], str]] = {"noren/noren.css": lambda: join_css(BASE), "noren/noren.js": join_js}
    for area in AREAS:
        made[f"noren/{area}.css"] = lambda area=area: join_css([f"screens/{area}"])  # type: ignore[misc]
    return made


def write(folder: Path) -> list[Path]:
    """Write all joined files below `folder` and return their paths."""
    written = []
    for name, make in files().items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(make(), "utf-8")
        written.append(path)
    return written


def newest() -> float:
    """When a source was last changed, in seconds since the epoch."""
    return max(path.stat().st_mtime for kind in ("css", "js") for path in (SOURCES / kind).rglob("*.*"))


_one_at_a_time = Lock()


class Joined(BaseFinder):
    """Static files finder for the joined files. Name it first in STATICFILES_FINDERS.

    All finders share one folder: two first requests at once make two finders, of which Django keeps only one.
    """

    _folder: tempfile.TemporaryDirectory[str] | None = None
    _made = 0.0

    def check(self, **kwargs: Any) -> list[Any]:
        return []

    @classmethod
    def _fresh(cls) -> Path:
        with _one_at_a_time:
            if cls._folder is None:
                cls._folder = tempfile.TemporaryDirectory(prefix="noren-static-")
            folder = Path(cls._folder.name)
            stamp = newest()
            if stamp > cls._made:
                write(folder)
                cls._made = stamp
            return folder

    def find(self, path: str, find_all: bool = False, **kwargs: Any) -> Any:
        if path not in files():
            return []
        found = str(self._fresh() / path)
        return [found] if find_all or kwargs.get("all") else found

    def list(self, ignore_patterns: Iterable[str] | None) -> Iterator[tuple[str, Storage]]:
        storage = FileSystemStorage(location=str(self._fresh()))
        for path in files():
            yield path, storage
