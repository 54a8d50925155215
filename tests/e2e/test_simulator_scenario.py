"""A scenario in a simulator of its own process: by the command, by curl, over a kill and a restart."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from argosy_metal.simulator import SimulatorControl, read_endpoint, stop

SCENARIO = """version: 1
time_scale: 600
halls:
  north:
    feeds: [{name: a, rated_kw: 30}, {name: b, rated_kw: 30}]
    racks:
      - {name: r, count: 2, servers: 2, server_type: dgx-h200, feeds: [a, b]}
durations: {post: 1m}
power: {bmc_boot_seconds: 60}
faults:
  - {kind: status, status: 503, host: "bmc-r-2-*", times: 1}
events:
  - {at: 90d, cut: hall north}
"""
SYSTEM = "/redfish/v1/Systems/DGX"


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Path]:
    (tmp_path / "s.yaml").write_text(SCENARIO, encoding="utf-8")
    yield tmp_path
    stop(tmp_path / ".argosy/simulators/s")


def argosy(project: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(Path(sys.executable).with_name("argosy")), "metal", "simulate", *words],
        cwd=project,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def curl(project: Path, host: str, path: str, *more: str) -> tuple[int, str]:
    """Status and body; status 0 and curl's exit code where no answer came."""
    done = subprocess.run(
        [
            "curl",
            "-sS",
            "--config",
            ".argosy/simulators/s/curl.conf",
            "-w",
            "\n%{http_code}",
            *more,
            f"https://{host}{path}",
        ],
        cwd=project,
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    body, _, status = done.stdout.rpartition("\n")
    return (int(status), body) if not done.returncode else (0, str(done.returncode))


def control(project: Path) -> SimulatorControl:
    return SimulatorControl(project / ".argosy/simulators/s")


def power_on(project: Path, host: str) -> None:
    status, _ = curl(project, host, f"{SYSTEM}/Actions/ComputerSystem.Reset", "--json", '{"ResetType": "On"}')
    assert 202 == status


def server(project: Path, serial: str) -> Any:
    return control(project).servers()[serial]


def until(reached: Any) -> None:
    deadline = time.monotonic() + 30
    while not reached():
        assert time.monotonic() < deadline, "it never came so"
        time.sleep(0.02)


def test_a_scenario_runs_without_any_fleet_and_its_faults_are_met(project: Path) -> None:
    started = argosy(project, "--scenario", "s.yaml", "--detach")
    assert 0 == started.returncode, started.stderr
    assert "simulator of north: 4 servers" in started.stdout

    assert [503, 200] == [curl(project, "bmc-r-2-01.north.test", SYSTEM)[0] for _ in range(2)]
    status, body = curl(project, "bmc-r-1-01.north.test", SYSTEM)
    assert (200, True) == (status, '"NORTH-R-1-01"' in body)
    assert 0 == argosy(project, "--scenario", "s.yaml", "--stop").returncode
    assert 0 == curl(project, "bmc-r-1-01.north.test", SYSTEM)[0]


def test_a_rack_without_power_is_dark_for_curl_and_comes_back_over_a_kill_of_the_simulator(
    project: Path,
) -> None:
    argosy(project, "--scenario", "s.yaml", "--detach")
    power_on(project, "bmc-r-1-01.north.test")
    until(lambda: server(project, "NORTH-R-1-01")["power"] == "On")
    control(project).cut("rack north/r-1")
    # 35: TLS was not even begun; 56: the connection was reset.
    status, code = curl(project, "bmc-r-1-01.north.test", SYSTEM)
    assert 0 == status
    assert code in ("35", "56")

    os.kill(read_endpoint(project / ".argosy/simulators/s").pid, signal.SIGKILL)
    argosy(project, "--scenario", "s.yaml", "--detach")
    assert ["rack north/r-1"] == control(project).halls()["north"]["cut"]
    found = server(project, "NORTH-R-1-01")
    assert (False, "Off", 1) == (found["has_power"], found["power"], found["counters"]["power_losses"])

    control(project).restore("rack north/r-1")
    until(lambda: curl(project, "bmc-r-1-01.north.test", SYSTEM)[0] == 200)


def test_watts_are_drawn_and_counted(project: Path) -> None:
    argosy(project, "--scenario", "s.yaml", "--detach")
    power_on(project, "bmc-r-1-01.north.test")
    feeds = control(project).halls()["north"]["feeds"]

    assert {30_000} == {feed["rated_watts"] for feed in feeds.values()}
    # Half of one server's start, and three servers in standby.
    assert 15_300 + 3 * 102 == feeds["a"]["peak_watts"]
    assert (1, 0) == (
        server(project, "NORTH-R-1-01")["peak_connections"],
        server(project, "NORTH-R-1-02")["connections"],
    )


def test_a_scenario_that_is_wrong_starts_nothing(project: Path) -> None:
    (project / "s.yaml").write_text(SCENARIO.replace("cut: hall north", "cut: hall nort"), encoding="utf-8")
    refused = argosy(project, "--scenario", "s.yaml", "--detach")

    assert 2 == refused.returncode
    assert "s.yaml:13:20 events[0].cut: given the hall 'nort'" in refused.stderr
    assert not (project / ".argosy").exists()
