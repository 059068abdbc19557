"""Reading in a process of its own: the next chunk is read, judged and put into words while this process writes one.

The child is forked, so it knows the compiled plan; it sends each chunk as one piece through a pipe, which holds it
back when it is a chunk ahead. It never touches the connection it inherited, and it ends when nobody reads any more.
"""

from __future__ import annotations

import fcntl
import gc
import os
import pickle
import select
import signal
import struct
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO, Any

from django.db import connections

from noren.core.record.intake.tally import Batch

WORTH_IT = 512 * 1024  # bytes of a file from which a second process pays
PIPE = 1 << 20
PATIENCE = 120.0
_HEAD = struct.Struct("<Q")
_inherited: list[Any] = []


@contextmanager
def batches(read: Callable[[], Iterator[Batch]], size: int) -> Iterator[Iterator[Batch]]:
    """The batches of `read()`; those of a file of some size come from a child, which is ended on the way out."""
    if size < WORTH_IT or sys.platform != "linux":  # forking beside threads is at home on Linux only
        yield read()
        return
    out, into = os.pipe()
    fcntl.fcntl(into, fcntl.F_SETPIPE_SZ, PIPE)
    child = os.fork()
    if child == 0:
        os.close(out)
        _work(read, into)
    os.close(into)
    try:
        yield _received(out)
    finally:
        os.close(out)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def _work(read: Callable[[], Iterator[Batch]], into: int) -> None:
    """The child's whole life."""
    code = 1
    try:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to answer
        gc.disable()  # rows hold no circles, and looking for them would copy the parent's memory
        _leave_connection()
        with os.fdopen(into, "wb", 0) as pipe:
            try:
                for batch in read():
                    _send(pipe, batch)
                _send(pipe, None)
            except BrokenPipeError:
                pass
            except Exception as fault:  # noqa: BLE001  (the parent raises it)
                _send(pipe, f"{type(fault).__name__}: {fault}")
        code = 0
    finally:
        os._exit(code)  # no farewell: it would close the parent's connection


def _leave_connection() -> None:
    """Should a reader ask the database (the firm's time zone), it gets a connection of its own, past the parent's pool."""
    mine = connections["default"]
    _inherited.append(mine)
    fresh: Any = connections.create_connection("default")
    options = {k: v for k, v in fresh.settings_dict["OPTIONS"].items() if k != "pool"}
    fresh.settings_dict = {**fresh.settings_dict, "OPTIONS": options}
    connections["default"] = fresh


def _send(pipe: IO[bytes], thing: Batch | str | None) -> None:
    """One piece: how long it is, and what it is, pickled: both ends are this program."""
    data = pickle.dumps(thing, pickle.HIGHEST_PROTOCOL)
    for piece in (memoryview(_HEAD.pack(len(data))), memoryview(data)):
        at = 0
        while at < len(piece):
            at += pipe.write(piece[at:])


def _exactly(out: int, length: int) -> bytearray:
    """So many bytes from the child. One that says nothing for PATIENCE seconds is given up: better told than waited for."""
    found = bytearray()
    while len(found) < length:
        if not select.select([out], [], [], PATIENCE)[0]:
            raise ChildProcessError("the process that reads the file does not answer")
        piece = os.read(out, min(length - len(found), PIPE))
        if not piece:
            raise ChildProcessError("the process that reads the file has ended before the file did")
        found += piece
    return found


def _received(out: int) -> Iterator[Batch]:
    while True:
        (length,) = _HEAD.unpack(_exactly(out, _HEAD.size))
        thing = pickle.loads(_exactly(out, length))  # noqa: S301  (from our own child)
        if thing is None:
            return
        if isinstance(thing, str):
            raise ChildProcessError(thing)
        yield thing
