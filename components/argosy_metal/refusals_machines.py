"""What could not be installed or wiped in a hall's pools, said when the fleet file is checked. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from argosy.spec.models import HallSpec
from argosy_metal.bootable import bootable_kinds
from argosy_metal.refusals_engine import is_by_ironic
from argosy_metal.root_device_hints import hint_faults
from argosy_metal.settings import HallSettings, PoolSettings

if TYPE_CHECKING:
    from argosy.errors import Fault
    from argosy.spec.loader import LoadedFleet


def refuse_machines(site: str, fleet: LoadedFleet, hall: HallSpec) -> Iterator[Fault]:
    """Every fault of how the pools of one hall are installed and taken down."""
    by_ironic = is_by_ironic(site, fleet)
    for name in sorted(hall.node_pools):
        settings = fleet.settings.pools.get((site, name))
        if isinstance(settings, PoolSettings):
            at = f"sites.{site}.node_pools.{name}.settings"
            yield from refuse_install(fleet, at, settings, by_ironic=by_ironic)
            if not by_ironic:
                yield from _needs_a_service(fleet, site, at, settings)


def refuse_install(
    fleet: LoadedFleet, at: str, settings: PoolSettings, *, by_ironic: bool
) -> Iterator[Fault]:
    """Every fault of how machines with these settings are installed and taken down."""
    yield from _install(fleet, at, settings, by_ironic=by_ironic)
    yield from _wipe(fleet, at, settings, by_ironic=by_ironic)


def _install(fleet: LoadedFleet, at: str, settings: PoolSettings, *, by_ironic: bool) -> Iterator[Fault]:
    install = settings.install
    kinds = bootable_kinds(install.boot_method, by_ironic=by_ironic)
    if not kinds:
        yield fleet.fault(
            f"{at}.install.boot_method",
            given=f"{install.boot_method} for engine ironic",
            expected="virtualMedia",
            fix="write boot_method: virtualMedia, or engine: redfish",
        )
    elif install.image_kind not in kinds:
        yield fleet.fault(
            f"{at}.install.image_kind",
            given=f"{install.image_kind} for boot method {install.boot_method}",
            expected=" or ".join(kinds),
            fix=f"write image_kind: {kinds[0]}, or another boot_method",
        )
    for key, reason in hint_faults(install.root_device_hints):
        given, _, expected = reason.removeprefix("given ").partition("; expected ")
        yield fleet.fault(
            f"{at}.install.root_device_hints",
            given=f"{key}: {given}",
            expected=expected or "a hint that Ironic knows",
            fix="write it as Ironic does",
        )


def _needs_a_service(fleet: LoadedFleet, site: str, at: str, settings: PoolSettings) -> Iterator[Fault]:
    install = settings.install
    needs = {
        "user_data": install.user_data is not None,
        "root_device_hints": bool(install.root_device_hints),
        "boot_method": install.boot_method == "pxe",
    }
    if fleet.site_settings(site, HallSettings).provisioning is not None:
        return
    for name in sorted(name for name, is_needed in needs.items() if is_needed):
        yield fleet.fault(
            f"{at}.install.{name}",
            given=f"{name} in a hall without a provisioning service",
            expected="a service that gives it to the installers",
            fix=f"add `provisioning: {{url: …, token: …}}` to the settings of {site}",
        )


def _wipe(fleet: LoadedFleet, at: str, settings: PoolSettings, *, by_ironic: bool) -> Iterator[Fault]:
    if settings.wipe is not None and settings.wipe.policy == "metadata" and not by_ironic:
        yield fleet.fault(
            f"{at}.wipe.policy",
            given="metadata for engine redfish",
            expected="erase or none: a BMC sees drives, and nothing of what is written on them",
            fix="write policy: erase, or engine: ironic for the hall",
        )
    if settings.wipe is not None and settings.wipe.method is not None and settings.wipe.policy != "erase":
        yield fleet.fault(
            f"{at}.wipe.method",
            given=f"{settings.wipe.method} for policy {settings.wipe.policy}",
            expected="a method only with `policy: erase`",
            fix="delete it, or write policy: erase",
        )
