"""The link to a real engine: what a job does arrives as signals, and calls are answered on the GUI's thread."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PIL import Image
from pytestqt.qtbot import QtBot

from engine.protocol.clip_frames import ClipFrames
from engine.protocol.events import JobChanged, JobRemoved, Progress
from engine.protocol.job import Done, Job, JobRequest
from engine.protocol.media import MediaItem
from engine.protocol.recipe import Recipe
from studio.link.engine_link import EngineLink, attach_to
from studio.link.keeper import Attach
from studio.link.state import Connected
from studio.link.trouble import Problems, Refused, Trouble
from studio.project.media import MediaFolder

LIMIT_MS = 120_000

Hear = Callable[[EngineLink], Any]


def until_over(qtbot: QtBot, link: EngineLink, act: Callable[[], object]) -> Job:
    """Act, and return the first job that is over after that."""
    ended: list[Job] = []

    def is_end(event: object) -> bool:
        if isinstance(event, JobChanged) and event.job.is_over:
            ended.append(event.job)
        return bool(ended)

    with qtbot.waitSignal(link.happened, timeout=LIMIT_MS, check_params_cb=is_end):
        act()
    return ended[0]


def test_it_connects_and_knows_the_models(link: EngineLink, qtbot: QtBot) -> None:
    assert link.state == Connected()
    with qtbot.waitSignal(link.models_loaded, timeout=LIMIT_MS) as found:
        link.models()
    assert found.args is not None
    assert "starter" in [card.id for card, _ in found.args[0]]


def test_a_job_is_seen_from_its_birth_to_its_take(
    link: EngineLink, hear: Hear, qtbot: QtBot, recipe: Recipe, tmp_path: Path
) -> None:
    heard = hear(link)
    jobs: list[Job] = []
    wanted = recipe.changed(num_inference_steps=12, width=128, height=128, num_frames=17)
    job = until_over(qtbot, link, lambda: link.submit(JobRequest(recipe=wanted), jobs.append))
    assert isinstance(job.state, Done), job.state
    assert [each.id for each in jobs] == [job.id]
    assert heard.states(job.id)[-1] == "done"
    steps = [event.step for event in heard.of("event") if isinstance(event, Progress) and event.job_id == job.id]
    assert steps == sorted(steps)
    assert steps[-1] == 12
    previews = heard.of("preview")
    assert previews
    assert {preview.job_id for preview, _ in previews} == {job.id}
    assert all(len(jpegs) == 17 and jpegs[0].startswith(b"\xff\xd8") for _, jpegs in previews)

    media, sha256 = MediaFolder(tmp_path), job.state.take.media
    fetched: list[Path] = []
    link.fetch(sha256, "mp4", media, fetched.append)
    qtbot.waitUntil(lambda: bool(fetched), timeout=LIMIT_MS)
    assert fetched == [media.path(sha256)] == [tmp_path / sha256[:2] / f"{sha256}.mp4"]
    assert fetched[0].stat().st_size == job.state.take.size_bytes
    assert [path.name for path in tmp_path.iterdir()] == [sha256[:2]]

    clips: list[ClipFrames] = []
    link.frames("viewer", job.state.take.media, 3, 64, (64, 64), clips.append)
    qtbot.waitUntil(lambda: bool(clips), timeout=LIMIT_MS)
    assert (clips[0].first, clips[0].total_frames, clips[0].fps, len(clips[0].jpegs)) == (3, 17, 12.0, 14)

    with qtbot.waitSignal(link.happened, timeout=LIMIT_MS, check_params_cb=lambda e: e == JobRemoved(job_id=job.id)):
        link.acknowledge(job.id)
        link.delete(job.id)
    acknowledged = [e.job.acknowledged for e in heard.of("event") if isinstance(e, JobChanged) and e.job.id == job.id]
    assert acknowledged[-1]
    assert heard.of("trouble") == []


def test_a_running_job_is_cancelled(link: EngineLink, qtbot: QtBot, recipe: Recipe) -> None:
    long = recipe.changed(num_inference_steps=100, num_frames=49, width=192, height=192)
    link.happened.connect(
        lambda event: link.cancel(event.job_id) if isinstance(event, Progress) and event.step == 1 else None
    )
    job = until_over(qtbot, link, lambda: link.submit(JobRequest(recipe=long)))
    assert job.state.kind == "cancelled"
    with qtbot.waitSignal(link.happened, timeout=LIMIT_MS, check_params_cb=lambda e: e == JobRemoved(job_id=job.id)):
        link.delete(job.id)


def test_a_still_goes_in_and_comes_back_small(link: EngineLink, qtbot: QtBot, tmp_path: Path) -> None:
    path = tmp_path / "still.png"
    Image.linear_gradient("L").resize((400, 200)).convert("RGB").save(path)
    items: list[MediaItem] = []
    frames: list[ClipFrames] = []
    for intent in (link.upload, link.inspect):
        intent(path, items.append)
    qtbot.waitUntil(lambda: len(items) == 2, timeout=LIMIT_MS)
    assert items[0] == items[1]
    link.media_item(items[0].sha256, items.append)
    link.frames("bin", items[0].sha256, box_px=(100, 100), done=frames.append)
    qtbot.waitUntil(lambda: len(items) == 3 and bool(frames), timeout=LIMIT_MS)
    assert items[2] == items[0]
    assert (frames[0].width, frames[0].height, frames[0].total_frames) == (100, 50, 1)


def test_trouble_has_a_type(link: EngineLink, qtbot: QtBot, recipe: Recipe, tmp_path: Path) -> None:
    troubles: list[Trouble] = []
    threads: set[threading.Thread] = set()

    def failed(trouble: Trouble) -> None:
        troubles.append(trouble)
        threads.add(threading.current_thread())

    link.cancel("no such job", failed=failed)
    link.submit(JobRequest(recipe=recipe.changed(width=63)), failed=failed)
    qtbot.waitUntil(lambda: len(troubles) == 2, timeout=LIMIT_MS)
    assert troubles[0] == Refused(404, "no such job")
    assert isinstance(troubles[1], Problems)
    assert "width" in {problem.field for problem in troubles[1].problems}
    link.upload(tmp_path / "missing.png", failed=failed)
    (tmp_path / "a file").write_text("", "utf-8")
    link.fetch("ab" * 32, "mp4", MediaFolder(tmp_path), failed=failed)
    link.fetch("ab" * 32, "mp4", MediaFolder(tmp_path / "a file"), failed=failed)
    qtbot.waitUntil(lambda: len(troubles) == 5, timeout=LIMIT_MS)
    missing, unknown, nowhere = troubles[2:]
    assert isinstance(missing, Problems)
    assert [problem.kind for problem in missing.problems] == ["missing"]
    assert unknown == Refused(404, "no such media")
    assert isinstance(nowhere, Problems)
    assert [problem.kind for problem in nowhere.problems] == ["not_writable"]
    assert [path.name for path in tmp_path.iterdir()] == ["a file"]
    assert threads == {threading.current_thread()}


def test_trouble_that_nobody_waits_for_is_a_signal(link: EngineLink, qtbot: QtBot) -> None:
    with qtbot.waitSignal(link.trouble, timeout=LIMIT_MS) as told:
        ticket = link.pause("no such job")
    assert told.args == [ticket, Refused(404, "no such job")]


def test_a_job_that_ended_while_nobody_listened_is_there(
    make_link: Callable[[Attach], EngineLink],
    hear: Hear,
    qtbot: QtBot,
    submit: Callable[..., Job],
    over: Callable[[Job], Job],
    shared_home: Path,
) -> None:
    job = over(submit())
    later = make_link(attach_to(shared_home))
    heard = hear(later)
    with qtbot.waitSignal(later.models_loaded, timeout=LIMIT_MS):
        later.start()
    (jobs,) = heard.of("jobs")
    assert [each for each in jobs if each.id == job.id] == [job]
