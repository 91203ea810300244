"""The two commands of a checkout: `run` starts Reelwright, `test` checks it; both set up `.venv` where needed."""

# An old Python must be able to read this file, to be told so in a sentence. What a second start does not need is
# imported where it is used: no start should wait for it.
from __future__ import annotations

import io
import os
import sys
from pathlib import Path

TYPE_CHECKING = False  # typing's own costs an import
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

APT = Path("/usr/bin/apt-get")
ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
STAMP = VENV / "reelwright-stamp"  # written last: what this venv was made from
UNFINISHED = VENV / "reelwright-unfinished"  # there while packages may be half written
CONSTRAINTS = "packaging/constraints.txt"
OLDEST_PYTHON = (3, 11)
PYTHON = f"{sys.implementation.name} {sys.version_info[0]}.{sys.version_info[1]}"  # what a venv is tied to
USAGE = """usage: python3 packaging/dev.py run [arguments…]    start Reelwright (no arguments: the window)
       python3 packaging/dev.py test [arguments…]   lint, types, import rules, then pytest [arguments…]"""

# What PySide6's own libraries load (their NEEDED entries) beyond a slim image, and the Debian package that brings it.
# To load one shows that those it needs in turn are there too.
SYSTEM_LIBRARIES = {
    "libpulse.so.0": "libpulse0",
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libXrandr.so.2": "libxrandr2",
    "libgthread-2.0.so.0": "libglib2.0-0",
    "libdbus-1.so.3": "libdbus-1-3",
    "libfontconfig.so.1": "libfontconfig1",
    "libgssapi_krb5.so.2": "libgssapi-krb5-2",
}


class SetupError(Exception):
    """Set-up cannot go on; the message is the sentence for the user."""


def say(line: str) -> None:
    """Print one line at once, also where the output is a pipe."""
    print(line, flush=True)


def python_of(venv: Path, platform: str) -> Path:
    """Where a venv keeps its Python; `platform` as in sys.platform."""
    return venv / "Scripts" / "python.exe" if platform == "win32" else venv / "bin" / "python"


def pinned(name: str, constraints: str) -> str:
    """The version that the constraints text pins `name` to; an IndexError where it does not."""
    return f"\n{constraints}".partition(f"\n{name}==")[2].split(maxsplit=1)[0]


def stamp_of(root: Path, python: str) -> str:
    """A hash of all that decides what belongs in the venv; the path too, for an editable install holds it."""
    import hashlib

    digest = hashlib.sha256(f"{python}\n{root}\n".encode())
    for name in ("pyproject.toml", CONSTRAINTS):
        digest.update((root / name).read_bytes())
    return digest.hexdigest()


def serves(stamp: str, extra: str, wanted: str) -> bool:
    """Whether a venv stamped so ("dev HASH" or "base HASH") has what `extra` needs: dev serves base too."""
    return stamp.split() in ([extra, wanted], ["dev", wanted])


def torch_steps(platform: str, has_gpu: bool, version: str, python: str) -> list[tuple[str, list[str]]]:
    """Ways to install torch, best first: (label, arguments after `python -m`).

    Never a plain `pip install` on Linux: it takes gigabytes of CUDA libraries, GPU or not. Without dependencies:
    those come afterwards by pip, under the constraints and from where pip is configured to look; uv is not.
    """
    want = f"torch=={version}"
    local = ("a local wheel", ["pip", "install", "--no-deps", "--no-index", want])
    by_uv = ["uv", "pip", "install", "--python", python, "--no-deps"]
    if platform == "darwin":
        return [local, ("the build for macOS", ["pip", "install", "--no-deps", want])]
    if has_gpu:
        return [("the build for this GPU", [*by_uv, "--torch-backend=auto", want]), local]
    return [local, ("CPU build", [*by_uv, "--torch-backend=cpu", want])]


def apt_line(packages: Sequence[str]) -> str:
    """The one line for a person to run."""
    return f"sudo apt-get update && sudo apt-get install -y {' '.join(packages)}"


def library_advice(missing: Sequence[str], has_apt: bool) -> str:
    """What to tell a person whose system lacks these libraries (names as in SYSTEM_LIBRARIES)."""
    need = "Reelwright's window needs system libraries that are not here."
    if has_apt:
        line = apt_line([SYSTEM_LIBRARIES[name] for name in missing])
        return f"{need} Run this once, then start again:\n  {line}"
    return f"{need} Install the packages that hold {', '.join(missing)}, then start again."


def child_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """The caller's environment without what would make Python import, or pip install, elsewhere."""
    leaks = {"PYTHONPATH", "PYTHONHOME", "__PYVENV_LAUNCHER__", "PIP_TARGET", "PIP_PREFIX", "PIP_ROOT"}
    return {name: value for name, value in environment.items() if name not in leaks}


def pip_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment of every pip call."""
    # A path from the root, where the calls are made: pip splits this variable at spaces.
    fixed = {"PIP_CONSTRAINT": CONSTRAINTS, "PIP_USER": "0", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    return child_environment(environment) | fixed


def test_environment(environment: Mapping[str, str], scripts: str) -> dict[str, str]:
    """The environment of the checks: the venv's scripts at hand, and Qt without a display where there is none."""
    path = os.pathsep.join([scripts, environment.get("PATH", os.defpath)])
    env = child_environment(environment) | {"PATH": path}
    if not env.get("DISPLAY"):
        env.setdefault("QT_QPA_PLATFORM", "offscreen")
    return env


def check_commands(python: str, pytest_arguments: Sequence[str]) -> list[tuple[str, list[str]]]:
    """What `test` runs, in order: (name, command). Not the venv's scripts: those break in a moved checkout."""
    import_linter = "from importlinter.cli import lint_imports_command as lint; raise SystemExit(lint())"
    return [
        ("ruff check", [python, "-m", "ruff", "check", "."]),
        ("ruff format", [python, "-m", "ruff", "format", "--check", "."]),
        ("basedpyright", [python, "-m", "basedpyright", "--pythonpath", python]),
        ("lint-imports", [python, "-c", import_linter]),
        ("pytest", [python, "-m", "pytest", *pytest_arguments]),
    ]


def missing_libraries() -> list[str]:
    """The libraries of SYSTEM_LIBRARIES that this machine cannot load."""
    from ctypes import CDLL

    missing: list[str] = []
    for name in SYSTEM_LIBRARIES:
        try:
            CDLL(name)
        except OSError:
            missing.append(name)
    return missing


def apt_install(packages: Sequence[str]) -> bool:
    """Install Debian packages where this process may; False where it may not or could not."""
    import subprocess

    if not APT.exists() or os.geteuid() != 0:
        return False
    say(f"Setting up: system packages {' '.join(packages)} …")
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    subprocess.call(["apt-get", "update"], env=env)  # where it fails (a dead mirror), the install may not
    return subprocess.call(["apt-get", "install", "-y", "--no-install-recommends", *packages], env=env) == 0


def ensure_libraries(required: bool) -> None:
    """See that Qt's system libraries are there: install them, else tell how, and stop if they are required."""
    missing = missing_libraries() if sys.platform == "linux" else []
    if missing and apt_install([SYSTEM_LIBRARIES[name] for name in missing]):
        missing = missing_libraries()
    if missing:
        advice = library_advice(missing, has_apt=APT.exists())
        if required:
            raise SetupError(advice)
        say(advice)


def ensure_venv_module() -> None:
    """Debian keeps what `python -m venv` needs in a package of its own: install it, else tell how."""
    from importlib.util import find_spec

    package = f"python3.{sys.version_info.minor}-venv"
    if not find_spec("ensurepip") and not apt_install([package]):
        how = apt_line([package]) if APT.exists() else "install Python's modules venv and ensurepip"
        raise SetupError(f"{sys.executable} cannot make a venv. Run this once, then start again:\n  {how}")


def has_nvidia_gpu() -> bool:
    """Whether nvidia-smi is there and lists a GPU."""
    import subprocess

    try:
        return subprocess.check_output(["nvidia-smi", "-L"], text=True, timeout=60).startswith("GPU ")
    except (OSError, subprocess.SubprocessError):
        return False


def take_lock() -> int:
    """Wait until no other process sets up this checkout; the file descriptor holds the lock while it is open."""
    import time

    lock = os.open(__file__, os.O_RDWR)
    while True:
        try:
            if sys.platform == "win32":
                import msvcrt

                os.lseek(lock, 1 << 30, os.SEEK_SET)  # far past the end: locked bytes cannot be read by others
                msvcrt.locking(lock, msvcrt.LK_NBLCK, 1)
            else:
                import fcntl

                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return lock
        except (BlockingIOError, PermissionError):
            say("Another set-up of this checkout is running; waiting for it …")
            time.sleep(5)


def is_ready(extra: str) -> bool:
    """Whether `.venv` is there, whole and made from the present files."""
    there = STAMP.is_file() and python_of(VENV, sys.platform).is_file()
    return there and serves(STAMP.read_text(encoding="utf-8"), extra, stamp_of(ROOT, PYTHON))


class Setup:
    """One set-up of `.venv`, by the process that holds the lock."""

    def __init__(self, extra: str, lock: int) -> None:
        self.extra = extra
        self.lock = lock
        self.python = str(python_of(VENV, sys.platform))
        self.torch = pinned("torch", (ROOT / CONSTRAINTS).read_text(encoding="utf-8"))

    def make(self) -> None:
        """Bring `.venv` up to date; interrupted at any point, the next start begins anew."""
        if STAMP.is_file() and STAMP.read_text(encoding="utf-8").startswith("dev"):
            self.extra = "dev"
        stamp = stamp_of(ROOT, PYTHON)  # of the files as they are now: they may be edited meanwhile
        usable = not UNFINISHED.is_file() and self.is_usable()
        VENV.mkdir(exist_ok=True)
        UNFINISHED.touch()
        STAMP.unlink(missing_ok=True)
        try:
            if not usable:
                self.stage("Python environment in .venv", self.make_venv)
            self.install()
        except SetupError:
            UNFINISHED.unlink()  # pip ended by itself and left nothing half written: this can be built upon
            raise
        UNFINISHED.unlink()
        STAMP.write_text(f"{self.extra} {stamp}\n", encoding="utf-8")

    def install(self) -> None:
        """Every package, torch first so that nothing else chooses its build."""
        project = ".[dev]" if self.extra == "dev" else "."
        editable = ("install", "--no-build-isolation", "--editable", project)
        verify = f"import torch; assert torch.__version__.startswith('{self.torch}'), torch.__version__"
        self.stage("pip", lambda: self.pip("install", "pip", "setuptools"))
        self.install_torch()
        self.stage("the other libraries and Reelwright itself (a minute or more)", lambda: self.pip(*editable))
        self.stage("a first start of torch", lambda: self.call([self.python, "-c", verify]))

    def is_usable(self) -> bool:
        """Whether `.venv` has a working Python of this version, with pip."""
        import subprocess

        version = "sys.implementation.name + ' %d.%d' % sys.version_info[:2]"
        ask = [self.python, "-c", f"import sys, pip; sys.exit({version} != '{PYTHON}')"]
        try:
            return subprocess.call(ask, stderr=subprocess.DEVNULL) == 0
        except OSError:
            return False

    def make_venv(self) -> None:
        """An empty venv in place of whatever was there."""
        import shutil

        ensure_venv_module()
        for entry in VENV.iterdir():
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            elif entry != UNFINISHED:  # for this too can be interrupted
                entry.unlink()
        base = getattr(sys, "_base_executable", sys.executable)  # the latter may be the venv's, just removed
        self.call([base, "-m", "venv", str(VENV)])

    def install_torch(self) -> None:
        """The build of torch that fits this machine, by the first way that works."""
        for label, arguments in torch_steps(sys.platform, has_nvidia_gpu(), self.torch, self.python):
            try:
                return self.stage(f"torch {self.torch} ({label})", lambda chosen=arguments: self.torch_by(chosen))
            except SetupError:
                say("  not this way")
        raise SetupError(f"torch {self.torch} could not be installed: see above. Is the network there?")

    def torch_by(self, arguments: list[str]) -> None:
        """One of `torch_steps`; that pip finds no local wheel is usual, and not shown."""
        if arguments[0] == "uv":
            self.pip("install", "uv")
        self.call([self.python, "-m", *arguments], silent="--no-index" in arguments)

    def pip(self, *arguments: str) -> None:
        """One pip call: with its progress on a terminal, else only its errors."""
        self.call([self.python, "-m", "pip", *arguments, *([] if sys.stdout.isatty() else ["-qq"])])

    def call(self, command: list[str], silent: bool = False) -> None:
        """Run to the end, in the root; a child that outlives this process holds the lock in its stead."""
        import subprocess

        keep = (self.lock,) if os.name == "posix" else ()
        out = subprocess.DEVNULL if silent else None
        env = pip_environment(os.environ)
        status = subprocess.call(command, cwd=ROOT, env=env, pass_fds=keep, stdout=out, stderr=out)
        if status < 0:
            raise KeyboardInterrupt  # killed: what it leaves half written is no SetupError to build upon
        if status > 0:
            raise SetupError(f"Set-up stopped, for the reason above, at: {' '.join(command)}")

    def stage(self, label: str, action: Callable[[], None]) -> None:
        """Run `action` under a line that says what it is, and one that says how long it took."""
        import time

        say(f"Setting up: {label} …")
        start_s = time.monotonic()
        action()
        say(f"  {time.monotonic() - start_s:.0f} s")


def ready(extra: str) -> str:
    """The Python of a `.venv` that is up to date, set up first where it is not."""
    if not is_ready(extra):
        import signal

        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # an exception ends the pip under way too
        lock = take_lock()
        try:
            if not is_ready(extra):  # by the one that held the lock
                Setup(extra, lock).make()
        finally:
            os.close(lock)
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
    return str(python_of(VENV, sys.platform))


def run(arguments: list[str]) -> int:
    """Start Reelwright in place of this process; on Windows, which cannot do that, beneath it."""
    if not arguments or arguments[0] == "--project" or Path(arguments[0]).exists():  # the window
        ensure_libraries(required=True)
    command = [ready("base"), "-P", "-m", "studio", *arguments]  # -P: not a studio/ of the folder we are in
    env = child_environment(os.environ)
    if sys.platform != "win32":
        os.execve(command[0], command, env)
    import subprocess

    return subprocess.call(command, env=env)


def test(arguments: list[str]) -> int:
    """Run every check, also after one that failed; pytest last, so that its closing line stays in sight."""
    import subprocess

    ensure_libraries(required=False)
    python = ready("dev")
    env = test_environment(os.environ, str(Path(python).parent))
    failed: list[str] = []
    for name, command in check_commands(python, arguments):
        say(f"== {name}")
        if subprocess.call(command, cwd=ROOT, env=env) != 0:
            failed.append(name)
    say(f"FAILED: {', '.join(failed)}" if failed else "All checks passed.")
    return 1 if failed else 0


def main(arguments: list[str]) -> int:
    """Run one of the commands; the process's exit status."""
    if sys.version_info < OLDEST_PYTHON:
        say(f"Reelwright needs Python 3.11 or newer; this is {sys.version.split()[0]} ({sys.executable}).")
        return 1
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # an old Windows console has no "…"
    command = {"run": run, "test": test}.get(arguments[0] if arguments else "")
    if command is None:
        say(USAGE)
        return 0 if arguments in (["-h"], ["--help"]) else 2
    try:
        return command(arguments[1:])
    except SetupError as problem:
        say(str(problem))
        return 1
    except KeyboardInterrupt:
        say("Interrupted.")
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
