"""The server behind a BMC: power, boot override, virtual media. Observing and acting are kept apart.

Callers observe, skip if it is done, act, and observe again: neither 204 nor a finished task is proof.
"""

from __future__ import annotations

from dataclasses import dataclass

from argosy_metal.redfish.client import RedfishClient
from argosy_metal.redfish.errors import BmcRefusedError, WrongServerError
from argosy_metal.redfish.media import VirtualMediaSlot, find_optical_slot
from argosy_metal.redfish.messages import Json, as_list, as_object, links_at, object_at, text_at, texts_at
from argosy_metal.redfish.quirks import Quirks, quirks_for

_RESET = "#ComputerSystem.Reset"
_TARGETS = "BootSourceOverrideTarget@Redfish.AllowableValues"


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

    def boots_once_from(self, target: str) -> bool:
        """True if the next boot, and only that, is set to `target`."""
        return self.boot_enabled == "Once" and self.boot_target == target


class System:
    """One server. Get it by `find_system`, which has checked the serial number."""

    def __init__(self, client: RedfishClient, path: str, serial: str, quirks: Quirks) -> None:
        self.path = path
        self.serial = serial
        self._client = client
        self._quirks = quirks

    async def observe(self) -> SystemState:
        """Look at the server.

        Raises WrongServerError if another serial number answers by now.
        """
        body = await self._body("observe the server")
        found = _serial(body)
        if found != self.serial:
            raise WrongServerError(
                self._client.host,
                "observe the server",
                f"expected serial {self.serial}, found {found or 'none'}",
            )
        return _state(body)

    async def set_boot_override_once(self, target: str) -> None:
        """Let the next boot, and only that, start from `target`, in UEFI mode.

        Raises BmcRefusedError if the server does not offer the target.
        """
        operation = f"set the next boot to {target}"
        offered = texts_at(await self._body(operation), "Boot", _TARGETS)
        if offered and target not in offered:
            raise BmcRefusedError(
                self._client.host, operation, f"the server offers only {', '.join(offered)}"
            )
        boot = {
            "BootSourceOverrideTarget": target,
            "BootSourceOverrideEnabled": "Once",
            # Always sent: Supermicro resets the mode if it is left out (DMTF Redfishtool pull request 106).
            "BootSourceOverrideMode": "UEFI",
        }
        await self._client.patch(self.path, {"Boot": boot}, operation)

    async def clear_boot_override(self) -> None:
        """Go back to the normal boot order."""
        boot = {"BootSourceOverrideEnabled": "Disabled", "BootSourceOverrideTarget": "None"}
        await self._client.patch(self.path, {"Boot": boot}, "clear the boot override")

    async def reset(self, reset_type: str) -> None:
        """Change power: `On`, `ForceOff`, `GracefulShutdown`, `ForceRestart` and whatever else is offered.

        Raises BmcRefusedError if the server does not offer the type.
        """
        operation = f"reset the server ({reset_type})"
        body = await self._body(operation)
        offered = await self._reset_types(body)
        if offered and reset_type not in offered:
            raise BmcRefusedError(
                self._client.host, operation, f"the server offers only {', '.join(offered)}"
            )
        target = text_at(body, "Actions", _RESET, "target") or f"{self.path}/Actions/ComputerSystem.Reset"
        await self._client.post(target, {"ResetType": reset_type}, operation)

    async def optical_slot(self) -> VirtualMediaSlot:
        """The virtual drive that takes an installer image, on the system or on a manager of it.

        Raises BmcRefusedError if there is none.
        """
        return await find_optical_slot(self._client, await self._body("find the virtual drive"), self._quirks)

    def optical_boot_target(self, state: SystemState) -> str:
        """The name this server gives to virtual optical media as a boot target."""
        offered = [target for target in self._quirks.optical_boot_targets if target in state.boot_targets]
        return offered[0] if offered else self._quirks.optical_boot_targets[0]

    async def _body(self, operation: str) -> Json:
        return (await self._client.get(self.path, operation)).body

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
    for path in links_at((await client.get(collection, operation)).body, "Members"):
        here = _serial((await client.get(path, operation)).body)
        if here == serial:
            return System(client, path, serial, quirks_for(text_at(root, "Vendor"), text_at(root, "Product")))
        found.append(here or "none")
    raise WrongServerError(
        client.host, operation, f"expected serial {serial}, found {', '.join(found) or 'no system'}"
    )


def _serial(body: Json) -> str:
    return (text_at(body, "SerialNumber") or "").strip()


def _offered_resets(body: Json) -> tuple[str, ...]:
    return texts_at(body, "Actions", _RESET, "ResetType@Redfish.AllowableValues")


def _state(body: Json) -> SystemState:
    boot = object_at(body, "Boot")
    return SystemState(
        serial=_serial(body),
        manufacturer=text_at(body, "Manufacturer") or "",
        model=text_at(body, "Model") or "",
        power=text_at(body, "PowerState") or "",
        health=text_at(body, "Status", "Health") or "",
        boot_progress=text_at(body, "BootProgress", "LastState") or "",
        boot_target=text_at(boot, "BootSourceOverrideTarget") or "",
        boot_enabled=text_at(boot, "BootSourceOverrideEnabled") or "",
        boot_targets=texts_at(boot, _TARGETS),
        reset_types=_offered_resets(body),
    )
