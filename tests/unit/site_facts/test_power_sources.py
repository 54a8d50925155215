"""What a hall hangs on as time goes by, held against the autonomy that the file's check asks for."""

from __future__ import annotations

from fractions import Fraction
from itertools import count

from hypothesis import given
from hypothesis import strategies as st

from argosy.site_facts.autonomy import autonomy_minutes
from argosy.site_facts.graph import FEED, PowerGraph, PowerNode
from argosy.site_facts.sources import PowerSources

CELL = ("r1", ("a", "b"))


def graph(battery_minutes: tuple[int, int], generator_minutes: int, start_seconds: int) -> PowerGraph:
    """A battery on each of two feeds, a generator behind both."""
    nodes = [
        PowerNode("a", FEED, 1000, 1000),
        PowerNode("b", FEED, 1000, 1000),
        PowerNode("gen", "generator", 1000, 1000, (), generator_minutes, start_seconds),
        *(
            PowerNode(f"ups-{feed}", "ups", 1000, 1000, (feed, "gen"), minutes)
            for feed, minutes in zip("ab", battery_minutes, strict=True)
        ),
    ]
    return PowerGraph({node.name: node for node in nodes}, {"r1": ("ups-a", "ups-b")}, Fraction(1))


def dark_after_seconds(made: PowerGraph, lost: frozenset[str]) -> float:
    sources, at = PowerSources(made), 0.0
    for _ in count():
        sources.settle(lost, at)
        if not any(map(sources.is_live, made.inlets(CELL))):
            return at
        at = sources.next_change()
    raise AssertionError


@given(
    batteries=st.tuples(st.integers(1, 60), st.integers(1, 60)),
    generator=st.integers(1, 600),
    start=st.integers(0, 60),
)
def test_without_any_feed_a_server_goes_dark_when_its_autonomy_ends(
    batteries: tuple[int, int], generator: int, start: int
) -> None:
    made = graph(batteries, generator, start)

    assert autonomy_minutes(made, [CELL])[CELL] * 60 == dark_after_seconds(made, made.feeds)


def test_with_one_feed_left_a_server_never_goes_dark() -> None:
    made = graph((10, 10), 60, 45)

    assert float("inf") == dark_of_one_feed(made)


def dark_of_one_feed(made: PowerGraph) -> float:
    """The last change, after which b is all that is left."""
    sources, at = PowerSources(made), 0.0
    while at < float("inf"):
        sources.settle(frozenset({"a"}), at)
        assert sources.is_live("ups-b")
        at = sources.next_change()
    assert () == sources.way("ups-a")
    return at


def test_what_sources_do_is_told_in_their_order() -> None:
    sources = PowerSources(graph((10, 10), 60, 45))
    seen = [("rests", "rests")]
    for at in (0, 45, 45 + 3600, 70 * 60):
        sources.settle({"a"}, at)
        seen.append((sources.status("ups-a"), sources.status("gen")))

    assert [
        ("rests", "rests"),
        ("gives", "starts"),
        ("rests", "gives"),
        ("gives", "empty"),
        ("empty", "empty"),
    ] == seen
