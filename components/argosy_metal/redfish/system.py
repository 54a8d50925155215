"""The server behind a BMC: power, boot override, virtual media. Observing and acting are kept apart.

Callers observe, skip if it is done, act, and observe again: neither 204 nor a finished task is proof.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from argosy_metal.redfish.acting import act_observed
from argosy_metal.redfish.boot import BootOverride, BootState, optical_target
from argosy_metal.redfish.client import RedfishClient
from argosy_metal.redfish.errors import BmcInternalError, BmcRefusedError, WrongServerError
from argosy_metal.redfish.media import VirtualMediaSlot, find_optical_slot
from argosy_metal.redfish.members import members
from argosy_metal.redfish.messages import (
    Json,
    as_list,
    as_object,
    moment_at,
    shown,
    text_at,
    texts_at,
)
from argosy_metal.redfish.quirks import Quirks, identity_of, quirks_for

_RESET = "#ComputerSystem.Reset"
_POWER = ("On", "Off", "PoweringOn", "PoweringOff", "Paused")
_LEADS_TO = {
    "On": ("On", "PoweringOn"),
    "ForceOff": ("Off", "PoweringOff"),
    "GracefulShutdown": ("Off", "PoweringOff"),
}
"""Power states that show that a reset was carried out. A restart leaves nothing to see."""


@dataclass(frozen=True)
class SystemState:
    """What a look at the server showed. Empty strings and tuples stand for what the BMC does not tell."""

    serial: str
    manufacturer: str
    model: str
    power: str
    """`On`, `Off`, `PoweringOn`, `PoweringOff`, `Paused`."""
    health: str
    """`OK`, `Warning`, `Critical`."""
    boot_progress: str
    """`OSRunning` and so on, where the BMC knows."""
    boot_target: str
    """What the next boot is overridden to; `None` in words means the normal order."""
    boot_enabled: str
    """`Disabled`, `Once`, `Continuous`."""
    boot_targets: tuple[str, ...]
    reset_types: tuple[str, ...]
    http_boot_uri: str = ""
    """What the firmware fetches when it boots from `UefiHttp`."""
    last_reset: datetime | None = None
    """By the BMC's own clock; None if it does not tell."""

    def boots_once_from(self, target: str) -> bool:
        """True if the next boot, and only that, is set to `target`."""
        return self.boot_enabled == "Once" and self.boot_target == target


class System:
    """One server. Get it by `find_system`, which has checked the serial number."""

    def __init__(self, client: RedfishClient, path: str, serial: str) -> None:
        self.path = path
        self.serial = serial
        self._client = client
        self._boot = BootOverride(client, path)

    async def observe(self) -> SystemState:
        """Look at the server.

        Raises WrongServerError if another serial number answers by now, BmcInternalError if the BMC tells no
        power state that there is.
        """
        operation = "observe the server"
        body = await self._body(operation)
        self._assert_ours(body, operation)
        if body.get("PowerState") not in _POWER:
            raise BmcInternalError(
                self._client.host, operation, f"PowerState is {shown(body.get('PowerState'))}"
            )
        return _state(body, self.serial, await self._boot.observe(body, operation))

    async def set_boot_override_once(self, target: str, *, http_boot_uri: str | None = None) -> None:
        """Let the next boot, and only that, start from `target`, in UEFI mode; `UefiHttp` from a URI.

        Raises BmcRefusedError if the server does not offer the target.
        """
        operation = f"set the next boot to {target}"
        offered = await self._boot_targets(operation)
        if offered and target not in offered:
            raise BmcRefusedError(
                self._client.host, operation, f"the server offers only {', '.join(offered)}"
            )
        await self._boot.set_once(target, http_boot_uri, operation)

    async def clear_boot_override(self) -> None:
        """Go back to the normal boot order."""
        operation = "clear the boot override"
        await self._boot_targets(operation)
        await self._boot.clear(operation)

    async def reset(self, reset_type: str) -> None:
        """Change power: `On`, `ForceOff`, `GracefulShutdown`, `ForceRestart` and whatever else is offered.

        A BMC that is busy is asked again, once a look shows that it did nothing. Raises BmcRefusedError if
        the server does not offer the type.
        """
        operation = f"reset the server ({reset_type})"
        body = await self._body(operation)
        self._assert_ours(body, operation)
        offered = await self._reset_types(body)
        if offered and reset_type not in offered:
            raise BmcRefusedError(
                self._client.host, operation, f"the server offers only {', '.join(offered)}"
            )
        target = text_at(body, "Actions", _RESET, "target") or f"{self.path}/Actions/ComputerSystem.Reset"

        async def act() -> None:
            await self._client.post(target, {"ResetType": reset_type}, operation)

        states = _LEADS_TO.get(reset_type)
        if states is None:
            await act()
            return

        async def is_done() -> bool:
            return (await self.observe()).power in states

        await act_observed(self._client, act, is_done)

    async def optical_slot(self) -> VirtualMediaSlot:
        """The virtual drive that takes an installer image, on the system or on a manager of it.

        Raises BmcRefusedError if there is none.
        """
        return await find_optical_slot(self._client, await self._body("find the virtual drive"))

    def optical_boot_target(self, state: SystemState) -> str:
        """The name this server gives to virtual optical media as a boot target."""
        return optical_target(self._client.quirks, state.boot_targets)

    async def _body(self, operation: str) -> Json:
        return (await self._client.get(self.path, operation)).body

    def _assert_ours(self, body: Json, operation: str) -> None:
        found = _serial(body, self._client.quirks)
        if found != self.serial:
            raise WrongServerError(
                self._client.host, operation, f"expected serial {self.serial}, found {found or 'none'}"
            )

    async def _boot_targets(self, operation: str) -> tuple[str, ...]:
        body = await self._body(operation)
        self._assert_ours(body, operation)
        return (await self._boot.observe(body, operation)).targets

    async def _reset_types(self, body: Json) -> tuple[str, ...]:
        return _offered_resets(body) or await self._reset_types_of_action_info(body)

    async def _reset_types_of_action_info(self, body: Json) -> tuple[str, ...]:
        info = text_at(body, "Actions", _RESET, "@Redfish.ActionInfo")
        if info is None:
            return ()
        answer = await self._client.get(info, "read the reset types")
        parameters = (as_object(entry) for entry in as_list(answer.body.get("Parameters")))
        return next((texts_at(entry, "AllowableValues") for entry in parameters), ())


async def find_system(client: RedfishClient, serial: str) -> System:
    """The system whose serial number is `serial`, among all that the BMC shows (GPU servers show several).

    Raises WrongServerError if there is none.
    """
    operation = f"find the server {serial}"
    root = await client.root()
    collection = text_at(root, "Systems", "@odata.id") or "/redfish/v1/Systems"
    found: list[str] = []
    for path, body in await members(client, collection, operation):
        here = _serial(body, quirks_for(identity_of(root, body)))
        if here == serial:
            await client.learn(body)
            return System(client, path, serial)
        found.append(here or "none")
    raise WrongServerError(
        client.host, operation, f"expected serial {serial}, found {', '.join(found) or 'no system'}"
    )


def _serial(body: Json, quirks: Quirks) -> str:
    return (text_at(body, quirks.serial_property) or "").strip()


def _offered_resets(body: Json) -> tuple[str, ...]:
    return texts_at(body, "Actions", _RESET, "ResetType@Redfish.AllowableValues")


def _state(body: Json, serial: str, boot: BootState) -> SystemState:
    return SystemState(
        serial=serial,
        manufacturer=text_at(body, "Manufacturer") or "",
        model=text_at(body, "Model") or "",
        power=text_at(body, "PowerState") or "",
        health=text_at(body, "Status", "Health") or "",
        boot_progress=text_at(body, "BootProgress", "LastState") or "",
        boot_target=boot.target,
        boot_enabled=boot.enabled,
        boot_targets=boot.targets,
        reset_types=_offered_resets(body),
        http_boot_uri=boot.http_boot_uri,
        last_reset=moment_at(body, "LastResetTime"),
    )
