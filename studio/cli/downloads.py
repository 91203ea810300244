"""The commands by which models come from a hub, are checked and go; the hub's token and the folders."""

import json
import sys
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

from pydantic import ValidationError
from rich.console import Console
from rich.status import Status
from typer import Argument, Option, confirm, prompt

from engine.client.api import EngineClient
from engine.client.attach import attach
from engine.protocol.download import Checked, Download, Stuck, Token
from engine.protocol.events import DownloadChanged
from engine.protocol.model_card import ModelCard
from engine.protocol.problem import Problem, ProblemsError
from studio.cli.download_words import progress_words, trouble_sentence
from studio.cli.exits import Exit
from studio.cli.look import Json

Id = Annotated[str, Argument(metavar="ID", help="The model's id.")]
TELL_EVERY_PERCENT = 10


def get_model(
    model: Id,
    to: Annotated[Path | None, Option(metavar="FOLDER", help="The folder for models from now on.")] = None,
    background: Annotated[bool, Option("--background", help="Do not wait: the engine goes on by itself.")] = False,
    as_json: Json = False,
) -> int:
    """Fetch a model from its hub, or go on with it, or mend it: only what is missing is fetched."""
    with attach() as client:
        card = known(client, model)
        folder = to.absolute() if to else None
        if background:
            client.download(model, folder)
            return _say(as_json, {"model": model, "status": "started"}, f"{model} is on its way")
        try:
            end = _follow(client, model, lambda: client.download(model, folder), as_json)
        except KeyboardInterrupt:
            client.pause_download(model)
            sys.stderr.write(f"paused; `reelwright models get {model}` goes on\n")
            return Exit.CANCELLED
    if end is None:
        return _say(as_json, {"model": model, "status": "ready"}, f"{model} is here: `--model {model}` uses it")
    return _not_done(end, card, as_json)


def verify_model(model: Id, as_json: Json = False) -> int:
    """Read all files of a model again; damaged ones that came from a hub are removed, and `get` mends them."""
    with attach() as client:
        card = known(client, model)
        end = _follow(client, model, lambda: client.verify_model(model), as_json)
    if end is None or not isinstance(end.state, Checked):
        return _not_done(end, card, as_json)
    damaged = end.state.damaged
    result = {"model": model, "status": "damaged" if damaged else "ready", "damaged": damaged}
    if not damaged:
        return _say(as_json, result, f"all files of {model} are as they should be")
    mend = f"`reelwright models get {model}` fetches them again" if card.is_from_hub else "copy them here again"
    _say(as_json, result, f"damaged: {', '.join(damaged)}; {mend}")
    return Exit.FAILED


def delete_model(
    model: Id, yes: Annotated[bool, Option("--yes", "-y", help="Do not ask.")] = False, as_json: Json = False
) -> int:
    """Remove the files of a model that came from a hub; its card stays, and `get` fetches it again."""
    with attach() as client:
        known(client, model)
        if not yes and not confirm(f"delete the files of {model}?"):
            return Exit.CANCELLED
        client.delete_model(model)
    return _say(as_json, {"model": model, "status": "deleted"}, f"the files of {model} are deleted")


def hub_token(
    delete: Annotated[bool, Option("--delete", help="Forget the token.")] = False,
    show: Annotated[bool, Option("--where", help="Only say where the token is kept.")] = False,
    as_json: Json = False,
) -> int:
    """Set the Hugging Face token that gated models ask for: it is typed unseen, or read from standard input."""
    with attach() as client:
        if show:
            place = client.token_place().place
        elif delete:
            place = client.delete_token().place
        else:
            place = client.put_token(_typed_token()).place
    said = {
        "keyring": "the token is in the system's keyring",
        "file": "the token is in a file that only you can read: this system has no keyring",
        "login": "the token is that of Hugging Face's own login on this machine",
        None: "there is no token",
    }[place]
    return _say(as_json, {"token": place}, said)


def model_folders(
    folder: Annotated[Path | None, Argument(help="New models come here from now on.")] = None,
    forget: Annotated[bool, Option("--forget", help="Look for models there no longer; they stay.")] = False,
    as_json: Json = False,
) -> int:
    """Show the folders that models are looked for in, choose one, or forget one."""
    with attach() as client:
        if folder is None:
            folders = client.model_folders()
        elif forget:
            folders = client.forget_model_folder(folder.absolute())
        else:
            folders = client.choose_model_folder(folder.absolute())
    rows = [f"{each}{'  (new models come here)' if each == folders.chosen else ''}" for each in folders.folders]
    return _say(as_json, folders.model_dump(), "\n".join(rows))


def known(client: EngineClient, model: str) -> ModelCard:
    """The model's card.

    Raises:
        ProblemsError: when there is none.
    """
    found = next((card for card, _ in client.models() if card.id == model), None)
    if found is None:
        raise ProblemsError([Problem(field="model", kind="unknown_model", value=model)])
    return found


def _follow(client: EngineClient, model: str, start: Callable[[], object], as_json: bool) -> Download | None:
    """Until it ends; None when the model has come."""
    with client.events() as events, _progress(as_json) as tell:
        start()
        for event, _ in events:
            if isinstance(event, DownloadChanged) and event.model == model:
                if event.download is None or not event.download.is_active:
                    return event.download
                tell(event.download)
    raise AssertionError("events end with an error")


@contextmanager
def _progress(as_json: bool) -> Generator[Callable[[Download], None]]:
    """A line that changes on a terminal, else one for every tenth."""
    shown = Console(stderr=True)
    if as_json:
        yield lambda _: None
    elif shown.is_terminal:
        with shown.status("asking the hub") as status:
            yield lambda download: _update(status, download)
    else:
        told = [-1]

        def tell(download: Download) -> None:
            tenth = 100 * download.done_bytes // max(download.total_bytes, 1) // TELL_EVERY_PERCENT
            if download.total_bytes and tenth > told[0]:
                told[0] = tenth
                sys.stderr.write(f"{progress_words(download)}\n")

        yield tell


def _update(status: Status, download: Download) -> None:
    status.update(progress_words(download))


def _not_done(end: Download | None, card: ModelCard, as_json: bool) -> int:
    """It ended by itself, or somebody else paused it."""
    if end is not None and isinstance(end.state, Stuck):
        said = {"model": card.id, "status": "stuck", "why": end.state.why, **end.model_dump(include={"state"})}
        _say(as_json, said, trouble_sentence(end.state, card), to_stderr=True)
        return Exit.FAILED
    _say(as_json, {"model": card.id, "status": "paused"}, f"{card.id} was paused or ended elsewhere", to_stderr=True)
    return Exit.CANCELLED


def _say(as_json: bool, result: Mapping[str, object], sentence: str, to_stderr: bool = False) -> int:
    text = json.dumps(result, ensure_ascii=False) if as_json else sentence
    (sys.stderr if to_stderr and not as_json else sys.stdout).write(f"{text}\n")
    return Exit.OK


def _typed_token() -> Token:
    """Never an argument: those show in the list of processes."""
    text = prompt("token", hide_input=True) if sys.stdin.isatty() else sys.stdin.readline()
    try:
        return Token(text=text.strip())
    except ValidationError:
        detail = "a token is one word, such as hf_…; huggingface.co/settings/tokens makes one"
        raise ProblemsError([Problem(field="token", kind="invalid", detail=detail)]) from None
