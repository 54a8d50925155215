"""Limits on what a server and its GPUs may draw: where they stand, their ranges, and setting them.

A node's limit is looked for in `EnvironmentMetrics` of the server's chassis, then in its processor modules',
then in the chassis' deprecated `Power`. GPUs may be processors of a second system of the same BMC. What no
link leads to stands in `power_limits.yaml`, with sources. Sources of the rest: DSP8010 schemas
EnvironmentMetrics, Control (the excerpt `PowerLimitWatts`) and Power.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from importlib.resources import files
from typing import Any

from argosy_metal.redfish.client import RedfishClient
from argosy_metal.redfish.errors import BmcMissingError
from argosy_metal.redfish.members import links, member_links
from argosy_metal.redfish.messages import Json, as_list, as_object, number_at, object_at, text_at

_LIMIT = "PowerLimitWatts"


@dataclass(frozen=True)
class PowerLimit:
    """The limit of one part, in watts. None stands for what the BMC does not tell."""

    part: str
    """Id of the chassis, processor module or GPU."""
    path: str
    """Of the resource that is written."""
    watts: float | None
    """None: it is not limited."""
    least: float | None
    most: float | None
    default: float | None
    is_old: bool = False
    """It stands in the deprecated `Power`."""
    is_disabled: bool = False
    """`ControlMode` is `Disabled`, so that `watts` has no effect."""

    @property
    def effective_watts(self) -> float | None:
        """What the part is limited to; None: to nothing."""
        return None if self.is_disabled else self.watts

    def holds(self, watts: float | None) -> bool:
        """Whether exactly this limit is set; None: none is."""
        return self.effective_watts == watts


@dataclass(frozen=True)
class PowerLimits:
    """All limits of one server."""

    node: tuple[PowerLimit, ...] = ()
    """One, or one of each processor module, which share the node's watts equally; none: it has no limit."""
    gpus: tuple[PowerLimit, ...] = ()
    has_node_manager: bool = False
    """The node is limited by NVIDIA's node manager, which is not written."""

    @property
    def node_watts(self) -> float | None:
        """What the node may draw by its own limit; None: it is not limited, or only in part."""
        shares = [limit.effective_watts for limit in self.node]
        known = [share for share in shares if share is not None]
        return sum(known) if known and len(known) == len(shares) else None


def power_limit_faults(
    limits: PowerLimits, watts_per_node: float | None, watts_per_gpu: float | None
) -> tuple[str, ...]:
    """Everything that speaks against setting these limits; none if nothing does. None: not to be set."""
    faults: list[str] = []
    if watts_per_node is not None:
        share = watts_per_node / max(1, len(limits.node))
        if not limits.node:
            faults.append(f"wattsPerNode: {_no_node_limit(limits)}")
        faults += _out_of_range("wattsPerNode", watts_per_node, share, limits.node)
    if watts_per_gpu is not None:
        if not limits.gpus:
            faults.append("wattsPerGpu: the BMC shows no limit of any GPU; leave it out")
        faults += _out_of_range("wattsPerGpu", watts_per_gpu, watts_per_gpu, limits.gpus)
    return tuple(faults)


async def observe_power_limits(client: RedfishClient, system_path: str) -> PowerLimits:
    """Look at the limits of the server at `system_path`, and of the GPUs on its baseboard."""
    operation = "observe the power limits"
    system = (await client.get(system_path, operation)).body
    chassis = await links(client, system, operation, "Links", "Chassis")
    node = await _node_limits(client, chassis)
    gpus: list[PowerLimit] = []
    for path in await _systems_with_gpus(client, system_path):
        gpus += await _gpu_limits(client, path)
    managers = await links(client, system, operation, "Links", "ManagedBy")
    managed = not node and await _has_node_manager(client, managers)
    return PowerLimits(node, tuple(gpus), managed)


async def set_power_limit(client: RedfishClient, limit: PowerLimit, watts: float | None) -> None:
    """Limit one part; None ends its limit, or goes back to what the BMC calls its default."""
    operation = f"limit the power of {limit.part}"
    if limit.is_old:
        body: Json = {"PowerControl": [{"PowerLimit": {"LimitInWatts": watts}}]}
    elif watts is None and not limit.is_disabled and limit.default is None:
        body = {_LIMIT: {"ControlMode": "Disabled"}}
    elif limit.is_disabled and watts is not None:
        body = {_LIMIT: {"SetPoint": watts, "ControlMode": "Automatic"}}
    else:
        body = {_LIMIT: {"SetPoint": limit.default if watts is None else watts}}
    await client.patch(limit.path, body, operation)


@cache
def _places() -> dict[str, Any]:
    from ruamel.yaml import YAML

    text = files("argosy_metal.redfish").joinpath("power_limits.yaml").read_text(encoding="utf-8")
    return YAML(typ="safe").load(text)  # pyright: ignore[reportUnknownMemberType]


def _is_any(name: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def _no_node_limit(limits: PowerLimits) -> str:
    if limits.has_node_manager:
        return (
            "this server is limited as a whole by NVIDIA's node manager only, which is not written; give"
            " wattsPerGpu instead, or set the node manager's policy by hand"
        )
    return "the BMC shows no limit of the whole server; give wattsPerGpu instead"


def _out_of_range(name: str, given: float, share: float, limits: Sequence[PowerLimit]) -> list[str]:
    ranges = {
        (limit.least, limit.most)
        for limit in limits
        if (limit.least is not None and share < limit.least)
        or (limit.most is not None and share > limit.most)
    }
    count = len(limits) if given != share else 1
    return [
        f"{name}: given {given:g} W; the BMC allows {_shown(least, count)} to {_shown(most, count)} W"
        for least, most in sorted(ranges, key=str)
    ]


def _shown(watts: float | None, count: int) -> str:
    return "any" if watts is None else f"{watts * count:g}"


async def _node_limits(client: RedfishClient, chassis: Sequence[str]) -> tuple[PowerLimit, ...]:
    bodies = [(await client.get(path, "observe the chassis")).body for path in chassis]
    for body in bodies:
        found = await _metrics_limit(client, body)
        if found is not None:
            return (found,)
    if modules := await _module_limits(client):
        return modules
    for body in bodies:
        found = await _old_limit(client, body)
        if found is not None:
            return (found,)
    return ()


async def _module_limits(client: RedfishClient) -> tuple[PowerLimit, ...]:
    top = text_at(await client.root(), "Chassis", "@odata.id") or "/redfish/v1/Chassis"
    members = await member_links(client, top, "observe the chassis")
    found: list[PowerLimit] = []
    for path in members:
        if not _is_any(path.rpartition("/")[2], _places()["module_chassis"]):
            continue
        limit = await _metrics_limit(client, (await client.get(path, "observe a module")).body)
        found += [] if limit is None else [limit]
    return tuple(found)


async def _systems_with_gpus(client: RedfishClient, own: str) -> list[str]:
    """Our own, and baseboards; never another server that the same BMC happens to show."""
    top = text_at(await client.root(), "Systems", "@odata.id") or "/redfish/v1/Systems"
    members = await member_links(client, top, "find the GPUs")
    boards = [path for path in members if _is_any(path.rpartition("/")[2], _places()["gpu_systems"])]
    return [own, *(path for path in boards if path != own)]


async def _gpu_limits(client: RedfishClient, system_path: str) -> list[PowerLimit]:
    operation = "observe the GPUs"
    top = text_at((await client.get(system_path, operation)).body, "Processors", "@odata.id")
    if top is None:
        return []
    found: list[PowerLimit] = []
    for path in await member_links(client, top, operation):
        body = (await client.get(path, operation)).body
        if text_at(body, "ProcessorType") == "GPU" and (limit := await _metrics_limit(client, body)):
            found.append(limit)
    return found


async def _metrics_limit(client: RedfishClient, owner: Json) -> PowerLimit | None:
    path = text_at(owner, "EnvironmentMetrics", "@odata.id")
    if path is None:
        return None
    body = (await client.get(path, "observe a power limit")).body
    if _LIMIT not in body:
        return None
    limit = object_at(body, _LIMIT)
    return PowerLimit(
        part=text_at(owner, "Id") or path,
        path=path,
        watts=number_at(limit, "SetPoint"),
        least=number_at(limit, "AllowableMin"),
        most=number_at(limit, "AllowableMax"),
        default=number_at(limit, "DefaultSetPoint"),
        is_disabled=text_at(limit, "ControlMode") == "Disabled",
    )


async def _old_limit(client: RedfishClient, chassis: Json) -> PowerLimit | None:
    path = text_at(chassis, "Power", "@odata.id")
    if path is None:
        return None
    body = (await client.get(path, "observe a power limit")).body
    for control in map(as_object, as_list(body.get("PowerControl"))):
        if "PowerLimit" in control:
            watts = number_at(object_at(control, "PowerLimit"), "LimitInWatts")
            most = number_at(control, "PowerCapacityWatts")
            return PowerLimit(text_at(chassis, "Id") or path, path, watts, None, most, None, is_old=True)
    return None


async def _has_node_manager(client: RedfishClient, managers: Sequence[str]) -> bool:
    for manager in managers:
        try:
            await client.get(f"{manager}/{_places()['node_manager']}", "look for a node manager")
        except BmcMissingError:
            continue
        return True
    return False
