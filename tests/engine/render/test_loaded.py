"""Loading a model whose files change under the reader's hands."""

import shutil

import pytest

from engine.memory.device import find
from engine.protocol.home import RESOURCES
from engine.render.loaded import PromptCache, load
from engine.weights.store import WeightsError, verified

WEIGHTS = "text_encoder/model.safetensors"


@pytest.mark.parametrize(("kind", "content"), [("missing_weights", None), ("corrupt_weights", b"{}")])
def test_a_file_that_changes_between_the_check_and_the_loading(starter_card, tmp_path, kind, content) -> None:
    shutil.copytree(RESOURCES / "models" / "starter", tmp_path / "starter")
    weights = verified(starter_card, tmp_path / "starter")
    (weights.folder / WEIGHTS).unlink()
    if content is not None:
        (weights.folder / WEIGHTS).write_bytes(content)
    with pytest.raises(WeightsError, match=WEIGHTS) as caught:
        load(weights, find("cpu"), tmp_path, PromptCache(), lambda: None)
    assert caught.value.kind == kind
