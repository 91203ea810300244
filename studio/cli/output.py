"""Where a take goes: which container a file name means, whether it can be written, and writing it whole."""

import json
import re
import secrets
import shutil
import stat
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from engine.client.api import EngineClient
from engine.protocol.job import AnyRequest, Container, JobRequest, TakeFile, carries_recipe, suffix, usual_container
from engine.protocol.problem import Problem, ProblemsError
from engine.protocol.recipe import Recipe
from studio.cli.follow import save

Format = Literal["mp4", "h265", "webm", "ffv1", "prores", "gif", "png"]
_CONTAINERS: dict[Format, Container] = {
    "mp4": "mp4",
    "h265": "h265",
    "webm": "webm",
    "ffv1": "mkv",
    "prores": "mov",
    "gif": "gif",
    "png": "zip",
}
_SUFFIXES: dict[str, Container] = {
    ".png": "png",
    **{f".{container}": container for container in _CONTAINERS.values() if suffix(container) == container},
}
SIDECAR_SUFFIX = ".recipe.json"
_PICTURE = re.compile(r"frame-\d{6,}\.png")


def destination(chosen: Path | None, wanted: Format | None, recipe: Recipe, name: str) -> tuple[Path, Container]:
    """The file (or, for a PNG sequence, folder) a take goes to, and its container; `name` where none was chosen.

    Raises:
        ProblemsError: when the name's ending and the format do not agree.
    """
    container = _CONTAINERS[wanted] if wanted else None
    if recipe.take_frames == 1 and container in (None, "zip") and (chosen is None or chosen.suffix.lower() == ".png"):
        container = "png"
    if chosen is None:
        container = container or usual_container(recipe)
        return unused(name, container), container
    named = _SUFFIXES.get(chosen.suffix.lower())
    if container is None:
        return chosen, named or "mp4"
    if named is None and container == "zip":
        return chosen, container
    if named is None or suffix(named) != suffix(container):
        wanted_name = f"a name that ends in .{suffix(container)}"
        nearest = wanted_name if container != "zip" else "a folder or a name that ends in .zip"
        raise ProblemsError([Problem(field="output", kind="unsupported", value=chosen.name, nearest=nearest)])
    return chosen, container


def output_problems(output: Path, container: Container, num_frames: int) -> list[Problem]:
    """All that speaks against writing a take there."""
    if container == "zip" and output.suffix.lower() != ".zip":
        return _folder_problems(output)
    if output.suffix.lower() not in _SUFFIXES and not output.is_dir():
        wrong, endings = output.suffix or output.name, ", ".join(sorted(_SUFFIXES))
        return [Problem(field="output", kind="unsupported", value=wrong, nearest=f"a name that ends in {endings}")]
    if container == "png" and num_frames != 1:
        value = f".png for {num_frames} frames"
        return [Problem(field="output", kind="unsupported", value=value, nearest=".mp4, or --format png")]
    reason = _not_writable(output)
    return [Problem(field="output", kind="not_writable", detail=reason)] if reason else []


def _not_writable(output: Path) -> str | None:
    if output.is_dir():
        return f"{output} is a folder"
    if output.exists() and not output.stat().st_mode & stat.S_IWUSR:
        return f"{output} is read-only"
    try:  # the only test that is never wrong, also for an administrator and on a network drive
        part = _part_of(output)
        part.touch(exist_ok=False)
        part.unlink()
    except FileNotFoundError:
        return f"there is no folder {output.parent}"
    except OSError as error:
        return f"{output}: {error.strerror}"
    return None


def check_output(output: Path, container: Container) -> None:
    """Raise `ProblemsError` unless a take of this kind can be written there."""
    is_folder = container == "zip" and not output.suffix
    if not is_folder and output.suffix.lower() != f".{suffix(container)}":
        problem = Problem(
            field="output", kind="unsupported", value=output.suffix or output.name, nearest=f".{suffix(container)}"
        )
        raise ProblemsError([problem])
    if found := output_problems(output, container, num_frames=1):
        raise ProblemsError(found)


def deliver(client: EngineClient, take: TakeFile, output: Path, recipe: Recipe | None) -> list[Path]:
    """Fetch a take, whole or not at all, and write its recipe (None: not wanted) beside it where it holds none.

    Returns what was written.

    Raises:
        OSError: when it cannot be written; the take stays in the engine.
    """
    part = _part_of(output)
    if take.container == "zip" and output.suffix.lower() != ".zip":
        packed = part.with_suffix(".zip")
        save(client, take.media, packed, part)
        try:
            _unpack(packed, output)
        finally:
            packed.unlink(missing_ok=True)
        return [output]
    save(client, take.media, output, part)
    if recipe is None or carries_recipe(take.container):
        return [output]
    sidecar = _sidecar(output)
    part.write_text(json.dumps(recipe.model_dump(), ensure_ascii=False, indent=2) + "\n", "utf-8")
    part.replace(sidecar)
    return [output, sidecar]


def sidecar_recipe(clip: Path) -> Recipe | None:
    """The recipe beside a clip, or beside a picture of a PNG sequence, when there is one."""
    try:
        beside = clip.with_name("recipe.json") if _PICTURE.fullmatch(clip.name) else _sidecar(clip)
        return Recipe.model_validate_json(beside.read_bytes())
    except (OSError, ValueError):
        return None


def pictures(folder: Path) -> list[Path]:
    """The pictures of a PNG sequence, in order; none when the folder holds no such thing."""
    return sorted(path for path in folder.iterdir() if _PICTURE.fullmatch(path.name))


def source_problems(output: Path, sources: Sequence[Path]) -> list[Problem]:
    """Whether the take would replace what it is made from."""
    if any(output.exists() and source.exists() and output.samefile(source) for source in sources):
        return [Problem(field="output", kind="not_writable", detail=f"{output} is what the new clip is made from")]
    return []


def slug(text: str) -> str:
    """Words as a file name, at most 40 characters."""
    return re.sub(r"\W+", "-", text.lower()).strip("-")[:40].rstrip("-") or "clip"


def _unpack(packed: Path, folder: Path) -> None:
    """A PNG sequence into a new folder, which appears when it is whole."""
    part = _part_of(folder)
    try:
        with zipfile.ZipFile(packed) as archive:
            archive.extractall(part)
        if folder.is_dir():  # it was empty when this began
            folder.rmdir()
        part.replace(folder)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise


def _folder_problems(folder: Path) -> list[Problem]:
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        return [Problem(field="output", kind="not_writable", detail=f"{folder} is there and not an empty folder")]
    try:
        part = _part_of(folder)
        part.mkdir()
        part.rmdir()
    except FileNotFoundError:
        return [Problem(field="output", kind="not_writable", detail=f"there is no folder {folder.parent}")]
    except OSError as error:
        return [Problem(field="output", kind="not_writable", detail=f"{folder}: {error.strerror}")]
    return []


def _part_of(output: Path) -> Path:
    """A new name in the same folder, where the file grows until it is whole and can be renamed."""
    return output.with_name(f".reelwright-{secrets.token_hex(6)}.part")


def recipe_beside(request: AnyRequest) -> Recipe | None:
    """The recipe that goes with a file that cannot hold it; None for a film, or where it is not wanted."""
    return request.recipe if isinstance(request, JobRequest) and request.delivery.embed_recipe else None


def _sidecar(clip: Path) -> Path:
    """`a.gif.recipe.json`: another `a` of another kind has another recipe."""
    return clip.with_name(clip.name + SIDECAR_SUFFIX)


def unused(name: str, container: Container) -> Path:
    """A name here that is not taken; that of a PNG sequence is a folder's."""
    ending = "" if container == "zip" else f".{suffix(container)}"
    path, number = Path(name + ending), 2
    while path.exists():
        path = Path(f"{name}-{number}{ending}")
        number += 1
    return path
