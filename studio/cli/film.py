"""The command that makes a film of a project: missing takes first, then the film, a timeline or its subtitles."""

import sys
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Literal

from pydantic import ValidationError
from typer import Argument, Option

from engine.client.api import EngineClient
from engine.client.attach import attach
from engine.protocol.film import Film, FilmClip, FilmSound
from engine.protocol.job import Delivery, FilmRequest
from engine.protocol.problem import Problem, ProblemsError
from studio.cli.ending import Ending, end
from studio.cli.follow import Follower, display
from studio.cli.look import Json
from studio.cli.missing import make_missing
from studio.cli.opened import bring, opened, planned_s
from studio.cli.output import check_output, slug, unused
from studio.interchange.subtitles import FORMATS, write_subtitles
from studio.interchange.timeline_write import ADAPTERS, Loss, write_timeline
from studio.project.errors import StorageError
from studio.project.presets import Preset, preset, presets
from studio.project.project import Project
from studio.project.storage import Opened
from studio.project.timeline import PLACEHOLDER, NothingSaidError, NothingToShowError, film_of

_LOSSES: dict[Loss, str] = {
    "recipes": "how the takes were made",
    "transitions": "crossfades",
    "dips": "dips to black",
    "sound": "sound",
    "gains": "gains and fades of the sound",
    "rate": "the film's rate: frames are counted at 24 a second",
    "missing_media": "files that are missing",
}


@dataclass(frozen=True)
class _Look:
    """What was chosen of the film's own values."""

    size: str | None
    fps: float | None
    fit: Literal["pad", "crop"] | None
    retiming: Literal["flow", "nearest"] | None
    loudness: float | None


def film(  # noqa: PLR0913  the terminal's options
    project: Annotated[Path, Argument(metavar="PROJECT", help="The project's folder.")],
    output: Annotated[
        Path | None,
        Option(
            "--output",
            "-o",
            help="File to write; its ending is the format: .mp4 .mov .webm .mkv .gif .zip, a timeline for other "
            "programs (.otio .xml .fcpxml .edl), or subtitles (.srt .vtt .ass).",
        ),
    ] = None,
    preset_id: Annotated[
        str | None, Option("--preset", help=f"How it is delivered: {', '.join(each.id for each in presets())}.")
    ] = None,
    size: Annotated[str | None, Option(metavar="WxH", help="Size in pixels; the project's by default.")] = None,
    fps: Annotated[float | None, Option(help="Frames per second; the project's by default.")] = None,
    fit: Annotated[
        Literal["pad", "crop"] | None, Option(help="What becomes of clips of another shape: black bars, or cropped.")
    ] = None,
    retiming: Annotated[
        Literal["flow", "nearest"] | None, Option(help="Frames of another rate: by optical flow, or the nearest ones.")
    ] = None,
    loudness: Annotated[float | None, Option(metavar="LUFS", help="Loudness of the sound, such as -14 or -23.")] = None,
    music: Annotated[Path | None, Option(help="A sound file under the film, from its beginning.")] = None,
    generate: Annotated[bool, Option("--generate/--no-generate", help="Make the takes that are missing first.")] = True,
    as_json: Json = False,
) -> int:
    """Make a film of a project, with its transitions and its sound."""
    began_s, look = time.monotonic(), _Look(size, fps, fit, retiming, loudness)
    chosen = _preset(preset_id, output)
    path = output or unused(slug(project.resolve().name), chosen.container)
    kind = path.suffix.lower()
    is_text = kind in ADAPTERS or kind in FORMATS
    if not is_text:
        check_output(path, chosen.container)
    with attach() as client, opened(project, to_write=generate and not is_text) as found:
        if is_text:
            return _write_text(client, found, path)
        planned = _planned(found.project, chosen, look)
        heard = [FilmSound(media=client.upload(music).sha256)] if music is not None else []
        made = _whole(planned, make_missing(client, found) if generate else found.project)
        made = made.changed(sounds=(*made.sounds, *heard))
        bring(client, found, made.media, partial(_owner, found.project))
        request = FilmRequest(film=made, delivery=Delivery(container=chosen.container), project=found.project.id)
        follower = Follower(client, None)
        with display() as shown:
            job = follower.run(request, shown)
        return end(follower.client, job, Ending(path, as_json, time.monotonic() - began_s))


def _write_text(client: EngineClient, found: Opened, path: Path) -> int:
    project, lengths = found.project, planned_s(client)
    try:
        if path.suffix.lower() in FORMATS:
            said = "dialogue" if any(shot.dialogue for shot in project.shots) else "prompts"
            count = write_subtitles(project, path, said, lengths)
            sys.stdout.write(f"{path}  {count} subtitles, of the {said}\n")
            return 0
        lost = write_timeline(project, path, found.folder.media.path, lengths)
    except NothingToShowError:
        raise ProblemsError([_without_takes()]) from None
    except NothingSaidError:
        raise ProblemsError([Problem(field="project", kind="unsupported", detail="nothing is said in it")]) from None
    except StorageError as error:
        raise ProblemsError([Problem(field="output", kind="not_writable", detail=error.detail)]) from error
    sys.stderr.writelines(f"not in this file: {_LOSSES[loss]}\n" for loss in lost)
    sys.stdout.write(f"{path}  {len(project.shots)} shots\n")
    return 0


def _planned(project: Project, chosen: Preset, look: _Look) -> Film:
    """A film without its clips: what was chosen is checked before anything is made."""
    settings, none = project.settings, FilmClip(media=PLACEHOLDER, fps=1.0, num_frames=1)
    fields = {"fps": look.fps, "fit": look.fit, "retiming": look.retiming, "loudness_lufs": look.loudness}
    if look.size is not None:
        fields["width"], fields["height"] = _size(look.size)
    try:
        made = chosen.applied(Film(width=settings.width, height=settings.height, fps=settings.fps, clips=(none,)))
        return made.changed(**{name: value for name, value in fields.items() if value is not None})
    except ValidationError as error:
        names = {"width": "size", "height": "size", "loudness_lufs": "loudness"}
        found = [(str(each["loc"][0]), each["msg"]) for each in error.errors()]
        raise ProblemsError(
            [Problem(field=names.get(name, name), kind="invalid", detail=said) for name, said in found]
        ) from None


def _whole(planned: Film, project: Project) -> Film:
    try:
        made = film_of(project)
    except NothingToShowError:
        raise ProblemsError([_without_takes()]) from None
    return planned.changed(clips=made.clips, sounds=made.sounds)


def _owner(project: Project, sha256: str) -> str:
    """What a missing file belongs to."""
    for shot in project.shots:
        if any(take.media == sha256 for take in shot.takes):
            return f"the take of shot {shot.name!r}"
    return next((track.name for track in project.soundtrack if track.sound.media == sha256), "sound")


def _preset(preset_id: str | None, output: Path | None) -> Preset:
    """The one that was named; else the usual one, in the format that the output's name says."""
    if preset_id is not None:
        try:
            return preset(preset_id)
        except KeyError:
            known = ", ".join(each.id for each in presets())
            problem = Problem(field="--preset", kind="unsupported", value=preset_id, nearest=known)
            raise ProblemsError([problem]) from None
    suffix = output.suffix.lower()[1:] if output else ""
    usual = presets()[0]
    return next((usual.changed(container=each.container) for each in presets() if each.container == suffix), usual)


def _size(text: str) -> tuple[int, int]:
    width, _, height = text.lower().partition("x")
    try:
        return int(width), int(height)
    except ValueError:
        raise ProblemsError([Problem(field="size", kind="invalid", value=text, detail="such as 1280x720")]) from None


def _without_takes() -> Problem:
    return Problem(field="project", kind="unsupported", detail="no shot has a take; leave --no-generate out")
