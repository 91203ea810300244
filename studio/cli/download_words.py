"""Sentences for the terminal about models that come, are checked, or cannot come."""

from rich.filesize import decimal

from engine.protocol.download import (
    Asking,
    Checked,
    Download,
    DownloadTrouble,
    Fetching,
    Paused,
    Reading,
    Stuck,
    Waiting,
)
from engine.protocol.model_card import ModelCard
from studio.cli.words import seconds

_TROUBLES: dict[DownloadTrouble, str] = {
    "offline": "HF_HUB_OFFLINE is set on this machine: unset it, and stop the engine (`reelwright serve --stop`)",
    "no_network": "the hub cannot be reached: check the network, then `{get}` goes on where it was",
    "no_hub": "what answered is a web page and no hub: log in to this network, or check the proxy; then `{get}`",
    "pointer": "the hub sent the pointer to {detail} instead of the file: try `{get}` later",
    "hub_broken": "the hub does not answer as it should ({detail}): `{get}` goes on later",
    "rate_limited": "the hub was asked too often from here: wait{wait}, then `{get}` goes on",
    "not_found": "the hub does not show {detail}: it has moved, or is private; {page}",
    "needs_token": "accept its licence first, on {page}; then `reelwright models token`, then `{get}`",
    "needs_licence": "accept its licence on {page} with the account of your token, then `{get}`",
    "bad_token": "the hub does not know the token: `reelwright models token` sets another one",
    "disk_full": "the disk is full: {needed} are needed and {free} free; `{get} --to FOLDER` uses another one",
    "not_writable": "the models folder cannot be written ({detail}): `{get} --to FOLDER` uses another one",
    "damaged": "{detail} arrived damaged, twice, and was thrown away: `{get}` tries again; a proxy may be at fault",
    "unusable": "the repository holds nothing that can be used ({detail})",
    "internal": "something went wrong inside; the log is in the logs folder of `reelwright serve --where`",
}


def trouble_sentence(stuck: Stuck, card: ModelCard) -> str:
    """Why a model does not come, and the next step."""
    return _TROUBLES[stuck.why].format(
        get=f"reelwright models get {card.id}",
        detail=stuck.detail or "it",
        page=card.repository.page if card.repository else "its page",
        wait=f" {seconds(stuck.retry_s)}" if stuck.retry_s else "",
        needed=decimal(stuck.needed_bytes or 0),
        free=decimal(stuck.free_bytes or 0),
    )


def progress_words(download: Download) -> str:
    """How far it is."""
    share = f"{decimal(download.done_bytes)} of {decimal(download.total_bytes)}"
    match download.state:
        case Asking():
            return "asking the hub"
        case Fetching(bytes_per_s=speed, eta_s=eta) if speed:
            left = "" if eta is None else f", {seconds(eta)} left"
            return f"{share}, {decimal(int(speed))}/s{left}"
        case Reading(file=file):
            return f"{share}, reading {file}"
        case Waiting(why=why, retry_s=wait):
            reason = "the hub was asked too often" if why == "rate_limited" else "the hub does not answer"
            return f"{share}, {reason}: again in {seconds(wait)}"
        case _:
            return share


def state_words(card: ModelCard, missing: list[str], download: Download | None) -> str:
    """Whether a model can be used, in a few words."""
    if download is not None and not isinstance(download.state, Checked):
        percent = 100 * download.done_bytes // max(download.total_bytes, 1)
        stands = "paused" if isinstance(download.state, Paused) else "on its way"
        stands = "stopped" if isinstance(download.state, Stuck) else stands
        return f"{stands} at {percent} %"
    if not missing:
        return "ready" if card.runs_here else "here, for a newer build"
    if card.is_from_hub and not card.files:
        return "not downloaded" if card.runs_here else "not downloaded, for a newer build"
    return f"files missing: {', '.join(missing)}"
