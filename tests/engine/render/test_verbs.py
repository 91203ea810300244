"""Every verb on foreign footage of another size, shape and rate, frame by frame."""

import hashlib
import subprocess
import wave
from functools import partial
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import pytest

from engine.media.frames import stretch
from engine.media.video_probe import probe_video
from engine.media.video_read import read_frames
from engine.media.video_write import write_video
from engine.protocol import verbs
from engine.protocol.job import Delivery
from engine.protocol.recipe import Recipe
from engine.protocol.rules import problems
from engine.render import take
from engine.render.interrupt import Interrupt
from engine.render.render import Render
from engine.server.inspect import inspect

WIDTH, HEIGHT, FPS, FRAMES = 200, 112, 24, 48


def moving(count: int, seed: int = 0) -> np.ndarray:
    """A textured field that drifts, so that no two frames are the same  # [F, H, W, 3] uint8."""
    rng = np.random.default_rng(seed)
    field = np.kron(rng.integers(0, 255, (14, 25, 3)), np.ones((8, 8, 1))).astype(np.uint8)
    return np.stack([np.roll(field, 2 * i, axis=1) for i in range(count)])


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("footage") / "clip.mkv"
    write_video(path, moving(FRAMES), FPS, container="mkv")
    return path


@pytest.fixture
def make(starter, task, recipe, witness, tmp_path):
    """Return a function that makes a verb's take of clips and reads it back."""

    def making(verb, *clips: Path, arguments=(), **fields) -> tuple[np.ndarray, Recipe, Path]:
        card = starter.weights.card
        items = [inspect(path, hashlib.sha256(path.read_bytes()).hexdigest()) for path in clips]
        width, height = verbs.matched_size(items[0], card)
        draft = recipe.changed(width=width, height=height, num_inference_steps=2, **fields)
        made = verb(draft, card, *items, *arguments)
        assert problems(made, card) == []
        files = {item.sha256: path for item, path in zip(items, clips, strict=True)}
        output = tmp_path / "take.mkv"
        with Render(task(made, media_files=files), starter, witness, Interrupt()) as render:
            render.denoise()
            count = take.write(render, Delivery(container="mkv"), output)
        found = probe_video(output)
        assert (found.width, found.height, found.fps) == (items[0].width, items[0].height, items[0].fps)
        assert found.num_frames == count == made.take_frames
        return np.stack(list(read_frames(output))), made, output

    return making


def same(a: np.ndarray, b: np.ndarray) -> list[bool]:
    return [bool(np.array_equal(x, y)) for x, y in zip(a, b, strict=True)]


def test_extending_keeps_every_frame_but_the_crossfade(make, clip) -> None:
    frames, recipe, _ = make(verbs.extend, clip, arguments=(1.0,))
    overlap = recipe.splice.overlap_frames
    assert overlap == verbs.CROSSFADE_FRAMES
    assert len(frames) == FRAMES + FPS
    kept = same(frames[:FRAMES], moving(FRAMES))
    assert kept == [True] * (FRAMES - overlap) + [False] * overlap
    assert not np.array_equal(frames[FRAMES], frames[FRAMES - 1])


def test_extending_backward(make, clip) -> None:
    frames, recipe, _ = make(verbs.extend_backward, clip, arguments=(0.5,))
    overlap = recipe.splice.overlap_frames
    assert len(frames) == FRAMES + FPS // 2
    kept = same(frames[FPS // 2 :], moving(FRAMES))
    assert kept == [False] * overlap + [True] * (FRAMES - overlap)


def test_extending_from_the_middle_leaves_the_rest_out(make, clip) -> None:
    frames, recipe, _ = make(partial(verbs.extend, at=23), clip, arguments=(0.5,))
    assert len(frames) == 24 + FPS // 2
    assert all(same(frames[: 24 - recipe.splice.overlap_frames], moving(24 - recipe.splice.overlap_frames)))


def test_a_loop_has_no_frame_twice_at_its_joint(make, clip) -> None:
    frames, recipe, _ = make(verbs.loop, clip, arguments=(1.0,))
    overlap = recipe.splice.overlap_frames
    assert len(frames) == FRAMES + FPS
    kept = same(frames[:FRAMES], moving(FRAMES))
    assert kept == [False] * overlap + [True] * (FRAMES - 2 * overlap) + [False] * overlap
    steps = [np.abs(frames[i].astype(int) - frames[i - 1]).mean() for i in range(-FPS - 1, 2)]
    assert min(steps) > 0.2 * np.median(steps)


def test_a_bridge_is_a_clip_of_its_own(make, clip, tmp_path) -> None:
    other = tmp_path / "other.mkv"
    write_video(other, moving(30, seed=5)[:, ::2, ::2], 15, container="mkv")  # another size and rate
    frames, recipe, _ = make(verbs.bridge, clip, other, arguments=(1.0,))
    assert len(frames) == FPS
    assert recipe.splice.kept == ()
    ends = moving(FRAMES)[-1], stretch(moving(30, seed=5)[0, ::2, ::2].copy(), WIDTH, HEIGHT)
    assert not any(np.array_equal(frame, end) for frame in frames for end in ends)
    away = [[np.abs(frames[i].astype(int) - end).mean() for i in (0, -1)] for end in ends]
    assert away[0][0] < away[0][1]
    assert away[1][1] < away[1][0]


def test_a_retake_touches_nothing_outside_its_range(make, clip) -> None:
    frames, recipe, _ = make(verbs.retake, clip, arguments=(0.75, 1.25))
    overlap, first, end = recipe.splice.overlap_frames, 18, 30
    assert len(frames) == FRAMES
    kept = same(frames, moving(FRAMES))
    assert kept == [not first - overlap <= i < end + overlap for i in range(FRAMES)]


@pytest.mark.parametrize(("start_s", "end_s"), [(0.0, 0.5), (1.5, 2.0)])
def test_a_retake_at_an_end(make, clip, start_s, end_s) -> None:
    frames, recipe, _ = make(verbs.retake, clip, arguments=(start_s, end_s))
    overlap = recipe.splice.overlap_frames
    first, end = round(start_s * FPS), round(end_s * FPS)
    assert same(frames, moving(FRAMES)) == [not first - overlap <= i < end + overlap for i in range(FRAMES)]


def test_a_remix_follows_its_source_the_more_the_less_strength_it_has(make, clip) -> None:
    source = moving(FRAMES).astype(int)
    away = []
    for strength in (0.1, 0.5, 1.0):
        frames, _, _ = make(
            lambda draft, card, item, s: verbs.remix(draft.changed(num_inference_steps=10), card, item, s),
            clip,
            arguments=(strength,),
        )
        assert len(frames) == FRAMES
        away.append(np.abs(frames - source).mean())
    assert away[0] < away[1] < away[2]


def test_footage_of_one_frame_can_be_gone_on_from(make, tmp_path) -> None:
    path = tmp_path / "one.mkv"
    write_video(path, moving(1), FPS, container="mkv")
    frames, recipe, _ = make(verbs.extend, path, arguments=(0.5,))
    assert recipe.conditions[0].num_frames == 1
    assert len(frames) == 1 + FPS // 2
    assert np.array_equal(frames[0], moving(1)[0])


def test_a_long_extension_is_made_in_sections_backwards_too(make, clip) -> None:
    for verb in (verbs.extend, verbs.extend_backward):
        frames, recipe, _ = make(verb, clip, arguments=(6.0,))
        assert recipe.num_frames > 49
        assert len(frames) == FRAMES + 6 * FPS
        kept = frames[: FRAMES - 4] if verb is verbs.extend else frames[-FRAMES + 4 :]
        expected = moving(FRAMES)[: FRAMES - 4] if verb is verbs.extend else moving(FRAMES)[4:]
        assert all(same(kept, expected))


def test_what_is_heard_stays_in_place(make, clip, tmp_path) -> None:
    rate = 48000
    tone = np.zeros(rate * 2, np.int16)
    tone[rate : rate + 4800] = (12000 * np.sin(np.arange(4800) / 10)).astype(np.int16)  # a burst at one second
    with wave.open(str(tmp_path / "burst.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(tone.tobytes())
    heard = with_sound(clip, tmp_path)
    for verb, arguments, at_s in (
        (verbs.extend, (0.5,), 1.0),
        (verbs.extend_backward, (0.5,), 1.5),
        (verbs.retake, (0.5, 1.5), 1.0),
    ):
        _, recipe, output = make(verb, heard, arguments=arguments)
        assert recipe.splice.sound is not None
        assert probe_video(output).has_audio
        assert burst_s(output) == pytest.approx(at_s, abs=0.01)


def with_sound(clip: Path, folder: Path) -> Path:
    """The clip with the burst of `burst.wav` in it."""
    output = folder / "heard.mkv"
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", str(clip), "-i", str(folder / "burst.wav")]
    subprocess.run([*command, "-map", "0:v", "-map", "1:a", "-c:v", "copy", "-c:a", "flac", str(output)], check=True)
    return output


def burst_s(path: Path) -> float:
    """When a clip's sound first becomes loud, in seconds."""
    command = [
        imageio_ffmpeg.get_ffmpeg_exe(),
        "-v",
        "error",
        "-i",
        str(path),
        "-map",
        "0:a",
        "-ac",
        "1",
        "-ar",
        "48000",
    ]
    done = subprocess.run([*command, "-f", "s16le", "pipe:1"], check=True, capture_output=True)
    return int(np.argmax(np.abs(np.frombuffer(done.stdout, np.int16)) > 3000)) / 48000
