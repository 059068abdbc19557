"""Everything noren reads from its surroundings, in one typed and frozen place.

Nothing else in the code looks at `os.environ`. A wrong setting never half-works: `load()` collects every fault and
raises `Misset`, whose text is one sentence per fault, each saying what to do. Needs no Django.
"""

from __future__ import annotations

import difflib
import ipaddress
import os
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

T = TypeVar("T")

ROOT = Path(__file__).resolve().parents[3]
"""The repository when running from a checkout; meaningless when installed as a wheel."""

SHORTEST_KEY = 32
"""Characters below which a key can be guessed (32 hex digits = 128 bits)."""


class Misset(Exception):
    """Settings that cannot work. `faults` holds one sentence each."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


@dataclass(frozen=True)
class Env:
    """The settings as they hold for this process. Keys are left out of `repr`, so they never reach a log."""

    data: Path
    """Folder of everything that must survive: embedded database, uploaded files, keys (NOREN_DATA)."""
    database_url: str | None
    """Address of a PostgreSQL server >= 15; None means the embedded server under `data` (DATABASE_URL)."""
    pg_bin: Path | None
    """Folder of the PostgreSQL programs; None means look for them (NOREN_PG_BIN)."""
    host: str
    """Address to listen on (NOREN_HOST)."""
    port: int
    """Port to listen on (PORT or NOREN_PORT)."""
    base_url: str
    """How people reach this noren, without a slash at the end; links in mails start with it (NOREN_BASE_URL)."""
    hosts: tuple[str, ...]
    """Host names answered to, besides the one of `base_url` and this machine itself (NOREN_HOSTS)."""
    trusted_proxies: tuple[str, ...]
    """Addresses or networks whose X-Forwarded-* headers are believed (NOREN_TRUSTED_PROXIES)."""
    processes: int
    """Web processes (NOREN_PROCESSES)."""
    threads: int
    """Threads in each web process (NOREN_THREADS)."""
    jobs: int
    """Jobs the worker runs at the same time (NOREN_JOBS)."""
    import_days: int
    """Days for which the files of imports and their wrong rows are kept (NOREN_IMPORT_DAYS)."""
    debug: bool
    """Show errors in the browser and reload on change; never for a public address (NOREN_DEBUG)."""
    demo: bool
    """Fill an empty database with the demo firm and print its log-ins (NOREN_DEMO)."""
    mail_from: str
    """Sender of noren's own mails (NOREN_MAIL_FROM)."""
    smtp_url: str | None = field(repr=False)
    """Mail server: smtp://user:password@host:587 or smtps://…:465; None sends none (NOREN_SMTP_URL)."""
    secret_key: str = field(repr=False)
    """Signs sessions and links (NOREN_SECRET_KEY, else `data`/secret_key)."""
    field_key: str = field(repr=False)
    """Encrypts stored secrets such as TOTP seeds (NOREN_FIELD_KEY, else `data`/field_key)."""

    @property
    def files(self) -> Path:
        """Folder of uploaded files."""
        return self.data / "files"


SETTINGS = {
    "NOREN_DATA", "NOREN_PG_BIN", "NOREN_HOST", "NOREN_PORT", "NOREN_BASE_URL", "NOREN_HOSTS", "NOREN_TRUSTED_PROXIES",
    "NOREN_PROCESSES", "NOREN_THREADS", "NOREN_JOBS", "NOREN_IMPORT_DAYS", "NOREN_DEBUG", "NOREN_DEMO",
    "NOREN_SECRET_KEY",
    "NOREN_FIELD_KEY", "NOREN_SMTP_URL", "NOREN_MAIL_FROM",
}  # fmt: skip

KNOWN_KEYS = ("changeme", "change-me", "secret", "password", "insecure", "example")
"""Words of keys copied from a guide: a key that holds one is public."""


def strangers(environ: Mapping[str, str] | None = None) -> list[str]:
    """One sentence for each NOREN_* variable that nothing reads: most often a slip of the finger."""
    found = []
    for name in sorted(os.environ if environ is None else environ):
        if name.startswith("NOREN_") and name not in SETTINGS:
            near = difflib.get_close_matches(name, SETTINGS, n=1)
            found.append(f"{name} is not a setting of noren" + (f"; did you mean {near[0]}?" if near else "."))
    return found


def remarks(env: Env) -> list[str]:
    """One sentence for each setting that works but can hardly be meant."""
    found = []
    if env.base_url.startswith("https://") and not env.trusted_proxies:
        found.append(
            "NOREN_TRUSTED_PROXIES is not set: all visitors seem to come from your proxy, so the audit log cannot tell them "
            "apart, and failed log-ins of one slow down all. Give the proxy's address, such as 127.0.0.1."
        )
    return found


def load(environ: Mapping[str, str] | None = None) -> Env:
    """Read the settings; `environ` stands in for the real environment in tests.

    Makes the data folder and, the first time, the two keys. Raises `Misset`.
    """
    source = os.environ if environ is None else environ
    faults: list[str] = []

    def read(name: str, default: T, parse: Callable[[str], T]) -> T:
        text = source.get(name, "").strip()
        if not text:
            return default
        try:
            return parse(text)
        except ValueError as fault:
            faults.append(f"{name} is {_shown(name, text)}: {fault}")
            return default

    port = read("PORT", read("NOREN_PORT", 8000, _between(1, 65535)), _between(1, 65535))
    host = read("NOREN_HOST", "127.0.0.1", _host)
    base_url = read("NOREN_BASE_URL", f"http://{'localhost' if host in EVERYWHERE else _bracketed(host)}:{port}", _url)
    database_url = read("DATABASE_URL", None, _database)
    pg_bin = read("NOREN_PG_BIN", None, _programs)
    data = _folder(read("NOREN_DATA", _default_data(), lambda text: Path(text).expanduser().resolve()), faults)
    debug = read("NOREN_DEBUG", False, _flag)
    env = Env(
        data=data,
        database_url=database_url,
        pg_bin=pg_bin,
        host=host,
        port=port,
        base_url=base_url,
        hosts=read("NOREN_HOSTS", (), _words),
        trusted_proxies=read("NOREN_TRUSTED_PROXIES", (), _networks),
        processes=read("NOREN_PROCESSES", min(os.cpu_count() or 1, 2), _between(1, 64)),
        threads=read("NOREN_THREADS", 4, _between(1, 64)),
        jobs=read("NOREN_JOBS", 4, _between(1, 64)),
        import_days=read("NOREN_IMPORT_DAYS", 30, _between(1, 3650)),
        debug=debug,
        demo=read("NOREN_DEMO", False, _flag),
        mail_from=read("NOREN_MAIL_FROM", f"noren@{urlsplit(base_url).hostname}", _sender),
        smtp_url=read("NOREN_SMTP_URL", None, _smtp),
        secret_key=_key("NOREN_SECRET_KEY", data / "secret_key", source, faults),
        field_key=_key("NOREN_FIELD_KEY", data / "field_key", source, faults),
    )
    if debug and urlsplit(base_url).hostname not in {"localhost", "127.0.0.1", "::1"}:
        faults.append(
            f"NOREN_DEBUG is on while NOREN_BASE_URL is {base_url}: debugging shows inner workings to every visitor; "
            "unset NOREN_DEBUG."
        )
    if faults:
        raise Misset(faults)
    return env


EVERYWHERE = {"0.0.0.0", "::"}  # noqa: S104  (compared with, not bound to)


def _default_data() -> Path:
    return (ROOT if (ROOT / "pyproject.toml").exists() else Path.cwd()) / "var"


def _shown(name: str, text: str) -> str:
    """The value as a message may show it: never a key, never the password inside an address."""
    if name.endswith("_KEY"):
        return "not usable"
    if name in {"DATABASE_URL", "NOREN_SMTP_URL"}:
        return "not usable"
    return repr(text)


def _between(low: int, high: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not (text.isascii() and text.isdigit()) or not low <= int(text) <= high:
            raise ValueError(f"give a whole number from {low} to {high}.")
        return int(text)

    return parse


def _flag(text: str) -> bool:
    if text.lower() in {"1", "true", "yes", "on"}:
        return True
    if text.lower() in {"0", "false", "no", "off"}:
        return False
    raise ValueError("give 1 or 0.")


def _words(text: str) -> tuple[str, ...]:
    return tuple(word for word in text.replace(",", " ").split() if word)


def _host(text: str) -> str:
    if any(mark in text for mark in " /:") and not _is_address(text):
        raise ValueError("give only a name or address to listen on, such as 127.0.0.1 or 0.0.0.0; the port is PORT.")
    return text


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path.strip("/") or parts.query:
        raise ValueError("give the address people type, such as https://crm.example.co.jp, without a path.")
    return text.rstrip("/")


def _database(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in {"postgres", "postgresql"} or not parts.path.strip("/"):
        raise ValueError("give postgresql://user:password@host:5432/name, or unset it to use the built-in database.")
    return text


def _smtp(text: str) -> str:
    parts = urlsplit(text)
    try:
        port = parts.port
    except ValueError:
        port = 0
    if parts.scheme not in {"smtp", "smtps"} or not parts.hostname or port == 0 or parts.path.strip("/") or parts.query:
        raise ValueError("give smtp://user:password@mail.example.co.jp:587, or smtps://…:465 for TLS from the start.")
    return text


def _sender(text: str) -> str:
    if "@" not in text or any(mark in text for mark in "\r\n,;"):
        raise ValueError("give one e-mail address, such as noren@example.co.jp.")
    return text


def _programs(text: str) -> Path:
    folder = Path(text).expanduser().resolve()
    if not (folder / "postgres").exists() or not (folder / "initdb").exists():
        raise ValueError(
            "there is no PostgreSQL server in that folder; give the folder that holds postgres and initdb."
        )
    return folder


def _networks(text: str) -> tuple[str, ...]:
    for word in _words(text):
        try:
            ipaddress.ip_network(word)
        except ValueError:
            raise ValueError(f"{word} is not an address or network; write them like 10.0.0.5 or 10.0.0.0/8.") from None
    return _words(text)


def _folder(path: Path, faults: list[str]) -> Path:
    try:
        if not path.exists():
            # Others on this machine get through to nothing; as root the database's own user must pass through.
            path.mkdir(parents=True, mode=0o711 if os.geteuid() == 0 else 0o700)
        if not os.access(path, os.W_OK | os.X_OK):
            raise PermissionError
    except OSError as fault:
        why = f" ({fault.strerror})" if fault.strerror else ""
        faults.append(f"NOREN_DATA is {path}, which cannot be written{why}: give a folder that this user may write to.")
    return path


def _key(name: str, file: Path, source: Mapping[str, str], faults: list[str]) -> str:
    """A key from the environment, else from its file, which is made the first time."""
    given = source.get(name, "").strip()
    if not given:
        if faults and not file.parent.is_dir():
            return ""  # the folder's own fault is already told
        try:
            given, name = _kept(file), str(file)
        except OSError as fault:
            faults.append(
                f"{file} cannot be read or made ({fault.strerror}): let this user write there, or set {name}."
            )
            return ""
    if len(given) < SHORTEST_KEY or len(set(given)) < 8 or any(word in given.lower() for word in KNOWN_KEYS):
        faults.append(
            f"{name} is too short or publicly known: use the output of "
            "`python3 -c 'import secrets; print(secrets.token_hex(32))'`."
        )
    return given


def _kept(file: Path) -> str:
    if not file.exists():
        fresh = file.with_name(f".{file.name}.{os.getpid()}")
        with os.fdopen(os.open(fresh, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w") as stream:
            stream.write(secrets.token_hex(32) + "\n")
        if os.geteuid() == 0:  # noren itself may run as the owner of the folder
            owner = file.parent.stat()
            os.chown(fresh, owner.st_uid, owner.st_gid)
        try:
            os.link(fresh, file)  # the first of several processes wins, and nobody reads half a key
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    return file.read_text().strip()
