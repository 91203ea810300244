"""What the terminal says about memory: the verdict, its reason and its numbers; nothing where nothing is known."""

import pytest

from engine.protocol.home import RESOURCES
from engine.protocol.job import Notice
from engine.protocol.memory_plan import GIB, Machine
from engine.protocol.model_card import ModelCard, read_card
from engine.protocol.worker_status import WorkerStatus
from studio.cli.memory_words import machine_with, memory_sentence, verdict_words
from studio.cli.words import notice_sentence

LARGE = read_card(RESOURCES / "models" / "wan2.1-t2v-14b.toml")


def gpu(gib: int, machine_gib: int = 64) -> Machine:
    return Machine(kind="cuda", name="RTX 4090", total_bytes=gib * GIB, machine_bytes=machine_gib * GIB)


@pytest.mark.parametrize(
    ("machine", "verdict", "parts"),
    [
        (gpu(80), "fits", ["fits: all of it on RTX 4090 (needs 49.8 GB of 85.9 GB", "all steps in about"]),
        (gpu(24), "offloads", ["offloads: layer by layer on RTX 4090", "of the machine's 68.7 GB", "better as q4_0"]),
        (gpu(2), "cannot", ["cannot: too large for RTX 4090, which has 2.1 GB"]),
        (gpu(24, 16), "cannot", ["too large for this machine's memory of 17.2 GB"]),
        (None, "unknown", ["the device has not said yet"]),
    ],
)
def test_a_verdict_has_its_reason(machine: Machine | None, verdict: str, parts: list[str]) -> None:
    assert verdict_words(LARGE, machine) == verdict
    for part in parts:
        assert part in memory_sentence(LARGE, machine)


def test_without_an_anatomy_only_what_was_measured_is_said(starter_card: ModelCard) -> None:
    assert verdict_words(starter_card, gpu(8)) == "fits"
    assert verdict_words(starter_card.changed(memory_bytes={}), gpu(8)) == "unknown"
    assert memory_sentence(starter_card.changed(memory_bytes={}), gpu(8)) == "unknown"


def test_the_machine_is_that_of_a_worker_which_has_said_all() -> None:
    starting = WorkerStatus(device="auto", state="starting")
    ready = WorkerStatus(
        device="cuda", state="ready", found="cuda: RTX 4090", total_bytes=GIB, machine_bytes=GIB, value_bytes=2
    )
    assert machine_with([starting]) is None
    assert machine_with([starting, ready]) == gpu(1, 1)


@pytest.mark.parametrize(("field", "part"), [("tiled", "in tiles"), ("model", "one part"), ("group", "layers waited")])
def test_a_smaller_plan_is_explained(field: str, part: str) -> None:
    said = notice_sentence(Notice(kind="smaller_plan", field=field, kept=1, given=3))
    assert part in said
    assert "attempt 3" in said
