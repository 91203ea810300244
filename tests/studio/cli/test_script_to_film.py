"""From a screenplay to a film without a window: shots, takes, a bridge, a crossfade and music, to the frame."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.media import ffmpeg
from engine.media.video_read import read_frames
from engine.protocol.film import placed
from studio.interchange.timeline_read import read_timeline
from studio.project import edits
from studio.project.draft import Draft
from studio.project.project import Project
from studio.project.shot import Shot
from studio.project.storage import open_project
from studio.project.timeline import film_of

SCRIPT = """Title: Coast

EXT. BEACH - SUNSET

Waves crash gently. Seagulls fly overhead.

MARA
Listen to the sea.

EXT. DESERT - DAY

A red balloon drifts over the dunes.

EXT. MOUNTAIN MEADOW - NIGHT

Snow falls on the meadow.
"""
TINY = {"width": 64, "height": 64, "num_frames": 9, "fps": 12.0, "num_inference_steps": 2, "guidance_scale": 1.0}
LATE_S = 0.5


@pytest.fixture
def music(tmp_path: Path) -> Path:
    """A tone from the first moment on."""
    path = tmp_path / "music.flac"
    tone = ["-f", "lavfi", "-i", "sine=f=880:d=9", "-c:a", "flac", str(path)]
    finished, _ = ffmpeg.run(["-loglevel", "error", *tone], limit_s=60, max_output_bytes=1)
    assert finished.return_code == 0, finished.log
    return path


def cut(project: Project) -> Project:
    """The film as an editor leaves it: tiny takes, a bridge behind the first shot, a crossfade behind it."""
    for shot in project.shots:
        project = edits.change_draft(project, shot.id, **TINY)
    bridge = Shot(id="bridge", name="Bridge", is_bridge=True, draft=Draft.model_validate({"prompt": "sand", **TINY}))
    project = edits.add_shot(project, bridge, 1)
    project = edits.set_transition(project, project.shots[2].id, "crossfade", 0.25)
    return edits.change_settings(project, width=64, height=64, fps=12.0)


def test_a_screenplay_becomes_a_film(cli: Any, tmp_path: Path, music: Path) -> None:
    (tmp_path / "coast.fountain").write_text(SCRIPT, "utf-8")
    folder = tmp_path / "coast"
    assert cli("storyboard", "coast.fountain", "--project", folder).code == 0
    opened = open_project(folder)
    with opened.folder:
        assert len(opened.project.shots) == 3
        opened.folder.save(cut(opened.project))
    made = cli(
        "film", folder, "-o", "film.mkv", "--preset", "lossless", "--retiming", "nearest", "--music", music, "--json"
    )
    assert made.code == 0, made.err
    assert json.loads(made.out)["status"] == "done"

    opened = open_project(folder)
    with opened.folder:
        project, find = opened.project, opened.folder.media.path
        frames = list(read_frames(tmp_path / "film.mkv"))
        takes = [list(read_frames(find(shot.selected_take.media))) for shot in project.shots if shot.selected_take]  # pyright: ignore[reportArgumentType]
    assert [shot.takes[0].verb for shot in project.shots] == ["generate", "bridge", "generate", "generate"]
    film = film_of(project)
    places = placed(film)
    assert len(frames) == film.num_frames == 9 + 9 + 9 + 9 - 3
    for place, take in zip(places, takes, strict=True):  # every frame that one clip alone is seen in is that very frame
        before = 3 if place is places[3] else 0
        for index in range(before, place.num_frames - place.overlap_frames):
            assert np.array_equal(frames[place.first_frame + index], take[index])
    middle = places[3].first_frame + 1  # the second of three frames of the crossfade
    mixed = (takes[2][7].astype(int) + takes[3][1]) / 2
    assert np.abs(frames[middle] - mixed).max() <= 1

    assert cli("film", folder, "-o", "film.otio").code == 0
    assert tuple(clip.shot for clip in read_timeline(tmp_path / "film.otio").clips) == project.shots
    assert "1 subtitles, of the dialogue" in cli("film", folder, "-o", "film.srt").out


def test_music_begins_when_it_is_to_begin(cli: Any, tmp_path: Path, music: Path) -> None:
    """The offset is the project's; it is measured in the file."""
    from engine.protocol.film import FilmSound
    from studio.project.soundtrack import SoundTrack

    (tmp_path / "coast.fountain").write_text(SCRIPT.partition("EXT. DESERT")[0], "utf-8")
    folder = tmp_path / "coast"
    assert cli("storyboard", "coast.fountain", "--project", folder).code == 0
    opened = open_project(folder)
    with opened.folder:
        project = edits.change_settings(opened.project, width=64, height=64, fps=12.0)
        project = edits.change_draft(project, project.shots[0].id, **TINY | {"num_frames": 17})
        media = opened.folder.media.import_media(music)
        sound = FilmSound(media=media, at_s=LATE_S)
        track = SoundTrack(id="t", name="music.flac", length_s=9.0, sound=sound)
        opened.folder.save(edits.add_track(project, track))
    assert cli("film", folder, "-o", "film.mkv", "--preset", "lossless").code == 0
    finished, _ = ffmpeg.run(
        ["-i", str(tmp_path / "film.mkv"), "-af", "silencedetect=n=-60dB:d=0.1", "-f", "null", "-"],
        limit_s=60,
        max_output_bytes=1,
    )
    found = re.search(r"silence_end: ([\d.]+)", finished.log)
    assert found is not None, finished.log
    assert float(found[1]) == pytest.approx(LATE_S, abs=0.001)
