"""What styles, camera moves and lights are called on their chips; what the model reads of them stays in English."""

from collections.abc import Mapping

from PySide6.QtCore import QCoreApplication

from studio.project.phrases import PhraseKind

_translate = QCoreApplication.translate


def phrase_words(kind: PhraseKind, phrase_id: str) -> str:
    """Its name; the id of one that this version does not know."""
    return _words().get((kind, phrase_id), phrase_id)


def _words() -> Mapping[tuple[PhraseKind, str], str]:
    return {
        ("style", "realistic"): _translate("phrases", "Realistic"),
        ("style", "cinematic"): _translate("phrases", "Cinematic"),
        ("style", "noir"): _translate("phrases", "Film noir"),
        ("style", "cartoon"): _translate("phrases", "Cartoon"),
        ("style", "vintage"): _translate("phrases", "Vintage film"),
        ("style", "watercolor"): _translate("phrases", "Watercolor"),
        ("style", "documentary"): _translate("phrases", "Documentary"),
        ("style", "stop_motion"): _translate("phrases", "Stop motion"),
        ("camera", "static"): _translate("phrases", "Still camera"),
        ("camera", "pan_left"): _translate("phrases", "Pan left"),
        ("camera", "pan_right"): _translate("phrases", "Pan right"),
        ("camera", "tilt_up"): _translate("phrases", "Tilt up"),
        ("camera", "tilt_down"): _translate("phrases", "Tilt down"),
        ("camera", "zoom_in"): _translate("phrases", "Move closer"),
        ("camera", "zoom_out"): _translate("phrases", "Pull back"),
        ("camera", "tracking"): _translate("phrases", "Follow"),
        ("light", "sunrise"): _translate("phrases", "Sunrise"),
        ("light", "daylight"): _translate("phrases", "Bright day"),
        ("light", "golden_hour"): _translate("phrases", "Golden hour"),
        ("light", "dusk"): _translate("phrases", "Dusk"),
        ("light", "night"): _translate("phrases", "Night"),
        ("light", "overcast"): _translate("phrases", "Overcast"),
        ("light", "neon"): _translate("phrases", "Neon"),
        ("light", "backlit"): _translate("phrases", "Backlit"),
    }
