"""Models from a hub, on a real engine: killed and gone on with, paused, refused, checked, repaired and deleted."""

import os
import shutil
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from engine.client.api import EngineClient
from engine.client.attach import attach
from engine.client.errors import RefusedError
from engine.protocol.download import Checked, Download, Fetching, Stuck, Token
from engine.protocol.events import DownloadChanged
from engine.protocol.home import read_rendezvous
from engine.protocol.job import Done, JobRequest
from engine.protocol.model_card import ModelCard, ModelToAdd, Repository
from engine.protocol.problem import ProblemsError
from engine.protocol.recipe import Recipe
from engine.weights.adopt import recognise
from engine.weights.hashes import Hashes
from engine.weights.new_card import card_toml, new_card

LIMIT_S = 60.0
ID = "from-hub"
BIG = "vae/diffusion_pytorch_model.safetensors"


@pytest.fixture
def hub(fake_hub: Any, fake_hubs: Any, tiny_ltx: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A hub with the tiny model, and the only one that engines of this test know."""
    files = {str(p.relative_to(tiny_ltx).as_posix()): p.read_bytes() for p in tiny_ltx.rglob("*") if p.is_file()}
    assert len(files[BIG]) > 100_000
    fake_hub.repos["studio/tiny"] = fake_hubs.Repo(files)
    monkeypatch.setenv("HF_ENDPOINT", fake_hub.endpoint)
    monkeypatch.setenv("HF_HOME", str(tiny_ltx.parent / "no login here"))
    for name in ("HF_TOKEN", "HF_HUB_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    return fake_hub


@pytest.fixture
def card(tiny_ltx: Path, tmp_path: Path, folder: Path) -> ModelCard:
    """The tiny model as a card of the user's own that says only where it comes from."""
    made = new_card(recognise(tiny_ltx), ModelToAdd(path=str(tiny_ltx)), Hashes(tmp_path), lambda _, __: None)
    made = made.changed(id=ID, location=None, folder=ID, files=(), repository=Repository(id="studio/tiny"))
    (folder / "models").mkdir(parents=True)
    (folder / "models" / f"{ID}.toml").write_text(card_toml(made), "utf-8")
    return made


@pytest.fixture
def engine(hub: Any, card: ModelCard, folder: Path) -> Iterator[EngineClient]:
    client = attach(folder, idle_exit_s=None)
    yield client
    client.close()


def state_of(client: EngineClient) -> Download | None:
    return next((download for download in client.downloads() if download.model == ID), None)


def end_of(client: EngineClient, start: Callable[[], object]) -> Download | None:
    """The state that a download or a check ends in; None when the model has come."""
    with client.events() as events:
        start()
        while True:
            found = events.next(LIMIT_S)
            assert found is not None, "it did not end in time"
            if isinstance(found[0], DownloadChanged) and not (found[0].download and found[0].download.is_active):
                return found[0].download


def missing(client: EngineClient) -> list[str]:
    return next(lacks for card, lacks in client.models() if card.id == ID)


def test_a_download_survives_its_engine_and_the_model_works(
    engine: EngineClient, hub: Any, fake_hubs: Any, folder: Path, recipe: Recipe, until: Callable[..., None]
) -> None:
    small = recipe.changed(model=ID, width=64, height=64, num_inference_steps=2)
    assert missing(engine) == ["studio/tiny"]
    with pytest.raises(ProblemsError, match="not_installed"):
        engine.submit(JobRequest(recipe=small))
    hub.faults[BIG] = [fake_hubs.stalls(70_000)]
    engine.download(ID)
    until(lambda: isinstance(getattr(state_of(engine), "state", None), Fetching))
    part = folder / "models" / ID / f"{BIG}.part"
    until(lambda: part.exists() and part.stat().st_size >= 60_000)
    engine.download(ID)  # once more is no more
    rendezvous = read_rendezvous(folder)
    assert rendezvous is not None
    psutil.Process(rendezvous.pid).kill()
    with attach(folder, idle_exit_s=None) as second:
        until(lambda: state_of(second) is None and missing(second) == [])
        assert sum(wanted == "" for wanted in hub.fetched(BIG)) == 1
        assert hub.fetched(BIG)[-1].startswith("bytes=")
        job = second.submit(JobRequest(recipe=small))
        until(lambda: second.job(job.id).is_over)
        job = second.job(job.id)
        assert isinstance(job.state, Done), job.state
        _verified_repaired_and_deleted(second, hub, folder)


def _verified_repaired_and_deleted(client: EngineClient, hub: Any, folder: Path) -> None:
    assert end_of(client, lambda: client.verify_model(ID)) == _checked(client)
    whole = folder / "models" / ID / BIG
    content = whole.read_bytes()
    whole.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    found = end_of(client, lambda: client.verify_model(ID))
    assert found is not None
    assert found.state == Checked(damaged=(BIG,))
    assert missing(client) == [BIG]
    asked = len(hub.asked)
    assert end_of(client, lambda: client.download(ID)) is None
    assert {each.path.rpartition("/")[2] for each in hub.asked[asked:]} == {Path(BIG).name}
    assert whole.read_bytes() == content
    client.delete_model(ID)
    assert missing(client) == ["studio/tiny"]
    assert not (folder / "models" / ID).exists()
    with pytest.raises(ProblemsError, match="not_installed"):
        client.verify_model(ID)


def _checked(client: EngineClient) -> Download:
    total = sum(file.size_bytes for card, _ in client.models() if card.id == ID for file in card.files)
    return Download(model=ID, state=Checked(), done_bytes=total, total_bytes=total)


def test_paused_gone_on_with_and_cancelled(
    engine: EngineClient, hub: Any, fake_hubs: Any, folder: Path, until: Callable[..., None], tmp_path: Path
) -> None:
    elsewhere = tmp_path / "big disk é"
    part = elsewhere / ID / f"{BIG}.part"
    hub.faults[BIG] = [fake_hubs.stalls(80_000)]
    engine.download(ID, elsewhere)
    until(lambda: part.exists() and part.stat().st_size >= 70_000)
    assert engine.pause_download(ID).state.kind == "paused"
    hub.gate.set()
    assert engine.model_folders().chosen == str(elsewhere)
    hub.gate.clear()
    hub.faults[BIG] = [fake_hubs.stalls(10)]
    engine.download(ID)
    until(lambda: len(hub.fetched(BIG)) == 2)
    engine.cancel_download(ID)
    assert engine.downloads() == []
    assert not (elsewhere / ID).exists()
    with pytest.raises(RefusedError):
        engine.pause_download(ID)
    hub.gate.set()
    assert end_of(engine, lambda: engine.download(ID)) is None
    assert missing(engine) == []
    assert (elsewhere / ID / BIG).exists()
    engine.forget_model_folder(elsewhere)
    assert missing(engine) == ["studio/tiny"]
    assert engine.choose_model_folder(elsewhere).chosen == str(elsewhere)
    assert missing(engine) == []


def test_what_was_paused_stays_paused_for_the_next_engine(
    engine: EngineClient, hub: Any, fake_hubs: Any, folder: Path, until: Callable[..., None]
) -> None:
    hub.faults[BIG] = [fake_hubs.stalls(80_000)]
    engine.download(ID)
    part = folder / "models" / ID / f"{BIG}.part"
    until(lambda: part.exists() and part.stat().st_size >= 70_000)
    engine.pause_download(ID)
    rendezvous = read_rendezvous(folder)
    assert rendezvous is not None
    engine.stop()
    until(lambda: read_rendezvous(folder) is None)
    asked = len(hub.asked)
    with attach(folder, idle_exit_s=None) as second:
        found = state_of(second)
        assert found is not None
        assert found.state.kind == "paused"
        assert 70_000 <= found.done_bytes < found.total_bytes
        assert len(hub.asked) == asked  # nobody goes out before somebody asks
        second.delete_model(ID)
        assert second.downloads() == []
    assert not (folder / "models" / ID).exists()


def test_a_gated_model_wants_a_token_that_nobody_sees(
    engine: EngineClient, hub: Any, folder: Path, until: Callable[..., None]
) -> None:
    hub.repos["studio/tiny"].gated = "hf_right"
    found = end_of(engine, lambda: engine.download(ID))
    assert found is not None
    assert isinstance(found.state, Stuck)
    assert found.state.why == "needs_token"
    assert engine.token_place().place is None
    assert engine.put_token(Token(text="hf_right")).place == "file"
    kept = folder / "hub-token"
    if os.name == "posix":
        assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert end_of(engine, lambda: engine.download(ID)) is None
    rendezvous = read_rendezvous(folder)
    assert rendezvous is not None
    family = [psutil.Process(rendezvous.pid), *psutil.Process(rendezvous.pid).children(recursive=True)]
    assert not [process for process in family if "hf_right" in str((process.cmdline(), process.environ()))]
    others = [path for path in folder.rglob("*") if path.is_file() and path != kept]
    assert not [path for path in others if b"hf_right" in path.read_bytes()]
    with pytest.raises(ProblemsError) as refused:
        engine.put_token(Token.model_construct(text="hf right\nX-Evil: 1"))
    assert "hf right" not in str(refused.value)
    assert engine.delete_token().place is None
    assert not kept.exists()


def test_what_cannot_be_fetched_is_refused(engine: EngineClient, tmp_path: Path, folder: Path) -> None:
    with pytest.raises(ProblemsError, match="unknown_model"):
        engine.download("nobody")
    with pytest.raises(ProblemsError, match="unsupported"):
        engine.download("starter")
    with pytest.raises(RefusedError, match="did not come from a hub"):
        engine.delete_model("starter")
    (tmp_path / "file").write_text("mine")
    with pytest.raises(ProblemsError, match="not_writable"):
        engine.download(ID, tmp_path / "file" / "below")
    assert engine.model_folders().folders == (str(folder / "models"),)


def test_a_model_of_a_family_to_come_is_kept_for_a_newer_build(
    hub: Any, card: ModelCard, folder: Path, recipe: Recipe, tiny_ltx: Path
) -> None:
    newer = card.changed(family="cinema_9")
    (folder / "models" / f"{ID}.toml").write_text(card_toml(newer), "utf-8")
    with attach(folder, idle_exit_s=None) as client:
        assert end_of(client, lambda: client.download(ID)) is None
        assert missing(client) == []
        with pytest.raises(ProblemsError, match="newer_build"):
            client.submit(JobRequest(recipe=recipe.changed(model=ID)))
        shutil.rmtree(folder / "models" / ID)
        assert missing(client) == ["studio/tiny"]
