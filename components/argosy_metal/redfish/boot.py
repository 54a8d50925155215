"""Where the next boot starts: on the system, or on the settings object that some BMCs write it to.

AMI refuses the override on the system and takes it at `…/SD`, iDRAC10 at `…/Settings`; both name the object
in `@Redfish.Settings`, so it is found by that and never by its name.
"""

from __future__ import annotations

from dataclasses import dataclass

from argosy_metal.redfish.client import RedfishClient
from argosy_metal.redfish.messages import Json, object_at, raw_text_at, text_at, texts_at
from argosy_metal.redfish.quirks import Quirks

_TARGET = "BootSourceOverrideTarget"
_ENABLED = "BootSourceOverrideEnabled"
_MODE = "BootSourceOverrideMode"


@dataclass(frozen=True)
class BootState:
    """What the next boot is overridden to. Empty strings and tuples stand for what the BMC does not tell."""

    target: str
    enabled: str
    """`Disabled`, `Once`, `Continuous`."""
    targets: tuple[str, ...]
    http_boot_uri: str


class BootOverride:
    """The override of one system."""

    def __init__(self, client: RedfishClient, system_path: str) -> None:
        self._client = client
        self._system_path = system_path
        self._settings_path: str | None = None
        self._looked = False

    async def observe(self, system: Json, operation: str) -> BootState:
        """What is set, given the system's content: on the settings object, if the override stands there."""
        settings, quirks = await self._settings(system, operation), self._client.quirks
        now = _state(object_at(system, "Boot"), quirks)
        if settings is None:
            return now
        then = _state(object_at(settings, "Boot"), quirks)
        # Until the reset only the settings object shows it, and afterwards perhaps only the system.
        shown = then if then.enabled not in ("", "Disabled") else now
        return BootState(
            shown.target, shown.enabled, then.targets or now.targets, then.http_boot_uri or now.http_boot_uri
        )

    async def set_once(self, target: str, http_boot_uri: str | None, operation: str) -> None:
        """Write an override for the next boot only, in UEFI mode."""
        boot: Json = {_TARGET: target, _ENABLED: "Once"}
        if http_boot_uri is not None:
            boot["HttpBootUri"] = http_boot_uri
        await self._write(boot, operation)

    async def clear(self, operation: str) -> None:
        """Write that the normal order counts again."""
        boot: Json = {_ENABLED: "Disabled"}
        if self._client.quirks.cleared_boot_target is not None:
            boot[_TARGET] = self._client.quirks.cleared_boot_target
        await self._write(boot, operation)

    async def _write(self, boot: Json, operation: str) -> None:
        if self._client.quirks.sends_boot_mode:
            boot[_MODE] = "UEFI"
        path = self._settings_path or self._system_path
        await self._client.patch(path, {"Boot": boot}, operation)

    async def _settings(self, system: Json, operation: str) -> Json | None:
        if self._looked and self._settings_path is None:
            return None
        path = self._settings_path or text_at(system, "@Redfish.Settings", "SettingsObject", "@odata.id")
        body = (await self._client.get(path, operation)).body if path else {}
        self._looked = True
        # A settings object may be for something else, such as the boot order alone.
        self._settings_path = path if _TARGET in object_at(body, "Boot") else None
        return body if self._settings_path else None


def optical_target(quirks: Quirks, offered: tuple[str, ...]) -> str:
    """The name that a server gives to virtual optical media as a boot target."""
    known = [target for target in quirks.optical_boot_targets if target in offered]
    return known[0] if known else quirks.optical_boot_targets[0]


def _state(boot: Json, quirks: Quirks) -> BootState:
    enabled = text_at(boot, _ENABLED) or ""
    return BootState(
        target=text_at(boot, _TARGET) or "",
        enabled="Once" if enabled == quirks.once_shows_as else enabled,
        targets=texts_at(boot, f"{_TARGET}@Redfish.AllowableValues"),
        http_boot_uri=raw_text_at(boot, "HttpBootUri") or "",
    )
