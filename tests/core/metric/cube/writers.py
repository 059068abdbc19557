"""Several who write at once while cells are merged and made anew."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from typing import Any

import psycopg
from django.db import connection

from noren.core.metric.cube import keep


def other() -> psycopg.Connection[Any]:
    return psycopg.connect(**connection.get_connection_params() | {"cursor_factory": None})


def side_by_side(
    write: Callable[[psycopg.Connection[Any], random.Random], object], most: int, rounds: int, anew: list[str]
) -> None:
    """Three write in transactions of one to `most` changes, some taken back, until merging and making cubes anew is done so
    many times; then every cell is that of the rows."""
    stop, faults = threading.Event(), list[BaseException]()

    def work(seed: int) -> None:
        chance = random.Random(seed)
        try:
            with other() as link:
                while not stop.is_set():
                    try:
                        with link.transaction() as change:
                            for _n in range(chance.randint(1, most)):
                                write(link, chance)
                            if chance.random() < 0.2:
                                raise psycopg.Rollback(change)
                    except psycopg.errors.DeadlockDetected:
                        pass  # they take rows in any order
        except BaseException as fault:  # noqa: BLE001
            faults.append(fault)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(3)]
    for thread in threads:
        thread.start()
    for _round in range(rounds):
        keep.merge()
        keep.rebuild(anew)
    stop.set()
    for thread in threads:
        thread.join()
    assert faults == []
    assert keep.differences(everything=True) == []
    keep.merge()
