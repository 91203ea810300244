"""Verbs: what a creator does to footage, as pure functions from clips to recipes."""

import math
from dataclasses import dataclass, replace

from engine.protocol.condition import Condition, Source
from engine.protocol.media import MediaItem
from engine.protocol.model_card import ModelCard
from engine.protocol.problem import Problem, ProblemsError
from engine.protocol.recipe import Recipe
from engine.protocol.rules import LARGEST_FPS, MOST_TAKE_FRAMES
from engine.protocol.sections import context
from engine.protocol.splice import Kept, Sound, Splice

CROSSFADE_FRAMES = 4
"""Of a kept part at each seam, blended with the model's view of the same instants."""
UNSEEN_STRETCH = 0.03


def extend(draft: Recipe, card: ModelCard, clip: MediaItem, seconds: float, *, at: int | None = None) -> Recipe:
    """The clip up to its frame `at` (its last by default), and `seconds` of new frames that go on from there.

    This and every other verb takes all that is not said by the footage from `draft`: prompt, size, rate of the
    model, steps, seed. Frames are counted on the clip's constant grid.

    Raises:
        ProblemsError: for footage or times that cannot be used.
    """
    fps = _rate(clip)
    edge = clip.num_frames - 1 if at is None else _frame("at", at, clip)
    new = _frames("seconds", seconds, fps)
    part = _part(draft, card, _Seams(tail=_Edge(clip, edge)), new, fps)
    kept = Kept(media=clip.sha256, first_frame=0, num_frames=edge + 1)
    sound = _sound(clip, 0, edge + 1)
    return _joined(draft, part, clip, before=kept, sound=sound)


def extend_backward(
    draft: Recipe, card: ModelCard, clip: MediaItem, seconds: float, *, at: int | None = None
) -> Recipe:
    """`seconds` of new frames that lead up to the clip from its frame `at` (its first by default) on."""
    fps = _rate(clip)
    edge = 0 if at is None else _frame("at", at, clip)
    new = _frames("seconds", seconds, fps)
    part = _part(draft, card, _Seams(head=_Edge(clip, edge)), new, fps)
    kept = Kept(media=clip.sha256, first_frame=edge, num_frames=clip.num_frames - edge)
    sound = _sound(clip, edge, clip.num_frames - edge, at_s=new / fps)
    return _joined(draft, part, clip, after=kept, sound=sound)


def loop(draft: Recipe, card: ModelCard, clip: MediaItem, seconds: float) -> Recipe:
    """The whole clip, and `seconds` of new frames that lead from its end back to its beginning."""
    fps = _rate(clip)
    seams = _Seams(tail=_Edge(clip, clip.num_frames - 1), head=_Edge(clip, 0))
    part = _part(draft, card, seams, _frames("seconds", seconds, fps), fps)
    kept = Kept(media=clip.sha256, first_frame=0, num_frames=clip.num_frames)
    return _joined(draft, part, clip, before=kept, loops=True, sound=_sound(clip, 0, clip.num_frames))


def bridge(
    draft: Recipe,
    card: ModelCard,
    clip: MediaItem,
    behind: MediaItem,
    seconds: float,
    *,
    at: tuple[int | None, int] = (None, 0),
) -> Recipe:
    """A clip of its own, at the first one's size and rate, that leads from one to the other.

    `at` are the frames that it goes on from (the last by default) and leads to.
    """
    fps = _rate(clip)
    _rate(behind, "behind")
    last = clip.num_frames - 1 if at[0] is None else _frame("at", at[0], clip)
    seams = _Seams(tail=_Edge(clip, last), head=_Edge(behind, _frame("behind", at[1], behind)))
    part = _part(draft, card, seams, _frames("seconds", seconds, fps), fps)
    return _joined(draft, part.without_overlap(), clip)


def retake(draft: Recipe, card: ModelCard, clip: MediaItem, start_s: float, end_s: float) -> Recipe:
    """The clip with the frames from `start_s` to before `end_s` made anew; what is heard stays."""
    fps = _rate(clip)
    first, end = (_instant(name, s, clip) for name, s in (("from", start_s), ("to", end_s)))
    if first >= end:
        raise _problem("to", "too_small", end_s, f"--to has to lie behind --from ({start_s:g} s)")
    if end - first == clip.num_frames:
        raise _problem("from", "unsupported", start_s, "that is the whole clip: remix it, or generate a new one")
    before = Kept(media=clip.sha256, first_frame=0, num_frames=first) if first else None
    after = None
    if end < clip.num_frames:
        after = Kept(media=clip.sha256, first_frame=end, num_frames=clip.num_frames - end)
    seams = _Seams(tail=_Edge(clip, first - 1) if before else None, head=_Edge(clip, end) if after else None)
    part = _part(draft, card, seams, end - first, fps)
    return _joined(draft, part, clip, before=before, after=after, sound=_sound(clip, 0, clip.num_frames))


def remix(draft: Recipe, card: ModelCard, clip: MediaItem, strength: float) -> Recipe:
    """Every frame of the clip made anew from itself, as far away as `strength` (0 to 1) allows; its sound stays."""
    fps = _rate(clip)
    step = _step(draft, fps)
    frames = _on_grid((clip.num_frames - 1) * step + 1, card)
    try:
        source = Source(media=clip.sha256, strength=strength)
    except ValueError:
        raise _problem("source.strength", "invalid", None, f"{strength} is no number from 0 to 1") from None
    part = _Part(frames, (), draft.fps, clip.num_frames, 0.0, step, overlap=0)
    return _joined(draft, part, clip, sound=_sound(clip, 0, clip.num_frames)).changed(source=source)


def matched_size(clip: MediaItem, card: ModelCard) -> tuple[int, int]:
    """The model's size whose shape comes nearest to the clip's, about as large as its default."""
    if _allows(card, clip.width, clip.height):
        return clip.width, clip.height
    rule, wanted = card.size, clip.width / clip.height
    usual = card.defaults.width * card.defaults.height
    edges = range(-(-rule.smallest_edge // rule.multiple) * rule.multiple, rule.largest_edge + 1, rule.multiple)
    sizes = [(w, h) for w in edges for h in edges if w * h <= rule.largest_pixels]
    near = [(w, h) for w, h in sizes if usual <= 2 * w * h <= 4 * usual] or sizes

    def distance(size: tuple[int, int]) -> tuple[float, float, int]:
        """From the clip's shape, then from the default's size, then the larger; equal ones are equal everywhere.

        Frames are stretched to the model's shape and back, which nobody sees up to a few hundredths.
        """
        (w, h), digits = size, 9
        stretched = max(0.0, round(abs(math.log(w / h / wanted)) - UNSEEN_STRETCH, digits))
        return stretched, round(abs(math.log(w * h / usual)), digits), -w * h

    return min(near, key=distance)


@dataclass(frozen=True)
class _Edge:
    """The kept frame next to new ones, on the clip's grid."""

    clip: MediaItem
    frame: int

    @property
    def time_s(self) -> float:
        return self.frame / _rate(self.clip)

    @property
    def rest_s(self) -> float:
        return (self.clip.num_frames - 1 - self.frame) / _rate(self.clip)


@dataclass(frozen=True)
class _Seams:
    """What the new frames go on from, and what they lead to."""

    tail: _Edge | None = None
    head: _Edge | None = None


@dataclass(frozen=True)
class _Part:
    """What the model makes: its frames and conditions, and which of its frames the joined clip shows."""

    num_frames: int
    conditions: tuple[Condition, ...]
    fps: float
    new_frames: int
    first_position: float
    frame_step: float
    overlap: int

    def without_overlap(self) -> "_Part":
        """Only the frames that stand for themselves."""
        both = self.overlap * len(self.conditions)
        first = self.first_position + self.overlap * self.frame_step
        return replace(self, new_frames=self.new_frames - both, first_position=first, overlap=0)


def _part(draft: Recipe, card: ModelCard, seams: _Seams, new: int, fps: float) -> _Part:
    """`new` frames of the joined clip at `fps`, with the footage on one or both sides of them as conditions."""
    tail, head, step = seams.tail, seams.head, _step(draft, fps)
    rate, behind, ahead = draft.fps, *_given(seams, card, draft.fps)
    frames = _on_grid(behind + ahead + new * step, card)
    if tail and head:
        # Both ends are given, and the model has only some lengths: its rate is what fits the time between them.
        gap, frames = max(1, round((new + 1) * step / card.frames.step)) * card.frames.step, 0
        while frames < _on_grid(1, card):
            step = gap / (new + 1)
            rate = min(max(step * fps, 1.0), LARGEST_FPS)
            behind, ahead = _given(seams, card, rate)
            frames, gap = behind + ahead + gap - 1, gap + card.frames.step
    known = min(k for k in (behind, ahead) if k)
    overlap = 0 if known == 1 else min(CROSSFADE_FRAMES, int((known - 1) / step + 1e-6) + 1)
    first = behind - 1 - (overlap - 1) * step if tail else frames - ahead - new * step
    conditions: list[Condition] = []
    if tail:
        start_s = max(0.0, tail.time_s - (behind - 1) / rate)
        conditions.append(Condition(media=tail.clip.sha256, num_frames=behind, start_s=start_s))
    if head:
        index = frames - ahead
        conditions.append(Condition(media=head.clip.sha256, frame_index=index, num_frames=ahead, start_s=head.time_s))
    new += overlap * len(conditions)
    return _Part(frames, tuple(conditions), rate, new, max(0.0, first), step, overlap)


def _given(seams: _Seams, card: ModelCard, rate: float) -> tuple[int, int]:
    """How many frames the model is given of what is behind and ahead of the new ones, at its rate."""
    behind = context(card, int(seams.tail.time_s * rate + 1e-6) + 1) if seams.tail else 0
    ahead = context(card, int(seams.head.rest_s * rate + 1e-6) + 1) if seams.head else 0
    return behind, ahead


def _joined(draft: Recipe, part: _Part, clip: MediaItem, **fields: object) -> Recipe:
    splice = Splice.model_validate(
        {
            "width": clip.width,
            "height": clip.height,
            "fps": _rate(clip),
            "overlap_frames": part.overlap,
            "new_frames": part.new_frames,
            "first_position": part.first_position,
            "frame_step": part.frame_step,
            **fields,
        }
    )
    made = {"num_frames": part.num_frames, "fps": part.fps, "conditions": part.conditions, "splice": splice}
    return draft.changed(**made, source=None, loop=False)


def _sound(clip: MediaItem, first: int, count: int, at_s: float = 0.0) -> Sound | None:
    fps = _rate(clip)
    if not clip.has_audio:
        return None
    return Sound(media=clip.sha256, start_s=first / fps, duration_s=count / fps, at_s=at_s)


def _step(draft: Recipe, fps: float) -> float:
    """How many frames the model makes in the time of one frame at `fps`."""
    nearest = min(max(draft.fps, 1.0), LARGEST_FPS)
    if draft.fps != nearest:
        kind = "too_small" if draft.fps < nearest else "too_large"
        raise ProblemsError([Problem(field="fps", kind=kind, value=draft.fps, nearest=nearest)])
    return draft.fps / fps


def _on_grid(frames: float, card: ModelCard) -> int:
    """The next length that the model has."""
    rule = card.frames
    return math.ceil((max(frames, rule.smallest) - 1 - 1e-6) / rule.step) * rule.step + 1


def _allows(card: ModelCard, width: int, height: int) -> bool:
    rule = card.size
    fits = all(e % rule.multiple == 0 and rule.smallest_edge <= e <= rule.largest_edge for e in (width, height))
    return fits and width * height <= rule.largest_pixels


def _rate(clip: MediaItem, field: str = "clip") -> float:
    if clip.kind != "clip":
        raise _problem(field, "unsupported", None, "an image: `animate` makes a clip of it")
    if clip.num_frames < 1 or not clip.fps:
        raise _problem(field, "unsupported", None, "its frames cannot be counted: convert it to MP4 first")
    return clip.fps


def _frames(field: str, seconds: float, fps: float) -> int:
    if not math.isfinite(seconds) or seconds <= 0:
        raise _problem(field, "invalid", None, f"{seconds} is no length in seconds")
    if seconds * fps > MOST_TAKE_FRAMES:
        nearest = math.floor(MOST_TAKE_FRAMES / fps)
        raise ProblemsError([Problem(field=field, kind="too_large", value=seconds, nearest=nearest)])
    return max(1, round(seconds * fps))


def _frame(field: str, frame: int, clip: MediaItem) -> int:
    if not 0 <= frame < clip.num_frames:
        nearest = min(max(frame, 0), clip.num_frames - 1)
        raise ProblemsError([Problem(field=field, kind="outside_clip", value=frame, nearest=nearest)])
    return frame


def _instant(field: str, at_s: float, clip: MediaItem) -> int:
    """A time as a border between frames, from 0 to the clip's length."""
    length_s = clip.num_frames / _rate(clip)
    if not math.isfinite(at_s):
        raise _problem(field, "invalid", None, f"{at_s} is no time in seconds")
    if not 0 <= at_s <= length_s + 1e-3:
        nearest = round(min(max(at_s, 0.0), length_s), 3)
        raise ProblemsError([Problem(field=field, kind="outside_clip", value=at_s, nearest=nearest)])
    return min(round(at_s * _rate(clip)), clip.num_frames)


def _problem(field: str, kind: str, value: float | None, detail: str) -> ProblemsError:
    return ProblemsError([Problem.model_validate({"field": field, "kind": kind, "value": value, "detail": detail})])
