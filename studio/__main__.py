"""`reelwright`: without arguments the window, with arguments the command line (which imports no Qt)."""

import sys


def main() -> int:
    """Open the window or run a command; the exit code for the shell."""
    if len(sys.argv) == 1:
        from studio.app import run_window

        return run_window()
    from studio.cli.app import run

    return run()


if __name__ == "__main__":
    sys.exit(main())
