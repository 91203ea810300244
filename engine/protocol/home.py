"""Where the files of a user live, and the rendezvous file by which clients find the engine."""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

import platformdirs

BUILD = "0.2.0"
EXIT_ALREADY_RUNNING = 3
"""Exit code of an engine that found its folder owned by another one."""
LARGEST_PORT = 65_535
RESOURCES = Path(__file__).resolve().parents[2] / "resources"


def home() -> Path:
    """The user's folder: `REELWRIGHT_HOME` when set, else platformdirs' data folder; not created here."""
    chosen = os.environ.get("REELWRIGHT_HOME")
    if chosen:
        return Path(chosen).expanduser().resolve()
    return Path(platformdirs.user_data_dir("reelwright", appauthor=False))


@dataclass(frozen=True)
class Rendezvous:
    """Where the running engine listens; the file is readable by its user only.

    Not a `Frozen`: the window is painted before pydantic is imported, and needs `home`.
    """

    pid: int
    port: int
    token: str
    build: str


def rendezvous_file(folder: Path) -> Path:
    """The rendezvous file below a user's folder."""
    return folder / "engine.json"


def read_rendezvous(folder: Path) -> Rendezvous | None:
    """The rendezvous, or None when there is no readable one."""
    try:
        found = Rendezvous(**json.loads(rendezvous_file(folder).read_text("utf-8")))
    except (OSError, ValueError, TypeError, RecursionError):  # a TypeError for other fields, or none
        return None
    are_numbers = all(type(number) is int for number in (found.pid, found.port))
    are_texts = all(type(text) is str and text.isascii() for text in (found.token, found.build))  # for a header
    return found if are_numbers and are_texts and 0 < found.port <= LARGEST_PORT else None


def write_rendezvous(folder: Path, rendezvous: Rendezvous) -> None:
    """Let clients find this engine."""
    write_private(rendezvous_file(folder), json.dumps(asdict(rendezvous)))


def write_private(path: Path, text: str) -> None:
    """Write a file only its user can read (0600), atomically."""
    part = path.with_name(f".{path.name}.{os.getpid()}")
    fd = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(fd, "w", encoding="utf-8") as file:
        file.write(text)
    part.replace(path)
