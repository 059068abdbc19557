"""Files: whatever is uploaded, it is stored under its digest and leaves as a download that cannot run."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st
from tests import make

from noren.activity.actions.activity import With, log_activity
from noren.activity.actions.file import LARGEST, attach_file, clean_name, content_type, drop_unused_bytes
from noren.activity.models import Attachment
from noren.core.access.actor import HOUSE
from noren.core.action.plain import remove
from noren.core.base.errors import Forbidden, Invalid, NotFound

EVIL = {
    "x.html": b"<script>alert(1)</script>",
    "x.png": b"<html><script>alert(1)</script>",
    "x.svg": b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
    "x.html.jpg": b"\xff\xd8\xff<script>alert(1)</script>",
    "x.gif": b"GIF89a/*<script>*/=alert(1)",
    "x.pdf": b"%PDF-1.7 /JavaScript (app.alert(1))",
    "x.php": b"<?php system($_GET['c']);",
    "x.xhtml": b'<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><script>alert(1)</script></html>',
    "x.js": b"alert(1)",
    "x.swf": b"CWS\x09",
    "x.exe": b"MZ\x90\x00",
    "x.hta": b"<hta:application>",
    "x.mht": b"MIME-Version: 1.0\r\nContent-Type: text/html\r\n\r\n<script>alert(1)</script>",
    "x.xlsx": b"PK\x03\x04 not really",
    "x.com": rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR",
}
NAMES = [
    ("../../etc/passwd", "passwd"), ("/etc/shadow", "shadow"), (r"C:\Windows\system32\cmd.exe", "cmd.exe"), ("a\x00b.pdf", "ab.pdf"),
    ("\u202egpj.exe", "gpj.exe"), ("CON.txt", "_CON.txt"), ("", "file"), ("..", "file"), (" . ", "file"), ("見積書 r3.pdf", "見積書 r3.pdf"),
    ('a"b<c>.txt', "a_b_c_.txt"), ("a\r\nSet-Cookie: x.txt", "aSet-Cookie_ x.txt"), ("x" * 300 + ".pdf", "x" * 196 + ".pdf"),
]  # fmt: skip


@pytest.fixture
def store(settings: Any, tmp_path: Path) -> Path:
    settings.MEDIA_ROOT = str(tmp_path / "files")
    return tmp_path / "files"


def stored(root: Path) -> list[str]:
    return sorted(path.name for path in root.rglob("*") if path.is_file())


@pytest.mark.parametrize(("name", "clean"), NAMES)
def test_names_are_cleaned(name: str, clean: str) -> None:
    assert clean_name(name) == clean


@given(st.text(max_size=400))
def test_no_name_leads_out_of_its_folder(name: str) -> None:
    clean = clean_name(name)

    assert 0 < len(clean) <= 200
    assert not set(clean) & set('/\\\x00\r\n"')
    assert clean == clean_name(clean)


@pytest.mark.django_db
@pytest.mark.parametrize("name", sorted(EVIL))
def test_nothing_uploaded_is_ever_shown_or_run(name: str, store: Path) -> None:
    make.firm()
    me = make.user("admin")
    file = attach_file(name, [EVIL[name]], by=me.actor(), to=make.company())
    client = Client()
    client.force_login(me)

    answer = client.get(f"/activity/files/{file.pk}/")

    assert answer.headers["Content-Disposition"].startswith("attachment;")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert not answer.headers["Content-Type"].startswith(
        ("text/", "image/svg", "application/xhtml", "application/javascript", "application/xml")
    )
    assert b"".join(answer.streaming_content) == EVIL[name]  # type: ignore[arg-type]
    assert stored(store) == [file.digest]


@pytest.mark.django_db
def test_equal_bytes_are_kept_once_and_as_long_as_anybody_needs_them(store: Path) -> None:
    make.firm()
    company = make.company()
    one = attach_file("a.txt", [b"same"], by=HOUSE, to=company)
    two = attach_file("../../b.txt", [b"sa", b"me"], by=HOUSE, to=make.company())
    assert stored(store) == [one.digest]
    for path in store.rglob("*"):
        os.utime(path, (1, 1))

    remove(one, by=HOUSE)
    Attachment.every.filter(pk=one.pk).delete()
    assert (drop_unused_bytes(), stored(store)) == (0, [two.digest])
    Attachment.every.filter(pk=two.pk).delete()
    assert (drop_unused_bytes(), stored(store)) == (1, [])


@pytest.mark.django_db
def test_bytes_of_an_upload_under_way_are_left_alone(store: Path) -> None:
    make.firm()
    file = attach_file("a.txt", [b"x"], by=HOUSE, to=make.company())
    Attachment.every.filter(pk=file.pk).delete()

    assert (drop_unused_bytes(), stored(store)) == (0, [file.digest])


@pytest.mark.django_db
@pytest.mark.parametrize("chunks", [[], [b""], [b"x" * (LARGEST + 1)], [b"x" * LARGEST, b"y"]])
def test_too_large_and_empty_files_leave_nothing_behind(chunks: list[bytes], store: Path) -> None:
    make.firm()
    with pytest.raises(Invalid) as no:
        attach_file("a.txt", chunks, by=HOUSE, to=make.company())

    assert list(no.value.errors) == ["file"]
    assert stored(store) == []
    assert Attachment.every.count() == 0


@pytest.mark.django_db
def test_a_file_follows_what_it_hangs_on(store: Path) -> None:
    make.firm()
    boss, rep = make.user("admin"), make.user("sales")
    deal = make.deal(by=boss.actor())
    on_deal = attach_file("a.txt", [b"x"], by=boss.actor(), to=deal)
    call = log_activity("call", "x", by=boss.actor(), about=With.row(deal))
    on_call = attach_file("b.txt", [b"y"], by=boss.actor(), to=call)
    client = Client()
    client.force_login(rep)

    for file in (on_deal, on_call):
        assert client.get(f"/activity/files/{file.pk}/").status_code == 404
        assert client.post(f"/activity/files/{file.pk}/remove/").status_code == 404
    assert client.get("/activity/files/999999/").status_code == 404
    with pytest.raises(NotFound):
        attach_file("c.txt", [b"z"], by=rep.actor(), to=deal)

    client.force_login(boss)
    assert client.get(f"/activity/files/{on_call.pk}/").status_code == 200
    remove(call, by=HOUSE)
    assert client.get(f"/activity/files/{on_call.pk}/").status_code == 404


@pytest.mark.django_db
def test_adding_a_file_needs_the_right(store: Path) -> None:
    make.firm()
    with pytest.raises(Forbidden):
        attach_file("a.txt", [b"x"], by=make.actor("reader"), to=make.company())
    assert not store.exists()


def test_the_bytes_tell_what_a_file_is() -> None:
    assert content_type(b"%PDF-1.7", "x.exe") == "application/pdf"
    assert content_type(b"<html>", "x.png") == "application/octet-stream"
    assert content_type(b"PK\x03\x04", "見積.xlsx").endswith("spreadsheetml.sheet")
