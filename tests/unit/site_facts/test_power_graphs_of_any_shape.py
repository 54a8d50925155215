"""Power graphs of any shape: what is told of them is what following every single way up tells.

The oracles below follow every way from its beginning, as often as there are ways: slow, and plain to see.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from argosy.site_facts.autonomy import Gap, autonomy_minutes, gaps
from argosy.site_facts.graph import FEED, PowerGraph, PowerNode, circle, levels
from argosy.site_facts.loads import Servers, heaviest

Names = tuple[str, ...]
steady = settings(deadline=None, derandomize=True, max_examples=200)


def ways_up(graph: PowerGraph, name: str) -> Iterator[Names]:
    """Every way from a unit up to something that hangs on nothing, in the order in which they take over."""
    parents = graph.nodes[name].parents
    if not parents:
        yield (name,)
    for parent in parents:
        for way in ways_up(graph, parent):
            yield (name, *way)


def minutes_of(graph: PowerGraph, way: Names) -> int:
    """How long the batteries of one way last, one after the other, and the generator behind the last of them.

    It counts if that battery bridges its start.
    """
    batteries = [place for place, name in enumerate(way) if graph.nodes[name].kind == "ups"]
    filled = [place for place in batteries if graph.nodes[way[place]].minutes]
    total = sum(graph.nodes[way[place]].minutes or 0 for place in filled)
    if not filled:
        return 0
    last = graph.nodes[way[filled[-1]]]
    for name in way[filled[-1] + 1 :]:
        one = graph.nodes[name]
        if one.kind == "ups":
            break
        if one.kind == "generator":
            in_time = (one.start_seconds or 0) <= (last.minutes or 0) * 60
            return total + ((one.minutes or 0) if in_time else 0)
    return total


@st.composite
def graphs(draw: st.DrawFn) -> PowerGraph:
    """A few feeds and units, each on some of those before it, and one rack on some of them."""
    nodes: dict[str, PowerNode] = {}
    for place in range(draw(st.integers(1, 8))):
        kind = draw(st.sampled_from((FEED, "ups", "ups", "generator", "pdu", "rack-pdu")))
        above = draw(st.lists(st.sampled_from([*nodes]), unique=True, max_size=3)) if nodes else []
        nodes[f"n{place}"] = PowerNode(
            f"n{place}",
            kind,
            1000,
            1000,
            tuple(above),
            draw(st.integers(0, 3)) if kind in ("ups", "generator") else None,
            draw(st.sampled_from((0, 60, 61, 120))) if kind == "generator" else None,
        )
    rack = draw(st.lists(st.sampled_from([*nodes]), unique=True, min_size=1, max_size=3))
    # Their order in the file says nothing of what hangs on what.
    shuffled = draw(st.permutations(list(nodes)))
    return PowerGraph({name: nodes[name] for name in shuffled}, {"r1": tuple(rack)}, Fraction(6, 5))


def cell_of(graph: PowerGraph) -> tuple[str, Names]:
    return "r1", tuple(sorted(graph.nodes))


@steady
@given(graphs())
def test_what_stands_above_a_unit_is_what_its_ways_up_lead_through(graph: PowerGraph):
    for name in graph.nodes:
        assert {one for way in ways_up(graph, name) for one in way} == graph.above(name)
        assert max(map(len, ways_up(graph, name))) == levels(graph)[name]


@steady
@given(graphs(), st.data())
def test_the_live_way_up_is_the_first_of_all_ways_on_which_nothing_is_lost(
    graph: PowerGraph, data: st.DataObject
):
    lost = data.draw(st.frozensets(st.sampled_from([*graph.nodes]), max_size=3))

    for name in graph.nodes:
        live = (way for way in ways_up(graph, name) if lost.isdisjoint(way))
        assert next(live, ()) == graph.path(name, lost)


@steady
@given(graphs())
def test_what_each_unit_carries_at_the_worst_is_found_by_trying_every_single_failure(graph: PowerGraph):
    cell, worst = cell_of(graph), dict[str, Fraction]()
    for lost in (None, *graph.nodes):
        live = [
            next((way for way in ways_up(graph, inlet) if lost not in way), ())
            for inlet in graph.inlets(cell)
        ]
        ways = [way for way in live if way]
        for name in {name for way in ways for name in way}:
            pue = graph.pue if graph.nodes[name].carries_cooling else 1
            share = Fraction(sum(name in way for way in ways), len(ways)) * pue
            worst[name] = max(worst.get(name, Fraction(0)), 700 * share)

    found = heaviest(graph, [Servers(((cell, 1),), 1, 700)])

    assert worst == {name: watts for name, (watts, _) in found.items()}


@steady
@given(graphs())
def test_a_server_lasts_as_long_as_the_way_up_that_lasts_longest(graph: PowerGraph):
    cell = cell_of(graph)
    longest = max(minutes_of(graph, way) for inlet in graph.inlets(cell) for way in ways_up(graph, inlet))

    assert {cell: longest} == autonomy_minutes(graph, [cell])


@steady
@given(graphs())
def test_a_gap_is_a_ups_that_some_way_up_leads_from_to_a_generator_that_starts_later(graph: PowerGraph):
    expected = set[Gap]()
    for node in graph.nodes.values():
        for way in ways_up(graph, node.name) if node.kind == "ups" else ():
            kinds = [graph.nodes[name].kind for name in way[1:]]
            first = next((place for place, kind in enumerate(kinds) if kind in ("ups", "generator")), None)
            if first is not None and kinds[first] == "generator":
                one = graph.nodes[way[1 + first]]
                if (node.minutes or 0) * 60 < (one.start_seconds or 0):
                    expected.add(Gap(node.name, one.name, node.minutes or 0, one.start_seconds or 0))

    found = list(gaps(graph))

    assert expected == set(found)
    assert len(expected) == len(found)


def _leads_back(parents: Mapping[str, Names], name: str) -> bool:
    above, before = set(parents[name]), set[str]()
    while above != before:
        before, above = above, above | {one for parent in above for one in parents[parent]}
    return name in above


@steady
@given(
    st.integers(1, 6).flatmap(
        lambda count: st.lists(
            st.lists(st.integers(0, count - 1), unique=True, max_size=3), min_size=count, max_size=count
        )
    )
)
def test_a_circle_is_found_just_where_a_unit_leads_back_to_itself(written: list[list[int]]):
    parents = {f"n{place}": tuple(f"n{one}" for one in above) for place, above in enumerate(written)}

    found = circle(parents)

    assert any(_leads_back(parents, name) for name in parents) == bool(found)
    assert all(above in parents[name] for name, above in pairwise(found))
    assert not found or (found[0] == found[-1] == min(found) and len(set(found)) == len(found) - 1)


def ladder(layers: int) -> PowerGraph:
    """Two units a layer, each on both of the layer above; a battery and a generator at the top."""
    nodes = {
        "gen": PowerNode("gen", "generator", 10**6, 10**6, (), 480, 60),
        "a": PowerNode("a", FEED, 10**6, 10**6),
        "l0-0": PowerNode("l0-0", "ups", 10**6, 10**6, ("a", "gen"), 10),
        "l0-1": PowerNode("l0-1", "ups", 10**6, 10**6, ("gen",), 5),
    }
    for layer in range(1, layers):
        above = (f"l{layer - 1}-0", f"l{layer - 1}-1")
        for side in range(2):
            nodes[f"l{layer}-{side}"] = PowerNode(f"l{layer}-{side}", "pdu", 10**6, 10**6, above)
    rack = (f"l{layers - 1}-0", f"l{layers - 1}-1")
    return PowerGraph(nodes, {"r1": rack}, Fraction(1))


@pytest.mark.parametrize("layers", [2, 40])
def test_a_ladder_is_followed_layer_by_layer_however_many_ways_lead_through_it(layers: int):
    made, cell = ladder(layers), ("r1", ("a",))

    assert {cell: 490} == autonomy_minutes(made, [cell])
    assert [] == list(gaps(made))
    assert () == made.path(f"l{layers - 1}-0", frozenset({"l0-0", "l0-1"}))
    assert (Fraction(700), "power unit l0-0") == heaviest(made, [Servers(((cell, 1),), 1, 700)])["l0-1"]


def test_a_chain_of_thousands_of_units_is_followed_to_its_end():
    names = [f"n{place}" for place in range(5_000)]
    nodes = {
        name: PowerNode(name, "ups", 1000, 1000, (above,) if above else (), 1)
        for name, above in zip(names, ["", *names], strict=False)
    }
    made, cell = PowerGraph(nodes, {"r1": (names[-1],)}, Fraction(1)), ("r1", ("n0",))

    assert {cell: 5_000} == autonomy_minutes(made, [cell])
    assert 5_000 == len(made.path(names[-1], frozenset())) == levels(made)[names[-1]]
    assert () == circle({name: node.parents for name, node in nodes.items()})
    assert 5_001 == len(circle({name: node.parents or (names[-1],) for name, node in nodes.items()}))
