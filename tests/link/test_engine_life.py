"""An engine's end, wanted or not: it leaves nothing behind, and no job is lost or done twice."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import psutil

from engine.client.attach import attach
from engine.client.process import child_environment, module_command
from engine.protocol.home import RESOURCES, read_rendezvous, rendezvous_file
from engine.protocol.job import Done, JobRequest
from engine.protocol.recipe import Recipe
from engine.queue.store import JobStore

ORPHAN_LIMIT_S = 10.0


def test_it_leaves_by_itself(folder: Path, until: Callable[..., None]) -> None:
    with subprocess.Popen(
        module_command("engine", "--home", str(folder), "--idle-exit-s", "1"),
        cwd=RESOURCES.parent,
        env=child_environment(),
        stderr=subprocess.PIPE,
        text=True,
    ) as engine:
        until(lambda: psutil.Process(engine.pid).children() or engine.poll() is not None)
        (worker,) = psutil.Process(engine.pid).children()
        _, said = engine.communicate(timeout=60)
    assert engine.returncode == 0, said
    assert "Traceback" not in said
    assert not rendezvous_file(folder).exists()
    until(lambda: not worker.is_running())


def test_a_killed_engine_takes_its_worker_along_and_the_next_one_finishes_the_jobs(
    folder: Path,
    recipe: Recipe,
    until: Callable[..., None],
    worker_of: Callable[[Path], psutil.Process],
) -> None:
    with attach(folder) as client:
        jobs = [client.submit(JobRequest(recipe=recipe.changed(seed=seed))) for seed in (1, 2)]
        until(lambda: client.job(jobs[0].id).state.kind == "running")
        first = read_rendezvous(folder)
        assert first is not None
        worker = worker_of(folder)
        psutil.Process(first.pid).kill()
    until(lambda: not worker.is_running(), ORPHAN_LIMIT_S)

    attach(folder, idle_exit_s=1.0).close()  # the jobs take longer: it must not leave before
    second = read_rendezvous(folder)
    assert second is not None
    assert second.pid != first.pid
    until(lambda: not psutil.pid_exists(second.pid), 120.0)
    assert not rendezvous_file(folder).exists()

    store = JobStore(folder / "queue.sqlite")
    found = store.page()
    store.close()
    assert [job.id for job in found] == [job.id for job in jobs]
    states = [job.state for job in found]
    takes = [state.take.media for state in states if isinstance(state, Done)]
    assert len(set(takes)) == 2, states
    assert [job.worker_deaths for job in found] == [0, 0]
    kept = [path for path in (folder / "media").rglob("*") if path.is_file()]
    assert sorted(path.stem for path in kept) == sorted(takes)
