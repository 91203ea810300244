"""The house rules hold, and each import contract breaks on a planted violation."""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from engine.protocol.model_card import WeightFile, read_card

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("studio", "engine")
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
MODELS = ROOT / "resources" / "models"
LARGEST_FILE_LINES = 400

PLANTS: dict[str, tuple[str, dict[str, str]]] = {
    "style imports a view": ("Studio layers", {"studio/style/tokens.py": "import studio.views.window"}),
    "the app imports the command line": ("Studio layers", {"studio/app.py": "import studio.cli.exits"}),
    "a stray module in studio": ("Studio layers", {"studio/helpers.py": "import json"}),
    "protocol imports client": ("Engine layers", {"engine/protocol/frozen.py": "import engine.client.errors"}),
    "memory imports media": ("Engine layers", {"engine/memory/device.py": "import engine.media.errors"}),
    "a stray module in engine": ("Engine layers", {"engine/utils.py": "import json"}),
    "two files in a circle": ("No cycles within a room", {"engine/media/errors.py": "import engine.media.files"}),
    "a view imports the server": (
        "The studio sees of the engine only protocol and client",
        {"studio/views/window.py": "import engine.server.auth"},
    ),
    "the app reaches the queue late": (
        "The studio sees of the engine only protocol and client",
        {"studio/app.py": "def late():\n    from engine.queue import store"},
    ),
    "a drawing uses cv2": ("The studio computes nothing", {"studio/style/mark.py": "import cv2"}),
    "the command line uses numpy": (
        "Project, models and command line have no numpy and no widgets",
        {"studio/cli/words.py": "import numpy as np"},
    ),
    "the command line uses Qt": ("The command line has no Qt", {"studio/cli/look.py": "import PySide6.QtCore"}),
    "the engine uses Qt": (
        "The engine knows neither Qt nor the studio",
        {"engine/media/frames.py": "from PySide6.QtGui import QImage"},
    ),
    "the engine imports the studio": (
        "The engine knows neither Qt nor the studio",
        {"engine/render/steps.py": "import studio.style.tokens"},
    ),
    "the queue imports torch": ("The server's side reaches no torch", {"engine/queue/store.py": "import torch"}),
    "the server reaches torch through another": (
        "The server's side reaches no torch",
        {"engine/server/serve.py": "import engine.media.through", "engine/media/through.py": "import torch"},
    ),
    "the server imports the worker": (
        "The server's side starts the worker by name",
        {"engine/server/jobs.py": "import engine.worker.pipe"},
    ),
    "a family imports another": (
        "Families do not know each other",
        {"engine/families/ltx.py": "import engine.families.new", "engine/families/new.py": "import json"},
    ),
}
"""What is planted: the contract it breaks, and the lines added to which files."""

LINT_EACH = """
import contextlib, io, json, pathlib, sys
from importlinter.cli import lint_imports
broken = {}
for name, lines in json.load(sys.stdin).items():
    kept = {path: path.read_text("utf-8") if path.exists() else None for path in map(pathlib.Path, lines)}
    for path, text in kept.items():
        path.write_text(f"{text or ''}\\n{lines[path.as_posix()]}\\n", "utf-8")
    with contextlib.redirect_stdout(io.StringIO()) as said:
        lint_imports(no_cache=True)
    said_lines = said.getvalue().splitlines()
    assert any(line.startswith("Contracts: ") for line in said_lines), said.getvalue()
    broken[name] = [line.partition(" BROKEN")[0] for line in said_lines if " BROKEN" in line]
    for path, text in kept.items():
        path.unlink() if text is None else path.write_text(text, "utf-8")
print(json.dumps(broken))
"""


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """Names of the contracts each plant breaks; all in one process, on a copy of the code."""
    copy = tmp_path_factory.mktemp("copy")
    for package in PACKAGES:
        shutil.copytree(ROOT / package, copy / package, ignore=_all_but_python)
    shutil.copy(ROOT / "pyproject.toml", copy)
    plants = {"nothing": {}} | {name: lines for name, (_, lines) in PLANTS.items()}
    done = subprocess.run(
        [sys.executable, "-c", LINT_EACH],
        cwd=copy,
        env=os.environ | {"COLUMNS": "200"},
        input=json.dumps(plants),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def _all_but_python(folder: str, names: list[str]) -> set[str]:
    return {name for name in names if not name.endswith(".py") and (Path(folder) / name).is_file()} | {"__pycache__"}


def test_contracts_hold(broken: dict[str, list[str]]) -> None:
    assert broken["nothing"] == []


@pytest.mark.parametrize("plant", PLANTS)
def test_a_planted_violation_breaks_its_contract_alone(broken: dict[str, list[str]], plant: str) -> None:
    assert broken[plant] == [PLANTS[plant][0]]


def test_every_contract_is_shown_to_break() -> None:
    assert {contract["name"] for contract in CONTRACTS} == {contract for contract, _ in PLANTS.values()}


@pytest.mark.parametrize(
    ("contract", "field", "rooms"),
    [
        (
            "Project, models and command line have no numpy and no widgets",
            "source_modules",
            {"studio.project", "studio.models", "studio.cli"},
        ),
        (
            "Project, models and command line have no numpy and no widgets",
            "forbidden_modules",
            {"studio.views", "studio.widgets"},
        ),
        ("The command line has no Qt", "source_modules", {"studio.cli", "studio.project"}),
    ],
)
def test_a_room_that_has_come_is_in_its_contracts(contract: str, field: str, rooms: set[str]) -> None:
    named = next(set(each[field]) for each in CONTRACTS if each["name"] == contract)
    here = {room for room in rooms if ROOT.joinpath(*room.split("."), "__init__.py").exists()}
    assert here - named == set()


@pytest.mark.parametrize(
    ("module", "heavy"),
    [
        ("studio.__main__", "PySide6 torch diffusers transformers numpy cv2 engine.server"),
        ("studio.cli.app", "PySide6 torch diffusers transformers numpy cv2 engine.server"),
        ("studio.app", "torch diffusers transformers numpy cv2 engine.server"),
        ("engine.server.serve", "PySide6 torch diffusers transformers numpy cv2 PIL.Image"),
        ("engine.client.api", "PySide6 torch diffusers transformers numpy cv2 PIL.Image fastapi uvicorn"),
    ],
)
def test_an_import_brings_nothing_heavy(module: str, heavy: str) -> None:
    script = f"import sys, {module}\nprint(*sorted(set({heavy.split()}) & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout.split()) == (0, []), done.stderr


FORBIDDEN = re.compile(
    r"unittest\.mock|unittest\s+import\s+mock|^\s*(import|from)\s+(pickle|dill|cloudpickle|joblib)\b"
    r"|\bpickle\.\w+\(|allow_pickle\s*=\s*True|torch\.load\(|trust_remote_code\s*=\s*True",
    re.MULTILINE,
)


def python_files(*folders: str) -> list[Path]:
    return [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]


def test_nothing_unpickles_mocks_or_runs_a_model_folders_code() -> None:
    files = [path for path in python_files("studio", "engine", "packaging", "tests") if path != Path(__file__)]
    assert len(files) > 100
    assert [f"{path.relative_to(ROOT)}: {hit.group()}" for path in files for hit in _hits(FORBIDDEN, path)] == []


@pytest.mark.parametrize(
    "line",
    [
        "from unittest.mock import patch",
        "from unittest import mock",
        "    import pickle",
        "pickle.loads(blob)",
        'torch.load("x.bin")',
        "from_pretrained(folder, trust_remote_code=True)",
        "np.load(path, allow_pickle = True)",
    ],
)
def test_what_is_forbidden_is_found(line: str) -> None:
    assert FORBIDDEN.search(line)


def _hits(pattern: re.Pattern[str], path: Path) -> list[re.Match[str]]:
    return list(pattern.finditer(path.read_text("utf-8")))


def test_no_file_is_too_long() -> None:
    lengths = {
        str(path.relative_to(ROOT)): len(path.read_text("utf-8").splitlines())
        for path in python_files("studio", "engine", "packaging")
    }
    assert {name: lines for name, lines in lengths.items() if lines > LARGEST_FILE_LINES} == {}


PLACES = re.compile(
    r"(?<![\w.~-])/(?:home|root|Users|work)/[\w.-]|\b[A-Z]:\\+Users\\"
    r"|\b(?:pypi|test\.pypi|conda\.anaconda|registry\.npmjs|download\.pytorch)\.org\b|\bpythonhosted\.org\b"
    r"|\b(?:index-url|find-links)\s*=",
)


def test_tracked_files_name_no_place_of_one_machine() -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("not a checkout")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)
    names = [name for name in listed.stdout.split("\0") if name and ROOT / name != Path(__file__)]
    assert len(names) > 100
    assert [f"{name}: {hit}" for name in names for hit in PLACES.findall(_text(ROOT / name))] == []


def _text(path: Path) -> str:
    """The file's text; empty for a binary file, and for one that is tracked and gone."""
    if not path.is_file():
        return ""
    with path.open("rb") as file:
        return "" if b"\0" in file.read(8192) else path.read_text("utf-8", errors="replace")


@pytest.mark.parametrize(
    ("text", "is_place"),
    [
        ("/home/ann/x", True),
        ("C:\\Users\\ann", True),
        ("https://" + "pypi" + ".org/simple", True),
        ("https://" + "download.pytorch" + ".org/whl", True),
        ("~/home/x and docs/home/y", False),
        ("the /work folder", False),
        ("pytorch.org", False),
    ],
)
def test_a_place_is_known_when_seen(text: str, is_place: bool) -> None:
    assert bool(PLACES.search(text)) is is_place


def test_every_folder_of_code_is_a_package_that_the_lint_sees() -> None:
    folders = {path.parent for path in python_files(*PACKAGES)}
    assert [str(folder.relative_to(ROOT)) for folder in folders if not (folder / "__init__.py").exists()] == []


def test_folders_that_must_be_no_packages_are_none() -> None:
    assert [name for name in ("tests", "packaging") if (ROOT / name / "__init__.py").exists()] == []


def _card_files() -> list[tuple[Path, WeightFile]]:
    cards = [read_card(path) for path in sorted(MODELS.glob("*.toml"))]
    return [(MODELS / card.folder / file.path, file) for card in cards for file in card.files]


@pytest.mark.parametrize(("path", "file"), [pytest.param(path, file, id=file.path) for path, file in _card_files()])
def test_files_are_what_their_card_says(path: Path, file: WeightFile) -> None:
    assert path.stat().st_size == file.size_bytes
    with path.open("rb") as content:
        assert hashlib.file_digest(content, "sha256").hexdigest() == file.sha256


def test_cards_name_every_file_that_ships() -> None:
    named = {path for path, _ in _card_files()}
    assert named
    assert {path for path in MODELS.rglob("*") if path.is_file() and path.suffix not in (".toml", ".md")} == named
