"""Pausing, stopping, retrying and finishing as a user types it: real processes on the shared engine."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.client.api import EngineClient
from engine.protocol.job import Job, JobRequest
from engine.protocol.recipe import Recipe

QUICK = ("--size", "64x64", "--frames", "9", "--steps", "6", "--seed", "7")
LIMIT_S = 120


@pytest.fixture(autouse=True)
def _on_shared_engine(
    shared_engine: EngineClient, shared_home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[None]:
    monkeypatch.setenv("REELWRIGHT_HOME", str(shared_home))
    monkeypatch.chdir(tmp_path)
    before = {job.id for job in shared_engine.jobs(limit=1000)}
    yield
    for job in shared_engine.jobs(limit=1000):
        if job.id not in before:
            shared_engine.cancel(job.id)
            while not shared_engine.job(job.id).is_over:
                pass
            shared_engine.delete(job.id)


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-P", "-m", "studio", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_S, check=False)


def test_a_draft_is_saved_and_finished(
    tmp_path: Path, shared_engine: EngineClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = run("generate", "a lake", *QUICK, "-o", "whole.mp4")
    assert whole.returncode == 0, whole.stderr
    drafted = run("generate", "a lake", *QUICK, "--draft-steps", "3", "-o", "draft.mp4", "--json")
    assert drafted.returncode == 0, drafted.stderr
    job = json.loads(drafted.stdout)
    assert job["status"] == "drafted"
    name = job["job"][-8:]
    assert "draft at step 3 of 6" in run("queue").stdout
    assert run("queue", "save", name, "again.mp4").returncode == 0
    assert (tmp_path / "again.mp4").read_bytes() == (tmp_path / "draft.mp4").read_bytes()
    assert run("finish", name, "-o", "nowhere/a.mp4").returncode == 2
    assert shared_engine.job(job["job"]).state.kind == "drafted"  # a bad file name starts nothing
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    (tmp_path / "draft.mp4").unlink()
    assert run("queue", "save", name).stdout == f"{tmp_path / 'draft.mp4'}\n"  # where the first command wanted it
    said = json.loads(run("finish", name, "--json").stdout)
    assert (said["status"], said["output"]) == ("done", str(tmp_path / "draft.mp4"))
    assert "it is done" in run("finish", name).stderr
    assert (tmp_path / "draft.mp4").read_bytes() == (tmp_path / "whole.mp4").read_bytes()
    assert (tmp_path / "draft.mp4").read_bytes() != (tmp_path / "again.mp4").read_bytes()
    assert run("finish", name, "-o", "x.mp4").returncode == 2


@pytest.fixture
def running(shared_engine: EngineClient, recipe: Recipe, until: Callable[..., None]) -> Job:
    long = recipe.changed(num_inference_steps=100, num_frames=49, width=192, height=192)
    job = shared_engine.submit(JobRequest(recipe=long))
    until(lambda: shared_engine.job(job.id).state.kind == "running")
    return job


def test_what_waits_is_paused_and_resumed(
    shared_engine: EngineClient, recipe: Recipe, running: Job, cli: Callable[..., Any]
) -> None:
    name = shared_engine.submit(JobRequest(recipe=recipe)).id[-8:]
    assert cli("queue", "pause", name).out == f"{name} paused\n"
    refused = cli("queue", "stop", name)
    assert (
        refused.code,
        f"job {name}: it is paused: `reelwright finish {name}` goes on with it" in refused.err,
    ) == (2, True)
    assert cli("queue", "resume", name).out == f"{name} queued\n"
    assert cli("queue", "cancel", name).out == f"{name} cancelled\n"
    for command in ("pause", "resume", "retry", "stop"):
        refused = cli("queue", command, name)
        assert (refused.code, "it is cancelled, and what was made of it is gone" in refused.err) == (2, True)
    assert cli("finish", name).code == 2


def test_what_runs_is_paused_and_stopped_early(
    shared_engine: EngineClient, running: Job, until: Callable[..., None], cli: Callable[..., Any]
) -> None:
    name = running.id[-8:]
    assert json.loads(cli("queue", "pause", name, "--json").out)["wish"] == "pause"
    until(lambda: shared_engine.job(running.id).state.kind == "paused")
    assert cli("queue", "retry", name).out == f"{name} queued\n"
    until(lambda: shared_engine.job(running.id).state.kind == "running")
    assert cli("queue", "stop", name).out == f"{name} is being stopped early\n"
    until(lambda: shared_engine.job(running.id).state.kind == "done")
    nowhere = cli("queue", "save", name)
    assert (nowhere.code, "the first command named no file" in nowhere.err) == (2, True)
    assert cli("queue", "save", name, "short.mp4").code == 0


@pytest.mark.skipif(os.name == "nt", reason="Ctrl-C is sent differently there")
def test_ctrl_c_in_finish_pauses(shared_engine: EngineClient, running: Job, tmp_path: Path) -> None:
    command = [sys.executable, "-P", "-m", "studio", "finish", running.id, "-o", "long.mp4", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        while "denoise" not in process.stderr.readline():
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        said, _ = process.communicate(timeout=LIMIT_S)
    assert process.returncode == 130
    assert json.loads(said)["status"] == "paused"
    assert shared_engine.job(running.id).state.kind == "paused"
    assert list(tmp_path.iterdir()) == []
