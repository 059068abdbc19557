"""Later and timed work: a thin face over Procrastinate, so that nothing else names the queue.

A job is a plain function called with JSON values. It is deferred inside the caller's transaction through Django's
own connection: committed together or not at all. Jobs run at least once; effects guard themselves.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar, overload

from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

F = TypeVar("F", bound=Callable[..., Any])
RETRY = RetryStrategy(max_attempts=6, exponential_wait=3)
QUEUES = ("interactive", "default", "import", "slow")


@dataclass(frozen=True, slots=True)
class Timed:
    name: str
    cron: str
    queue: str


TIMED: list[Timed] = []
_tasks: dict[str, Any] = {}


def _name(fn: Callable[..., Any]) -> str:
    return f"{fn.__module__}.{fn.__qualname__}"


@overload
def job(fn: F) -> F: ...


@overload
def job(*, queue: str = "default", retry: Any = RETRY) -> Callable[[F], F]: ...


def job(fn: Any = None, *, queue: str = "default", retry: Any = RETRY) -> Any:
    """Declare a function as a job: the worker knows only what was declared when its module was read."""

    def declare(inner: Callable[..., Any]) -> Callable[..., Any]:
        name = _name(inner)
        if name not in _tasks:
            _tasks[name] = app.task(name=name, queue=queue, retry=retry)(inner)
        return inner

    return declare(fn) if fn is not None else declare


def later(fn: Callable[..., Any], /, _lock: str | None = None, _delay: int | None = None, **values: Any) -> int:
    """Run `fn(**values)` in a worker after the present transaction commits. Gives the job's id.

    _lock: jobs with the same lock run one after another; _delay: not before so many seconds.
    """
    task = _tasks.get(_name(fn))
    if task is None:
        raise LookupError(f"{_name(fn)} is not declared with @job")
    if _lock or _delay:
        options: dict[str, Any] = {}
        if _lock:
            options["lock"] = _lock
        if _delay:
            options["schedule_in"] = {"seconds": _delay}
        task = task.configure(**options)
    return int(task.defer(**values))


def timed(cron: str, *, queue: str = "default") -> Callable[[Callable[[], None]], Callable[[], None]]:
    """Run a function at set times, as cron writes them (UTC): `@timed("*/5 * * * *")`."""

    def declare(fn: Callable[[], None]) -> Callable[[], None]:
        name = _name(fn)

        def tick(timestamp: int) -> None:
            fn()

        tick.__module__, tick.__qualname__ = fn.__module__, fn.__qualname__
        task = app.task(name=name, queue=queue, retry=RETRY, queueing_lock=name)(tick)
        _tasks[name] = app.periodic(cron=cron)(task)
        TIMED.append(Timed(name, cron, queue))
        return fn

    return declare
