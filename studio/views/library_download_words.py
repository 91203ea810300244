"""What is said about a model that comes from a hub, is checked, or cannot come."""

from PySide6.QtCore import QCoreApplication

from engine.protocol.download import (
    Asking,
    Checked,
    Download,
    DownloadTrouble,
    Fetching,
    Paused,
    Reading,
    Stuck,
    TokenPlace,
    Waiting,
)
from studio.views.library_words import gigabytes, missing_words
from studio.views.words import number, seconds

MB = 1e6
_translate = QCoreApplication.translate


def progress_words(download: Download) -> str:
    """How far it is, how fast, and how long it takes."""
    share = _translate("library", "{done} of {total}").format(
        done=gigabytes(download.done_bytes), total=gigabytes(download.total_bytes)
    )
    match download.state:
        case Asking():
            return _translate("library", "Asking the hub…")
        case Fetching(bytes_per_s=speed, eta_s=eta) if speed:
            words = [share, _translate("library", "{number} MB/s").format(number=number(speed / MB, 1))]
            if eta is not None:
                words.append(_translate("library", "{time} left").format(time=seconds(eta)))
            return " · ".join(words)
        case Reading():
            return f"{share} · " + _translate("library", "checking what is here")
        case Waiting(why=why, retry_s=wait):
            reason = (
                _translate("library", "the hub was asked too often, again in {time}")
                if why == "rate_limited"
                else _translate("library", "the hub does not answer, again in {time}")
            )
            return f"{share} · " + reason.format(time=seconds(wait))
        case _:
            return share


def state_words(download: Download) -> str:
    """In a word or two, beside the model's name."""
    percent = number(100 * download.done_bytes // max(download.total_bytes, 1))
    match download.state:
        case Paused():
            return _translate("library", "Paused at {percent} %").format(percent=percent)
        case Stuck():
            return _translate("library", "Stopped at {percent} %").format(percent=percent)
        case _:
            return _translate("library", "{percent} %").format(percent=percent)


def trouble_words(stuck: Stuck) -> str:
    """Why it does not come, and what to do about it."""
    said = _troubles()[stuck.why].format(
        detail=stuck.detail,
        needed=gigabytes(stuck.needed_bytes or 0),
        free=gigabytes(stuck.free_bytes or 0),
    )
    if stuck.retry_s:
        said += " " + _translate("library", "It wants to be asked again in {time}.").format(time=seconds(stuck.retry_s))
    return said


def checked_words(checked: Checked, is_from_hub: bool) -> str:
    """What a check has found."""
    if not checked.damaged:
        return _translate("library", "All files are as they should be.")
    found = missing_words(list(checked.damaged), _translate("library", "These files were damaged: {files}."))
    if is_from_hub:
        return f"{found} " + _translate("library", "They were removed; fetch them again.")
    return f"{found} " + _translate("library", "Copy them to their folder again.")


def token_words(token: TokenPlace | None) -> str:
    """Where the hub's token is; never what it is."""
    place = token.place if token else None
    if place == "keyring":
        return _translate("library", "Hugging Face token: in this system's keyring")
    if place == "file":
        return _translate("library", "Hugging Face token: in a file that only you can read")
    if place == "login":
        return _translate("library", "Hugging Face token: that of your login on this machine")
    return _translate("library", "No Hugging Face token; only a few models ask for one")


def _troubles() -> dict[DownloadTrouble, str]:
    return {
        "offline": _translate("library", "This machine is set to stay offline (HF_HUB_OFFLINE)."),
        "no_network": _translate("library", "The hub cannot be reached. Check the network, then go on."),
        "no_hub": _translate(
            "library", "A web page answered instead of the hub: log in to this network or check the proxy, then go on."
        ),
        "pointer": _translate("library", "The hub sent a pointer instead of the file {detail}. Try again later."),
        "hub_broken": _translate("library", "The hub does not answer as it should ({detail}). Go on later."),
        "rate_limited": _translate("library", "The hub was asked too often from here."),
        "not_found": _translate("library", "The hub does not show {detail}: it has moved, or is private."),
        "needs_token": _translate(
            "library", "Its licence has to be accepted on its page first. Then paste a token of your account here."
        ),
        "needs_licence": _translate("library", "Accept its licence on its page with the account of your token."),
        "bad_token": _translate("library", "The hub does not know the token. Paste another one."),
        "disk_full": _translate(
            "library",
            "The disk is full: {needed} are needed, {free} are free. Make room or choose another folder.",
        ),
        "not_writable": _translate("library", "The models folder cannot be written ({detail}). Choose another folder."),
        "damaged": _translate(
            "library", "{detail} arrived damaged twice and was thrown away. Try again; a proxy may be at fault."
        ),
        "unusable": _translate("library", "Its repository holds nothing that can be used here ({detail})."),
        "internal": _translate("library", "Something went wrong in the engine; its log has it."),
    }
