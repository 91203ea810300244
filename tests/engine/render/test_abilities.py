"""The table of models and verbs: each cell is made for real, or refused with the names of the models that can."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.media.video_write import write_video
from engine.protocol import verbs
from engine.protocol.abilities import Verb, abilities
from engine.protocol.condition import Condition
from engine.protocol.media import MediaItem
from engine.protocol.model_card import ModelCard
from engine.protocol.recipe import Recipe
from engine.protocol.rules import How, problems
from engine.render.loaded import Loaded
from engine.server.inspect import inspect

VERBS: tuple[Verb, ...] = (
    *("generate", "animate", "in_between", "extend", "extend_backward"),
    *("loop", "bridge", "retake", "remix"),
)
TABLE = {
    "0.9.0": "native native native native native native native native native",
    "0.9.8": "native native native native native native native native native",
    "t2v": "native injected injected injected injected injected injected injected native",
    "t2v-a14b": "native injected injected injected injected injected injected injected native",
    "i2v": "refused native injected injected refused injected injected injected native",
    "flf": "refused native native injected refused injected injected injected native",
    "i2v-a14b": "refused native native injected refused injected injected injected native",
    "ti2v-5b": "native native injected injected injected injected injected injected native",
    "vace": "native native native native native native native native native",
    "vace-a14b": "native native native native native native native native native",
}
CELLS = [(kind, verb, how) for kind, row in TABLE.items() for verb, how in zip(VERBS, row.split(), strict=True)]


@pytest.fixture(scope="module")
def footage(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder, rng = tmp_path_factory.mktemp("footage"), np.random.default_rng(0)
    write_video(folder / "clip.mkv", rng.integers(0, 255, (20, 36, 60, 3), np.uint8), 16, container="mkv")
    Image.fromarray(rng.integers(0, 255, (32, 64, 3), np.uint8)).save(folder / "still.png")
    return {hashlib.sha256(path.read_bytes()).hexdigest(): path for path in sorted(folder.iterdir())}


def asked(verb: Verb, draft: Recipe, card: ModelCard, items: list[MediaItem]) -> Recipe:
    clip, still = items
    first = Condition(media=still.sha256)
    last = Condition(media=still.sha256, frame_index=draft.num_frames - 1)
    ways: dict[Verb, Callable[[], Recipe]] = {
        "generate": lambda: draft,
        "animate": lambda: draft.changed(conditions=(first,)),
        "in_between": lambda: draft.changed(conditions=(first, last)),
        "extend": lambda: verbs.extend(draft, card, clip, 0.5),
        "extend_backward": lambda: verbs.extend_backward(draft, card, clip, 0.5),
        "loop": lambda: verbs.loop(draft, card, clip, 0.5),
        "bridge": lambda: verbs.bridge(draft, card, clip, clip, 0.5),
        "retake": lambda: verbs.retake(draft, card, clip, 0.4, 0.8),
        "remix": lambda: verbs.remix(draft, card, clip, 0.6),
    }
    return ways[verb]()


@pytest.mark.parametrize(("kind", "verb", "how"), CELLS)
def test_every_verb_of_every_model(
    render,
    tiny: Callable[[str], Loaded],
    card_of: Callable[..., ModelCard],
    recipe: Recipe,
    footage: dict[str, Path],
    kind: str,
    verb: Verb,
    how: How,
) -> None:
    card = card_of(kind)
    items = [inspect(path, sha256) for sha256, path in footage.items()]
    items.sort(key=lambda item: item.kind)
    steps, usual = card.defaults.num_inference_steps, card.defaults
    draft = recipe.changed(
        model=kind,
        width=64,
        height=32,
        fps=usual.fps,
        num_frames=usual.num_frames,
        num_inference_steps=steps if card.timesteps else 2,
        guidance_scale=usual.guidance_scale,
    )
    wanted = asked(verb, draft, card, items)
    assert abilities(card)[verb] == how
    if how == "refused":
        found = problems(wanted, card, [card, card_of("t2v"), card_of("i2v"), card_of("0.9.8")])
        assert {p.kind for p in found} <= {"needed", "unsupported"}
        assert {name for p in found for name in p.models} == {"The t2v", "The 0.9.8"}
        return
    assert problems(wanted, card) == []
    loaded = tiny(kind)
    made = render(wanted, loaded=loaded, media_files=footage)
    assert len(made.frames) == wanted.take_frames
    assert made.step == wanted.steps_per_section
    if card.family == "wan" and kind != "ti2v-5b":  # whose way to be told is a pin
        assert (loaded.pipeline.pins is not None) == (how == "injected")
