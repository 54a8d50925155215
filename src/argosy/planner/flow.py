"""Serve services from pools: exact, in whole nodes, by augmenting paths.

Max-flow over pools and services is exact for demand that splits into nodes: no other assignment serves more
(max-flow min-cut). Pools and services are visited in sorted order, so equal inputs give equal assignments.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from itertools import pairwise

Assignment = dict[str, dict[str, int]]
"""Service to pool to nodes, without zeros."""


def assign(
    room: Mapping[str, int], demand: Mapping[str, int], eligible: Mapping[str, frozenset[str]]
) -> Assignment:
    """As much of `demand` (by service) as `room` (by pool) can serve at all; `eligible` is by service."""
    free = dict(sorted(room.items()))
    served: Assignment = {service: {} for service in sorted(demand)}
    for service, nodes in sorted(demand.items()):
        missing = nodes
        while missing and (path := _path_to_free_pool(service, free, served, eligible)):
            missing -= _push(path, missing, free, served)
    return {
        service: {pool: nodes for pool, nodes in sorted(pools.items()) if nodes}
        for service, pools in served.items()
    }


def _path_to_free_pool(
    start: str, free: Mapping[str, int], served: Assignment, eligible: Mapping[str, frozenset[str]]
) -> list[tuple[str, str]]:
    """Shortest chain of (service, pool): each service moves to its pool, the last pool has room."""
    seen: set[str] = set()
    queue: deque[tuple[str, tuple[str, str] | None]] = deque([(start, None)])
    steps: dict[tuple[str, str], tuple[str, str] | None] = {}
    while queue:
        service, before = queue.popleft()
        for pool in sorted(eligible[service] - seen):
            seen.add(pool)
            steps[service, pool] = before
            if free.get(pool, 0) > 0:
                return _unwind((service, pool), steps)
            queue.extend(
                (other, (service, pool)) for other, pools in served.items() if pools.get(pool, 0) > 0
            )
    return []


def _unwind(
    last: tuple[str, str], steps: Mapping[tuple[str, str], tuple[str, str] | None]
) -> list[tuple[str, str]]:
    path: list[tuple[str, str]] = []
    step: tuple[str, str] | None = last
    while step is not None:
        path.append(step)
        step = steps[step]
    return path[::-1]


def _push(path: list[tuple[str, str]], most: int, free: dict[str, int], served: Assignment) -> int:
    """Move nodes along the path; answers how many more nodes its first service now has."""
    # Each later service gives up, in the pool before, what the service before it takes there.
    given_up = [served[service][pool] for (_, pool), (service, _) in pairwise(path)]
    nodes = min([most, free[path[-1][1]], *given_up])
    for (_, pool), (service, _) in pairwise(path):
        served[service][pool] -= nodes
    for service, pool in path:
        served[service][pool] = served[service].get(pool, 0) + nodes
    free[path[-1][1]] -= nodes
    return nodes
