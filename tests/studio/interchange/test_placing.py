"""Clips of a timeline or a folder as shots."""

from pathlib import Path

import pytest

from engine.protocol.media import MediaItem
from studio.interchange.placing import clips_in, clips_of, placed_shots
from studio.interchange.timeline_read import FoundClip
from studio.project.footage import Footage
from studio.project.project import Project
from studio.project.shot import Shot
from studio.project.take import take_of_footage
from studio.project.timeline import film_of

EMPTY = Project(id="f", name="Film", created_at=1.0)


def footage(name: str, **fields: object) -> Footage:
    item = {"sha256": name[0] * 64, "kind": "clip", "format": "mkv", "size_bytes": 5, "width": 64, "height": 48}
    return Footage(item=MediaItem.model_validate({**item, "num_frames": 24, "fps": 12.0, **fields}), name=name)


def test_a_clip_becomes_a_shot_of_what_is_seen_of_it(tmp_path: Path) -> None:
    path = tmp_path / "a.mkv"
    clips = [FoundClip("Gulls", path, 0.5, 1.0, "crossfade", 0.25), FoundClip("All", path, 0.0, 9.0)]
    first, second = placed_shots(EMPTY, clips, {path: footage("a.mkv", has_audio=True)}, 5.0).shots
    assert (first.name, first.in_frame, first.out_frame) == ("Gulls", 6, 18)
    assert (first.transition, first.transition_s) == ("crossfade", 0.25)
    assert (second.in_frame, second.out_frame) == (0, None)
    take = first.selected_take
    assert take is not None
    assert (take.verb, take.recipe, take.container, take.has_sound) == ("footage", None, "mkv", True)
    assert film_of(EMPTY.changed(shots=(first, second))).clips[0].has_sound


def test_files_that_cannot_be_used_are_told(tmp_path: Path) -> None:
    clips = [FoundClip("gone", tmp_path / "gone.mp4", 0, 1), FoundClip("", None, 0, 1), *clips_of([tmp_path / "b.png"])]
    still = footage("b.png", kind="image", num_frames=1, fps=None)
    found = placed_shots(EMPTY, clips, {tmp_path / "b.png": still}, 5.0)
    assert (found.shots, found.unusable) == ((), ("gone", "?", "b"))
    with pytest.raises(ValueError, match="counted"):
        take_of_footage(still, "t", 1.0)


def test_our_own_shots_come_back_and_twice_under_other_ids(tmp_path: Path) -> None:
    take = take_of_footage(footage("a.mkv"), "take", 1.0)
    shot = Shot(id="shot", name="Mine", takes=(take,), selected="take", in_frame=3, dialogue=("Hello.",))
    clips = [FoundClip("Mine", None, 0, 1, shot=shot)]
    assert placed_shots(EMPTY, clips, {}, 5.0).shots == (shot,)
    holding = EMPTY.changed(shots=(shot,))
    (copy,) = placed_shots(holding, clips, {}, 5.0).shots
    both = holding.changed(shots=(shot, copy))
    assert copy.changed(id="shot", takes=(take,), selected="take") == shot
    assert both.shots[1].duration_s == shot.duration_s


def test_a_folder_is_read_as_people_count(tmp_path: Path) -> None:
    for name in ("shot 10.mp4", "shot 2.MOV", "shot 2b.mp4", "notes.txt", "7.webm", "Öl.mkv"):
        (tmp_path / name).write_bytes(b"")
    assert [path.name for path in clips_in(tmp_path)] == [
        "7.webm",
        "shot 2.MOV",
        "shot 2b.mp4",
        "shot 10.mp4",
        "Öl.mkv",
    ]
