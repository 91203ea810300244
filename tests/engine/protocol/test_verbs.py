"""Verbs: what the model makes and what is kept agree in time, for every clip, draft and model."""

from collections.abc import Sequence

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from engine.protocol import verbs
from engine.protocol.condition import Condition
from engine.protocol.home import RESOURCES
from engine.protocol.media import MediaItem
from engine.protocol.model_card import ModelCard, read_card
from engine.protocol.problem import Problem, ProblemsError
from engine.protocol.recipe import Recipe
from engine.protocol.rules import LARGEST_FPS, problems
from engine.protocol.sections import is_backward
from engine.protocol.splice import Splice

STARTER = read_card(RESOURCES / "models" / "starter.toml")
CARDS = [
    STARTER,
    STARTER.changed(frames={"step": 8, "smallest": 9, "largest": 257}, context_frames=9),
    STARTER.changed(frames={"step": 8, "smallest": 1, "largest": 257}, context_frames=17),
    STARTER.changed(frames={"step": 4, "smallest": 22, "largest": 49}, context_frames=25),
]
DRAFT = Recipe(
    model="starter",
    prompt="a beach",
    width=64,
    height=64,
    num_frames=9,
    fps=12,
    num_inference_steps=3,
    guidance_scale=3.0,
    seed=7,
)
TOLERANCE_S = 1e-6


def a_clip(num_frames: int = 100, fps: float = 25.0, *, name: str = "aa", has_audio: bool = True) -> MediaItem:
    return MediaItem(
        sha256=name * 32,
        kind="clip",
        format="mp4",
        size_bytes=1,
        width=1921,
        height=1080,
        num_frames=num_frames,
        fps=fps,
        duration_s=num_frames / fps,
        has_audio=has_audio,
    )


rates = st.sampled_from([1.0, 12.0, 24000 / 1001, 23.976, 25.0, 29.97, 30000 / 1001, 60.0, 120.0]) | st.floats(1, 120)
lengths = st.integers(1, 30) | st.integers(1, 20_000)
clips = st.builds(a_clip, lengths, rates, has_audio=st.booleans())
cards = st.sampled_from(CARDS)
drafts = st.builds(
    lambda fps: DRAFT.changed(fps=fps),
    st.sampled_from([1.0, 8.0, 12.0, 23.976, 24.0, 25.0, 30.0, 60.0]) | st.floats(1, 60),
)
times = st.floats(0.01, 2) | st.floats(0.01, 60)


def spliced(recipe: Recipe, card: ModelCard) -> Splice:
    """The recipe's splice; it fits the card but for its length, and its positions lie in the model's clip."""
    assert [p for p in problems(recipe, card) if not _of_length(p)] == []
    splice = recipe.splice
    assert splice is not None
    assert 0 <= splice.first_position <= splice.last_position <= recipe.num_frames - 1 + 1e-6
    assert all(splice.overlap_frames <= kept.num_frames for kept in splice.kept)
    return splice


def _of_length(problem: Problem) -> bool:
    return (problem.field, problem.kind) in [("num_frames", "too_large"), ("splice", "too_long")]


def instants(recipe: Recipe, condition: Condition, frames: Sequence[int]) -> list[float]:
    """The times in the condition's clip that the model shows at these of the new frames, at the model's own rate."""
    splice = recipe.splice
    assert splice is not None
    positions = [splice.first_position + frame * splice.frame_step for frame in frames]
    return [condition.start_s + (position - condition.frame_index) / recipe.fps for position in positions]


def assert_from(condition: Condition, clip: MediaItem, recipe: Recipe, *, first_s: float, last_s: float) -> None:
    """Its frames lie within these times of the clip, and within the clip."""
    assert clip.fps
    end_s = condition.start_s + (condition.num_frames - 1) / recipe.fps
    assert condition.media == clip.sha256
    assert condition.strength == 1
    assert max(0.0, first_s - TOLERANCE_S) <= condition.start_s
    assert end_s <= min(last_s, (clip.num_frames - 1) / clip.fps) + TOLERANCE_S


def assert_meets(recipe: Recipe, new: int) -> None:
    """The new frames lie evenly between the last frame that is known before them and the first one behind them."""
    splice, (tail, head) = recipe.splice, recipe.conditions
    assert splice is not None
    overlap, (first, step) = splice.overlap_frames, (splice.first_position, splice.frame_step)
    assert tail.frame_index == 0
    assert first + (overlap - 1) * step == pytest.approx(tail.num_frames - 1, abs=1e-6)
    assert first + (overlap + new) * step == pytest.approx(head.frame_index, abs=1e-6)
    assert head.frame_index + head.num_frames == recipe.num_frames
    if 1 < recipe.fps < LARGEST_FPS:  # the model's rate is such that its frames show the instants they stand for
        assert recipe.fps == pytest.approx(step * splice.fps)


def assert_sounds(splice: Splice, clip: MediaItem, first: int, count: int, at_s: float = 0.0) -> None:
    assert (splice.sound is not None) == clip.has_audio
    if splice.sound is not None:
        assert clip.fps
        assert splice.sound.media == clip.sha256
        assert splice.sound.start_s == pytest.approx(first / clip.fps)
        assert splice.sound.duration_s == pytest.approx(count / clip.fps)
        assert splice.sound.at_s == pytest.approx(at_s)


@given(clips, drafts, cards, times, st.data())
@example(a_clip(2, 24.0), DRAFT, STARTER, 1.0, None)
@settings(deadline=None)
def test_extend(clip: MediaItem, draft: Recipe, card: ModelCard, seconds: float, data: st.DataObject | None) -> None:
    at = data.draw(st.none() | st.integers(0, clip.num_frames - 1)) if data else None
    recipe = verbs.extend(draft, card, clip, seconds, at=at)
    splice, fps, (tail,) = spliced(recipe, card), clip.fps or 0, recipe.conditions
    kept, overlap, new = splice.before, splice.overlap_frames, max(1, round(seconds * fps))
    assert kept is not None
    assert (kept.first_frame, kept.num_frames) == (0, clip.num_frames if at is None else at + 1)
    assert splice.after is None
    assert not splice.loops
    assert splice.num_frames == kept.num_frames + new
    assert (splice.width, splice.height, splice.fps) == (1921, 1080, fps)
    last_s = (kept.num_frames - 1) / fps
    assert tail.frame_index == 0
    assert tail.start_s + (tail.num_frames - 1) / recipe.fps == pytest.approx(last_s, abs=TOLERANCE_S)
    assert_from(tail, clip, recipe, first_s=0, last_s=last_s)
    shown = range(splice.new_frames)
    wanted = [(kept.num_frames - overlap + frame) / fps for frame in (shown[0], shown[-1])]
    assert instants(recipe, tail, [shown[0], shown[-1]]) == pytest.approx(wanted, abs=TOLERANCE_S)
    assert not is_backward(recipe)
    assert_sounds(splice, clip, 0, kept.num_frames)


@given(clips, drafts, cards, times, st.data())
@settings(deadline=None)
def test_extend_backward(clip: MediaItem, draft: Recipe, card: ModelCard, seconds: float, data: st.DataObject) -> None:
    at = data.draw(st.none() | st.integers(0, clip.num_frames - 1))
    recipe = verbs.extend_backward(draft, card, clip, seconds, at=at)
    splice, fps, (head,) = spliced(recipe, card), clip.fps or 0, recipe.conditions
    kept, first, new = splice.after, at or 0, max(1, round(seconds * fps))
    assert kept is not None
    assert (kept.first_frame, kept.num_frames) == (first, clip.num_frames - first)
    assert splice.before is None
    assert splice.num_frames == kept.num_frames + new
    assert head.frame_index + head.num_frames == recipe.num_frames
    assert head.start_s == pytest.approx(first / fps, abs=TOLERANCE_S)
    assert_from(head, clip, recipe, first_s=first / fps, last_s=(clip.num_frames - 1) / fps)
    ends = [0, splice.new_frames - 1]
    wanted = [(first - new + frame) / fps for frame in ends]
    assert instants(recipe, head, ends) == pytest.approx(wanted, abs=TOLERANCE_S)
    assert is_backward(recipe)
    assert_sounds(splice, clip, first, kept.num_frames, at_s=new / fps)


@given(clips, drafts, cards, times)
@settings(deadline=None)
def test_loop(clip: MediaItem, draft: Recipe, card: ModelCard, seconds: float) -> None:
    recipe = verbs.loop(draft, card, clip, seconds)
    splice, fps, (tail, head) = spliced(recipe, card), clip.fps or 0, recipe.conditions
    kept, new = splice.before, max(1, round(seconds * fps))
    assert kept is not None
    assert (kept.first_frame, kept.num_frames) == (0, clip.num_frames)
    assert splice.loops
    assert splice.num_frames == clip.num_frames + new
    assert_meets(recipe, new)
    last_s = (clip.num_frames - 1) / fps
    assert tail.start_s + (tail.num_frames - 1) / recipe.fps == pytest.approx(last_s, abs=TOLERANCE_S)
    assert_from(tail, clip, recipe, first_s=0, last_s=last_s)
    assert head.start_s == 0
    assert_from(head, clip, recipe, first_s=0, last_s=last_s)
    assert not recipe.loop
    assert_sounds(splice, clip, 0, clip.num_frames)


@given(clips, st.builds(a_clip, lengths, rates, name=st.just("bb")), drafts, cards, times)
@settings(deadline=None)
def test_bridge(clip: MediaItem, behind: MediaItem, draft: Recipe, card: ModelCard, seconds: float) -> None:
    recipe = verbs.bridge(draft, card, clip, behind, seconds)
    splice, fps, (tail, head) = spliced(recipe, card), clip.fps or 0, recipe.conditions
    new = max(1, round(seconds * fps))
    assert splice.num_frames == splice.new_frames == new
    assert splice.kept == ()
    assert splice.overlap_frames == 0
    assert splice.sound is None
    assert (splice.width, splice.height, splice.fps) == (1921, 1080, fps)
    assert_meets(recipe, new)  # without an overlap: one step behind the one, one step before the other
    last_s = (clip.num_frames - 1) / fps
    assert tail.start_s + (tail.num_frames - 1) / recipe.fps == pytest.approx(last_s, abs=TOLERANCE_S)
    assert_from(tail, clip, recipe, first_s=0, last_s=last_s)
    assert head.start_s == 0
    assert_from(head, behind, recipe, first_s=0, last_s=(behind.num_frames - 1) / (behind.fps or 0))


@given(clips, st.builds(a_clip, lengths, rates, name=st.just("bb")), drafts, cards, st.data())
@settings(deadline=None)
def test_bridge_between_frames(
    clip: MediaItem, behind: MediaItem, draft: Recipe, card: ModelCard, data: st.DataObject
) -> None:
    at = tuple(data.draw(st.integers(0, each.num_frames - 1)) for each in (clip, behind))
    recipe = verbs.bridge(draft, card, clip, behind, 1.0, at=(at[0], at[1]))
    tail, head = recipe.conditions
    assert tail.start_s + (tail.num_frames - 1) / recipe.fps == pytest.approx(at[0] / (clip.fps or 0), abs=TOLERANCE_S)
    assert head.start_s == pytest.approx(at[1] / (behind.fps or 0), abs=TOLERANCE_S)
    with pytest.raises(ProblemsError, match="behind: outside_clip"):
        verbs.bridge(draft, card, clip, behind, 1.0, at=(0, behind.num_frames))


@st.composite
def ranges(draw: st.DrawFn) -> tuple[MediaItem, int, int]:
    """A clip, and a range of its frames that leaves some."""
    clip = draw(clips.filter(lambda clip: clip.num_frames > 1))
    first = draw(st.just(0) | st.integers(0, clip.num_frames - 1))
    end = draw(st.just(clip.num_frames) | st.integers(first + 1, clip.num_frames))
    return (clip, first, end) if end - first < clip.num_frames else (clip, 1, end)


@given(ranges(), drafts, cards, st.floats(-0.4, 0.4), st.floats(-0.4, 0.4))
@settings(deadline=None)
def test_retake(case: tuple[MediaItem, int, int], draft: Recipe, card: ModelCard, early: float, late: float) -> None:
    clip, first, end = case
    fps, new = clip.fps or 0, end - first
    start_s, end_s = max(0.0, (first + early) / fps), min(clip.num_frames, end + late) / fps
    recipe = verbs.retake(draft, card, clip, start_s, end_s)
    splice = spliced(recipe, card)
    before, after, overlap = splice.before, splice.after, splice.overlap_frames
    assert (before.num_frames if before else 0) == first
    assert (after.num_frames if after else 0) == clip.num_frames - end
    assert before is None or before.first_frame == 0
    assert after is None or after.first_frame == end
    assert splice.num_frames == clip.num_frames
    assert_sounds(splice, clip, 0, clip.num_frames)
    if before:
        tail = recipe.conditions[0]
        last_s = (first - 1) / fps
        assert tail.start_s + (tail.num_frames - 1) / recipe.fps == pytest.approx(last_s, abs=TOLERANCE_S)
        assert_from(tail, clip, recipe, first_s=0, last_s=last_s)
    if after:
        head = recipe.conditions[-1]
        assert head.start_s == pytest.approx(end / fps, abs=TOLERANCE_S)
        assert_from(head, clip, recipe, first_s=end / fps, last_s=(clip.num_frames - 1) / fps)
    if before and after:
        assert_meets(recipe, new)
        return
    (known,) = recipe.conditions
    ends = [0, splice.new_frames - 1]
    wanted = [(first - (overlap if before else 0) + frame) / fps for frame in ends]
    assert instants(recipe, known, ends) == pytest.approx(wanted, abs=TOLERANCE_S)
    assert is_backward(recipe) == (before is None)


@given(clips, drafts, cards, st.floats(0.34, 1))
@settings(deadline=None)
def test_remix(clip: MediaItem, draft: Recipe, card: ModelCard, strength: float) -> None:
    recipe = verbs.remix(draft, card, clip, strength)
    splice, fps = spliced(recipe, card), clip.fps or 0
    assert recipe.source is not None
    assert (recipe.source.media, recipe.source.strength) == (clip.sha256, strength)
    assert recipe.conditions == splice.kept == ()
    assert splice.num_frames == clip.num_frames
    whole = Condition(media=clip.sha256)
    assert instants(recipe, whole, [0, clip.num_frames - 1]) == pytest.approx(
        [0, (clip.num_frames - 1) / fps], abs=TOLERANCE_S
    )
    assert recipe.num_frames - 1 - splice.last_position < max(card.frames.step, card.frames.smallest + 4)
    assert_sounds(splice, clip, 0, clip.num_frames)


@given(clips, cards, times)
@settings(deadline=None)
def test_what_the_footage_does_not_say_is_the_draft_s(clip: MediaItem, card: ModelCard, seconds: float) -> None:
    recipe = verbs.extend(DRAFT, card, clip, seconds)
    left = {"num_frames": DRAFT.num_frames, "conditions": (), "splice": None}
    assert recipe.changed(**left) == DRAFT


def test_extend_in_numbers() -> None:
    recipe = verbs.extend(DRAFT, STARTER, a_clip(100, 24.0), 2.0)
    splice, (tail,) = recipe.splice, recipe.conditions
    assert splice is not None
    assert (tail.num_frames, tail.start_s) == (9, pytest.approx(99 / 24 - 8 / 12))
    assert recipe.num_frames == 33  # 9 known ones and 24 for two seconds
    assert (splice.overlap_frames, splice.new_frames) == (4, 52)
    assert (splice.first_position, splice.frame_step, splice.last_position) == (6.5, 0.5, 32.0)


def test_a_retake_in_numbers() -> None:
    recipe = verbs.retake(DRAFT, STARTER, a_clip(96, 12.0), 2.0, 4.0)
    splice, (tail, head) = recipe.splice, recipe.conditions
    assert splice is not None
    assert recipe.fps == pytest.approx(12 * 24 / 25)
    assert (tail.num_frames, tail.start_s) == (9, pytest.approx(23 / 12 - 8 / recipe.fps))
    assert (head.num_frames, head.frame_index, head.start_s) == (9, 32, 4.0)
    assert recipe.num_frames == 41  # 9 known ones before, 23 between, 9 behind
    assert (splice.overlap_frames, splice.new_frames) == (4, 32)
    assert splice.frame_step == pytest.approx(24 / 25)


@pytest.mark.parametrize("num_frames", [1, 2, 3, 4, 6])
def test_a_clip_that_is_shorter_than_what_the_model_is_given(num_frames: int) -> None:
    recipe = verbs.loop(DRAFT, STARTER, a_clip(num_frames, 12.0), 1.0)
    known = 5 if num_frames == 6 else 1
    assert [condition.num_frames for condition in recipe.conditions] == [known, known]
    assert recipe.splice is not None
    assert recipe.splice.overlap_frames == (4 if num_frames == 6 else 0)
