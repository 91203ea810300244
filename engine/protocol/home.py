"""Where the files of a user live, and the rendezvous file by which clients find the engine."""

import json
import os
from pathlib import Path

import platformdirs

from engine.protocol.frozen import Frozen

BUILD = "0.1.0"
EXIT_ALREADY_RUNNING = 3
"""Exit code of an engine that found its folder owned by another one."""
RESOURCES = Path(__file__).resolve().parents[2] / "resources"


def home() -> Path:
    """The user's folder: `REELWRIGHT_HOME` when set, else platformdirs' data folder; not created here."""
    chosen = os.environ.get("REELWRIGHT_HOME")
    if chosen:
        return Path(chosen).expanduser().resolve()
    return Path(platformdirs.user_data_dir("reelwright", appauthor=False))


class Rendezvous(Frozen):
    """Where the running engine listens; the file is readable by its user only."""

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
        return Rendezvous.model_validate(json.loads(rendezvous_file(folder).read_text("utf-8")))
    except (OSError, ValueError):
        return None


def write_private(path: Path, text: str) -> None:
    """Write a file only its user can read (0600), atomically."""
    part = path.with_name(f".{path.name}.{os.getpid()}")
    fd = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(fd, "w", encoding="utf-8") as file:
        file.write(text)
    part.replace(path)
