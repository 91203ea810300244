"""What a downloaded model's folder says about itself: the hub's own list of files, and that all of them are there."""

import contextlib
import os
from pathlib import Path

from engine.protocol.frozen import Frozen
from engine.protocol.model_card import WeightFile
from engine.weights.fetch import part_of
from engine.weights.source import Listing

RECORD = "reelwright.json"
LARGEST_RECORD_BYTES = 4 << 20


class Record(Frozen):
    """A listing, and the files once each of them has been proved; none before."""

    listing: Listing
    files: tuple[WeightFile, ...] = ()


def read_record(folder: Path) -> Record | None:
    """The folder's record, or None where there is none that can be read."""
    path = folder / RECORD
    try:
        if path.stat().st_size > LARGEST_RECORD_BYTES:
            return None
        return Record.model_validate_json(path.read_bytes())
    except (OSError, ValueError):
        return None


def write_record(folder: Path, record: Record) -> None:
    """Write it, whole or not at all.

    Raises:
        OSError: when the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f".{RECORD}.{os.getpid()}"
    part.write_text(record.model_dump_json(), "utf-8")
    part.replace(folder / RECORD)


def here_bytes(folder: Path, listing: Listing) -> int:
    """How much of the listing is on the disk, parts of files too."""
    return sum(min(_size(folder / f.path) or _size(part_of(folder / f.path)), f.size_bytes) for f in listing.files)


def delete(folder: Path) -> None:
    """Remove what the record names, parts too, and the folders that are empty then; other files stay.

    Raises:
        OSError: when a file cannot be removed.
    """
    record = read_record(folder)
    if record is None:
        return
    drop_parts(folder, record.listing)
    for file in record.listing.files:
        (folder / file.path).unlink(missing_ok=True)
    (folder / RECORD).unlink(missing_ok=True)
    rooms = {room for file in record.listing.files for room in Path(file.path).parents}
    for room in sorted(rooms, key=lambda room: -len(room.parts)):  # the deepest first, the folder itself last
        with contextlib.suppress(OSError):  # something of the user's is in it
            (folder / room).rmdir()


def drop_parts(folder: Path, listing: Listing) -> None:
    """Remove the files that are not whole."""
    for file in listing.files:
        part_of(folder / file.path).unlink(missing_ok=True)


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0
