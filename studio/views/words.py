"""Words: what the engine and the project say in kinds and numbers, as sentences."""

import math
import re
from collections.abc import Mapping
from fractions import Fraction

from PySide6.QtCore import QCoreApplication, QLocale
from PySide6.QtGui import QGuiApplication

from engine.protocol.failure import Failure, FailureKind
from engine.protocol.job import Notice
from engine.protocol.problem import Problem, ProblemKind
from studio.link.trouble import Broken, Gone, Problems, Refused, Trouble
from studio.project.errors import StorageErrorKind

SHAPES = ((21, 9), (16, 9), (3, 2), (4, 3), (1, 1), (3, 4), (2, 3), (9, 16))
"""The aspects that people know by name."""
SAME_SHAPE, NEAR_SHAPE = 0.005, 0.08
"""How far (as a part) a size may be from an aspect to be called that, and to be called nearly that."""
DISK_FULL, NOT_FOUND, OTHER_STATE = 507, 404, 409
_translate = QCoreApplication.translate
_CONDITION = re.compile(r"conditions\[(\d+)\]")


def problem_sentence(problem: Problem) -> str:
    """What is wrong with a field, and the limit where there is one."""
    sentence = _special(problem)
    if sentence is None:
        sentence = (_without_value() if problem.value is None else _with_value())[problem.kind]
    said = sentence.format(
        field=field_name(problem.field),
        value=field_value(problem.field, problem.value),
        nearest=field_value(problem.field, problem.nearest),
    )
    said = f"{said} ({problem.detail})" if problem.detail else said
    if problem.models:
        said += " " + _translate("words", "These can: {names}.").format(names=", ".join(problem.models))
    return said


def fix_label(problem: Problem, fps: float | None = None) -> str | None:
    """What a click would do about it; None where there is no nearest value. With `fps`, lengths say their seconds too.

    A prompt that is too long is not cut by a click: what to leave out is the writer's choice.
    """
    if problem.kind == "too_long" or (problem.nearest is None and not _can_go(problem)):
        return None
    if problem.nearest is None:
        return _translate("words", "Switch it off") if problem.field == "loop" else _translate("words", "Take it out")
    new = field_value(problem.field, problem.nearest)
    if problem.field == "num_frames" and fps:
        new = f"{new}, {seconds(float(problem.nearest) / fps)}"
    if problem.value is None:
        return _translate("words", "Use {new}").format(new=new)
    return f"{field_value(problem.field, problem.value)} → {new}"


def _special(problem: Problem) -> str | None:
    """What says more than the kind alone does: `unsupported` names a model in some fields, and a frame in others."""
    if problem.kind == "too_long" and problem.field in ("prompt", "negative_prompt") and problem.nearest is not None:
        return _translate("words", "{field}: {value} characters are too many, {nearest} can be read.")
    if problem.kind == "missing" and problem.field in ("style", "camera", "light"):
        return _translate("words", "{field}: this version does not know “{value}”.")
    return _unsupported(problem) if problem.kind == "unsupported" else None


def _unsupported(problem: Problem) -> str | None:
    if problem.value is None:  # a field that is none of a recipe's is a file's name
        is_file = problem.field not in _fields() and _CONDITION.match(problem.field) is None
        return _translate("words", "{field}: files of this kind cannot be used.") if is_file else None
    if problem.field.endswith(".frame_index"):
        return _translate("words", "{field} cannot stand on frame {value}: two parts of the clip meet there.")
    if problem.field in ("loop", "source") or _CONDITION.fullmatch(problem.field):
        return _translate("words", "{field}: the model {value} cannot do this.")
    return None


def _can_go(problem: Problem) -> bool:
    """Whether the field itself may simply be given up."""
    return problem.field in ("style", "camera", "light", "loop")


def failure_sentence(failure: Failure) -> tuple[str, str]:
    """What happened, and what to do now."""
    happened, next_step = _failures()[failure.kind]
    return f"{happened} ({failure.detail})" if failure.detail and failure.kind != "internal" else happened, next_step


def trouble_sentence(trouble: Trouble) -> str:
    """Why something came to nothing."""
    match trouble:
        case Problems():
            return " ".join(problem_sentence(problem) for problem in trouble.problems)
        case Refused():
            return _refusal(trouble)
        case Gone():
            return _translate("words", "The engine could not be reached. It is looked for again by itself.")
        case Broken():
            said = _translate("words", "Something went wrong inside Reelwright. Diagnostics has more: {detail}")
            return said.format(detail=trouble.detail)


def notice_sentence(notice: Notice) -> str:
    """What somebody should know about a take that did come out."""
    match notice.kind:
        case "prompt_truncated":
            said = _translate("words", "{field}: the model read the first {kept} of {given} tokens.")
        case "stopped_early":
            said = _translate("words", "Stopped early: it shows what was there after {kept} of {given} steps.")
        case "rate_limited":
            said = _translate("words", "{field}: it holds {kept} frames a second at most, of {given}.")
        case "restarted" if notice.field == "speed":
            said = _translate(
                "words", "It began again, without the {given} steps that were made: only full speed goes on."
            )
        case "smaller_plan":
            said = _smaller(notice.field)
        case "restarted":
            said = _translate("words", "It began again, without the {given} steps that were made: {field} changed.")
    return said.format(field=field_name(notice.field), kept=number(notice.kept), given=number(notice.given))


def _smaller(field: str) -> str:
    """With how much less memory a take was made after all."""
    match field:
        case "model":
            done = _translate("words", "parts of the model waited in the machine's memory, which is slower")
        case "group":
            done = _translate("words", "the model's layers waited in the machine's memory, which is slower")
        case _:
            done = _translate("words", "the clip was decoded in tiles")
    return _translate("words", "The device ran out of memory. This worked: {done}.").format(done=done)


def storage_sentence(kind: StorageErrorKind) -> str:
    """What is wrong with a project on the disk."""
    return _storage()[kind]


def seconds(value: float) -> str:
    """A length of time as people say it."""
    if value < 90:
        return _translate("words", "{seconds} s").format(seconds=number(value, 1 if value < 10 else 0))
    minutes, rest = divmod(round(value), 60)
    if minutes < 60:
        return _translate("words", "{minutes} min {seconds} s").format(minutes=minutes, seconds=f"{rest:02d}")
    hours, minutes = divmod(minutes, 60)
    return _translate("words", "{hours} h {minutes} min").format(hours=hours, minutes=f"{minutes:02d}")


def timecode(frame: int, fps: float) -> str:
    """Hours, minutes, seconds and frames (0-based), without dropped frames: SMPTE ST 12-1."""
    rate = max(1, round(fps))
    left, frames = divmod(max(0, frame), rate)
    minutes, whole = divmod(left, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02d}:{minutes:02d}:{whole:02d}:{frames:02d}"


def size_words(width: int, height: int) -> str:
    """A size and its shape: 128×96 · 4:3."""
    return _left_to_right(f"{width}×{height} · {shape_words(width, height)}")


def pixels_words(width: int, height: int) -> str:
    """A size alone: 128×96."""
    return _left_to_right(f"{width}×{height}")


def shape_words(width: int, height: int) -> str:
    """The aspect by the name people know, with ≈ where it is only near; else as a number."""

    def distance(shape: tuple[int, int]) -> float:
        return abs(math.log(width * shape[1] / (height * shape[0])))

    nearest = min(SHAPES, key=distance)
    far = distance(nearest)
    if far <= NEAR_SHAPE:
        return f"{'' if far <= SAME_SHAPE else '≈ '}{nearest[0]}:{nearest[1]}"
    exact = Fraction(width, height)
    if exact.denominator <= 10 and exact.numerator <= 10:
        return f"{exact.numerator}:{exact.denominator}"
    return f"{number(width / height, 2)}:1"


def _left_to_right(text: str) -> str:
    """Numbers and signs in this order also among words that are read the other way: Unicode UAX #9, isolates."""
    return f"\u2066{text}\u2069" if QGuiApplication.isRightToLeft() else text


def frames_words(count: int) -> str:
    """A number of frames."""
    return _translate("words", "1 frame") if count == 1 else _translate("words", "%n frames", "", count)


def number(value: float, decimals: int = 0) -> str:
    """As the user's language writes numbers."""
    return QLocale().toString(float(value), "f", decimals)


def field_value(field: str, value: object) -> str:
    """A field's value with its unit."""
    if isinstance(value, str) or not isinstance(value, int | float):
        return value if isinstance(value, str) else ""
    match field.rpartition(".")[2]:
        case "num_frames":
            said = frames_words(int(value))
        case "width" | "height":
            said = _translate("words", "{number} px").format(number=int(value))
        case "fps":
            said = _translate("words", "{number} fps").format(number=f"{value:g}")
        case "seconds" | "start_s" | "at_s":
            said = seconds(float(value))
        case "strength":
            said = _translate("words", "{number} %").format(number=number(100 * value))
        case _:
            said = f"{value:g}" if isinstance(value, float) else str(value)
    return said


def field_name(field: str) -> str:
    """What people call a recipe's field; a file is called by its name."""
    image = _CONDITION.match(field)
    if image is not None:
        return _translate("words", "Image {number}").format(number=int(image[1]) + 1)
    return _fields().get(field) or field.replace("\\", "/").rpartition("/")[2] or field


def _fields() -> Mapping[str, str]:
    return {
        "model": _translate("words", "Model"),
        "prompt": _translate("words", "Prompt"),
        "negative_prompt": _translate("words", "What to avoid"),
        "width": _translate("words", "Width"),
        "height": _translate("words", "Height"),
        "num_frames": _translate("words", "Length"),
        "seconds": _translate("words", "Length"),
        "fps": _translate("words", "Frame rate"),
        "num_inference_steps": _translate("words", "Steps"),
        "draft_steps": _translate("words", "Draft steps"),
        "guidance_scale": _translate("words", "Guidance"),
        "speed": _translate("words", "Speed"),
        "loras": _translate("words", "LoRA"),
        "seed": _translate("words", "Seed"),
        "style": _translate("words", "Style"),
        "camera": _translate("words", "Camera"),
        "light": _translate("words", "Light"),
        "loop": _translate("words", "Loop"),
        "conditions": _translate("words", "Image"),
        "strength": _translate("words", "Strength"),
        "source": _translate("words", "Remix"),
        "source.strength": _translate("words", "Strength"),
        "splice": _translate("words", "The joined clip"),
        "splice.new_frames": _translate("words", "The new part"),
        "device": _translate("words", "Device"),
        "media": _translate("words", "The file"),
        "neighbour": _translate("words", "The take of the shot beside it"),
        "container": _translate("words", "File format"),
        "clip": _translate("words", "The clip"),
        "behind": _translate("words", "The second clip"),
        "from": _translate("words", "In"),
        "to": _translate("words", "Out"),
        "recipe": _translate("words", "the recipe"),
        "weights": _translate("words", "the model's files"),
        "numeric_plan": _translate("words", "the way this machine computes"),
    }


def _with_value() -> Mapping[ProblemKind, str]:
    return {
        "invalid": _translate("words", "{field}: {value} cannot be used."),
        "off_grid": _translate("words", "{field}: this model cannot make {value}."),
        "too_small": _translate("words", "{field}: {value} is too small for this model."),
        "too_large": _translate("words", "{field}: {value} is more than can be made."),
        "too_long": _translate("words", "{field}: {value} is too long."),
        "outside_clip": _translate("words", "{field}: {value} lies outside the clip."),
        "same_frame": _translate("words", "{field}: another image stands on frame {value} already."),
        "missing": _translate("words", "{field}: {value} is not there."),
        "needed": _translate("words", "{field}: this model needs one."),
        "unreadable": _translate("words", "{field}: {value} cannot be read."),
        "unsupported": _translate("words", "{field}: {value} is not possible here."),
        "unknown_model": _translate("words", "There is no model {value} here."),
        "not_installed": _translate("words", "Files of the model {value} are missing."),
        "newer_build": _translate("words", "Models of the family {value} need a newer Reelwright."),
        "not_writable": _translate("words", "{field}: {value} cannot be written."),
    }


def _without_value() -> Mapping[ProblemKind, str]:
    return {
        "invalid": _translate("words", "{field} cannot be used as it is."),
        "off_grid": _translate("words", "{field} does not fit this model."),
        "too_small": _translate("words", "{field} is too small."),
        "too_large": _translate("words", "{field} is too large."),
        "too_long": _translate("words", "{field} is too long."),
        "outside_clip": _translate("words", "{field} lies outside the clip."),
        "same_frame": _translate("words", "{field} stands on the same frame as another one."),
        "missing": _translate("words", "{field} is not there any more."),
        "needed": _translate("words", "This model makes nothing from words alone: give it its first frame."),
        "unreadable": _translate("words", "{field} cannot be read: damaged, or of a kind that is not known here."),
        "unsupported": _translate("words", "{field} is not possible here."),
        "unknown_model": _translate("words", "There is no such model here."),
        "not_installed": _translate("words", "Files of the model are missing."),
        "newer_build": _translate("words", "The model needs a newer Reelwright."),
        "not_writable": _translate("words", "{field} cannot be written."),
    }


def _failures() -> Mapping[FailureKind, tuple[str, str]]:
    return {
        "out_of_memory": (
            _translate("words", "The device ran out of memory."),
            _translate("words", "Make the picture smaller or the clip shorter, then try again."),
        ),
        "bad_input": (
            _translate("words", "An image or clip it starts from could not be used."),
            _translate("words", "Choose another file, then try again."),
        ),
        "missing_weights": (
            _translate("words", "A file of the model is missing."),
            _translate("words", "Open the library to see what the model lacks."),
        ),
        "corrupt_weights": (
            _translate("words", "A file of the model is damaged."),
            _translate("words", "Install the model again from the library."),
        ),
        "disk_full": (
            _translate("words", "The disk is full."),
            _translate("words", "Free some space, then try again: the steps that were made are kept."),
        ),
        "device_lost": (
            _translate("words", "The device is not available any more."),
            _translate("words", "Try again: it goes on where it stopped. The settings can name another device."),
        ),
        "internal": (
            _translate("words", "Something went wrong inside the engine."),
            _translate("words", "Try again. If it happens twice, Diagnostics has what to report."),
        ),
    }


def _storage() -> Mapping[StorageErrorKind, str]:
    return {
        "not_a_project": _translate("words", "This is no Reelwright project."),
        "exists": _translate("words", "There is something of that name already."),
        "unreadable": _translate("words", "The project cannot be read."),
        "damaged": _translate("words", "The project file is damaged."),
        "too_new": _translate("words", "The project was made with a newer Reelwright: it opens, but is not changed."),
        "read_only": _translate("words", "The project cannot be changed here."),
        "not_writable": _translate("words", "The project's folder cannot be written."),
        "disk_full": _translate("words", "The disk is full: what you did since is not saved yet."),
        "unsafe": _translate("words", "The archive wants to write outside its own folder, and was not opened."),
        "too_large": _translate("words", "The archive is too large to be unpacked."),
    }


def _refusal(refused: Refused) -> str:
    if refused.status == DISK_FULL:
        return _translate("words", "The engine's disk is full. Free some space, then try again.")
    if refused.status == NOT_FOUND:
        return _translate("words", "The engine does not have that any more.")
    if refused.status == OTHER_STATE:
        return _translate("words", "That is no longer possible: the job has gone on meanwhile.")
    return _translate("words", "The engine said no: {reason}").format(reason=refused.reason)
