"""`python -m engine`: serve until stopped."""

import argparse
import sys
from pathlib import Path

from engine.protocol.home import EXIT_ALREADY_RUNNING, home
from engine.queue.store import NewerQueueError
from engine.server.serve import AlreadyRunningError, serve


def main() -> int:
    """Parse the arguments and serve; the exit code says why it ended."""
    parser = argparse.ArgumentParser(prog="engine", description=__doc__)
    parser.add_argument("--home", type=Path, default=None, help="the user's folder")
    parser.add_argument("--idle-exit-s", type=float, default=None, help="leave after this long without client and job")
    arguments = parser.parse_args()
    try:
        serve((arguments.home or home()).resolve(), arguments.idle_exit_s)
    except AlreadyRunningError as error:
        sys.stderr.write(f"{error}\n")
        return EXIT_ALREADY_RUNNING
    except (NewerQueueError, OSError) as error:
        sys.stderr.write(f"the engine cannot start: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
