"""Which power feeds a device hangs on, along NetBox's cables. Pure.

A server's power port ends at a power feed, or at an outlet of a PDU; an outlet names the PDU's own power port
that supplies it, and that one ends at a feed, or at another PDU.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from argosy_metal.netbox.items import Endpoint, PowerOutlet, PowerPort

_FEED, _OUTLET = "dcim.powerfeed", "dcim.poweroutlet"


@dataclass(frozen=True)
class Power:
    """The power ports and outlets of a site."""

    ports: Mapping[int, PowerPort]
    outlets: Mapping[int, PowerOutlet]
    ports_of: Mapping[int, Sequence[PowerPort]]
    """By device."""

    @classmethod
    def of(cls, ports: Sequence[PowerPort], outlets: Sequence[PowerOutlet]) -> Power:
        """From the items of `dcim/power-ports` and `dcim/power-outlets`."""
        ports_of: dict[int, list[PowerPort]] = defaultdict(list)
        for port in ports:
            ports_of[port.device.id].append(port)
        return cls(
            ports={port.id: port for port in ports},
            outlets={outlet.id: outlet for outlet in outlets},
            ports_of=dict(ports_of),
        )

    def feeds_of(self, device: int) -> tuple[str, ...]:
        """Names of the feeds that a device's power ports lead to, sorted.

        Each port is followed once, however many ways lead to it.
        """
        found, seen, waiting = set[str](), set[int](), [*self.ports_of.get(device, ())]
        while waiting:
            port = waiting.pop()
            if port.id in seen:
                continue
            seen.add(port.id)
            for endpoint in port.connected_endpoints or ():
                if port.connected_endpoints_type == _FEED and endpoint.name:
                    found.add(endpoint.name)
                elif port.connected_endpoints_type == _OUTLET:
                    waiting += self._inlets(endpoint)
        return tuple(sorted(found))

    def _inlets(self, endpoint: Endpoint) -> Sequence[PowerPort]:
        """The ports that supply an outlet: the one that it names, or its device's only one."""
        outlet = self.outlets.get(endpoint.id, endpoint)
        if outlet.power_port is not None:
            named = self.ports.get(outlet.power_port.id)
            return [named] if named else []
        own = self.ports_of.get(outlet.device.id, ()) if outlet.device else ()
        return own if len(own) == 1 else []
