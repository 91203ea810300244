"""History: undo and redo over project values; takes that have arrived are never undone away."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from engine.protocol.job import Done, Drafted, Job
from studio.project.edits import add_take
from studio.project.project import Project

MOST_STEPS = 500
Edit = Callable[[Project], Project]


@dataclass(frozen=True)
class _Step:
    """A project to go back (or forward) to.

    Attributes:
        label: of the edit that lies between it and its neighbour.
        arrivals: how many takes had arrived when this value was the present one; it knows those, and what was
            done with them since, and no others.
        deed: what was done outside the project, by its id; the project is the same before and after it.
    """

    label: str
    project: Project
    arrivals: int
    deed: str | None = None


class History:
    """The present project and the ways from it to what was.

    Values are kept, not edits: they share all that is the same. A value that is gone back to gets the takes that have
    arrived since it was left, and keeps the present prompts, open shot and wishes, which are no edits.
    """

    def __init__(self, project: Project, most_steps: int = MOST_STEPS) -> None:
        self._project = project
        self._most_steps = most_steps
        self._past: list[_Step] = []
        self._future: list[_Step] = []
        self._arrivals: list[tuple[str, Job]] = []
        self._dropped = 0
        self._adopted: set[tuple[str, str, float]] = set()
        self._burst: str | None = None

    @property
    def project(self) -> Project:
        """The project as it is now."""
        return self._project

    @property
    def undo_label(self) -> str | None:
        """Label of the edit that undo would take back; None when there is none."""
        return self._past[-1].label if self._past else None

    @property
    def redo_label(self) -> str | None:
        """Label of the edit that redo would make again; None when there is none."""
        return self._future[-1].label if self._future else None

    def do(self, label: str, edit: Edit, merge: str | None = None) -> Project:
        """Make an edit; `label` is the key of a sentence.

        Edits in a row with the same `merge` key are one step, until `settle`. An edit that changes nothing is none;
        one that raises leaves everything as it was.
        """
        edited = edit(self._project)
        if edited == self._project:
            return self._project
        if merge is None or merge != self._burst:
            self._past.append(self._present(label))
            self._trim()
        self._burst = merge
        self._future.clear()
        self._project = edited
        return edited

    def mark(self, label: str, deed: str) -> None:
        """Give something that is done outside the project its place among the steps; whoever does it takes it back."""
        self.settle()
        self._past.append(replace(self._present(label), deed=deed))
        self._trim()
        self._future.clear()

    def forget(self, deed: str) -> None:
        """It can no more be taken back, nor done again."""
        for steps in (self._past, self._future):
            steps[:] = [step for step in steps if step.deed != deed]

    @property
    def undo_deed(self) -> str | None:
        """The deed that undo would take back; None when that is an edit, or nothing."""
        return self._past[-1].deed if self._past else None

    @property
    def redo_deed(self) -> str | None:
        """The deed that redo would do again."""
        return self._future[-1].deed if self._future else None

    def settle(self) -> None:
        """End a burst of typing: the next edit is a step of its own."""
        self._burst = None

    def note(self, edit: Edit) -> Project:
        """Change what undo does not touch: prompt history, saved prompts, the open shot and wishes."""
        self._project = _with_notes(self._project, edit(self._project))
        return self._project

    def amend(self, edit: Edit) -> Project:
        """Change the present without a step of its own, for what the studio does by itself."""
        self._project = edit(self._project)
        return self._project

    def adopt(self, shot_id: str, job: Job) -> Project:
        """Adopt what a job made as a take of the shot; where the shot is gone, should an undo bring it back.

        The engine may tell the same end more than once: a take that was deleted since does not come back by that.

        Raises:
            ValueError: when the job made nothing (yet).
        """
        if not isinstance(job.state, Done | Drafted):
            raise ValueError(f"job {job.id} is {job.state.kind} and has no take")
        end = (job.id, job.state.kind, job.state.finished_at)
        if end not in self._adopted:
            self._project = _adopted(self._project, shot_id, job)
            self._arrivals.append((shot_id, job))
            self._adopted.add(end)
        return self._project

    def undo(self) -> str | None:
        """Take back the last edit; returns its label, or None when there was none."""
        return self._go(self._past, self._future)

    def redo(self) -> str | None:
        """Make the edit again that was taken back last; returns its label, or None when there was none."""
        return self._go(self._future, self._past)

    def _go(self, source: list[_Step], target: list[_Step]) -> str | None:
        self.settle()
        if not source:
            return None
        step = source.pop()
        target.append(replace(self._present(step.label), deed=step.deed))
        if step.deed is not None:
            return step.label
        project = step.project
        for shot_id, job in self._arrivals[step.arrivals - self._dropped :]:
            project = _adopted(project, shot_id, job)
        self._project = _with_notes(project, self._project)
        return step.label

    def _present(self, label: str) -> _Step:
        return _Step(label, self._project, self._dropped + len(self._arrivals))

    def _trim(self) -> None:
        """Forget the oldest steps, and arrivals that every step knows."""
        del self._past[: -self._most_steps]
        known = self._past[0].arrivals - self._dropped
        del self._arrivals[:known]
        self._dropped += known


def _adopted(project: Project, shot_id: str, job: Job) -> Project:
    return add_take(project, shot_id, job) if project.has_shot(shot_id) else project


def _with_notes(project: Project, noted: Project) -> Project:
    """`project` with the prompts of `noted`, and its open shot if that is there."""
    last_open = noted.last_open_shot
    notes = {
        "prompt_history": noted.prompt_history,
        "saved_prompts": noted.saved_prompts,
        "last_open_shot": last_open if last_open is not None and project.has_shot(last_open) else None,
        "wishes": tuple(wish for wish in noted.wishes if project.has_shot(wish.shot)),
    }
    return project if all(getattr(project, name) == note for name, note in notes.items()) else project.changed(**notes)
