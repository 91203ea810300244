"""The playhead: exact to the frame, in its range, at its speed, and the same instant in two clips."""

from collections.abc import Callable

import pytest
from pytestqt.qtbot import QtBot

from engine.protocol.clip_frames import ClipFrames
from engine.protocol.events import JobChanged, Preview
from engine.protocol.job import Job, JobRequest, Running
from engine.protocol.recipe import Recipe
from studio.link.scripted import ScriptedLink
from studio.link.trouble import Gone
from studio.models.jobs import JobList
from studio.models.playback import Clip, Playback
from studio.models.reel import Reel

SLOW = Clip("slow", "a" * 64, 48, 12.0, 128, 96)
FAST = Clip("fast", "b" * 64, 96, 24.0, 1920, 1080)
STILL = Clip("still", "c" * 64, 1, 24.0, 640, 480)


class Clock:
    """Time as the test has it."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def playback(link: ScriptedLink, clock: Clock) -> Playback:
    def bring(_media: str, _done: object, failed: Callable[[Gone], None]) -> None:
        failed(Gone("away"))

    jobs = JobList(link)
    reels = Reel(link, bring, "viewer"), Reel(link, bring, "compared")
    made = Playback(jobs, *reels, clock=clock)
    for child in (jobs, *reels):
        child.setParent(made)
    return made


def jpeg(media: str, index: int) -> bytes:
    return f"{media[0]} {index}".encode()


def serve(link: ScriptedLink) -> None:
    """Answer every ask for frames."""
    clips = {clip.media: clip for clip in (SLOW, FAST, STILL)}
    while waiting := link.waiting("frames"):
        media, first, count, _ = waiting[0].ask.arguments
        clip = clips[media]
        shown = tuple(jpeg(media, index) for index in range(first, min(first + count, clip.num_frames)))
        link.answer("frames", ClipFrames(first, clip.num_frames, clip.fps, 64, 48, shown))


def run(link: ScriptedLink, recipe: Recipe, frames: int = 9, word: str = "") -> None:
    """A job runs and shows what it has."""
    state = Running(started_at=1.0, device="cpu")
    link.tell(JobChanged(job=Job(id="job", request=JobRequest(recipe=recipe), created_at=1.0, state=state)))
    if frames:
        show_preview(link, frames, word)


def show_preview(link: ScriptedLink, frames: int, word: str = "") -> None:
    shown = [f"{word}{index}".encode() for index in range(frames)]
    sizes = tuple(map(len, shown))
    link.tell(
        Preview(job_id="job", step=3, total_steps=9, fps=12.0, width=64, height=48, frame_sizes_bytes=sizes), shown
    )


def after(playback: Playback, clock: Clock, qtbot: QtBot, seconds: float) -> int:
    """Where the playhead is so much later."""
    with qtbot.waitSignal(playback.frame_changed):
        clock.now_s += seconds
    return playback.index


def test_exactly_the_frame_at_the_playhead_is_shown(playback: Playback, link: ScriptedLink) -> None:
    playback.show(SLOW)
    assert playback.picture() is None
    serve(link)
    for index in (0, 1, 17, 47, 5):
        playback.seek(index)
        playback.picture()
        serve(link)
        assert playback.picture() == jpeg(SLOW.media, index)


def test_the_playhead_stays_within_the_clip(playback: Playback) -> None:
    playback.show(SLOW)
    playback.seek(500)
    assert playback.index == 47
    playback.seek(-3)
    assert playback.index == 0


def test_a_step_stands_still(playback: Playback) -> None:
    playback.show(SLOW)
    playback.play()
    playback.step(3)
    assert (playback.index, playback.speed) == (3, 0.0)
    playback.step(-1)
    assert playback.index == 2


def test_it_plays_at_the_clips_own_rate(playback: Playback, clock: Clock, qtbot: QtBot) -> None:
    playback.show(SLOW)
    playback.play()
    assert after(playback, clock, qtbot, 1.01) == 12
    assert after(playback, clock, qtbot, 0.5) == 18


def test_it_repeats_its_range(playback: Playback, clock: Clock, qtbot: QtBot) -> None:
    playback.show(SLOW, 6, 18)
    assert (playback.index, playback.in_frame, playback.out_frame) == (6, 6, 18)
    playback.play()
    assert after(playback, clock, qtbot, 1.51) == 12
    assert after(playback, clock, qtbot, 10.75) == 9
    assert playback.speed == 1.0


def test_no_instant_is_lost_where_it_begins_again(playback: Playback, clock: Clock, qtbot: QtBot) -> None:
    playback.show(SLOW, 0, 12)
    playback.play()
    for _ in range(20):
        after(playback, clock, qtbot, 0.59)
    assert playback.index == int(20 * 0.59 * 12) % 12


def test_it_stops_at_the_end_when_it_does_not_repeat(playback: Playback, clock: Clock, qtbot: QtBot) -> None:
    playback.show(SLOW, 6, 18)
    playback.set_repeats(False)
    playback.play()
    assert after(playback, clock, qtbot, 5.0) == 17
    assert playback.speed == 0.0
    playback.play()
    assert playback.index == 6
    playback.shuttle(-1)
    assert playback.index == 17
    assert after(playback, clock, qtbot, 5.0) == 6
    assert playback.speed == 0.0


def test_playing_begins_in_the_range(playback: Playback) -> None:
    playback.show(SLOW, 6, 18)
    playback.seek(40)
    playback.play()
    assert playback.index == 6


def test_j_k_and_l(playback: Playback, clock: Clock, qtbot: QtBot) -> None:
    playback.show(SLOW)
    speeds: list[float] = []
    for direction in (1, 1, 1, 1, 1, -1, -1, 1):
        playback.shuttle(direction)
        speeds.append(playback.speed)
    assert speeds == [1, 2, 4, 8, 8, -1, -2, 1]
    playback.pause()
    assert playback.speed == 0.0
    playback.shuttle(1)
    playback.shuttle(1)
    assert after(playback, clock, qtbot, 1.01) == 24
    playback.shuttle(-1)
    assert after(playback, clock, qtbot, 1.01) == 12


def test_toggle(playback: Playback) -> None:
    playback.toggle()
    assert playback.speed == 0.0
    playback.show(SLOW)
    playback.toggle()
    assert playback.speed == 1.0
    playback.toggle()
    assert playback.speed == 0.0


def test_the_same_clip_keeps_its_playhead(playback: Playback) -> None:
    playback.show(SLOW)
    playback.seek(20)
    shown: list[None] = []
    playback.shown_changed.connect(lambda: shown.append(None))
    playback.show(SLOW, 2, 30)
    assert (playback.index, playback.in_frame, playback.out_frame, shown) == (20, 2, 30, [])
    playback.show(FAST, 2)
    assert (playback.index, shown) == (2, [None])


def test_another_clip_goes_on_playing_and_a_still_does_not(playback: Playback, clock: Clock, qtbot: QtBot) -> None:
    playback.show(SLOW)
    playback.play()
    playback.show(FAST)
    assert after(playback, clock, qtbot, 1.01) == 24
    playback.show(STILL)
    assert playback.speed == 0.0
    playback.play()
    assert playback.speed == 0.0
    playback.show(None)
    assert (playback.num_frames, playback.picture(), playback.out_frame) == (0, None, 0)


def test_a_compared_clip_shows_the_same_instant_at_its_own_rate(playback: Playback, link: ScriptedLink) -> None:
    playback.show(SLOW)
    playback.compare(FAST)
    assert playback.compared == FAST
    for index, other in ((0, 0), (7, 14), (47, 94)):
        playback.seek(index)
        playback.compared_picture()
        serve(link)
        assert playback.compared_picture() == jpeg(FAST.media, other)
    playback.show(FAST)
    assert playback.compared is None
    playback.compare(SLOW)
    playback.seek(95)
    playback.compared_picture()
    serve(link)
    assert playback.compared_picture() == jpeg(SLOW.media, 47)
    playback.compare(None)
    assert playback.compared_picture() is None


def test_a_running_jobs_preview_moves_and_sharpens(
    playback: Playback, link: ScriptedLink, clock: Clock, qtbot: QtBot, recipe: Recipe
) -> None:
    playback.show(SLOW)
    run(link, recipe, frames=0)
    playback.show_job("job")
    assert (playback.clip, playback.job_id, playback.num_frames, playback.picture()) == (None, "job", 0, None)
    show_preview(link, 9, "soft ")
    assert (playback.num_frames, playback.fps, playback.picture()) == (9, 12.0, b"soft 0")
    assert after(playback, clock, qtbot, 0.51) == 6
    show_preview(link, 9, "sharp ")
    assert playback.picture() == b"sharp 6"
    playback.set_repeats(False)
    assert after(playback, clock, qtbot, 0.5) == 3
    playback.show(SLOW)
    assert (playback.job_id, playback.speed) == (None, 0.0)


def test_a_preview_with_fewer_frames_keeps_the_playhead_inside(
    playback: Playback, link: ScriptedLink, recipe: Recipe
) -> None:
    run(link, recipe, 9)
    playback.show_job("job")
    playback.step(8)
    show_preview(link, 5)
    assert (playback.index, playback.picture()) == (4, b"4")


def test_showing_a_job_ends_comparing(playback: Playback, link: ScriptedLink, recipe: Recipe) -> None:
    playback.show(SLOW)
    playback.compare(FAST)
    run(link, recipe)
    playback.show_job("job")
    assert playback.compared is None


def test_frames_are_fetched_no_larger_than_they_are_shown(playback: Playback, link: ScriptedLink) -> None:
    def box() -> object:
        playback.picture()
        return link.waiting("frames")[0].ask.arguments[3]

    playback.fit(1000, 700)
    playback.show(FAST)
    assert box() == (1024, 768)
    playback.fit(1010, 710)
    assert len(link.asked) == 1
    playback.fit(2000, 1200)
    assert box() == (None, None)


def test_a_clip_that_fits_is_not_fetched_anew_when_the_window_grows(playback: Playback, link: ScriptedLink) -> None:
    playback.fit(600, 400)
    playback.show(SLOW)
    playback.picture()
    serve(link)
    playback.fit(1600, 900)
    assert playback.picture() == jpeg(SLOW.media, 0)


def test_trouble_is_told_and_tried_again(playback: Playback, link: ScriptedLink) -> None:
    playback.show(SLOW)
    playback.picture()
    told: list[None] = []
    playback.frame_changed.connect(lambda: told.append(None))
    link.refuse("frames", Gone("away"))
    assert playback.trouble == Gone("away")
    assert told
    assert playback.picture() is None
    assert link.waiting("frames") == []
    playback.ask_again()
    playback.picture()
    serve(link)
    assert playback.trouble is None
    assert playback.picture() == jpeg(SLOW.media, 0)


def test_what_has_arrived_is_known(playback: Playback, link: ScriptedLink, recipe: Recipe) -> None:
    playback.show(SLOW)
    assert playback.buffered == []
    playback.picture()
    serve(link)
    assert playback.buffered == [(0, 24)]
    run(link, recipe, 9)
    playback.show_job("job")
    assert playback.buffered == [(0, 9)]


def test_a_range_is_told_once(playback: Playback) -> None:
    playback.show(SLOW)
    told: list[None] = []
    playback.range_changed.connect(lambda: told.append(None))
    playback.set_range(3, 12)
    playback.set_range(3, 12)
    playback.set_range(3, None)
    assert (len(told), playback.in_frame, playback.out_frame) == (2, 3, 48)
