"""What could not work about BIOS and firmware of a hall's pools, said when the file is checked. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from argosy.spec.models import HallSpec
from argosy_metal.settings import PoolSettings
from argosy_metal.settings.bios import BiosPoolSettings
from argosy_metal.settings.firmware import FirmwarePoolSettings

if TYPE_CHECKING:
    from argosy.errors import Fault
    from argosy.spec.loader import LoadedFleet


def refuse_firmware(site: str, fleet: LoadedFleet, hall: HallSpec) -> Iterator[Fault]:
    """Every fault of how BIOS and firmware of the servers in one hall's pools are set up."""
    for name in sorted(hall.node_pools):
        settings = fleet.settings.pools.get((site, name))
        if not isinstance(settings, PoolSettings):
            continue
        at = f"sites.{site}.node_pools.{name}.settings"
        for part, of_part in (("bios", settings.bios), ("firmware", settings.firmware)):
            if of_part is not None:
                yield from _reboots_that_never_come(fleet, f"{at}.{part}", of_part)
        if settings.firmware is not None:
            yield from _images_from_elsewhere(fleet, f"{at}.firmware", hall, settings.firmware)


def _reboots_that_never_come(
    fleet: LoadedFleet, at: str, settings: BiosPoolSettings | FirmwarePoolSettings
) -> Iterator[Fault]:
    if settings.allow_reboot and settings.apply_on != "now":
        yield fleet.fault(
            f"{at}.allow_reboot",
            given=f"true with apply_on: {settings.apply_on}",
            expected="it only with `apply_on: now`, since nothing is reset otherwise",
            fix="delete it, or write apply_on: now",
        )


def _images_from_elsewhere(
    fleet: LoadedFleet, at: str, hall: HallSpec, firmware: FirmwarePoolSettings
) -> Iterator[Fault]:
    """Hundreds of BMCs fetch the same image, and a hall's uplinks do not carry that."""
    domain = _host(hall.phone_home).partition(".")[2]
    for name, image in sorted(firmware.components.items()):
        if _host(image.url).partition(".")[2] != domain:
            yield fleet.fault(
                f"{at}.components.{name}.url",
                given=f"an image on {_host(image.url)}",
                expected=f"one on a host directly under {domain}, as the hall's phone_home is",
                fix="put a copy into the hall's own cache, and name that",
            )


def _host(url: str) -> str:
    return urlsplit(url).hostname or ""
