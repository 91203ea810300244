"""A film as a timeline of other programs, and back."""

from pathlib import Path

import opentimelineio as otio
import pytest

from engine.protocol.film import FilmSound, placed
from engine.protocol.recipe import Recipe
from studio.interchange.timeline_read import FoundTimeline, read_timeline
from studio.interchange.timeline_write import ADAPTERS, Loss, write_timeline
from studio.project import edits
from studio.project.errors import StorageError
from studio.project.project import Project
from studio.project.settings import Settings
from studio.project.shot import Shot
from studio.project.soundtrack import SoundTrack
from studio.project.take import Take
from studio.project.timeline import NothingToShowError, film_of, timeline

PLANNED_S = 2.0
RECIPE = Recipe(
    model="starter",
    prompt="a beach 🏖️",
    width=64,
    height=64,
    num_frames=25,
    fps=9.600000000000001,
    num_inference_steps=4,
    guidance_scale=3.0,
    seed=7,
)


def a_shot(name: str, fps: float = 12.0, **fields: object) -> Shot:
    media = (name * 64)[:64]
    sizes = {"width": 64, "height": 64, "num_frames": 25, "fps": fps}
    take = Take.model_validate(
        {"id": f"take-{name}", "media": media, "container": "mp4", "recipe": RECIPE, "verb": "generate"}
        | {"created_at": 1.0, **sizes}
    )
    return Shot.model_validate({"id": name, "name": f"Shot {name}", "takes": (take,), "selected": take.id, **fields})


@pytest.fixture
def film() -> Project:
    """Five shots, one of them without a take, with every transition and a sound track."""
    shots = (
        a_shot("a", transition="crossfade", transition_s=0.5, in_frame=2, out_frame=20),
        a_shot("b", fps=24.0, transition="dip", transition_s=0.25),
        a_shot("d", dialogue=("Look!",)),
        Shot(id="c", name="Empty"),
        a_shot("f"),
    )
    sound = FilmSound(media="e" * 64, at_s=0.5, start_s=1.0, duration_s=2.0, gain_db=-6)
    track = SoundTrack(id="t", name="waves.wav", length_s=10.0, sound=sound)
    settings = Settings(width=64, height=64, fps=24)
    return Project(id="f", name="Film ✂", created_at=1.0, settings=settings, shots=shots, soundtrack=(track,))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a file for all media."""
    for name in "abdef":
        (tmp_path / f"{name} 'é.mp4").write_bytes(b"x")
    return tmp_path


def written(film: Project, folder: Path, suffix: str) -> tuple[FoundTimeline, tuple[Loss, ...]]:
    def find(sha256: str) -> Path | None:
        path = folder / f"{sha256[0]} 'é.mp4"
        return path if path.exists() else None

    lost = write_timeline(film, folder / f"film{suffix}", find, lambda shot: PLANNED_S)
    return read_timeline(folder / f"film{suffix}"), lost


def test_our_own_file_opens_again_as_it_was(film: Project, folder: Path) -> None:
    found, lost = written(film, folder, ".otio")
    assert lost == ()
    assert tuple(clip.shot for clip in found.clips) == film.shots
    assert found.soundtrack == film.soundtrack
    assert (found.name, found.fps, found.left) == (film.name, 24.0, ())
    again = film.changed(shots=tuple(clip.shot for clip in found.clips))
    assert film_of(again) == film_of(film)


@pytest.mark.parametrize("suffix", [".otio", ".xml"])
def test_the_timeline_is_as_long_as_the_film(film: Project, folder: Path, suffix: str) -> None:
    written(film, folder, suffix)
    made = otio.adapters.read_from_file(folder / f"film{suffix}", "otio_json" if suffix == ".otio" else "fcp_xml")
    last = timeline(film, lambda shot: PLANNED_S)[-1]
    total = made.video_tracks()[0].available_range().duration
    assert total.to_seconds() == pytest.approx((last.first_frame + last.num_frames) / 24)


def test_other_programs_see_cuts_trims_and_files(film: Project, folder: Path) -> None:
    found, lost = written(film, folder, ".xml")
    assert lost == ("recipes", "gains")
    first, second, third, _ = found.clips
    assert [clip.path for clip in found.clips] == [folder / f"{name} 'é.mp4" for name in "abdf"]
    assert (first.start_s, first.duration_s) == (pytest.approx(2 / 12), pytest.approx(18 / 12))
    assert (second.start_s, second.duration_s) == (0.0, pytest.approx(25 / 24))
    assert (first.transition, first.transition_s) == ("crossfade", pytest.approx(0.5))
    assert (second.transition, third.transition) == ("dip", "cut")
    assert found.left == ("tracks", "gaps")


def test_a_crossfade_lies_where_both_clips_are_seen(film: Project, folder: Path) -> None:
    written(film, folder, ".otio")
    made = otio.adapters.read_from_file(folder / "film.otio", "otio_json").video_tracks()[0]
    first, dissolve, second = list(made)[:3]
    overlap = placed(film_of(film))[0].overlap_frames
    assert dissolve.in_offset.value + dissolve.out_offset.value == overlap == 12
    assert first.trimmed_range().duration.value == 36 - 6
    assert second.trimmed_range().start_time.value == 6


def test_a_list_of_edits_has_no_sound_and_no_dips(film: Project, folder: Path) -> None:
    found, lost = written(film, folder, ".edl")
    assert lost == ("recipes", "dips", "sound", "gains")
    assert [round(clip.duration_s * 24) for clip in found.clips] == [36, 25, 50, 50]
    assert found.clips[0].transition == "crossfade"


def test_final_cut_gets_cuts_only(film: Project, folder: Path) -> None:
    found, lost = written(film, folder, ".fcpxml")
    assert lost == ("recipes", "transitions", "dips", "gains")
    assert [clip.transition for clip in found.clips] == ["cut", "cut", "cut", "cut"]
    assert [clip.path for clip in found.clips] == [folder / f"{name} 'é.mp4" for name in "abdf"]


def test_a_rate_that_timecode_cannot_count_is_told(film: Project, folder: Path) -> None:
    odd = edits.change_settings(film, fps=12)
    assert "rate" in written(odd, folder, ".edl")[1]
    assert written(odd, folder, ".otio")[1] == ()
    assert "rate" not in written(edits.change_settings(film, fps=30), folder, ".edl")[1]


def test_missing_media_is_told(film: Project, folder: Path) -> None:
    (folder / "b 'é.mp4").unlink()
    found, lost = written(film, folder, ".otio")
    assert lost == ("missing_media",)
    assert found.clips[1].path is None
    assert found.clips[1].shot == film.shots[1]


def test_a_film_without_takes_can_be_written(folder: Path) -> None:
    empty = Project(id="f", name="Empty", created_at=1.0, shots=(Shot(id="a", name="A"), Shot(id="b", name="B")))
    assert tuple(clip.shot for clip in written(empty, folder, ".otio")[0].clips) == empty.shots
    for suffix in (".xml", ".fcpxml", ".edl"):
        with pytest.raises(NothingToShowError):
            written(empty, folder, suffix)
        assert not (folder / f"film{suffix}").exists()


BROKEN = [
    b"",
    b"\0\xff\xfe",
    b"{",
    b"[]",
    b"<xmeml>",
    b"<fcpxml/>",
    b"\x89PNG\r\n",
    "سيناريو".encode(),
    b"001 AX V",
]


@pytest.mark.parametrize("suffix", ADAPTERS)
@pytest.mark.parametrize("content", BROKEN)
def test_what_is_no_timeline_is_told(tmp_path: Path, suffix: str, content: bytes) -> None:
    path = tmp_path / f"broken{suffix}"
    path.write_bytes(content)
    with pytest.raises(StorageError, match="damaged"):
        read_timeline(path)


def test_a_file_that_is_gone_is_told(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="unreadable"):
        read_timeline(tmp_path / "gone.otio")


def test_shots_of_another_version_are_clips_like_any_other(film: Project, folder: Path) -> None:
    written(film, folder, ".otio")
    path = folder / "film.otio"
    path.write_text(path.read_text("utf-8").replace('\\"dialogue\\"', '\\"said\\"'), "utf-8")
    found = read_timeline(path)
    assert [clip.shot is None for clip in found.clips] == [False, False, True, False, False]
    assert found.clips[2].duration_s == pytest.approx(25 / 12)
