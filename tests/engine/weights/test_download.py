"""Models from a hub that truncates, corrupts, redirects, rate-limits, refuses and dies: only what is proved counts."""

import hashlib
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine.protocol.model_card import Repository
from engine.weights.download import Downloader
from engine.weights.fetch import Ear, StoppedError, part_of
from engine.weights.hashes import Hashes
from engine.weights.hub import Hub
from engine.weights.record import delete, here_bytes, read_record
from engine.weights.source import HubError

REPOSITORY = Repository(id="studio/tiny-ltx")
BIG = "transformer/diffusion_pytorch_model.safetensors"
SMALL = "transformer/config.json"


def why(bring: Callable[..., Any], **fields: Any) -> str:
    with pytest.raises(HubError) as refused:
        bring(**fields)
    return refused.value.why


def stopping(after_bytes: int) -> Ear:
    """Stops when so many bytes have come."""
    ear, come = Ear(), [0]

    def on_bytes(count: int) -> None:
        come[0] += count
        if come[0] > after_bytes:
            ear.stop.set()

    ear.on_bytes = on_bytes
    return ear


def left(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_a_model_comes_whole_and_only_what_is_needed_of_it(
    bring: Callable[..., Any], hub: Any, folder: Path, files: dict[str, bytes]
) -> None:
    record = bring()
    taken = ["model_index.json", "tokenizer/spiece.model", SMALL, BIG]
    assert left(folder) == sorted([*taken, "reelwright.json"])
    for row in record.files:
        content = files[row.path]
        assert (row.size_bytes, row.sha256) == (len(content), hashlib.sha256(content).hexdigest())
        assert (folder / row.path).read_bytes() == content
    assert read_record(folder) == record
    asked = len(hub.asked)
    assert bring() == record
    assert len(hub.asked) == asked  # all of it is here: nobody is asked


@pytest.mark.parametrize("name", ["truncates", "dies", "busy"])
def test_what_is_cut_off_is_gone_on_with(
    bring: Callable[..., Any], hub: Any, fake_hubs: Any, folder: Path, files: dict[str, bytes], name: str
) -> None:
    harm = {
        "truncates": [fake_hubs.truncates(1_300_000), fake_hubs.truncates(900_000)],
        "dies": [fake_hubs.truncates(0), fake_hubs.truncates(1_300_000)],
        "busy": [fake_hubs.says(503), fake_hubs.truncates(1_100_000), fake_hubs.says(500)],
    }[name]
    hub.faults[BIG] = list(harm)
    bring()
    assert (folder / BIG).read_bytes() == files[BIG]
    ranges = hub.fetched(BIG)
    assert len(ranges) == len(harm) + 1
    assert any(wanted.startswith("bytes=1") for wanted in ranges)
    assert not part_of(folder / BIG).exists()


def test_another_engine_goes_on_where_one_ended(
    bring: Callable[..., Any], hub: Any, fake_hubs: Any, folder: Path, files: dict[str, bytes]
) -> None:
    with pytest.raises(StoppedError):
        bring(stopping(500_000))
    arrived = part_of(folder / BIG).stat().st_size
    assert 500_000 < arrived < len(files[BIG])
    assert not (folder / BIG).exists()
    record = read_record(folder)
    assert record is not None
    assert record.files == ()
    assert here_bytes(folder, record.listing) > arrived
    hub.repos[REPOSITORY.id].files = {**files, SMALL: b"a newer revision"}  # the list that was begun with counts
    counted: list[int] = []
    bring(Ear(on_bytes=counted.append))
    assert hub.fetched(BIG)[-1] == f"bytes={arrived}-"
    assert (folder / BIG).read_bytes() == files[BIG]
    assert sum(counted) == len(files[BIG]) - arrived + len(files["tokenizer/spiece.model"])


def test_a_part_that_was_damaged_on_the_disk_is_fetched_again(
    bring: Callable[..., Any], folder: Path, files: dict[str, bytes]
) -> None:
    part = part_of(folder / BIG)
    part.parent.mkdir(parents=True)
    part.write_bytes(bytes(1_000_000))
    bring()
    assert (folder / BIG).read_bytes() == files[BIG]


def test_a_part_longer_than_the_file_is_begun_again(
    bring: Callable[..., Any], folder: Path, files: dict[str, bytes]
) -> None:
    part = part_of(folder / BIG)
    part.parent.mkdir(parents=True)
    part.write_bytes(files[BIG] + b"more")
    bring()
    assert (folder / BIG).read_bytes() == files[BIG]


def test_a_hub_that_ignores_where_to_start_costs_only_time(
    bring: Callable[..., Any], hub: Any, fake_hubs: Any, folder: Path, files: dict[str, bytes]
) -> None:
    hub.faults[BIG] = [fake_hubs.truncates(1_300_000), fake_hubs.ignores_range(files[BIG])]
    counted: list[int] = []
    bring(Ear(on_bytes=counted.append))
    assert (folder / BIG).read_bytes() == files[BIG]
    assert min(counted) < 0
    assert sum(counted) == sum(len(files[path]) for path in (BIG, SMALL, "model_index.json", "tokenizer/spiece.model"))


def test_damage_on_the_way_is_found_and_mended_once(
    bring: Callable[..., Any], hub: Any, fake_hubs: Any, folder: Path, files: dict[str, bytes]
) -> None:
    hub.faults[BIG] = [fake_hubs.corrupts]
    hub.faults[SMALL] = [fake_hubs.corrupts]
    bring()
    assert (folder / BIG).read_bytes() == files[BIG]
    assert (folder / SMALL).read_bytes() == files[SMALL]


@pytest.mark.parametrize("path", [BIG, SMALL])
def test_a_file_that_stays_wrong_never_comes_in_place(
    bring: Callable[..., Any], hub: Any, fake_hubs: Any, folder: Path, path: str
) -> None:
    hub.faults[path] = [fake_hubs.corrupts] * 9
    assert why(bring) == "damaged"
    assert not (folder / path).exists()
    assert not part_of(folder / path).exists()
    assert read_record(folder).files == ()  # type: ignore[union-attr]


def test_what_is_no_weights_is_told_apart(bring: Callable[..., Any], hub: Any, fake_hubs: Any, folder: Path) -> None:
    hub.faults[BIG] = [fake_hubs.HTML]
    assert why(bring) == "no_hub"
    pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"a" * 64 + b"\nsize 2500000\n"
    hub.faults[BIG] = [fake_hubs.says(200, pointer)]
    assert why(bring) == "pointer"
    hub.faults[BIG] = [fake_hubs.says(200, bytes(2_000_000))]
    assert why(bring) == "damaged"
    hub.faults[BIG] = [fake_hubs.says(200, bytes(2_500_000), content_encoding="gzip")] * 9
    assert why(bring) == "hub_broken"
    assert not (folder / BIG).exists()


def test_a_listing_that_is_none(bring: Callable[..., Any], hub: Any, fake_hubs: Any, folder: Path) -> None:
    hub.faults["listing"] = [fake_hubs.HTML]
    assert why(bring) == "no_hub"
    for body in (b"[]", b'{"id": "x"}', b"{}", b'{"id": "x", "sha": "main", "siblings": [{"rfilename": "a/b.json"}]}'):
        hub.faults["listing"] = [fake_hubs.says(200, body)]
        assert why(bring) in ("no_hub", "unusable"), body
    for path in ("transformer/../../outside.json", "/etc/a/x.json", "transformer/C:x.json", "a\\b/x.json"):
        hub.repos[REPOSITORY.id].files = {path: b"{}"}
        assert why(bring) == "unusable", path
    hub.repos[REPOSITORY.id].files = {"README.md": b"nothing to run", "a/model.bin": b"pickle"}
    assert why(bring) == "unusable"
    assert not folder.exists()


def test_refusals_by_name(bring: Callable[..., Any], hub: Any, fake_hubs: Any) -> None:
    assert why(bring, repository=Repository(id="studio/nowhere")) == "not_found"
    assert why(bring, token="hf_wrong") == "bad_token"
    hub.repos[REPOSITORY.id].gated = "hf_right"
    assert why(bring) == "needs_token"
    assert why(bring, token="hf_stranger") == "needs_licence"
    bring(token="hf_right")
    for status, kind in ((500, "hub_broken"), (404, "not_found"), (403, "needs_token")):
        hub.faults["listing"] = [fake_hubs.says(status)]
        assert why(bring, repository=Repository(id="studio/other")) == kind


def test_a_repository_that_is_none_of_ours(bring: Callable[..., Any], hub: Any, fake_hubs: Any) -> None:
    hub.repos["studio/other"] = fake_hubs.Repo({"a/reelwright.json": b"{}", "reelwright.json": b"{}"})
    assert why(bring, repository=Repository(id="studio/other", files=("*",))) == "unusable"


def test_a_hub_that_is_asked_too_often_is_left_alone_for_as_long_as_it_says(
    bring: Callable[..., Any], hub: Any, fake_hubs: Any, folder: Path
) -> None:
    waits: list[tuple[str, float]] = []
    ear = Ear(on_wait=lambda reason, seconds: waits.append((reason, seconds)))
    hub.faults[SMALL] = [fake_hubs.says(429, retry_after="0")]
    hub.faults[BIG] = [fake_hubs.says(429, ratelimit='"resolvers";r=0;t=0')]
    bring(ear, pauses_s=(5.0, 5.0))
    assert waits == [("rate_limited", 0.0)] * 2
    delete(folder)
    hub.faults[BIG] = [fake_hubs.says(429, retry_after="86400")]
    with pytest.raises(HubError) as refused:
        bring()
    assert (refused.value.why, refused.value.retry_s) == ("rate_limited", 86400.0)


def test_no_network(bring: Callable[..., Any], hub: Any, fake_hubs: Any, tmp_path: Path, folder: Path) -> None:
    hub.faults[BIG] = [fake_hubs.truncates(0)] * 9
    assert why(bring) == "no_network"
    assert len(hub.fetched(BIG)) == 4  # the pauses are over
    hub.close()
    hub.close = lambda: None
    lost = Downloader(Hub(endpoint=hub.endpoint), Hashes(tmp_path), pauses_s=())
    with pytest.raises(HubError, match="no_network"):
        lost.bring(REPOSITORY, folder, Ear())


def test_a_machine_that_is_to_stay_offline_does(
    bring: Callable[..., Any], hub: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    assert why(bring) == "offline"
    assert hub.asked == []


def test_a_wait_ends_when_somebody_wants_it_to(bring: Callable[..., Any], hub: Any, fake_hubs: Any) -> None:
    hub.faults[BIG] = [fake_hubs.says(503)]
    ear = Ear()
    ear.on_wait = lambda _, __: ear.stop.set()
    with pytest.raises(StoppedError):
        bring(ear, pauses_s=(60.0,))


def test_a_line_on_which_nothing_comes_does_not_hold_up_the_end(
    bring: Callable[..., Any], hub: Any, fake_hubs: Any, folder: Path, until: Callable[..., None]
) -> None:
    hub.faults[BIG] = [fake_hubs.stalls(500_000)]
    ear, ended = Ear(), threading.Event()

    def run() -> None:
        with pytest.raises(StoppedError):
            bring(ear)
        ended.set()

    thread = threading.Thread(target=run)
    thread.start()
    until(lambda: part_of(folder / BIG).exists() and part_of(folder / BIG).stat().st_size >= 500_000)
    ear.end()
    assert ended.wait(5)
    thread.join()


def test_our_token_stays_with_the_hub(
    bring: Callable[..., Any], hub: Any, fake_hubs: Any, files: dict[str, bytes], folder: Path
) -> None:
    other = fake_hubs.FakeHub()  # where a content network would be
    other.repos[REPOSITORY.id] = fake_hubs.Repo(files)
    hub.redirect_to = other.endpoint
    other.faults[BIG] = [fake_hubs.truncates(1_300_000)]
    bring(token="hf_right")
    other.close()
    assert (folder / BIG).read_bytes() == files[BIG]
    assert {asked.headers.get("authorization") for asked in hub.asked} == {"Bearer hf_right"}
    assert {asked.headers.get("authorization") for asked in other.asked} == {None}
    assert [bool(wanted) for wanted in other.fetched(BIG)] == [False, True]


def test_a_revision_that_is_gone_gives_way_to_the_one_of_now(
    bring: Callable[..., Any], hub: Any, folder: Path, files: dict[str, bytes]
) -> None:
    with pytest.raises(StoppedError):
        bring(stopping(500_000))
    changed = {**files, BIG: files[BIG][::-1]}
    hub.repos[REPOSITORY.id].files, hub.repos[REPOSITORY.id].commit = changed, "d" * 40
    record = bring()
    assert record.listing.commit == "d" * 40
    assert (folder / BIG).read_bytes() == changed[BIG]


def test_two_can_come_at_once(bring: Callable[..., Any], hub: Any, fake_hubs: Any, tmp_path: Path) -> None:
    hub.repos["studio/other"] = fake_hubs.Repo({"vae/config.json": b"{}"})
    made = Downloader(Hub(endpoint=hub.endpoint), Hashes(tmp_path / "cache"))
    other = threading.Thread(target=made.bring, args=(Repository(id="studio/other"), tmp_path / "other", Ear()))
    other.start()
    bring()
    other.join()
    assert (tmp_path / "other" / "vae" / "config.json").read_bytes() == b"{}"
