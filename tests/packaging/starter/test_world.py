"""The world: the same seed gives the same clip, every setting renders, mirrors and loops are what they say."""

import numpy as np
import pytest
from starter.sizes import CLIP, RENDER_FRAMES
from starter.world.palette import SETTINGS
from starter.world.render import cut, loop, render
from starter.world.scenes import mirrored, sample_scene


def test_same_seed_gives_the_same_bytes():
    scene = sample_scene(np.random.default_rng(4))
    assert scene == sample_scene(np.random.default_rng(4))
    first, second = render(scene, 4, 3), render(scene, 4, 3)
    assert np.array_equal(first, second)
    assert not np.array_equal(first, render(scene, 5, 3))


@pytest.mark.parametrize("setting", SETTINGS)
def test_every_setting_renders_something_that_moves(setting: str):
    rng = np.random.default_rng(1)
    scene = sample_scene(rng)
    while scene["setting"] != setting:
        scene = sample_scene(rng)
    clip = cut(render(scene | {"cam": "pan_left", "style": "real"}, 1, 3), CLIP)
    assert clip.shape == (3, CLIP.height_px, CLIP.width_px, 3)
    assert clip.std() > 4
    assert not np.array_equal(clip[0], clip[2])


def test_a_mirrored_scene_swaps_left_and_right():
    scene = {"setting": "sea", "dir": "left", "cam": "pan_right", "color": "red"}
    assert mirrored(scene) == {"setting": "sea", "dir": "right", "cam": "pan_left", "color": "red"}
    assert mirrored(mirrored(scene)) == scene


def test_a_loop_ends_as_it_begins():
    frames = np.random.default_rng(0).integers(0, 256, (RENDER_FRAMES, 6, 8, 3), np.uint8)
    looped = loop(frames, CLIP.num_frames)
    assert looped.shape[0] == CLIP.num_frames
    assert np.array_equal(looped[0], looped[-1])
    assert np.array_equal(looped[0], frames[RENDER_FRAMES - CLIP.num_frames])
