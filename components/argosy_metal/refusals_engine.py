"""What a hall whose engine is Ironic cannot have, said when the fleet file is checked. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from argosy.spec.claims import IronicClaimsSpec
from argosy.spec.models import HallSpec
from argosy_metal.settings import HallSettings, PoolSettings
from argosy_metal.settings.engine import IronicSettings

if TYPE_CHECKING:
    from argosy.errors import Fault
    from argosy.spec.loader import LoadedFleet

GOES_THROUGH_IRONIC = frozenset({"install", "wipe", "acceptance", "join"})
"""Settings of a pool that mean the same with either engine."""
REDFISH_ONLY: Mapping[str, str] = {
    "bios": "Ironic sets BIOS attributes in cleaning only, which this engine orders for wipes alone",
    "firmware": "Ironic updates firmware in cleaning or servicing only, and keeps no baseline",
    "storage": "Ironic lays out RAID in cleaning only, which this engine orders for wipes alone",
    "secure_boot": "Ironic knows whether secure boot is on, and has no keys",
    "power_cap": "Ironic's API has no power limits",
}
"""Settings of a pool that a hall with this engine cannot have, and why."""


def is_by_ironic(site: str, fleet: LoadedFleet) -> bool:
    """Whether Ironic is the engine of a hall."""
    settings = fleet.settings.sites.get(site)
    return isinstance(settings, HallSettings) and settings.engine == "ironic"


def refuse_engine(site: str, fleet: LoadedFleet, hall: HallSpec) -> Iterator[Fault]:
    """Every fault of one hall that comes from its engine."""
    settings = fleet.settings.sites.get(site)
    if not isinstance(settings, HallSettings):
        return
    at = f"sites.{site}.settings"
    if (settings.engine == "ironic") != (settings.ironic is not None):
        yield fleet.fault(
            f"{at}.engine",
            given=f"engine {settings.engine} {'with' if settings.ironic else 'without'} `ironic`",
            expected="both or neither",
            fix="write `engine: ironic` and `ironic: {url: …}`, or delete both",
        )
    if settings.ironic is None:
        return
    yield from _access(fleet, f"{at}.ironic", settings.ironic)
    yield from _claims(site, fleet, hall)
    yield from _pinned(site, fleet)
    for pool in sorted(hall.node_pools):
        own = fleet.settings.pools.get((site, pool))
        if isinstance(own, PoolSettings):
            yield from _pool(fleet, f"sites.{site}.node_pools.{pool}.settings", own)


def _access(fleet: LoadedFleet, at: str, ironic: IronicSettings) -> Iterator[Fault]:
    parts = urlsplit(ironic.url)
    if parts.scheme == "http" and not _is_here(parts.hostname or ""):
        yield fleet.fault(
            f"{at}.url",
            given=f"{ironic.url}, which is not encrypted",
            expected="https, or an address of this computer: Ironic is told the BMCs' passwords",
            fix="let Ironic's API, or a proxy before it, speak TLS",
        )
    refs = [ironic.username_ref is not None, ironic.password_ref is not None]
    if any(refs) != (ironic.auth == "http_basic") or len(set(refs)) > 1:
        yield fleet.fault(
            f"{at}.auth",
            given=f"{ironic.auth} with {sum(refs)} of username_ref and password_ref",
            expected="both with `auth: http_basic`, none with `auth: none`",
            fix="write auth: http_basic, username_ref: file:PATH and password_ref: file:PATH",
        )


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _claims(site: str, fleet: LoadedFleet, hall: HallSpec) -> Iterator[Fault]:
    if isinstance(hall.claims, IronicClaimsSpec):
        yield fleet.fault(
            f"sites.{site}.claims.backend",
            given="ironic for a hall whose engine is Ironic",
            expected="sqlite, postgresql or kubernetes: to undeploy a node deletes its allocation, and so the"
            " claim",
            fix="write the claims' own `journal` as `claims`; the engine marks the nodes that it works on",
        )


def _pinned(site: str, fleet: LoadedFleet) -> Iterator[Fault]:
    for index, server in enumerate(fleet.inventories[site].servers):
        if server.certificate_sha256 is not None:
            yield fleet.fault(
                f"servers[{index}].certificate_sha256",
                site=site,
                given="a pinned certificate, for a hall whose engine is Ironic",
                expected="no pin: Ironic trusts authorities alone",
                fix="delete it, and name the authority in settings.ironic.bmc_ca_certificate",
            )


def _pool(fleet: LoadedFleet, at: str, settings: PoolSettings) -> Iterator[Fault]:
    for name, reason in sorted(REDFISH_ONLY.items()):
        if getattr(settings, name) is not None:
            yield fleet.fault(
                f"{at}.{name}",
                given=f"{name} for a hall whose engine is Ironic",
                expected=f"nothing: {reason}",
                fix="delete it, or write engine: redfish",
            )
    if settings.wipe is not None and settings.wipe.method is not None:
        yield fleet.fault(
            f"{at}.wipe.method",
            given=f"{settings.wipe.method} for a hall whose engine is Ironic",
            expected="the policy alone: Ironic's agent chooses the way for every drive",
            fix="delete it",
        )
