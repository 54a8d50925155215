"""What could not be provisioned in a hall, said when the fleet file is checked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from argosy.catalog import catalog_of
from argosy.spec.models import HallSpec
from argosy_metal.refusals_acceptance import refuse_acceptance
from argosy_metal.refusals_cluster import refuse_cluster
from argosy_metal.refusals_engine import is_by_ironic, refuse_engine
from argosy_metal.refusals_files import refuse_files
from argosy_metal.refusals_firmware import refuse_firmware
from argosy_metal.refusals_machines import refuse_machines
from argosy_metal.refusals_power import refuse_caps
from argosy_metal.refusals_service import refuse_service
from argosy_metal.refusals_storage import refuse_storage

if TYPE_CHECKING:
    from argosy.catalog import Catalog
    from argosy.errors import Fault
    from argosy.spec.loader import LoadedFleet


def refuse(site: str, fleet: LoadedFleet, catalog: Catalog | None = None) -> Sequence[Fault]:
    """Every fault of one hall."""
    catalog = catalog or catalog_of(fleet)
    hall = fleet.spec.sites[site]
    if not isinstance(hall, HallSpec):
        return ()
    faults: list[Fault] = [
        *refuse_engine(site, fleet, hall),
        *refuse_firmware(site, fleet, hall),
        *refuse_machines(site, fleet, hall),
        *refuse_service(site, fleet, hall),
        *refuse_cluster(site, fleet, hall),
        *refuse_acceptance(site, fleet, hall, catalog),
        *refuse_caps(site, fleet, hall, catalog),
        *refuse_storage(site, fleet, hall, catalog),
        *refuse_files(site, fleet, hall),
    ]
    if hall.simulator is None and not is_by_ironic(site, fleet):
        faults += _missing_authority(site, fleet, hall)
    if hall.simulator is not None:
        faults += _hosts_that_are_not_simulated(site, fleet, hall)
        faults += _clocks_that_differ(site, fleet, hall)
    return faults


def _missing_authority(site: str, fleet: LoadedFleet, hall: HallSpec) -> Iterator[Fault]:
    """A BMC that nobody vouches for is never given a password."""
    unpinned = [one.serial for one in fleet.inventories[site].servers if one.certificate_sha256 is None]
    if hall.ca_certificate is None and unpinned:
        yield fleet.fault(
            f"sites.{site}.ca_certificate",
            given=f"no authority, and no pinned certificate for {_few(unpinned)}",
            expected="the PEM file of the authority that signed the BMCs' certificates, or the certificate of"
            " each BMC pinned",
            fix="add ca_certificate: PATH, or certificate_sha256 to each of these servers in the inventory",
        )


def _few(serials: Sequence[str]) -> str:
    """The first three, and how many more."""
    more = f" and {len(serials) - 3} more" if len(serials) > 3 else ""
    return ", ".join(serials[:3]) + more


def _hosts_that_are_not_simulated(site: str, fleet: LoadedFleet, hall: HallSpec) -> Iterator[Fault]:
    """A hall is simulated as a whole: no request meant for its simulator may reach a real network."""
    domain = _domain(hall.phone_home)
    if not domain.endswith(".test"):
        yield fleet.fault(
            f"sites.{site}.phone_home",
            given=f"{hall.phone_home} for a simulated hall",
            expected="a host under .test, which no real network has (RFC 6761)",
            fix=f"write https://provision.{site}.test/phone-home",
        )
    for index, server in enumerate(fleet.inventories[site].servers):
        if _domain(server.bmc) != domain:
            yield fleet.fault(
                f"servers[{index}].bmc",
                site=site,
                given=f"{server.bmc} in a simulated hall",
                expected=f"a host directly under {domain}, as the hall's phone_home is",
                fix=f"write https://bmc-{server.serial.lower()}.{domain}",
            )


def _clocks_that_differ(site: str, fleet: LoadedFleet, hall: HallSpec) -> Iterator[Fault]:
    for name, other in sorted(fleet.spec.sites.items()):
        if (
            name >= site
            or not isinstance(other, HallSpec)
            or other.simulator is None
            or hall.simulator is None
        ):
            continue
        if other.simulator.directory != hall.simulator.directory:
            expected = f"one simulator for all halls of a fleet, as {name} has it"
            fix = f"write directory: {other.simulator.directory}"
        elif other.simulator.time_scale != hall.simulator.time_scale:
            expected = f"one clock for all halls of a simulator, as {name} has it"
            fix = f"write time_scale: {other.simulator.time_scale}"
        else:
            continue
        yield fleet.fault(
            f"sites.{site}.simulator",
            given=f"{hall.simulator.directory} at {hall.simulator.time_scale}x",
            expected=expected,
            fix=fix,
        )
        return


def _domain(url: str) -> str:
    return (urlsplit(url).hostname or "").partition(".")[2]
