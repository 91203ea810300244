"""Export a training run's moving average as a diffusers folder, the layout that the product ships."""

import argparse
import json
from pathlib import Path

import torch
from diffusers.models.autoencoders.autoencoder_kl_ltx import AutoencoderKLLTXVideo
from diffusers.pipelines.ltx.pipeline_ltx_condition import LTXConditionPipeline
from diffusers.schedulers.scheduling_flow_match_euler_discrete import FlowMatchEulerDiscreteScheduler
from transformers import PreTrainedTokenizerFast

from starter.heldout import load_average
from starter.model import Denoiser
from starter.sizes import SHARD_BYTES


def export(model: Denoiser, vae: Path, tokenizer: Path, out: Path) -> None:
    """Write transformer, text encoder, VAE, tokenizer and scheduler in bfloat16, in files of at most 16 MiB."""
    codec = AutoencoderKLLTXVideo.from_pretrained(vae, dtype=torch.bfloat16)
    assert isinstance(codec, AutoencoderKLLTXVideo)
    transformer = model.transformer
    torch.nn.Module.to(transformer, torch.bfloat16)
    pipeline = LTXConditionPipeline(
        scheduler=FlowMatchEulerDiscreteScheduler(num_train_timesteps=1000, shift=1.0),
        vae=codec,
        text_encoder=model.text_encoder.to(torch.bfloat16),  # pyright: ignore[reportArgumentType]
        tokenizer=PreTrainedTokenizerFast.from_pretrained(tokenizer),  # pyright: ignore[reportArgumentType]
        transformer=transformer,
    )
    pipeline.save_pretrained(out, safe_serialization=True, max_shard_size=f"{SHARD_BYTES // 10**6}MB")
    _forget_origin(out / "vae" / "config.json")


def _forget_origin(config: Path) -> None:
    """Drop the path that diffusers notes of where it loaded from."""
    values = json.loads(config.read_text(encoding="utf-8"))
    values.pop("_name_or_path", None)
    config.write_text(json.dumps(values, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def main(arguments: list[str]) -> None:
    """Command line of this stage."""
    parser = argparse.ArgumentParser(prog="export", description=__doc__)
    parser.add_argument("run", type=Path, help="training run")
    parser.add_argument("out", type=Path)
    parser.add_argument("--vae", type=Path, required=True, help="VAE folder, with its latents' mean and std")
    parser.add_argument("--tokenizer", type=Path, required=True)
    options = parser.parse_args(arguments)
    export(load_average(options.run), options.vae, options.tokenizer, options.out)
    sizes = {str(p.relative_to(options.out)): p.stat().st_size for p in sorted(options.out.rglob("*")) if p.is_file()}
    print(json.dumps({"files": sizes, "bytes": sum(sizes.values())}, indent=1))
