"""The halls of a fleet file, as the commands need them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from urllib.parse import urlsplit

from argosy.catalog import Catalog, NotInCatalogError, ServerType, catalog_of
from argosy.errors import FleetError
from argosy.planner.power import supplies_of
from argosy.spec.inventory import ServerSpec
from argosy.spec.loader import LoadedFleet
from argosy.spec.models import HallSpec
from argosy_metal.settings import HallSettings
from argosy_metal.simulator.profiles import simulated_vendor
from argosy_metal.simulator.scenario_config import simulated_unit
from argosy_metal.simulator.world import (
    PowerRules,
    SimulatedFeed,
    SimulatedHall,
    SimulatedServer,
    SimulatorConfig,
)


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
    catalog = catalog_of(fleet)
    config = SimulatorConfig(
        halls=tuple(_simulated_hall(fleet, name, hall, catalog) for name, hall in simulated.items()),
        time_scale=first.time_scale,
        images=tuple(
            sorted({name for site, hall in simulated.items() for name in _images(fleet, site, hall)})
        ),
        power=_power_rules(simulated.values()),
    )
    return config, fleet.root / first.directory


def _nothing_to_simulate(fleet: LoadedFleet, site: str):
    return fleet.fault(
        f"sites.{site}",
        given="a real hall",
        expected="a simulated one, to be simulated",
        fix=f"add simulator: {{directory: .argosy/{fleet.name}/simulator}}, or name another fleet",
    )


def watts_of(catalog: Catalog, server_type: str) -> int | None:
    """Most that a server of a type draws, in watts; None if the catalogue does not know."""
    try:
        return catalog.server_type(server_type).node_power_watts
    except NotInCatalogError:
        return None


def _simulated_hall(fleet: LoadedFleet, name: str, hall: HallSpec, catalog: Catalog) -> SimulatedHall:
    inventory = fleet.inventories[name]
    return SimulatedHall(
        name=name,
        provision_host=_host(hall.phone_home),
        servers=tuple(
            _simulated_server(server, catalog.server_type(inventory.server_type_of(server)))
            for server in inventory.servers
        ),
        feeds=tuple(
            SimulatedFeed(feed.name, feed.rated_kw * 1000, feed.parents) for feed in hall.power.feeds
        ),
        units=tuple(map(simulated_unit, hall.power.units)),
        racks=hall.power.racks,
        uplinks=tuple(uplink.name for uplink in hall.uplinks),
        pue=float(hall.power.pue),
    )


def _simulated_server(server: ServerSpec, server_type: ServerType) -> SimulatedServer:
    return SimulatedServer(
        bmc_host=_host(server.bmc),
        serial=server.serial,
        server_type=server_type.name,
        rack=server.rack,
        feeds=server.feeds,
        vendor=simulated_vendor(server_type.name, server_type.vendor),
        max_watts=server_type.node_power_watts or 0,
        supplies=supplies_of(server_type),
        accelerators=server_type.accelerators,
    )


def _power_rules(halls: Iterable[HallSpec]) -> PowerRules:
    """One set of rules for all halls, so of different figures for start-up the highest."""
    given = [hall.power.start_up.inrush for hall in halls if hall.power.start_up.inrush is not None]
    return PowerRules(inrush=float(max(given))) if given else PowerRules()


def _images(fleet: LoadedFleet, site: str, hall: HallSpec) -> set[str]:
    """Names of the images that the hall's machines install: `node` of `…/images/node.iso`."""
    urls = [pool.image.url for pool in hall.node_pools.values() if pool.image is not None]
    cluster = fleet.site_settings(site, HallSettings).cluster
    if cluster and cluster.bootstrap:
        urls.append(cluster.bootstrap.image.url)
    return {Path(urlsplit(url).path).stem for url in urls}


def _host(url: str) -> str:
    return urlsplit(url).hostname or ""
