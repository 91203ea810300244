"""Step caches: they take hold, save work, leave nothing behind, and end byte-equal whatever happens in between."""

from collections.abc import Callable

import pytest
import torch

from engine.protocol.recipe import Recipe, Speed
from engine.protocol.rules import problems
from engine.render import speed
from engine.render.checkpoint import key
from engine.render.interrupt import Interrupt, InterruptedRenderError
from engine.render.loaded import Loaded
from engine.render.speed import cached

STEPS = 10


@pytest.fixture
def small(recipe: Recipe) -> Recipe:
    return recipe.changed(width=64, height=32, num_frames=9, num_inference_steps=STEPS, speed="fast")


@pytest.fixture
def eager(monkeypatch: pytest.MonkeyPatch) -> None:
    """Thresholds that random weights are below."""
    monkeypatch.setattr(speed, "THRESHOLDS", {"fast": 0.5, "fastest": 5.0})


def _blocks(denoiser: torch.nn.Module) -> torch.nn.ModuleList:
    found = getattr(denoiser, "blocks", None) or getattr(denoiser, "transformer_blocks", None)
    assert isinstance(found, torch.nn.ModuleList)
    return found


def _calls(loaded: Loaded, run: Callable[[], object]) -> int:
    """How many linear layers compute while it runs."""
    calls = 0

    def count(module: torch.nn.Module, _: object) -> None:
        nonlocal calls
        calls += isinstance(module, torch.nn.Linear)

    denoisers = loaded.family.denoisers(loaded.pipeline)
    linear = {m for denoiser in denoisers for m in denoiser.modules() if isinstance(m, torch.nn.Linear)}
    hooks = [module.register_forward_pre_hook(count) for module in linear]
    run()
    for hook in hooks:
        hook.remove()
    return calls


@pytest.mark.parametrize("kind", ["0.9.0", "t2v", "t2v-a14b", "vace"])
@pytest.mark.usefixtures("eager")
def test_each_speed_saves_work_and_leaves_nothing(render, tiny, small, kind: str) -> None:
    loaded = tiny(kind)
    made: dict[Speed, torch.Tensor] = {}

    def making(speed: Speed) -> Callable[[], object]:
        return lambda: made.update({speed: render(small.changed(speed=speed), loaded=loaded).latents})

    full, fast, fastest = (_calls(loaded, making(speed)) for speed in ("full", "fast", "fastest"))
    assert full >= fast >= fastest < full
    assert not torch.equal(made["full"], made["fastest"])
    again = render(small.changed(speed="full"), loaded=loaded)
    assert torch.equal(again.latents, made["full"])
    assert all(not denoiser.is_cache_enabled for denoiser in loaded.family.denoisers(loaded.pipeline))


@pytest.mark.parametrize("kind", ["0.9.0", "t2v"])
@pytest.mark.usefixtures("eager")
def test_a_pause_begins_the_section_again_to_the_same_bytes(render, tiny, small, tmp_path, kind: str) -> None:
    recipe, interrupt = small.changed(speed="fastest"), Interrupt()
    expected = render(recipe, loaded=tiny(kind))
    before = render.witness.on_progress

    def pausing(progress) -> None:
        before(progress)
        if progress.step == 6:
            interrupt.request("j", "pause")

    render.witness.on_progress = pausing
    with pytest.raises(InterruptedRenderError):
        render(recipe, interrupt, loaded=tiny(kind), checkpoints=tmp_path)
    render.witness.on_progress = before
    resumed = render(recipe, loaded=tiny(kind), checkpoints=tmp_path)
    (notice,) = resumed.notices
    assert (notice.kind, notice.field, notice.given) == ("restarted", "speed", 6)
    assert torch.equal(resumed.latents, expected.latents)
    assert torch.equal(render(recipe, loaded=tiny(kind)).latents, expected.latents)


def test_blocks_that_diffusers_does_not_know_are_extrapolated(tiny, monkeypatch) -> None:
    denoiser = tiny("t2v").pipeline.transformer
    monkeypatch.setattr(speed, "_is_registered", lambda _: False)
    with cached([denoiser], "fast"):
        hooked = [name for name, module in denoiser.named_modules() if getattr(module, "_diffusers_hook", None)]
        assert any(name.endswith(".ffn") for name in hooked)
    assert not denoiser.is_cache_enabled


def test_a_cache_that_takes_hold_of_nothing_is_an_error(tiny, monkeypatch) -> None:
    denoiser = tiny("t2v").pipeline.transformer
    monkeypatch.setattr(speed, "_is_registered", lambda _: False)
    monkeypatch.setattr(speed, "LAYERS", "no_such_layer")
    with pytest.raises(RuntimeError, match="WanTransformer3DModel"), cached([denoiser], "fast"):
        pass
    assert not denoiser.is_cache_enabled


def test_the_speed_is_part_of_recipe_and_numeric_plan(tiny, small) -> None:
    loaded = tiny("0.9.0")
    keys = {speed: key(small.changed(speed=speed), loaded.weights, loaded.device) for speed in ("full", "fast")}
    assert keys["full"].recipe != keys["fast"].recipe
    assert keys["full"].numeric_plan != keys["fast"].numeric_plan


def test_full_speed_changes_no_digest(recipe) -> None:
    assert recipe.changed(speed="full").digest == recipe.digest


def test_distilled_models_have_no_steps_to_spare(card_of, small) -> None:
    card = card_of("0.9.8")
    recipe = small.changed(model=card.id, num_inference_steps=len(card.timesteps), guidance_scale=1.0)
    (problem,) = problems(recipe, card)
    assert (problem.field, problem.kind, problem.nearest) == ("speed", "unsupported", "full")
    assert problems(recipe.changed(speed="full"), card) == []
