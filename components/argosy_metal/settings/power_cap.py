"""`settings.power_cap` of a pool: what its servers may draw, and how they come back after an outage."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import Field, StrictBool, StrictInt, model_validator

from argosy.spec.values import SpecModel

if TYPE_CHECKING:
    from argosy.catalog import NodeType

_POLICIES = {"always_off": "AlwaysOff", "always_on": "AlwaysOn", "last_state": "LastState"}
_LONGEST_DELAY_SECONDS = 86_400
Watts = Annotated[StrictInt, Field(ge=1)]
Seconds = Annotated[StrictInt, Field(ge=0, le=_LONGEST_DELAY_SECONDS)]


class PowerRestoreSettings(SpecModel):
    """What the servers do by themselves when power comes back after an outage."""

    policy: Literal["always_off", "always_on", "last_state"]
    delay_seconds: Seconds = 0
    """How long the first server waits."""
    step_seconds: Seconds = 0
    """How much longer each further server of a rack waits, so that a rack's feeds bear the start."""


class PowerCapPoolSettings(SpecModel):
    """Limits of every server of the pool. The BMC's ranges are asked for before anything is written."""

    watts_per_node: Watts | None = None
    watts_per_gpu: Watts | None = None
    power_restore: PowerRestoreSettings | None = None
    restore_on_delete: StrictBool = False
    """Go back to what was there before, once the pool has none of these settings any more."""

    @model_validator(mode="after")
    def _not_empty(self) -> Self:
        if (self.watts_per_node, self.watts_per_gpu, self.power_restore) == (None, None, None):
            raise ValueError("give watts_per_node, watts_per_gpu or power_restore")
        return self


def power_cap_arguments(cap: PowerCapPoolSettings, place_in_rack: int = 0) -> dict[str, Any]:
    """Arguments of `argosy_metal.resources.PowerCap` beside its server.

    `place_in_rack` counts the servers of a rack from 0, over all pools, in the order of their serial numbers.
    """
    arguments: dict[str, Any] = {}
    if cap.watts_per_node is not None:
        arguments["watts_per_node"] = cap.watts_per_node
    if cap.watts_per_gpu is not None:
        arguments["watts_per_gpu"] = cap.watts_per_gpu
    if (restore := cap.power_restore) is not None:
        arguments["restore_policy"] = _POLICIES[restore.policy]
        arguments["power_on_delay_seconds"] = restore.delay_seconds + place_in_rack * restore.step_seconds
    if cap.restore_on_delete:
        arguments["restore_on_delete"] = True
    return arguments


@dataclass(frozen=True)
class CappedNode:
    """What of the servers of a pool can be capped, and what their GPUs draw."""

    most_watts: int | None
    """Most that one server draws; None: the catalogue has no idea."""
    gpus: int
    gpu_watts: int | None
    """Thermal design power of one GPU, its highest cap; None: the catalogue has no idea."""
    gpu_least_watts: int | None = None
    """Lowest cap of one GPU; None: nobody says."""
    capped: tuple[str, ...] = ()
    """`node`, `gpu`; empty: nobody says."""

    @property
    def by_gpus_alone(self) -> bool:
        """Whether its BMC caps GPUs, and not the whole server."""
        return "gpu" in self.capped and "node" not in self.capped

    def watts_with(self, watts_per_gpu: int) -> int | None:
        """Most that the server draws with its GPUs capped so: the rest of it may draw what it always may.

        The rest is the server's most less the thermal design power of its GPUs, both of the catalogue.
        """
        if self.most_watts is None or self.gpu_watts is None:
            return None
        return self.most_watts - self.gpus * max(0, self.gpu_watts - watts_per_gpu)

    def watts_per_gpu_for(self, planned_watts: int) -> int | None:
        """The highest cap of its GPUs with which the server draws no more than planned, in whole watts."""
        if self.most_watts is None or self.gpu_watts is None:
            return None
        return self.gpu_watts - max(0, -(-(self.most_watts - planned_watts) // self.gpus))


def capped_node(node_type: NodeType, gpu_watts: int | None) -> CappedNode:
    """What the catalogue says of the servers of a type, whose accelerator has this thermal design power."""
    return CappedNode(
        most_watts=node_type.node_power_watts,
        gpus=node_type.accelerators,
        gpu_watts=gpu_watts,
        gpu_least_watts=getattr(node_type, "gpu_cap_min_watts", None),
        capped=getattr(node_type, "power_caps", ()),
    )


def with_planned_cap(
    settings: PowerCapPoolSettings | None, planned_watts: int | None, node: CappedNode
) -> PowerCapPoolSettings | None:
    """The settings, with a cap that keeps to the plan where it counts on one that they do not bring.

    That is a cap of the whole server, or of each GPU where the BMC caps nothing else. What `watts_per_gpu`
    leaves the whole server to draw is held against the plan by `argosy_metal.refusals`.
    """
    if planned_watts is None or (settings and (settings.watts_per_node or settings.watts_per_gpu)):
        return settings
    cap = {"watts_per_node": planned_watts}
    if node.by_gpus_alone and (per_gpu := node.watts_per_gpu_for(planned_watts)) is not None:
        cap = {"watts_per_gpu": per_gpu}
    if settings is None:
        return PowerCapPoolSettings.model_validate(cap)
    return settings.model_copy(update=cap)
