"""Which power feeds a device hangs on, along NetBox's cables. Pure.

A server's power port ends at a power feed, or at an outlet of a PDU; an outlet names the PDU's own power port
that supplies it, and that one ends at a feed, or at another PDU.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from argosy_metal.netbox.client import Item

_FEED, _OUTLET = "dcim.powerfeed", "dcim.poweroutlet"


@dataclass(frozen=True)
class Power:
    """The power ports and outlets of a site."""

    ports: Mapping[int, Item]
    outlets: Mapping[int, Item]
    ports_of: Mapping[int, Sequence[Item]]
    """By device."""

    @classmethod
    def of(cls, ports: Sequence[Item], outlets: Sequence[Item]) -> Power:
        """From the items of `dcim/power-ports` and `dcim/power-outlets`."""
        ports_of: dict[int, list[Item]] = defaultdict(list)
        for port in ports:
            ports_of[port["device"]["id"]].append(port)
        return cls(
            ports={item["id"]: item for item in ports},
            outlets={item["id"]: item for item in outlets},
            ports_of=dict(ports_of),
        )

    def feeds_of(self, device: int) -> tuple[str, ...]:
        """Names of the feeds that a device's power ports lead to, sorted."""
        ports = self.ports_of.get(device, ())
        return tuple(sorted({feed for port in ports for feed in self._ends(port, frozenset())}))

    def _ends(self, port: Item, seen: frozenset[int]) -> Iterator[str]:
        """Names of the feeds at the end of a port's cable; `seen` ends a loop of cables."""
        if port["id"] in seen:
            return
        endpoints: Sequence[Any] = port.get("connected_endpoints") or ()
        for endpoint in endpoints:
            if port.get("connected_endpoints_type") == _FEED:
                yield str(endpoint["name"])
            elif port.get("connected_endpoints_type") == _OUTLET:
                for inlet in self._inlets(endpoint):
                    yield from self._ends(inlet, seen | {port["id"]})

    def _inlets(self, endpoint: Mapping[str, Any]) -> Sequence[Item]:
        """The ports that supply an outlet: the one that it names, or its device's only one."""
        outlet = self.outlets.get(endpoint["id"], endpoint)
        named = outlet.get("power_port")
        if named:
            return [self.ports[named["id"]]] if named["id"] in self.ports else []
        own = self.ports_of.get(outlet["device"]["id"], ())
        return own if len(own) == 1 else []
