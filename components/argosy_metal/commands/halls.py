"""The halls of a fleet file, as the commands need them."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from argosy.errors import FleetError
from argosy.spec.loader import LoadedFleet
from argosy.spec.models import HallSpec
from argosy_metal.simulator.world import SimulatedHall, SimulatedServer, SimulatorConfig


def halls_of(fleet: LoadedFleet) -> dict[str, HallSpec]:
    """The fleet's halls by name. Raises FleetError if it has none."""
    halls = {name: site for name, site in sorted(fleet.spec.sites.items()) if isinstance(site, HallSpec)}
    if not halls:
        raise FleetError(
            [
                fleet.fault(
                    "sites",
                    given="no bare-metal hall",
                    expected="a site with provider: metal",
                    fix="name a fleet that has one",
                )
            ]
        )
    return halls


def has_simulated_halls(fleet: LoadedFleet) -> bool:
    """Whether any hall of the fleet is simulated."""
    return any(isinstance(site, HallSpec) and site.simulator for site in fleet.spec.sites.values())


def simulator_of(fleet: LoadedFleet) -> tuple[SimulatorConfig, Path]:
    """The simulator of the fleet's simulated halls, and its directory.

    Raises FleetError if no hall is simulated. That all of them share one simulator, `refusals` has checked.
    """
    simulated = {name: hall for name, hall in halls_of(fleet).items() if hall.simulator}
    if not simulated:
        raise FleetError([_nothing_to_simulate(fleet, name) for name in halls_of(fleet)])
    first = next(iter(simulated.values())).simulator
    assert first is not None  # noqa: S101 - chosen so above
    config = SimulatorConfig(
        halls=tuple(_simulated_hall(fleet, name, hall) for name, hall in simulated.items()),
        time_scale=first.time_scale,
        images=tuple(sorted({name for hall in simulated.values() for name in _images(hall)})),
    )
    return config, fleet.root / first.directory


def _nothing_to_simulate(fleet: LoadedFleet, site: str):
    return fleet.fault(
        f"sites.{site}",
        given="a real hall",
        expected="a simulated one, to be simulated",
        fix=f"add simulator: {{directory: .argosy/{fleet.name}/simulator}}, or name another fleet",
    )


def _simulated_hall(fleet: LoadedFleet, name: str, hall: HallSpec) -> SimulatedHall:
    inventory = fleet.inventories[name]
    return SimulatedHall(
        name=name,
        provision_host=_host(hall.phone_home),
        servers=tuple(
            SimulatedServer(
                bmc_host=_host(server.bmc),
                serial=server.serial,
                server_type=inventory.server_type_of(server),
                rack=server.rack,
                feeds=server.feeds,
            )
            for server in inventory.servers
        ),
    )


def _images(hall: HallSpec) -> set[str]:
    """Names of the images that the hall's pools install: `node` of `…/images/node.iso`."""
    urls = [pool.image.url for pool in hall.node_pools.values() if pool.image is not None]
    return {Path(urlsplit(url).path).stem for url in urls}


def _host(url: str) -> str:
    return urlsplit(url).hostname or ""
