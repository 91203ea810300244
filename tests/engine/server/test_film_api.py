"""What a film is refused for, by field and in kinds, before anything is queued; and sounds among the media."""

from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from PIL import Image

from engine.client.api import EngineClient
from engine.media import ffmpeg
from engine.protocol.condition import Condition
from engine.protocol.film import Film, FilmClip, FilmSound
from engine.protocol.home import Rendezvous
from engine.protocol.job import Delivery, FilmRequest, Job
from engine.protocol.problem import Problem, ProblemsError

UNKNOWN = "0" * 64


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A silent clip, one with sound, a picture, and a sound."""
    folder = tmp_path_factory.mktemp("files")
    picture = "-f lavfi -i testsrc2=s=64x48:r=24:d=1 -pix_fmt yuv420p"
    lines = {
        "mute.mp4": picture,
        "loud.mp4": f"-f lavfi -i sine=440:d=1 {picture} -c:a aac",
        "music.mp3": "-f lavfi -i sine=880:d=3 -c:a libmp3lame",
        "voice.m4a": "-f lavfi -i sine=220:d=2 -c:a aac",
    }
    for name, line in lines.items():
        arguments = ["-loglevel", "error", *line.split(), str(folder / name)]
        finished, _ = ffmpeg.run(arguments, limit_s=60, max_output_bytes=1)
        assert finished.return_code == 0, finished.log
    Image.new("RGB", (64, 48), "teal").save(folder / "still.png")
    (folder / "list.mp4").write_text("#EXTM3U\n/etc/passwd\n", "utf-8")
    return {path.stem: path for path in folder.iterdir()}


@pytest.fixture
def media(shared_engine: EngineClient, files: dict[str, Path]) -> dict[str, str]:
    names = ("mute", "loud", "music", "voice", "still")
    return {name: shared_engine.upload(files[name]).sha256 for name in names}


@pytest.fixture
def refused(shared_engine: EngineClient, over: Callable[[Job], Job]) -> Iterator[Callable[..., list[Problem]]]:
    """Return a function that hands a film in, and finds the problems that it is refused for, none if it is taken."""
    taken: list[Job] = []

    def asking(
        *clips: FilmClip, sounds: tuple[FilmSound, ...] = (), delivery: Delivery | None = None, **fields: object
    ) -> list[Problem]:
        usual = {"width": 64, "height": 48, "fps": 24, "clips": clips, "sounds": sounds}
        film = Film.model_validate({**usual, **fields})
        try:
            taken.append(shared_engine.submit(FilmRequest(film=film, delivery=delivery or Delivery())))
        except ProblemsError as error:
            return error.problems
        return []

    yield asking
    for job in taken:
        shared_engine.cancel(job.id)
        over(job)
        shared_engine.delete(job.id)


def clip(sha256: str, **fields: object) -> FilmClip:
    return FilmClip.model_validate({"media": sha256, "fps": 24, "num_frames": 12, **fields})


def told(problems: list[Problem]) -> list[tuple[str, str]]:
    return [(problem.field, problem.kind) for problem in problems]


def test_a_sound_is_kept_and_described(shared_engine: EngineClient, files: dict[str, Path], shared_home: Path) -> None:
    for name, suffix, length_s in (("music", "mp3", 3.0), ("voice", "m4a", 2.0)):
        item = shared_engine.upload(files[name])
        assert (item.kind, item.format, item.width, item.height, item.num_frames) == ("sound", suffix, 0, 0, 0)
        assert item.duration_s == pytest.approx(length_s, abs=0.1)
        assert item.has_audio
        assert (shared_home / "media" / item.sha256[:2] / f"{item.sha256}.{suffix}").is_file()
        assert shared_engine.inspect(files[name]) == shared_engine.media_item(item.sha256) == item


def test_a_sound_shows_nothing(shared_engine: EngineClient, media: dict[str, str], submit: Callable[..., Job]) -> None:
    with pytest.raises(ProblemsError) as caught:
        shared_engine.frames(media["music"])
    assert told(caught.value.problems) == [("media", "unreadable")]
    with pytest.raises(ProblemsError) as caught:
        submit(conditions=[Condition(media=media["voice"], frame_index=0)])
    assert told(caught.value.problems) == [("conditions[0].media", "unsupported")]
    assert "sound" in caught.value.problems[0].detail


def test_a_playlist_is_no_sound(shared_engine: EngineClient, files: dict[str, Path]) -> None:
    with pytest.raises(ProblemsError) as caught:
        shared_engine.inspect(files["list"])
    assert caught.value.problems[0].kind == "unreadable"


def test_what_is_right_is_taken(media: dict[str, str], refused: Callable[..., list[Problem]]) -> None:
    clips = (clip(media["loud"], has_sound=True), clip(media["still"]), clip(media["mute"]))
    sounds = tuple(FilmSound(media=media[name]) for name in ("music", "voice", "loud"))
    assert refused(*clips, sounds=sounds) == []


def test_every_file_that_cannot_be_used_is_named(media: dict[str, str], refused: Callable[..., list[Problem]]) -> None:
    clips = (clip(UNKNOWN), clip(media["music"]), clip(media["mute"], has_sound=True))
    sounds = (
        FilmSound(media=UNKNOWN),
        FilmSound(media=media["mute"]),
        FilmSound(media=media["still"]),
        FilmSound(media=media["music"], start_s=4.0),
    )
    assert told(refused(*clips, sounds=sounds)) == [
        ("clips[0].media", "missing"),
        ("clips[1].media", "unsupported"),
        ("sounds[0].media", "missing"),
        ("clips[2].has_sound", "unsupported"),
        ("sounds[1].media", "unsupported"),
        ("sounds[2].media", "unsupported"),
        ("sounds[3].start_s", "outside_clip"),
    ]


def test_a_transition_longer_than_its_clips(media: dict[str, str], refused: Callable[..., list[Problem]]) -> None:
    found = refused(clip(media["mute"], transition="crossfade", transition_s=2.0), clip(media["mute"]))
    assert told(found) == [("clips[0].transition_s", "too_large")]
    assert found[0].nearest == pytest.approx(11 / 24, abs=0.001)


@pytest.mark.parametrize("container", ["mp4", "h265", "webm", "mov"])
def test_odd_edges_need_another_container(
    media: dict[str, str], refused: Callable[..., list[Problem]], container: str
) -> None:
    delivery = Delivery.model_validate({"container": container})
    found = refused(clip(media["mute"]), delivery=delivery, width=65)
    assert told(found) == [("container", "unsupported")]
    assert found[0].nearest == "mkv"


def test_a_film_is_no_single_picture(media: dict[str, str], refused: Callable[..., list[Problem]]) -> None:
    found = refused(clip(media["mute"]), delivery=Delivery(container="png"))
    assert (told(found), found[0].nearest) == ([("container", "unsupported")], "zip")


def test_numbers_beyond_all_bounds(media: dict[str, str], refused: Callable[..., list[Problem]]) -> None:
    endless = clip(media["still"], num_frames=10**30)
    slow = clip(media["still"], fps=5e-324, num_frames=3)
    late = clip(media["still"], transition="dip", transition_s=1e300)
    sound = FilmSound(media=media["music"], at_s=1e300, duration_s=1e12)
    found = refused(endless, slow, late, sounds=(sound,), width=16384, height=16384)
    assert told(found) == [
        ("height", "too_large"),
        ("clips[0].num_frames", "too_large"),
        ("clips[1].num_frames", "too_large"),
        ("clips[2].transition_s", "too_large"),
        ("sounds[0].duration_s", "too_large"),
        ("sounds[0].at_s", "too_large"),
    ]
    many = clip(media["still"], num_frames=600_000)
    assert told(refused(many, many)) == [("clips", "too_long")]


def test_what_is_no_film_at_all_is_told_by_field(rendezvous: Rendezvous) -> None:
    address = f"http://127.0.0.1:{rendezvous.port}/jobs"
    headers = {"Authorization": f"Bearer {rendezvous.token}"}
    good = {"width": 64, "height": 48, "fps": 24, "clips": [{"media": UNKNOWN, "fps": 24, "num_frames": 1}]}
    for wrong, field in (
        ({**good, "clips": []}, "clips"),
        ({**good, "fps": 500}, "fps"),
        ({**good, "clips": [{"media": UNKNOWN, "fps": 24, "num_frames": 0}]}, "clips[0].num_frames"),
        ({**good, "colour": "red"}, "colour"),
        ("a film", ""),
    ):
        reply = httpx.post(address, json={"film": wrong}, headers=headers)
        assert reply.status_code == 422
        fields = [problem["field"] for problem in reply.json()["problems"]]
        assert fields[0] == (field or "film"), reply.text
    both = httpx.post(address, json={"film": good, "recipe": {}}, headers=headers)
    assert [problem["field"] for problem in both.json()["problems"]] == ["recipe"]
