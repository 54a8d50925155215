"""Which failures a fleet must survive: every scenario that the lines of `survive` stand for.

| line | one scenario per |
|---|---|
| `any provider` | provider, with all its sites; the halls that no cloud runs count as one provider, `metal` |
| `any two providers` | pair of providers |
| `any site` | site |
| `any zone` | zone of a cloud, over all sites in it; a hall is a zone of its own |
| `any rack` | rack that holds a server of the lock |
| `any feed` | feed of a hall |
| `any uplink` | uplink of a hall; uplinks in one conduit fail together, across halls as well |
| `spot` | one scenario: all spot capacity is gone at once |
| a provider's or a site's name | that provider or site |

`nothing lost`, which must serve everything, always comes first. Lines that lead to the same scenario with the
same time are one scenario with the higher floors.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations
from typing import Literal

from argosy.planner.estate import Estate
from argosy.spec.models import SurvivalSpec

NOMINAL = "nothing lost"

Within = Literal["0", "15m", "4h"]
_MINUTES: dict[Within, int] = {"0": 0, "15m": 15, "4h": 240}


@dataclass(frozen=True)
class Loss:
    """Everything that one scenario takes away."""

    sites: frozenset[str] = frozenset()
    zones: frozenset[tuple[str, str]] = frozenset()
    """(provider, zone)."""
    racks: frozenset[tuple[str, str]] = frozenset()
    """(site, rack)."""
    feeds: frozenset[tuple[str, str]] = frozenset()
    """(site, feed)."""
    uplinks: frozenset[tuple[str, str]] = frozenset()
    """(site, uplink)."""
    spot: bool = False


@dataclass(frozen=True)
class Scenario:
    """A failure and the floors that must hold `within` its time."""

    id: str
    within: Within
    training: Fraction
    inference: Fraction
    loss: Loss

    @property
    def key(self) -> tuple[str, Within]:
        """What tells scenarios of one fleet apart."""
        return self.id, self.within


_Named = Iterator[tuple[str, Loss]]


def enumerate_scenarios(survive: Iterable[SurvivalSpec], estate: Estate) -> tuple[Scenario, ...]:
    """Every scenario of `survive`, `nothing lost` first, then by id and time. A line may match nothing.

    Raises ValueError for a line that is none of the table above: `argosy.spec.checks` lets none pass.
    """
    merged: dict[tuple[str, Within], Scenario] = {}
    for line in survive:
        for name, loss in _losses(line.lose, estate):
            scenario = Scenario(
                name, line.within, Fraction(line.keep.training), Fraction(line.keep.inference), loss
            )
            merged[scenario.key] = _stricter(scenario, merged.get(scenario.key))
    nominal = Scenario(NOMINAL, "0", Fraction(1), Fraction(1), Loss())
    return (nominal, *sorted(merged.values(), key=lambda s: (s.id, _MINUTES[s.within])))


def _stricter(scenario: Scenario, other: Scenario | None) -> Scenario:
    if other is None:
        return scenario
    training = max(scenario.training, other.training)
    inference = max(scenario.inference, other.inference)
    return Scenario(scenario.id, scenario.within, training, inference, scenario.loss)


def _losses(lose: str, estate: Estate) -> _Named:
    if lose in SCENARIOS_OF:
        return SCENARIOS_OF[lose](estate)
    if lose in estate.sites.values():
        return iter([_provider(lose, estate)])
    if lose in estate.sites:
        return iter([_site(lose)])
    # A line without scenarios would be taken for survived.
    raise ValueError(f"`lose: {lose}` stands for no scenario, nor for a provider or site")


def _provider(provider: str, estate: Estate) -> tuple[str, Loss]:
    return f"lose provider {provider}", Loss(sites=_sites_of(estate, provider))


def _site(site: str) -> tuple[str, Loss]:
    return f"lose site {site}", Loss(sites=frozenset({site}))


def _sites_of(estate: Estate, *providers: str) -> frozenset[str]:
    return frozenset(site for site, provider in estate.sites.items() if provider in providers)


def _each_provider(estate: Estate) -> _Named:
    for provider in sorted(set(estate.sites.values())):
        yield _provider(provider, estate)


def _each_two_providers(estate: Estate) -> _Named:
    for pair in combinations(sorted(set(estate.sites.values())), 2):
        yield f"lose providers {' and '.join(pair)}", Loss(sites=_sites_of(estate, *pair))


def _each_site(estate: Estate) -> _Named:
    for site in estate.sites:
        yield _site(site)


def _each_zone(estate: Estate) -> _Named:
    for provider, zone in sorted({(pool.provider, zone) for pool in estate.pools for zone in pool.by_zone}):
        yield f"lose zone {provider}/{zone}", Loss(zones=frozenset({(provider, zone)}))
    for site in estate.halls:
        yield f"lose zone {site}", Loss(sites=frozenset({site}))


def _each_rack(estate: Estate) -> _Named:
    racks = {(pool.site, server.rack) for pool in estate.pools for server in pool.servers}
    for site, rack in sorted(racks):
        yield f"lose rack {site}/{rack}", Loss(racks=frozenset({(site, rack)}))


def _each_feed(estate: Estate) -> _Named:
    for site, hall in estate.halls.items():
        for feed in sorted(hall.feed_watts):
            yield f"lose feed {site}/{feed}", Loss(feeds=frozenset({(site, feed)}))


def _each_uplink(estate: Estate) -> _Named:
    conduits: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for site, hall in estate.halls.items():
        for link in hall.uplinks:
            if link.conduit is None:
                yield f"lose uplink {site}/{link.name}", Loss(uplinks=frozenset({(site, link.name)}))
            else:
                conduits[link.conduit].add((site, link.name))
    for conduit, links in sorted(conduits.items()):
        alone = len(links) == 1
        name = f"lose uplink {'/'.join(*links)}" if alone else f"lose conduit {conduit}"
        yield name, Loss(uplinks=frozenset(links))


def _spot(_estate: Estate) -> _Named:
    yield "lose spot", Loss(spot=True)


SCENARIOS_OF: Mapping[str, Callable[[Estate], _Named]] = {
    "any provider": _each_provider,
    "any two providers": _each_two_providers,
    "any site": _each_site,
    "any zone": _each_zone,
    "any rack": _each_rack,
    "any feed": _each_feed,
    "any uplink": _each_uplink,
    "spot": _spot,
}
"""What `lose` may say besides a name, to its scenarios: the same lines as `argosy.spec.checks.LOSSES`."""
