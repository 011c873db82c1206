"""core.runs.ray_live: how much of the cluster a live run has."""

from __future__ import annotations

from fractions import Fraction

import pytest

from core.runs.ray_live import share


@pytest.mark.parametrize("cards", range(1, 9))
@pytest.mark.parametrize("places", range(1, 17))
def test_a_place_s_share_of_a_card_is_the_largest_with_which_all_places_fit(cards: int, places: int) -> None:
    """One run is on one card: a share that is left on each of two is no place."""
    fits = [n for n in range(1, places + 1) if cards * n >= places]  # so many runs on each card
    assert Fraction(share(cards, places)).limit_denominator(100) == Fraction(1, fits[0])


def test_where_there_is_no_card_none_is_asked_for() -> None:
    assert share(0, 4) == 0
