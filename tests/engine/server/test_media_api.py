"""Images and clips on their way into a real engine: the good are kept by their hash, the bad leave nothing."""

import hashlib
import io
import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from engine.client.api import EngineClient
from engine.client.errors import RefusedError
from engine.media import ffmpeg
from engine.protocol.home import Rendezvous
from engine.protocol.job import Delivery, Done, Job
from engine.protocol.media import MediaItem
from engine.protocol.problem import ProblemsError
from engine.server.inspect import inspect


@pytest.fixture
def incoming(shared_home: Path) -> Path:
    return shared_home / "media" / "incoming"


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "pïcture 1.png"
    Image.linear_gradient("L").resize((96, 64)).convert("RGB").save(path)
    return path


def fetched(engine: EngineClient, sha256: str) -> bytes:
    file = io.BytesIO()
    engine.fetch(sha256, file)
    return file.getvalue()


def test_a_picture_is_kept_by_its_hash(shared_engine: EngineClient, picture: Path, incoming: Path) -> None:
    item = shared_engine.upload(picture)
    content = picture.read_bytes()
    assert item.sha256 == hashlib.sha256(content).hexdigest()
    assert (item.kind, item.format, item.width, item.height) == ("image", "png", 96, 64)
    assert (item.size_bytes, item.num_frames, item.fps, item.recipe) == (len(content), 1, None, None)
    assert shared_engine.upload(picture) == item
    assert fetched(shared_engine, item.sha256) == content
    assert list(incoming.iterdir()) == []


def test_a_look_keeps_nothing(shared_engine: EngineClient, tmp_path: Path, incoming: Path) -> None:
    path = tmp_path / "only.webp"
    Image.new("RGB", (70, 50), "teal").save(path)
    item = shared_engine.inspect(path)
    assert (item.format, item.width, item.height) == ("webp", 70, 50)
    with pytest.raises(RefusedError) as caught:
        fetched(shared_engine, item.sha256)
    assert caught.value.status == 404
    assert list(incoming.iterdir()) == []


def text_named_png(path: Path) -> None:
    path.write_text("this is no picture", "utf-8")


def huge(path: Path) -> None:
    Image.new("1", (12_000, 12_000)).save(path)


def cut_short(path: Path) -> None:
    Image.effect_noise((256, 256), 60).save(path)
    path.write_bytes(path.read_bytes()[:20_000])


def only_a_header(path: Path) -> None:
    Image.effect_noise((256, 256), 60).save(path)
    path.write_bytes(path.read_bytes()[:40])


def empty(path: Path) -> None:
    path.write_bytes(b"")


def missing(path: Path) -> None:
    assert not path.exists()


def folder(path: Path) -> None:
    path.mkdir()


def playlist(path: Path) -> None:
    path.write_text("#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n", "utf-8")


@pytest.mark.parametrize(
    ("make", "kind"),
    [
        (text_named_png, "unreadable"),
        (huge, "too_large"),
        (cut_short, "unreadable"),
        (only_a_header, "unreadable"),
        (empty, "unreadable"),
        (missing, "missing"),
        (folder, "unreadable"),
        (playlist, "unreadable"),
    ],
)
def test_what_is_no_picture_is_refused_by_name(
    shared_engine: EngineClient,
    tmp_path: Path,
    shared_home: Path,
    incoming: Path,
    make: Callable[[Path], None],
    kind: str,
) -> None:
    path = tmp_path / "bad.png"
    make(path)
    kept = sorted((shared_home / "media").rglob("*"))
    for sending in (shared_engine.upload, shared_engine.inspect):
        with pytest.raises(ProblemsError) as caught:
            sending(path)
        (problem,) = caught.value.problems
        assert (problem.field, problem.kind) == (str(path), kind)
    assert list(incoming.iterdir()) == []
    assert sorted((shared_home / "media").rglob("*")) == kept


def test_an_upload_that_breaks_off_leaves_nothing(
    shared_engine: EngineClient, rendezvous: Rendezvous, incoming: Path, until: Callable[..., None]
) -> None:
    head = (
        "PUT /media HTTP/1.1\r\n"
        f"Host: 127.0.0.1:{rendezvous.port}\r\n"
        f"Authorization: Bearer {rendezvous.token}\r\n"
        "Content-Length: 1000000\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", rendezvous.port)) as line:
        line.sendall(head.encode() + b"x" * 5000)
        until(lambda: any(incoming.iterdir()))
    until(lambda: not any(incoming.iterdir()))
    assert shared_engine.health()


@pytest.mark.parametrize("name", ["ab" * 32, "AB" * 32, "x", "..%2f..%2fqueue.sqlite", "../../engine.json", "*" * 64])
def test_media_that_is_not_there(shared_engine: EngineClient, name: str) -> None:
    with pytest.raises(RefusedError) as caught:
        fetched(shared_engine, name)
    assert caught.value.status == 404


@pytest.mark.parametrize(("container", "num_frames"), [("mp4", 9), ("png", 1)])
def test_a_file_tells_how_it_was_made_unless_it_must_not(
    shared_engine: EngineClient,
    submit: Callable[..., Job],
    over: Callable[[Job], Job],
    tmp_path: Path,
    incoming: Path,
    container: str,
    num_frames: int,
) -> None:
    prompt = 'a lighthouse; with = and \\ and "quotes",\nin two lines 🏖️ شاطئ'
    for embed_recipe in (True, False):
        delivery = Delivery.model_validate({"container": container, "embed_recipe": embed_recipe})
        job = over(submit(delivery, prompt=prompt, num_frames=num_frames, num_inference_steps=1))
        assert isinstance(job.state, Done), job.state
        path = tmp_path / f"{embed_recipe}.{container}"
        path.write_bytes(fetched(shared_engine, job.state.take.media))
        item = shared_engine.inspect(path)
        assert item.recipe == (job.request.recipe if embed_recipe else None)
        assert item.num_frames == num_frames
        assert (b"lighthouse" in path.read_bytes()) == embed_recipe
        assert (b"reelwright" in path.read_bytes()) == embed_recipe
    assert list(incoming.iterdir()) == []


def made(path: Path, words: str) -> Path:
    """Return a file that ffmpeg made: two seconds of a test picture at 25 frames a second."""
    source = f"-loglevel error -y -f lavfi -i testsrc2=s=64x48:r=25:d=2 {words}"
    finished, _ = ffmpeg.run([*source.split(), str(path)], limit_s=60, max_output_bytes=1)
    assert finished.return_code == 0, finished.log
    return path


def looked_at(path: Path) -> MediaItem:
    return inspect(path, "0" * 64)


@pytest.mark.parametrize(
    ("name", "coding", "suffix"),
    [
        ("a.mp4", "-c:v libx264", "mp4"),
        ("a.mov", "-c:v prores_ks", "mov"),
        ("a.m4v", "-c:v libx264", "m4v"),
        ("a.3gp", "-c:v h263 -s 176x144", "3gp"),
        ("a.mkv", "-c:v ffv1", "mkv"),
        ("a.webm", "-c:v libvpx -auto-alt-ref 1 -lag-in-frames 16", "webm"),
        ("a.avi", "-c:v mpeg4", "avi"),
        ("a.ts", "-c:v libx264", "ts"),
        ("a.m2ts", "-c:v libx264", "ts"),
        ("a.mpg", "-c:v mpeg2video", "mpg"),
        ("a.flv", "-c:v libx264", "flv"),
        ("a.ogv", "-c:v libtheora", "ogg"),
        ("a.mxf", "-c:v mpeg2video", "mxf"),
        ("a.wmv", "-c:v wmv2", "wmv"),
        ("a.y4m", "", "y4m"),
        ("a.gif", "", "gif"),
    ],
)
def test_every_clip_says_what_it_is(tmp_path: Path, name: str, coding: str, suffix: str) -> None:
    item = looked_at(made(tmp_path / name, coding).rename(tmp_path / "no suffix"))
    assert (item.kind, item.format, item.num_frames, item.fps) == ("clip", suffix, 50, 25)
    assert item.duration_s == pytest.approx(2, abs=0.05)
    assert (item.has_audio, item.recipe) == (False, None)
    assert item.variable_rate == (suffix == "ogg")  # Theora leaves out pictures that do not change
    assert (item.width, item.height) == ((192, 144) if suffix == "3gp" else (64, 48))


def test_an_uneven_clip_says_so(tmp_path: Path) -> None:
    lost = "-vf select=not(between(n\\,10\\,19)) -fps_mode passthrough -enc_time_base 1/90000 -c:v libx264"
    item = looked_at(made(tmp_path / "a.mp4", lost))
    assert (item.variable_rate, item.num_frames, item.fps) == (True, 50, 25)


def test_only_a_gif_that_moves_is_a_clip(tmp_path: Path) -> None:
    moving, still = made(tmp_path / "a.gif", ""), made(tmp_path / "b.gif", "-frames:v 1")
    assert (looked_at(moving).kind, looked_at(still).kind) == ("clip", "image")
    assert (looked_at(still).format, looked_at(still).num_frames) == ("gif", 1)
    for name, coding in (("a.webp", "-c:v libwebp_anim"), ("a.png", "-f apng")):
        assert looked_at(made(tmp_path / name, coding)).kind == "image"


def test_a_cut_clip_counts_what_can_be_decoded(tmp_path: Path) -> None:
    path = made(tmp_path / "a.mp4", "-vf noise=alls=40:allf=t -c:v libx264 -bf 0 -movflags +faststart")
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * 0.6)])
    item = looked_at(path)
    assert 10 < item.num_frames < 50
    assert item.duration_s == pytest.approx(item.num_frames / 25)


@pytest.mark.parametrize("list_of", ["#EXTM3U\n#EXTINF:2,\n{}\n#EXT-X-ENDLIST\n", "ffconcat version 1.0\nfile '{}'\n"])
def test_a_playlist_named_mp4_opens_nothing(tmp_path: Path, list_of: str) -> None:
    victim = made(tmp_path / "victim.mp4", "-c:v libx264")
    os.utime(victim, ns=(10**18, 10**18))
    path = tmp_path / "list.mp4"
    path.write_text(list_of.format(victim), "utf-8")
    with pytest.raises(ProblemsError) as caught:
        looked_at(path)
    assert [problem.kind for problem in caught.value.problems] == ["unreadable"]
    assert victim.stat().st_atime_ns == 10**18


def test_a_rare_codec_is_named(tmp_path: Path) -> None:
    with pytest.raises(ProblemsError) as caught:
        looked_at(made(tmp_path / "a.mkv", "-c:v cinepak"))
    (problem,) = caught.value.problems
    assert (problem.kind, problem.detail) == ("unsupported", "codec cinepak")


def test_a_clip_is_stored_under_its_own_suffix(shared_engine: EngineClient, tmp_path: Path, shared_home: Path) -> None:
    path = made(tmp_path / "a.bin", "-c:v ffv1 -f matroska")
    item = shared_engine.upload(path)
    assert item.format == "mkv"
    assert [file.suffix for file in (shared_home / "media").rglob(f"{item.sha256}.*")] == [".mkv"]
