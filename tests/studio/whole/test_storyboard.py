"""A storyboard on the real engine: shots that go on from each other, a bridge between two, and what is made again."""

import io
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pytestqt.qtbot import QtBot

from engine.client.api import EngineClient
from studio.link.engine_link import EngineLink, attach_to
from studio.models.studio import Studio
from studio.project import edits
from studio.project.bible import BibleEntry
from studio.project.draft import Draft
from studio.project.project import Project
from studio.project.settings import Settings
from studio.project.shot import Shot
from studio.project.storage import create_project
from studio.project.take import Take

LIMIT_MS = 120_000
QUICK = {"width": 64, "height": 64, "num_frames": 9, "num_inference_steps": 6}


def shot(name: str, prompt: str, seed: int, **fields: object) -> Shot:
    draft = Draft.model_validate({"prompt": prompt, "seed": seed, "seed_locked": True, **QUICK})
    return Shot.model_validate({"id": name, "name": name, "draft": draft, **fields})


@pytest.fixture
def studio(
    shared_home: Path, shared_engine: EngineClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, qtbot: QtBot
) -> Iterator[Studio]:
    """Three shots of 9 frames: a beach by day, what goes on from it, and a city by night."""
    monkeypatch.setenv("REELWRIGHT_HOME", str(shared_home))
    link = EngineLink(attach_to(shared_home))
    shots = (
        shot("a", "@Mara on a beach at noon, bright sky", 3),
        shot("b", "a beach in the evening", 4, continues=True),
        shot("c", "a city at night, dark", 5),
    )
    bible = (BibleEntry(id="m", kind="character", name="Mara", description="in a red coat"),)
    settings = Settings(width=64, height=64, fps=12.0)
    project = Project(id="board", name="Board", created_at=1.0, shots=shots, bible=bible, settings=settings)
    made = Studio(link, create_project(tmp_path / "board", project))
    with qtbot.waitSignal(link.models_loaded, timeout=LIMIT_MS):
        link.start()
    yield made
    made.close()
    link.close()
    made.deleteLater()
    for job in shared_engine.jobs(limit=1000):
        if job.request.project == "board":
            shared_engine.cancel(job.id) if not job.is_over else None
            shared_engine.delete(job.id)


def test_shots_continue_are_bridged_and_made_again(studio: Studio, shared_engine: EngineClient, qtbot: QtBot) -> None:
    film, storyboard = studio.film, studio.storyboard

    def settled() -> bool:
        return not film.project.wishes and all(each.selected for each in film.project.shots)

    def chosen(name: str) -> Take:
        take = film.project.shot(name).selected_take
        assert take is not None
        return take

    def frame(take: Take, index: int) -> np.ndarray:
        (jpeg,) = shared_engine.frames(take.media, index % take.num_frames, 1).jpegs
        return np.asarray(Image.open(io.BytesIO(jpeg)).convert("RGB"), np.float32)

    def far(one: np.ndarray, other: np.ndarray) -> float:
        return float(np.abs(one - other).mean())

    storyboard.generate_missing()
    qtbot.waitUntil(settled, timeout=LIMIT_MS)
    a, b, c = (chosen(name) for name in "abc")
    (start,) = b.recipe.conditions
    assert (start.media, start.frame_index) == (a.media, 0)
    seam, cut = far(frame(a, -1), frame(b, 0)), far(frame(b, -1), frame(c, 0))
    assert seam < 12 < cut, (seam, cut)
    # the frame that both show is shown once
    places = storyboard.places
    assert [place.num_frames for place in places] == [9, 8, 9]
    studio.turn_to("storyboard")
    shown = [(studio.screening.seek(index), studio.screening.layers()[-1])[1] for index in range(26)]
    assert [layer.frame for layer in shown if layer.shot.id == "b"] == list(range(1, 9))

    film.edit("set_in_out", lambda project: edits.set_in_out(project, "c", 2))
    storyboard.insert_bridge("b", "Bridge", 0.75)
    qtbot.waitUntil(settled, timeout=LIMIT_MS)
    bridge = film.project.shots[2]
    made = chosen(bridge.id)
    assert (made.verb, made.parents) == ("bridge", (b.id, c.id))
    assert storyboard.num_frames == 9 + 8 + made.num_frames + 7
    tail, head = frame(b, -1), frame(c, 2)
    first, last = frame(made, 0), frame(made, -1)
    jumps = far(tail, first), far(last, head)
    assert max(jumps) < far(tail, head), "it leads there in smaller steps than the cut"

    assert storyboard.to_refresh == []
    film.edit("change_entry", lambda project: edits.change_entry(project, "m", description="in a blue coat"))
    assert storyboard.to_refresh == ["a", "b", bridge.id]
    before = {job.id for job in studio.jobs.all()}
    storyboard.refresh()
    qtbot.waitUntil(lambda: settled() and not storyboard.to_refresh, timeout=LIMIT_MS)
    fresh = [job.request.shot for job in studio.jobs.all() if job.id not in before]
    assert sorted(filter(None, fresh)) == sorted(["a", "b", bridge.id])  # each once, and c not at all
    assert chosen("c") == c
    assert "blue" in chosen("a").recipe.prompt
    (start,) = chosen("b").recipe.conditions
    assert start.media == chosen("a").media
    assert chosen(bridge.id).recipe.conditions[0].media == chosen("b").media
    for earlier, later in pairwise([chosen("a"), chosen("b"), chosen(bridge.id)]):
        assert earlier.created_at <= later.created_at
