"""A hall's power some time after a loss: batteries that bridge, generators that start, and both at their end.

`promised` says what holds from some minutes on: generators count while they carry, and batteries only bridge
their start. `at_moment` says what is so at one moment, with batteries while they last. A server that was dark
until a generator carried has power again from then on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from argosy.planner.power import HallPower
from argosy.site_facts.graph import PowerGraph
from argosy.site_facts.sources import PowerSources, Way


@dataclass(frozen=True, kw_only=True)
class _GraphAfter(PowerGraph):
    """The graph after one loss at one moment: whoever asks for a way up is told that of this moment."""

    ways: Mapping[str, Way]

    def path(self, name: str, lost: frozenset[str]) -> Way:
        return self.ways.get(name, ())


def promised(power: HallPower, lost: frozenset[str], minutes: int) -> HallPower:
    """The hall once `lost` are lost, with what supplies it `minutes` later and as long as generators run."""
    if lost.isdisjoint(power.started_by):
        return power
    graph, seconds = power.graph, minutes * 60.0
    then = _sources_at(graph, lost, seconds)
    started = [
        graph.nodes[name].start_seconds or 0 for name, state in then.states.items() if state.since is not None
    ]
    carried = _sources_at(graph, lost, max(seconds, *started, 0.0))
    inlets = frozenset[str]().union(*graph.racks.values()) or graph.feeds
    dark = {name for name in inlets if not then.is_live(name)}
    ways = {name: way for name, way in _ways(graph, carried) if name not in dark and not _ends(graph, way)}
    return _after(power, ways)


def at_moment(power: HallPower, lost: frozenset[str], seconds: float) -> HallPower:
    """The hall as it is so many seconds after `lost` are lost."""
    if not _has_sources(power.graph):
        return power
    return _after(power, dict(_ways(power.graph, _sources_at(power.graph, lost, seconds))))


def moments(power: HallPower, lost: frozenset[str]) -> Iterator[float]:
    """Seconds after the loss at which a generator carries, or it or a battery runs out; none without them."""
    if _has_sources(power.graph):
        yield from (at for at, _ in _history(power.graph, lost) if at > 0)


def told_in_time(power: HallPower, lost: frozenset[str]) -> Iterator[str]:
    """What batteries and generators do after a loss, a line for each moment, `after 60 min: gen is empty`."""
    before: dict[str, str] = {}
    for at, sources in _history(power.graph, lost) if _has_sources(power.graph) else ():
        now = {name: sources.status(name) for name in sources.states}
        told = {
            word: [
                name for name, status in now.items() if status == word and before.get(name, "rests") != word
            ]
            for word in dict.fromkeys(now.values())
        }
        before = now
        said = [
            f"{_few(names)} {_VERBS[word][len(names) > 1]}"
            for word, names in told.items()
            if names and word in _VERBS
        ]
        if said:
            yield f"{power.site}: {f'after {told_seconds(at)}' if at else 'at once'}: {', '.join(said)}"


def _few(names: list[str]) -> str:
    if len(names) > _MOST_NAMED:
        return f"{', '.join(names[:_MOST_NAMED])} and {len(names) - _MOST_NAMED} more"
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


_MOST_NAMED = 6
_VERBS = {
    "starts": ("starts", "start"),
    "gives": ("carries", "carry"),
    "empty": ("is empty", "are empty"),
}


def told_seconds(seconds: float) -> str:
    """`45 s`, `70 min`, `70 min 45 s`."""
    minutes, rest = divmod(round(seconds), 60)
    return " ".join([f"{minutes} min"] * bool(minutes) + [f"{rest} s"] * bool(rest))


def _history(graph: PowerGraph, lost: frozenset[str]) -> Iterator[tuple[float, PowerSources]]:
    """Every moment at which something changes by itself, from the loss on, with what is so from then on."""
    sources = PowerSources(graph)
    at = 0.0
    while at < float("inf"):
        sources.settle(lost, at)
        yield at, sources
        at = sources.next_change()


def _sources_at(graph: PowerGraph, lost: frozenset[str], seconds: float) -> PowerSources:
    sources = PowerSources(graph)
    sources.settle(lost, 0.0)
    while (at := sources.next_change()) <= seconds:
        sources.settle(lost, at)
    return sources


def _has_sources(graph: PowerGraph) -> bool:
    return any(node.kind in ("ups", "generator") for node in graph.nodes.values())


def _ways(graph: PowerGraph, sources: PowerSources) -> Iterator[tuple[str, Way]]:
    for node in graph.nodes.values():
        # A generator that rests or starts is not dark: nobody has needed it yet.
        waits = node.kind == "generator" and sources.status(node.name) in ("rests", "starts")
        if way := sources.way(node.name) or ((node.name,) if waits else ()):
            yield node.name, way


def _ends(graph: PowerGraph, way: Way) -> bool:
    """Whether a battery supplies it."""
    last = graph.nodes[way[-1]]
    return last.kind == "ups" and bool(last.parents)


def _after(power: HallPower, ways: Mapping[str, Way]) -> HallPower:
    graph = power.graph
    return replace(power, graph=_GraphAfter(nodes=graph.nodes, racks=graph.racks, pue=graph.pue, ways=ways))
