"""`settings.budgets` of a hall: how much may happen at once. Shapes, and what they come to. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field, StringConstraints

from argosy.spec.values import SpecModel
from argosy_metal.budgets.limits import BudgetLimits

_DEFAULTS = BudgetLimits()
Count = Annotated[int, Field(strict=True, ge=1, le=100_000)]
CountOrPercent = Annotated[
    Annotated[int, Field(strict=True, ge=0, le=100_000)]
    | Annotated[str, StringConstraints(pattern=r"^(100|[1-9]?[0-9])%$")],
    Field(description="A whole number, or a share such as 10%, which is at least one."),
]


class PowerOnSettings(SpecModel):
    """How quickly servers are switched on, by feed."""

    watts: Count | None = None
    """Start-up watts that may begin within one window on each feed; left out: what `power.start_up.at_once`
    servers of the hungriest type draw at the most."""
    window_seconds: Annotated[int, Field(strict=True, ge=1, le=3600)] = int(_DEFAULTS.power_on_window_seconds)


class BudgetSettings(SpecModel):
    """How much may happen at once in a hall, within one run."""

    machines_in_flight: Count = _DEFAULTS.machines_in_flight
    """Machines that are brought up or taken down at once."""
    image_readers: Count | None = None
    """Machines that install at once; left out: as many as the image cache can serve in time where the sizes
    of the images are known, else 20."""
    firmware_updates: Count = _DEFAULTS.firmware_updates
    bmc_connections: Annotated[int, Field(strict=True, ge=1, le=16)] = _DEFAULTS.bmc_connections
    """Connections to one BMC; some allow four clients in all."""
    attempts: Annotated[int, Field(strict=True, ge=1, le=100)] = _DEFAULTS.attempts
    """Attempts to install one image on one server before it is quarantined."""
    deletions_per_run: CountOrPercent = "10%"
    """Machines that one run may take down for good, of the hall's servers; more are refused, and told how to
    be raised for one run."""
    rollout: CountOrPercent = "10%"
    """Machines of a pool that may be down at once while another image goes over it, of the pool's nodes."""
    power_on: PowerOnSettings = PowerOnSettings()


@dataclass(frozen=True)
class HallFacts:
    """What of a hall's plan its budgets are made from."""

    servers: int
    """Servers that the plan gives to its pools, spares included."""
    pools: Mapping[str, int]
    """Pool to its nodes."""
    feeds: tuple[str, ...]
    largest_watts: int | None
    """What the hungriest server draws at the most; None where the catalogue has no idea."""
    starts_at_once: int = 1
    """`power.start_up.at_once` of the hall."""
    readers_in_time: int | None = None
    """What the image cache can serve (`argosy.spec.install_checks.machines_reading_at_once`)."""
    one_by_one: tuple[str, ...] = ()
    """Groups of servers of which a run replaces one."""


def budget_inputs(settings: BudgetSettings, facts: HallFacts) -> dict[str, Any]:
    """The provider's input `budgets`."""
    readers = settings.image_readers or facts.readers_in_time or _DEFAULTS.image_readers
    inputs: dict[str, Any] = {
        "machinesInFlight": settings.machines_in_flight,
        "imageReaders": readers,
        "firmwareUpdates": settings.firmware_updates,
        "bmcConnections": settings.bmc_connections,
        "attempts": settings.attempts,
        "deletionsPerRun": count_of(settings.deletions_per_run, facts.servers),
        "rollout": {
            pool: max(1, count_of(settings.rollout, nodes)) for pool, nodes in sorted(facts.pools.items())
        },
        "powerOnWindowSeconds": settings.power_on.window_seconds,
    }
    if facts.one_by_one:
        inputs["replacementsPerRun"] = dict.fromkeys(facts.one_by_one, 1)
    watts = _power_on_watts(settings.power_on, facts)
    if watts is not None:
        inputs["powerOnWatts"] = dict.fromkeys(sorted(facts.feeds), watts)
    return inputs


def count_of(wanted: int | str, whole: int) -> int:
    """The number meant: itself, or a share of `whole`, rounded down but at least one."""
    if isinstance(wanted, int):
        return wanted
    return max(1, whole * int(wanted.removesuffix("%")) // 100)


def _power_on_watts(settings: PowerOnSettings, facts: HallFacts) -> int | None:
    if settings.watts is not None:
        return settings.watts
    return None if facts.largest_watts is None else facts.largest_watts * facts.starts_at_once
