"""Renders a scene to frames."""

from collections.abc import Callable, Mapping

import cv2
import numpy as np
from numpy.typing import NDArray

from starter.sizes import FPS, RENDER_FRAMES, RENDER_HEIGHT_PX, RENDER_WIDTH_PX, ClipSize
from starter.world import built, machines, places, subjects, weather
from starter.world.canvas import CANVAS_H, CANVAS_W
from starter.world.looks import Camera, Look
from starter.world.sky import make_sky
from starter.world.stage import Stage

Frames = NDArray[np.uint8]
SetUp = Callable[[Stage], None]

PLACES: Mapping[str, SetUp] = {
    "beach": places.beach,
    "sea": places.sea,
    "mountains": places.high_mountains,
    "lake": places.lake,
    "snow": places.snow_meadow,
    "desert": places.desert,
    "park": places.park,
    "city": built.city,
    "meadow": places.meadow,
    "underwater": built.underwater,
    "space": places.space,
}
SUBJECTS: Mapping[str, SetUp] = {
    "balloon": subjects.balloon,
    "boat": subjects.boat,
    "ball": subjects.ball,
    "fish": subjects.fish,
    "birds": subjects.birds,
    "rocket": machines.rocket,
    "car": machines.car,
}
WEATHER: Mapping[str, SetUp] = {
    "snow": weather.snow,
    "rain": weather.rain,
    "leaves": weather.leaves,
    "fireflies": weather.fireflies,
    "fireworks": weather.fireworks,
    "fog": weather.fog,
}


def render(scene: Mapping[str, str], seed: int, num_frames: int = RENDER_FRAMES) -> Frames:
    """The scene's clip at the renderer's size  # [num_frames, H, W, 3] sRGB; the same seed gives the same bytes."""
    stage = Stage(scene, seed)
    sky = None if stage.setting == "underwater" else make_sky(stage)
    PLACES[stage.setting](stage)
    if scene["subject"] in SUBJECTS:
        SUBJECTS[scene["subject"]](stage)
    if scene["weather"] in WEATHER:
        WEATHER[scene["weather"]](stage)
    camera, look = Camera(stage), Look(stage)
    canvas = np.empty((CANVAS_H, CANVAS_W, 3), np.float32)
    frames = np.empty((num_frames, RENDER_HEIGHT_PX, RENDER_WIDTH_PX, 3), np.uint8)
    for index in range(num_frames):
        t, progress = index / FPS, index / (RENDER_FRAMES - 1)
        camera.aim(progress)
        for draw in ([sky] if sky else []) + stage.back + stage.front:
            draw(canvas, t)
        frames[index] = look.develop(camera.shoot(canvas, progress), t)
    return frames


def cut(frames: Frames, size: ClipSize) -> Frames:
    """The frames' middle, at the clip's size  # [F, height_px, width_px, 3]."""
    height, width = frames.shape[1:3]
    used = min(width, round(height * size.width_px / size.height_px))
    left = (width - used) // 2
    target = (size.width_px, size.height_px)
    part = frames[:, :, left : left + used]
    return np.stack([np.asarray(cv2.resize(frame, target, interpolation=cv2.INTER_AREA)) for frame in part])


def loop(frames: Frames, num_frames: int) -> Frames:
    """A clip that ends as it begins, by dissolving what comes before its start into its end."""
    before = len(frames) - num_frames
    looped = frames[before:].astype(np.float32)
    for step in range(before + 1):
        share = step / before
        share = share * share * (3 - 2 * share)
        index = num_frames - 1 - before + step
        looped[index] = looped[index] * (1 - share) + frames[step] * share
    return (looped + 0.5).astype(np.uint8)
