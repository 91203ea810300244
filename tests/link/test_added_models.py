"""Models of the user's own, used where they lie: added, rendered with, missed when their files go, and forgotten."""

import http.client
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from engine.client.api import EngineClient
from engine.client.errors import RefusedError
from engine.protocol.home import read_rendezvous
from engine.protocol.job import Done, Job
from engine.protocol.model_card import ModelCard, ModelToAdd
from engine.protocol.problem import ProblemsError

QUICK = {"width": 64, "height": 64, "num_frames": 9, "num_inference_steps": 2}


@pytest.fixture
def add(shared_engine: EngineClient) -> Iterator[Callable[..., ModelCard]]:
    """Return a function that adds a model, which is forgotten after the test."""
    added: list[str] = []

    def adding(path: Path, **fields: object) -> ModelCard:
        card = shared_engine.add_model(ModelToAdd.model_validate({"path": str(path), **fields}))
        added.append(card.id)
        return card

    yield adding
    known = [card.id for card, _ in shared_engine.models()]
    for model in [model for model in added if model in known]:
        shared_engine.remove_model(model)


def test_an_added_model_makes_a_clip_like_any_other(
    add: Callable[..., ModelCard],
    shared_engine: EngineClient,
    tiny_ltx: Path,
    tiny_gguf: Path,
    submit: Callable[..., Job],
    over: Callable[[Job], Job],
) -> None:
    before = {path: path.stat().st_mtime_ns for path in tiny_ltx.parent.rglob("*")}
    plain = add(tiny_ltx)
    packed = add(tiny_ltx, gguf=str(tiny_gguf), offload="group")
    assert (plain, []) in shared_engine.models()
    assert shared_engine.adding() == []
    jobs = [over(submit(model=card.id, **QUICK)) for card in (plain, packed)]
    assert all(isinstance(job.state, Done) for job in jobs), [job.state for job in jobs]
    again = over(submit(model=plain.id, **QUICK))
    takes = [job.state.take.media for job in (*jobs, again) if isinstance(job.state, Done)]
    assert takes[0] == takes[2]
    shared_engine.remove_model(plain.id)
    with pytest.raises(ProblemsError, match="unknown_model"):
        submit(model=plain.id, **QUICK)
    assert {path: path.stat().st_mtime_ns for path in tiny_ltx.parent.rglob("*")} == before


def test_rules_of_the_card_are_those_of_the_model(
    add: Callable[..., ModelCard], tiny_ltx: Path, submit: Callable[..., Job]
) -> None:
    card = add(tiny_ltx)
    with pytest.raises(ProblemsError) as caught:
        submit(model=card.id, **{**QUICK, "num_frames": 13})
    assert [(p.field, p.kind) for p in caught.value.problems] == [("num_frames", "off_grid")]


def test_a_file_that_goes_is_missed_by_name(
    add: Callable[..., ModelCard],
    shared_engine: EngineClient,
    tiny_copy: Path,
    tiny_gguf: Path,
    submit: Callable[..., Job],
) -> None:
    own = Path(shutil.copy(tiny_gguf, tiny_copy.parent / "own.gguf"))
    card = add(tiny_copy, gguf=str(own))
    for path, name in ((tiny_copy / "vae" / "config.json", "vae/config.json"), (own, str(own))):
        kept = path.read_bytes()
        path.unlink()
        assert (card.id, [name]) in [(found.id, missing) for found, missing in shared_engine.models()]
        with pytest.raises(ProblemsError) as caught:
            submit(model=card.id, **QUICK)
        assert [(p.kind, p.detail) for p in caught.value.problems] == [("not_installed", name)]
        path.write_bytes(kept)


def test_what_is_wrong_is_told_by_file_and_nothing_is_kept(
    shared_engine: EngineClient, shared_home: Path, tiny_copy: Path
) -> None:
    cards = set((shared_home / "models").glob("*.toml"))
    (tiny_copy / "vae" / "config.json").unlink()
    (tiny_copy / "model_index.json").write_text('{"_class_name": "Evil"}')
    with pytest.raises(ProblemsError) as caught:
        shared_engine.add_model(ModelToAdd(path=str(tiny_copy)))
    assert {(p.field, p.kind) for p in caught.value.problems} == {
        ("vae/config.json", "missing"),
        ("model_index.json", "unsupported"),
    }
    assert set((shared_home / "models").glob("*.toml")) == cards


def test_models_that_are_nobody_s_or_ours(shared_engine: EngineClient) -> None:
    for model, status in (("starter", 409), ("nobody", 404), ("../x", 404), ("adding", 404)):
        with pytest.raises(RefusedError) as caught:
            shared_engine.remove_model(model)
        assert caught.value.status == status, model


def test_a_request_that_is_none(shared_engine: EngineClient, shared_home: Path, tiny_ltx: Path) -> None:
    rendezvous = read_rendezvous(shared_home)
    assert rendezvous is not None
    bodies = [{"path": "models/x"}, {"path": str(tiny_ltx), "id": "../x"}, {"path": 3}, {"path": "/a\0b"}, {}]
    for body in [*bodies, {"path": str(tiny_ltx), "offload": "disk"}, {"path": str(tiny_ltx), "files": []}]:
        reply = httpx.post(
            f"http://127.0.0.1:{rendezvous.port}/models",
            json=body,
            headers={"Authorization": f"Bearer {rendezvous.token}"},
            trust_env=False,
        )
        assert reply.status_code == 422
        assert reply.json()["problems"]


def test_a_model_that_nobody_waits_for_is_not_read_to_the_end(
    shared_engine: EngineClient,
    shared_home: Path,
    tiny_ltx: Path,
    tiny_gguf: Path,
    tmp_path: Path,
    until: Callable[..., None],
) -> None:
    large = Path(shutil.copy(tiny_gguf, tmp_path / "large.gguf"))
    os.truncate(large, 40 << 30)  # takes no room, and a minute to read
    rendezvous = read_rendezvous(shared_home)
    assert rendezvous is not None
    leaving = http.client.HTTPConnection("127.0.0.1", rendezvous.port)
    headers = {"Authorization": f"Bearer {rendezvous.token}", "Content-Type": "application/json"}
    wanted = ModelToAdd(path=str(tiny_ltx), gguf=str(large), id="large")
    leaving.request("POST", "/models", wanted.model_dump_json(), headers)
    until(lambda: any(0 < each.done_bytes < each.total_bytes for each in shared_engine.adding()))
    leaving.close()
    until(lambda: shared_engine.adding() == [])
    assert "large" not in [card.id for card, _ in shared_engine.models()]
