"""Options, the shared noren, and the table of verdicts at the end."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import pytest

from tests.trials.load import Verdict
from tests.trials.running import ROOT, SHORT, Noren

VERDICTS: list[Verdict] = []


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--long", action="store_true", help="the full numbers, with the waiting times of a real noren")
    parser.addoption("--seed", type=int, default=None, help="repeat a trial with its random choices")


@pytest.fixture(scope="session")
def long(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--long"))


@pytest.fixture(scope="session")
def seed(request: pytest.FixtureRequest) -> int:
    given = request.config.getoption("--seed")
    return int.from_bytes(os.urandom(2)) if given is None else int(given)


@pytest.fixture(scope="session")
def earnest() -> Iterator[Noren]:
    """A noren with the waiting times of every day."""
    running = Noren()
    try:
        yield running
    finally:
        running.end()


@pytest.fixture(scope="session")
def noren(long: bool) -> Iterator[Noren]:
    running = Noren(**({} if long else SHORT))
    try:
        yield running
    finally:
        running.end()


@pytest.fixture
def verdict() -> Callable[[Verdict], None]:
    """Keep a verdict for the table and fail when anything was lost, doubled or odd."""

    def keep(found: Verdict) -> None:
        VERDICTS.append(found)
        print(found.as_json())
        assert found.faults == 0, found.as_json()

    return keep


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if not VERDICTS:
        return
    terminalreporter.section("verdicts")
    lines = [one.as_json() for one in VERDICTS]
    for line in lines:
        terminalreporter.write_line(line)
    kept = ROOT / "var" / "trials"
    kept.mkdir(parents=True, exist_ok=True)
    (kept / "verdicts.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
