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
from engine.protocol.job import AnyRequest, FilmRequest, Job, JobRequest, StateKind
from engine.protocol.media import MediaItem
from engine.protocol.problem import Problem, ProblemsError
from engine.protocol.wire import pack
from engine.protocol.worker_status import WorkerStatus
from engine.queue.store import JobStore
from engine.server.admission import lora_problems
from engine.server.checkpoints import Checkpoints
from engine.server.downloads import Downloads
from engine.server.events import Hub
from engine.server.film_admission import unusable
from engine.server.frames_api import frames_routes
from engine.server.inspect import inspect
from engine.server.jobs import Jobs
from engine.server.library import Library, ModelStatus
from engine.server.media_store import MediaStore
from engine.server.models_api import download_routes, hub_routes, model_routes
from engine.weights.download import Downloader
from engine.weights.lora import SUFFIX
from engine.weights.tokens import Tokens

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
        self.tokens = Tokens(folder)
        self.downloads = Downloads(folder, self.library, self.hub, self._downloader)

    def is_idle(self) -> bool:
        """Whether there is nothing to do, now or later, that was asked of it."""
        return self.store.is_idle() and self.downloads.is_idle

    def is_used(self, model: str) -> bool:
        """Whether a running job needs the model."""
        requests = [job.request for job in self.store.page("running", limit=LARGEST_PAGE)]
        return any(isinstance(request, JobRequest) and request.recipe.model == model for request in requests)

    def _downloader(self) -> Downloader:
        from engine.weights.hub import Hub as ModelHub  # it takes a quarter of a second, and most never need it
        from engine.weights.hub import cache_folder

        shelves = [Path(folder) for folder in self.library.folders.now().folders]
        return Downloader(ModelHub(self.tokens.get), self.library.hashes, (*shelves, cache_folder()))


def create_app(engine: Engine, stop: Callable[[], None]) -> FastAPI:
    """The application; `stop` ends the server after the reply."""
    app = FastAPI(title="Reelwright engine", version=BUILD, docs_url=None, redoc_url=None, openapi_url=None)
    jobs = (_job_routes(engine), _job_wishes(engine), _job_changes(engine))
    media = (_media_routes(engine), frames_routes(engine.media))
    models = (
        download_routes(engine.library, engine.downloads, engine.is_used),
        model_routes(engine.library),
        hub_routes(engine.library, engine.tokens),
    )
    for routes in (*jobs, *media, *models, _engine_routes(engine, stop)):
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
    inner = place[1:] if place[:1] in (("recipe",), ("film",)) else place  # which kind of request it was taken for
    joined = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in inner)
    return joined.removeprefix(".").removeprefix("recipe.").removeprefix("film.")


def _job_routes(engine: Engine) -> APIRouter:
    routes = APIRouter(prefix="/jobs")
    jobs, store = engine.jobs, engine.store

    @routes.post("", status_code=201)
    async def submit(request: AnyRequest) -> Job:
        if not isinstance(request, FilmRequest):
            return jobs.submit(request)
        return jobs.submit(request, await asyncio.to_thread(unusable, request.film, engine.media.path))

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
        if isinstance(job.request, FilmRequest):
            raise HTTPException(409, "a film is made whole")
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

    @routes.put("/loras/{model_id}")
    async def put_lora(model_id: str, request: Request) -> str:
        found = engine.library.find(model_id)
        if found is None:
            raise ProblemsError([Problem(field="model", kind="unknown_model", value=model_id)])
        path, sha256 = await engine.media.receive(request.stream())
        try:
            wrong = await asyncio.to_thread(lambda: list(lora_problems("lora", path, found[1].card, found[0])))
            if wrong:
                raise ProblemsError(wrong)
            engine.media.adopt(path, sha256, SUFFIX)
        finally:
            path.unlink(missing_ok=True)
        return sha256

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
