"""The API: jobs, media, models and the event stream."""

import asyncio
import logging
import os
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path

from fastapi import APIRouter, FastAPI, HTTPException, Request, WebSocket, WebSocketDisconnect
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, JSONResponse, Response

from engine.protocol.events import Preview, QueueReordered
from engine.protocol.frozen import Frozen
from engine.protocol.home import BUILD
from engine.protocol.job import Job, JobRequest, StateKind
from engine.protocol.media import MediaItem
from engine.protocol.problem import Problem, ProblemsError
from engine.protocol.wire import pack
from engine.protocol.worker_status import WorkerStatus
from engine.queue.store import JobStore
from engine.server.checkpoints import Checkpoints
from engine.server.events import Hub
from engine.server.frames_api import frames_routes
from engine.server.inspect import inspect
from engine.server.jobs import Jobs
from engine.server.library import Library, ModelStatus
from engine.server.media_store import MediaStore
from engine.server.models_api import model_routes

log = logging.getLogger(__name__)

LARGEST_PAGE = 1000


class Health(Frozen):
    """The engine is up."""

    build: str
    pid: int


class Move(Frozen):
    """Put a waiting job in front of `before`, or last."""

    before: str | None = None


class Engine:
    """What the routes work on; built once by `engine.__main__`."""

    def __init__(self, folder: Path) -> None:
        self.store = JobStore(folder / "queue.sqlite")
        self.media = MediaStore(folder)
        self.library = Library(folder)
        self.hub = Hub()
        self.jobs = Jobs(self.store, self.media, self.library, self.hub, Checkpoints(folder))


def create_app(engine: Engine, stop: Callable[[], None]) -> FastAPI:
    """The application; `stop` ends the server after the reply."""
    app = FastAPI(title="Reelwright engine", version=BUILD, docs_url=None, redoc_url=None, openapi_url=None)
    jobs = (_job_routes(engine), _job_wishes(engine), _job_changes(engine))
    media = (_media_routes(engine), frames_routes(engine.media))
    for routes in (*jobs, *media, model_routes(engine.library), _engine_routes(engine, stop)):
        app.include_router(routes)

    @app.exception_handler(ProblemsError)
    async def refuse(_: Request, error: ProblemsError) -> JSONResponse:
        return JSONResponse({"problems": [p.model_dump() for p in error.problems]}, 422)

    @app.exception_handler(RequestValidationError)
    async def refuse_invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        found = [Problem(field=_field(e["loc"][1:]), kind="invalid", detail=e["msg"]) for e in error.errors()]
        return JSONResponse({"problems": [p.model_dump() for p in found]}, 422)

    @app.exception_handler(OSError)
    @app.exception_handler(sqlite3.Error)
    async def storage(_: Request, error: OSError | sqlite3.Error) -> JSONResponse:
        log.error("storage failed: %s", error)
        reason = error.strerror if isinstance(error, OSError) else "the queue cannot be written"
        return JSONResponse({"error": f"the engine's folder: {reason}"}, 507)

    return app


def _existing(engine: Engine, job_id: str) -> Job:
    job = engine.jobs.get(job_id)
    if job is None:
        raise HTTPException(404, "no such job")
    return job


def _field(place: Sequence[str | int]) -> str:
    """A schema error's place in the words of `rules`: `conditions[0].strength`."""
    joined = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place)
    return joined.removeprefix(".").removeprefix("recipe.")


def _job_routes(engine: Engine) -> APIRouter:
    routes = APIRouter(prefix="/jobs")
    jobs, store = engine.jobs, engine.store

    @routes.post("", status_code=201)
    async def submit(request: JobRequest) -> Job:
        return jobs.submit(request)

    @routes.get("")
    async def page(state: StateKind | None = None, after: str | None = None, limit: int = 100) -> list[Job]:
        return store.page(state, after, max(1, min(limit, LARGEST_PAGE)))

    @routes.get("/{job_id}")
    async def get(job_id: str) -> Job:
        return _existing(engine, job_id)

    return routes


def _job_wishes(engine: Engine) -> APIRouter:
    routes = APIRouter(prefix="/jobs/{job_id}")
    jobs = engine.jobs

    @routes.post("/cancel")
    async def cancel(job_id: str) -> Job:
        return jobs.cancel(_existing(engine, job_id))

    @routes.post("/pause")
    async def pause(job_id: str) -> Job:
        job = _existing(engine, job_id)
        if job.is_over and job.state.kind != "paused":
            raise HTTPException(409, "the job is over")
        return jobs.pause(job)

    @routes.post("/resume")
    async def resume(job_id: str) -> Job:
        job = _existing(engine, job_id)
        if not job.can_resume:
            raise HTTPException(409, f"the job is {job.state.kind}: there is nothing to go on with")
        return jobs.resume(job)

    @routes.post("/stop_early")
    async def stop_early(job_id: str) -> Job:
        job = _existing(engine, job_id)
        if job.state.kind != "running":
            raise HTTPException(409, "the job does not run")
        return jobs.stop_early(job)

    return routes


def _job_changes(engine: Engine) -> APIRouter:
    routes = APIRouter(prefix="/jobs/{job_id}")
    jobs = engine.jobs

    @routes.post("/acknowledge")
    async def acknowledge(job_id: str) -> Job:
        job = _existing(engine, job_id)
        if not job.is_over:
            raise HTTPException(409, "the job is not over")
        return jobs.acknowledge(job)

    @routes.post("/move")
    async def move(job_id: str, place: Move) -> QueueReordered:
        job = _existing(engine, job_id)
        if job.state.kind != "queued" or (place.before and _existing(engine, place.before).state.kind != "queued"):
            raise HTTPException(409, "only waiting jobs have a place")
        return QueueReordered(job_ids=tuple(jobs.move(job, place.before)))

    @routes.delete("", status_code=204)
    async def remove(job_id: str) -> None:
        job = _existing(engine, job_id)
        if not job.is_over:
            raise HTTPException(409, "the job is not over; cancel it first")
        jobs.remove(job)

    return routes


def _media_routes(engine: Engine) -> APIRouter:
    routes = APIRouter(prefix="/media")

    @routes.put("")
    async def put(request: Request) -> MediaItem:
        path, sha256 = await engine.media.receive(request.stream())
        try:
            item = await asyncio.to_thread(inspect, path, sha256)
            engine.media.adopt(path, sha256, item.format)
        finally:
            path.unlink(missing_ok=True)
        return item

    @routes.post("/inspect")
    async def look(request: Request) -> MediaItem:
        path, sha256 = await engine.media.receive(request.stream())
        try:
            return await asyncio.to_thread(inspect, path, sha256)
        finally:
            path.unlink(missing_ok=True)

    @routes.get("/{sha256}")
    async def get(sha256: str) -> FileResponse:
        path = engine.media.path(sha256)
        if path is None:
            raise HTTPException(404, "no such media")
        return FileResponse(path)

    return routes


def _engine_routes(engine: Engine, stop: Callable[[], None]) -> APIRouter:
    routes = APIRouter()

    @routes.get("/health")
    async def health() -> Health:
        return Health(build=BUILD, pid=os.getpid())

    @routes.get("/workers")
    async def workers() -> list[WorkerStatus]:
        return engine.jobs.workers()

    @routes.get("/models")
    async def models() -> list[ModelStatus]:
        return engine.library.all()

    @routes.post("/stop", status_code=202)
    async def stop_engine() -> Response:
        stop()
        return Response(status_code=202)

    @routes.websocket("/events")
    async def events(socket: WebSocket) -> None:
        with engine.hub.subscribed() as subscription:  # before accepting: nothing after `open` is missed
            await socket.accept()
            gone = asyncio.ensure_future(_until_gone(socket))
            try:
                while not gone.done():
                    waiting = asyncio.ensure_future(subscription.next())
                    await asyncio.wait({waiting, gone}, return_when=asyncio.FIRST_COMPLETED)
                    if not waiting.done():
                        waiting.cancel()
                        break
                    event, blob = waiting.result()
                    if isinstance(event, Preview):
                        await socket.send_bytes(pack(event, blob))
                    else:
                        await socket.send_text(event.model_dump_json())
            except WebSocketDisconnect:
                pass
            finally:
                gone.cancel()

    return routes


async def _until_gone(socket: WebSocket) -> None:
    """Read (and ignore) what the client sends, until it leaves."""
    while (await socket.receive())["type"] != "websocket.disconnect":
        pass
