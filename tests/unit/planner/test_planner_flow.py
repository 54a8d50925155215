"""The assignment of services to pools is possible, and no other serves more."""

from __future__ import annotations

from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st

from argosy.planner.flow import assign

POOLS = ["p0", "p1", "p2", "p3"]
SERVICES = ["s0", "s1", "s2"]


def most_served(room: dict[str, int], demand: dict[str, int], eligible: dict[str, frozenset[str]]) -> int:
    """By min-cut: no set of services is served more than its pools have room for."""
    total = sum(demand.values())
    subsets = [c for size in range(len(demand) + 1) for c in combinations(sorted(demand), size)]
    cuts = [
        sum(demand[s] for s in demand if s not in chosen)
        + sum(room[p] for p in frozenset[str]().union(*(eligible[s] for s in chosen)))
        for chosen in subsets
    ]
    return min([total, *cuts])


@settings(deadline=None)  # the machine may be busy
@given(
    room=st.fixed_dictionaries({pool: st.integers(0, 6) for pool in POOLS}),
    demand=st.fixed_dictionaries({service: st.integers(0, 8) for service in SERVICES}),
    eligible=st.fixed_dictionaries({s: st.frozensets(st.sampled_from(POOLS)) for s in SERVICES}),
)
def test_no_assignment_serves_more(
    room: dict[str, int], demand: dict[str, int], eligible: dict[str, frozenset[str]]
) -> None:
    served = assign(room, demand, eligible)

    assert most_served(room, demand, eligible) == sum(sum(pools.values()) for pools in served.values())
    for service, pools in served.items():
        assert pools.keys() <= eligible[service]
        assert sum(pools.values()) <= demand[service]
    for pool in POOLS:
        assert sum(pools.get(pool, 0) for pools in served.values()) <= room[pool]


def test_a_service_makes_room_for_another_that_has_no_choice() -> None:
    eligible = {"choosy": frozenset({"p0"}), "any": frozenset({"p0", "p1"})}

    assert {"any": {"p1": 2}, "choosy": {"p0": 2}} == assign(
        {"p0": 2, "p1": 2}, {"any": 2, "choosy": 2}, eligible
    )


def test_the_order_of_pools_and_services_does_not_matter() -> None:
    room, demand = {"p0": 3, "p1": 3}, {"s0": 2, "s1": 3}
    eligible = {service: frozenset(room) for service in demand}
    backwards = assign(dict(reversed(room.items())), dict(reversed(demand.items())), eligible)

    assert list(assign(room, demand, eligible).items()) == list(backwards.items())
