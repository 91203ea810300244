"""Fitting single frames and packing them as JPEG."""

import io

import numpy as np
import pytest
from PIL import Image

from engine.media.errors import MediaError
from engine.media.frames import fit, to_jpeg


def test_fit_covers_and_crops_at_the_centre() -> None:
    frame = np.zeros((100, 300, 3), np.uint8)
    frame[:, 100:200] = (10, 200, 30)
    fitted = fit(frame, 50, 50)
    assert fitted.shape == (50, 50, 3)
    assert (fitted == (10, 200, 30)).all()


@pytest.mark.parametrize("size", [(7, 5), (64, 48), (640, 480), (33, 200)])
def test_fit_gives_exactly_the_size(size: tuple[int, int]) -> None:
    frame = np.full((48, 64, 3), 77, np.uint8)
    fitted = fit(frame, *size)
    assert fitted.shape == (size[1], size[0], 3)
    assert (fitted == 77).all()
    assert not np.shares_memory(frame, fitted)


def test_fit_shrinks_by_averaging() -> None:
    checkers = np.indices((64, 64)).sum(axis=0) % 2 * 254
    fitted = fit(np.repeat(checkers[..., None], 3, axis=2).astype(np.uint8), 8, 8)
    assert (fitted == 127).all()


def test_fit_takes_a_strip_without_blowing_it_up() -> None:
    assert fit(np.zeros((20000, 1, 3), np.uint8), 256, 256).shape == (256, 256, 3)


@pytest.mark.parametrize("shape", [(4, 4), (4, 4, 4), (0, 4, 3), (1, 4, 4, 3)])
def test_other_arrays_are_refused(shape: tuple[int, ...]) -> None:
    for refusing in (lambda frame: fit(frame, 2, 2), to_jpeg):
        with pytest.raises(MediaError) as caught:
            refusing(np.zeros(shape, np.uint8))
        assert caught.value.kind == "unsupported"


def test_jpeg_keeps_red_red() -> None:
    frame = np.zeros((32, 48, 3), np.uint8)
    frame[...] = (200, 40, 20)
    with Image.open(io.BytesIO(to_jpeg(frame))) as image:
        assert image.size == (48, 32)
        assert np.abs(np.asarray(image).astype(int) - (200, 40, 20)).max() <= 4
