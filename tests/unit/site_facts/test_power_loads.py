"""What feeds and units carry, whatever single one is lost; worked by hand."""

from __future__ import annotations

from fractions import Fraction

import pytest

from argosy.site_facts.graph import FEED, PowerGraph, PowerNode
from argosy.site_facts.loads import NOTHING_LOST, Servers, carried, heaviest, overloads, starts_at_once

BOTH = ("r1", ("a", "b"))
ONLY_A = ("r1", ("a",))


def feed(name: str, kw: int) -> PowerNode:
    return PowerNode(name, FEED, kw * 1000, kw * 1000)


def two_feeds(kw: int = 100, pue: str = "1.2") -> PowerGraph:
    return PowerGraph({name: feed(name, kw) for name in "ab"}, {}, Fraction(pue))


def eight(watts: int = 10_200, running: int = 8) -> list[Servers]:
    return [Servers(((BOTH, 8),), running, watts)]


def test_each_feed_carries_half_with_nothing_lost_and_everything_alone():
    # 8 x 10.2 kW x 1.2 = 97.92 kW
    assert {"a": 48_960, "b": 48_960} == carried(two_feeds(), eight())
    assert {"b": 97_920} == carried(two_feeds(), eight(), frozenset({"a"}))
    assert {"a": (97_920, "feed b"), "b": (97_920, "feed a")} == heaviest(two_feeds(), eight())


def test_what_fits_is_no_overload_and_one_watt_more_is():
    assert [] == list(overloads(two_feeds(98), eight()))

    exact = [Servers(((BOTH, 1),), 1, 1001)]
    found = list(overloads(PowerGraph({"a": feed("a", 1), "b": feed("b", 2)}, {}, Fraction(1)), exact))
    assert [("a", "feed b", 1001, 1000)] == [(o.node, o.lost, o.carried_watts, o.room_watts) for o in found]


def test_an_overload_says_the_cap_under_which_it_fits():
    first, _ = overloads(two_feeds(90), eight())

    # 90 kW / (8 x 1.2)
    assert 9_375 == first.cap_watts
    assert [] == list(overloads(two_feeds(90), eight(first.cap_watts)))
    assert list(overloads(two_feeds(90), eight(first.cap_watts + 1)))


def test_what_is_too_much_already_says_so():
    found = list(overloads(two_feeds(20), [Servers(((ONLY_A, 8),), 8, 10_200)]))

    assert [("a", NOTHING_LOST)] == [(one.node, one.lost) for one in found]


def test_servers_of_which_nobody_says_where_they_run_burden_each_node_at_the_least():
    mixed = [Servers(((BOTH, 4), (ONLY_A, 4)), 5, 1000)]

    # Feed a carries at least four halves and one whole; feed b at least one half, with four on a alone.
    assert {"a": 3_000, "b": 500} == carried(two_feeds(pue="1"), mixed)


def test_what_other_servers_draw_stays_on_a_feed_when_a_failure_moves_only_some():
    servers = [Servers(((BOTH, 4),), 4, 1000), Servers(((("r2", ("b",)), 4),), 4, 1000)]

    # Feed b carries 4 kW of its own, and of the others half their 4 kW, or all once feed a is lost.
    assert {"a": (4_000, "feed b"), "b": (8_000, "feed a")} == heaviest(two_feeds(pue="1"), servers)


def test_servers_that_do_not_run_draw_nothing():
    assert {} == carried(two_feeds(), eight(running=0))


def test_so_many_may_start_at_once_as_their_inrush_leaves_room_for():
    # Each feed is rated for 100 kW and carries 48.96; a start adds 4 x 10.2 kW x 0.6 = 24.48 kW to it.
    assert {"a": 2, "b": 2} == starts_at_once(two_feeds(), eight(), Fraction(5))
    assert {"a": 8, "b": 8} == starts_at_once(two_feeds(), eight(), Fraction(2))


def test_none_may_start_where_the_running_ones_take_all():
    assert {"a": 0, "b": 0} == starts_at_once(two_feeds(49), eight(), Fraction(5))


@pytest.mark.parametrize("large_first", [True, False])
def test_so_many_may_start_at_once_as_the_steepest_of_unlike_servers_leaves_room_for(large_first: bool):
    large, small = Servers(((ONLY_A, 2),), 2, 10_000), Servers(((ONLY_A, 4),), 4, 5_000)
    servers = [large, small] if large_first else [small, large]

    # All together draw 40 kW; the start of a large one adds 4 x 10 kW, that of a small one 4 x 5 kW.
    assert {"a": 1} == starts_at_once(two_feeds(pue="1"), servers, Fraction(5))


def test_a_start_may_draw_up_to_the_rating_that_no_load_may_draw_for_long():
    derated = PowerGraph({"a": PowerNode("a", FEED, 100_000, 80_000)}, {}, Fraction(1))

    # 8 x 5 kW run, and a start adds 4 x 5 kW: three fit the rating of 100 kW, two fit 80 kW.
    assert {"a": 3} == starts_at_once(derated, [Servers(((ONLY_A, 8),), 8, 5_000)], Fraction(5))
