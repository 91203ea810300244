"""Film: the open project, its undo history, and its folder on the disk; every change is saved by itself."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Literal

from PySide6.QtCore import QObject, QTimer, Signal

from engine.protocol.job import Done, Drafted, Job
from studio.project import edits
from studio.project.draft import Draft
from studio.project.errors import StorageError
from studio.project.history import Edit, History
from studio.project.project import Project
from studio.project.shot import Shot
from studio.project.storage import Opened, ProjectFolder, ReadOnlyReason
from studio.project.take import Take
from studio.project.value import new_id

SAVE_AFTER_MS = 250
RETRY_AFTER_MS = 5000
SavedState = Literal["saved", "saving", "failed", "read_only"]


class Film(QObject):
    """One project while it is open. Values are frozen: what is the same object has not changed.

    Signals:
        changed: the project has another value.
        shot_changed: another shot is the open one (`changed` comes too).
        saved_changed: `saved_state` is another.
        steps_changed: undo and redo mean something else, though the project is as it was.
        taken: a take that has just arrived (Take).
        taken_back, done_again: this deed (id), by undo or redo; whoever has marked it does the rest.
    """

    changed = Signal()
    shot_changed = Signal()
    saved_changed = Signal()
    steps_changed = Signal()
    taken = Signal(object)
    taken_back = Signal(str)
    done_again = Signal(str)
    _written = Signal(object, object)

    def __init__(self, opened: Opened, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._folder = opened.folder
        self._history = History(opened.project)
        self._saved: Project = opened.project
        self._reason: ReadOnlyReason | None = opened.reason
        self._error: StorageError | None = None
        self._writing: Future[None] | None = None
        self._is_closed = False
        self._writer = ThreadPoolExecutor(1, "project")
        self._timer = QTimer(self, singleShot=True, interval=SAVE_AFTER_MS)
        self._timer.timeout.connect(self._save)
        self._written.connect(self._on_written)
        self.missing = opened.missing
        if self.project.last_open_shot is None and self.project.shots:
            self.note(lambda project: edits.open_shot(project, project.shots[0].id))

    @property
    def project(self) -> Project:
        """The project as it is now."""
        return self._history.project

    @property
    def folder(self) -> ProjectFolder:
        """Where it lies."""
        return self._folder

    @property
    def shot(self) -> Shot | None:
        """The shot that is worked on; None in a film without shots."""
        wanted = self.project.last_open_shot
        if wanted is not None and self.project.has_shot(wanted):
            return self.project.shot(wanted)
        return self.project.shots[0] if self.project.shots else None

    @property
    def take(self) -> Take | None:
        """The selected take of the open shot."""
        return self.shot.selected_take if self.shot else None

    @property
    def read_only(self) -> ReadOnlyReason | None:
        """Why nothing is saved; None when it is."""
        return self._reason

    @property
    def saved_state(self) -> SavedState:
        """Where the newest value is."""
        if self._reason is not None:
            return "read_only"
        if self._error is not None:
            return "failed"
        if self._saved is self.project:
            return "saved"
        return "saving"

    @property
    def save_error(self) -> StorageError | None:
        """Why the last attempt to save failed; it is tried again."""
        return self._error

    @property
    def undo_label(self) -> str | None:
        """Key of what undo takes back."""
        return self._history.undo_label

    @property
    def redo_label(self) -> str | None:
        """Key of what redo makes again."""
        return self._history.redo_label

    def edit(self, label: str, edit: Edit, merge: str | None = None) -> None:
        """Change the project; edits in a row with the same `merge` are one step of undo."""
        self._after(lambda: self._history.do(label, edit, merge))

    def settle(self) -> None:
        """The next edit is a step of its own."""
        self._history.settle()

    def note(self, edit: Edit) -> None:
        """Change what undo leaves alone: prompt history, saved prompts, the open shot."""
        self._after(lambda: self._history.note(edit))

    def amend(self, edit: Edit) -> None:
        """Change the project without a step of undo, for what the studio does by itself."""
        self._after(lambda: self._history.amend(edit))

    def mark(self, label: str, deed: str) -> None:
        """Something is done outside the project, which undo can take back: see `taken_back`."""
        self._history.mark(label, deed)
        self.steps_changed.emit()

    def forget(self, deed: str) -> None:
        """It can no more be taken back."""
        self._history.forget(deed)
        self.steps_changed.emit()

    def undo(self) -> None:
        """Take the last step back."""
        deed = self._history.undo_deed
        self._after(self._history.undo)
        if deed is not None:
            self.taken_back.emit(deed)
            self.steps_changed.emit()

    def redo(self) -> None:
        """Make it again."""
        deed = self._history.redo_deed
        self._after(self._history.redo)
        if deed is not None:
            self.done_again.emit(deed)
            self.steps_changed.emit()

    def open_shot(self, shot_id: str) -> None:
        """Work on another shot."""
        self.note(lambda project: edits.open_shot(project, shot_id))

    def add_shot(self, name: str) -> None:
        """A new shot behind the open one, which becomes the open one; it starts as a copy of its draft's frame."""
        shot = self.shot
        draft = shot.draft.changed(prompt="", images=(), seed_locked=False) if shot else Draft()
        new = Shot(id=new_id(), name=name, draft=draft)
        at = self.project.place(shot.id) + 1 if shot else None
        self.edit("add_shot", lambda project: edits.add_shot(project, new, at))
        self.open_shot(new.id)

    def change_draft(self, merge: str | None = None, /, **fields: object) -> None:
        """Other values for some fields of the open shot's draft."""
        shot = self.shot
        if shot is not None:
            self.edit("change_draft", lambda project: edits.change_draft(project, shot.id, **fields), merge)

    def adopt(self, job: Job) -> bool:
        """Take in what a job of this project made; False when it is none of ours (or made nothing)."""
        shot_id = job.request.shot
        if job.request.project != self.project.id or shot_id is None or not isinstance(job.state, Done | Drafted):
            return False
        known = {take.id: take for shot in self.project.shots for take in shot.takes}
        self._after(lambda: self._history.adopt(shot_id, job))
        for shot in self.project.shots:
            for take in shot.takes:
                if take.job == job.id and known.get(take.id) is not take:
                    self.taken.emit(take)
        return True

    def save_now(self) -> None:
        """Write what is not written yet, and wait for it."""
        self._timer.stop()
        if self._writing is not None:
            self._writing.exception()
        if self._reason is None and self._saved is not self.project:
            try:
                self._folder.save(self.project)
                self._saved, self._error = self.project, None
            except StorageError as error:
                self._error = error

    def close(self) -> None:
        """Save, and let others write the folder."""
        if not self._is_closed:
            self.save_now()
            self._is_closed = True
            self._writer.shutdown()
            self._folder.close()

    def _after(self, change: Callable[[], object]) -> None:
        before, shot = self.project, self.shot
        change()
        if self.project is before:
            return
        if self._reason is None and not self._timer.isActive():
            self._timer.start(SAVE_AFTER_MS)
        self.changed.emit()
        if (self.shot.id if self.shot else None) != (shot.id if shot else None):
            self.shot_changed.emit()
        self.saved_changed.emit()

    def _save(self) -> None:
        if self._is_closed or self._writing is not None:
            return
        project = self.project

        def write() -> None:
            error: StorageError | None = None
            try:
                self._folder.save(project)
            except StorageError as failed:
                error = failed
            self._written.emit(project, error)

        self._writing = self._writer.submit(write)

    def _on_written(self, project: Project, error: StorageError | None) -> None:
        self._writing = None
        self._error = error
        if error is None:
            self._saved = project
        if self._saved is not self.project and not self._is_closed:
            self._timer.start(SAVE_AFTER_MS if error is None else RETRY_AFTER_MS)
        self.saved_changed.emit()
