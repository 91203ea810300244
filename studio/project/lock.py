"""Lock: only one window writes a project at a time."""

import contextlib
import json
import os
import platform
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_FAR = 1 << 20
"""Where the locked byte is; Windows lets nobody read what is locked, and others want to read who it is."""


@dataclass(frozen=True)
class Holder:
    """Who has the lock: a process of a machine."""

    pid: int
    host: str


class HeldError(Exception):
    """Somebody else has the lock; `holder` is None when they did not say who they are."""

    def __init__(self, holder: Holder | None) -> None:
        super().__init__(f"held by {holder}")
        self.holder = holder


class Lock:
    """A lock on a file, which the system takes away from a process that ends, however it does.

    Where the system knows no locks (some network drives), and for holders on other machines, what counts is the name
    in the file; a dead process of this machine holds nothing. The file stays, or two could hold two of that name.
    """

    def __init__(self, path: Path, take_over: bool = False) -> None:
        """Take the lock; `take_over` does not believe in a holder on another machine.

        Raises:
            HeldError: when somebody has it.
            OSError: when the file cannot be written.
        """
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o666)
        try:
            certain = _lock(self._fd)
            holder = _read(self._fd)
            if certain is None or (holder and not take_over and _may_live(holder, certain)):
                raise HeldError(holder)
            self._write({"pid": os.getpid(), "host": platform.node()})
        except BaseException:
            os.close(self._fd)
            raise

    def release(self) -> None:
        """Let go of it; more than once does nothing."""
        if self._fd >= 0:
            with contextlib.suppress(OSError):
                self._write(None)
            os.close(self._fd)
            self._fd = -1

    def _write(self, who: dict[str, object] | None) -> None:
        text = json.dumps(who).encode() if who else b""
        os.ftruncate(self._fd, 0)
        os.lseek(self._fd, 0, os.SEEK_SET)
        os.write(self._fd, text)


def _lock(fd: int) -> bool | None:
    """True when the system gave the lock, False when it knows no locks here, None when another has it."""
    try:
        if sys.platform == "win32":
            import msvcrt

            os.lseek(fd, _FAR, os.SEEK_SET)
            msvcrt.locking(fd, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return None
    except OSError:
        return False
    return True


def _read(fd: int) -> Holder | None:
    try:
        os.lseek(fd, 0, os.SEEK_SET)
        who: Any = json.loads(os.read(fd, 4096))
        return Holder(int(who["pid"]), str(who["host"]))
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None


def _may_live(holder: Holder, certain: bool) -> bool:
    if holder.host != platform.node():
        return True
    return not certain and is_alive(holder.pid)


def is_alive(pid: int) -> bool:
    """Whether a process of this machine has this id."""
    if pid == os.getpid():
        return True
    if sys.platform == "win32":  # os.kill would end it; locks are certain there
        return False
    try:
        os.kill(pid, 0)
    except PermissionError:
        return True
    except (OSError, OverflowError):
        return False
    return True
