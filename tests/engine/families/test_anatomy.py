"""The anatomies on the cards: counted again, from the published configs, on PyTorch's meta device."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from diffusers.models.autoencoders.autoencoder_kl_ltx import AutoencoderKLLTXVideo
from diffusers.models.autoencoders.autoencoder_kl_wan import AutoencoderKLWan
from diffusers.models.transformers.transformer_ltx import LTXVideoTransformer3DModel
from diffusers.models.transformers.transformer_wan import WanTransformer3DModel
from diffusers.models.transformers.transformer_wan_vace import WanVACETransformer3DModel
from transformers import CLIPVisionConfig, CLIPVisionModel, T5Config, T5EncoderModel, UMT5Config, UMT5EncoderModel

from engine.protocol.home import RESOURCES
from engine.protocol.model_card import read_card

SMALL = {"num_attention_heads": 12, "ffn_dim": 8960, "num_layers": 30}
LARGE = {"num_attention_heads": 40, "ffn_dim": 13824, "num_layers": 40}
SEEING = {**LARGE, "in_channels": 36, "image_dim": 1280, "added_kv_proj_dim": 5120}
DENSE = {"num_attention_heads": 24, "ffn_dim": 14336, "num_layers": 30, "in_channels": 48, "out_channels": 48}
WAN: dict[str, dict[str, Any]] = {
    "wan2.1-t2v-1.3b": SMALL,
    "wan2.1-t2v-14b": LARGE,
    "wan2.1-i2v-14b-480p": SEEING,
    "wan2.1-i2v-14b-720p": SEEING,
    "wan2.1-flf2v-14b-720p": {**SEEING, "pos_embed_seq_len": 514},
    "wan2.1-vace-1.3b": {**SMALL, "vace_layers": list(range(0, 30, 2)), "vace_in_channels": 96},
    "wan2.1-vace-14b": {**LARGE, "vace_layers": list(range(0, 40, 5)), "vace_in_channels": 96},
    "wan2.2-t2v-a14b": LARGE,
    "wan2.2-i2v-a14b": {**LARGE, "in_channels": 36},
    "wan2.2-ti2v-5b": DENSE,
}
LTX: dict[str, dict[str, Any]] = {
    "ltx-video-2b-0.9.5": {},
    **{
        f"ltx-video-13b-{version}": {"attention_head_dim": 128, "cross_attention_dim": 4096, "num_layers": 48}
        for version in ("0.9.7", "0.9.7-distilled", "0.9.8-distilled")
    },
}
XXL: dict[str, Any] = {
    "d_model": 4096,
    "d_kv": 64,
    "d_ff": 10240,
    "num_layers": 24,
    "num_heads": 64,
    "feed_forward_proj": "gated-gelu",
}
WAN_2_2_VAE: dict[str, Any] = {
    "base_dim": 160,
    "decoder_base_dim": 256,
    "z_dim": 48,
    "is_residual": True,
    "in_channels": 12,
    "out_channels": 12,
    "patch_size": 2,
}
LTX_0_9_5_VAE: dict[str, Any] = {
    "block_out_channels": (128, 256, 512, 1024, 2048),
    "down_block_types": ("LTXVideo095DownBlock3D",) * 4,
    "decoder_block_out_channels": (256, 512, 1024),
    "layers_per_block": (4, 6, 6, 2, 2),
    "decoder_layers_per_block": (5, 5, 5, 5),
    "spatio_temporal_scaling": (True,) * 4,
    "decoder_spatio_temporal_scaling": (True,) * 3,
    "decoder_inject_noise": (False,) * 4,
    "downsample_type": ("spatial", "temporal", "spatiotemporal", "spatiotemporal"),
    "upsample_residual": (True,) * 3,
    "upsample_factor": (2, 2, 2),
    "timestep_conditioning": True,
}
CLIP: dict[str, Any] = {
    "hidden_size": 1280,
    "intermediate_size": 5120,
    "num_hidden_layers": 32,
    "num_attention_heads": 16,
    "patch_size": 14,
}


def count(make: Callable[[], Any]) -> int:
    with torch.device("meta"):
        return sum(parameter.numel() for parameter in make().parameters())


def anatomy(model: str) -> Any:
    return read_card(RESOURCES / "models" / f"{model}.toml").anatomy


def test_every_model_of_a_hub_that_runs_here_has_one() -> None:
    cards = [read_card(path) for path in (RESOURCES / "models").glob("*.toml")]
    known = {card.id for card in cards if card.anatomy is not None}
    assert known == {card.id for card in cards if card.is_from_hub and card.family in ("wan", "ltx")} == {*WAN, *LTX}


@pytest.mark.parametrize("model", WAN)
def test_wan(model: str) -> None:
    config, found = WAN[model], anatomy(model)
    cls = WanVACETransformer3DModel if "vace_layers" in config else WanTransformer3DModel
    assert found.transformer == count(lambda: cls(**config))
    assert found.width == config["num_attention_heads"] * 128
    assert (found.feed_forward, found.layers) == (config["ffn_dim"], config["num_layers"])
    assert found.hint_layers == len(config.get("vace_layers", ()))
    assert bool(found.image_encoder) == ("image_dim" in config)


@pytest.mark.parametrize("model", ["ltx-video-2b-0.9.5", "ltx-video-13b-0.9.7"])
def test_ltx(model: str) -> None:
    found = anatomy(model)
    assert found.transformer == count(lambda: LTXVideoTransformer3DModel(**LTX[model]))
    assert (found.temporal, found.spatial, found.patch) == (8, 32, 1)
    assert found.feed_forward == 4 * found.width


def test_the_other_parts() -> None:
    wan, dense, ltx, seeing = (
        anatomy(model) for model in ("wan2.1-t2v-14b", "wan2.2-ti2v-5b", "ltx-video-2b-0.9.5", "wan2.1-i2v-14b-480p")
    )
    assert wan.vae == count(AutoencoderKLWan)
    assert dense.vae == count(lambda: AutoencoderKLWan(**WAN_2_2_VAE))
    assert ltx.vae == count(lambda: AutoencoderKLLTXVideo(**LTX_0_9_5_VAE))
    assert wan.text_encoder == count(lambda: UMT5EncoderModel(UMT5Config(vocab_size=256_384, **XXL)))
    assert ltx.text_encoder == count(lambda: T5EncoderModel(T5Config(vocab_size=32_128, **XXL)))
    assert (wan.text_embedding, ltx.text_embedding) == (256_384 * 4096, 32_128 * 4096)
    assert seeing.image_encoder == count(lambda: CLIPVisionModel(CLIPVisionConfig(**CLIP)))
