"""The provider behind the gRPC side: its configuration, its hall, and its kinds of resources."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from argosy_metal.claims import RunIdentity
from argosy_metal.provider.acceptance import ACCEPTANCE, Acceptances
from argosy_metal.provider.bios_settings import BIOS_SETTINGS, BiosSettings
from argosy_metal.provider.checks import Failure
from argosy_metal.provider.config import check_config, hall_config, project_root
from argosy_metal.provider.engine_log import EngineLog
from argosy_metal.provider.failures import NotPossibleError, RefusedInputError
from argosy_metal.provider.firmware_baseline import FIRMWARE_BASELINE, FirmwareBaselines
from argosy_metal.provider.hall import Hall
from argosy_metal.provider.machine import MACHINE, Machines
from argosy_metal.provider.node_join import NODE_JOIN, NodeJoins
from argosy_metal.provider.power_cap import POWER_CAP, PowerCaps
from argosy_metal.provider.power_state import POWER_STATE, PowerStates
from argosy_metal.provider.resource import ResourceKind
from argosy_metal.provider.schema import package_schema
from argosy_metal.provider.secure_boot import SECURE_BOOT, SecureBoots
from argosy_metal.provider.server_claim import SERVER_CLAIM, ServerClaims
from argosy_metal.provider.storage_layout import STORAGE_LAYOUT, StorageLayouts
from argosy_metal.provider.virtual_media import VIRTUAL_MEDIA, VirtualMedias
from argosy_metal.redfish import Clock


class BareMetal:
    """One provider process. Configuring it opens no file and no connection: a preview needs neither."""

    def __init__(
        self,
        run: RunIdentity,
        working_directory: Callable[[], Path] = Path.cwd,
        clock: Clock | None = None,
        log: EngineLog | None = None,
    ) -> None:
        self.stop = asyncio.Event()
        self.log = log or EngineLog()
        self._run = run
        self._working_directory = working_directory
        self._clock = clock
        self._hall: Hall | None = None
        self._kinds: Mapping[str, ResourceKind] = {
            SERVER_CLAIM: ServerClaims(self.hall),
            MACHINE: Machines(self.hall),
            BIOS_SETTINGS: BiosSettings(self.hall),
            FIRMWARE_BASELINE: FirmwareBaselines(self.hall),
            STORAGE_LAYOUT: StorageLayouts(self.hall),
            SECURE_BOOT: SecureBoots(self.hall),
            POWER_CAP: PowerCaps(self.hall),
            POWER_STATE: PowerStates(self.hall),
            VIRTUAL_MEDIA: VirtualMedias(self.hall),
            NODE_JOIN: NodeJoins(self.hall),
            ACCEPTANCE: Acceptances(self.hall),
        }

    def schema(self) -> str:
        """The package's schema as JSON text."""
        return package_schema({token: kind.properties for token, kind in self._kinds.items()})

    def check_config(self, inputs: Mapping[str, Any]) -> list[Failure]:
        """Every failure of the provider's own inputs."""
        return check_config(inputs)

    def configure(self, inputs: Mapping[str, Any]) -> None:
        """Take the configuration. Raises RefusedInputError or NotPossibleError."""
        if failures := check_config(inputs):
            raise RefusedInputError("; ".join(f"{name}: {reason}" for name, reason in failures))
        root = project_root(self._working_directory())
        self._hall = Hall(hall_config(inputs, root), self._run, self.stop, self._clock, self.log)

    def kind(self, token: str) -> ResourceKind:
        """The kind of resource that a type token names. Raises RefusedInputError."""
        if token not in self._kinds:
            raise RefusedInputError(
                f"{token}: there is no such resource; expected one of {', '.join(self._kinds)}"
            )
        return self._kinds[token]

    def hall(self) -> Hall:
        """The hall that was configured. Raises NotPossibleError before that."""
        if self._hall is None:
            raise NotPossibleError("the provider is not configured: give claims and phoneHome")
        return self._hall

    def close(self) -> None:
        """Close what is open."""
        if self._hall is not None:
            self._hall.close()
