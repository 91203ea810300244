"""One file, from the hub onto the disk: gone on with where it was cut off, and in its place only once it is proved."""

import contextlib
import hashlib
import os
import threading
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from os import write
from pathlib import Path

from engine.protocol.download import DownloadTrouble
from engine.weights.hashes import CHUNK_BYTES
from engine.weights.source import HubError, HubFile, Listing, Source, Stream

PART = ".part"
PAUSES_S = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 30.0, 30.0, 60.0)
"""Before each new try; as many tries as that without a new byte are enough."""
LONGEST_WAIT_S = 900.0
"""A hub that wants us to wait longer than that is left alone."""
_REPEATABLE: frozenset[DownloadTrouble] = frozenset({"no_network", "hub_broken", "rate_limited"})


class StoppedError(Exception):
    """Somebody wants it to stop."""


@dataclass
class Ear:
    """What a download tells and hears: all of it is called from its thread.

    Attributes:
        on_sizes: how many bytes are here, and how many there will be.
        on_file: a file is fetched from now on (path).
        on_read: a file that is here is read from now on (path).
        on_bytes: so many bytes more are here; fewer, when what was there had to go.
        on_wait: it waits so many seconds, and why.
        stop: set by `end`.
        cut: ends what the thread waits for on the network, if it does.
    """

    on_sizes: Callable[[int, int], None] = lambda _, __: None
    on_file: Callable[[str], None] = lambda _: None
    on_read: Callable[[str], None] = lambda _: None
    on_bytes: Callable[[int], None] = lambda _: None
    on_wait: Callable[[DownloadTrouble, float], None] = lambda _, __: None
    stop: threading.Event = field(default_factory=threading.Event)
    cut: Callable[[], None] = lambda: None

    def end(self) -> None:
        """End it, from any thread."""
        self.stop.set()
        self.cut()

    def check(self) -> None:
        """Raise `StoppedError` when that is wished."""
        if self.stop.is_set():
            raise StoppedError

    def wait(self, why: DownloadTrouble, seconds: float) -> None:
        """Wait, but not for longer than somebody wants it to go on."""
        self.on_wait(why, seconds)
        if self.stop.wait(seconds):
            raise StoppedError


class Proof:
    """Both digests of a file, and whether the hub's is among them."""

    def __init__(self, file: HubFile) -> None:
        self._file = file
        self.restart()

    def restart(self) -> None:
        """Begin with the file's first byte again."""
        self._sha256 = hashlib.sha256()
        self._blob = hashlib.sha1(b"blob %d\0" % self._file.size_bytes, usedforsecurity=False)  # as git names a file

    def update(self, chunk: bytes) -> None:
        """Go on."""
        self._sha256.update(chunk)
        if self._file.sha256 is None:
            self._blob.update(chunk)

    def sha256(self) -> str | None:
        """The sha256 where the bytes are the hub's, else None."""
        found = self._sha256.hexdigest()
        if self._file.sha256 is None:
            return found if self._blob.hexdigest() == self._file.blob_sha1 else None
        return found if found == self._file.sha256 else None


def proof_of(file: HubFile, path: Path, ear: Ear) -> Proof:
    """The proof of what is at `path`."""
    proof = Proof(file)
    if path.stat().st_size:
        ear.on_read(file.path)
    with path.open("rb", buffering=0) as held:
        while chunk := held.read(CHUNK_BYTES):
            ear.check()
            proof.update(chunk)
    return proof


def part_of(path: Path) -> Path:
    """Where a file is while it is not whole."""
    return path.with_name(path.name + PART)


@dataclass(frozen=True)
class Fetcher:
    """Fetches the files of one listing; `pauses_s` as `PAUSES_S`."""

    hub: Source
    listing: Listing
    ear: Ear
    pauses_s: Sequence[float] = PAUSES_S

    def fetch(self, file: HubFile, path: Path) -> str:
        """Have the file at `path`, and return its sha256.

        Raises:
            HubError: what has arrived stays in the part beside `path`, unless it was proved wrong.
            StoppedError: likewise.
            OSError: of the disk.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        part = part_of(path)
        for _ in range(2):  # a part that was written long ago may have been damaged since
            digest = self._fill(file, part)
            if digest is not None:
                part.replace(path)
                return digest
            part.unlink()
            self.ear.on_bytes(-file.size_bytes)
        raise HubError("damaged", file.path)

    def _fill(self, file: HubFile, part: Path) -> str | None:
        """The part, made whole; its sha256, or None where it is proved wrong."""
        with part.open("ab", buffering=0) as out:
            if out.tell() > file.size_bytes:
                self.ear.on_bytes(-out.tell())
                out.truncate(0)
            tries = 0
            proof = proof_of(file, part, self.ear)
            while (here := os.fstat(out.fileno()).st_size) < file.size_bytes:
                self.ear.check()
                self.ear.on_file(file.path)
                try:
                    self._pour(file, out.fileno(), proof)
                except HubError as error:
                    tries = 0 if os.fstat(out.fileno()).st_size > here else tries
                    self._wait_or_raise(error, tries)
                    tries += 1
            os.fsync(out.fileno())
        return proof.sha256()

    def _pour(self, file: HubFile, out: int, proof: Proof) -> None:
        """Append what comes until it ends."""
        here = os.fstat(out).st_size
        with self.hub.stream(self.listing, file, here) as stream, self._cuttable(stream):
            if stream.start != here:
                os.ftruncate(out, stream.start)
                self.ear.on_bytes(stream.start - here)
                here = stream.start
                proof.restart()
            for chunk in stream.chunks:
                if here + len(chunk) > file.size_bytes:
                    raise HubError("hub_broken", file.path)
                _write(out, chunk)
                proof.update(chunk)
                here += len(chunk)
                self.ear.on_bytes(len(chunk))
                self.ear.check()
        if here < file.size_bytes:
            raise HubError("hub_broken", file.path)

    @contextlib.contextmanager
    def _cuttable(self, stream: Stream) -> Generator[None]:
        self.ear.cut = stream.cut
        try:
            self.ear.check()
            yield
        finally:
            self.ear.cut = lambda: None

    def _wait_or_raise(self, error: HubError, tries: int) -> None:
        if error.why not in _REPEATABLE or tries >= len(self.pauses_s):
            raise error
        seconds = self.pauses_s[tries] if error.retry_s is None else error.retry_s
        if seconds > LONGEST_WAIT_S:
            raise error
        self.ear.wait(error.why, seconds)


def _write(out: int, chunk: bytes) -> None:
    """All of it: a full disk takes a part of it first."""
    rest = memoryview(chunk)
    while rest:
        rest = rest[write(out, rest) :]
