#!/bin/sh
# Sets up what `make run` (run), `make test` (test) or the browser journeys (browser) need; does nothing when all is there.
set -eu
cd "$(dirname "$0")/.."

say() { printf '%s\n' "$*" >&2; }
as_root() { [ "$(id -u)" = 0 ]; }
apt() { as_root && command -v apt-get >/dev/null 2>&1; }
install() {
    say "Installing $* …"
    apt-get -qq update || true
    DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends "$@" >/dev/null
}

newest_python() {
    for name in python3.14 python3.13 python3.12 python3.11 python3; do
        if command -v "$name" >/dev/null 2>&1 &&
            "$name" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))' 2>/dev/null; then
            command -v "$name"
            return
        fi
    done
    say "noren needs Python 3.11 to 3.14: install it (Debian, Ubuntu: apt install python3; macOS: brew install python@3.14)."
    exit 1
}

environment() { # .venv with a pip, also where Debian left ensurepip out
    if ! .venv/bin/python -c '' 2>/dev/null; then
        python=$(newest_python)
        if ! rm -rf .venv 2>/dev/null || ! mkdir .venv 2>/dev/null; then
            say "$(pwd) belongs to $(ls -ld . | awk '{print $3}'), and $(id -un) may not write there: run this as its owner, or in a folder of your own."
            exit 1
        fi
        say "Making a Python environment in .venv …"
        if ! "$python" -c 'import ensurepip' 2>/dev/null && apt; then
            install "$(basename "$(readlink -f "$python")")-venv"
        fi
        "$python" -m venv .venv >/dev/null 2>&1 || {
            rm -rf .venv
            if ! "$python" -m pip --version >/dev/null 2>&1; then
                say "Python's venv is missing: run \`apt install python3-venv\` as root, then this again."
                exit 1
            fi
            "$python" -m venv --without-pip .venv
        }
    fi
    if .venv/bin/python -m pip --version >/dev/null 2>&1; then
        pip() { .venv/bin/python -m pip "$@"; }
    else
        base=$(newest_python)
        pip() { PIP_PYTHON=.venv/bin/python "$base" -m pip "$@"; }
    fi
}

packages() { # $1: run or test; installs only when what is pinned changed
    now=$(cat requirements/"$1".txt pyproject.toml | cksum)
    [ "$(cat .venv/"$1".stamp 2>/dev/null)" = "$now" ] && return
    environment
    say "Installing the Python packages of requirements/$1.txt …"
    quiet="--disable-pip-version-check --root-user-action=ignore -q -q"
    pip install $quiet --require-hashes -r requirements/"$1".txt || {
        say "The packages could not be fetched (pip's reason stands above). Without the internet noren can be run, but not set up:"
        say "connect, or name your proxy (HTTPS_PROXY) or mirror (PIP_INDEX_URL), then run this again."
        exit 1
    }
    pip install $quiet --no-deps --no-build-isolation -e .
    # Tests import one another from the top of the repository, whichever way pytest is called.
    [ "$1" = run ] || pwd >"$(.venv/bin/python -c 'import site; print(site.getsitepackages()[0])')/noren-tests.pth"
    # A folder such as 顧客管理 is written in ASCII, or Python could not start where LC_ALL names a locale that is not there.
    LC_ALL=C.UTF-8 .venv/bin/python -c '
import pathlib, site
for file in pathlib.Path(site.getsitepackages()[0]).glob("*noren*.pth"):
    text = file.read_text(encoding="utf-8")
    if not text.isascii():
        file.write_text("".join(f"import sys; sys.path.append({ascii(line)})\n" for line in text.splitlines()))'
    printf '%s' "$now" >.venv/"$1".stamp
}

browser() {
    .venv/bin/python -m tests.browser && return
    # Ubuntu's chromium package only points to a snap, which does not run everywhere.
    if apt && grep -q '^ID=debian' /etc/os-release; then
        install chromium fonts-noto-cjk
    else
        say "Installing Chromium for the browser journeys …"
        if as_root; then deps=--with-deps; else deps=; fi
        .venv/bin/python -m playwright install $deps chromium || true
    fi
    .venv/bin/python -m tests.browser || {
        say "The browser journeys need Chromium: install it (Debian: apt install chromium fonts-noto-cjk; macOS: brew install --cask chromium)."
        exit 1
    }
}

case "$1" in
    run | test) packages "$1" ;;
    browser) browser ;;
esac
