"""What a loss leaves: nodes by how soon they can work, quota, and power."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import TYPE_CHECKING

from argosy.planner.offerings import PoolFacts, offering_in_zone, zones_of
from argosy.planner.power import lost_nodes
from argosy.planner.power_after import at_moment, told_in_time
from argosy.planner.power_report import losing
from argosy.spec.models import CloudSiteSpec, HallSpec
from argosy.what_if.drill_floors import Part, parts_of
from argosy.what_if.drill_model import Left

if TYPE_CHECKING:
    from argosy.planner.contingencies import Loss
    from argosy.planner.offerings import Supply
    from argosy.planner.problem import Case, Holdings, Witness
    from argosy.spec.loader import LoadedFleet

_MARKET = ("on-demand", "spot", "flex")


class Remains:
    """What is left of the holdings after a loss."""

    def __init__(
        self,
        fleet: LoadedFleet,
        supply: Supply,
        held: Holdings,
        loss: Loss,
        cases: tuple[Case, Case],
        witness: Witness,
    ) -> None:
        self.now, self.late = cases
        """The loss at the time of the drill, and after 4 hours, when cold nodes count too."""
        self._fleet, self._supply, self._held, self._loss = fleet, supply, held, loss
        self._witness = witness
        self._parts: frozenset[Part] = parts_of(loss, fleet)
        self.pools: Mapping[str, PoolFacts] = {pool.id: pool for pool in supply.pools}
        self._limits = [limit for limit in supply.limits if limit.id.startswith("quota ")]

    def nodes(self, offering: str, *, late: bool = False) -> int:
        """Nodes of the offering that are left, and have power; `late`: cold ones too, as from 4 hours on."""
        case = self.late if late else self.now
        if offering in case.lost:
            return 0
        if offering in self.now.capped - self.now.lost:
            return self._witness.powered.get(offering, 0)
        return self._held.get(offering, 0)

    def of_pool(self, pool: str, *, late: bool = False) -> int:
        """Nodes that are left of a pool."""
        return sum(self.nodes(o.id, late=late) for o in self._supply.offerings if o.pool == pool)

    def is_struck(self, pool: str) -> bool:
        """Whether the pool loses nodes that ran, or power for some."""
        offerings = [o.id for o in self._supply.offerings if o.pool == pool and self._held.get(o.id, 0)]
        return any(self.nodes(o, late=True) < self._held[o] for o in offerings)

    def is_cold(self, pool: str) -> bool:
        """Whether the pool's nodes are held, but not running."""
        return self.pools[pool].spec.readiness == "cold"

    def hoped(self, pool: str) -> int:
        """Nodes that the market might give, beyond those held, within nodes and quotas. Never counted."""
        facts = self.pools[pool]
        zones = [zone for zone in zones_of(facts.spec) if ("zone", facts.site, zone) not in self._parts]
        gone = ("site", facts.site) in self._parts or not zones
        if facts.capacity_type not in _MARKET or gone or self._no_spot(facts):
            return 0
        held = sum(self._held.get(offering_in_zone(pool, zone), 0) for zone in zones_of(facts.spec))
        rooms = [facts.bounds[1] - held]
        for limit in self._limits:
            each = limit.coefficients.get(offering_in_zone(pool, zones[0]), 0)
            if each and limit.upper is not None:
                rooms.append((limit.upper - self._counted(limit.coefficients)) // each)
        return max(0, min(rooms)) + (held if facts.capacity_type == "flex" else 0)

    def _no_spot(self, facts: PoolFacts) -> bool:
        return facts.capacity_type == "spot" and ("spot", facts.site) in self._parts

    def _counted(self, coefficients: Mapping[str, int]) -> int:
        return sum(each * self._held.get(offering, 0) for offering, each in coefficients.items())

    def quotas(self) -> Iterator[Left]:
        """What pools of the market and shared quotas have left; nodes in a lost zone still count."""
        for pool, facts in sorted(self.pools.items()):
            if facts.capacity_type in _MARKET and ("site", facts.site) not in self._parts:
                held = sum(self._held.get(offering_in_zone(pool, zone), 0) for zone in zones_of(facts.spec))
                most = facts.bounds[1]
                yield Left(pool, str(most - held), str(most), "nodes")
        for limit in self._limits:
            site = limit.id.rpartition(" of ")[2]
            spec = self._fleet.spec.sites[site]
            if ("site", site) not in self._parts and isinstance(spec, CloudSiteSpec):
                quota = next(q for q in spec.quotas if limit.id == f"quota {q.name} of {site}")
                left = quota.limit - self._counted(limit.coefficients)
                yield Left(f"{site} {quota.name}", str(left), str(quota.limit), quota.unit)

    def down(self) -> Iterator[str]:
        """What the lost feeds and power units of each hall that is left take down."""
        for name, site in sorted(self._supply.sites.items()):
            lost = lost_nodes(self._loss, name)
            if lost and site.power is not None and ("site", name) not in self._parts:
                yield losing(name, at_moment(site.power, lost, self.now.minutes * 60), self._held, lost)

    def in_time(self) -> Iterator[str]:
        """What batteries and generators of each hall that is left do after the loss."""
        for name, site in sorted(self._supply.sites.items()):
            lost = lost_nodes(self._loss, name)
            if lost and site.power is not None and ("site", name) not in self._parts:
                yield from told_in_time(site.power, lost)

    def feeds(self) -> Iterator[Left]:
        """What every live feed of the halls that are left carries on top of the nodes that run."""
        for name, hall in self._fleet.spec.sites.items():
            if not isinstance(hall, HallSpec) or ("site", name) in self._parts:
                continue
            power = self._supply.sites[name].power
            if power is None:
                continue
            lost = lost_nodes(self._loss, name)
            power = at_moment(power, lost, self.now.minutes * 60)
            for limit in power.limits(lost):
                node = power.graph.nodes[limit.id.rpartition("/")[2]]
                drawn = sum(draw * self.nodes(o) for o, draw in limit.coefficients.items())
                room_kw = Fraction(node.room_watts, 1000)
                left = round((1 - Fraction(drawn, limit.upper or 1)) * room_kw * 10) / 10
                yield Left(f"{name}/{node.name}", f"{left:.1f}", f"{float(room_kw):g}", "kW")
