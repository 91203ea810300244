"""A film made headless: missing takes, transitions, music, a timeline and subtitles."""

import json
from pathlib import Path
from typing import Any

import pytest

from engine.client.api import EngineClient
from engine.media import ffmpeg
from engine.media.video_read import read_frames
from studio.interchange.timeline_read import read_timeline
from studio.project import edits
from studio.project.draft import Draft
from studio.project.project import Project
from studio.project.settings import Settings
from studio.project.shot import Shot
from studio.project.storage import create_project, open_project
from studio.project.timeline import film_of

TINY = {"width": 64, "height": 64, "num_frames": 9, "num_inference_steps": 2, "guidance_scale": 1.0}


def a_shot(name: str, **fields: Any) -> Shot:
    draft = Draft.model_validate({"prompt": f"a beach, {name}", **TINY})
    return Shot.model_validate({"id": name, "name": f"Shot {name}", "draft": draft, **fields})


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Three shots without takes: one that continues, a bridge, and a crossfade."""
    shots = (
        a_shot("a", transition="crossfade", transition_s=0.25, dialogue=("Look.",)),
        a_shot("b"),
        Shot(id="x", name="Bridge", is_bridge=True, draft=Draft(prompt="a beach", **TINY)),
        a_shot("c", continues=False),
    )
    settings = Settings(width=128, height=72, fps=12)
    film = Project(id="film", name="Film", created_at=1.0, settings=settings, shots=shots)
    folder = tmp_path / "Мой фильм"
    create_project(folder, film).folder.close()
    return folder


@pytest.fixture
def music(tmp_path: Path) -> Path:
    path = tmp_path / "music.flac"
    finished, _ = ffmpeg.run(
        ["-loglevel", "error", *["-f", "lavfi", "-i", "sine=d=9", "-c:a", "flac"], str(path)],
        limit_s=60,
        max_output_bytes=1,
    )
    assert finished.return_code == 0, finished.log
    return path


def saved(folder: Path) -> Project:
    with open_project(folder).folder as opened:
        return opened.read()[0]


def test_a_film_is_made_of_what_was_only_planned(cli: Any, project: Path, music: Path, tmp_path: Path) -> None:
    done = cli("film", project, "-o", "film.mp4", "--music", music, "--json")
    assert done.code == 0, done.err
    told = json.loads(done.out)
    made = saved(project)
    assert all(shot.selected_take is not None for shot in made.shots)
    assert [shot.takes[0].verb for shot in made.shots] == ["generate", "generate", "bridge", "generate"]
    film = film_of(made)
    assert told["status"] == "done"
    frames = list(read_frames(tmp_path / "film.mp4"))
    assert len(frames) == film.num_frames == 9 + 9 - 3 + 9 + 9
    assert frames[0].shape == (72, 128, 3)
    again = cli("film", project, "-o", "again.webm", "--no-generate", "--size", "64x64", "--fit", "crop")
    assert again.code == 0, again.err
    assert "take 1" not in again.err
    assert next(iter(read_frames(tmp_path / "again.webm"))).shape == (64, 64, 3)


def test_a_timeline_and_subtitles_need_no_takes(cli: Any, project: Path, tmp_path: Path) -> None:
    assert cli("film", project, "-o", "film.otio").code == 0
    assert tuple(clip.shot for clip in read_timeline(tmp_path / "film.otio").clips) == saved(project).shots
    assert cli("film", project, "-o", "film.srt").out.startswith("film.srt  1 subtitles, of the dialogue")
    refused = cli("film", project, "-o", "film.edl")
    assert refused.code == 2
    assert "no shot has a take" in refused.err


WRONG = [
    (["--preset", "cinema"], "--preset"),
    (["--size", "big"], "1280x720"),
    (["--size", "4x4"], "size"),
    (["--fps", "0"], "fps"),
    (["--loudness", "3"], "loudness"),
    (["-o", "film.exe"], ".exe"),
    (["-o", "nowhere/film.mp4"], "nowhere"),
    (["--no-generate"], "no shot has a take"),
]


@pytest.mark.parametrize(("options", "said"), WRONG)
def test_what_cannot_be_is_told_before_anything_is_made(
    cli: Any, project: Path, options: list[str], said: str, tmp_path: Path
) -> None:
    ended = cli("film", project, *options)
    assert ended.code == 2
    assert said in ended.err
    assert saved(project).shots[0].takes == ()
    assert [path.name for path in tmp_path.glob("*.mp4")] == []


def test_a_project_that_cannot_be_used_is_told(cli: Any, project: Path, tmp_path: Path) -> None:
    assert "not_a_project" in cli("film", tmp_path / "nothing").err
    with open_project(project).folder:
        locked = cli("film", project, "-o", "film.mp4")
    assert locked.code == 2
    assert "close it there first" in locked.err
    (project / "project.json").write_text("{")
    damaged = cli("film", project)
    assert damaged.code == 2


def test_a_missing_file_names_its_shot(cli: Any, project: Path, shared_engine: EngineClient) -> None:
    opened = open_project(project)
    with opened.folder as folder:
        made = opened.project
        for shot in made.shots:
            made = edits.delete_shot(made, shot.id)
        take = {"id": "t", "media": "a" * 64, "container": "mp4", "verb": "footage", "created_at": 1.0}
        sizes = {"width": 64, "height": 64, "num_frames": 9, "fps": 12.0}
        folder.save(edits.add_shot(made, a_shot("lost", takes=({**take, **sizes},), selected="t")))
    ended = cli("film", project, "-o", "film.mp4")
    assert ended.code == 2
    assert "Shot lost" in ended.err
