"""A whole model from the hub into its folder: what is here stays, what this machine has is taken, the rest fetched."""

import errno
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.protocol.model_card import AddedFile, Repository, WeightFile
from engine.weights.fetch import PAUSES_S, Ear, Fetcher, part_of, proof_of
from engine.weights.hashes import Hashes
from engine.weights.record import RECORD, Record, drop_parts, here_bytes, read_record, write_record
from engine.weights.shelf import Shelf
from engine.weights.source import HubError, HubFile, Source

SPARE_BYTES = 256 << 20
"""What has to stay free on the disk of the models."""


class DiskFullError(Exception):
    """The models folder's disk is too small for what is to come; in bytes."""

    def __init__(self, needed_bytes: int, free_bytes: int) -> None:
        super().__init__(f"{needed_bytes} bytes are needed and {free_bytes} free")
        self.needed_bytes = needed_bytes
        self.free_bytes = free_bytes


@dataclass(frozen=True)
class Downloader:
    """Brings models: `shelves` are folders where files of theirs may be already."""

    hub: Source
    hashes: Hashes
    shelves: Sequence[Path] = ()
    pauses_s: Sequence[float] = PAUSES_S

    def bring(self, repository: Repository, folder: Path, ear: Ear) -> Record:
        """Have the repository's files in `folder`, each proved; a record there says so.

        Raises:
            HubError, DiskFullError, StoppedError, OSError: what has arrived stays, and the next call goes on with it.
        """
        record = self.begin(repository, folder)
        try:
            return self._complete(record, folder, ear)
        except HubError as error:
            if error.why != "not_found":
                raise
        # The revision of an earlier day may be gone from the hub: then what is there now counts.
        return self._complete(self._ask(repository, folder), folder, ear)

    def begin(self, repository: Repository, folder: Path) -> Record:
        """The list of an earlier try, which is kept so that all files are of one revision; else the hub's of now."""
        record = read_record(folder)
        return record if record and record.listing.repository == repository.id else self._ask(repository, folder)

    def _ask(self, repository: Repository, folder: Path) -> Record:
        listing = self.hub.listing(repository)
        if any(file.path == RECORD for file in listing.files):
            raise HubError("unusable", RECORD)
        before = read_record(folder)
        if before is not None and before.listing != listing:
            drop_parts(folder, before.listing)
        write_record(folder, Record(listing=listing))
        return Record(listing=listing)

    def _complete(self, record: Record, folder: Path, ear: Ear) -> Record:
        listing = record.listing
        ear.on_sizes(here_bytes(folder, listing), sum(file.size_bytes for file in listing.files))
        files = {file.path: self._proved(file, folder / file.path, ear) for file in listing.files}
        wanted = [file for file in listing.files if files[file.path] is None]
        shelf, fetcher = Shelf(self.shelves, self.hashes), Fetcher(self.hub, listing, ear, self.pauses_s)
        for file in wanted:  # what takes no room comes first
            if shelf.take(file, folder / file.path, ear):
                files[file.path] = file.sha256
                ear.on_bytes(file.size_bytes - _part_bytes(file, folder))
        _check_room(folder, [file for file in wanted if files[file.path] is None])
        for file in [file for file in wanted if files[file.path] is None]:
            files[file.path] = self._fetch(fetcher, file, folder)
        done = tuple(
            WeightFile(path=file.path, size_bytes=file.size_bytes, sha256=files[file.path] or "")
            for file in listing.files
        )
        write_record(folder, whole := Record(listing=listing, files=done))
        return whole

    def _proved(self, file: HubFile, path: Path, ear: Ear) -> str | None:
        """The sha256 of a file that is here and right; one that is not right is removed."""
        if not path.is_file():
            return None
        if path.stat().st_size == file.size_bytes:
            if file.sha256 is None:
                digest = proof_of(file, path, ear).sha256()
            else:
                ear.on_read(file.path)
                digest = self.hashes.sha256(path, lambda _: ear.check())
                digest = digest if digest == file.sha256 else None
            if digest is not None:
                return digest
        path.unlink()
        ear.on_bytes(-file.size_bytes)
        return None

    def _fetch(self, fetcher: Fetcher, file: HubFile, folder: Path) -> str:
        path = folder / file.path
        try:
            digest = fetcher.fetch(file, path)
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise _full(folder, [file]) from error
            raise
        self.hashes.note(path, digest)
        return digest


def verify(files: Sequence[WeightFile | AddedFile], folder: Path, hashes: Hashes, ear: Ear) -> tuple[str, ...]:
    """Read every file again, whatever is remembered of it; the names of those that are damaged (not: missing).

    Raises:
        StoppedError: when that is wished.
    """
    damaged: list[str] = []
    for file in files:
        path = folder / file.path
        if not path.is_file():
            continue
        ear.on_read(file.path)

        def heard(count: int) -> None:
            ear.on_bytes(count)
            ear.check()

        try:
            is_right = path.stat().st_size == file.size_bytes and hashes.again(path, heard) == file.sha256
        except OSError:  # a disk that cannot read it has damaged it
            is_right = False
        if not is_right:
            damaged.append(file.path)
    return tuple(damaged)


def _part_bytes(file: HubFile, folder: Path) -> int:
    part = part_of(folder / file.path)
    return min(part.stat().st_size, file.size_bytes) if part.is_file() else 0


def _check_room(folder: Path, wanted: Sequence[HubFile]) -> None:
    full = _full(folder, wanted)
    if wanted and full.needed_bytes > full.free_bytes:
        raise full


def _full(folder: Path, wanted: Sequence[HubFile]) -> DiskFullError:
    needed = sum(file.size_bytes - _part_bytes(file, folder) for file in wanted) + SPARE_BYTES
    return DiskFullError(needed, shutil.disk_usage(folder).free)
