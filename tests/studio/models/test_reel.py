"""Frames come before they are needed, in the size they are seen in, and never over and over after trouble."""

from collections.abc import Callable

import pytest

from engine.protocol.clip_frames import ClipFrames
from studio.link.scripted import ScriptedLink
from studio.link.state import Connected, Lost
from studio.link.trouble import Gone, Refused, Trouble
from studio.models import reel as reel_module
from studio.models.reel import BATCH, Reel

FRAMES = 200
CLIP, OTHER = "a" * 64, "b" * 64


class Bringing:
    """What a reel wants the engine to be given."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.done: Callable[[], None] = lambda: None
        self.failed: Callable[[Trouble], None] = lambda _: None

    def __call__(self, media: str, done: Callable[[], None], failed: Callable[[Trouble], None]) -> None:
        self.asked.append(media)
        self.done, self.failed = done, failed


@pytest.fixture
def bringing() -> Bringing:
    return Bringing()


@pytest.fixture
def reel(link: ScriptedLink, bringing: Bringing) -> Reel:
    made = Reel(link, bringing, "viewer")
    made.load(CLIP)
    return made


def jpeg(index: int) -> bytes:
    return f"frame {index}".encode()


def asked(link: ScriptedLink) -> list[tuple[int, int]]:
    """First and count of every ask that waits."""
    return [ticket.ask.arguments[1:3] for ticket in link.waiting("frames")]


def answer(link: ScriptedLink, most: int = BATCH, total: int = FRAMES) -> None:
    """The engine's answer to the ask that waits; it may bring fewer frames than were asked for."""
    _, first, count, _ = link.waiting("frames")[0].ask.arguments
    shown = tuple(jpeg(index) for index in range(first, min(first + min(count, most), total)))
    link.answer("frames", ClipFrames(first, total, 24.0, 64, 48, shown))


def test_a_frame_comes_with_those_behind_it(reel: Reel, link: ScriptedLink) -> None:
    assert reel.frame(3) is None
    assert asked(link) == [(3, BATCH)]
    answer(link)
    assert reel.frame(3) == jpeg(3)
    assert reel.frame(3 + BATCH - 1) == jpeg(3 + BATCH - 1)
    assert reel.buffered() == [(3, 3 + BATCH)]


def test_the_next_ones_are_fetched_ahead_until_there_are_enough(reel: Reel, link: ScriptedLink) -> None:
    reel.arrived.connect(lambda: reel.frame(0))
    reel.frame(0)
    batches = 0
    while asked(link):
        answer(link)
        batches += 1
    assert batches == 3
    assert reel.buffered() == [(0, 3 * BATCH)]


def test_going_backward_fetches_what_is_before(reel: Reel, link: ScriptedLink) -> None:
    reel.frame(100)
    answer(link)
    reel.frame(99)
    assert asked(link) == [(99 - BATCH + 1, BATCH)]
    answer(link)
    assert reel.frame(98) == jpeg(98)
    assert asked(link) == [(99 - 2 * BATCH + 1, BATCH)]


def test_nothing_is_asked_for_behind_the_end(reel: Reel, link: ScriptedLink) -> None:
    reel.frame(0)
    answer(link, total=10)
    assert reel.frame(9) == jpeg(9)
    assert asked(link) == []
    assert reel.total_frames == 10


def test_an_answer_that_is_cut_short_is_asked_for_further(reel: Reel, link: ScriptedLink) -> None:
    reel.frame(0)
    answer(link, most=5)
    assert reel.frame(7) is None
    assert asked(link) == [(7, BATCH)]


def test_a_still_thumbnail_asks_for_one_frame(reel: Reel, link: ScriptedLink) -> None:
    reel.frame(50, ahead=1)
    assert asked(link) == [(50, 1)]
    answer(link)
    assert reel.frame(50, ahead=1) == jpeg(50)
    assert asked(link) == []


def test_the_same_is_not_asked_for_twice(reel: Reel, link: ScriptedLink) -> None:
    for index in (0, 0, 1, 5):
        reel.frame(index)
    assert len(link.asked) == 1


def test_a_jump_replaces_what_waits(reel: Reel, link: ScriptedLink) -> None:
    reel.frame(0)
    reel.frame(150)
    assert asked(link) == [(150, BATCH)]
    answer(link)
    assert reel.frame(150) == jpeg(150)


def test_answers_for_another_clip_or_size_are_dropped(reel: Reel, link: ScriptedLink) -> None:
    reel.frame(0)
    late = link.asked[0].done
    assert late is not None
    reel.load(OTHER)
    late(ClipFrames(0, FRAMES, 24.0, 64, 48, (jpeg(0),)))
    assert reel.frame(0) is None
    reel.load(OTHER, (256, 256))
    assert link.waiting("frames")[0].ask.arguments[0] == OTHER
    reel.frame(0)
    assert link.waiting("frames")[0].ask.arguments[3] == (256, 256)


def test_a_file_that_the_engine_lacks_is_brought_to_it(reel: Reel, link: ScriptedLink, bringing: Bringing) -> None:
    reel.frame(30)
    link.refuse("frames", Refused(404, "no such medium"))
    assert bringing.asked == [CLIP]
    reel.frame(31)
    assert asked(link) == []
    bringing.done()
    answer(link)
    assert reel.frame(30) == jpeg(30)


def test_after_trouble_it_asks_again_only_when_told_or_when_the_engine_is_back(
    reel: Reel, link: ScriptedLink, bringing: Bringing
) -> None:
    troubles: list[Trouble] = []
    reel.failed.connect(troubles.append)
    reel.frame(0)
    link.refuse("frames", Gone("away"))
    bringing.failed(Gone("away"))
    assert reel.trouble == Gone("away")
    assert troubles == [Gone("away")]
    assert reel.frame(0) is None
    assert asked(link) == []
    link.become(Lost("away", 1))
    assert reel.frame(0) is None
    assert asked(link) == []
    link.become(Connected())
    assert reel.trouble is None
    reel.frame(0)
    assert asked(link) == [(0, BATCH)]
    link.refuse("frames", Gone("away"))
    bringing.failed(Gone("away"))
    reel.again()
    reel.frame(0)
    assert asked(link) == [(0, BATCH)]


def test_what_was_seen_longest_ago_is_forgotten(
    reel: Reel, link: ScriptedLink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reel_module, "MOST_BYTES", 30 * len(jpeg(10)))
    reel.frame(100)
    answer(link)
    reel.frame(10)
    answer(link)
    assert reel.frame(10) == jpeg(10)
    assert (100, 101) not in reel.buffered()
    assert reel.frame(10 + BATCH - 1) == jpeg(10 + BATCH - 1)


def test_no_clip_no_frames(reel: Reel, link: ScriptedLink) -> None:
    assert reel.frame(-1) is None
    reel.load(None)
    assert reel.frame(0) is None
    assert reel.buffered() == []
    assert link.asked == []
