"""What a server does by itself when its power comes back after an outage.

Source: DSP8010 schema ComputerSystem, `PowerRestorePolicy` and `PowerOnDelaySeconds`.
"""

from __future__ import annotations

from dataclasses import dataclass

from argosy_metal.redfish.client import RedfishClient
from argosy_metal.redfish.errors import BmcRefusedError
from argosy_metal.redfish.messages import Json, number_at, text_at

POLICIES = ("AlwaysOff", "AlwaysOn", "LastState")
_POLICY, _DELAY = "PowerRestorePolicy", "PowerOnDelaySeconds"


@dataclass(frozen=True)
class PowerRestore:
    """As the BMC shows it; None: it has no such property."""

    policy: str | None
    delay_seconds: float | None


async def observe_power_restore(client: RedfishClient, system_path: str) -> PowerRestore:
    """Look at it."""
    body = (await client.get(system_path, "observe the power-restore policy")).body
    return PowerRestore(text_at(body, _POLICY), number_at(body, _DELAY))


def power_restore_faults(
    seen: PowerRestore, policy: str | None, delay_seconds: float | None
) -> tuple[str, ...]:
    """Everything that speaks against setting these; None: not to be set."""
    faults: list[str] = []
    if policy is not None and seen.policy is None:
        faults.append(f"restorePolicy: the BMC has no {_POLICY}; leave it out, or set it in the BIOS")
    if delay_seconds is not None and seen.delay_seconds is None:
        faults.append(f"powerOnDelaySeconds: the BMC has no {_DELAY}; leave it out, or set it in the BIOS")
    return tuple(faults)


async def set_power_restore(
    client: RedfishClient, system_path: str, policy: str | None, delay_seconds: float | None
) -> None:
    """Set what is given. Raises BmcRefusedError for a policy that Redfish does not have."""
    operation = "set the power-restore policy"
    if policy is not None and policy not in POLICIES:
        raise BmcRefusedError(client.host, operation, f"{policy!r} is none of {', '.join(POLICIES)}")
    given = {_POLICY: policy, _DELAY: delay_seconds}
    body: Json = {name: value for name, value in given.items() if value is not None}
    await client.patch(system_path, body, operation)
