from __future__ import annotations

import asyncio
import json
import stat
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from argosy_metal.redfish import BmcUnreachableError, find_system
from argosy_metal.redfish.gate import BmcGate
from argosy_metal.redfish.settings import Patience
from argosy_metal.redfish.transport import Transport
from argosy_metal.redfish.trust import Trust
from argosy_metal.simulator import (
    FaultRule,
    ManualClock,
    ScaledClock,
    SimulatorConfig,
    SimulatorControl,
    SimulatorNotRunningError,
    image_bytes,
    image_sha256,
    parse_faults,
    read_endpoint,
)
from argosy_metal.simulator.endpoint import Endpoint
from argosy_metal.simulator.fault_rules import FaultScriptError
from argosy_metal.simulator.in_process import RunningSimulator, simulate
from argosy_metal.simulator.world import read_config

IMAGE = "https://provision.hall-north.test/images/node.iso?install=I1"
WHOLE_INSTALL = 605


async def install(connect: Any, serial: str = "SN1") -> None:
    """Everything up to power-on; the rest is the server's own work."""
    async with connect(serial) as bmc:
        system = await find_system(bmc, serial)
        await (await system.optical_slot()).insert(IMAGE)
        await system.set_boot_override_once("Cd")
        await system.reset("On")


async def ask(simulator: RunningSimulator, host: str, path: str) -> Any:
    transport = Transport(
        f"https://{host}", Trust(ca_file=simulator.ca_file), Patience(), BmcGate(), simulator.resolve
    )
    try:
        return await transport.exchange("GET", path, headers={}, operation="ask")
    finally:
        await transport.close()


async def test_an_installed_machine_is_known_to_its_hall_and_only_then(
    connect: Any, simulator: RunningSimulator, clock: ManualClock
) -> None:
    await install(connect)
    before = await ask(simulator, "provision.hall-north.test", "/phone-home/SN1")
    clock.advance(WHOLE_INSTALL)
    after = await ask(simulator, "provision.hall-north.test", "/phone-home/SN1")

    assert (404, 200) == (before.status, after.status)
    assert ("SN1", "I1", image_sha256("node")) == tuple(
        after.body[key] for key in ("serial", "install_id", "image_sha256")
    )


@pytest.mark.parametrize("host", ["nobody.hall-north.test", "localhost"])
async def test_an_unknown_host_name_gets_nothing(simulator: RunningSimulator, host: str) -> None:
    answer = await ask(simulator, "provision.hall-north.test", f"/images/{image_sha256('other')}.iso")

    assert 404 == answer.status
    assert (host == "localhost") == (simulator.resolve(host) is None)


async def test_what_was_installed_survives_a_restart_of_the_simulator(
    config: SimulatorConfig, tmp_path: Path, clock: ManualClock, simulator: RunningSimulator, connect: Any
) -> None:
    await install(connect)
    clock.advance(200)
    simulator.simulation.save()
    async with simulate(config, tmp_path / "simulator", clock=ManualClock(clock.now())) as again:
        status = again.bmc("SN1").status()
        assert (1, 0) == tuple(status["counters"][key] for key in ("installs_started", "installs_completed"))
        later = again.simulation.clock
        assert isinstance(later, ManualClock)
        later.advance(1000)
        status = again.bmc("SN1").status()

    assert "I1" == status["phone_home"]["install_id"]
    assert again.password == simulator.password


async def test_simulated_time_goes_on_where_it_stopped(config: SimulatorConfig, tmp_path: Path) -> None:
    async with simulate(config, tmp_path, clock=ManualClock(1234.0)):
        pass
    async with simulate(replace(config, time_scale=1), tmp_path) as again:
        assert 1234 <= again.simulation.clock.now() < 1294


def test_scaled_time_passes_as_many_times_faster() -> None:
    ticks = iter([10.0, 13.0])
    clock = ScaledClock(600, start=5.0, monotonic=lambda: next(ticks))

    assert 5 + 3 * 600 == clock.now()
    assert 2 == clock.real_seconds(1200)


async def test_the_password_is_made_once_and_readable_by_its_owner_only(
    simulator: RunningSimulator, tmp_path: Path
) -> None:
    file = tmp_path / "simulator" / "bmc-password"

    assert 0o600 == stat.S_IMODE(file.stat().st_mode)
    assert simulator.password == file.read_text().strip()
    assert simulator.password not in repr(simulator)


async def test_with_a_port_for_each_bmc_the_port_decides(config: SimulatorConfig, tmp_path: Path) -> None:
    async with simulate(config, tmp_path, ports="each", clock=ManualClock()) as simulator:
        found: list[str] = []
        for bmc in ("bmc-2.hall-north.test", "bmc-1.hall-north.test"):
            transport = Transport(
                f"https://127.0.0.1:{simulator.ports[bmc]}",
                Trust(ca_file=simulator.ca_file),
                Patience(),
                BmcGate(),
                None,
            )
            root = await transport.exchange("GET", "/redfish/v1/", headers={}, operation="ask")
            found.append(root.body["Vendor"])
            await transport.close()

    assert ["Argosy", "AMI"] == found


async def test_a_fault_hits_what_it_matches_from_its_turn_on_and_ends(
    connect: Any, simulator: RunningSimulator
) -> None:
    simulator.inject(FaultRule("status", host="bmc-1.*", path="*/Systems", status=500, skip=1, times=1))
    codes: list[int] = []
    for _ in range(3):
        codes.append((await ask(simulator, "bmc-1.hall-north.test", "/redfish/v1/Systems")).status)
    codes.append((await ask(simulator, "bmc-2.hall-north.test", "/redfish/v1/Systems")).status)

    assert [401, 500, 401, 401] == codes
    assert 3 == simulator.simulation.faults.shown()[0]["matched"]


async def test_a_fault_ends_when_all_are_cleared(simulator: RunningSimulator) -> None:
    simulator.inject(FaultRule("status"))
    spoilt = await ask(simulator, "bmc-1.hall-north.test", "/redfish/v1/")
    simulator.clear_faults()
    whole = await ask(simulator, "bmc-1.hall-north.test", "/redfish/v1/")

    assert (500, 200) == (spoilt.status, whole.status)


async def test_the_simulator_ends_although_a_request_hangs(config: SimulatorConfig, tmp_path: Path) -> None:
    hanging = replace(config, faults=(FaultRule("hang"),))
    async with simulate(hanging, tmp_path, clock=ManualClock()) as simulator:
        request = asyncio.create_task(ask(simulator, "bmc-1.hall-north.test", "/redfish/v1/"))
        await until(lambda: simulator.bmc("SN1").traffic.in_flight > 0)
    with pytest.raises(BmcUnreachableError):
        await request


async def until(reached: Callable[[], bool]) -> None:
    """Let the event loop turn until something is so; fails after some thousand turns."""
    for _ in range(5000):
        if reached():
            return
        await asyncio.sleep(0.001)
    raise AssertionError("it never came so")


async def test_the_control_service_tells_and_obeys(simulator: RunningSimulator, tmp_path: Path) -> None:
    directory = tmp_path / "simulator"
    simulator.endpoint.write(directory)
    control = SimulatorControl(directory)

    def work() -> tuple[Any, Any, Any]:
        control.inject([FaultRule("status", status=503, retry_after=5)])
        return control.servers(), control.writes(), control.identity()

    servers, writes, identity = await asyncio.to_thread(work)
    spoilt = await ask(simulator, "bmc-1.hall-north.test", "/redfish/v1/")
    await asyncio.to_thread(control.clear_faults)

    assert ["SN1", "SN2", "SN3"] == list(servers)
    assert ([], simulator.endpoint.instance) == (writes, identity["instance"])
    assert (503, 5) == (spoilt.status, spoilt.retry_after)
    assert [] == simulator.simulation.faults.shown()


async def test_the_control_service_refuses_what_it_does_not_know(
    simulator: RunningSimulator, tmp_path: Path
) -> None:
    directory = tmp_path / "simulator"
    simulator.endpoint.write(directory)
    bad = FaultRule("explode")  # pyright: ignore[reportArgumentType]
    with pytest.raises(ValueError, match="HTTP 400"):
        await asyncio.to_thread(SimulatorControl(directory).inject, [bad])

    assert 404 == (await ask(simulator, "provision.hall-north.test", "/_control/servers")).status


async def test_a_process_that_only_reused_the_port_is_not_taken_for_the_simulator(
    simulator: RunningSimulator, tmp_path: Path
) -> None:
    directory = tmp_path / "simulator"
    simulator.endpoint.write(directory)
    control = SimulatorControl(directory)
    stranger = replace(simulator.endpoint, instance="another start")

    assert await asyncio.to_thread(control.is_alive, simulator.endpoint)
    assert not await asyncio.to_thread(control.is_alive, stranger)


def test_an_endpoint_leads_only_its_own_host_names_to_the_loopback_address(tmp_path: Path) -> None:
    Endpoint(1, 4711, "x", "y", ("hall-north.test",)).write(tmp_path)
    endpoint = read_endpoint(tmp_path)

    assert ("127.0.0.1", 4711) == endpoint.resolve("BMC-1.hall-north.test")
    assert endpoint.resolve("bmc-1.hall-south.test") is None
    assert endpoint.resolve("deep.bmc-1.hall-north.test") is None


def test_where_no_simulator_ever_ran_the_error_names_the_command(tmp_path: Path) -> None:
    with pytest.raises(SimulatorNotRunningError, match="argosy metal simulate"):
        read_endpoint(tmp_path)


def test_a_simulator_that_is_gone_is_reported_as_not_running(tmp_path: Path) -> None:
    Endpoint(1, 9, "x", "y", ("hall-north.test",)).write(tmp_path)
    with pytest.raises(SimulatorNotRunningError, match="does not answer"):
        SimulatorControl(tmp_path).identity()


def test_a_configuration_survives_its_file_and_another_one_has_another_digest(
    config: SimulatorConfig, tmp_path: Path
) -> None:
    config.write(tmp_path / "c.json")
    again = read_config(tmp_path / "c.json")

    assert config == again
    assert config.digest() == again.digest()
    assert config.digest() != replace(config, time_scale=2).digest()


def test_a_fault_script_is_read() -> None:
    rule = FaultRule("hang", host="bmc-1.*", times=3)

    assert (rule,) == parse_faults(json.dumps([asdict(rule)]).encode())


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        ('[{"kind": "hung"}]', "[0].kind: 'hung' is no kind of fault; did you mean hang?"),
        (
            '[{"kind": "hang", "hots": "x"}, {"host": "y", "times": "often"}]',
            "[0].hots: no key of a fault rule; did you mean host?; [1].kind: missing; [1].times: given "
            "'often'; input should be a valid integer, unable to parse string as an integer",
        ),
        ("{", 'expected a JSON list of fault rules, e.g. [{"kind": "hang", "host": "bmc-1.*"}]'),
        (
            '{"kind": "hang"}',
            'expected a JSON list of fault rules, e.g. [{"kind": "hang", "host": "bmc-1.*"}]',
        ),
    ],
)
def test_a_bad_fault_script_is_refused_on_one_line_with_all_that_is_wrong(raw: str, told: str) -> None:
    with pytest.raises(FaultScriptError) as error:
        parse_faults(raw.encode())

    assert told == str(error.value)


def test_the_digest_of_an_image_is_that_of_its_content() -> None:
    assert b"argosy simulated installer image: node\n" == image_bytes("node")
    assert "659348da96fef9b303cb0aaed6a91118d9dd665ba4fe60ff47aa53eabacad8e9" == image_sha256("node")
