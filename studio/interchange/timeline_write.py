"""Write the film as a timeline that editing programs open: OpenTimelineIO, FCP7 XML, FCPXML and EDL."""

# OpenTimelineIO says nothing of its types.
# pyright: standard
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Literal

import opentimelineio as otio
from opentimelineio.opentime import RationalTime, TimeRange
from opentimelineio.schema import Clip, ExternalReference, Gap, MissingReference, Timeline, Track, TrackKind, Transition

from engine.protocol.film import Placed
from studio.project.files import replacing
from studio.project.project import Project
from studio.project.shot import Shot
from studio.project.soundtrack import SoundTrack
from studio.project.timeline import clip_of, film_of, timeline
from studio.project.value import Value

OURS = "reelwright"
"""Key of our metadata, which holds everything that other programs have no words for: as text, for the library keeps
fewer digits of a number than there are."""
DIP = "Dip to Color Dissolve"
CROSSFADE = "Cross Dissolve"
USUAL_RATE = 24.0
ADAPTERS: dict[str, str] = {".otio": "otio_json", ".xml": "fcp_xml", ".fcpxml": "fcpx_xml", ".edl": "cmx_3600"}
"""By the ending of the file."""
Loss = Literal["recipes", "transitions", "dips", "sound", "gains", "rate", "missing_media"]
"""What a format has no words for, or what is not there."""
_LOSSES: dict[str, tuple[Loss, ...]] = {
    ".otio": (),
    ".xml": ("recipes", "gains"),
    ".fcpxml": ("recipes", "transitions", "dips", "gains"),
    ".edl": ("recipes", "dips", "sound", "gains"),
}
Planned = Callable[[Shot], float]
FindMedia = Callable[[str], Path | None]


def write_timeline(project: Project, path: Path, find_media: FindMedia, planned_s: Planned) -> tuple[Loss, ...]:
    """Write the film to `path`, in the format of its ending, and return what got lost on the way.

    Shots without a take are gaps of `planned_s` seconds. An .otio file holds all shots with their takes and recipes
    and opens again as they are; the others hold cuts, trims, crossfades where they can, and names.

    Raises:
        KeyError: for an ending that is none of `ADAPTERS`.
        NothingToShowError: when no shot has a take, for any format but .otio.
        StorageError: "disk_full" or "not_writable"; what was there before still is.
    """
    suffix = path.suffix.lower()
    adapter = ADAPTERS[suffix]
    if suffix != ".otio":
        film_of(project)
    writer = _Writer(project, find_media, planned_s, rate=None if suffix == ".otio" else _valid_rate(project))
    made = writer.timeline(with_sound=suffix != ".edl", with_dips=suffix in (".otio", ".xml"))
    text = otio.adapters.write_to_string(made, adapter)
    with replacing(path) as file:
        file.write(text.encode())
    return tuple(loss for loss in (*_LOSSES[suffix], "rate", "missing_media") if loss in writer.losses)


class _Writer:
    """One film on its way into one file.

    Attributes:
        losses: what the film has that some formats lack.
    """

    def __init__(self, project: Project, find_media: FindMedia, planned_s: Planned, rate: float | None) -> None:
        self._project = project
        self._find_media = find_media
        self._places = list(zip(project.shots, timeline(project, planned_s), strict=True))
        self._fps = project.settings.fps
        self._rate = rate or self._fps
        self._is_rounded = rate is not None
        self.losses: set[Loss] = set(self._found_losses())

    def timeline(self, *, with_sound: bool, with_dips: bool) -> Timeline:
        """All tracks: pictures, the takes' own sound where there is any, and the sound tracks."""
        project = self._project
        made = Timeline(project.name, global_start_time=self._time(0))
        made.metadata[OURS] = {"version": project.version, "settings": _text(project.settings)}
        made.metadata[OURS]["soundtrack"] = [_text(track) for track in project.soundtrack]
        made.tracks.append(self._pictures(with_dips))
        if with_sound:
            made.tracks.extend([self._own_sound()] if any(shot.selected_take for shot, _ in self._sounding) else [])
            made.tracks.extend([self._track(track) for track in project.soundtrack])
        return made

    def _pictures(self, with_dips: bool) -> Track:
        track = Track("Film", kind=TrackKind.Video)
        for index, (shot, _) in enumerate(self._places):
            track.append(self._shown(shot, *self._trimmed(index)))
            track.extend(self._join(index, with_dips))
        return track

    def _join(self, index: int, with_dips: bool) -> list[Transition]:
        """What stands behind a shot; only between two clips: many programs lose count of a transition to a gap."""
        pair = self._places[index : index + 2]
        if len(pair) < 2 or any(shot.selected_take is None for shot, _ in pair):
            return []
        (_, here), (_, behind) = pair
        if here.overlap_frames:
            half = here.overlap_frames // 2
            return [self._transition(CROSSFADE, half, here.overlap_frames - half)]
        if here.fade_out_frames and with_dips:
            return [self._transition(DIP, here.fade_out_frames, behind.fade_in_frames)]
        return []

    def _trimmed(self, index: int) -> tuple[int, int]:
        """Frames of the film that are cut off at both ends: editing programs put a cut in the middle of a crossfade."""
        before = self._places[index - 1][1].overlap_frames if index else 0
        own = self._places[index][1].overlap_frames
        return before // 2, own - own // 2

    def _shown(self, shot: Shot, head: int, tail: int) -> Clip | Gap:
        place = next(place for each, place in self._places if each is shot)
        shown = place.num_frames - head - tail
        if shot.selected_take is None:
            item: Clip | Gap = Gap(shot.name, source_range=TimeRange(self._time(0), self._time(shown)))
        else:
            clip = clip_of(self._project, shot)
            start = self._seconds(clip.first_frame / clip.fps + head / self._fps)
            item = Clip(shot.name, self._reference(shot), TimeRange(start, self._time(shown)))
        item.metadata[OURS] = {"shot": _text(shot)}
        return item

    def _reference(self, shot: Shot) -> ExternalReference | MissingReference:
        take = shot.selected_take
        path = self._find_media(take.media) if take else None
        if take is None or path is None:
            return MissingReference()
        return ExternalReference(path.as_uri(), TimeRange(self._time(0), self._seconds(take.duration_s)))

    def _transition(self, name: str, before: int, behind: int) -> Transition:
        kind = "SMPTE_Dissolve" if name == CROSSFADE else "Custom_Transition"
        return Transition(name, kind, self._time(before), self._time(behind))

    @property
    def _sounding(self) -> list[tuple[Shot, Placed]]:
        return [(s, p) for s, p in self._places if s.selected_take is not None and s.selected_take.has_sound]

    def _own_sound(self) -> Track:
        track = Track("Takes", kind=TrackKind.Audio)
        sounding = {shot.id for shot, _ in self._sounding}
        for index, (shot, place) in enumerate(self._places):
            head, tail = self._trimmed(index)
            if shot.id in sounding:
                track.append(self._shown(shot, head, tail))
            else:
                track.append(Gap(source_range=TimeRange(self._time(0), self._time(place.num_frames - head - tail))))
        return track

    def _track(self, sound_track: SoundTrack) -> Track:
        sound, track = sound_track.sound, Track(sound_track.name, kind=TrackKind.Audio)
        if sound.at_s:
            track.append(Gap(source_range=TimeRange(self._time(0), self._seconds(sound.at_s))))
        path = self._find_media(sound.media)
        whole = TimeRange(self._time(0), self._seconds(sound_track.length_s))
        length_s = sound_track.length_s - sound.start_s if sound.duration_s is None else sound.duration_s
        heard = TimeRange(self._seconds(sound.start_s), self._seconds(max(length_s, 1 / self._rate)))
        track.append(Clip(sound_track.name, ExternalReference(path.as_uri(), whole) if path else None, heard))
        return track

    def _time(self, film_frames: int) -> RationalTime:
        return self._seconds(film_frames / self._fps)

    def _seconds(self, seconds: float) -> RationalTime:
        value = seconds * self._rate
        return RationalTime(round(value) if self._is_rounded or abs(value - round(value)) < 1e-6 else value, self._rate)

    def _found_losses(self) -> Iterator[Loss]:
        project, joins = self._project, [here for (_, here), _ in pairwise(self._places)]
        if any(shot.takes for shot in project.shots):
            yield "recipes"
        if any(place.overlap_frames for place in joins):
            yield "transitions"
        if any(place.fade_out_frames for place in joins):
            yield "dips"
        if project.soundtrack or self._sounding:
            yield "sound"
        if any(track.sound.gain_db or track.sound.fade_in_s or track.sound.fade_out_s for track in project.soundtrack):
            yield "gains"
        if self._rate != self._fps:
            yield "rate"
        media = [take.media for take in (shot.selected_take for shot in project.shots) if take]
        media += [track.sound.media for track in project.soundtrack]
        if any(self._find_media(each) is None for each in media):
            yield "missing_media"


def _valid_rate(project: Project) -> float:
    """The film's rate where timecode can count it, else the usual one."""
    fps = project.settings.fps
    return fps if RationalTime.is_valid_timecode_rate(fps) else USUAL_RATE


def _text(value: Value) -> str:
    return value.model_dump_json(exclude_defaults=True)
