"""What trainers are fed with: clips by seed, drawn ahead, captions as tokens."""

import itertools
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from starter import pixels, vocabulary
from starter.ahead import Ahead
from starter.pixels import Pixels
from starter.sizes import CLIP, MAKES, RENDER_FRAMES, Make

ROOT = Path(__file__).resolve().parents[3]


def test_chunks_that_are_there_are_not_drawn_again(tmp_path: Path):
    fixed = [str(tmp_path), "--clips", "1"]
    pixels.main([*fixed, "--chunks", "1"])
    (first,) = tmp_path.glob("*.npy")
    first.write_bytes(b"kept")
    pixels.main([*fixed, "--chunks", "2"])
    assert first.read_bytes() == b"kept"
    assert len(list(tmp_path.glob("*.npy"))) == len(list(tmp_path.glob("*.json"))) == 2
    first.unlink()
    found = Pixels(tmp_path)
    assert found.refresh() == 1
    assert found.clip(0).shape == (RENDER_FRAMES, CLIP.height_px, CLIP.width_px, 3)


def test_processes_draw_what_one_draws(tmp_path: Path):
    """As a command of its own: what Python starts beside a pool lives as long as the process."""
    fixed = ["--chunks", "2", "--clips", "2"]
    command = [sys.executable, str(ROOT / "packaging" / "starter"), "render", str(tmp_path / "shared"), *fixed]
    subprocess.run([*command, "--workers", "2"], check=True, timeout=120)
    pixels.main([str(tmp_path / "alone"), *fixed])
    alone, shared = (sorted((tmp_path / name).iterdir()) for name in ("alone", "shared"))
    assert [path.name for path in alone] == [path.name for path in shared]
    assert len(alone) == 4
    assert all(a.read_bytes() == b.read_bytes() for a, b in zip(alone, shared, strict=True))


def test_a_gpu_s_next_batch_is_made_meanwhile():
    numbers, made = iter(range(9)), threading.Semaphore(0)

    def make() -> int:
        made.release()
        return next(numbers)

    ahead = Ahead(make, "cuda")
    assert ahead.take() == 0
    assert made.acquire(timeout=60)
    assert made.acquire(timeout=60)  # the second, which nobody has taken yet
    assert [ahead.take(), ahead.take()] == [1, 2]
    plain = Ahead(lambda: next(numbers), "cpu")
    before = plain.take()
    assert plain.take() == before + 1


def test_the_tokenizer_reads_what_people_type():
    tokenizer = vocabulary.train(300)
    assert tokenizer("A Beach at SUNSET").input_ids == tokenizer("a beach at sunset").input_ids
    assert tokenizer("").input_ids == [tokenizer.eos_token_id]
    assert tokenizer.unk_token_id in tokenizer("🐉").input_ids
    assert tokenizer.unk_token_id not in tokenizer("xylophone jazz 42").input_ids


@pytest.mark.parametrize("make", MAKES.values(), ids=MAKES)
def test_every_make_is_one_that_diffusers_takes(make: Make):
    assert make.clip.width_px % 32 == make.clip.height_px % 32 == 0
    assert make.clip.num_frames % 4 == 1
    assert make.width % make.heads == 0
    assert all(before * 8 % after == 0 for before, after in itertools.pairwise(make.encoder))
    assert make.decoder[1] == 2 * make.decoder[0]
