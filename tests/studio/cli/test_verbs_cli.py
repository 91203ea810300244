"""The verbs as they are typed: the takes have the clip's size, rate and sound, and its own frames."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from engine.media.video_read import read_frames

Cli = Callable[..., Any]
QUICK = ("--steps", "2", "--seed", "7", "--json")


def made(cli: Cli, *words: str | Path) -> tuple[dict[str, object], dict[str, object]]:
    """What was said of a take, and of its file."""
    ended = cli(*words, *QUICK)
    assert ended.code == 0, ended
    said = json.loads(ended.out)
    return said, json.loads(cli("inspect", said["output"], "--json").out)


def test_default_names_take_the_clips_own_name_and_prompt(cli: Cli, footage: Path) -> None:
    said, item = made(cli, "extend", footage / "odd.mkv", "it goes on", "--seconds", "0.5")
    assert said["output"] == "odd-extended-7.mkv"  # an odd size has no MP4
    assert (item["width"], item["height"], item["num_frames"], item["fps"]) == (63, 47, 18, 12)
    said, item = made(cli, "loop", "odd-extended-7.mkv", "--seconds", "0.5", "-o", "b.mkv")
    assert said["recipe"]["prompt"] == "it goes on"  # pyright: ignore[reportIndexIssue]
    assert item["num_frames"] == 24


def test_backward_remix_and_bridge_keep_the_first_clips_size_and_rate(cli: Cli, footage: Path, tmp_path: Path) -> None:
    clip = footage / "a.mkv"
    _, back = made(cli, "extend", clip, "--backward", "--seconds", "0.5", "-o", "back.mkv")
    assert (back["num_frames"], back["has_audio"]) == (18, True)
    before, after = (list(read_frames(path)) for path in (clip, tmp_path / "back.mkv"))
    assert all(np.array_equal(a, b) for a, b in zip(before[4:], after[10:], strict=True))
    _, remixed = made(cli, "remix", clip, "--strength", "0.5", "-o", "remix.mov")
    assert (remixed["num_frames"], remixed["has_audio"]) == (12, True)
    _, bridged = made(cli, "bridge", clip, footage / "b.mp4", "--seconds", "0.5", "-o", "bridge.mp4")
    shape = [bridged[name] for name in ("width", "height", "num_frames", "fps", "has_audio")]
    assert shape == [64, 48, 6, 12, False]


def test_a_clip_of_one_frame_is_extended(cli: Cli, footage: Path) -> None:
    _, item = made(cli, "extend", footage / "one.mp4", "--seconds", "0.5", "-o", "b.mp4")
    assert item["num_frames"] == 6
    assert cli("inspect", footage / "one.mp4").out.startswith("clip · 64x48 · 1 frame · 10 fps · 0.1 s\n")
