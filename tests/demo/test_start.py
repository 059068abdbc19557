"""What `noren serve --demo` and `noren demo` do with a database, and what they leave alone."""

from __future__ import annotations

import stat

import pytest
from tests import make

from noren.accounts.models import User
from noren.config import start
from noren.config.env import load
from noren.demo.build import is_demo, logins

pytestmark = pytest.mark.django_db


@pytest.fixture
def env(tmp_path, settings):
    settings.MEDIA_ROOT = tmp_path / "files"
    return lambda **more: load({"NOREN_DATA": str(tmp_path), **more})


def test_a_plain_start_adds_nothing(env):
    start.prepare(env())
    assert not is_demo()
    assert not User.every.exists()


def test_a_database_with_own_data_is_left_alone(env, capsys):
    make.firm()
    make.user("admin")
    start.prepare(env(NOREN_DEMO="1"))
    assert not is_demo()
    assert User.every.count() == 1
    assert start.login_text(env()) == ""
    assert "data of your own" in capsys.readouterr().err


def test_the_demo_start_tells_log_ins_that_work_and_keeps_them(env):
    start.prepare(env(NOREN_DEMO="1"))
    told = start.login_text(env())
    note = env().data / "demo_logins"
    assert stat.S_IMODE(note.stat().st_mode) == 0o600
    password = told.split("password")[1].split()[0]
    assert User.every.get(email=logins()[0].email).check_password(password)
    start.prepare(env(NOREN_DEMO="1"))
    assert start.login_text(env()) == told
    note.unlink()  # lost: a new password for all
    start.prepare(env(NOREN_DEMO="1"))
    other = start.login_text(env()).split("password")[1].split()[0]
    assert other != password
    assert User.every.get(email=logins()[0].email).check_password(other)
