"""Images and clips on their way into a real engine: the good are kept by their hash, the bad leave nothing."""

import hashlib
import io
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from engine.client.api import EngineClient
from engine.client.errors import RefusedError
from engine.protocol.home import Rendezvous
from engine.protocol.job import Delivery, Done, Job
from engine.protocol.problem import ProblemsError


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
