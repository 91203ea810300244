"""Where projects lie: the user's projects folder, names for new ones in it, and those opened last."""

import contextlib
import re
import time
import unicodedata
from collections.abc import Callable
from pathlib import Path

from pydantic import TypeAdapter

from engine.protocol.frozen import Frozen
from engine.protocol.home import home, write_private
from studio.project.storage import PROJECT_FILE

MOST_RECENT = 20
_LONGEST_NAME_BYTES = 120
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)


class Recent(Frozen):
    """A project that was opened at `opened_at` (Unix seconds); its folder may have gone since."""

    path: str
    name: str
    opened_at: float

    @property
    def is_there(self) -> bool:
        """Whether there is still a project."""
        return (Path(self.path) / PROJECT_FILE).is_file()


_LIST = TypeAdapter(tuple[Recent, ...])


def projects_folder() -> Path:
    """Where new projects go unless the user says otherwise; not made here."""
    return home() / "projects"


def new_folder(parent: Path, name: str) -> Path:
    """A path in `parent` that is not taken, and that every system can have; not made here."""
    allowed = "".join("-" if c in '<>:"/\\|?*' or unicodedata.category(c)[0] == "C" else c for c in name)
    base = allowed.encode("utf-8", "ignore")[:_LONGEST_NAME_BYTES].decode("utf-8", "ignore").strip(" .")
    base = f"{base} project".strip() if not base or _RESERVED.fullmatch(base) else base
    path, number = parent / base, 1
    while path.exists():
        number += 1
        path = parent / f"{base} {number}"
    return path


def recent_projects() -> tuple[Recent, ...]:
    """Those opened last, newest first; a list that cannot be read is an empty one."""
    try:
        return _LIST.validate_json(_file().read_bytes())
    except (OSError, ValueError):
        return ()


def remember_project(path: Path, name: str, clock: Callable[[], float] = time.time) -> None:
    """Put a project in front of the list. Where that cannot be written there is none, and nothing is raised."""
    with contextlib.suppress(ValueError):  # a path that is no text
        newest = Recent(path=str(path.resolve()), name=name, opened_at=clock())
        _write((newest, *_without(path))[:MOST_RECENT])


def forget_project(path: Path) -> None:
    """Take a project off the list; its folder stays."""
    _write(_without(path))


def _without(path: Path) -> tuple[Recent, ...]:
    return tuple(recent for recent in recent_projects() if Path(recent.path) != path.resolve())


def _write(projects: tuple[Recent, ...]) -> None:
    with contextlib.suppress(OSError):
        _file().parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_private(_file(), _LIST.dump_json(projects, indent=1).decode())


def _file() -> Path:
    return home() / "recent.json"
