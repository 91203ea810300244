"""The catalogue serves the families that the server's side says this build can run, and no others."""

import pytest

from engine.families.catalogue import family
from engine.protocol.model_card import FAMILIES


@pytest.mark.parametrize("name", sorted(FAMILIES))
def test_every_family_that_runs_here_has_an_adapter(name: str) -> None:
    assert callable(family(name).load)


def test_another_one_has_none() -> None:
    assert "ltx3" not in FAMILIES
    with pytest.raises(KeyError):
        family("ltx3")
