"""The worker's end of the pipe: commands in, reports out; a preview that was not sent yet is replaced."""

import os
import sys
import threading
from collections.abc import Iterator
from typing import BinaryIO

from engine.protocol.events import Preview
from engine.protocol.wire import framed, pack, read_framed, unpack
from engine.protocol.work import Alive, Command, Report, command_adapter


def claim_stdout() -> BinaryIO:
    """Take stdout for messages; what anybody prints goes to stderr from here on."""
    messages = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return messages


def claim_stdin() -> BinaryIO:
    """Take stdin for commands. Libraries that look at it while they load (on Windows) would wait for it otherwise."""
    received = os.fdopen(os.dup(0), "rb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    return received


def commands(stream: BinaryIO) -> Iterator[Command]:
    """The engine's commands, until it closes the pipe or dies."""
    while (message := read_framed(stream)) is not None:
        yield command_adapter.validate_json(unpack(message)[0])


class Outbox:
    """Sends reports in order from a thread of its own, so that a slow reader never holds up the render."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._waiting: list[tuple[Report, bytes]] = []
        self._changed = threading.Condition()
        threading.Thread(target=self._run, name="outbox", daemon=True).start()

    def put(self, report: Report, blob: bytes = b"") -> None:
        """Queue a report; of previews only the newest waits, and no `Alive` behind what will say as much."""
        with self._changed:
            if isinstance(report, Alive) and self._waiting:
                return
            if isinstance(report, Preview):
                self._waiting = [w for w in self._waiting if not isinstance(w[0], Preview)]
            self._waiting.append((report, blob))
            self._changed.notify_all()

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._waiting:
                    self._changed.wait()
                report, blob = self._waiting.pop(0)
            try:
                write_all(self._stream, framed(pack(report, blob)))
            except OSError:  # the engine is gone; the command reader ends this process
                return


def write_all(stream: BinaryIO, message: bytes) -> None:
    """Write every byte: a raw pipe may take fewer than it is given."""
    view = memoryview(message)
    while view:
        view = view[stream.write(view) :]
