"""Scenario files: what they say becomes a configuration, and what is wrong is said with its place."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import typer

from argosy.errors import FleetError
from argosy_metal.commands.simulate import simulate_fleet
from argosy_metal.simulator import (
    Durations,
    FaultRule,
    HallEvent,
    PowerRules,
    SimulatedFeed,
    SimulatedServer,
    SimulatorConfig,
    daemon,
)
from argosy_metal.simulator.scenario import FaultScenario, seconds_of
from argosy_metal.simulator.scenario_config import load_scenario

from .simulated_halls import config_of, hall_of

HALLS = """
halls:
  north:
    feeds: [{name: a, rated_kw: 60}]
    uplinks: [fibre]
    pue: 1.2
    bmc_has_own_supply: true
    racks:
      - {name: gpu, count: 2, servers: 2, server_type: dgx-h200, feeds: [a]}
      - {name: old, servers: 1, server_type: dgx-h100, vendor: dell, max_watts: 900}
    installer_powers_off: true
"""


def watts_of(server_type: str) -> int | None:
    return {"dgx-h200": 10_200, "dgx-h100": 10_000}.get(server_type)


def load(folder: Path, text: str, base: SimulatorConfig | None = None) -> SimulatorConfig:
    (folder / "s.yaml").write_text(f"version: 1\n{text}", encoding="utf-8")
    return load_scenario(folder / "s.yaml", folder, watts_of, base)


def faults(folder: Path, text: str, base: SimulatorConfig | None = None) -> list[str]:
    with pytest.raises(FleetError) as error:
        load(folder, text, base)
    return [str(fault) for fault in error.value.faults]


@pytest.mark.parametrize(("span", "seconds"), [("90s", 90), ("1.5m", 90), ("2h", 7200), ("1d", 86400)])
def test_a_span_is_so_many_seconds(span: str, seconds: float) -> None:
    assert seconds == seconds_of(span)


def test_racks_become_servers_with_names_power_and_vendor_of_their_own(tmp_path: Path) -> None:
    (hall,) = load(tmp_path, HALLS).halls

    assert ("north", "provision.north.test", 1.2, True, True) == (
        hall.name,
        hall.provision_host,
        hall.pue,
        hall.bmc_has_own_supply,
        hall.installer_powers_off,
    )
    assert ((SimulatedFeed("a", 60_000),), ("fibre",)) == (hall.feeds, hall.uplinks)
    assert ["NORTH-GPU-1-01", "NORTH-GPU-1-02", "NORTH-GPU-2-01", "NORTH-GPU-2-02", "NORTH-OLD-01"] == [
        server.serial for server in hall.servers
    ]
    assert hall.servers[0] == SimulatedServer(
        "bmc-gpu-1-01.north.test", "NORTH-GPU-1-01", "dgx-h200", "gpu-1", ("a",), None, 10_200
    )
    assert ("dell", 900) == (hall.servers[-1].vendor, hall.servers[-1].max_watts)


def test_what_a_scenario_leaves_out_is_as_everywhere(tmp_path: Path) -> None:
    config = load(tmp_path, HALLS)

    assert SimulatorConfig(config.halls) == config


def test_times_durations_faults_and_events_are_taken_over(tmp_path: Path) -> None:
    config = load(
        tmp_path,
        HALLS
        + """
time_scale: 60
session_limit: 4
images: [one, two]
durations: {post: 10m}
power: {inrush: 4, breaker_seconds: 0.5}
faults:
  - {kind: clock-off, host: bmc-*, at: 1m, until: 2m, offset: 1d, behind: true, skip: 1, times: 2}
  - {kind: slow-link, latency: 2s, bits_per_second: 500, request: 9}
events:
  - {at: 2h, cut: feed north/a}
  - {at: 3h, restore: feed north/a}
  - {at: 4h, swap: NORTH-OLD-01, serial: SPARE}
  - {at: 5h, cut: cable SPARE}
""",
    )

    assert (60, 4, ("one", "two")) == (config.time_scale, config.session_limit, config.images)
    assert Durations(post=600) == config.durations
    assert PowerRules(inrush=4, breaker_seconds=0.5) == config.power
    assert config.faults == (
        FaultRule("clock-off", host="bmc-*", skip=1, times=2, at=60, until=120, offset_seconds=-86400),
        FaultRule("slow-link", request=9, latency_seconds=2, bits_per_second=500),
    )
    assert config.events == (
        HallEvent(7200, cut="feed north/a"),
        HallEvent(10800, restore="feed north/a"),
        HallEvent(14400, swap="NORTH-OLD-01", serial="SPARE"),
        HallEvent(18000, cut="cable SPARE"),
    )


def test_a_fault_of_a_scenario_says_all_that_a_rule_can_say() -> None:
    rule = {field.name for field in fields(FaultRule)}
    said = set(FaultScenario.model_fields)

    assert {"offset_seconds", "latency_seconds", "drip_seconds"} == rule - said
    assert {"offset", "behind", "latency", "drip"} == said - rule


def test_a_fault_that_says_only_its_kind_is_the_rule_of_that_kind_alone(tmp_path: Path) -> None:
    assert (FaultRule("hang"),) == load(tmp_path, HALLS + "faults: [{kind: hang}]").faults


FLEET = config_of(hall_of(2), time_scale=600, images=("node",))


def test_a_scenario_without_halls_is_about_those_of_the_fleet(tmp_path: Path) -> None:
    config = load(tmp_path, "images: [other]\nevents: [{at: 1m, cut: cable SN1}]", FLEET)

    assert (FLEET.halls, 600, ("node", "other")) == (config.halls, config.time_scale, config.images)
    assert (HallEvent(60, cut="cable SN1"),) == config.events


BAD: dict[str, tuple[str, str]] = {
    "no halls": ("", "s.yaml:1:1: given no `halls`"),
    "a feed that is nowhere": (
        HALLS.replace("feeds: [a]", "feeds: [b]"),
        "s.yaml:10:74 halls.north.racks[0].feeds[0]: given the feed 'b'; expected one of a",
    ),
    "a feed named twice": (
        HALLS.replace("rated_kw: 60}", "rated_kw: 60}, {name: a, rated_kw: 1}"),
        "halls.north.feeds[1]: given 'a' again",
    ),
    "an unknown type": (HALLS.replace("dgx-h200", "dgx-9"), "list all: argosy catalog server-types"),
    "an unknown vendor": (HALLS.replace("dell", "dull"), "given the vendor 'dull'"),
    "too many servers": (
        HALLS.replace("servers: 2", "servers: 99999"),
        "expected at most 100,000 in one simulator",
    ),
    "two servers of one serial number": (
        HALLS.replace("name: old", "name: gpu-1"),
        "two servers of the serial number 'NORTH-GPU-1-01'",
    ),
    "a fault that ends before it begins": (
        HALLS + "faults: [{kind: hang, at: 2m, until: 1m}]",
        "faults[0].until: given 1m; expected a time after 2m",
    ),
    "an unknown kind of fault": (HALLS + "faults: [{kind: hungry}]", "faults[0].kind: given 'hungry'"),
    "a time without a unit": (HALLS + "faults: [{kind: hang, at: 5}]", "expected a time with its unit"),
    "an event that does nothing": (HALLS + "events: [{at: 1m}]", "given nothing to do"),
    "an event that does two things": (
        HALLS + "events: [{at: 1m, cut: hall north, restore: hall north}]",
        "given `cut` and `restore`",
    ),
    "words that name no switch": (HALLS + "events: [{at: 1m, cut: moon}]", "events[0].cut: given 'moon'"),
    "a hall that is nowhere": (
        HALLS + "events: [{at: 1m, cut: hall nort}]",
        "given the hall 'nort'; expected one of north; did you mean north?",
    ),
    "an uplink that is nowhere": (
        HALLS + "events: [{at: 1m, cut: uplink north/leo}]",
        "given the uplink 'leo'; expected one of fibre",
    ),
    "a rack that is nowhere": (
        HALLS + "events: [{at: 1m, cut: rack north/gpu}]",
        "given the rack 'gpu'; expected one of gpu-1, gpu-2, old",
    ),
    "a server that is nowhere": (HALLS + "events: [{at: 1m, cut: cable X}]", "given the server 'X'"),
    "a swap without the other's serial number": (
        HALLS + "events: [{at: 1m, swap: NORTH-OLD-01}]",
        "given `swap` alone",
    ),
    "a swap of nothing": (
        HALLS + "events: [{at: 1m, swap: X, serial: Y}]",
        "events[0].swap: given the server",
    ),
    "a swap for what is there": (
        HALLS + "events: [{at: 1m, swap: NORTH-OLD-01, serial: NORTH-GPU-1-01}]",
        "events[0].serial: given 'NORTH-GPU-1-01'",
    ),
    "a server that has gone by then": (
        HALLS
        + "events: [{at: 2m, swap: NORTH-OLD-01, serial: B}, {at: 1m, swap: NORTH-GPU-1-01, serial: B}]",
        "events[0].serial: given 'B'",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_a_scenario_is_refused_with_place_and_way_out(tmp_path: Path, name: str) -> None:
    text, said = BAD[name]
    found = faults(tmp_path, text)

    assert 1 == len(found), found
    assert said in found[0]
    assert found[0].startswith("s.yaml:")


def test_all_that_is_wrong_is_said_at_once(tmp_path: Path) -> None:
    assert 3 == len(faults(tmp_path, HALLS + "time_scale: fast\nnonsense: 1\nfaults: [{kind: hungry}]"))


def test_halls_beside_those_of_a_fleet_are_refused(tmp_path: Path) -> None:
    (found,) = faults(tmp_path, HALLS, FLEET)

    assert "s.yaml:3:1 halls: given halls; expected no halls beside those of the fleet" in found


def test_without_fleet_and_scenario_there_is_nothing_to_simulate() -> None:
    with pytest.raises(FleetError, match="given nothing to simulate"):
        simulate_fleet(None, detach=True, stop=False)


def test_a_scenario_is_started_in_a_folder_of_its_own_and_says_how_to_reach_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[Any] = []
    said: list[str] = []
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(typer, "echo", said.append)
    endpoint = daemon.Endpoint(4711, 8443, "instance", "digest", ("north.test",))

    def start(config: SimulatorConfig, directory: Path) -> daemon.Endpoint:
        started.append((config, directory))
        return endpoint

    monkeypatch.setattr(daemon, "start_detached", start)
    config = load(tmp_path, HALLS)
    simulate_fleet(None, detach=True, stop=False, scenario=Path("s.yaml"))
    simulate_fleet(None, detach=True, stop=False, scenario=Path("s.yaml"), directory=Path("elsewhere"))

    assert [".argosy/simulators/s", "elsewhere"] == [str(directory) for _, directory in started]
    assert config.halls[0].name == started[0][0].halls[0].name
    assert "simulator of north: 5 servers, pid 4711, port 8443" == said[0]
    assert said[4] == (
        "curl --config .argosy/simulators/s/curl.conf https://bmc-gpu-1-01.north.test/redfish/v1/Systems"
    )
