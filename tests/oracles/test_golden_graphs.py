"""The graph of a pool, written down, for every way to get capacity and every fabric; and that of the site.

A change of any of them is seen in review, line by line. `pytest --update-snapshots` writes them anew.
"""

import pytest

from argosy_component.mock_engine import ResourceGraph
from argosy_component.testing import AssertMatchesSnapshot

from .conftest import GraphOf
from .plans import CAPACITIES, FABRICS

POOL = "argosy:index:EksNodePool"


def below(graph: ResourceGraph, urn: str) -> set[str]:
    """URNs of a resource and of all that stand below it."""
    return {urn}.union(*(below(graph, child.urn) for child in graph.children(urn)))


def only(graph: ResourceGraph, urns: set[str]) -> ResourceGraph:
    return ResourceGraph(tuple(one for one in graph.resources if one.urn in urns), {})


@pytest.mark.parametrize("capacity", CAPACITIES)
def test_a_pool_is_declared_as_written_down_for_capacity(
    capacity: str, graph_of: GraphOf, assert_matches_snapshot: AssertMatchesSnapshot
) -> None:
    graph = graph_of(CAPACITIES[capacity])

    pool = only(graph, below(graph, graph.one(POOL).urn))
    assert_matches_snapshot(pool, f"golden/capacity-{capacity}.json")


@pytest.mark.parametrize("fabric", FABRICS)
def test_a_pool_is_declared_as_written_down_for_fabric(
    fabric: str, graph_of: GraphOf, assert_matches_snapshot: AssertMatchesSnapshot
) -> None:
    graph = graph_of(FABRICS[fabric])

    pool = only(graph, below(graph, graph.one(POOL).urn))
    assert_matches_snapshot(pool, f"golden/fabric-{fabric}.json")


def test_a_site_is_declared_as_written_down(
    everything: ResourceGraph, assert_matches_snapshot: AssertMatchesSnapshot
) -> None:
    """With every setting, and without its pools, which have files of their own."""
    pools = {urn for pool in everything.of_type(POOL) for urn in below(everything, pool.urn)}

    assert_matches_snapshot(
        only(everything, {one.urn for one in everything.resources} - pools), "golden/site.json"
    )
