"""Evaluation: its measures are right on clips whose truth is known, and it can be stopped between its parts."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from diffusers.models.autoencoders.autoencoder_kl_ltx import AutoencoderKLLTXVideo
from diffusers.models.transformers.transformer_ltx import LTXVideoTransformer3DModel
from safetensors.torch import save_file
from starter import evaluate, sheet
from starter.evaluate import jump, psnr
from starter.export import export
from starter.generate import Sampling
from starter.model import Denoiser
from starter.motion import agreement
from starter.pixels import Pixels
from starter.probe import Lesson, Probe, accuracy, load, looked_at, train
from starter.prompts import FAMOUS, OUTSIDE, SHEET
from starter.sizes import CLIP, TEXT_ENCODER, TRANSFORMER, VAE
from starter.stills import KINDS, still
from starter.world.palette import SETTINGS
from starter.world.scenes import sample_scene
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast, T5Config, T5EncoderModel

SCENE = {"setting": "sea", "cam": "static", "subject": "none", "style": "real", "time": "day"}


def background(seed: int = 0) -> np.ndarray:
    """A soft texture, larger than a clip."""
    noise = np.random.default_rng(seed).random((180, 220, 3)).astype(np.float32)
    soft = cv2.GaussianBlur(noise, (0, 0), 3)
    return ((soft - soft.min()) / (soft.max() - soft.min()) * 255).astype(np.uint8)


def seen(x: float, y: float, zoom: float = 1.0) -> np.ndarray:
    """The background's window at x, y, as large as a clip."""
    matrix = np.array([[zoom, 0, 64 - zoom * (110 + x)], [0, zoom, 48 - zoom * (90 + y)]], np.float32)
    return np.asarray(cv2.warpAffine(background(), matrix, (128, 96)))


@pytest.mark.parametrize(
    ("camera", "window"),
    [
        ("pan_left", lambda t: (-t, 0)),
        ("pan_right", lambda t: (t, 0)),
        ("tilt_up", lambda t: (0, -t)),
        ("tilt_down", lambda t: (0, t)),
        ("zoom_in", lambda t: (0, 0, 1 + 0.01 * t)),
        ("zoom_out", lambda t: (0, 0, 1.2 - 0.01 * t)),
    ],
)
def test_camera_moves_are_told_apart(camera: str, window):
    clip = np.stack([seen(*window(t)) for t in range(17)])
    assert agreement([clip], [{**SCENE, "cam": camera}])["camera"] == 1.0
    assert agreement([clip[::-1]], [{**SCENE, "cam": camera}])["camera"] == 0.0


@pytest.mark.parametrize(("direction", "step"), [("left", (-2, 0)), ("right", (2, 0)), ("up", (0, -2))])
def test_a_subject_s_direction_is_seen(direction: str, step: tuple[int, int]):
    clip = np.stack([seen(0, 0) for _ in range(17)])
    for t, frame in enumerate(clip):
        cv2.circle(frame, (64 + step[0] * (t - 8), 60 + step[1] * (t - 8)), 9, (255, 30, 30), -1)
    scene = {**SCENE, "subject": "boat", "dir": direction}
    assert agreement([clip], [scene])["subject"] == 1.0
    assert agreement([clip[::-1]], [scene])["subject"] == 0.0


def test_what_is_not_asked_is_not_counted():
    clip = np.stack([seen(0, 0)] * 17)
    assert set(agreement([clip], [SCENE])) == {"magnitude_px"}
    frames = looked_at(clip[None])
    assert set(accuracy(Probe().eval(), frames, [{"subject": "fish", "style": "noir", "color": "red"}])) == {
        "subject",
        "style",
    }


def test_psnr_and_jump():
    black, gray = np.zeros((4, 4, 3), np.uint8), np.full((4, 4, 3), 51, np.uint8)
    assert psnr(black, gray) == pytest.approx(20 * np.log10(5))
    assert jump(black, gray) == 51


def test_stills_are_always_the_same_dozen():
    first = [still(i, 48, 64) for i in range(12)]
    assert all(np.array_equal(still(i, 48, 64), first[i]) for i in (0, 7))
    assert {picture.shape for picture in first} == {(48, 64, 3)}
    assert all(picture.std() > 10 for picture in first)
    assert not np.array_equal(first[0], first[len(KINDS)])


def test_the_fixed_prompts():
    assert len(SHEET) == len(set(SHEET)) == 24
    assert [prompt for prompt, _ in FAMOUS] == list(SHEET[:6])
    assert all(set(asked) <= set(SCENE) for _, asked in (*FAMOUS, *OUTSIDE))


@pytest.fixture
def held_out(tmp_path: Path) -> Path:
    """Clips whose brightness says where they are."""
    rng = np.random.default_rng(0)
    scenes = [{**sample_scene(rng), "setting": SETTINGS[i % 2]} for i in range(8)]
    levels = np.array([40 + 150 * (i % 2) for i in range(8)])[:, None, None, None, None]
    clips = levels + rng.integers(0, 30, (8, 25, 96, 128, 3))
    folder = tmp_path / "pixels"
    folder.mkdir()
    np.save(folder / "0.npy", clips.astype(np.uint8))
    (folder / "0.json").write_text(json.dumps(scenes))
    return folder


def test_the_probe_learns_what_is_there(held_out: Path, tmp_path: Path):
    pixels = Pixels(held_out)
    pixels.refresh()
    lesson = Lesson.of(pixels, range(0, 25, 8))
    probe = train(lesson, updates=25, batch=8)
    looks = Lesson.of(pixels, (0, 8, 16)).frames.float() / 255
    assert accuracy(probe, looks, pixels.scenes)["setting"] == 1.0
    save_file(probe.state_dict(), tmp_path / "probe.safetensors")
    again = load(tmp_path / "probe.safetensors")
    assert accuracy(again, looks, pixels.scenes) == accuracy(probe, looks, pixels.scenes)


@pytest.fixture
def tiny_model(tmp_path: Path) -> Path:
    """A model folder with random weights, as the export writes it."""
    torch.manual_seed(0)
    small = {"num_layers": 1, "num_attention_heads": 2, "attention_head_dim": 16, "cross_attention_dim": 32}
    reader = {"d_model": 32, "d_ff": 32, "num_layers": 1, "num_heads": 2, "d_kv": 16, "vocab_size": 64}
    model = Denoiser(
        LTXVideoTransformer3DModel(**{**TRANSFORMER, **small, "caption_channels": 32}),
        T5EncoderModel(T5Config(**{**TEXT_ENCODER, **reader})),
    )
    widths = {"block_out_channels": (8, 16, 32), "decoder_block_out_channels": (16, 32)}
    AutoencoderKLLTXVideo(**{**VAE, **widths}).save_pretrained(tmp_path / "vae")
    letters = Tokenizer(models.WordLevel({"<pad>": 0, "</s>": 1, "<unk>": 2}, unk_token="<unk>"))
    letters.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=letters, pad_token="<pad>", eos_token="</s>", unk_token="<unk>"
    )
    tokenizer.save_pretrained(tmp_path / "tokenizer")
    export(model, tmp_path / "vae", tmp_path / "tokenizer", tmp_path / "model")
    return tmp_path / "model"


def test_parts_that_are_measured_are_kept(
    held_out: Path, tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(evaluate.vae_fast, "patch", lambda: None)
    monkeypatch.setattr(evaluate, "FEW_STEPS", (1,))
    save_file(Probe().state_dict(), tmp_path / "probe.safetensors")
    out = tmp_path / "out.json"
    fixed = [str(tiny_model), str(tmp_path / "probe.safetensors"), str(held_out), str(out), "--steps", "2"]
    evaluate.main([*fixed, "--clips", "7", "--parts", "vae", "text", "few_steps", "start_images", "seams"])
    found = json.loads(out.read_text())
    assert set(found) == {"vae", "text", "few_steps", "start_images", "seams"}
    assert {"truth", "made", "magnitude_correlation"} == set(found["text"])
    assert 0 <= found["start_images"]["last_frame_setting"] <= 1
    assert found["start_images"]["frame_0_db"] > 5
    assert {"data", "extend", "own_extend", "bridge", "loop"} <= set(found["seams"])
    out.write_text(json.dumps(found | {"text": "kept"}))
    evaluate.main([*fixed, "--clips", "7", "--parts", "text"])
    assert json.loads(out.read_text())["text"] == "kept"


def test_a_sheet_has_a_row_for_every_prompt(tiny_model: Path, tmp_path: Path):
    prompts = ("a beach", "")
    clips = sheet.samples(tiny_model, tmp_path / "kept", prompts, Sampling(steps=1))
    assert len(list((tmp_path / "kept").iterdir())) == len(clips) == len(sheet.SEEDS)
    picture = sheet.compose({"tiny": clips}, prompts)
    assert picture.shape == (2 * (CLIP.height_px + sheet.LABEL_PX), 2 * 3 * CLIP.width_px + 6, 3)
