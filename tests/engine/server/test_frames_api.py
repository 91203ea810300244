"""Frames of what the engine keeps, as JPEGs within a box: for viewers and timelines."""

import io
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest
from PIL import Image

from engine.client.api import EngineClient
from engine.client.errors import EngineGoneError, RefusedError
from engine.media import ffmpeg
from engine.media.image_zip import write_image_zip
from engine.protocol.clip_frames import FramesHeader
from engine.protocol.home import Rendezvous
from engine.protocol.problem import ProblemsError
from engine.protocol.wire import unpack
from engine.server import frames_api

SECONDS = "-f lavfi -i testsrc2=size=320x180:rate=25:duration=4"


def made(words: str, path: Path) -> Path:
    arguments = ["-loglevel", "error", "-y", *words.split(), str(path)]
    finished, _ = ffmpeg.run(arguments, limit_s=60, max_output_bytes=1)
    assert finished.return_code == 0, finished.log
    return path


@pytest.fixture
def clip(shared_engine: EngineClient, tmp_path: Path) -> str:
    """A hundred frames; each shows its number."""
    return shared_engine.upload(made(f"{SECONDS} -c:v libx264 -g 12 -pix_fmt yuv420p", tmp_path / "clip.mp4")).sha256


@pytest.fixture
def picture(shared_engine: EngineClient, tmp_path: Path) -> str:
    Image.linear_gradient("L").resize((400, 300)).convert("RGB").save(tmp_path / "still.png")
    return shared_engine.upload(tmp_path / "still.png").sha256


def sizes(jpegs: tuple[bytes, ...]) -> set[tuple[int, int]]:
    return {Image.open(io.BytesIO(jpeg)).size for jpeg in jpegs}


def test_a_stretch_of_a_clip(shared_engine: EngineClient, clip: str) -> None:
    found = shared_engine.frames(clip, first=60, count=5)
    assert (found.first, found.total_frames, found.fps, found.width, found.height) == (60, 100, 25.0, 320, 180)
    assert len(set(found.jpegs)) == 5
    assert sizes(found.jpegs) == {(320, 180)}
    assert shared_engine.frames(clip, first=62, count=1).jpegs[0] == found.jpegs[2]


def test_the_end_of_a_clip_gives_what_is_there(shared_engine: EngineClient, clip: str) -> None:
    assert len(shared_engine.frames(clip, first=98, count=64, width=80).jpegs) == 2
    with pytest.raises(ProblemsError) as caught:
        shared_engine.frames(clip, first=100)
    (problem,) = caught.value.problems
    assert (problem.field, problem.kind, problem.value, problem.nearest) == ("first", "too_large", 100, 99)


@pytest.mark.parametrize(
    ("box", "size"),
    [
        ((160, 160), (160, 90)),
        ((None, 90), (160, 90)),
        ((160, None), (160, 90)),
        ((4000, 4000), (320, 180)),
        ((1, 1), (1, 1)),
        ((107, 999), (107, 60)),
    ],
)
def test_frames_fit_the_box_and_keep_their_shape(
    shared_engine: EngineClient, clip: str, box: tuple[int | None, int | None], size: tuple[int, int]
) -> None:
    found = shared_engine.frames(clip, count=2, width=box[0], height=box[1])
    assert sizes(found.jpegs) == {size} == {(found.width, found.height)}


def test_a_still_is_a_clip_of_one_frame(shared_engine: EngineClient, picture: str) -> None:
    found = shared_engine.frames(picture, count=10, width=100, height=100)
    assert (found.total_frames, found.fps, found.width, found.height, len(found.jpegs)) == (1, None, 100, 75, 1)
    assert sizes(found.jpegs) == {(100, 75)}
    with pytest.raises(ProblemsError):
        shared_engine.frames(picture, first=1)


@pytest.mark.parametrize(("length_s", "frames"), [(0.5, 5), (0.1, 1)])
def test_a_gif_is_a_clip_when_it_moves(
    shared_engine: EngineClient, tmp_path: Path, length_s: float, frames: int
) -> None:
    path = made(f"-f lavfi -i testsrc2=size=64x64:rate=10:duration={length_s}", tmp_path / "moving.gif")
    found = shared_engine.frames(shared_engine.upload(path).sha256, count=64)
    assert (found.total_frames, len(found.jpegs)) == (frames, frames)


def test_an_uneven_clip_has_the_frames_of_its_grid(shared_engine: EngineClient, tmp_path: Path) -> None:
    words = f"{SECONDS} -vf select=not(between(n\\,20\\,29)) -fps_mode passthrough -c:v libx264 -pix_fmt yuv420p"
    item = shared_engine.upload(made(words, tmp_path / "uneven.mp4"))
    assert item.variable_rate
    found = shared_engine.frames(item.sha256, first=18, count=12, width=160)
    assert found.total_frames == item.num_frames == 100
    assert len(set(found.jpegs[2:])) <= 2  # the picture stands still where frames are missing


def test_media_tell_what_they_are(shared_engine: EngineClient, tmp_path: Path, picture: str) -> None:
    item = shared_engine.media_item(picture)
    assert (item.sha256, item.kind, item.width, item.height) == (picture, "image", 400, 300)


@pytest.mark.parametrize(
    "numbers",
    [{"first": -1}, {"count": 0}, {"count": 65}, {"width": 0}, {"height": -5}, {"width": 100_000}, {"first": 2**40}],
)
def test_bad_numbers_are_refused_by_name(shared_engine: EngineClient, clip: str, numbers: dict[str, int]) -> None:
    with pytest.raises(ProblemsError) as caught:
        shared_engine.frames(clip, **numbers)
    assert [problem.field for problem in caught.value.problems] == list(numbers)


@pytest.mark.parametrize("query", ["first=x", "count=1.5", "count=", "width=nan", "other=1"])
def test_what_is_no_number_is_refused(rendezvous: Rendezvous, clip: str, query: str) -> None:
    address = f"http://127.0.0.1:{rendezvous.port}/media/{clip}/frames?{query}"
    reply = httpx.get(address, headers={"authorization": f"Bearer {rendezvous.token}"}, trust_env=False)
    assert reply.status_code == 422
    assert reply.json()["problems"][0]["kind"] == "invalid"


@pytest.mark.parametrize("name", ["ab" * 32, "x", "*" * 64, "..%2f..%2fengine.json"])
def test_media_that_is_not_there(shared_engine: EngineClient, name: str) -> None:
    for ask in (shared_engine.frames, shared_engine.media_item):
        with pytest.raises(RefusedError) as caught:
            ask(name)
        assert caught.value.status == 404


@pytest.fixture
def damaged(shared_engine: EngineClient, shared_home: Path, clip: str) -> Iterator[str]:
    """A clip whose file was cut after it had been taken in."""
    (path,) = (shared_home / "media" / clip[:2]).glob(f"{clip}.*")
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 3])
    yield clip
    path.write_bytes(content)


def test_a_clip_that_cannot_be_read_is_a_problem(shared_engine: EngineClient, damaged: str) -> None:
    with pytest.raises(ProblemsError) as caught:
        shared_engine.frames(damaged)
    (problem,) = caught.value.problems
    assert (problem.field, problem.kind) == ("media", "unreadable")


def test_an_abort_ends_what_other_threads_wait_for(
    rendezvous: Rendezvous, tmp_path: Path, until: Callable[..., None]
) -> None:
    ended: list[str] = []
    with EngineClient(rendezvous) as client:

        def listen() -> None:
            with client.events() as stream:
                ended.append("listening")
                with pytest.raises(EngineGoneError):
                    stream.next()
            ended.append("gone")

        thread = threading.Thread(target=listen)
        thread.start()
        until(lambda: ended)
        client.abort()
        thread.join(10)
        assert ended == ["listening", "gone"]
        with pytest.raises(EngineGoneError):
            client.health()
        with pytest.raises(EngineGoneError), client.events():
            pass


def test_a_sequence_of_pictures_is_shown_like_a_clip(tmp_path: Path) -> None:
    frames = [np.full((30, 40, 3), 40 * number, np.uint8) for number in range(5)]
    write_image_zip(tmp_path / "a.zip", frames, '{"prompt": "a lake"}')
    head, jpegs = answer(tmp_path / "a.zip", first=3, count=9, width=20)
    assert (head.first, head.total_frames, head.fps, head.width, head.height) == (3, 5, None, 20, 15)
    shades = [Image.open(io.BytesIO(jpeg)).convert("L").getpixel((5, 5)) for jpeg in jpegs]
    assert shades == pytest.approx([120, 160], abs=2)
    with pytest.raises(ProblemsError):
        answer(tmp_path / "a.zip", first=5)
    whole = (tmp_path / "a.zip").read_bytes()
    (tmp_path / "b.zip").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ProblemsError):
        answer(tmp_path / "b.zip")


def answer(path: Path, **wanted: int) -> tuple[FramesHeader, list[bytes]]:
    """What the route reads of a file."""
    header, blob = unpack(frames_api._Reading(path, frames_api._Wanted(**wanted)).run())
    head, jpegs, start = FramesHeader.model_validate_json(header), [], 0
    for size in head.frame_sizes_bytes:
        jpegs.append(blob[start : start + size])
        start += size
    return head, jpegs
