"""Which adapter serves which family; the only place that knows them all."""

from engine.families.family import Family


def family(name: str) -> Family:
    """The adapter of a model card's family; imported when it is asked for, since each takes seconds.

    Raises:
        KeyError: for a family we do not know (a card's schema allows only known ones).
    """
    if name == "ltx":
        from engine.families.ltx import LTX

        return LTX()
    if name == "wan":
        from engine.families.wan.adapter import Wan

        return Wan()
    raise KeyError(name)
