"""A model's folder where its user put it: recognised from headers alone, and refused by file where it is not sound."""

import json
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.protocol.model_card import ModelCard, ModelToAdd, read_card
from engine.protocol.problem import Problem, ProblemsError
from engine.server.library import Library
from engine.weights.adopt import recognise
from engine.weights.configs import CLASS_KEYS
from engine.weights.headers import GGUF_TYPES
from engine.weights.layouts import LAYOUTS, ratios
from engine.weights.store import Weights, verified

TRANSFORMER = "transformer/diffusion_pytorch_model"
VAE = "vae/diffusion_pytorch_model.safetensors"


@pytest.fixture
def library(home: Path) -> Library:
    return Library(home)


def added(library: Library, path: Path, **fields: object) -> ModelCard:
    return library.add(ModelToAdd.model_validate({"path": str(path), **fields}), lambda *_: None)


def edit(path: Path, **changes: object) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def test_a_card_says_what_the_folder_can_do(library: Library, tiny_ltx: Path, home: Path) -> None:
    seen: list[tuple[int, int]] = []
    card = library.add(ModelToAdd(path=str(tiny_ltx)), lambda done, total: seen.append((done, total)))
    assert (card.id, card.name, card.location) == ("tiny-ltx", "Tiny LTX", str(tiny_ltx))
    assert (card.size.multiple, card.frames.step, card.frames.largest, card.context_frames) == (32, 8, 257, 9)
    assert (card.defaults.width, card.defaults.height, card.defaults.num_frames) == (704, 480, 121)
    assert {f.path for f in card.files} == {p.relative_to(tiny_ltx).as_posix() for p in files_of(tiny_ltx)}
    assert len([f for f in card.files if f.path.startswith("text_encoder/model-")]) > 1
    assert seen[-1][0] == seen[-1][1] == sum(f.size_bytes for f in card.files)
    assert read_card(home / "models" / "tiny-ltx.toml") == card
    found = library.find("tiny-ltx")
    assert found is not None
    assert found[0] == tiny_ltx
    assert found[1].installed
    assert verified(card, tiny_ltx).digest("vae") != verified(card, tiny_ltx).digest("transformer")


def files_of(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_rules_follow_the_vae_s_ratios(library: Library) -> None:
    from engine.protocol.home import RESOURCES

    card = added(library, RESOURCES / "models" / "starter", id="again")
    assert "transformer/diffusion_pytorch_model.gguf" in [file.path for file in card.files]
    assert (card.size.multiple, card.frames.step, card.frames.largest) == (32, 4, 257)
    assert card.context_frames == 9


def test_a_gguf_stands_for_the_transformer_s_weights(library: Library, tiny_copy: Path, tiny_gguf: Path) -> None:
    for weights in tiny_copy.glob("transformer/*.safetensors*"):
        weights.unlink()
    plain = refused(library, tiny_copy)
    assert [(p.field, p.kind) for p in plain] == [(f"{TRANSFORMER}.safetensors", "missing")]
    card = added(library, tiny_copy, gguf=str(tiny_gguf))
    assert (card.id, card.gguf and card.gguf.path) == ("copied-model-tiny-q8_0", str(tiny_gguf))
    other = card.changed(gguf={**card.gguf.model_dump(), "sha256": "0" * 64}) if card.gguf else card
    assert verified(card, tiny_copy)
    for component, same in (("", False), ("transformer", False), ("vae", True), ("text_encoder", True)):
        digests = [Weights(each, tiny_copy).digest(component) for each in (card, other)]
        assert (digests[0] == digests[1]) is same


def test_names_of_every_kind_survive_the_card(library: Library, tiny_ltx: Path, home: Path) -> None:
    name = 'Ümläut "quoted" \\ 🌊 \x7f\t[x]'
    card = added(library, tiny_ltx, name=name, id="a.b_c")
    assert read_card(home / "models" / "a.b_c.toml").name == card.name == name


def test_a_hugging_face_cache_is_a_folder_of_links(library: Library, tiny_ltx: Path, tmp_path: Path) -> None:
    snapshot = tmp_path / "models--Lightricks--LTX-Video-0.9.7-distilled" / "snapshots" / "0a1b2c"
    for source in files_of(tiny_ltx):
        link = snapshot / source.relative_to(tiny_ltx)
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(source)
    (snapshot / "README.md").write_text("---\nlicense: other\nlicense_name: ltxv-open\n---\n# LTX\n")
    card = added(library, snapshot)
    assert (card.id, card.licence, card.location) == ("ltx-video-0.9.7-distilled", "ltxv-open", str(snapshot))
    assert (card.defaults.num_inference_steps, card.defaults.guidance_scale) == (8, 1.0)
    assert VAE in {f.path for f in card.files}


def test_an_id_is_taken_once_and_free_again(library: Library, tiny_ltx: Path, home: Path) -> None:
    card = added(library, tiny_ltx)
    assert [p.field for p in refused(library, tiny_ltx)] == ["id"]
    assert [p.field for p in refused(library, tiny_ltx, id="starter")] == ["id"]
    assert not library.remove("starter")
    assert not library.remove("nobody")
    assert library.remove(card.id)
    assert library.find(card.id) is None
    assert files_of(tiny_ltx)
    assert added(library, tiny_ltx) == card


def refused(library: Library, path: Path, **fields: object) -> list[Problem]:
    with pytest.raises(ProblemsError) as caught:
        added(library, path, **fields)
    return caught.value.problems


def rewrite_header(path: Path, change: Callable[[dict[str, dict[str, object]]], object]) -> None:
    content = path.read_bytes()
    (length,) = struct.unpack("<Q", content[:8])
    header = json.loads(content[8 : 8 + length])
    change(header)
    packed = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(packed)) + packed + content[8 + length :])


def first(header: dict[str, dict[str, object]]) -> dict[str, object]:
    return next(row for name, row in header.items() if name != "__metadata__")


def pickled(folder: Path) -> None:
    (folder / VAE).unlink()
    (folder / "vae" / "diffusion_pytorch_model.bin").write_bytes(b"\x80\x04cos\nsystem\n(S'touch evil'\ntR.")


def shard_outside(folder: Path) -> None:
    index = folder / f"{TRANSFORMER}.safetensors.index.json"
    table = json.loads(index.read_text())
    table["weight_map"][next(iter(table["weight_map"]))] = "../../secret.safetensors"
    index.write_text(json.dumps(table))


def truncated(folder: Path) -> None:
    with (folder / VAE).open("r+b") as file:
        file.truncate((folder / VAE).stat().st_size - 1)


POISON: dict[str, tuple[Callable[[Path], object], str, str]] = {
    "a pickle": (pickled, "vae/diffusion_pytorch_model.bin", "unsupported"),
    "another pipeline": (
        lambda f: edit(f / "model_index.json", _class_name="WanPipeline"),
        "model_index.json",
        "unsupported",
    ),
    "a class of the system": (
        lambda f: edit(f / "model_index.json", vae=["os", "system"]),
        "model_index.json",
        "unsupported",
    ),
    "a class that is a list": (
        lambda f: edit(f / "model_index.json", vae=["diffusers", ["AutoencoderKLLTXVideo"]]),
        "model_index.json",
        "unsupported",
    ),
    "a component more": (
        lambda f: edit(f / "model_index.json", safety=["evil", "Evil"]),
        "model_index.json",
        "unsupported",
    ),
    "code of its own": (
        lambda f: edit(f / "text_encoder" / "config.json", auto_map={"AutoModel": "evil.Model"}),
        "text_encoder/config.json",
        "invalid",
    ),
    "a key more": (
        lambda f: edit(f / "transformer" / "config.json", quantization_config={}),
        "transformer/config.json",
        "invalid",
    ),
    "another class": (lambda f: edit(f / "vae" / "config.json", _class_name="X"), "vae/config.json", "invalid"),
    "other latents": (lambda f: edit(f / "vae" / "config.json", latent_channels=9), "vae/config.json", "invalid"),
    "no ratio": (
        lambda f: edit(f / "vae" / "config.json", spatio_temporal_scaling=7),
        "vae/config.json",
        "invalid",
    ),
    "a ratio in words": (lambda f: edit(f / "vae" / "config.json", patch_size="4"), "vae/config.json", "invalid"),
    "blocks that are not there": (
        lambda f: edit(f / "transformer" / "config.json", num_layers=3),
        "transformer/config.json",
        "invalid",
    ),
    "a shard outside": (shard_outside, f"{TRANSFORMER}.safetensors.index.json", "invalid"),
    "a file cut off": (truncated, VAE, "invalid"),
    "an empty file": (lambda f: (f / VAE).write_bytes(b""), VAE, "invalid"),
    "a header without end": (lambda f: (f / VAE).write_bytes(b"\xff" * 64), VAE, "invalid"),
    "a header of brackets": (
        lambda f: (f / VAE).write_bytes(struct.pack("<Q", 100_000) + b"[" * 100_000),
        VAE,
        "invalid",
    ),
    "a tensor outside": (
        lambda f: rewrite_header(f / VAE, lambda h: first(h).update(data_offsets=[0, 1 << 39])),
        VAE,
        "invalid",
    ),
    "negative sizes": (lambda f: rewrite_header(f / VAE, lambda h: first(h).update(shape=[-1, -1])), VAE, "invalid"),
    "other numbers": (
        lambda f: rewrite_header(f / VAE, lambda h: first(h).update(dtype="F8_E4M3")),
        VAE,
        "unsupported",
    ),
    "no scheduler": (
        lambda f: (f / "scheduler" / "scheduler_config.json").unlink(),
        "scheduler/scheduler_config.json",
        "missing",
    ),
    "no words": (lambda f: (f / "tokenizer" / "spiece.model").unlink(), "tokenizer/spiece.model", "missing"),
    "a config that is none": (
        lambda f: (f / "vae" / "config.json").write_text("[" * 100_000),
        "vae/config.json",
        "invalid",
    ),
}


@pytest.mark.parametrize("poison", POISON)
def test_a_poisoned_folder_is_refused_by_file(library: Library, tiny_copy: Path, poison: str, home: Path) -> None:
    harm, field, kind = POISON[poison]
    harm(tiny_copy)
    assert (field, kind) in [(p.field, p.kind) for p in refused(library, tiny_copy)]
    assert not list((home / "models").glob("*"))


def test_all_problems_are_told_at_once(library: Library, tiny_copy: Path) -> None:
    for harm in ("a pickle", "no scheduler", "a class of the system"):
        POISON[harm][0](tiny_copy)
    assert {p.field for p in refused(library, tiny_copy)} == {POISON[h][1] for h in ("a pickle", "no scheduler")} | {
        "model_index.json"
    }


def test_what_is_no_folder(library: Library, tmp_path: Path, tiny_ltx: Path) -> None:
    (tmp_path / "file").write_text("x")
    assert [(p.field, p.kind) for p in refused(library, tmp_path / "no")] == [(str(tmp_path / "no"), "missing")]
    assert [p.kind for p in refused(library, tmp_path / "file")] == ["unreadable"]
    assert {p.kind for p in refused(library, tmp_path)} == {"missing"}
    with pytest.raises(ValueError, match="absolute"):
        ModelToAdd(path="models/x")
    for bad in ("../x", "A", "", "a/b", "x" * 65):
        with pytest.raises(ValueError, match="id"):
            ModelToAdd(path=str(tiny_ltx), id=bad)


def bad_gguf(content: bytes) -> dict[str, bytes]:
    version = struct.pack("<I", 3)
    return {
        "magic": b"GGML" + content[4:],
        "version": b"GGUF" + struct.pack("<I", 99) + content[8:],
        "architecture": content.replace(b"ltxv", b"flux", 1),
        "end": content[:-40],
        "header": content[:50],
        "counts": b"GGUF" + version + b"\xff" * 16 + content[24:],
        "nothing": b"GGUF" + version + bytes(16),
        "empty": b"",
        "blocks": content.replace(b"transformer_blocks.1", b"transformer_blocks.7"),
    }


@pytest.mark.parametrize("harm", bad_gguf(b"ltxv"))
def test_a_poisoned_gguf_is_refused(
    library: Library, tiny_ltx: Path, tiny_gguf: Path, tmp_path: Path, harm: str
) -> None:
    path = tmp_path / "bad.gguf"
    path.write_bytes(bad_gguf(tiny_gguf.read_bytes())[harm])
    (problem,) = refused(library, tiny_ltx, gguf=str(path))
    assert (problem.field, problem.kind in ("invalid", "unsupported")) == (str(path), True)
    missing = refused(library, tiny_ltx, gguf=str(tmp_path / "none.gguf"))
    assert [p.kind for p in missing] == ["missing"]


def test_a_shipped_card_points_nowhere_else(tiny_ltx: Path, library: Library, home: Path, tmp_path: Path) -> None:
    added(library, tiny_ltx)
    shipped = Library(tmp_path)
    shipped._shipped = home / "models"
    assert shipped.find("tiny-ltx") is None


def test_what_we_know_of_classes_is_what_they_take() -> None:
    import inspect

    import diffusers
    from diffusers.quantizers.gguf.utils import SUPPORTED_GGUF_QUANT_TYPES
    from gguf import GGML_QUANT_SIZES

    listed = [pair for layout in LAYOUTS for pair in layout.components.values()]
    for name in {name for library, names in listed if library == "diffusers" for name in names}:
        parameters = set(inspect.signature(getattr(diffusers, name).__init__).parameters) - {"self", "kwargs"}
        assert CLASS_KEYS[name] == parameters, name
    sizes = {int(kind): size for kind, size in GGML_QUANT_SIZES.items()}
    assert {kind: sizes[kind] for kind in GGUF_TYPES} == GGUF_TYPES
    assert set(GGUF_TYPES) >= {int(kind) for kind in SUPPORTED_GGUF_QUANT_TYPES}


def test_recognising_needs_no_torch(tiny_ltx: Path, tiny_gguf: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from engine.weights.adopt import recognise;"
        f"recognise(Path({str(tiny_ltx)!r}), Path({str(tiny_gguf)!r}));"
        "print(*sorted({'torch', 'diffusers', 'transformers', 'numpy', 'gguf'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout.split()) == (0, []), done.stderr
    assert recognise(tiny_ltx).weights > 0


REAL = {
    "text_encoder/config.json": {
        "_name_or_path": "google/t5-v1_1-xxl",
        "architectures": ["T5EncoderModel"],
        "classifier_dropout": 0.0,
        "d_ff": 10240,
        "d_kv": 64,
        "d_model": 4096,
        "decoder_start_token_id": 0,
        "dense_act_fn": "gelu_new",
        "dropout_rate": 0.1,
        "eos_token_id": 1,
        "feed_forward_proj": "gated-gelu",
        "initializer_factor": 1.0,
        "is_encoder_decoder": True,
        "is_gated_act": True,
        "layer_norm_epsilon": 1e-06,
        "model_type": "t5",
        "num_decoder_layers": 24,
        "num_heads": 64,
        "num_layers": 24,
        "output_past": True,
        "pad_token_id": 0,
        "relative_attention_max_distance": 128,
        "relative_attention_num_buckets": 32,
        "use_cache": True,
        "tie_word_embeddings": False,
        "torch_dtype": "bfloat16",
        "transformers_version": "4.47.1",
        "vocab_size": 32128,
    },
    "scheduler/scheduler_config.json": {
        "_class_name": "FlowMatchEulerDiscreteScheduler",
        "_diffusers_version": "0.34.0.dev0",
        "base_image_seq_len": 1024,
        "base_shift": 0.95,
        "invert_sigmas": False,
        "max_image_seq_len": 4096,
        "max_shift": 2.05,
        "num_train_timesteps": 1000,
        "shift": 1.0,
        "shift_terminal": None,
        "stochastic_sampling": False,
        "time_shift_type": "exponential",
        "use_beta_sigmas": False,
        "use_dynamic_shifting": False,
        "use_exponential_sigmas": False,
        "use_karras_sigmas": False,
    },
    "vae/config.json": {
        "_class_name": "AutoencoderKLLTXVideo",
        "_diffusers_version": "0.34.0.dev0",
        "in_channels": 3,
        "block_out_channels": [128, 256, 512, 1024, 2048],
        "decoder_block_out_channels": [256, 512, 1024],
        "decoder_causal": False,
        "decoder_inject_noise": [False, False, False, False],
        "encoder_causal": True,
        "decoder_layers_per_block": [5, 5, 5, 5],
        "decoder_spatio_temporal_scaling": [True, True, True],
        "down_block_types": ["LTXVideo095DownBlock3D"] * 4,
        "latent_channels": 128,
        "out_channels": 3,
        "downsample_type": ["spatial", "temporal", "spatiotemporal", "spatiotemporal"],
        "patch_size": 4,
        "layers_per_block": [4, 6, 6, 2, 2],
        "patch_size_t": 1,
        "resnet_norm_eps": 1e-06,
        "scaling_factor": 1.0,
        "spatial_compression_ratio": 32,
        "temporal_compression_ratio": 8,
        "timestep_conditioning": True,
        "spatio_temporal_scaling": [True, True, True, True],
        "upsample_factor": [2, 2, 2],
        "upsample_residual": [True, True, True],
    },
    "transformer/config.json": {
        "_class_name": "LTXVideoTransformer3DModel",
        "_diffusers_version": "0.34.0.dev0",
        "in_channels": 128,
        "activation_fn": "gelu-approximate",
        "attention_bias": True,
        "attention_head_dim": 128,
        "patch_size": 1,
        "attention_out_bias": True,
        "caption_channels": 4096,
        "cross_attention_dim": 4096,
        "norm_eps": 1e-06,
        "norm_elementwise_affine": False,
        "num_attention_heads": 32,
        "num_layers": 48,
        "out_channels": 128,
        "patch_size_t": 1,
        "qk_norm": "rms_norm_across_heads",
    },
}
"""Configs as LTX-Video 0.9.7 13B and its text encoder have them."""


def test_configs_of_real_models_are_taken(tiny_copy: Path, library: Library) -> None:
    """They are closed, and tell the ratios; only the tiny weights do not fit them."""
    for name, config in REAL.items():
        (tiny_copy / name).write_text(json.dumps(config))
    (problem,) = refused(library, tiny_copy)
    assert (problem.field, problem.detail) == ("transformer/config.json", "48 blocks are wanted, and there are 2")
    assert ratios(REAL["vae/config.json"]) == (32, 8)


@pytest.mark.parametrize(
    ("content", "part"),
    [
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"a" * 64 + b"\nsize 9\n", "git lfs pull"),
        (b"\n<!DOCTYPE html><html><title>Log in</title>" + b" " * 99, "a web page"),
    ],
)
def test_what_stands_in_a_file_s_place_is_named(tiny_copy: Path, tmp_path: Path, content: bytes, part: str) -> None:
    (tiny_copy / "vae" / "diffusion_pytorch_model.safetensors").write_bytes(content)
    with pytest.raises(ProblemsError) as refused:
        recognise(tiny_copy)
    assert [part in problem.detail for problem in refused.value.problems] == [True]
    (tmp_path / "x.gguf").write_bytes(content)
    with pytest.raises(ProblemsError, match=part):
        recognise(tiny_copy, tmp_path / "x.gguf")


def test_a_gguf_file_alone_takes_the_rest_from_a_model_that_is_here(
    home: Path, tiny_ltx: Path, tiny_gguf: Path, tmp_path: Path
) -> None:
    library = Library(home)
    with pytest.raises(ProblemsError, match="no model here goes with it"):
        library.add(ModelToAdd(path=str(tiny_gguf)), lambda _, __: None)
    base = library.add(ModelToAdd(path=str(tiny_ltx)), lambda _, __: None)
    card = library.add(ModelToAdd(path=str(tiny_gguf)), lambda _, __: None)
    assert (card.location, card.name) == (base.location, tiny_gguf.stem)
    assert card.gguf is not None
    assert card.gguf.path == str(tiny_gguf)
    (tmp_path / "x.safetensors").write_bytes(b"x")
    with pytest.raises(ProblemsError, match="a diffusers folder or a GGUF file"):
        library.add(ModelToAdd(path=str(tmp_path / "x.safetensors")), lambda _, __: None)
