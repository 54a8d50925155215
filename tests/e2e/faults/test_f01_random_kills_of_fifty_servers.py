"""F1: fifty servers whose runs are killed one after another, at two hundred random boundaries in all."""

from __future__ import annotations

import random

import pytest

from .memory_hall import NewHall

SEEDS = range(4)
KILLS = 50
"""Of each seed."""
FARTHEST = 900
"""A run is killed at one of its first so many boundaries; a whole run of all fifty servers has some 4,600."""


@pytest.mark.parametrize("seed", SEEDS)
def test_fifty_servers_whose_runs_are_killed_at_random_come_up_once_each(
    new_hall: NewHall, seed: int
) -> None:
    drawn = random.Random(seed)
    kills = 0
    while kills < KILLS:
        # Each kill leaves a session on every BMC; how that ends is a case of its own (F8).
        hall = new_hall(servers=50, server_type="plain", session_limit=64)
        while kills < KILLS and hall.killed_up(drawn.randint(1, FARTHEST)):
            kills += 1
            hall.assert_safe()
        hall.assert_whole()
        hall.close()
