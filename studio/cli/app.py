"""The `reelwright` command: its verbs, and what every error looks like on a terminal."""

import io
import json
import sys

import typer
from typer.exceptions import TyperException

from engine.client.errors import EngineError, EngineStartError
from engine.protocol.problem import ProblemsError
from studio.cli.exits import Exit
from studio.cli.film import film
from studio.cli.finish import finish
from studio.cli.look import inspect, queue, serve
from studio.cli.make import animate, generate
from studio.cli.models import models
from studio.cli.quantize import quantize
from studio.cli.storyboard import storyboard
from studio.cli.verbs import bridge, extend, loop, remix, retake
from studio.cli.words import problem_sentence

app = typer.Typer(
    name="reelwright",
    help="The AI video studio you own. Without arguments the window opens.",
    epilog="Exit codes: 0 done, 1 failed, 2 something to mend in the command, 3 no engine, 130 cancelled.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
making = (generate, animate, finish, extend, loop, bridge, remix, retake, storyboard, film)
for command in (*making, quantize, inspect, serve):
    app.command()(command)
app.add_typer(models, name="models")
app.add_typer(queue, name="queue")


def run() -> int:
    """Run the command in `sys.argv`; the exit code for the shell."""
    for stream in (sys.stdout, sys.stderr):  # file names and terminals are not always Unicode
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        return int(app(standalone_mode=False, prog_name="reelwright") or 0)
    except ProblemsError as error:
        return _problems(error)
    except TyperException as error:
        context = getattr(error, "ctx", None)
        command = context.command_path if context else "reelwright"
        said = error.format_message().replace("Value error, ", "").rstrip(".")
        return _end(f"{said} (`{command} --help` shows how)", error.exit_code)
    except EngineStartError as error:
        return _end(f"the engine did not start: {error}", Exit.NO_ENGINE)
    except EngineError as error:
        return _end(str(error), Exit.NO_ENGINE)
    except (OSError, ValueError, RuntimeError) as error:  # what nobody foresaw: a sentence, and JSON for scripts
        return _end(f"{type(error).__name__}: {error}", Exit.FAILED)


def _problems(error: ProblemsError) -> int:
    if "--json" in sys.argv:
        found = [problem.model_dump() for problem in error.problems]
        sys.stdout.write(json.dumps({"status": "problem", "problems": found}, ensure_ascii=False) + "\n")
    else:
        sys.stderr.writelines(f"{problem_sentence(problem)}\n" for problem in error.problems)
    return Exit.PROBLEM


def _end(sentence: str, code: int) -> int:
    if "--json" in sys.argv:
        sys.stdout.write(json.dumps({"status": "error", "error": sentence}, ensure_ascii=False) + "\n")
    else:
        sys.stderr.write(f"{sentence}\n")
    return code
