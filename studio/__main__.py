"""`reelwright`: without arguments the window, with arguments the command line (which imports no Qt)."""

import sys


def main() -> int:
    """Open the window or run a command; the exit code for the shell."""
    if len(sys.argv) == 1:
        from studio.app import run_window

        return run_window()
    try:
        from studio.cli.app import run

        return run()
    except KeyboardInterrupt:  # before there was anything to cancel
        return 130


if __name__ == "__main__":
    sys.exit(main())
