"""The attention kernel by what a machine has, and one pass a step where guidance is off."""

from collections.abc import Callable

import pytest
import torch
from diffusers.models.attention_dispatch import AttentionBackendName

from engine.memory.device import find
from engine.render.attention import best, chosen
from engine.render.loaded import Loaded

ALL = ["_flash_3", "flash", "_native_cudnn"]


@pytest.mark.parametrize(
    ("capability", "dtype", "present", "kernel"),
    [
        ((9, 0), torch.bfloat16, ALL, "_flash_3"),
        ((9, 0), torch.bfloat16, ["flash", "_native_cudnn"], "_native_cudnn"),
        ((9, 0), torch.bfloat16, ["flash"], "flash"),
        ((8, 9), torch.bfloat16, ALL, "flash"),
        ((8, 0), torch.float16, ["_native_cudnn"], "_native_cudnn"),
        ((12, 0), torch.bfloat16, ["_flash_3", "_native_cudnn"], "_native_cudnn"),
        ((7, 5), torch.float16, ALL, "native"),
        ((9, 0), torch.float32, ALL, "native"),
        ((9, 0), torch.bfloat16, [], "native"),
    ],
)
def test_the_fastest_kernel_that_is_there(capability, dtype, present: list[str], kernel: str) -> None:
    assert best(capability, dtype, present) == kernel
    assert AttentionBackendName(kernel)  # raises for a name that diffusers does not have


@pytest.mark.parametrize("family", ["ltx", "wan"])
def test_a_processor_is_left_to_torch(family: str) -> None:
    assert chosen(find("cpu"), family) == "native"


@pytest.mark.parametrize(("kind", "batches"), [("0.9.0", ([2], [1])), ("t2v", ([1, 1], [1]))])
def test_without_guidance_each_step_is_one_pass(
    render, tiny: Callable[[str], Loaded], recipe, kind: str, batches: tuple[list[int], list[int]]
) -> None:
    denoiser = tiny(kind).pipeline.transformer
    sizes: list[int] = []

    def note(_: object, args: tuple, kwargs: dict) -> None:
        sizes.append(kwargs["hidden_states"].shape[0])

    hook = denoiser.register_forward_pre_hook(note, with_kwargs=True)
    small = recipe.changed(width=64, height=32, num_frames=9, num_inference_steps=2)
    for guidance, wanted in zip((3.0, 1.0), batches, strict=True):
        sizes.clear()
        render(small.changed(guidance_scale=guidance), loaded=tiny(kind))
        assert sizes == wanted * 2
    hook.remove()
