"""Power supplies (`k + r`): what is left of them, and whether that carries the server."""

from __future__ import annotations

import pytest

from argosy.site_facts.supplies import Supplies

DGX = Supplies(count=6, needed=4, watts=3300, needed_to_boot=3)


@pytest.mark.parametrize(
    ("inlets", "live", "left"),
    [
        (2, 2, 6),
        (2, 1, 3),
        (3, 2, 4),
        (3, 1, 2),
        (6, 5, 5),
        (1, 1, 6),
        (1, 0, 0),
        (0, 0, 0),
        (4, 3, 4),
        (4, 2, 2),
    ],
)
def test_the_lost_inlets_are_taken_to_have_had_the_most(inlets: int, live: int, left: int):
    assert left == DGX.left(inlets, live)


def test_four_and_two_on_two_feeds_does_not_outlive_one_and_on_three_does():
    assert not DGX.carries(DGX.left(2, 1), 10_200, 10_200)
    assert DGX.carries(DGX.left(3, 2), 10_200, 10_200)


def test_a_cap_that_the_live_supplies_carry_lets_the_server_live():
    assert 9_900 == DGX.cap_for(3)
    assert DGX.carries(3, 9_900, 10_200)
    assert not DGX.carries(3, 9_901, 10_200)


def test_without_a_cap_ratings_alone_do_not_speak_against_the_vendor_s_count():
    strong = Supplies(count=6, needed=4, watts=5_000, needed_to_boot=3)

    assert not strong.carries(3, 10_200, 10_200)


def test_below_what_it_needs_to_boot_no_cap_helps():
    assert DGX.cap_for(2) is None
    assert not DGX.carries(2, 1_000, 10_200)


def test_supplies_are_told_as_the_vendor_writes_them():
    assert "4+2" == DGX.spread
