"""Film: clips one behind the other on a time axis, with transitions and sound, that become one file."""

from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt, model_validator

from engine.protocol.frozen import Frozen
from engine.protocol.problem import Problem

Transition = Literal["cut", "crossfade", "dip"]
"""To the next clip; a dip goes through black."""
Edge = Annotated[int, Field(ge=16, le=16384)]


class FilmClip(Frozen):
    """A stretch of a clip (or a picture, held) as it is seen in the film.

    Attributes:
        media: sha256 (hex) of the file.
        fps: of the file's own constant grid of frames, in which the stretch is counted.
        first_frame, num_frames: the stretch; of a picture, for how many frames of `fps` it is held.
        transition, transition_s: how the clip leads to the next one, and how long that takes. A crossfade shows both
            clips at once, so that the film is shorter by it; a dip fades the end of one and the beginning of the other.
        has_sound: the file's own sound is heard with it.
    """

    media: str
    fps: PositiveFloat
    first_frame: NonNegativeInt = 0
    num_frames: PositiveInt
    transition: Transition = "cut"
    transition_s: NonNegativeFloat = 0.5
    has_sound: bool = False


class FilmSound(Frozen):
    """Part of a file's sound, laid under the film.

    Attributes:
        media: sha256 (hex) of the file.
        start_s, duration_s: the part that is heard, in the file's own time; None is up to its end.
        at_s: when it begins in the film.
        gain_db: louder or softer.
        fade_in_s, fade_out_s: at the ends of what is heard.
    """

    media: str
    start_s: NonNegativeFloat = 0.0
    duration_s: PositiveFloat | None = None
    at_s: NonNegativeFloat = 0.0
    gain_db: Annotated[float, Field(ge=-60, le=24)] = 0.0
    fade_in_s: NonNegativeFloat = 0.0
    fade_out_s: NonNegativeFloat = 0.0


class Film(Frozen):
    """Everything that decides a film's pictures and sound.

    Attributes:
        width, height, fps: of the film. Clips of another shape are padded with black, or cropped to fill it.
        retiming: how clips of another rate get frames of the film's: by optical flow, or each the nearest one again.
        loudness_lufs: what the whole sound is brought to (EBU R 128); None leaves it as it is.
    """

    width: Edge
    height: Edge
    fps: Annotated[float, Field(ge=1, le=120)]
    clips: Annotated[tuple[FilmClip, ...], Field(min_length=1)]
    sounds: tuple[FilmSound, ...] = ()
    fit: Literal["pad", "crop"] = "pad"
    retiming: Literal["flow", "nearest"] = "flow"
    loudness_lufs: Annotated[float, Field(ge=-40, le=-5)] | None = None

    @property
    def media(self) -> frozenset[str]:
        """Sha256 of everything it is made from."""
        return frozenset((*(clip.media for clip in self.clips), *(sound.media for sound in self.sounds)))

    @property
    def num_frames(self) -> int:
        """Length in frames of the film."""
        last = placed(self)[-1]
        return last.first_frame + last.num_frames

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return self.num_frames / self.fps


class Placed(Frozen):
    """Where a clip is in the film, in frames of the film.

    Attributes:
        first_frame, num_frames: from the first frame in which it is seen, however faintly, to its last.
        overlap_frames: of its end, shown together with the beginning of the next clip.
        fade_in_frames, fade_out_frames: of its ends, that come from black and go to it.
    """

    first_frame: NonNegativeInt
    num_frames: PositiveInt
    overlap_frames: NonNegativeInt = 0
    fade_in_frames: NonNegativeInt = 0
    fade_out_frames: NonNegativeInt = 0

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if max(self.overlap_frames, self.fade_in_frames + self.fade_out_frames) > self.num_frames:
            raise ValueError("a transition is longer than its clip")
        return self


def film_frames(clip: FilmClip, fps: float) -> int:
    """How many frames of a film at `fps` the clip's stretch takes; at least one."""
    return max(1, round(clip.num_frames / clip.fps * fps))


def transition_frames(clip: FilmClip, fps: float) -> int:
    """How many frames of the film the transition behind the clip takes; a cut takes none."""
    return 0 if clip.transition == "cut" else round(clip.transition_s * fps)


def placed(film: Film) -> list[Placed]:
    """Where each clip is; transitions that do not fit are as long as they can be. The last clip's leads nowhere."""
    lengths = [film_frames(clip, film.fps) for clip in film.clips]
    joins = [_frames_of_join(film, lengths, index) for index in range(len(lengths) - 1)]
    found, at, came = list[Placed](), 0, 0
    for index, length in enumerate(lengths):
        join = joins[index] if index < len(joins) else 0
        is_overlap = film.clips[index].transition == "crossfade"
        overlap, dip = (join, 0) if is_overlap else (0, join)
        place = Placed(
            first_frame=at,
            num_frames=length,
            overlap_frames=overlap,
            fade_in_frames=came,
            fade_out_frames=dip - dip // 2,
        )
        found.append(place)
        at, came = at + length - overlap, dip // 2
    return found


def film_problems(film: Film) -> list[Problem]:
    """Transitions that are longer than the clips around them have room for."""
    lengths = [film_frames(clip, film.fps) for clip in film.clips]
    found: list[Problem] = []
    for index, (clip, _) in enumerate(pairwise(film.clips)):
        room = _room(lengths, index)
        if transition_frames(clip, film.fps) > room:
            nearest = int(room / film.fps * 1000) / 1000
            field = f"clips[{index}].transition_s"
            found.append(Problem(field=field, kind="too_large", value=clip.transition_s, nearest=nearest))
    return found


def _frames_of_join(film: Film, lengths: list[int], index: int) -> int:
    return min(transition_frames(film.clips[index], film.fps), _room(lengths, index))


def _room(lengths: list[int], index: int) -> int:
    """Frames that a transition behind clip `index` can take: a clip gives each of its two at most half of itself."""
    inner = (index > 0, index + 2 < len(lengths))
    sides = zip(lengths[index : index + 2], inner, strict=True)
    return min(length // 2 if has_two else max(length - 1, 0) for length, has_two in sides)
