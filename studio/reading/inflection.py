"""Inflection: the plurals of English nouns and the forms of English verbs."""

import re
from typing import Literal

Form = Literal["base", "present", "past", "going"]
"""Walk, walks, walked, walking."""
_DOUBLED = re.compile(r"[^aeiou]*[aeiou][bdglmnprt]")
_HISSING = ("s", "x", "z", "ch", "sh")
_VOWELS = "aeiou"


def plural(noun: str) -> str:
    """The regular plural of a noun, or of the last word of several."""
    if noun.endswith(_HISSING):
        return f"{noun}es"
    if noun.endswith("y") and noun[-2:-1] not in _VOWELS:
        return f"{noun[:-1]}ies"
    return f"{noun[:-3]}men" if noun.endswith("man") else f"{noun}s"


def forms(verb: str) -> dict[str, Form]:
    """All forms of a regular verb, of which only the first word changes."""
    first, space, rest = verb.partition(" ")
    stem = f"{first}{first[-1]}" if _DOUBLED.fullmatch(first) else first
    found: dict[str, Form] = {first: "base", plural(first): "present"}
    if first.endswith("e"):
        found |= {f"{first}d": "past", (f"{first}ing" if first.endswith("ee") else f"{first[:-1]}ing"): "going"}
    elif first.endswith("y") and first[-2:-1] not in _VOWELS:
        found |= {f"{first[:-1]}ied": "past", f"{first}ing": "going"}
    else:
        found |= {f"{stem}ed": "past", f"{stem}ing": "going"}
        if re.fullmatch(r".*[aeiou]l", first):  # travelled, traveled
            found |= {f"{first}led": "past", f"{first}ling": "going"}
    return {f"{form}{space}{rest}": kind for form, kind in found.items()}


def irregular_forms(words: list[str]) -> dict[str, Form]:
    """The forms of an irregular verb that are listed in order: base, present, past ones, going."""
    past: dict[str, Form] = dict.fromkeys(words[2:-1], "past")
    return {words[-1]: "going", **past, words[1]: "present", words[0]: "base"}
