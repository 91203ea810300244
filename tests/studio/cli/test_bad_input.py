"""What cannot be done: one clear sentence, exit code 2, nothing sent and nothing lost."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from engine.client.api import EngineClient

Cli = Callable[..., Any]
SHORT = ("--seconds", "0.5", "--steps", "2", "--seed", "7")


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        ("remix a.mkv --strength nan", "--strength: is not valid (nan is no number from 0 to 1)"),
        ("remix a.mkv --strength 0", "--strength: 0 is too small; the nearest that works is 0.05"),
        ("remix a.mkv --strength 1.1", "--strength: 1.1 is too large; the nearest that works is 1"),
        (
            "remix a.mkv --strength 0.5 --steps 2 --draft-steps 1",
            "--draft-steps: 1 is too large (only one step is made)",
        ),
        ("retake a.mkv --from 0.8 --to 0.5", "--to: 0.5 is too small (--to has to lie behind --from (0.8 s))"),
        ("retake a.mkv --from nan", "--from: is not valid (nan is no time in seconds)"),
        ("retake a.mkv --to 9", "--to: 9 is outside the clip; the nearest that works is 1"),
        ("retake a.mkv", "that is the whole clip: remix it, or generate a new one"),
        ("retake one.mp4 --from 0 --to 0.01", "--to: 0.01 is too small"),
        ("extend a.mkv --seconds -1", "--seconds: is not valid (-1.0 is no length in seconds)"),
        ("extend a.mkv --seconds nan", "--seconds: is not valid (nan is no length in seconds)"),
        ("extend a.mkv --seconds 99999999", "--seconds: 99999999 is too large; the nearest that works is 18000"),
        ("extend a.mkv --seconds 3000", "--seconds: 3000 is too large; the nearest that works is 2999"),
        ("loop a.mkv --seconds 3000", "--seconds: 3000 is too large; the nearest that works is 299"),
        ("extend a.mkv --seconds 17999.5 --fps 1", "the take: is 216006 frames long, more than the 216000 there can"),
        ("generate x --seconds 1e300", "--seconds: 1e+300 is too large; the nearest that works is 2999.6"),
        ("generate x --seconds 0", "--seconds: is not valid (0 is no length in seconds)"),
        ("generate x --seconds 5 --frames 9", "--seconds: is not valid (give --frames or --seconds, not both)"),
        ("generate x --seconds 5 --fps 0 --loop", "--fps: 0 is too small; the nearest that works is 1"),
        ("generate x --seconds 5 --fps 1e305", "--fps: 1e+305 is too large; the nearest that works is 120"),
        ("generate x --frames 99999", "--frames: 99999 is too large; the nearest that works is 35997"),
        ("bridge a.mkv nosuch.mp4", "nosuch.mp4: no such file"),
        ("extend odd.mkv -o odd.mp4", "--output: mp4 is not supported here (63x47 has an odd edge)"),
        ("extend sound.mp4", "sound.mp4: cannot be read (there are no pictures in it)"),
        ("extend headless.mp4", "headless.mp4: cannot be read (the file ends before its index"),
        ("extend empty.mp4", "empty.mp4: cannot be read"),
        ("extend playlist.mp4", "playlist.mp4: cannot be read"),
        ("inspect script.mp4", "script.mp4: cannot be read"),
        ("generate x --image 0=a.mkv -o a.mkv", "--output: cannot be written to (a.mkv is what the new clip is made"),
        ("extend a.mkv -o a.mkv", "--output: cannot be written to (a.mkv is what the new clip is made from)"),
        ("extend a.mkv -o nowhere/b.mkv", "--output: cannot be written to (there is no folder nowhere)"),
        ("extend a.mkv -o nowhere/b --format png", "--output: cannot be written to (there is no folder nowhere)"),
        (
            "extend a.mkv -o b.avi",
            "--output: .avi is not supported here; the nearest that works is a name that ends in",
        ),
        ("extend a.mkv -o b.mp4 --format ffv1", "--output: b.mp4 is not supported here; the nearest that works is"),
        (
            "generate x --format avi",
            "'avi' is not one of 'mp4', 'h265', 'webm', 'ffv1', 'prores', 'gif', 'png' (`reelwright gen",
        ),
        ("finish nosuch", "job nosuch: no such job"),
        ("queue save nosuch a.mp4", "job nosuch: no such job"),
    ],
)
def test_a_sentence_for_everything(
    cli: Cli, footage: Path, shared_engine: EngineClient, monkeypatch: pytest.MonkeyPatch, command: str, sentence: str
) -> None:
    monkeypatch.chdir(footage)
    before = {path: path.stat().st_size for path in footage.iterdir()}
    jobs = len(shared_engine.jobs(limit=1000))
    ended = cli(*command.split())
    assert (ended.code, ended.out) == (2, "")
    assert sentence in ended.err
    assert len(ended.err.splitlines()) == 1
    assert {path: path.stat().st_size for path in footage.iterdir()} == before
    assert len(shared_engine.jobs(limit=1000)) == jobs


@pytest.mark.parametrize("verb", ["extend", "loop", "generate"])
def test_the_longest_that_is_offered_is_taken(cli: Cli, footage: Path, verb: str) -> None:
    subject = "x" if verb == "generate" else footage / "a.mkv"
    offered = re.search(
        r"^--seconds: 9999 is too large; the nearest that works is (29\d\d[.\d]*)$", _said(cli, verb, subject)
    )
    assert offered
    refused = cli(verb, subject, "--seconds", offered[1], "-o", "no/a.mp4")  # for another reason
    assert refused.err == "--output: cannot be written to (there is no folder no)\n"


def _said(cli: Cli, verb: str, subject: str | Path) -> str:
    return cli(verb, subject, "--seconds", "9999").err.strip()


def test_a_huge_picture_is_refused_by_its_header(cli: Cli, tmp_path: Path) -> None:
    Image.new("1", (20000, 10000)).save(tmp_path / "huge.png")
    ended = cli("animate", "huge.png", "x", "-o", "a.mp4")
    assert (ended.code, "200000000 pixels, the limit is" in ended.err) == (2, True)


def test_a_broken_clip_counts_what_is_there_and_goes_on_from_it(cli: Cli, footage: Path) -> None:
    for name in ("cut.mp4", "rotten.mp4"):
        said = cli("inspect", footage / name)
        assert said.code == 0, said.err
        found = re.search(r"320x240 · (\d+) frames", said.out)
        assert found, said.out
        count = int(found[1])
        assert (0 < count < 50) if name == "cut.mp4" else count
        made = cli("extend", footage / name, *SHORT, "-o", f"{name}.mkv", "--json")
        assert made.code == 0, made.err + made.out
        item = json.loads(cli("inspect", f"{name}.mkv", "--json").out)
        assert (item["num_frames"], item["width"], item["fps"]) == (count + 12, 320, 25)
