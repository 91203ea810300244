"""Run: one try of a job, and what becomes of the job when the try ends."""

import time
from dataclasses import dataclass
from pathlib import Path

from engine.pool.pool import Worker
from engine.protocol.home import BUILD
from engine.protocol.job import Cancelled, Done, Drafted, FilmRequest, Job, Paused, Queued, TakeFile
from engine.protocol.work import Export, Finished, Render, Stopped
from engine.server.admission import Model


@dataclass
class Run:
    """One try of a job.

    Attributes:
        room: a folder of its own for the take, so that no other try (of an ended engine's worker, say) can reach it.
        step, total_steps: as last reported; None before.
    """

    worker: Worker
    room: Path
    output: Path
    step: int = 0
    total_steps: int | None = None


def command_for(
    job: Job, model: Model | None, run: Run, media_files: dict[str, str], checkpoints: Path
) -> Render | Export:
    """What a worker is told for this try; a film has no model."""
    request, output = job.request, str(run.output)
    if isinstance(request, FilmRequest):
        return Export(
            job_id=job.id, film=request.film, delivery=request.delivery, media_files=media_files, output=output
        )
    assert model is not None  # a request without its model has a problem, and is not started
    return Render(
        job_id=job.id,
        recipe=request.recipe,
        delivery=request.delivery,
        card=model.card,
        model_folder=str(model.folder),
        media_files=media_files,
        output=output,
        checkpoints=str(checkpoints),
        until_step=None if job.drafted else request.draft_steps,
        habits=request.habits,
    )


def after_loss(job: Job, run: Run | None) -> Queued | Paused | Cancelled:
    """Where a job stands whose worker, or whose engine (no `run`), is gone: what was wished of it has come true."""
    if job.wish == "cancel":
        return Cancelled(finished_at=time.time())
    return _paused(job, run) if job.wish == "pause" else Queued()


def after_stop(job: Job, run: Run, report: Stopped) -> Paused | Cancelled:
    """Where a job stands that its worker stopped; a cancel that crossed a pause goes before it."""
    if "cancel" in (job.wish, report.wish):
        return Cancelled(finished_at=time.time())
    run.step = report.step
    return _paused(job, run)


def after_take(job: Job, run: Run, report: Finished) -> Done | Drafted:
    """The end of a job whose take (or draft) is in the media store."""
    take = TakeFile(
        media=report.sha256,
        container=job.request.delivery.container,
        size_bytes=report.size_bytes,
        num_frames=report.num_frames,
    )
    now = time.time()
    if report.draft_step is not None:
        return Drafted(finished_at=now, step=report.draft_step, total_steps=_total_steps(job, run), take=take)
    return Done(finished_at=now, take=take, stage_s=report.stage_s, notices=report.notices, build=BUILD)


def _paused(job: Job, run: Run | None) -> Paused:
    return Paused(step=run.step if run else 0, total_steps=_total_steps(job, run))


def _total_steps(job: Job, run: Run | None) -> int:
    """In all sections as the worker counted them; of one, before it did."""
    counted = run.total_steps if run else None
    return job.request.total_steps if counted is None else counted
