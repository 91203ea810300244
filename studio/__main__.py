"""`reelwright`: without arguments or with a project the window, else the command line (which imports no Qt)."""

import sys
from pathlib import Path


def main() -> int:
    """Open the window or run a command; the exit code for the shell."""
    project = wanted_project(sys.argv[1:])
    if len(sys.argv) == 1 or project is not None:
        from studio.app import run_window

        return run_window(project)
    try:
        from studio.cli.app import run

        return run()
    except KeyboardInterrupt:  # before there was anything to cancel
        return 130


def wanted_project(arguments: list[str]) -> Path | None:
    """The project that the window is to open: `--project PATH`, or a path alone that is one; None for a command."""
    match arguments:
        case ["--project", path]:
            return Path(path)
        case [single] if single.startswith("--project="):
            return Path(single.removeprefix("--project="))
        case [single] if _is_project(Path(single)):
            return Path(single)
        case _:
            return None


def _is_project(path: Path) -> bool:
    return path.suffix.lower() == ".zip" or path.name == "project.json" or (path / "project.json").is_file()


if __name__ == "__main__":
    sys.exit(main())
