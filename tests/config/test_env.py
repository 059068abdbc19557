from pathlib import Path

import pytest

from noren.config import env

KEY = "0123456789abcdef0123456789abcdef0123456789abcdef"


def load(folder: Path, **given: str) -> env.Env:
    return env.load({"NOREN_DATA": str(folder), "NOREN_SECRET_KEY": KEY, "NOREN_FIELD_KEY": KEY[::-1], **given})


def faults(folder: Path, **given: str) -> list[str]:
    with pytest.raises(env.Misset) as caught:
        load(folder, **given)
    return caught.value.faults


def test_nothing_set_serves_on_this_machine_with_the_built_in_database(tmp_path: Path) -> None:
    found = load(tmp_path)

    assert (found.host, found.port, found.database_url, found.debug) == ("127.0.0.1", 8000, None, False)
    assert found.base_url == "http://127.0.0.1:8000"


def test_keys_are_made_once_and_for_the_owner_only(tmp_path: Path) -> None:
    first = env.load({"NOREN_DATA": str(tmp_path)})
    second = env.load({"NOREN_DATA": str(tmp_path)})

    assert first.secret_key == second.secret_key != first.field_key
    assert [(tmp_path / name).stat().st_mode & 0o777 for name in ("secret_key", "field_key")] == [0o600, 0o600]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["field_key", "secret_key"]


def test_every_fault_is_told_at_once_each_in_one_line(tmp_path: Path) -> None:
    told = faults(tmp_path, PORT="99999", NOREN_DEBUG="maybe", NOREN_TRUSTED_PROXIES="10.0.0.0/33", NOREN_THREADS="0")

    assert [fault.split()[0] for fault in told] == ["PORT", "NOREN_DEBUG", "NOREN_TRUSTED_PROXIES", "NOREN_THREADS"]
    assert not any("\n" in fault for fault in told)


@pytest.mark.parametrize(
    "key",
    ["tiny", "a" * 64, "changeme-changeme-changeme-changeme-0123456789", "django-insecure-0123456789abcdefghijklm"],
)
def test_a_key_that_can_be_guessed_is_refused_and_not_repeated(tmp_path: Path, key: str) -> None:
    [told] = faults(tmp_path, NOREN_SECRET_KEY=key)

    assert told.startswith("NOREN_SECRET_KEY is too short or publicly known")
    assert key not in told


@pytest.mark.parametrize("url", ["mysql://u:hidden@h/n", "postgresql://u:hidden@h/", "hidden"])
def test_a_wrong_database_address_is_refused_without_its_password(tmp_path: Path, url: str) -> None:
    [told] = faults(tmp_path, DATABASE_URL=url)

    assert told.startswith("DATABASE_URL is not usable: give postgresql://")
    assert "hidden" not in told


def test_debug_on_a_public_address_is_refused(tmp_path: Path) -> None:
    [told] = faults(tmp_path, NOREN_DEBUG="1", NOREN_BASE_URL="https://crm.example.co.jp")

    assert "unset NOREN_DEBUG" in told


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")

    told = faults(tmp_path / "file" / "data")

    fault = f"NOREN_DATA is {tmp_path}/file/data, which cannot be written (Not a directory): "
    assert told == [fault + "give a folder that this user may write to."]


def test_keys_never_show_in_the_printed_settings(tmp_path: Path) -> None:
    assert KEY not in repr(load(tmp_path))


def test_a_misspelt_setting_is_pointed_out() -> None:
    assert env.strangers({"NOREN_PROT": "1", "NOREN_PORT": "1", "HOME": "/"}) == [
        "NOREN_PROT is not a setting of noren; did you mean NOREN_PORT?"
    ]


def test_a_proxy_that_is_not_named_is_pointed_out(tmp_path: Path) -> None:
    public = {"NOREN_BASE_URL": "https://crm.example.co.jp"}

    [told] = env.remarks(load(tmp_path, **public))

    assert told.startswith("NOREN_TRUSTED_PROXIES is not set")
    assert env.remarks(load(tmp_path, **public, NOREN_TRUSTED_PROXIES="127.0.0.1")) == []
    assert env.remarks(load(tmp_path)) == []
