"""Wishes: new takes that somebody asked for, from the moment of asking until they are in the film."""

from collections.abc import Callable, Iterable

from PySide6.QtCore import QObject, Signal

from engine.protocol.job import Cancelled, Done, Drafted, Job, JobRequest, Queued, Running
from engine.protocol.model_card import ModelCard
from engine.protocol.problem import Problem, ProblemsError
from engine.protocol.recipe import Recipe
from engine.protocol.rules import problems
from studio.link.link import Link
from studio.link.state import Connected
from studio.link.trouble import Gone, Problems, Trouble
from studio.models.batches import Batches, BatchKind
from studio.models.composer import Composer
from studio.models.errands import Errands
from studio.models.film import Film
from studio.models.jobs import JobList
from studio.models.library import Library
from studio.project import edits
from studio.project.planned import NeedsTakeError, again, grown_draft, has_grown, needs
from studio.project.project import Project
from studio.project.shot import Shot
from studio.project.stale import dependents
from studio.project.take import Take
from studio.project.wish import Wish

Made = Callable[[Shot, ModelCard], Recipe]
Engine = tuple[Link, Library, Errands]
"""The ways to the engine: its calls, its models, and files to it."""


class Wishes(QObject):
    """A shot that is made from frames of another one waits until that has its new take; what is wished for is kept
    with the project, so all of it goes on when the window (or the engine) comes back.

    Signals:
        changed: wishes were made or came true, or their jobs have another state.
        refused: what kept a wish from being sent (Trouble).
    """

    changed = Signal()
    refused = Signal(object)

    def __init__(self, film: Film, jobs: JobList, composer: Composer, batches: Batches, engine: Engine) -> None:
        super().__init__(film)
        self._film = film
        self._jobs = jobs
        self._composer = composer
        self._batches = batches
        self._link, self._library, self._errands = engine
        self._sending: set[str] = set()
        self._heard: set[str] = set()
        self._by_shot: dict[str, list[Job]] | None = None
        film.taken.connect(self._on_taken)
        jobs.changed.connect(self._on_jobs)
        jobs.loaded.connect(self._on_loaded)
        self._library.changed.connect(self._go_on)
        batches.sent.connect(self._on_sent)
        batches.refused.connect(self._on_refused)

    def job_of(self, shot_id: str) -> Job | None:
        """The shot's job that may still make a take: a running one first, then the one that is wished for."""
        wished = {wish.job for wish in self._film.project.wishes if wish.shot == shot_id}
        if self._by_shot is None:
            self._by_shot = {}
            for job in self._jobs.all():
                if job.request.shot is not None and not isinstance(job.state, Done | Drafted | Cancelled):
                    self._by_shot.setdefault(job.request.shot, []).append(job)
        found = self._by_shot.get(shot_id, [])
        return min(found, key=lambda job: (not isinstance(job.state, Running), job.id not in wished), default=None)

    def make(self, shots: Iterable[str]) -> None:
        """Make a take of each of these, one step of undo for all that can be sent at once."""
        wanted = frozenset(shots)
        ordered = [shot.id for shot in self._film.project.shots if shot.id in wanted]
        if ordered:
            self._film.amend(lambda project: _with_grown_lengths(project, ordered))
            self._film.note(lambda project: edits.wish(project, *(Wish(shot=each) for each in ordered)))
            self._send_ready(lambda requests: self._batches.send("shots", requests))

    def send(self, shot_id: str, kind: BatchKind, made: Made) -> None:
        """Make a take of one shot in another way than its draft says."""
        request = self._request(self._film.project.shot(shot_id), made)
        if request is not None:
            self._film.note(lambda project: edits.wish(project, Wish(shot=shot_id)))
            self._sending.add(shot_id)
            self._batches.send(kind, [request])

    def _go_on(self) -> None:
        """Send what can be sent by now; nobody has pressed anything, so it is no step of undo."""
        if isinstance(self._link.state, Connected):
            self._send_ready(self._submit)

    def _submit(self, requests: list[JobRequest]) -> None:
        for request in requests:
            self._bring(request)

    def _bring(self, request: JobRequest) -> None:
        shot_id = request.shot or ""

        def lost(trouble: Trouble) -> None:
            self._sending.discard(shot_id)
            if not isinstance(trouble, Gone):  # it is sent again when the engine is back
                self._drop(shot_id)
                self.refused.emit(trouble)

        def submit() -> None:
            self._link.submit(request, self._on_sent, lost)

        self._errands.bring(request.recipe.media, submit, lost)

    def _send_ready(self, send: Callable[[list[JobRequest]], None]) -> None:
        requests = list[JobRequest]()
        for wish in self._film.project.wishes:
            if self._is_ready(wish):
                shot = self._film.project.shot(wish.shot)
                request = self._request(shot, lambda each, card: again(self._film.project, each, card))
                if request is not None:
                    self._sending.add(wish.shot)
                    requests.append(request)
        if requests:
            send(requests)
            for request in requests:
                self._composer.remember(self._film.project.shot(request.shot or ""))

    def _is_ready(self, wish: Wish) -> bool:
        project = self._film.project
        if wish.job is not None or wish.shot in self._sending or not project.has_shot(wish.shot):
            return False
        shot = project.shot(wish.shot)
        if self._library.card(shot.draft.model) is None:
            return False
        wished = {each.shot for each in project.wishes}
        return all(each.selected is not None and each.id not in wished for each in needs(project, shot))

    def _request(self, shot: Shot, made: Made) -> JobRequest | None:
        """The job for a shot; None, and the wish given up, where something is wrong with it."""
        card = self._library.card(shot.draft.model)
        found = [Problem(field="model", kind="not_installed", value=shot.draft.model)]
        if card is not None:
            try:
                recipe = made(shot, card)
                found = problems(recipe, card, self._library.ready())
                if not found:
                    return self._composer.request(recipe, shot.id)
            except ProblemsError as error:
                found = error.problems
            except NeedsTakeError:
                found = [Problem(field="neighbour", kind="missing")]
        self._drop(shot.id)
        self.refused.emit(Problems(tuple(found)))
        return None

    def _on_sent(self, job: Job) -> None:
        """The job of a wish is known; a shot has one at a time."""
        shot_id = job.request.shot or ""
        if shot_id in self._sending:
            self._sending.discard(shot_id)
            self._film.note(lambda project: edits.wish(project, Wish(shot=shot_id, job=job.id)))
            self.changed.emit()

    def _on_refused(self, _: Trouble) -> None:
        """Something of a batch was not queued; which it was is not told, and the rest is told as it is sent."""
        lost, self._sending = self._sending, set()
        for shot_id in lost:
            self._drop(shot_id)

    def _on_taken(self, take: Take) -> None:
        """The take is put into the film: that is what it was wished for."""
        wish = next((each for each in self._film.project.wishes if each.job == take.job), None)
        if wish is not None and not take.is_draft:
            self._film.amend(lambda project: edits.put_longer_take(project, take.id))
            self._film.note(lambda project: edits.unwish(project, [wish.shot]))
            self.changed.emit()
            self._go_on()

    def _on_jobs(self) -> None:
        """A job that was cancelled, kept as a draft, or removed makes no take."""
        self._by_shot = None
        for wish in self._film.project.wishes:
            job = self._jobs.get(wish.job) if wish.job else None
            if job is not None:
                self._heard.add(job.id)
            if isinstance(job.state if job else None, Cancelled | Drafted) or (job is None and wish.job in self._heard):
                self._drop(wish.shot)
        self.changed.emit()

    def _on_loaded(self) -> None:
        """After a time without engine or window: what has ended meanwhile, and what was queued without our knowing."""
        takes = {take.job for shot in self._film.project.shots for take in shot.takes}
        for wish in self._film.project.wishes:
            if wish.job is None:
                queued = [job for job in self._jobs.of_shot(wish.shot) if isinstance(job.state, Queued | Running)]
                if queued:
                    self._sending.add(wish.shot)
                    self._on_sent(queued[0])
            elif wish.job in takes:
                self._film.note(lambda project, gone=wish.shot: edits.unwish(project, [gone]))
            elif self._jobs.get(wish.job) is None:
                self._drop(wish.shot)
        self._go_on()

    def _drop(self, shot_id: str) -> None:
        """Wish no more for it, nor for what waits for it."""
        project = self._film.project
        waiting = frozenset(wish.shot for wish in project.wishes if wish.job is None)
        gone = {shot_id, *dependents(project, {shot_id}, waiting)}
        self._film.note(lambda each: edits.unwish(each, gone))
        self.changed.emit()


def _with_grown_lengths(project: Project, shots: list[str]) -> Project:
    """What is made again as long as it has grown is planned as long, or it would be said to have another length."""
    for shot in [project.shot(each) for each in shots]:
        if has_grown(project, shot):
            seconds = grown_draft(shot).seconds
            project = edits.change_draft(project, shot.id, seconds=seconds)
    return project
