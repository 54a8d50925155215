"""How long servers run once the utility is gone."""

from __future__ import annotations

from fractions import Fraction

from argosy.site_facts.autonomy import Gap, autonomy_minutes, gaps
from argosy.site_facts.graph import FEED, PowerGraph, PowerNode

CELL = ("r1", ("a",))


def graph(*nodes: PowerNode) -> PowerGraph:
    found = {one.name: one for one in (PowerNode("a", FEED, 1000, 1000), *nodes)}
    return PowerGraph(found, {"r1": (nodes[-1].name if nodes else "a",)}, Fraction(1))


def ups(minutes: int, *parents: str, name: str = "ups") -> PowerNode:
    return PowerNode(name, "ups", 1000, 1000, parents, minutes)


def generator(start_seconds: int, minutes: int = 480) -> PowerNode:
    return PowerNode("gen", "generator", 1000, 1000, (), minutes, start_seconds)


def lasting(made: PowerGraph) -> int:
    return autonomy_minutes(made, [CELL])[CELL]


def test_a_feed_alone_lasts_no_minute():
    assert 0 == lasting(graph())


def test_a_battery_lasts_its_minutes():
    assert 10 == lasting(graph(ups(10, "a")))


def test_a_generator_that_the_battery_bridges_to_adds_its_own():
    made = graph(generator(600), ups(10, "a", "gen"))

    assert 490 == lasting(made)
    assert [] == list(gaps(made))


def test_a_generator_that_starts_when_the_battery_is_empty_adds_nothing_and_is_a_gap():
    made = graph(generator(601), ups(10, "a", "gen"))

    assert 10 == lasting(made)
    assert [Gap("ups", "gen", 10, 601)] == list(gaps(made))


def test_a_generator_without_a_battery_lets_the_servers_go_dark_first():
    board = PowerNode("board", "switchboard", 1000, 1000, ("a", "gen"))

    assert 0 == lasting(graph(generator(10), board))


def test_a_generator_behind_a_switchboard_counts_and_one_behind_another_battery_is_that_one_s():
    board = PowerNode("board", "switchboard", 1000, 1000, ("a", "gen"))

    assert 490 == lasting(graph(generator(30), board, ups(10, "board")))
    stacked = graph(generator(30), ups(5, "a", "gen", name="first"), ups(10, "first"))
    assert 495 == lasting(stacked)
    assert [] == list(gaps(stacked))


def test_a_generator_beside_a_small_battery_counts_for_the_large_one_that_bridges_to_it():
    made = graph(generator(300), ups(1, "a", name="small"), ups(10, "small", "gen"))

    assert 490 == lasting(made)


def test_of_several_inlets_the_one_that_lasts_longest_counts():
    nodes = [PowerNode("a", FEED, 1000, 1000), ups(10, "a", name="short"), ups(20, "a", name="long")]
    made = PowerGraph({one.name: one for one in nodes}, {"r1": ("short", "long")}, Fraction(1))

    assert 20 == lasting(made)


def test_a_generator_that_another_battery_stands_before_is_no_gap_of_the_one_below():
    made = graph(generator(600), ups(10, "a", "gen", name="first"), ups(5, "first"))

    assert [] == list(gaps(made))
    assert [Gap("first", "gen", 9, 600)] == list(
        gaps(graph(generator(600), ups(9, "a", "gen", name="first"), ups(5, "first")))
    )
