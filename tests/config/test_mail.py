"""The mail server as a setting."""

from __future__ import annotations

from pathlib import Path

import pytest

from noren.config import env, settings

KEY = "0123456789abcdef0123456789abcdef0123456789abcdef"


def load(folder: Path, **given: str) -> env.Env:
    return env.load({"NOREN_DATA": str(folder), "NOREN_SECRET_KEY": KEY, "NOREN_FIELD_KEY": KEY[::-1], **given})


def test_without_a_mail_server_no_mail_and_so_no_link_is_written_to_the_log(tmp_path: Path) -> None:
    found = load(tmp_path, NOREN_BASE_URL="https://crm.example.co.jp")
    assert found.smtp_url is None
    assert settings.EMAIL_BACKEND.endswith(".dummy.EmailBackend")
    assert found.mail_from == "noren@crm.example.co.jp"


@pytest.mark.parametrize(
    "url", ["smtp://mail.example.jp", "smtp://user:p%40ss@mail.example.jp:587", "smtps://mail.example.jp:465"]
)
def test_a_mail_server_is_taken_and_never_shown(tmp_path: Path, url: str) -> None:
    found = load(tmp_path, NOREN_SMTP_URL=url, NOREN_MAIL_FROM="crm@example.jp")
    assert (found.smtp_url, found.mail_from) == (url, "crm@example.jp")
    assert "p%40ss" not in repr(found)


@pytest.mark.parametrize(
    "given",
    [
        {"NOREN_SMTP_URL": "mail.example.jp"},
        {"NOREN_SMTP_URL": "http://user:hunter2@mail.example.jp"},
        {"NOREN_SMTP_URL": "smtp://user:hunter2@mail.example.jp:99999"},
        {"NOREN_SMTP_URL": "smtp://user:hunter2@"},
        {"NOREN_MAIL_FROM": "not an address"},
        {"NOREN_MAIL_FROM": "a@example.jp, b@example.jp"},
    ],
)
def test_a_wrong_mail_setting_is_told_without_its_password(tmp_path: Path, given: dict[str, str]) -> None:
    with pytest.raises(env.Misset) as caught:
        load(tmp_path, **given)
    (fault,) = caught.value.faults
    assert fault.startswith(next(iter(given)))
    assert "hunter2" not in fault
