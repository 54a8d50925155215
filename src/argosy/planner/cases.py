"""From scenarios to cases: what each failure does to every offering, and what must be kept.

| loss | effect |
|---|---|
| site, provider | everything there is gone |
| zone, rack | the offerings in it are gone |
| feed, power unit | offerings that hang on nothing live, or whose live power supplies are too few, are gone; of the others so many stay on as the live feeds and units carry. Generators count while their minutes last, batteries only to bridge their start |
| uplink | a hall with no data link but satellites serves nobody; one with no uplink at all counts as lost; training stays where the links that are left carry its checkpoints |
| spot | all spot offerings are gone |

Market capacity never counts toward a floor: `flex` offerings are gone in every case. `cold` ones count from 4 hours
on, and not with nothing lost.
"""  # noqa: E501

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from math import ceil
from typing import TYPE_CHECKING

from argosy.planner.contingencies import NOMINAL, Loss, Scenario, enumerate_scenarios
from argosy.planner.offerings import Site, Supply, stock_of
from argosy.planner.power import lost_nodes
from argosy.planner.power_after import at_moment, promised
from argosy.planner.problem import Case, Gang, Limit, LinkLimit, Row
from argosy.spec.models import HallSpec

if TYPE_CHECKING:
    from argosy.spec.loader import LoadedFleet

_COLD_MINUTES = 240
_SATELLITES = ("leo", "geo")


def cases_of(
    fleet: LoadedFleet, supply: Supply, rows: Sequence[Row], gangs: Sequence[Gang]
) -> Iterator[Case]:
    """A case per scenario of the fleet file, `nothing lost` first."""
    for scenario in enumerate_scenarios(fleet):
        yield case_of(fleet, supply, rows, gangs, scenario)


def case_of(
    fleet: LoadedFleet,
    supply: Supply,
    rows: Sequence[Row],
    gangs: Sequence[Gang],
    scenario: Scenario,
    moment: float | None = None,
) -> Case:
    """One scenario as a case.

    `moment`: power as it is so many seconds after the loss, by batteries too; without it, the power that is
    promised from the scenario's time on.
    """
    fate = _Fate(fleet, supply, gangs, scenario, moment)
    nominal = scenario.id == NOMINAL
    floors = {row.id: ceil(scenario.floor(row.workload) * row.demand) for row in rows}
    jobs = frozenset(gang.id for gang in gangs if nominal or _must_run(gang, scenario))
    trained = ceil(scenario.training * sum(gang.nodes for gang in gangs))
    return Case(
        scenario.id,
        scenario.within,
        scenario.minutes,
        frozenset(fate.lost),
        frozenset(fate.unserving),
        tuple(fate.power),
        tuple(fate.links),
        {row: units for row, units in sorted(floors.items()) if units},
        jobs,
        trained,
        tuple(f"survive[{index}]" for index in scenario.statements),
    )


def _must_run(gang: Gang, scenario: Scenario) -> bool:
    own = scenario.workloads.get(gang.id)
    return own > 0 if own is not None else gang.protected and scenario.training > 0


class _Fate:
    """What becomes of every offering once something is lost."""

    def __init__(
        self,
        fleet: LoadedFleet,
        supply: Supply,
        gangs: Sequence[Gang],
        scenario: Scenario,
        moment: float | None,
    ) -> None:
        self.lost: set[str] = set()
        self.unserving: set[str] = set()
        self.power: list[Limit] = []
        self.links: list[LinkLimit] = []
        self._gangs, self._minutes, self._moment = gangs, scenario.minutes, moment
        loss = scenario.loss
        for site in supply.sites.values():
            self._strike(site, loss)
            spec = fleet.spec.sites[site.name]
            if isinstance(spec, HallSpec) and site.name not in loss.sites:
                self._cut_links(site, spec, loss)
                self._cut_power(fleet, site, loss)

    def _strike(self, site: Site, loss: Loss) -> None:
        if site.name in loss.sites:
            self.lost.update(site.all)
            return
        self.lost.update(site.flex)
        if loss.spot:
            self.lost.update(site.spot)
        if self._minutes < _COLD_MINUTES:
            self.lost.update(site.cold)
        for provider, zone in loss.zones:
            if provider == site.provider:
                self.lost.update(site.by_zone.get(zone, ()))
        racks = {rack for name, rack in loss.racks if name == site.name}
        if racks:
            self.lost.update(offering for offering, (rack, _) in site.cells.items() if rack in racks)

    def _cut_links(self, site: Site, hall: HallSpec, loss: Loss) -> None:
        left = [link for link in hall.uplinks if (site.name, link.name) not in loss.uplinks]
        if not left:
            self.lost.update(site.all)
            return
        data = [link for link in left if not link.usage or "data" in link.usage]
        if all(link.kind in _SATELLITES for link in data):
            self.unserving.update(offering for offering in site.all if offering not in self.lost)
        mbps = sum(link.mbps for link in data)
        pools = frozenset(offering.partition("@")[0] for offering in site.all)
        most = sum(max((gang.traffic.get(pool, 0) for pool in pools), default=0) for gang in self._gangs)
        if most > mbps:
            self.links.append(LinkLimit(f"uplinks of {site.name}", pools, mbps))

    def _cut_power(self, fleet: LoadedFleet, site: Site, loss: Loss) -> None:
        lost = lost_nodes(loss, site.name)
        if not lost or site.power is None:
            return
        power = (
            promised(site.power, lost, self._minutes)
            if self._moment is None
            else at_moment(site.power, lost, self._moment)
        )
        self.lost.update(offering for offering, node in power.nodes.items() if power.dark(node, lost))
        limits = [
            dataclasses.replace(limit, coefficients=self._alive(limit.coefficients))
            for limit in power.limits(lost)
        ]
        if power.binds(limits, stock_of(fleet, site.name)):
            self.power += limits

    def _alive(self, draws: Mapping[str, int]) -> dict[str, int]:
        return {offering: draw for offering, draw in draws.items() if offering not in self.lost}


def nominal_scenario() -> Scenario:
    """`nothing lost`, in which everything must be served."""
    return Scenario(NOMINAL, "0", Fraction(1), Fraction(1), {}, Loss())
