"""Report: what somebody who helps has to know about this machine, as text without secrets and without prompts."""

import platform
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import PySide6
from PySide6.QtCore import qVersion

from engine.protocol.home import BUILD, Rendezvous, home, read_rendezvous
from studio.link.state import Failed, LinkState, Lost
from studio.models.studio import Studio

TAIL_BYTES = 12_000
TAIL_LINES = 40
_SECRETS = (
    re.compile(r"(?i)(bearer\s+)[^\s\"']+"),
    re.compile(
        r"(?i)((?:token|password|secret|api[_-]?key|authorization)[\"']?\s*[:=]\s*[\"']?)(?!bearer)[^\s\"',}&]+"
    ),
    re.compile(r"(\b(?:hf|sk|ghp)_)[A-Za-z0-9]{8,}"),
)
"""What looks like a key, whoever wrote it into a log."""


def report(studio: Studio) -> str:
    """Everything, in sections; it is meant to be pasted where others read it, so it stays in English."""
    folder = home()
    rendezvous = read_rendezvous(folder)
    parts = [
        ("Reelwright", _build()),
        ("Engine", _engine(studio, rendezvous)),
        ("Project", _counts(studio)),
        ("Models", [f"{card.id}: {_missing(missing)}" for card, missing in studio.library.all()]),
        ("Folders", [f"user folder: {folder}", f"project: {studio.film.folder.path}"]),
        *((f"Log {path.name}", lines) for path, lines in _logs(folder / "logs")),
    ]
    text = "\n\n".join("\n".join([f"== {name}", *lines]) for name, lines in parts)
    return without_secrets(text, rendezvous)


def without_secrets(text: str, rendezvous: Rendezvous | None = None) -> str:
    """Keys blotted out, and ~ for the user's own folder, whose name is theirs."""
    if rendezvous is not None and rendezvous.token:
        text = text.replace(rendezvous.token, "[removed]")
    for secret in _SECRETS:
        text = secret.sub(r"\1[removed]", text)
    own = str(Path.home())
    return text.replace(own, "~") if len(own) > 1 else text


def _build() -> list[str]:
    return [
        f"build: {BUILD}",
        f"system: {platform.platform()}",
        f"machine: {platform.machine()}",
        f"Python: {sys.version.split()[0]}",
        f"Qt: {qVersion()}, PySide6 {PySide6.__version__}",
    ]


def _engine(studio: Studio, rendezvous: Rendezvous | None) -> Iterator[str]:
    yield f"link: {_state(studio.link.state)}"
    if rendezvous is not None:
        yield f"process: {rendezvous.pid}, port {rendezvous.port}, build {rendezvous.build}"
    workers = studio.workers.all()
    for worker in workers:
        silent_s = studio.workers.silent_s(worker)
        silence = f", silent for {silent_s:.0f} s" if silent_s is not None else ""
        yield f"worker {worker.device}: {worker.state}{silence}, {worker.found or 'device not known yet'}"
    if not workers:
        yield "workers: none known"


def _state(state: LinkState) -> str:
    match state:
        case Lost(reason, attempt):
            return f"lost, attempt {attempt}: {reason}"
        case Failed(reason):
            return f"failed: {reason}"
        case _:
            return type(state).__name__.lower()


def _counts(studio: Studio) -> list[str]:
    project = studio.film.project
    takes = sum(len(shot.takes) for shot in project.shots)
    states = Counter(job.state.kind for job in studio.jobs.all())
    jobs = ", ".join(f"{count} {state}" for state, count in sorted(states.items())) or "none"
    saved = studio.film.saved_state
    return [
        f"shots: {len(project.shots)}, takes: {takes}, bin: {len(project.bin)}, bible: {len(project.bible)}",
        f"missing files: {len(studio.film.missing)}, saved: {saved}, read-only: {studio.film.read_only or 'no'}",
        f"jobs: {jobs}",
    ]


def _missing(missing: list[str]) -> str:
    return f"missing {', '.join(missing)}" if missing else "ready"


def _logs(folder: Path) -> Iterator[tuple[Path, Iterable[str]]]:
    """The last lines of every log, those of the engine first."""
    try:
        found = sorted(folder.glob("*.log"), key=lambda path: (path.name != "engine.log", path.name))
    except OSError:
        return
    for path in found:
        yield path, _tail(path)


def _tail(path: Path) -> list[str]:
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - TAIL_BYTES))
            lines = file.read().decode("utf-8", "replace").splitlines()
    except OSError as error:
        return [f"cannot be read: {error.strerror}"]
    whole = lines[1:] if size > TAIL_BYTES else lines
    return whole[-TAIL_LINES:] or ["(empty)"]
