"""Subjects that move through a scene: balloon, boat, ball, fish, birds. Rocket and car are in `machines`."""

import math

import numpy as np

from starter.world import sprites
from starter.world.canvas import CANVAS_H, CANVAS_W, Canvas, Pose, glow, paint_sprite, polygon, shadow
from starter.world.noise import mix
from starter.world.palette import COLORS, Array, rgb
from starter.world.stage import SECONDS, Stage


def color_of(stage: Stage) -> Array:
    """The subject's colour."""
    return rgb(COLORS[stage.scene.get("color", "red")])


def start_x(stage: Stage, speed: float, spread: float) -> float:
    """Where to start so that the subject is near the middle half way through."""
    return CANVAS_W / 2 - speed * SECONDS / 2 + stage.uniform(-spread, spread)


def balloon(stage: Stage) -> None:
    """A hot air balloon that drifts or rises; sometimes with two smaller ones far away."""
    rising = stage.scene.get("dir") == "up"
    fleet = []
    for number in range(1 if stage.chance(0.75) else 3):
        first = number == 0
        tone = color_of(stage) if first else rgb(COLORS[list(COLORS)[int(stage.rng.integers(len(COLORS)))]])
        speed = stage.uniform(9, 22) * stage.heading * (1 if first else 0.5) * (0.15 if rising else 1)
        climb = -stage.uniform(14, 22) if rising else -stage.uniform(0, 4)
        x = start_x(stage, speed, 40) if first else stage.uniform(40, 280)
        y = stage.uniform(*((92, 120) if rising else (52, 92))) if first else stage.uniform(30, 80)
        scale = stage.uniform(1.0, 1.5) if first else stage.uniform(0.3, 0.5)
        picture = sprites.balloon(tone, stage.light, stage.dark)
        fleet.append((picture, scale, (x, y), (speed, climb), stage.uniform(0, 6.28), 0.3 if first else 0.5))
    tint = np.clip(stage.subject_tint() * (1.6 if stage.time == "night" else 1), 0, 1)

    def draw(canvas: Canvas, t: float) -> None:
        for picture, scale, (x, y), (speed, climb), phase, parallax in reversed(fleet):
            at_x = x + speed * t - stage.pan * parallax
            at_y = y + climb * t + 2 * math.sin(t * 1.4 + phase)
            paint_sprite(canvas, picture, Pose(at_x, at_y, scale, 0.04 * math.sin(t * 1.2 + phase)), tint)
            if stage.dark:
                flame = 0.35 + 0.1 * math.sin(t * 9 + phase)
                glow(canvas, (at_x, at_y + 14 * scale), 9 * scale, rgb((1, 0.6, 0.25)), flame)

    stage.front.append(draw)


def boat(stage: Stage) -> None:
    """A sailing boat with its reflection."""
    line = stage.waterline if stage.waterline is not None else stage.horizon
    low, high = (6, 18) if stage.setting == "beach" else (10, 26)
    picture, scale = sprites.boat(color_of(stage)), stage.uniform(0.95, 1.5)
    y, speed = line + stage.uniform(low, high), stage.uniform(10, 20) * stage.heading
    x, phase = start_x(stage, speed, 45), stage.uniform(0, 6.28)
    fade = np.linspace(0.42, 0.05, picture.shape[0], dtype=np.float32)[:, None, None]
    reflected = np.ascontiguousarray(picture[::-1]) * fade
    tint = stage.subject_tint()

    def draw(canvas: Canvas, t: float) -> None:
        at_x = x + speed * t - stage.pan * 0.4
        bob, lean = 1.6 * math.sin(t * 2.2 + phase), 0.05 * math.sin(t * 1.9 + phase)
        under = Pose(at_x + 1.2 * math.sin(t * 5), y + 46.3 * scale - 3, scale, -lean, stage.heading, 0.62)
        paint_sprite(canvas, reflected, under, tint * 0.75)
        paint_sprite(canvas, picture, Pose(at_x, y - 22 * scale + bob, scale, lean, stage.heading), tint)

    stage.front.append(draw)


def ball(stage: Stage) -> None:
    """A beach ball that bounces and turns."""
    picture, light = sprites.ball(color_of(stage)), sprites.ball_light()
    floor, scale = min(stage.ground, CANVAS_H - 12) - 4, stage.uniform(0.85, 1.3)
    height, period = stage.uniform(50, 90), stage.uniform(0.8, 1.15)
    speed, phase = stage.uniform(24, 52) * stage.heading, stage.uniform(0, 1)
    x, tint = start_x(stage, speed, 25), stage.subject_tint()

    def draw(canvas: Canvas, t: float) -> None:
        run = (t / period + phase) % 1
        up = 4 * run * (1 - run) * height
        at_x, at_y = x + speed * t - stage.pan * 0.9, floor - 18 * scale - up
        squash = max(0.0, 1 - up / 7) * 0.22
        shadow(canvas, (at_x, floor + 1), (16 * scale * (1 + up / 140), 4 * scale), 0.42 * (1 - up / 150))
        pose = Pose(at_x, at_y + squash * 17 * scale, scale, 0.0, 1 + squash * 0.8, 1 - squash)
        turned = Pose(pose.x, pose.y, scale, speed * t / (18 * scale)) if squash == 0 else pose
        paint_sprite(canvas, picture, turned, tint)
        paint_sprite(canvas, light, pose, tint)

    stage.front.append(draw)


def fish(stage: Stage) -> None:
    """One large fish, sometimes with a school behind it."""
    school = []
    for number in range(int(stage.rng.integers(1, 6))):
        first = number == 0
        scale = stage.uniform(1.0, 1.6) if first else stage.uniform(0.35, 0.75)
        speed = stage.uniform(22, 44) * stage.heading
        x = start_x(stage, speed, 35 if first else 120)
        y = stage.uniform(60, 130) if first else stage.uniform(35, 150)
        picture = sprites.fish(color_of(stage), stage.chance(0.6))
        haze = 0.30 * (1 - min(1, scale))
        picture[..., :3] = mix(picture[..., :3], stage.haze * picture[..., 3:], haze)
        school.append((scale, picture, x, y, speed, stage.uniform(0, 6.28)))
    school.sort(key=lambda one: one[0])
    tint = stage.subject_tint()

    def draw(canvas: Canvas, t: float) -> None:
        for scale, picture, x, y, speed, phase in school:
            wag = math.sin(t * 7 + phase)
            at = x + speed * t - stage.pan * 0.6, y + 4 * math.sin(t * 1.7 + phase)
            stretch = stage.heading * (1 - 0.06 * abs(wag))
            paint_sprite(canvas, picture, Pose(*at, scale, 0.06 * wag * stage.heading, stretch), tint)

    stage.front.append(draw)


def birds(stage: Stage) -> None:
    """A flock of gulls: white by day, dark against an evening sky."""
    speed = stage.uniform(20, 40) * stage.heading
    x, y = start_x(stage, speed, 40), stage.uniform(30, 72)
    flock = [
        (
            (stage.uniform(-75, 75), stage.uniform(-26, 26)),
            stage.uniform(9, 19),
            stage.uniform(0, 6.28),
            stage.uniform(5.0, 7.5),
            stage.uniform(0.85, 1.15),
        )
        for _ in range(int(stage.rng.integers(3, 8)))
    ]
    pale = stage.time in ("day", "overcast", "sunrise")
    color = rgb((0.96, 0.97, 0.99)) if pale else rgb((0.10, 0.09, 0.13))
    if stage.time == "night":
        color = color * 0.8 + rgb((0.25, 0.3, 0.42))

    def draw(canvas: Canvas, t: float) -> None:
        for (off_x, off_y), size, phase, pace, own in flock:
            at_x = x + off_x + speed * own * t - stage.pan * 0.3
            at_y = y + off_y + 3 * math.sin(t * 1.3 + phase)
            _bird(canvas, (at_x, at_y), size, math.sin(t * pace + phase), (color, stage.heading))

    stage.front.append(draw)


def _bird(canvas: Canvas, at: tuple[float, float], size: float, flap: float, look: tuple[Array, int]) -> None:
    (x, y), (color, heading) = at, look
    up, reach = -size * (0.15 + 0.55 * flap), size * (1 - 0.18 * abs(flap))
    out = np.linspace(0, 1, 6)
    for side, shade in ((-1, 0.92), (1, 1.0)):
        droop = size * 0.22 * out * out * (1 if flap > 0 else 0.2) - size * 0.14 * np.sin(out * 3.1)
        upper = np.stack([x + side * reach * out, y + up * np.sin(out * 1.9) + droop], 1)
        thick = size * 0.24 * (1 - out) ** 0.7 + 0.45
        lower = np.stack([upper[:, 0] - heading * size * 0.05, upper[:, 1] + thick], 1)[::-1]
        polygon(canvas, np.concatenate([upper, lower]), color * shade)
    outline = ((-0.45, 0.04), (-0.1, -0.10), (0.36, -0.06), (0.52, 0.03), (0.2, 0.16), (-0.2, 0.15))
    body = np.array([(x + heading * size * dx, y + size * dy) for dx, dy in outline])
    polygon(canvas, body, color)
