"""`settings.power_cap` of a pool: what its servers may draw, and how they come back after an outage."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field, StrictBool, StrictInt, model_validator

from argosy.spec.values import SpecModel

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


def with_planned_cap(
    settings: PowerCapPoolSettings | None, planned_watts: int | None
) -> PowerCapPoolSettings | None:
    """The settings, with a limit of the whole server where the plan counts on one that they do not bring.

    What `watts_per_gpu` leaves the whole server to draw is held against the plan by `argosy_metal.refusals`.
    """
    if planned_watts is None or (settings and (settings.watts_per_node or settings.watts_per_gpu)):
        return settings
    if settings is None:
        return PowerCapPoolSettings(watts_per_node=planned_watts)
    return settings.model_copy(update={"watts_per_node": planned_watts})
