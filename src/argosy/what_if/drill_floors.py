"""Which lines of `survive` ask something of a loss, and what: the floors that a drill is held against.

A line asks of a loss what it asks of any loss that takes all of it away too: who must survive two providers
must survive one of them. It asks from its `within` on.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from argosy.planner.cases import case_of
from argosy.planner.contingencies import NOMINAL, Loss, Scenario, enumerate_scenarios
from argosy.planner.offerings import zones_of
from argosy.spec.models import HallSpec

if TYPE_CHECKING:
    from argosy.planner.offerings import Supply
    from argosy.planner.problem import Case, Gang, Row
    from argosy.spec.loader import LoadedFleet
    from argosy.spec.models import SiteSpec

Part = tuple[str, ...]
"""`("site", NAME)`, `("zone", SITE, ZONE)`, `("rack", SITE, RACK)`, `("feed", SITE, FEED)`,
`("unit", SITE, UNIT)`, …"""


@dataclass(frozen=True)
class Asked:
    """What the fleet file asks of one loss at one time."""

    case: Case
    """With the floors of every line that asks, the highest of each."""
    by: tuple[Scenario, ...]
    """Scenarios whose floors hold by now."""
    later: tuple[Scenario, ...]
    """Scenarios that ask something of this loss, but only later."""


def asked_of(
    fleet: LoadedFleet,
    supply: Supply,
    rows: Sequence[Row],
    gangs: Sequence[Gang],
    scenario: Scenario,
    moment: float,
) -> Asked:
    """The loss of the scenario as a case, with everything that `survive` asks of it by then.

    Power is that of `moment`, in seconds after the loss.
    """
    covering = tuple(_covering(fleet, scenario.loss))
    by = tuple(one for one in covering if one.minutes <= scenario.minutes)
    later = tuple(one for one in covering if one.minutes > scenario.minutes)
    asking = [case_of(fleet, supply, rows, gangs, one) for one in by]
    return Asked(_with_floors(case_of(fleet, supply, rows, gangs, scenario, moment), asking), by, later)


def parts_of(loss: Loss, fleet: LoadedFleet) -> frozenset[Part]:
    """Everything that a loss takes away, down to what single sites have."""
    found: set[Part] = set()
    for name, site in fleet.spec.sites.items():
        parts = set(_parts_of_site(name, site, fleet))
        if name in loss.sites:
            found |= parts
        lost: set[Part] = {("zone", name, zone) for provider, zone in loss.zones if provider == site.provider}
        if loss.spot:
            lost.add(("spot", name))
        # A zone that a site does not use is not lost there.
        found |= lost & parts
    found |= {("rack", *rack) for rack in loss.racks}
    found |= {("feed", *feed) for feed in loss.feeds} | {("unit", *unit) for unit in loss.units}
    return frozenset(found | {("uplink", *uplink) for uplink in loss.uplinks})


def _parts_of_site(name: str, site: SiteSpec, fleet: LoadedFleet) -> Iterator[Part]:
    yield ("site", name)
    for pool in site.node_pools.values():
        yield from (("zone", name, zone) for zone in zones_of(pool))
        if pool.capacity is not None and pool.capacity.type == "spot":
            yield ("spot", name)
    if isinstance(site, HallSpec):
        yield from (("feed", name, feed.name) for feed in site.power.feeds)
        yield from (("unit", name, unit.name) for unit in site.power.units)
        yield from (("uplink", name, link.name) for link in site.uplinks)
        yield from (("rack", name, server.rack) for server in fleet.inventories[name].servers)


def _covering(fleet: LoadedFleet, loss: Loss) -> Iterator[Scenario]:
    parts = parts_of(loss, fleet)
    for scenario in enumerate_scenarios(fleet):
        if scenario.id == NOMINAL:
            continue
        if scenario.loss == loss or (parts and parts <= parts_of(scenario.loss, fleet)):
            yield scenario


def _with_floors(case: Case, asking: Iterable[Case]) -> Case:
    floors: dict[str, int] = {}
    jobs: frozenset[str] = frozenset()
    training = 0
    statements: set[str] = set()
    for one in asking:
        for row, units in one.floors.items():
            floors[row] = max(units, floors.get(row, 0))
        jobs |= one.jobs
        training = max(training, one.training)
        statements.update(one.statements)
    return dataclasses.replace(
        case,
        floors=dict(sorted(floors.items())),
        jobs=jobs,
        training=training,
        statements=tuple(sorted(statements)),
    )
