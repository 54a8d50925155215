"""What needs the hall's own provisioning service, beside installers, said when the file is checked. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from argosy.spec.models import HallSpec
from argosy_metal.settings import HallSettings, PoolSettings

if TYPE_CHECKING:
    from argosy.errors import Fault
    from argosy.spec.loader import LoadedFleet


def refuse_service(site: str, fleet: LoadedFleet, hall: HallSpec) -> Iterator[Fault]:
    """Every fault of one hall about its service."""
    settings = fleet.settings.sites.get(site)
    settings = settings if isinstance(settings, HallSettings) else HallSettings()
    if settings.provisioning is None:
        for path, what in _needs(site, fleet, hall, settings):
            yield fleet.fault(
                path,
                given=f"{what}, though {site} names no service that could give it",
                expected="`provisioning` in the settings of the hall",
                fix=f"write sites.{site}.settings.provisioning: {{url: 'https://…', token: 'file:PATH'}}",
            )
    elif hall.simulator is not None:
        yield from _simulated(site, fleet, hall, settings.provisioning.url)


def _needs(
    site: str, fleet: LoadedFleet, hall: HallSpec, settings: HallSettings
) -> Iterator[tuple[str, str]]:
    if settings.cluster is not None and settings.cluster.bootstrap is not None:
        yield f"sites.{site}.settings.cluster.bootstrap", "a control plane of its own"
    for name in sorted(hall.node_pools):
        own = fleet.settings.pools.get((site, name))
        if isinstance(own, PoolSettings) and own.acceptance is not None:
            # What an installation needs says `refusals_machines`: it depends on the hall's engine.
            yield f"sites.{site}.node_pools.{name}.settings.acceptance", "what machines must show"


def _simulated(site: str, fleet: LoadedFleet, hall: HallSpec, url: str) -> Iterator[Fault]:
    host = urlsplit(hall.phone_home).hostname
    if url.rstrip("/") != f"https://{host}":
        yield fleet.fault(
            f"sites.{site}.settings.provisioning.url",
            given=f"{url} for a simulated hall",
            expected="the host of its phone_home, where the simulator plays the service",
            fix=f"write https://{host}",
        )
