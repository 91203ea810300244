"""What every test stands on: a folder of its own, no leaked process or thread, and one engine for those who share."""

import contextlib
import importlib.util
import json
import os
import shutil
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from engine.client.api import EngineClient
from engine.client.attach import attach
from engine.protocol.events import JobChanged
from engine.protocol.home import RESOURCES, read_rendezvous
from engine.protocol.job import Delivery, Job, JobRequest
from engine.protocol.model_card import ModelCard, read_card
from engine.protocol.recipe import Recipe

# Background jobs of a shell ignore it, and so would every program that they start.
signal.signal(signal.SIGINT, signal.default_int_handler)
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # before torch is imported; as the engine does for its workers

LEAK_GRACE_S = 5.0
LIMIT_S = 120.0


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user folder of this test's own; nothing reaches the real one."""
    folder = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("REELWRIGHT_HOME", str(folder))
    return folder


@pytest.fixture(autouse=True)
def no_leaks() -> Iterator[None]:
    """Fail a test that leaves a thread or a child process behind."""
    threads = set(threading.enumerate())
    children = {child.pid for child in psutil.Process().children(recursive=True)}
    yield
    deadline = time.monotonic() + LEAK_GRACE_S
    while leaked := _leaked(threads, children):
        assert time.monotonic() < deadline, f"left behind: {leaked}"
        time.sleep(0.02)


def _leaked(threads: set[threading.Thread], children: set[int]) -> list[str]:
    left = [thread.name for thread in threading.enumerate() if thread not in threads and not thread.daemon]
    for child in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess, ChildProcessError):
            if child.pid in children or child.pid in _shared or child.ppid() in _shared:
                continue
            if child.status() == psutil.STATUS_ZOMBIE:
                os.waitpid(child.pid, os.WNOHANG)
            else:
                left.append(" ".join(child.cmdline()))
    return left


_shared: set[int] = set()


@pytest.fixture(scope="session")
def shared_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The user folder of the shared engine."""
    return tmp_path_factory.mktemp("shared-home")


@pytest.fixture(scope="session")
def shared_engine(shared_home: Path) -> Iterator[EngineClient]:
    """A real engine with its worker and the starter model, started once: a worker takes seconds to start."""
    client = attach(shared_home, idle_exit_s=None)
    rendezvous = read_rendezvous(shared_home)
    assert rendezvous is not None
    _shared.add(rendezvous.pid)
    yield client
    client.stop()
    client.close()
    wait_for(lambda: not psutil.pid_exists(rendezvous.pid) or _is_zombie(rendezvous.pid))


def _is_zombie(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def wait_for(condition: Callable[[], object], limit_s: float = 60.0) -> None:
    """Until the condition holds; a test never sleeps for a fixed time."""
    deadline = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


@pytest.fixture
def until() -> Callable[..., None]:
    """`wait_for`, for tests in folders of their own."""
    return wait_for


@pytest.fixture(scope="session")
def starter_card() -> ModelCard:
    """The embedded model's card."""
    return read_card(RESOURCES / "models" / "starter.toml")


@pytest.fixture
def recipe() -> Recipe:
    """A small quick recipe for the starter model."""
    return Recipe(
        model="starter",
        prompt="a beach at sunset",
        width=64,
        height=64,
        num_frames=9,
        fps=12,
        num_inference_steps=3,
        guidance_scale=3.0,
        seed=7,
    )


@pytest.fixture
def over(shared_engine: EngineClient) -> Callable[[Job], Job]:
    """Return a function that waits for the end of a job."""

    def wait(job: Job) -> Job:
        with shared_engine.events() as stream:
            job = shared_engine.job(job.id)
            while not job.is_over:
                found = stream.next(LIMIT_S)
                assert found is not None, "it did not end in time"
                if isinstance(found[0], JobChanged) and found[0].job.id == job.id:
                    job = found[0].job
        return job

    return wait


@pytest.fixture
def submit(shared_engine: EngineClient, recipe: Recipe, over: Callable[[Job], Job]) -> Iterator[Callable[..., Job]]:
    """Return a function that queues the quick recipe with other fields; none of these jobs outlives the test."""
    made: list[Job] = []

    def submitting(delivery: Delivery | None = None, **fields: object) -> Job:
        request = JobRequest(recipe=recipe.changed(**fields), delivery=delivery or Delivery())
        made.append(shared_engine.submit(request))
        return made[-1]

    yield submitting
    left = {job.id for job in shared_engine.jobs(limit=1000)}
    for job in [job for job in reversed(made) if job.id in left]:
        shared_engine.cancel(job.id)
        over(job)
        shared_engine.delete(job.id)


@pytest.fixture(scope="session")
def tiny_ltx(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder like LTX-Video 0.9's own, with few and random weights: not to be changed; `tiny_copy` is."""
    import torch
    from diffusers.models.autoencoders.autoencoder_kl_ltx import AutoencoderKLLTXVideo
    from diffusers.models.transformers.transformer_ltx import LTXVideoTransformer3DModel
    from transformers import T5Config, T5EncoderModel

    folder = tmp_path_factory.mktemp("models") / "Tiny LTX"
    with torch.random.fork_rng():
        torch.manual_seed(0)
        transformer = LTXVideoTransformer3DModel(
            in_channels=8,
            out_channels=8,
            num_layers=2,
            num_attention_heads=2,
            attention_head_dim=32,
            cross_attention_dim=64,
            caption_channels=32,
        )
        vae = AutoencoderKLLTXVideo(
            latent_channels=8,
            block_out_channels=(8, 8, 8, 8),
            layers_per_block=(1, 1, 1, 1, 1),
            decoder_block_out_channels=(8, 8, 8, 8),
            decoder_layers_per_block=(1, 1, 1, 1, 1),
        )
        sizes = {"d_model": 32, "d_kv": 16, "d_ff": 64, "num_heads": 2, "num_layers": 2, "vocab_size": 128}
        encoder = T5EncoderModel(T5Config(**sizes, feed_forward_proj="gated-gelu", tie_word_embeddings=False))
    transformer.to(torch.bfloat16).save_pretrained(folder / "transformer", max_shard_size="100KB")
    vae.save_pretrained(folder / "vae")
    encoder.save_pretrained(folder / "text_encoder", max_shard_size="30KB")
    write_tiny_rest(folder)
    return folder


def write_tiny_rest(folder: Path) -> None:
    """What LTX-Video's own folders hold beside weights: a scheduler that shifts, a sentencepiece model, an index."""
    import sentencepiece

    (folder / "tokenizer").mkdir()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(["a beach at sunset with waves", "the quick brown fox jumps over a lazy dog", "é"] * 9),
        model_prefix=str(folder / "tokenizer" / "spiece"),
        vocab_size=60,
        hard_vocab_limit=False,
        minloglevel=2,
        pad_id=0,
        eos_id=1,
        unk_id=2,
        bos_id=-1,
    )
    (folder / "tokenizer" / "spiece.vocab").unlink()
    (folder / "scheduler").mkdir()
    configs = {
        "tokenizer/tokenizer_config.json": {"tokenizer_class": "T5Tokenizer", "model_max_length": 128},
        "scheduler/scheduler_config.json": {
            "_class_name": "FlowMatchEulerDiscreteScheduler",
            "_diffusers_version": "0.32.0.dev0",
            "base_image_seq_len": 1024,
            "base_shift": 0.95,
            "invert_sigmas": False,
            "max_image_seq_len": 4096,
            "max_shift": 2.05,
            "num_train_timesteps": 1000,
            "shift": 1.0,
            "shift_terminal": 0.1,
            "use_beta_sigmas": False,
            "use_dynamic_shifting": True,
            "use_karras_sigmas": False,
        },
        "model_index.json": {
            "_class_name": "LTXPipeline",
            "_diffusers_version": "0.32.0.dev0",
            "scheduler": ["diffusers", "FlowMatchEulerDiscreteScheduler"],
            "text_encoder": ["transformers", "T5EncoderModel"],
            "tokenizer": ["transformers", "T5Tokenizer"],
            "transformer": ["diffusers", "LTXVideoTransformer3DModel"],
            "vae": ["diffusers", "AutoencoderKLLTXVideo"],
        },
    }
    for name, config in configs.items():
        (folder / name).write_text(json.dumps(config), "utf-8")


@pytest.fixture
def tiny_copy(tiny_ltx: Path, tmp_path: Path) -> Path:
    """A copy of `tiny_ltx` that a test may harm."""
    return Path(shutil.copytree(tiny_ltx, tmp_path / "copied model"))


@pytest.fixture(scope="session")
def tiny_gguf(tiny_ltx: Path) -> Path:
    """The transformer of `tiny_ltx` as a GGUF file with ComfyUI's names, beside the folder."""
    import gguf
    import torch
    from safetensors.torch import load_file

    path = tiny_ltx.parent / "tiny-q8_0.gguf"
    writer = gguf.GGUFWriter(path, "ltxv")
    renamed = {"proj_in": "patchify_proj", "time_embed": "adaln_single", "norm_q": "q_norm", "norm_k": "k_norm"}
    for shard in sorted((tiny_ltx / "transformer").glob("*.safetensors")):
        for name, tensor in load_file(shard).items():
            for ours, theirs in renamed.items():
                name = name.replace(ours, theirs)
            values = tensor.to(torch.float32).numpy()
            linear = name.startswith("transformer_blocks") and values.ndim == 2 and "table" not in name
            if linear and values.shape[1] % 32 == 0:
                kind = gguf.GGMLQuantizationType.Q8_0
                writer.add_tensor(f"model.diffusion_model.{name}", gguf.quantize(values, kind), raw_dtype=kind)
            else:
                writer.add_tensor(f"model.diffusion_model.{name}", values)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


@pytest.fixture(scope="session")
def fake_hubs() -> Any:
    """The module `fake_hub.py` beside this file: a hub on loopback, and the ways in which it misbehaves."""
    import sys

    spec = importlib.util.spec_from_file_location("fake_hub", Path(__file__).parent / "fake_hub.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["fake_hub"] = module  # where dataclasses look for it
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def fake_hub(fake_hubs: Any) -> Iterator[Any]:
    """A hub of the test's own, without repositories."""
    hub = fake_hubs.FakeHub()
    yield hub
    hub.close()
