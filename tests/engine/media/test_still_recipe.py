"""PNG files with a recipe inside: written whole or not at all, read without trust."""

import os
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.media.errors import MediaError
from engine.media.recipe_tag import MAX_RECIPE_BYTES
from engine.media.stills import read_png_recipe, read_still, write_png

PICTURE = np.random.default_rng(3).integers(0, 255, (40, 50, 3), np.uint8)
NASTY = '{"prompt": "a=b;c#d\\\\ é 🎬 \\n"}\r\n\t [] "\n'


@pytest.mark.parametrize("recipe", [None, "{}", NASTY, "x" * 200_000, "é" * (MAX_RECIPE_BYTES // 2)])
def test_round_trip(tmp_path: Path, recipe: str | None) -> None:
    path = tmp_path / "take.png"
    write_png(path, PICTURE, recipe)
    assert (read_still(path) == PICTURE).all()
    assert read_png_recipe(path) == recipe
    assert [file.name for file in tmp_path.iterdir()] == ["take.png"]
    with Image.open(path) as image:
        assert image.info.get("reelwright") == recipe


@pytest.mark.parametrize(
    ("recipe", "kind"),
    [("x" * (MAX_RECIPE_BYTES + 1), "too_large"), ("\ud800", "unsupported"), ("a\0b", "unsupported")],
)
def test_recipes_no_file_can_hold(tmp_path: Path, recipe: str, kind: str) -> None:
    with pytest.raises(MediaError) as caught:
        write_png(tmp_path / "take.png", PICTURE, recipe)
    assert caught.value.kind == kind
    assert not list(tmp_path.iterdir())


def test_permissions_follow_the_users_mask(tmp_path: Path) -> None:
    mask = os.umask(0o022)
    try:
        write_png(tmp_path / "take.png", PICTURE, None)
    finally:
        os.umask(mask)
    assert (tmp_path / "take.png").stat().st_mode & 0o777 == (0o644 if os.name == "posix" else 0o666)


def test_places_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "folder.png").mkdir()
    for path in (tmp_path / "file" / "take.png", tmp_path / "none" / "take.png", tmp_path / "folder.png"):
        with pytest.raises(MediaError) as caught:
            write_png(path, PICTURE, None)
        assert caught.value.kind == "not_writable"
    assert sorted(file.name for file in tmp_path.iterdir()) == ["file", "folder.png"]


def test_packed_recipes_are_bounded(tmp_path: Path, png_of_chunks: Callable[..., bytes]) -> None:
    path = tmp_path / "bomb.png"
    for num_bytes, expected in ((1000, "a" * 1000), (MAX_RECIPE_BYTES + 1, None), (80_000_000, None)):
        packer = zlib.compressobj(9)
        packed = b"".join(packer.compress(b"a" * min(10**7, num_bytes - at)) for at in range(0, num_bytes, 10**7))
        text = b"reelwright\0\1\0\0\0" + packed + packer.flush()
        path.write_bytes(png_of_chunks((b"tEXt", b"reelwright\0no"), (b"iTXt", text), (b"IEND", b"")))
        assert read_png_recipe(path) == expected


def test_lying_chunks(tmp_path: Path, png_of_chunks: Callable[..., bytes]) -> None:
    path = tmp_path / "lies.png"
    sound = png_of_chunks((b"iTXt", b"reelwright\0\0\0\0\0{}"))
    lies = [
        sound[:-1] + b"\0",  # wrong sum
        sound[:8] + b"\xff\xff\xff\xff" + sound[12:],
        sound[:20],
        sound[:8],
        png_of_chunks((b"iTXt", b"reelwright")),
        png_of_chunks((b"iTXt", b"reelwright\0\1\0\0\0rubbish")),
        png_of_chunks((b"IEND", b""), (b"iTXt", b"reelwright\0\0\0\0\0{}")),
        b"GIF89a" + bytes(40),
    ]
    for lie in lies:
        path.write_bytes(lie)
        assert read_png_recipe(path) is None
    path.write_bytes(sound)
    assert read_png_recipe(path) == "{}"
