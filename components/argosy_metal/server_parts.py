"""What is declared of one server from its claim up to its machine: firmware, BIOS, drives, keys, limits."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pulumi

from argosy_component.contract import ServerPlan
from argosy_metal.declared import attribute_after
from argosy_metal.resources import (
    BiosSettings,
    BootCertificate,
    FirmwareBaseline,
    PowerCap,
    RaidVolume,
    SecureBoot,
    ServerClaim,
    StorageLayout,
)
from argosy_metal.resources.base import BareMetalResource
from argosy_metal.settings import PoolSettings
from argosy_metal.settings.bios import bios_arguments
from argosy_metal.settings.firmware import firmware_arguments
from argosy_metal.settings.power_cap import PowerCapPoolSettings, power_cap_arguments
from argosy_metal.settings.secure_boot import secure_boot_arguments
from argosy_metal.settings.storage import storage_arguments

Inputs = Mapping[str, Any]


@dataclass(frozen=True)
class Prepared:
    """A server that is ready for a machine, once everything behind `server_id` is done."""

    server_id: pulumi.Output[str]
    layout_digest: pulumi.Output[str] | None = None


class ServerParts:
    """Declares one server's resources, each after the one before it.

    They change the same BMC, and firmware may bring other BIOS attributes. One that fails keeps those after
    it from being touched. Deletion goes the other way.

    They are named by the server and not by its slot: a spare that steps in keeps all that it has, and gets
    what is missing.
    """

    def __init__(self, site: str, group: str, server: ServerPlan, parent: pulumi.Resource) -> None:
        self.name = f"{site}/{server.serial}"
        """The server's id, too."""
        self._site = site
        self._group = group
        self._server = server
        self._parent = parent
        self.options = pulumi.ResourceOptions(parent=parent)

    def claim(self, startup_watts: int | None) -> Prepared:
        """The server is this stack's."""
        server = self._server
        claim = ServerClaim(
            self.name,
            site=self._site,
            serial=server.serial,
            slot=f"{self._group}/{server.slot}",
            bmc=server.bmc,
            rack=server.rack,
            feeds=list(server.feeds),
            username_ref=server.username_ref,
            password_ref=server.password_ref,
            startup_watts=startup_watts,
            certificate_sha256=server.certificate_sha256,
            opts=self.options,
        )
        return Prepared(self.after(claim))

    def prepare(self, held: Prepared, settings: PoolSettings) -> Prepared:
        """What makes a spare ready too: neither drives, whose volumes belong to the slot, nor limits."""
        if settings.firmware is not None:
            held = self._then(held, FirmwareBaseline, firmware_arguments(settings.firmware))
        if settings.bios is not None:
            held = self._then(held, BiosSettings, bios_arguments(settings.bios))
        if settings.secure_boot is not None:
            arguments = secure_boot_arguments(settings.secure_boot)
            held = self._then(held, SecureBoot, _with_certificates(arguments))
        return held

    def equip(
        self, held: Prepared, settings: PoolSettings, cap: PowerCapPoolSettings | None, place_in_rack: int
    ) -> Prepared:
        """What only a server with a machine has."""
        digest: pulumi.Output[str] | None = None
        if settings.storage is not None:
            arguments = storage_arguments(settings.storage)
            volumes = [RaidVolume(**volume) for volume in arguments.pop("volumes")]
            layout = StorageLayout(
                self.name, server_id=held.server_id, volumes=volumes, **arguments, opts=self.options
            )
            digest = attribute_after(layout, self.name, "layout_digest", self._parent, "0")
            held = Prepared(self.after(layout))
        if cap is not None:
            held = self._then(held, PowerCap, power_cap_arguments(cap, place_in_rack))
        return Prepared(held.server_id, digest)

    def after(self, resource: BareMetalResource) -> pulumi.Output[str]:
        """The server's id, known at once, for what comes after `resource`."""
        return attribute_after(resource, self.name, "server_id", self._parent, self.name)

    def install_id_of(self, machine: BareMetalResource) -> pulumi.Output[str]:
        """The machine's install id, for what comes after it."""
        return attribute_after(machine, self.name, "install_id", self._parent, "none")

    def _then(self, held: Prepared, kind: Callable[..., BareMetalResource], arguments: Inputs) -> Prepared:
        made = kind(self.name, server_id=held.server_id, **arguments, opts=self.options)
        return Prepared(self.after(made))


def _with_certificates(arguments: dict[str, Any]) -> dict[str, Any]:
    databases: Mapping[str, list[dict[str, str]]] = arguments.pop("databases", {})
    if not databases:
        return arguments
    read = {name: [BootCertificate(**one) for one in held] for name, held in databases.items()}
    return {**arguments, "databases": read}
