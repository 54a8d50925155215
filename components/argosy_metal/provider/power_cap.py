"""`baremetal:index:PowerCap`: what a claimed server may draw, and how it comes back after an outage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from argosy_metal.claims import Claim
from argosy_metal.lifecycle.failure import MachineNotReadyError
from argosy_metal.lifecycle.power_cap_driver import PowerCapDriver, SeenPower, WantedPower
from argosy_metal.provider.brought import BroughtAbout, incomplete
from argosy_metal.provider.checks import Failure, flag, text, watts
from argosy_metal.provider.failures import PartialFailureError
from argosy_metal.provider.hall import Hall
from argosy_metal.provider.properties import (
    BOOLEAN,
    INTEGER,
    NUMBER,
    STRING,
    Input,
    Output,
    Properties,
    mapping_of,
    reference,
)
from argosy_metal.provider.requests import ResourceRequest
from argosy_metal.provider.resource import Found, Outputs
from argosy_metal.provider.setup_inputs import SERVER_ID, readable_claim
from argosy_metal.redfish.power_limits import PowerLimit
from argosy_metal.redfish.power_restore import POLICIES

POWER_CAP = "baremetal:index:PowerCap"
_LIMIT_TYPE = "baremetal:index:PowerLimit"
_WANTED = ("wattsPerNode", "wattsPerGpu", "restorePolicy", "powerOnDelaySeconds")


def _seconds(value: Any) -> str | None:
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return None
    return f"given {value!r}; expected a whole number of seconds, 0 or more"


_PROPERTIES = Properties(
    description="What a claimed server may draw, and how it comes back by itself after an outage.",
    inputs={
        "serverId": SERVER_ID,
        "wattsPerNode": Input("Most that the whole server may draw.", watts, INTEGER, required=False),
        "wattsPerGpu": Input("Most that each of its GPUs may draw.", watts, INTEGER, required=False),
        "restorePolicy": Input(
            "When power comes back: `AlwaysOff`, `AlwaysOn` or `LastState`.",
            text("|".join(POLICIES), ", ".join(POLICIES)),
            required=False,
        ),
        "powerOnDelaySeconds": Input(
            "How long the server then waits before it switches itself on; different values stagger a rack.",
            _seconds,
            INTEGER,
            required=False,
        ),
        "restoreOnDelete": Input(
            "Go back, when this resource is deleted, to what was there before its first write.",
            flag,
            BOOLEAN,
            required=False,
            default=False,
        ),
    },
    outputs={
        "complete": Output("Whether everything is as the program says.", BOOLEAN),
        "limits": Output(
            "Every limit of the server as last seen; without `watts` it is not limited.",
            {"type": "array", "items": reference(_LIMIT_TYPE)},
        ),
        "captured": Output(
            "Watts before the first write, by path; a part that was not limited is left out.",
            mapping_of(NUMBER),
        ),
    },
    types={
        _LIMIT_TYPE: {
            "type": "object",
            "properties": {
                "part": STRING,
                "watts": NUMBER,
                "minWatts": NUMBER,
                "maxWatts": NUMBER,
            },
            "required": ["part"],
        }
    },
)


class PowerCaps(BroughtAbout):
    """Sets, observes and restores limits of power."""

    properties = _PROPERTIES

    def check(self, news: Mapping[str, Any]) -> tuple[Mapping[str, Any], Sequence[Failure]]:
        """Shapes; ranges are asked of the BMC before anything is written."""
        inputs, failures = self.properties.check(news)
        if not any(name in inputs for name in _WANTED):
            failures = [*failures, ("wattsPerNode", f"give at least one of {', '.join(_WANTED)}")]
        return inputs, failures

    async def read(self, request: ResourceRequest) -> Found:
        """The limits as they are. An import takes those that are set now."""
        hall = self._hall()
        claim = await readable_claim(hall, request)
        if claim is None:
            return Found()
        async with hall.server(claim, request.timeout_seconds) as access:
            driver = PowerCapDriver(access)
            seen = await access.explained(driver.look)
            captured = driver.captured
        inputs = dict(request.old_inputs) or _imported(claim.server_id, seen)
        return Found(claim.server_id, _outputs(inputs, seen, captured), inputs)

    async def _leave(self, hall: Hall, claim: Claim, request: ResourceRequest) -> None:
        """Forget, or go back to what was there before if the program said so."""
        async with hall.server(claim, request.timeout_seconds) as access:
            driver = PowerCapDriver(access)
            if request.olds.get("restoreOnDelete") is True:
                await access.explained(driver.restore)
            else:
                await driver.forget()

    def _unfinished(self, news: Outputs, olds: Outputs) -> frozenset[str]:
        return incomplete(olds)

    async def _bring(self, server_id: str, request: ResourceRequest) -> Outputs:
        hall, news = self._hall(), request.news
        claim = await hall.own_claim(server_id, request.owner)
        async with hall.server(claim, request.timeout_seconds) as access:
            driver = PowerCapDriver(access)
            try:
                seen = await access.explained(lambda: driver.apply(_wanted(news)))
            except MachineNotReadyError as error:
                nothing: list[str] = []
                outputs = {**news, "complete": False, "limits": nothing, "captured": _shown(driver.captured)}
                raise PartialFailureError(server_id, outputs, [str(error)]) from error
            return _outputs(news, seen, driver.captured)


def _wanted(inputs: Outputs) -> WantedPower:
    return WantedPower(*(inputs.get(name) for name in _WANTED))


def _outputs(inputs: Outputs, seen: SeenPower, captured: Mapping[str, float | None]) -> dict[str, Any]:
    return {
        **inputs,
        "complete": seen.is_as(_wanted(inputs)),
        "limits": [_limit(limit) for limit in (*seen.limits.node, *seen.limits.gpus)],
        "captured": _shown(captured),
    }


def _shown(captured: Mapping[str, float | None]) -> dict[str, float]:
    return {path: value for path, value in captured.items() if value is not None}


def _limit(limit: PowerLimit) -> dict[str, Any]:
    found = {
        "part": limit.part,
        "watts": limit.effective_watts,
        "minWatts": limit.least,
        "maxWatts": limit.most,
    }
    return {name: value for name, value in found.items() if value is not None}


def _whole(value: float | None) -> int | None:
    """Programs give whole numbers; what is none cannot be said by one."""
    return None if value is None or value != int(value) else int(value)


def _imported(server_id: str, seen: SeenPower) -> dict[str, Any]:
    gpus = {limit.effective_watts for limit in seen.limits.gpus}
    found = {
        "serverId": server_id,
        "wattsPerNode": _whole(seen.limits.node_watts),
        # GPUs that differ cannot be told by one number.
        "wattsPerGpu": _whole(next(iter(gpus))) if len(gpus) == 1 else None,
        "restorePolicy": seen.restore.policy,
        "powerOnDelaySeconds": _whole(seen.restore.delay_seconds),
        "restoreOnDelete": False,
    }
    return {name: value for name, value in found.items() if value is not None}
