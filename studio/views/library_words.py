"""What is said about a model: what it takes and makes, what it needs, and whether this machine has that."""

import math
from pathlib import Path

from PySide6.QtCore import QCoreApplication

from engine.protocol.model_card import ConditionKind, ModelCard
from engine.protocol.worker_status import WorkerStatus
from studio.views.words import frames_words, number, seconds

GB = 1e9
MOST_FILES = 4
_translate = QCoreApplication.translate


def gigabytes(count: int) -> str:
    """Memory and file sizes: GB with one decimal."""
    return _translate("library", "{number} GB").format(number=number(math.ceil(count / GB * 10) / 10, 1))


def makes_words(card: ModelCard) -> str:
    """Sizes and lengths, and what it makes when nobody says otherwise."""
    size, frames, usual = card.size, card.frames, card.defaults
    edges = _translate("library", "{smallest} to {largest} px in steps of {step}").format(
        smallest=size.smallest_edge, largest=size.largest_edge, step=size.multiple
    )
    longest = _translate("library", "up to {frames} at once").format(frames=frames_words(frames.largest))
    often = _translate("library", "usually {width}×{height}, {length}").format(
        width=usual.width, height=usual.height, length=seconds(usual.num_frames / usual.fps)
    )
    return " · ".join((edges, longest, often))


def takes_words(card: ModelCard) -> str:
    """What it can start from."""
    words: dict[ConditionKind, str] = {
        "first_image": _translate("library", "an image to start from"),
        "last_image": _translate("library", "an image to end on"),
        "keyframes": _translate("library", "images and clips anywhere (extend, loop, bridge, retake)"),
        "source": _translate("library", "a clip to remix"),
    }
    if not card.conditions:
        return _translate("library", "Takes text only")
    untrained = _translate("library", "{what}, though it was not trained for that")
    injected = [untrained.format(what=words[kind]) for kind in card.injected if kind not in card.conditions]
    return " · ".join((_translate("library", "Takes text"), *(words[kind] for kind in card.conditions), *injected))


def needs_words(card: ModelCard, workers: list[WorkerStatus], machine_bytes: int) -> str:
    """What is truly known: the card's figures, and this machine's memory where that is what it runs in."""
    if not card.memory_bytes:
        return _translate("library", "Nobody has measured yet how much memory it needs")
    least = min(card.memory_bytes.values())
    kinds = ", ".join(f"{gigabytes(need)} ({kind})" for kind, need in sorted(card.memory_bytes.items()))
    said = _translate("library", "Needs {memory} of memory").format(memory=kinds)
    worker = next((worker for worker in workers if worker.found), None)
    if worker is None:
        return said
    device = worker.found
    if not device.startswith("cpu"):
        return f"{said} · " + _card_words(least, worker)
    if least > machine_bytes:
        return f"{said} · " + _translate("library", "too much for this machine, which has {memory}").format(
            memory=gigabytes(machine_bytes)
        )
    return f"{said} · " + _translate("library", "this machine has {memory}, and computes on its processor").format(
        memory=gigabytes(machine_bytes)
    )


def _card_words(least_bytes: int, worker: WorkerStatus) -> str:
    """Whether it fits into a graphics card; one that is too small can lend from the machine, and is slower then."""
    name = worker.found.partition(": ")[2] or worker.found
    if not worker.total_bytes:
        return _translate("library", "runs on {device}").format(device=name)
    if least_bytes > worker.total_bytes:
        said = _translate("library", "more than {device} has ({memory}): it may be slow, or not run")
    else:
        said = _translate("library", "fits {device}, which has {memory}")
    return said.format(device=name, memory=gigabytes(worker.total_bytes))


def missing_words(missing: list[str], said: str = "") -> str:
    """Which files are not there; or another sentence about `{files}`."""
    told = ", ".join(missing[:MOST_FILES])
    if len(missing) > MOST_FILES:
        more = _translate("library", "and {count} more").format(count=number(len(missing) - MOST_FILES))
        told = f"{told} {more}"
    return (said or _translate("library", "Files are missing: {files}")).format(files=told)


def near_home(path: str) -> str:
    """A path with ~ for the user's own folder."""
    try:
        return str(Path("~") / Path(path).relative_to(Path.home()))
    except (ValueError, RuntimeError):
        return path
