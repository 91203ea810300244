"""Export a training run's moving average, or a plain model folder, as the diffusers folder that the product ships.

The transformer is written as one GGUF file in Q8_0 (`quantize.py`), or with `--plain` in bfloat16, which diffusers'
own `from_pretrained` reads.
"""

import argparse
import copy
import json
from pathlib import Path

import torch
from diffusers.models.autoencoders.autoencoder_kl_ltx import AutoencoderKLLTXVideo
from diffusers.pipelines.ltx.pipeline_ltx_condition import LTXConditionPipeline
from diffusers.schedulers.scheduling_flow_match_euler_discrete import FlowMatchEulerDiscreteScheduler
from transformers import PreTrainedTokenizerFast

from starter.heldout import load_model
from starter.model import Denoiser
from starter.sizes import GGUF_NAME, SHARD_BYTES


def export(model: Denoiser, vae: Path, tokenizer: Path, out: Path, plain: bool = False) -> None:
    """Write transformer (Q8_0 unless `plain`), text encoder, VAE, tokenizer and scheduler; else all is bfloat16.

    Files have at most 16 MiB, a GGUF file what the transformer takes.
    """
    codec = AutoencoderKLLTXVideo.from_pretrained(vae, dtype=torch.bfloat16)
    assert isinstance(codec, AutoencoderKLLTXVideo)
    transformer = copy.deepcopy(model.transformer)
    torch.nn.Module.to(transformer, torch.bfloat16)
    pipeline = LTXConditionPipeline(
        scheduler=FlowMatchEulerDiscreteScheduler(num_train_timesteps=1000, shift=1.0),
        vae=codec,
        text_encoder=model.text_encoder.to(torch.bfloat16),  # pyright: ignore[reportArgumentType]
        tokenizer=PreTrainedTokenizerFast.from_pretrained(tokenizer),  # pyright: ignore[reportArgumentType]
        transformer=transformer,
    )
    pipeline.save_pretrained(out, safe_serialization=True, max_shard_size=f"{SHARD_BYTES // 10**6}MB")
    for part in ("transformer", "vae"):
        _forget_origin(out / part / "config.json")
    if not plain:
        from starter.quantize import write_gguf

        write_gguf(model.transformer, out / "transformer" / GGUF_NAME)
        for rounded in (out / "transformer").glob("*.safetensors*"):
            rounded.unlink()


def _forget_origin(config: Path) -> None:
    """Drop the path that diffusers notes of where it loaded from."""
    values = json.loads(config.read_text(encoding="utf-8"))
    values.pop("_name_or_path", None)
    config.write_text(json.dumps(values, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def main(arguments: list[str]) -> None:
    """Command line of this stage."""
    parser = argparse.ArgumentParser(prog="export", description=__doc__)
    parser.add_argument("run", type=Path, help="training run, or a folder written with --plain")
    parser.add_argument("out", type=Path)
    parser.add_argument("--vae", type=Path, required=True, help="VAE folder, with its latents' mean and std")
    parser.add_argument("--tokenizer", type=Path, required=True)
    parser.add_argument("--plain", action="store_true", help="the transformer in bfloat16 instead of Q8_0")
    options = parser.parse_args(arguments)
    export(load_model(options.run), options.vae, options.tokenizer, options.out, options.plain)
    sizes = {str(p.relative_to(options.out)): p.stat().st_size for p in sorted(options.out.rglob("*")) if p.is_file()}
    print(json.dumps({"files": sizes, "bytes": sum(sizes.values())}, indent=1))
