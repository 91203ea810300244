"""The window's models on the real engine with the starter model: every way from a prompt to a take that is kept."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import pytest
from PIL import Image
from PySide6.QtCore import QCoreApplication
from pytestqt.qtbot import QtBot

from engine.client.api import EngineClient
from engine.protocol.job import Done, Job
from studio.link.engine_link import EngineLink, attach_to
from studio.models.studio import Studio, clip_of_take
from studio.project import edits
from studio.project.project import Project
from studio.project.sample import sample_project
from studio.project.storage import create_project, open_project
from studio.project.take import Take

LIMIT_MS = 60_000
QUICK = {"width": 64, "height": 64, "num_frames": 9, "num_inference_steps": 2, "seed": 7, "seed_locked": True}


@pytest.fixture
def project_folder(tmp_path: Path) -> Path:
    return tmp_path / "Küsten 🎬 film"


@pytest.fixture
def opened(
    shared_engine: EngineClient, shared_home: Path, qtbot: QtBot, project_folder: Path
) -> Iterator[Callable[[], Studio]]:
    """Return a function that opens the project, as a window would; jobs and links are gone after the test."""
    made: list[Studio] = []

    def opening() -> Studio:
        link = EngineLink(attach_to(shared_home))
        new = not project_folder.exists()
        folder = create_project(project_folder, sample_project("Film")) if new else open_project(project_folder)
        studio = Studio(link, folder)
        made.append(studio)
        with qtbot.waitSignal(link.models_loaded, timeout=LIMIT_MS):
            link.start()
        if new:
            studio.composer.change(**QUICK)
        return studio

    yield opening
    for studio in made:
        close(studio)
    for job in shared_engine.jobs(limit=1000):
        if job.request.project:
            shared_engine.cancel(job.id) if not job.is_over else None
            shared_engine.delete(job.id)


def close(studio: Studio) -> None:
    studio.close()
    studio.link.close()


def made_by(qtbot: QtBot, studio: Studio, act: Callable[[], None]) -> Take:
    """The take that arrives after an act, once it is in the project's own folder and seen by the engine."""
    with qtbot.waitSignal(studio.film.taken, timeout=LIMIT_MS) as arrived:
        act()
    (take,) = arrived.args
    qtbot.waitUntil(lambda: studio.film.folder.media.path(take.media) is not None, timeout=LIMIT_MS)
    return take


def test_a_prompt_becomes_a_take_that_is_kept(
    opened: Callable[[], Studio], qtbot: QtBot, shared_engine: EngineClient
) -> None:
    studio = opened()
    assert studio.composer.problems == []
    previews: list[str] = []
    studio.jobs.previewed.connect(previews.append)
    take = made_by(qtbot, studio, studio.composer.generate)
    assert (take.width, take.height, take.num_frames, take.verb) == (64, 64, 9, "generate")
    assert studio.film.take == take
    assert previews
    assert studio.film.project.prompt_history[0].startswith("A serene beach")
    qtbot.waitUntil(lambda: shared_engine.job(take.id).acknowledged, timeout=LIMIT_MS)
    assert studio.playback.clip == clip_of_take(take)
    qtbot.waitUntil(lambda: studio.playback.picture() is not None, timeout=LIMIT_MS)
    assert studio.playback.picture()[:2] == b"\xff\xd8"


def test_an_image_is_animated_and_a_clip_is_extended(
    opened: Callable[[], Studio], qtbot: QtBot, tmp_path: Path
) -> None:
    studio = opened()
    Image.new("RGB", (90, 60), (200, 60, 20)).save(tmp_path / "still.png")
    studio.imports.add([tmp_path / "still.png"])
    qtbot.waitUntil(lambda: len(studio.film.project.bin) == 1, timeout=LIMIT_MS)
    (footage,) = studio.film.project.bin
    studio.composer.pin("start", footage.sha256)
    first = made_by(qtbot, studio, studio.composer.generate)
    assert (first.verb, first.parents) == ("animate", (footage.sha256,))
    longer = made_by(qtbot, studio, lambda: studio.do("extend", seconds=0.5))
    assert (longer.verb, longer.parents) == ("extend", (first.id,))
    assert longer.num_frames == 9 + 6


def test_a_draft_is_finished_with_the_same_latents(opened: Callable[[], Studio], qtbot: QtBot) -> None:
    studio = opened()
    whole = made_by(qtbot, studio, studio.composer.generate)
    studio.composer.change(num_inference_steps=6)
    draft = made_by(qtbot, studio, lambda: studio.composer.generate(draft_steps=3))
    assert (draft.is_draft, draft.step, draft.total_steps) == (True, 3, 6)
    finished = made_by(qtbot, studio, lambda: studio.jobs.resume(draft.id))
    assert (finished.id, finished.is_draft) == (draft.id, False)
    again = made_by(qtbot, studio, studio.composer.generate)
    assert again.media == finished.media != whole.media
    assert [take.id for take in studio.film.shot.takes] == [whole.id, finished.id, again.id]


def test_a_take_that_was_made_while_nobody_looked_is_adopted(
    opened: Callable[[], Studio], qtbot: QtBot, shared_engine: EngineClient
) -> None:
    studio = opened()
    with qtbot.waitSignal(studio.composer.sent, timeout=LIMIT_MS) as sent:
        studio.composer.generate()
    job: Job = sent.args[0]
    close(studio)
    qtbot.waitUntil(lambda: isinstance(shared_engine.job(job.id).state, Done), timeout=LIMIT_MS)
    assert not shared_engine.job(job.id).acknowledged
    studio = opened()
    qtbot.waitUntil(lambda: studio.film.take is not None, timeout=LIMIT_MS)
    assert studio.film.take.id == job.id
    studio.film.edit("delete_take", lambda project: edits.delete_take(project, job.id))
    qtbot.waitUntil(lambda: shared_engine.job(job.id).acknowledged, timeout=LIMIT_MS)
    close(studio)
    studio = opened()
    qtbot.waitUntil(lambda: studio.jobs.get(job.id) is not None, timeout=LIMIT_MS)
    assert studio.film.shot.takes == ()  # what was deleted does not come back


def test_two_variations_and_undo_leaves_what_arrived(opened: Callable[[], Studio], qtbot: QtBot) -> None:
    studio = opened()
    studio.film.edit("rename_shot", lambda project: edits.rename_shot(project, studio.film.shot.id, "Dusk"))
    taken: list[Take] = []
    studio.film.taken.connect(taken.append)
    studio.composer.variations(2)
    qtbot.waitUntil(lambda: len(taken) == 2, timeout=LIMIT_MS)
    assert len({take.recipe.seed for take in taken}) == 2
    studio.film.undo()
    assert studio.film.shot.name != "Dusk"
    assert len(studio.film.shot.takes) == 2


def test_what_is_wrong_is_said_and_nothing_is_sent(opened: Callable[[], Studio], qtbot: QtBot) -> None:
    studio = opened()
    studio.composer.change(num_frames=8)
    (problem,) = studio.composer.problems
    assert (problem.field, problem.kind, problem.nearest) == ("num_frames", "off_grid", 9)
    with qtbot.waitSignal(studio.trouble, timeout=1000):
        studio.composer.generate()
    assert studio.jobs.active == []
    studio.composer.mend(problem)
    assert studio.composer.problems == []


def test_every_change_is_on_the_disk_at_once(opened: Callable[[], Studio], qtbot: QtBot, project_folder: Path) -> None:
    studio = opened()
    studio.composer.change(prompt="snow over the hills")
    assert studio.film.saved_state == "saving"
    qtbot.waitUntil(lambda: studio.film.saved_state == "saved", timeout=5000)
    QCoreApplication.processEvents()
    found = Project.model_validate_json((project_folder / "project.json").read_bytes())
    assert found.shots[0].draft.prompt == "snow over the hills"
    assert found == studio.film.project
