"""Still pictures of every kind, good and bad."""

import contextlib
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from engine.media.errors import MediaError
from engine.media.stills import MAX_FILE_BYTES, StillSize, probe_still, read_still

COLOURS = np.array([[[250, 10, 20], [20, 240, 30]], [[30, 20, 230], [200, 200, 200]]], np.uint8)
PATCHES = COLOURS.repeat(16, axis=0).repeat(24, axis=1)  # [32, 48, 3]


def kind_of(reading: Callable[[Path], object], path: Path) -> str:
    with pytest.raises(MediaError) as caught:
        reading(path)
    assert str(path.parent) not in str(caught.value)
    return caught.value.kind


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp", "bmp", "tif", "gif", "avif"])
def test_formats(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"still.{suffix}"
    options = {"quality": 95, "subsampling": 0} if suffix == "jpg" else {}
    Image.fromarray(PATCHES).save(path, **options)
    size = probe_still(path)
    assert (size.width, size.height) == (48, 32)
    assert np.abs(read_still(path)[8::16, 12::24].astype(int) - COLOURS).max() <= 12


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("suffix", ["jpg", "png"])
def test_orientation(tmp_path: Path, orientation: int, suffix: str) -> None:
    path = tmp_path / f"still.{suffix}"
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(PATCHES).save(path, exif=exif)
    turn = {
        1: lambda a: a,
        2: np.fliplr,
        3: lambda a: np.rot90(a, 2),
        4: np.flipud,
        5: lambda a: a.swapaxes(0, 1),
        6: lambda a: np.rot90(a, -1),
        7: lambda a: np.rot90(a, 2).swapaxes(0, 1),
        8: np.rot90,
    }[orientation]
    expected = turn(PATCHES)
    read = read_still(path)
    assert (probe_still(path).height, probe_still(path).width) == expected.shape[:2] == read.shape[:2]
    assert np.abs(read.astype(int) - expected)[4::8, 4::8].max() <= 25


def test_srgb_unfitting_and_broken_profiles_change_nothing(tmp_path: Path) -> None:
    lab = ImageCms.createProfile("LAB")
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
    for name, profile in (
        ("srgb", srgb.tobytes()),
        ("lab", ImageCms.ImageCmsProfile(lab).tobytes()),
        ("bad", b"x" * 200),
    ):
        path = tmp_path / f"{name}.png"
        Image.fromarray(PATCHES).save(path, icc_profile=profile)
        assert (read_still(path) == PATCHES).all()


def test_wide_gamut_profile_is_converted(tmp_path: Path, wide_profile: bytes) -> None:
    path = tmp_path / "wide.png"
    Image.fromarray(PATCHES).save(path, icc_profile=wide_profile)
    read = read_still(path)
    assert read[24, 36].tolist() == pytest.approx([200, 200, 200], abs=2)  # gray stays gray
    assert read[8, 36].tolist() == pytest.approx([0, 240, 0], abs=3)  # beyond sRGB: clipped to its edge


def test_transparency_lies_over_black(tmp_path: Path) -> None:
    alpha = np.full((32, 48, 1), 255, np.uint8)
    alpha[:, :24] = 0
    rgba = np.concatenate([PATCHES, alpha], axis=2)
    path = tmp_path / "cut.png"
    Image.fromarray(rgba).save(path)
    read = read_still(path)
    assert (read[:, :24] == 0).all()
    assert (read[:, 24:] == PATCHES[:, 24:]).all()
    Image.fromarray(rgba).quantize(16).save(path)
    assert (read_still(path)[:, :24] == 0).all()


def test_gray_palette_and_cmyk(tmp_path: Path) -> None:
    picture = Image.fromarray(PATCHES)
    for mode in ("L", "LA", "1", "P", "CMYK"):
        path = tmp_path / f"{mode}.tif"
        picture.convert(mode).save(path)
        read = read_still(path)
        assert read.shape == (32, 48, 3)
        assert read.dtype == np.uint8
    assert np.abs(read.astype(int) - PATCHES).max() <= 3  # CMYK without a profile


def test_16_bit_gray_is_scaled(tmp_path: Path) -> None:
    ramp = np.linspace(0, 65535, 64).astype(np.uint16)[None].repeat(8, axis=0)
    for suffix in ("png", "tif"):
        path = tmp_path / f"deep.{suffix}"
        Image.fromarray(ramp).save(path)
        assert np.abs(read_still(path)[0, :, 0].astype(int) - np.linspace(0, 255, 64)).max() <= 1


def test_first_frame_of_an_animation(tmp_path: Path) -> None:
    path = tmp_path / "moving.gif"
    first, second = Image.new("RGB", (8, 8), (255, 0, 0)), Image.new("RGB", (8, 8), (0, 0, 255))
    first.save(path, save_all=True, append_images=[second])
    assert (read_still(path) == (255, 0, 0)).all()


def test_huge_picture_is_refused_by_its_header(huge_png: Path) -> None:
    assert huge_png.stat().st_size < 3_000_000
    script = (
        "import resource, sys\nfrom engine.media import stills\nfrom engine.media.errors import MediaError\n"
        "def peak(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "from PIL import Image, PngImagePlugin\nbefore = peak()\n"
        "for reading in (stills.probe_still, stills.read_still):\n"
        "    try: reading(sys.argv[1])\n    except MediaError as error: print(error)\n"
        "print(peak() - before)"
    )
    command = [sys.executable, "-W", "error", "-c", script, str(huge_png)]
    lines = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout.splitlines()
    assert lines[0] == lines[1] == "too_large: 12000x12000 is 144000000 pixels, the limit is 67108864"
    assert int(lines[2]) < 20_000  # KiB


def test_huge_file_is_refused_unopened(tmp_path: Path) -> None:
    path = tmp_path / "huge.png"
    with path.open("wb") as file:
        file.truncate(MAX_FILE_BYTES + 1)
    assert kind_of(probe_still, path) == "too_large"


@pytest.mark.parametrize("reading", [probe_still, read_still])
def test_bad_files(tmp_path: Path, reading: Callable[[Path], object]) -> None:
    text, empty = tmp_path / "text.png", tmp_path / "empty.png"
    text.write_text("hello\n" * 100)
    empty.touch()
    heic = tmp_path / "phone.jpg"
    heic.write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(100))
    assert kind_of(reading, text) == "unreadable"
    assert kind_of(reading, empty) == "unreadable"
    assert kind_of(reading, tmp_path) == "unreadable"
    assert kind_of(reading, tmp_path / "none.png") == "unreadable"
    assert kind_of(reading, tmp_path / "nul\0.png") == "unreadable"
    assert kind_of(reading, heic) == "unsupported"


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp", "tif", "bmp", "gif", "avif"])
def test_cut_files_end_in_a_media_error(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"cut.{suffix}"
    noise = np.random.default_rng(1).integers(0, 255, (64, 64, 3), np.uint8)
    Image.fromarray(noise).save(path)
    whole = path.read_bytes()
    for part in (0.02, 0.1, 0.6, 0.9):
        path.write_bytes(whole[: int(len(whole) * part)])
        assert kind_of(read_still, path) in ("truncated", "unreadable")


def test_cut_png_is_truncated(tmp_path: Path) -> None:
    path = tmp_path / "cut.png"
    Image.fromarray(np.random.default_rng(1).integers(0, 255, (64, 64, 3), np.uint8)).save(path)
    path.write_bytes(path.read_bytes()[:6000])
    assert probe_still(path) == StillSize(64, 64, "PNG")
    assert kind_of(read_still, path) == "truncated"


def test_flipped_bytes_never_escape_as_another_error(tmp_path: Path) -> None:
    random = np.random.default_rng(2)
    for suffix in ("png", "jpg", "webp", "tif", "gif", "bmp"):
        path = tmp_path / f"rot.{suffix}"
        Image.fromarray(PATCHES).save(path)
        whole = np.frombuffer(path.read_bytes(), np.uint8)
        for _ in range(12):
            rotten = whole.copy()
            rotten[random.integers(0, min(len(whole), 200), 3)] = random.integers(0, 255, 3)
            path.write_bytes(rotten.tobytes())
            with contextlib.suppress(MediaError):
                read_still(path)


@pytest.fixture
def wide_profile() -> bytes:
    """Return a matrix profile of Adobe RGB's primaries and gamma, built by the ICC.1 specification's tables."""

    def fixed(*values: float) -> bytes:
        return b"".join(struct.pack(">i", round(value * 65536)) for value in values)

    def xyz(*values: float) -> bytes:
        return b"XYZ \0\0\0\0" + fixed(*values)

    gamma = b"curv\0\0\0\0" + struct.pack(">IH", 1, round(2.19921875 * 256)) + b"\0\0"
    name = b"desc\0\0\0\0" + struct.pack(">I", 5) + b"Wide\0" + bytes(78) + b"\0"
    tags = [
        *((b"desc", name), (b"cprt", b"text\0\0\0\0none\0\0\0\0"), (b"wtpt", xyz(0.9642, 1.0, 0.8249))),
        *((b"rXYZ", xyz(0.60974, 0.31111, 0.01947)), (b"gXYZ", xyz(0.20528, 0.62567, 0.06087))),
        *((b"bXYZ", xyz(0.14919, 0.06322, 0.74457)), (b"rTRC", gamma), (b"gTRC", gamma), (b"bTRC", gamma)),
    ]
    table, body, offset = b"", b"", 128 + 4 + 12 * len(tags)
    for key, content in tags:
        padded = content + bytes(-len(content) % 4)
        table += key + struct.pack(">II", offset + len(body), len(content))
        body += padded
    head = struct.pack(">I4sI4s4s4s", 0, b"lcms", 0x02100000, b"mntr", b"RGB ", b"XYZ ") + bytes(12) + b"acsp"
    head += bytes(28) + fixed(0.9642, 1.0, 0.8249)
    head = head.ljust(128, b"\0")
    profile = head + struct.pack(">I", len(tags)) + table + body
    return struct.pack(">I", len(profile)) + profile[4:]
