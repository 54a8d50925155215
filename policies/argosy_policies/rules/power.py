"""Power: that a hall outlives any single failure of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pulumi_policy import Severity
from pydantic import Field

from argosy_policies.rule import Outcome, Parameters, StackRule
from argosy_policies.rules.halls import (
    FLEET_TYPE,
    Hall,
    judge_halls,
    known_map,
    known_number,
    number_or_none,
)
from argosy_policies.values import Resource


class Headroom(Parameters):
    """How much of it stays free."""

    headroom: float = Field(
        default=0.0, ge=0, le=0.9, description="Share of what a feed or unit may carry that stays free."
    )


class NodesDown(Parameters):
    """How much one failure may take."""

    max_nodes_down: int = Field(
        default=0, ge=0, description="Nodes of a hall that one failure of its power may take down."
    )


class Autonomy(Parameters):
    """How long servers must last."""

    min_minutes: int = Field(
        default=0, ge=0, description="Minutes that servers must last without a utility, drained or not."
    )


def _check_loads(fleets: Sequence[Resource], wanted: Headroom) -> Iterator[Outcome]:
    def judge(hall: Hall) -> Iterator[Outcome]:
        for name, load in known_map(known_map(hall.numbers["power"])["loads"]).items():
            carried = known_number(known_map(load)["carriedWatts"])
            room = known_number(load["roomWatts"]) * (1 - wanted.headroom)
            if carried > room:
                yield hall.broken(f"{name} carries more than it may in some single failure")

    return judge_halls(fleets, judge)


def _check_down(fleets: Sequence[Resource], wanted: NodesDown) -> Iterator[Outcome]:
    def judge(hall: Hall) -> Iterator[Outcome]:
        for failure, nodes in known_map(known_map(hall.numbers["power"])["down"]).items():
            if known_number(nodes) > wanted.max_nodes_down:
                yield hall.broken(f"losing {failure} takes more servers down than it may")

    return judge_halls(fleets, judge)


def _check_autonomy(fleets: Sequence[Resource], wanted: Autonomy) -> Iterator[Outcome]:
    def judge(hall: Hall) -> Iterator[Outcome]:
        power = known_map(hall.numbers["power"])
        drain = number_or_none(power["drainMinutes"]) or 0
        lasts = number_or_none(power["autonomyMinutes"])
        if lasts is not None and lasts < max(drain, wanted.min_minutes):
            yield hall.broken("servers do not last as long as they must once the utility is gone")

    return judge_halls(fleets, judge)


RULES = (
    StackRule(
        id="PWR-01",
        title="Every feed and power unit carries what hangs on it after any single failure",
        reason=(
            "What one feed no longer carries, the others must, with the cooling. One that cannot trips, and "
            "takes the hall with it at the very moment at which the rest was meant to be safe."
        ),
        source="NVIDIA Domain Power Service (the power chain as a graph of rated, derated units); Argosy",
        severity=Severity.CRITICAL,
        remedy=(
            "cap the nodes (`power_cap_watts`), hold fewer, or raise `rated_kw` of what is named; "
            "`argosy check ENV` says how much is lacking"
        ),
        resource_types=(FLEET_TYPE,),
        parameters=Headroom,
        check=_check_loads,
    ),
    StackRule(
        id="PWR-02",
        title="No single feed or power unit takes a server down",
        reason=(
            "A server on one feed is as reliable as that feed. One with six supplies of which it needs four "
            "goes down on two feeds as well, since losing either leaves three."
        ),
        source="NVIDIA DGX H100/H200 user guide (4+2 power supplies); Argosy",
        severity=Severity.HIGH,
        remedy="hang the servers on two feeds, on three where supplies are 4+2, or cap the nodes",
        resource_types=(FLEET_TYPE,),
        parameters=NodesDown,
        check=_check_down,
    ),
    StackRule(
        id="PWR-03",
        title="Servers outlast the utility until they are drained",
        reason=(
            "Jobs that are to save their work, and users that are to go elsewhere, need the minutes that "
            "batteries and generators give. A hall that states neither `drain_minutes` nor a minimum passes."
        ),
        source="Argosy",
        severity=Severity.MEDIUM,
        remedy="add a UPS or a generator to `power.units`, or lower `drain_minutes` to what draining takes",
        resource_types=(FLEET_TYPE,),
        parameters=Autonomy,
        check=_check_autonomy,
    ),
)
