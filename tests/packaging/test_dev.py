"""What packaging/dev.py decides, and that its constraints pin what the project needs."""

import importlib.util
import re
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]


def load_dev() -> ModuleType:
    """dev.py as a module; by its path, for `packaging` is the name of a library."""
    spec = importlib.util.spec_from_file_location("reelwright_dev", ROOT / "packaging" / "dev.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


dev = load_dev()
CONSTRAINTS = (ROOT / dev.CONSTRAINTS).read_text(encoding="utf-8")
PINS = [line for line in CONSTRAINTS.splitlines() if line and not line.startswith("#")]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    (tmp_path / "packaging").mkdir()
    (tmp_path / "pyproject.toml").write_text("[project]\n", encoding="utf-8")
    (tmp_path / dev.CONSTRAINTS).write_text("torch==1.0\n", encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("changed", ["pyproject.toml", "packaging/constraints.txt"])
def test_stamp_changes_with_each_file(checkout: Path, changed: str) -> None:
    before = dev.stamp_of(checkout, "cpython 3.11")
    assert dev.stamp_of(checkout, "cpython 3.11") == before
    with (checkout / changed).open("a", encoding="utf-8") as file:
        file.write("# more\n")
    assert dev.stamp_of(checkout, "cpython 3.11") != before


def test_stamp_changes_with_the_python_and_the_place(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    moved = tmp_path_factory.mktemp("elsewhere") / "checkout"
    before = dev.stamp_of(checkout, "cpython 3.11")
    assert dev.stamp_of(checkout, "cpython 3.12") != before
    checkout.rename(moved)
    assert dev.stamp_of(moved, "cpython 3.11") != before


@pytest.mark.parametrize(
    ("stamp", "extra", "expected"),
    [
        ("base abc\n", "base", True),
        ("dev abc\n", "dev", True),
        ("dev abc\n", "base", True),
        ("base abc\n", "dev", False),
        ("dev old\n", "base", False),
        ("", "base", False),
        ("dev", "dev", False),
    ],
)
def test_a_venv_with_dev_serves_run_too(stamp: str, extra: str, expected: bool) -> None:
    assert dev.serves(stamp, extra, "abc") is expected


@pytest.mark.parametrize(
    ("platform", "expected"),
    [("linux", "bin/python"), ("darwin", "bin/python"), ("win32", "Scripts/python.exe")],
)
def test_python_of_a_venv(platform: str, expected: str) -> None:
    assert dev.python_of(Path("v"), platform) == Path("v") / expected


@pytest.mark.parametrize(
    ("platform", "has_gpu", "expected"),
    [
        ("linux", False, ["local", "--torch-backend=cpu"]),
        ("win32", False, ["local", "--torch-backend=cpu"]),
        ("linux", True, ["--torch-backend=auto", "local"]),
        ("win32", True, ["--torch-backend=auto", "local"]),
        ("darwin", False, ["local", "plain"]),
    ],
)
def test_torch_comes_from_where_its_build_fits(platform: str, has_gpu: bool, expected: list[str]) -> None:
    def way(arguments: Sequence[str]) -> str:
        backends = [argument for argument in arguments if argument.startswith("--torch-backend")]
        if backends:
            assert arguments[:2] == ["uv", "pip"]
            assert arguments[arguments.index("--python") + 1] == "PY"
            return backends[0]
        assert arguments[0] == "pip"
        return "local" if "--no-index" in arguments else "plain"

    steps = [arguments for _, arguments in dev.torch_steps(platform, has_gpu, "2.13.0", "PY")]
    assert [way(arguments) for arguments in steps] == expected
    assert all(arguments[-1] == "torch==2.13.0" and "--no-deps" in arguments for arguments in steps)


def test_advice_is_one_line_to_run_where_there_is_apt() -> None:
    advice = dev.library_advice(["libEGL.so.1", "libGL.so.1"], has_apt=True)
    assert advice.splitlines()[1:] == ["  sudo apt-get update && sudo apt-get install -y libegl1 libgl1"]


def test_advice_names_the_libraries_elsewhere() -> None:
    advice = dev.library_advice(["libEGL.so.1", "libGL.so.1"], has_apt=False)
    assert "libEGL.so.1, libGL.so.1" in advice
    assert "apt" not in advice


def test_missing_libraries_stop_the_window_and_not_the_tests(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(dev.sys, "platform", "linux")
    monkeypatch.setattr(dev, "missing_libraries", lambda: ["libEGL.so.1"])
    monkeypatch.setattr(dev, "apt_install", lambda packages: False)
    with pytest.raises(dev.SetupError, match=r"libEGL\.so\.1|libegl1"):
        dev.ensure_libraries(required=True)
    dev.ensure_libraries(required=False)
    assert "start again" in capsys.readouterr().out


def test_children_see_no_foreign_packages() -> None:
    environment = {"PYTHONPATH": "/x", "PYTHONHOME": "/y", "PIP_TARGET": "/z", "HOME": "/h"}
    assert dev.child_environment(environment) == {"HOME": "/h"}


def test_pip_is_under_the_constraints_whatever_the_caller_set() -> None:
    environment = dev.pip_environment({"PIP_CONSTRAINT": "/other.txt", "PIP_USER": "1"})
    assert environment["PIP_CONSTRAINT"] == "packaging/constraints.txt"
    assert environment["PIP_USER"] == "0"


@pytest.mark.parametrize(
    ("given", "expected"),
    [({}, "offscreen"), ({"DISPLAY": ":1"}, None), ({"QT_QPA_PLATFORM": "minimal"}, "minimal")],
)
def test_checks_run_offscreen_without_a_display(given: dict[str, str], expected: str | None) -> None:
    assert dev.test_environment(given, "/v/bin").get("QT_QPA_PLATFORM") == expected


def test_checks_end_with_pytest_and_its_arguments() -> None:
    names = [name for name, _ in dev.check_commands("PY", [])]
    assert names == ["ruff check", "ruff format", "basedpyright", "lint-imports", "pytest"]
    assert dev.check_commands("PY", ["-k", "x"])[-1][1] == ["PY", "-m", "pytest", "-k", "x"]


def test_a_failed_check_neither_stops_nor_hides_behind_the_others(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    commands = [("one", [sys.executable, "-c", "raise SystemExit(3)"]), ("two", [sys.executable, "-c", "print(7)"])]
    monkeypatch.setattr(dev, "ensure_libraries", lambda required: None)
    monkeypatch.setattr(dev, "ready", lambda extra: sys.executable)
    monkeypatch.setattr(dev, "check_commands", lambda python, arguments: commands)
    assert dev.test([]) == 1
    assert capfd.readouterr().out.splitlines() == ["== one", "== two", "7", "FAILED: one"]


def test_an_old_python_gets_a_sentence(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(dev, "OLDEST_PYTHON", (99, 0))
    assert dev.main(["run"]) == 1
    assert capsys.readouterr().out.startswith("Reelwright needs Python")


@pytest.mark.parametrize(("arguments", "status"), [([], 2), (["walk"], 2), (["--help"], 0)])
def test_usage(arguments: list[str], status: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert dev.main(arguments) == status
    assert "usage" in capsys.readouterr().out


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def names_of(requirements: Sequence[str]) -> set[str]:
    return {canonical(re.split(r"[^\w.-]", requirement, maxsplit=1)[0]) for requirement in requirements}


def test_constraints_only_pin() -> None:
    assert [line for line in PINS if not re.fullmatch(r"[a-z0-9-]+==[\w.]+( ; .+)?", line)] == []


@pytest.mark.parametrize("foreign", ["+cpu", "://", "@ ", "index", "pypi", "pytorch.org", "file:", "/opt", "/work"])
def test_constraints_name_no_place(foreign: str) -> None:
    assert foreign not in CONSTRAINTS


def test_constraints_leave_the_build_of_torch_open() -> None:
    assert {name for name in names_of(PINS) if re.match(r"nvidia|cuda|triton", name)} == set()


def test_constraints_pin_the_chosen_versions() -> None:
    assert dev.pinned("torch", CONSTRAINTS) == "2.13.0"
    assert dev.pinned("pyside6", CONSTRAINTS) == "6.11.3"
    with pytest.raises(IndexError):
        dev.pinned("nothing", CONSTRAINTS)


def test_constraints_pin_every_dependency() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = [*project["project"]["dependencies"], *project["build-system"]["requires"], "pip", "uv"]
    for extra in project["project"]["optional-dependencies"].values():
        wanted += extra
    assert names_of(wanted) - names_of(PINS) == set()
