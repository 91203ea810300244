"""Full-size models of random weights on a CUDA card, raw and ours: `python tests/bench/gpu.py --json rows.json`.

It needs no file of any model: speed and memory depend on sizes alone. Each row is written as soon as it is measured,
so that a run that is ended keeps what it has. `--tiny` runs the same code on a processor, with models of a toy's size,
whose numbers mean nothing.
"""

import argparse
import gc
import itertools
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

import torch
from diffusers import (
    AutoencoderKLLTXVideo,
    AutoencoderKLWan,
    FlowMatchEulerDiscreteScheduler,
    LTXConditionPipeline,
    LTXVideoTransformer3DModel,
    UniPCMultistepScheduler,
    WanPipeline,
    WanTransformer3DModel,
)
from diffusers.quantizers.gguf.utils import GGUFLinear, GGUFParameter
from gguf import GGMLQuantizationType

from engine.families.catalogue import family
from engine.families.family import Embedding
from engine.families.wan.pipeline import WanKnownFramesPipeline
from engine.memory.device import find
from engine.protocol.anatomy import Anatomy
from engine.protocol.home import RESOURCES
from engine.protocol.model_card import ModelCard, read_card
from engine.protocol.recipe import Recipe, Speed
from engine.protocol.working import Clip, forward_bytes, forward_flops
from engine.render import preview
from engine.render.interrupt import Interrupt
from engine.render.loaded import Loaded, PromptCache
from engine.render.render import Render, Task
from engine.weights.store import Weights

STEPS = 6
CACHED_STEPS = 12
REACHED_FLOPS = {"H200": 790e12, "H100": 790e12}
"""What large bfloat16 products reach on a card; on others it is measured here."""
BLOCK_BYTES = {"Q8_0": 34, "Q4_0": 18}


@dataclass(frozen=True)
class Model:
    """A card's transformer at its true size, and the clip it is measured with."""

    card: str
    width: int
    height: int
    num_frames: int
    transformer: dict[str, Any]

    @property
    def is_ltx(self) -> bool:
        return self.card.startswith("ltx")


WAN_5B = {"num_attention_heads": 24, "ffn_dim": 14336, "num_layers": 30, "in_channels": 48, "out_channels": 48}
LTX_13B = {"num_attention_heads": 32, "attention_head_dim": 128, "cross_attention_dim": 4096, "num_layers": 48}
MODELS = {
    "ltx-2b": Model("ltx-video-2b-0.9.5", 704, 512, 121, {}),
    "wan-5b": Model("wan2.2-ti2v-5b", 1280, 704, 121, WAN_5B),
    "wan-14b": Model("wan2.1-t2v-14b", 832, 480, 81, {}),
    "ltx-13b": Model("ltx-video-13b-0.9.7", 1216, 704, 121, LTX_13B),
}
"""In the order in which they are measured; what is left out is the class's own default, which is the true size."""
TINY = {
    True: {"num_layers": 2, "num_attention_heads": 2, "attention_head_dim": 32, "cross_attention_dim": 64},
    False: {"num_layers": 2, "num_attention_heads": 2, "attention_head_dim": 32, "ffn_dim": 64},
}
NARROW_LTX: dict[str, Any] = {
    "block_out_channels": (8,) * 5,
    "layers_per_block": (1,) * 5,
    "down_block_types": ("LTXVideo095DownBlock3D",) * 4,
    "spatio_temporal_scaling": (True,) * 4,
    "downsample_type": ("spatial", "temporal", "spatiotemporal", "spatiotemporal"),
    "decoder_block_out_channels": (8, 16, 32),
    "decoder_layers_per_block": (1,) * 4,
    "decoder_spatio_temporal_scaling": (True,) * 3,
    "upsample_factor": (2,) * 3,
    "decoder_inject_noise": (False,) * 4,
    "upsample_residual": (True,) * 3,
    "timestep_conditioning": True,
    "spatial_compression_ratio": 32,
    "temporal_compression_ratio": 8,
    "latent_channels": 128,
}
NARROW_WAN: dict[str, Any] = {"base_dim": 4, "dim_mult": [1] * 4, "num_res_blocks": 1, "z_dim": 16}
NARROW_WAN_22: dict[str, Any] = {
    **NARROW_WAN,
    "z_dim": 48,
    "decoder_base_dim": 4,
    "is_residual": True,
    "in_channels": 12,
    "out_channels": 12,
    "patch_size": 2,
    "scale_factor_spatial": 16,
    "latents_mean": [0.0] * 48,
    "latents_std": [1.0] * 48,
}
"""VAEs of the true ratios and no width: no step sees them."""


class Bench:
    """One model on one device, measured in many ways."""

    def __init__(self, model: Model, device: str, tiny: bool) -> None:
        self.device, self.tiny = device, tiny
        self.dtype = torch.bfloat16 if device == "cuda" else torch.float32
        self.card: ModelCard = read_card(RESOURCES / "models" / f"{model.card}.toml")
        self.model = Model(model.card, 64, 64, 9, {**model.transformer, **TINY[model.is_ltx]}) if tiny else model
        assert self.card.anatomy is not None
        self.anatomy: Anatomy = self.card.anatomy
        if tiny:
            self.anatomy = self.anatomy.changed(width=64, feed_forward=64, layers=2)
        self.clip = Clip(self.model.width, self.model.height, self.model.num_frames)
        self.raw, self.pipeline = self._pipelines()
        self._cache = Path(tempfile.mkdtemp())
        adapter = family(self.card.family)
        fitted = preview.preview_map(adapter, self.pipeline, "bench", self._cache)
        weights = Weights(self.card, self._cache)
        self.loaded = Loaded(weights, find(self.device), adapter, self.pipeline, fitted, _Given(self._embedding()))  # pyright: ignore[reportArgumentType]

    def renew(self) -> Any:
        """Another transformer of plain random weights, in place of the one there is."""
        self.raw.transformer = self.pipeline.transformer = None
        gc.collect()
        if self.device == "cuda":
            torch.cuda.empty_cache()
        made = self._transformer()
        self.raw.transformer = self.pipeline.transformer = made
        return made

    def raw_steps(self) -> list[float]:
        """Seconds of each step of diffusers' own pipeline, called as its documentation does."""
        given, times = self._embedding(), [self._now()]

        def note(_: Any, __: int, ___: Any, tensors: dict[str, Any]) -> dict[str, Any]:
            times.append(self._now())
            return tensors

        masks = {"prompt_attention_mask": given.mask, "negative_prompt_attention_mask": given.mask}
        with torch.inference_mode():
            self.raw(
                prompt_embeds=given.embeds,
                negative_prompt_embeds=given.embeds,
                **(masks if self.model.is_ltx else {}),
                width=self.clip.width,
                height=self.clip.height,
                num_frames=self.clip.num_frames,
                num_inference_steps=STEPS,
                guidance_scale=5.0,
                output_type="latent",
                callback_on_step_end=note,
            )
        return [after - before for before, after in itertools.pairwise(times)]

    def our_steps(self, steps: int = 0, speed: Speed = "full") -> list[float]:
        """Seconds of each step of a render, with its previews and checkpoints."""
        recipe = Recipe(
            model=self.card.id,
            prompt="",
            width=self.clip.width,
            height=self.clip.height,
            num_frames=self.clip.num_frames,
            fps=24,
            num_inference_steps=steps or STEPS,
            guidance_scale=5.0,
            seed=0,
            speed=speed,
        )
        watch = _Watch(self._now)
        interrupt = Interrupt()
        with tempfile.TemporaryDirectory() as folder, interrupt.watching("j"):
            task = Task("j", recipe, {}, Path(folder))
            with Render(task, self.loaded, watch, interrupt) as render:
                render.denoise()
        return [after - before for before, after in itertools.pairwise(watch.times)]

    def ways(self) -> Iterator[tuple[str, Callable[[], list[float]]]]:
        """Every row's name, and what measures it; those that change the transformer come last, each with a new one."""
        yield "diffusers", self.raw_steps
        yield "ours", self.our_steps
        yield "ours, fast", lambda: self.our_steps(CACHED_STEPS, "fast")
        yield "ours, fastest", lambda: self.our_steps(CACHED_STEPS, "fastest")
        if self.device == "cuda" and not self.model.is_ltx:  # whose prompts are masked
            yield "ours, cuDNN attention", self._with_cudnn
        yield "ours, blocks compiled", self._compiled
        yield "ours, fp8 stored", self._layerwise
        yield "ours, Q8_0", lambda: self._packed("Q8_0")
        yield "ours, Q4_0", lambda: self._packed("Q4_0")

    def _with_cudnn(self) -> list[float]:
        self.pipeline.transformer.set_attention_backend("_native_cudnn")
        try:
            return self.our_steps()
        finally:
            self.pipeline.transformer.set_attention_backend("native")

    def _compiled(self) -> list[float]:
        self.renew().compile_repeated_blocks(**({"backend": "eager"} if self.tiny else {}))
        return self.our_steps()

    def _layerwise(self) -> list[float]:
        self.renew().enable_layerwise_casting(storage_dtype=torch.float8_e4m3fn, compute_dtype=self.dtype)
        return self.our_steps()

    def _packed(self, kind: str) -> list[float]:
        pack(self.renew(), kind, self.dtype)
        gc.collect()
        return self.our_steps()

    def _pipelines(self) -> tuple[Any, Any]:
        transformer = self._transformer()
        nothing = {"text_encoder": None, "tokenizer": None}
        if self.model.is_ltx:
            vae = AutoencoderKLLTXVideo(**NARROW_LTX).to(self.device, self.dtype).eval()
            schedulers = [FlowMatchEulerDiscreteScheduler() for _ in range(2)]
            made = [LTXConditionPipeline(s, vae, transformer=transformer, **nothing) for s in schedulers]
        else:
            wide = self.model.transformer.get("in_channels") == 48
            vae = AutoencoderKLWan(**(NARROW_WAN_22 if wide else NARROW_WAN)).to(self.device).eval()
            flow = {"prediction_type": "flow_prediction", "use_flow_sigmas": True, "flow_shift": 5.0}
            parts = {"vae": vae, "transformer": transformer, **nothing}
            classes = (WanPipeline, WanKnownFramesPipeline if wide else WanPipeline)
            expands = {"expand_timesteps": wide}
            made = [cls(**parts, **expands, scheduler=UniPCMultistepScheduler(**flow)) for cls in classes]
        for pipeline in made:
            pipeline.set_progress_bar_config(disable=True)
            pipeline.decode_timestep = pipeline.decode_noise_scale = 0.0
        return made[0], made[1]

    def _transformer(self) -> Any:
        cls: Any = LTXVideoTransformer3DModel if self.model.is_ltx else WanTransformer3DModel
        usual = torch.get_default_dtype()
        torch.set_default_dtype(self.dtype)  # never twice the memory, not even for a moment
        try:
            with torch.device(self.device):
                return cls(**self.model.transformer).eval().requires_grad_(False)
        finally:
            torch.set_default_dtype(usual)

    def _embedding(self) -> Embedding:
        length = 256 if self.model.is_ltx else 512
        embeds = torch.randn(1, length, 4096, generator=torch.Generator().manual_seed(0))
        mask = torch.ones(1, length, dtype=torch.bool)
        return Embedding(embeds.to(self.device, self.dtype), mask.to(self.device), length, length)

    def _now(self) -> float:
        if self.device == "cuda":
            torch.cuda.synchronize()
        return time.perf_counter()


class _Given(PromptCache):
    """Every prompt is the same random one."""

    def __init__(self, embedding: Embedding) -> None:
        super().__init__()
        self._embedding = embedding

    def get(self, encoder: str, prompt: str, embed: Callable[[], Embedding]) -> Embedding:
        return self._embedding


class _Watch:
    """An observer that notes when each step ended."""

    def __init__(self, now: Callable[[], float]) -> None:
        self.times: list[float] = []
        self._now = now

    def on_progress(self, progress: Any) -> None:
        if progress.stage == "denoise":
            self.times.append(self._now())

    def on_preview(self, *_: Any) -> None:
        """Nobody looks."""


def pack(transformer: torch.nn.Module, kind: str, dtype: torch.dtype) -> None:
    """Random GGUF weights in place of those of the blocks' linear layers; a small scale in each block of 32."""
    size = BLOCK_BYTES[kind]
    for name, linear in list(transformer.named_modules()):
        if "blocks." not in name or type(linear) is not torch.nn.Linear:
            continue
        device = linear.weight.device
        content = torch.randint(0, 256, (linear.out_features, linear.in_features // 32 * size), device=device)
        content = content.to(torch.uint8)
        content.view(-1, size)[:, :2] = torch.tensor([1e-3], dtype=torch.float16).view(torch.uint8).to(device)
        packed = GGUFLinear(linear.in_features, linear.out_features, linear.bias is not None, dtype, "meta")
        packed.weight = GGUFParameter(content, quant_type=GGMLQuantizationType[kind])
        packed.bias = linear.bias
        parent, _, attribute = name.rpartition(".")
        setattr(transformer.get_submodule(parent), attribute, packed)


def reached_flops(device: str) -> float:
    """Operations a second of a large product on this device."""
    if device == "cuda":
        name = torch.cuda.get_device_name()
        known = next((rate for part, rate in REACHED_FLOPS.items() if part in name), None)
        if known is not None:
            return known
    edge, dtype = (8192, torch.bfloat16) if device == "cuda" else (256, torch.float32)
    a = torch.randn(edge, edge, device=device, dtype=dtype)
    times: list[float] = []
    for _ in range(5):
        began_s = time.perf_counter()
        float((a @ a)[0, 0])  # which waits for it
        times.append(time.perf_counter() - began_s)
    return 2 * edge**3 / min(times)


def measured(bench: Bench, run: Callable[[], list[float]], rate: float) -> dict[str, Any]:
    """One row; an error is a row, too."""
    cuda = bench.device == "cuda"
    if cuda:
        torch.cuda.reset_peak_memory_stats()
    try:
        times_s = run()[1:]  # the first one warms up
    except Exception as error:  # noqa: BLE001  the other rows are still worth having
        return {"error": f"{type(error).__name__}: {error}"[:300]}
    step_s = statistics.fmean(times_s)
    floor_s = 2 * forward_flops(bench.anatomy, bench.clip) / rate
    row = {"step_s": step_s, "steps": len(times_s), "floor_s": floor_s, "times_floor": step_s / floor_s}
    if cuda:
        planned = forward_bytes(bench.card.family, bench.anatomy, bench.clip)
        row |= {"peak_bytes": torch.cuda.max_memory_allocated(), "planned_working_bytes": planned}
    return row


def measure(names: list[str], device: str, tiny: bool, seconds: float, write: Callable[[dict[str, Any]], None]) -> None:
    """All rows of the models, one by one to `write`, until the time is over."""
    ends_s = time.monotonic() + seconds
    rate = reached_flops(device)
    for name in names:
        if time.monotonic() > ends_s:
            return
        bench = Bench(MODELS[name], device, tiny)
        for way, run in bench.ways():
            if time.monotonic() > ends_s:
                return
            write({"model": name, "way": way, "tiny": tiny, **measured(bench, run, rate)})
        del bench, run
        gc.collect()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, default=Path("gpu.json"), help="file that rows are added to, one a line")
    parser.add_argument("--models", default=",".join(MODELS), help=", ".join(MODELS))
    parser.add_argument("--seconds", type=float, default=520, help="no row is begun later than this")
    parser.add_argument("--tiny", action="store_true", help="toy sizes, on a processor")
    options = parser.parse_args()
    if not options.tiny and not torch.cuda.is_available():
        raise SystemExit("no CUDA device here; --tiny runs the same code on a processor, and measures nothing")
    device = "cpu" if options.tiny else "cuda"
    if options.tiny:
        preview._PROBE_CLIPS = 2  # nobody looks at its previews
    print("toy sizes on a processor: these numbers mean nothing" if options.tiny else torch.cuda.get_device_name())

    def write(row: dict[str, Any]) -> None:
        with options.json.open("a") as file:
            file.write(json.dumps(row) + "\n")
        said = row.get("error") or f"{row['step_s']:.3f} s/step, {row['times_floor']:.2f}x the floor"
        peak = f", peak {row['peak_bytes'] / 2**30:.1f} GiB" if "peak_bytes" in row else ""
        print(f"{row['model']}: {row['way']}: {said}{peak}", flush=True)

    measure(options.models.split(","), device, options.tiny, options.seconds, write)


if __name__ == "__main__":
    main()
