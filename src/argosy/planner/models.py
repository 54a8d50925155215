"""The plan as types, and so the lock: what `argosy plan` writes and everything after it only re-checks.

Whole numbers only, the claim excepted. Feasibility is proven by `argosy.planner.verify`; optimality is only
ever claimed.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

SCHEMA_VERSION: Literal[2] = 2
"""Of the lock's shape; a lock of another version is planned anew."""

Count = Annotated[int, Field(strict=True, ge=0)]


class LockModel(BaseModel):
    """Base of all parts of the lock: frozen, and closed to unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class PoolPlan(LockModel):
    """What one pool holds."""

    nodes: Count
    by_zone: dict[str, Count] = {}
    """Cloud pools: nodes per zone; they add up to `nodes`."""
    slots: dict[str, str] = {}
    """Bare-metal pools: slot (`slot-01`) to the serial of the server that fills it."""
    spares: dict[str, str] = {}
    """Bare-metal pools: spare slot (`spare-01`) to serial; held, never counted toward a floor."""


class ScenarioPlan(LockModel):
    """One failure, and a way to serve what must remain: the witness that the verifier re-checks."""

    id: str
    """`lose provider aws`, `lose feed hall-north/a`; unique with `within`."""
    within: Literal["0", "15m", "4h"]
    serves: dict[str, dict[str, Count]]
    """Service, or service and region (`inference/assistant@eu`), to kind of node (`8xH200 inference NO for
    all`) to the micro-nodes of it that serve; a million are a node."""
    jobs: dict[str, str]
    """Training job to the pool (`site/pool`) that it runs in, whole."""
    powered: dict[str, Count] = {}
    """Where feeds cannot carry all of a hall: offering (pool, rack and feeds) to the nodes that stay on."""


class Claim(LockModel):
    """What the planner says of its plan and nobody can check by arithmetic alone."""

    solver: str
    """Name and version."""
    cost_usd_per_hour: str
    """At the prices of the day it was planned; nodes that are paid for already cost nothing."""
    bound_usd_per_hour: str
    """No plan costs less: the optimum of the linear program, or of all whole plans of a small fleet."""
    gap_percent: str
    """How much more than the bound the plan costs at most."""


class Lock(LockModel):
    """The reviewed answer to a fleet file: who gets what, the facts it rests on, and the witnesses."""

    schema_version: Literal[2]
    fleet: str
    argosy_version: str
    spec_sha256: str
    """Of the fleet file's meaning (canonical JSON of the parsed spec): comments and layout do not count."""
    spec_parts: dict[str, str]
    """Part of the fleet file to a hash of its meaning, so that a stale lock can say what changed."""
    facts_sha256: str
    facts: dict[str, Any]
    """The slice of catalogue and inventories that the plan rests on, in plain JSON values."""
    pools: dict[str, PoolPlan]
    """By `site/pool`."""
    claim: Claim
    scenarios: tuple[ScenarioPlan, ...]
    """`nothing lost` first, then sorted by id and time."""
