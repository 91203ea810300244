"""A film's sound: what its clips have themselves and what is laid under them, mixed and brought to its loudness."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from engine.media.loudness import Levelled, levelled
from engine.media.mix import Samples, Voice, count_samples, mixed
from engine.media.sound import MOST_S, RATE, SoundTrack, open_sound

if TYPE_CHECKING:  # it brings pydantic, which media never needs
    from engine.protocol.film import Film, FilmClip, FilmSound, Placed


def film_sound(film: Film, media: Mapping[str, Path], check: Callable[[], None]) -> Levelled | None:
    """Prepare the film's sound, from files by their sha256; None when nothing is heard in it.

    Everything is opened and played once to measure it, so that what cannot be read is said before a frame is made;
    `check` is called every second of sound. A clip's own sound goes with its picture: in a crossfade and a dip its
    volume rises and falls in a straight line. Raises KeyError for media that is not there, and MediaError.
    """
    from engine.protocol.film import placed  # whoever has a film has this already

    places = placed(film)
    total_s = Fraction(film.num_frames) / Fraction(film.fps)
    came = [0, *(place.overlap_frames for place in places)]
    voices = [
        *(
            _of_clip(film, clip, place, before, media)
            for clip, place, before in zip(film.clips, places, came, strict=False)
        ),
        *(_of_sound(sound, media, round(total_s * RATE)) for sound in film.sounds),
    ]
    heard = [voice for voice in voices if voice is not None]
    if not heard:
        return None

    def play(total: int) -> Iterator[Samples]:
        return mixed(heard, total, check)

    return levelled(play, total_s, film.loudness_lufs)


def _of_clip(film: Film, clip: FilmClip, place: Placed, crossed_frames: int, media: Mapping[str, Path]) -> Voice | None:
    """Return a clip's own sound; `crossed_frames` of its beginning are crossfaded with the clip before."""
    if not clip.has_sound:
        return None

    def samples(frames: int) -> int:
        return round(Fraction(frames) / Fraction(film.fps) * RATE)

    first = samples(place.first_frame)
    count = samples(place.first_frame + place.num_frames) - first
    cut = open_sound(SoundTrack(media[clip.media], clip.first_frame / clip.fps, count / RATE))
    if cut is None:
        return None
    fade_in = samples(max(crossed_frames, place.fade_in_frames))
    return Voice(cut, first, count, 1.0, fade_in, samples(max(place.overlap_frames, place.fade_out_frames)))


def _of_sound(sound: FilmSound, media: Mapping[str, Path], total: int) -> Voice | None:
    """Return what is heard of a sound laid under a film of `total` samples; its end is the film's at the latest."""
    first = round(sound.at_s * RATE)
    wanted_s = MOST_S if sound.duration_s is None else sound.duration_s
    count = min(round(wanted_s * RATE), total - first)
    if count <= 0:
        return None
    cut = open_sound(SoundTrack(media[sound.media], sound.start_s, count / RATE))
    if cut is None:
        return None
    if sound.fade_out_s:  # towards the end that it has, which headers only guess
        count = min(count, count_samples(cut))
    gain = 10 ** (sound.gain_db / 20)
    return Voice(cut, first, count, gain, round(sound.fade_in_s * RATE), round(sound.fade_out_s * RATE))
