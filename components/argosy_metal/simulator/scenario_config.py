"""From a scenario file to the configuration of a simulator, or to everything that is wrong with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from argosy.errors import FleetError
from argosy.spec.hall import PowerUnitSpec
from argosy.spec.named_files import load_file
from argosy_metal.simulator.fault_rules import FaultRule
from argosy_metal.simulator.scenario import (
    EventScenario,
    FaultScenario,
    HallScenario,
    RackScenario,
    ScenarioSpec,
    seconds_of,
)
from argosy_metal.simulator.scenario_checks import check_halls, check_happenings
from argosy_metal.simulator.switches import HallEvent
from argosy_metal.simulator.world import (
    Durations,
    PowerRules,
    SimulatedFeed,
    SimulatedHall,
    SimulatedServer,
    SimulatedUnit,
    SimulatorConfig,
)

WattsOf = Callable[[str], int | None]
"""Most that a server of a type draws, in watts; None for a type that is not known."""


def load_scenario(
    path: Path, folder: Path, watts_of: WattsOf, base: SimulatorConfig | None = None
) -> SimulatorConfig:
    """What the file says, on top of the halls of a fleet if there are any.

    Messages name the file from `folder`. Raises FleetError with everything that is wrong with it.
    """
    loaded = load_file(ScenarioSpec, path, folder)
    if isinstance(loaded, list):
        raise FleetError(loaded)
    spec, places = loaded
    if faults := list(check_halls(spec, places, watts_of, has_fleet=base is not None)):
        raise FleetError(faults)
    halls = tuple(_hall(name, hall, watts_of) for name, hall in spec.halls.items())
    halls = halls if base is None else base.halls
    if faults := list(check_happenings(spec, places, watts_of, halls)):
        raise FleetError(faults)
    return _config(spec, halls, base or SimulatorConfig(halls=()))


def _config(spec: ScenarioSpec, halls: tuple[SimulatedHall, ...], base: SimulatorConfig) -> SimulatorConfig:
    images = {*spec.images, *(base.images if base.halls or not spec.images else ())}
    return replace(
        base,
        halls=halls,
        time_scale=base.time_scale if spec.time_scale is None else spec.time_scale,
        images=tuple(sorted(images)),
        session_limit=base.session_limit if spec.session_limit is None else spec.session_limit,
        durations=replace(Durations(), **_given(spec.durations.model_dump(), seconds_of)),
        power=replace(PowerRules(), **_given(spec.power.model_dump(), float)),
        faults=tuple(map(_rule, spec.faults)),
        events=tuple(map(_event, spec.events)),
    )


def _given(values: Mapping[str, Any], read: Callable[[Any], float]) -> dict[str, float]:
    return {name: read(value) for name, value in values.items() if value is not None}


def _hall(name: str, hall: HallScenario, watts_of: WattsOf) -> SimulatedHall:
    return SimulatedHall(
        name=name,
        provision_host=f"provision.{name}.test",
        servers=tuple(server for rack in hall.racks for server in _servers(name, rack, watts_of)),
        feeds=tuple(
            SimulatedFeed(feed.name, round(feed.rated_kw * 1000), feed.parents) for feed in hall.feeds
        ),
        units=tuple(map(simulated_unit, hall.units)),
        racks={name: rack.units for rack in hall.racks for name in _rack_names(rack) if rack.units},
        uplinks=hall.uplinks,
        pue=float(hall.pue),
        bmc_has_own_supply=hall.bmc_has_own_supply,
        installer_powers_off=hall.installer_powers_off,
    )


def simulated_unit(unit: PowerUnitSpec) -> SimulatedUnit:
    """A power unit of a fleet file or a scenario, as it is simulated."""
    return SimulatedUnit(
        unit.name,
        unit.kind,
        round(unit.rated_kw * 1000),
        unit.parents,
        unit.minutes or 0,
        unit.start_seconds or 0,
    )


def _rack_names(rack: RackScenario) -> list[str]:
    """The racks that one entry stands for."""
    return [rack.name] if rack.count is None else [f"{rack.name}-{n}" for n in range(1, rack.count + 1)]


def _servers(hall: str, rack: RackScenario, watts_of: WattsOf) -> Iterator[SimulatedServer]:
    watts = rack.max_watts or watts_of(rack.server_type) or 0
    for name in _rack_names(rack):
        for number in range(1, rack.servers + 1):
            place = f"{name}-{number:02}"
            yield SimulatedServer(
                bmc_host=f"bmc-{place}.{hall}.test",
                serial=f"{hall}-{place}".upper(),
                server_type=rack.server_type,
                rack=name,
                feeds=rack.feeds,
                vendor=rack.vendor,
                max_watts=watts,
            )


def _rule(fault: FaultScenario) -> FaultRule:
    offset = seconds_of(fault.offset)
    return FaultRule(
        kind=fault.kind,
        host=fault.host,
        method=fault.method,
        path=fault.path,
        status=fault.status,
        retry_after=fault.retry_after,
        skip=fault.skip,
        times=fault.times,
        request=fault.request,
        at=None if fault.at is None else seconds_of(fault.at),
        until=None if fault.until is None else seconds_of(fault.until),
        fields=fault.fields,
        offset_seconds=-offset if fault.behind else offset,
        latency_seconds=seconds_of(fault.latency),
        bits_per_second=float(fault.bits_per_second),
        drip_seconds=seconds_of(fault.drip),
    )


def _event(event: EventScenario) -> HallEvent:
    return HallEvent(
        at=seconds_of(event.at),
        cut=event.cut,
        restore=event.restore,
        swap=event.swap,
        serial=event.serial or "",
    )
