"""Sound tracks: music, noises and voices that are laid under the film."""

from engine.protocol.film import FilmSound
from studio.project.value import Name, Value


class SoundTrack(Value):
    """A file's sound under the film.

    Attributes:
        name: that the file had.
        length_s: of the whole file, in seconds.
    """

    id: str
    name: Name
    length_s: float
    sound: FilmSound
