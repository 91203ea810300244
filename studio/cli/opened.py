"""A project opened for a command: what is in its way becomes a problem, and its lock goes in the end."""

import contextlib
from collections.abc import Callable, Generator, Iterable
from pathlib import Path

from engine.client.api import EngineClient
from engine.client.errors import RefusedError
from engine.protocol.problem import Problem, ProblemsError
from studio.project.draft import frozen
from studio.project.errors import DamagedError, StorageError
from studio.project.shot import Shot
from studio.project.storage import Opened, open_project

USUAL_S = 2.0


@contextlib.contextmanager
def opened(path: Path, *, to_write: bool) -> Generator[Opened]:
    """Open a project; with `to_write` it must be possible to save it.

    Raises:
        ProblemsError: when it cannot be opened, or not be saved; the body's own StorageErrors become such.
    """
    try:
        found = open_project(path)
    except DamagedError as error:
        good = f"; {len(error.backups)} good backups: open it in the window to choose one" if error.backups else ""
        raise _problem(path, "unreadable", f"{error.detail}{good}") from error
    except StorageError as error:
        raise _problem(path, "unreadable", f"{error.kind}: {error.detail}") from error
    with found.folder:
        if to_write and found.reason is not None:
            holder = f", by {found.holder.host}" if found.holder else ""
            said = {
                "locked": f"the project is open{holder}: close it there first",
                "newer_version": "a newer version has saved it",
                "not_writable": "its folder cannot be written",
            }
            raise _problem(path, "not_writable", said[found.reason])
        try:
            yield found
        except StorageError as error:
            raise _problem(path, "not_writable", f"{error.kind}: {error.detail}") from error


def bring(client: EngineClient, found: Opened, media: Iterable[str], owner: Callable[[str], str]) -> None:
    """Let the engine have these files (sha256) of a project; what it has already is not sent.

    Raises:
        ProblemsError: with all that are missing, by the name of their `owner`.
    """
    missing: list[Problem] = []
    for sha256 in sorted(media):
        try:
            client.media_item(sha256)
        except (RefusedError, ProblemsError):
            path = found.folder.media.path(sha256)
            if path is None:
                missing.append(Problem(field=owner(sha256), kind="missing", value=sha256[:12]))
            else:
                client.upload(path)
    if missing:
        raise ProblemsError(missing)


def planned_s(client: EngineClient) -> Callable[[Shot], float]:
    """How long shots without a take will be, by the models that are there."""
    cards = {card.id: card for card, _ in client.models()}

    def length_s(shot: Shot) -> float:
        card = cards.get(shot.draft.model)
        if card is None:
            return shot.draft.seconds or USUAL_S
        try:
            return frozen(shot.draft, (), card).duration_s
        except ProblemsError:
            return USUAL_S

    return length_s


def _problem(path: Path, kind: str, detail: str) -> ProblemsError:
    return ProblemsError([Problem.model_validate({"field": str(path), "kind": kind, "detail": detail})])
