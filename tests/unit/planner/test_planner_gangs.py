"""Jobs are placed whole, as many as can be, in the same way every time."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from argosy.planner import gangs as gangs_module
from argosy.planner.gangs import Gang, place_gangs

POOLS = ("p0", "p1", "p2")


def best_score(gangs: list[Gang], room: dict[str, int]) -> tuple[int, int]:
    """(nodes of jobs that must run, nodes) of the best of all placements."""
    best = (0, 0)
    for choice in product(*[[*gang.pools, None] for gang in gangs]):
        used = {pool: sum(g.nodes for g, c in zip(gangs, choice, strict=True) if c == pool) for pool in room}
        if all(used[pool] <= room[pool] for pool in room):
            placed = [g for g, c in zip(gangs, choice, strict=True) if c]
            best = max(best, (sum(g.nodes for g in placed if g.must_run), sum(g.nodes for g in placed)))
    return best


sizes = st.lists(
    st.tuples(st.integers(1, 5), st.lists(st.sampled_from(POOLS), unique=True), st.booleans()), max_size=5
)


@settings(deadline=None)  # the machine may be busy
@given(sizes, st.fixed_dictionaries({pool: st.integers(0, 7) for pool in POOLS}))
def test_no_placement_runs_more(sizes: list[tuple[int, list[str], bool]], room: dict[str, int]) -> None:
    gangs = [Gang(f"j{i}", nodes, tuple(pools), must) for i, (nodes, pools, must) in enumerate(sizes)]
    everything = sum(gang.nodes for gang in gangs)
    placement = place_gangs(gangs, room, everything)

    running = [gang for gang in gangs if gang.name in placement.pool_of]
    assert placement.complete
    assert best_score(gangs, room) == (
        sum(gang.nodes for gang in running if gang.must_run),
        sum(gang.nodes for gang in running),
    )
    for pool in POOLS:
        assert room[pool] >= sum(g.nodes for g in running if placement.pool_of[g.name] == pool)
    for gang in running:
        assert placement.pool_of[gang.name] in gang.pools


def test_the_search_goes_back_on_a_choice_that_leaves_no_room() -> None:
    picky, easy = Gang("picky", 2, ("p0",), True), Gang("easy", 3, ("p0", "p1"), True)

    assert {"easy": "p1", "picky": "p0"} == place_gangs([easy, picky], {"p0": 4, "p1": 3}, 5).pool_of


def test_it_stops_once_enough_runs() -> None:
    jobs = [Gang(name, 2, ("p0",), False) for name in ("a", "b", "c")]

    assert {"a": "p0", "b": "p0"} == place_gangs(jobs, {"p0": 6}, 3).pool_of


def test_the_first_pool_that_fits_is_taken() -> None:
    assert {"a": "p1"} == place_gangs([Gang("a", 2, ("p1", "p0"), True)], {"p0": 9, "p1": 9}, 2).pool_of


def test_a_job_is_never_split_over_pools() -> None:
    assert {} == place_gangs([Gang("a", 4, POOLS, True)], dict.fromkeys(POOLS, 3), 4).pool_of


def test_a_search_that_hits_its_bound_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gangs_module, "MAX_STEPS", 3)
    jobs = [Gang(f"j{i}", 3, POOLS, True) for i in range(6)]

    assert not place_gangs(jobs, dict.fromkeys(POOLS, 4), 18).complete


def test_a_thousand_jobs_need_no_thousand_frames() -> None:
    jobs = [Gang(f"j{i}", 1, ("p0",), True) for i in range(2000)]

    assert 2000 == len(place_gangs(jobs, {"p0": 2000}, 2000).pool_of)
