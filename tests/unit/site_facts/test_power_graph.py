"""The power of a hall as a graph: what hangs on what, and what is live once something is lost."""

from __future__ import annotations

from fractions import Fraction

import pytest

from argosy.site_facts.graph import FEED, PowerGraph, PowerNode, circle

BOTH = ("r1", ("a", "b"))


def node(name: str, kind: str = "pdu", *parents: str, kw: int = 100, derate: str = "1") -> PowerNode:
    watts = kw * 1000
    return PowerNode(name, kind, watts, int(watts * Fraction(derate)), parents)


def graph(*nodes: PowerNode, racks: dict[str, tuple[str, ...]] | None = None, pue: str = "1.2") -> PowerGraph:
    return PowerGraph({one.name: one for one in nodes}, racks or {}, Fraction(pue))


@pytest.fixture
def chain() -> PowerGraph:
    """Utility to switchboard to feed a to a rack PDU; a generator behind the switchboard; feed b bare."""
    return graph(
        node("grid", "utility"),
        node("gen", "generator"),
        node("board", "switchboard", "grid", "gen"),
        node("a", FEED, "board"),
        node("b", FEED),
        node("r1-a", "rack-pdu", "a"),
        node("r1-b", "rack-pdu", "b"),
        racks={"r1": ("r1-a", "r1-b")},
    )


def test_in_a_hall_of_feeds_alone_a_server_hangs_on_its_feeds_directly():
    plain = graph(node("a", FEED), node("b", FEED))

    assert not plain.has_units
    assert ("a", "b") == plain.inlets(BOTH)
    assert {"a": Fraction(3, 5), "b": Fraction(3, 5)} == plain.shares(BOTH)
    assert {"b": Fraction(6, 5)} == plain.shares(BOTH, frozenset({"a"}))


def test_a_server_hangs_on_the_units_of_its_rack_that_lead_to_its_own_feeds(chain: PowerGraph):
    assert ("r1-a", "r1-b") == chain.inlets(BOTH)
    assert ("r1-b",) == chain.inlets(("r1", ("b",)))
    assert () == chain.inlets(("r9", ("a", "b")))


def test_a_transfer_switch_hangs_on_the_first_parent_that_is_live(chain: PowerGraph):
    assert ("board", "grid") == chain.path("board", frozenset())
    assert ("board", "gen") == chain.path("board", frozenset({"grid"}))
    assert () == chain.path("board", frozenset({"grid", "gen"}))


def test_all_load_moves_to_the_generator_once_the_utility_is_lost(chain: PowerGraph):
    nothing_lost = chain.shares(BOTH)
    on_the_generator = chain.shares(BOTH, frozenset({"grid"}))

    assert "gen" not in nothing_lost
    assert nothing_lost["grid"] == on_the_generator["gen"] == Fraction(3, 5)


def test_cooling_counts_everywhere_but_in_the_rack(chain: PowerGraph):
    shares = chain.shares(BOTH)

    assert Fraction(1, 2) == shares["r1-a"]
    assert Fraction(3, 5) == shares["a"] == shares["board"]


def test_what_stands_above_a_lost_unit_carries_less_and_what_hangs_on_it_is_dark(chain: PowerGraph):
    lost = frozenset({"board"})

    assert ("r1-b",) == chain.live_inlets(BOTH, lost)
    assert {"r1-b": Fraction(1), "b": Fraction(6, 5)} == chain.shares(BOTH, lost)


def test_every_feed_and_every_unit_is_a_single_failure_by_the_words_that_name_it(chain: PowerGraph):
    words = [words for words, _ in chain.failures()]

    assert ["power unit grid", "power unit gen", "power unit board", "feed a", "feed b"] == words[:5]
    assert len(chain.nodes) == len(words)


def test_a_unit_may_lead_up_to_several_feeds():
    switched = graph(
        node("a", FEED), node("b", FEED), node("ats", "rack-pdu", "a", "b"), racks={"r1": ("ats",)}
    )

    assert frozenset({"ats", "a", "b"}) == switched.above("ats")
    assert {"ats": Fraction(1), "b": Fraction(6, 5)} == switched.shares(BOTH, frozenset({"a"}))


@pytest.mark.parametrize(
    ("parents", "found"),
    [
        ({"a": (), "b": ("a",)}, ()),
        ({"a": ("a",)}, ("a", "a")),
        (
            {"top": ("one",), "one": ("two",), "two": ("three",), "three": ("one",)},
            ("one", "two", "three", "one"),
        ),
        ({"one": ("two", "three"), "two": ("three",), "three": ()}, ()),
    ],
)
def test_a_circle_is_found_where_there_is_one(parents: dict[str, tuple[str, ...]], found: tuple[str, ...]):
    assert found == circle(parents)
