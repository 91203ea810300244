"""What a download does on the disk: room, files that are here already, damage, and what goes when it is deleted."""

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine.protocol.model_card import Repository
from engine.weights import download as downloads
from engine.weights import fetch
from engine.weights.download import DiskFullError, verify
from engine.weights.fetch import Ear, part_of
from engine.weights.hashes import Hashes
from engine.weights.record import delete

REPOSITORY = Repository(id="studio/tiny-ltx")
BIG = "transformer/diffusion_pytorch_model.safetensors"
SMALL = "transformer/config.json"


def left(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_a_disk_without_room_is_told_before_anything_is_fetched(
    bring: Callable[..., Any], hub: Any, monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    monkeypatch.setattr(downloads, "SPARE_BYTES", 1 << 60)
    with pytest.raises(DiskFullError) as full:
        bring()
    assert full.value.needed_bytes > 1 << 60
    assert 0 < full.value.free_bytes < 1 << 60
    assert [asked.path for asked in hub.asked if "/resolve/" in asked.path] == []


def test_a_disk_that_fills_keeps_what_is_there(
    bring: Callable[..., Any], hub: Any, monkeypatch: pytest.MonkeyPatch, folder: Path, files: dict[str, bytes]
) -> None:
    room = [1_000_001]

    def write(out: int, chunk: Any) -> int:
        if not room[0]:
            raise OSError(errno.ENOSPC, "No space left on device")
        done = os.write(out, chunk[: room[0]])
        room[0] -= done
        return done

    monkeypatch.setattr(fetch, "write", write)
    with pytest.raises(DiskFullError):
        bring()
    assert not (folder / BIG).exists()
    arrived = part_of(folder / BIG).stat().st_size
    assert arrived > 900_000
    room[0] = 1 << 40
    bring()
    assert hub.fetched(BIG)[-1] == f"bytes={arrived}-"
    assert (folder / BIG).read_bytes() == files[BIG]


def test_a_folder_that_cannot_be_written(bring: Callable[..., Any], folder: Path) -> None:
    folder.parent.mkdir(parents=True)
    folder.write_text("a file of the user's")
    with pytest.raises(OSError, match=r"directory|exists") as refused:
        bring()
    assert refused.value.errno in (errno.EEXIST, errno.ENOTDIR)
    assert folder.read_text() == "a file of the user's"


def test_a_file_that_this_machine_has_is_not_fetched(
    bring: Callable[..., Any], hub: Any, folder: Path, files: dict[str, bytes], tmp_path: Path
) -> None:
    shelf = tmp_path / "ComfyUI" / "models"
    (shelf / "unet").mkdir(parents=True)
    (shelf / "unet" / "another name.safetensors").write_bytes(files[BIG])
    (shelf / "decoy.safetensors").write_bytes(bytes(len(files[BIG])))
    (shelf / "gone").symlink_to(tmp_path / "nowhere")
    counted: list[int] = []
    bring(Ear(on_bytes=counted.append), shelves=(shelf,))
    assert hub.fetched(BIG) == []
    assert (folder / BIG).read_bytes() == files[BIG]
    assert (folder / BIG).samefile(shelf / "unet" / "another name.safetensors")
    assert sum(counted) == sum(len(files[path]) for path in (BIG, SMALL, "model_index.json", "tokenizer/spiece.model"))
    delete(folder)
    assert (shelf / "unet" / "another name.safetensors").read_bytes() == files[BIG]


def test_damage_is_found_and_only_what_is_broken_fetched_again(
    bring: Callable[..., Any], hub: Any, folder: Path, files: dict[str, bytes], tmp_path: Path
) -> None:
    record = bring()
    hashes = Hashes(tmp_path / "cache", smallest_bytes=1)
    assert verify(record.files, folder, hashes, Ear()) == ()
    stat = (folder / BIG).stat()
    with (folder / BIG).open("r+b") as file:
        file.write(b"\0\0\0\0")
    os.utime(folder / BIG, ns=(stat.st_atime_ns, stat.st_mtime_ns))  # as a failing disk would: nothing tells
    (folder / SMALL).unlink()
    read: list[str] = []
    assert verify(record.files, folder, hashes, Ear(on_read=read.append)) == (BIG,)
    assert SMALL not in read
    (folder / BIG).unlink()
    asked = len(hub.asked)
    assert bring() == record
    assert sorted(each.path.rpartition("/")[2] for each in hub.asked[asked:]) == sorted(
        path.rpartition("/")[2] for path in (BIG, SMALL)
    )


def test_only_what_came_is_deleted(bring: Callable[..., Any], folder: Path) -> None:
    bring()
    (folder / "transformer" / "notes of mine.txt").write_text("keep")
    delete(folder)
    assert left(folder) == [str(Path("transformer") / "notes of mine.txt")]
    delete(folder)
    (folder / "transformer" / "notes of mine.txt").unlink()
    bring()
    delete(folder)
    assert not folder.exists()
