"""sushy, OpenStack's Redfish client, drives the simulator: a judge that we did not write."""

# sushy carries no types.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from typing import Any

import pytest
import sushy
from sushy import auth
from sushy.exceptions import HTTPError
from sushy.taskmonitor import TaskMonitor

from argosy_metal.simulator import ManualClock, SimulatedHall, SimulatedServer, SimulatorConfig
from argosy_metal.simulator.in_process import RunningSimulator, simulate

IMAGE = "https://provision.hall-north.test/images/node.iso?install=by-sushy"
SERVERS = (
    SimulatedServer("bmc-1.hall-north.test", "SN1", "dgx-h200", "rack-1"),
    SimulatedServer("bmc-2.hall-north.test", "SN2", "plain", "rack-1"),
    SimulatedServer("bmc-3.hall-north.test", "SN3", "gb200-nvl72-tray", "rack-1"),
)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def simulator(tmp_path: Path, clock: ManualClock) -> AsyncGenerator[RunningSimulator]:
    config = SimulatorConfig(halls=(SimulatedHall("hall-north", "provision.hall-north.test", SERVERS),))
    async with simulate(config, tmp_path, clock=clock, ports="each") as running:
        yield running


Connect = Callable[[str], Any]


@pytest.fixture
async def connect(simulator: RunningSimulator) -> AsyncGenerator[Connect]:
    services: list[Any] = []

    def make(serial: str) -> Any:
        host = simulator.bmc(serial).server.bmc_host
        services.append(
            sushy.Sushy(
                f"https://127.0.0.1:{simulator.ports[host]}/redfish/v1",
                auth=auth.SessionAuth(simulator.username, simulator.password),
                verify=str(simulator.ca_file),  # pyright: ignore[reportArgumentType]
            )
        )
        return services[-1]

    yield make
    # sushy would close them when they are collected, and try for half a minute if nobody answers by then.
    for service in services:
        await by_sushy(lambda service=service: log_out(service))


def log_out(service: Any) -> None:
    service._auth.close()


def server_of(service: Any) -> Any:
    """The system that is a server, not its GPU baseboard."""
    return next(one for one in service.get_system_collection().get_members() if one.boot.allowed_values)


async def by_sushy(work: Callable[[], Any]) -> Any:
    """sushy blocks; the simulator answers from this thread's event loop meanwhile."""
    return await asyncio.to_thread(work)


@pytest.mark.parametrize("serial", [server.serial for server in SERVERS])
async def test_sushy_installs_a_server(
    connect: Connect, simulator: RunningSimulator, clock: ManualClock, serial: str
) -> None:
    # Else the service root of a DGX lacks the links that sushy asks for.
    simulator.bmc(serial).service.restart()

    def provision() -> Any:
        service = connect(serial)
        system = server_of(service)
        assert serial == system.serial_number
        media = [*system.virtual_media.get_members()] if serial == "SN2" else managed_media(service)
        drive = next(one for one in media if sushy.VirtualMediaType.CD in one.media_types)
        drive.insert_media(IMAGE)
        drive.refresh(force=True)
        assert drive.inserted
        system.set_system_boot_options(
            target=sushy.BootSource.CD, enabled=sushy.BootSourceOverrideEnabled.ONCE
        )
        system.reset_system(sushy.ResetType.ON)
        return service, system, drive

    service, system, drive = await by_sushy(provision)
    clock.advance(700)

    def finish() -> None:
        system.refresh(force=True)
        assert system.power_state is sushy.PowerState.ON
        drive.eject_media()
        drive.refresh(force=True)
        assert not drive.inserted
        log_out(service)

    await by_sushy(finish)
    status = simulator.bmc(serial).status()

    assert "by-sushy" == status["phone_home"]["install_id"]
    assert 1 == status["counters"]["installs_completed"]
    assert 0 == status["sessions"]["live"]


def managed_media(service: Any) -> list[Any]:
    managers = service.get_manager_collection().get_members()
    with_media = [manager for manager in managers if "VirtualMedia" in manager.json]
    return [drive for manager in with_media for drive in manager.virtual_media.get_members()]


async def test_sushy_powers_a_server_off(
    connect: Connect, simulator: RunningSimulator, clock: ManualClock
) -> None:
    def power_on() -> Any:
        service = connect("SN2")
        server_of(service).reset_system(sushy.ResetType.ON)
        return service

    service = await by_sushy(power_on)
    clock.advance(10)
    await by_sushy(lambda: server_of(service).reset_system(sushy.ResetType.FORCE_OFF))
    clock.advance(10)

    assert "Off" == simulator.bmc("SN2").status()["power"]


async def test_sushy_opens_a_new_session_when_ours_are_dropped(
    connect: Connect, simulator: RunningSimulator
) -> None:
    service = await by_sushy(lambda: connect("SN2"))
    simulator.bmc("SN2").sessions.drop_all()
    system = await by_sushy(lambda: server_of(service))

    assert "SN2" == system.serial_number
    assert 2 == simulator.bmc("SN2").sessions.counters.opened


async def test_sushy_is_told_what_is_wrong_with_a_request(connect: Connect) -> None:
    def restart() -> None:
        server_of(connect("SN2")).reset_system(sushy.ResetType.FORCE_RESTART)

    with pytest.raises(HTTPError, match="standby"):
        await by_sushy(restart)


async def test_sushy_waits_for_a_task(
    connect: Connect,
    clock: ManualClock,
) -> None:
    def accept() -> Any:
        service = connect("SN1")
        path = "/redfish/v1/Systems/DGX/Actions/ComputerSystem.Reset"
        answer = service._conn.post(path, data={"ResetType": "On"})
        # Not `from_response`: it prefers the body's @odata.id, the Task, which answers 200 all the time.
        return TaskMonitor(service._conn, answer.headers["Location"])

    monitor = await by_sushy(accept)
    assert await by_sushy(lambda: monitor.check_is_processing)
    clock.advance(10)

    assert not await by_sushy(lambda: monitor.check_is_processing)


async def test_sushy_reads_the_settings_of_a_server_and_changes_one(
    connect: Connect, simulator: RunningSimulator
) -> None:
    def work() -> tuple[Any, Any]:
        system = server_of(connect("SN2"))
        bios = system.bios
        name = next(name for name, value in sorted(bios.attributes.items()) if value == "Enabled")
        bios.set_attribute(name, "Disabled")
        bios.refresh(force=True)
        return name, bios.pending_attributes

    name, pending = await by_sushy(work)

    assert "Disabled" == pending[name]
    assert {name: "Disabled"} == simulator.bmc("SN2").machine.state.bios.pending


async def test_sushy_reads_and_sets_secure_boot(connect: Connect, simulator: RunningSimulator) -> None:
    def work() -> tuple[bool, list[str]]:
        secure_boot = server_of(connect("SN2")).secure_boot
        before = secure_boot.enabled
        secure_boot.set_enabled(True)
        return before, sorted(one.database_id.value for one in secure_boot.databases.get_members())

    before, databases = await by_sushy(work)

    assert not before
    assert simulator.bmc("SN2").machine.state.parts.secure_boot.enabled
    assert {"PK", "KEK", "db", "dbx"} <= set(databases)


async def test_sushy_reads_drives(connect: Connect) -> None:
    def work() -> list[tuple[str, int]]:
        units = server_of(connect("SN2")).storage.get_members()
        return [(drive.name, drive.capacity_bytes) for unit in units for drive in unit.drives]

    drives = await by_sushy(work)

    assert drives
    assert all(capacity > 0 for _, capacity in drives)


async def test_sushy_reads_the_firmware(connect: Connect) -> None:
    def work() -> dict[str, str]:
        inventory = connect("SN2").get_update_service().firmware_inventory
        return {one.identity: one.version for one in inventory.get_members()}

    versions = await by_sushy(work)

    assert versions
    assert all(versions.values())


async def test_sushy_reads_processors_network_cards_and_memory(connect: Connect) -> None:
    def work() -> tuple[Any, Any, Any]:
        system = server_of(connect("SN2"))
        return system.processors.summary, system.ethernet_interfaces.summary, system.memory_summary

    processors, cards, memory = await by_sushy(work)

    assert 112 == processors.count
    assert 1 == len(cards)
    assert 2048 == memory.size_gib
