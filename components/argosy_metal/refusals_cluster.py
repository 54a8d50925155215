"""What could not work about a hall's cluster and its control plane, said when the file is checked. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import TYPE_CHECKING

from argosy.spec.models import HallSpec
from argosy_component.naming import GPU_TAINT
from argosy_metal.hall_plan import CONTROL_PLANE
from argosy_metal.refusals_machines import refuse_install
from argosy_metal.settings import HallSettings, PoolSettings
from argosy_metal.settings.cluster import BootstrapSettings, JoinSettings

if TYPE_CHECKING:
    from argosy.errors import Fault
    from argosy.spec.loader import LoadedFleet

_WHY_ODD = "more than half of the members decide, so an even number survives no more than one less"


def refuse_cluster(site: str, fleet: LoadedFleet, hall: HallSpec) -> Iterator[Fault]:
    """Every fault of how the machines of one hall become Nodes."""
    settings = fleet.settings.sites.get(site)
    cluster = settings.cluster if isinstance(settings, HallSettings) else None
    for pool in sorted(hall.node_pools):
        own = fleet.settings.pools.get((site, pool))
        if isinstance(own, PoolSettings) and own.join is not None:
            at = f"sites.{site}.node_pools.{pool}.settings.join"
            yield from _joins_nothing(site, fleet, hall, at, has_cluster=cluster is not None)
            yield from _taken_taints(fleet, at, own.join)
    if cluster is not None and cluster.bootstrap is not None:
        yield from _Bootstrap(site, fleet, hall, cluster.bootstrap).faults()


def _taken_taints(fleet: LoadedFleet, at: str, join: JoinSettings) -> Iterator[Fault]:
    """A Node takes one taint of a key and an effect, and every pool's nodes bear the one for GPUs."""
    taken = {(GPU_TAINT.key, GPU_TAINT.effect)}
    for number, taint in enumerate(join.taints):
        if (taint.key, taint.effect) in taken:
            yield fleet.fault(
                f"{at}.taints[{number}]",
                given=f"{taint.key} with {taint.effect} a second time",
                expected="each key once for an effect; every pool has nvidia.com/gpu with NoSchedule already",
                fix="delete it, or give it a key of its own",
            )
        taken.add((taint.key, taint.effect))


def _joins_nothing(
    site: str, fleet: LoadedFleet, hall: HallSpec, at: str, *, has_cluster: bool
) -> Iterator[Fault]:
    if not has_cluster:
        yield fleet.fault(
            at,
            given=f"join, though {site} names no cluster",
            expected="`cluster` in the settings of the hall",
            fix=f"write sites.{site}.settings.cluster: {{kubeconfig: PATH}}, or delete join",
        )
    elif hall.simulator is not None:
        yield fleet.fault(
            at,
            given="join in a simulated hall",
            expected="no join: a simulated machine runs no kubelet, and never becomes a Node",
            fix="delete it",
        )


@dataclass(frozen=True)
class _Bootstrap:
    site: str
    fleet: LoadedFleet
    hall: HallSpec
    settings: BootstrapSettings

    @property
    def at(self) -> str:
        return f"sites.{self.site}.settings.cluster.bootstrap"

    def faults(self) -> Iterator[Fault]:
        yield from self._count()
        yield from self._servers()
        yield from self._racks()
        yield from self._ranges()
        yield from self._name()
        own = PoolSettings(install=self.settings.install, wipe=self.settings.wipe)
        yield from refuse_install(self.fleet, self.at, own, by_ironic=self._by_ironic)

    @property
    def _by_ironic(self) -> bool:
        hall = self.fleet.settings.sites.get(self.site)
        return isinstance(hall, HallSettings) and hall.engine == "ironic"

    def _count(self) -> Iterator[Fault]:
        serials = self.settings.control_plane
        if len(set(serials)) != len(serials):
            yield self._fault(
                "control_plane", given="a serial twice", expected="each server once", fix="name another"
            )
        elif len(serials) % 2 == 0:
            yield self._fault(
                "control_plane",
                given=f"{len(serials)} servers",
                expected=f"an odd number, as a rule three: {_WHY_ODD}",
                fix="name one more or one less",
            )

    def _servers(self) -> Iterator[Fault]:
        inventory = self.fleet.inventories[self.site]
        known = {server.serial for server in inventory.servers}
        for serial in dict.fromkeys(self.settings.control_plane):
            if serial not in known:
                yield self._fault(
                    "control_plane",
                    given=f"{serial}, which {self.hall.inventory} does not have",
                    expected="serial numbers of the hall's inventory",
                    fix="correct it, or add the server to the inventory",
                )
            elif serial not in inventory.out_of_service:
                yield self._fault(
                    "control_plane",
                    given=f"{serial}, which a plan may give to a pool",
                    expected="servers that no pool may hold",
                    fix=f"write out_of_service: {{{serial}: {{reason: control plane}}}} in"
                    f" {self.hall.inventory}, then run `argosy plan`",
                )

    def _racks(self) -> Iterator[Fault]:
        """One rack must not take the majority, and with it the whole cluster, away."""
        racks = {server.serial: server.rack for server in self.fleet.inventories[self.site].servers}
        named = [serial for serial in self.settings.control_plane if serial in racks]
        shared = [serial for serial in named if [racks[one] for one in named].count(racks[serial]) > 1]
        if shared and len(self.settings.control_plane) > 1:
            yield self._fault(
                "control_plane",
                given=f"{', '.join(f'{serial} in rack {racks[serial]}' for serial in shared)}",
                expected="servers in different racks, so that no rack that fails takes two of them",
                fix="name servers of other racks",
            )

    def _ranges(self) -> Iterator[Fault]:
        ranges: dict[str, IPv4Network | IPv6Network] = {}
        given = {"pod_cidr": self.settings.pod_cidr, "service_cidr": self.settings.service_cidr}
        for name, text in given.items():
            try:
                ranges[name] = ip_network(text)
            except ValueError:
                yield self._fault(
                    name,
                    given=text,
                    expected="an address range, e.g. 10.244.0.0/16",
                    fix="write the network's first address and its length",
                )
        if self.hall.cidr is not None:
            ranges[f"the hall's cidr {self.hall.cidr}"] = ip_network(self.hall.cidr)
        names = list(ranges)
        for index, name in enumerate(names[:2]):
            for other in names[index + 1 :]:
                if name in given and ranges[name].overlaps(ranges[other]):
                    yield self._fault(
                        name,
                        given=f"{ranges[name]}, which overlaps {other}",
                        expected="ranges that share no address",
                        fix="choose another range",
                    )

    def _name(self) -> Iterator[Fault]:
        if CONTROL_PLANE in self.hall.node_pools:
            yield self.fleet.fault(
                f"sites.{self.site}.node_pools.{CONTROL_PLANE}",
                given=f"a pool called {CONTROL_PLANE}, as the servers of the hall's own control plane are",
                expected="another name",
                fix="rename the pool",
            )

    def _fault(self, name: str, *, given: str, expected: str, fix: str) -> Fault:
        return self.fleet.fault(f"{self.at}.{name}", given=given, expected=expected, fix=fix)
