"""A job that was answered for is on disk, however the engine ends."""

import subprocess
import sys
from pathlib import Path

from engine.protocol.home import RESOURCES
from engine.protocol.job import JobRequest
from engine.protocol.recipe import Recipe
from engine.queue.store import JobStore

ADD_FOR_EVER = """
import sys
from pathlib import Path
from engine.protocol.job import JobRequest
from engine.queue.store import JobStore
store = JobStore(Path(sys.argv[1]))
request = JobRequest.model_validate_json(sys.argv[2])
while True:
    print(store.add(request).id, flush=True)
"""


def test_every_answered_job_survives_a_kill(tmp_path: Path, recipe: Recipe) -> None:
    path = tmp_path / "queue.sqlite"
    request = JobRequest(recipe=recipe)
    printed: list[str] = []
    for _ in range(2):  # the second one opens what the kill left
        with subprocess.Popen(
            [sys.executable, "-c", ADD_FOR_EVER, str(path), request.model_dump_json()],
            cwd=RESOURCES.parent,
            stdout=subprocess.PIPE,
            text=True,
        ) as adding:
            assert adding.stdout is not None
            printed += [adding.stdout.readline() for _ in range(50)]
            adding.kill()
            printed += adding.stdout.readlines()
    answered = [line.strip() for line in printed if line.endswith("\n")]
    assert len(answered) >= 100
    store = JobStore(path)
    found = store.page(limit=100_000)
    store.close()
    assert [job.id for job in found if job.id in set(answered)] == answered
    assert all(job.request == request for job in found)
    assert len(found) <= len(answered) + 2  # at most the one that each kill left unanswered
