"""Our driver, a real Ironic and simulated BMCs: machines come up, go down, and nothing foreign is touched."""

from __future__ import annotations

import asyncio
import itertools
import uuid
from collections.abc import AsyncGenerator, Generator, Mapping
from pathlib import Path
from typing import Any

import pytest

from argosy_metal.claims import Phase
from argosy_metal.lifecycle import MachineNotReadyError
from argosy_metal.simulator import FaultRule

from .ironic_hall import IronicHall, Killed, Names, ironic_hall, until
from .ironic_server import IronicOptions, IronicServer, ironic_server

# Ironic's own steps take their time on a busy computer.
pytestmark = pytest.mark.timeout(600)
_NUMBERS = itertools.count(1)


@pytest.fixture(scope="module")
def names() -> Names:
    return Names()


@pytest.fixture(scope="module")
def ironic(tmp_path_factory: pytest.TempPathFactory, names: Names) -> Generator[IronicServer]:
    options = IronicOptions(http_basic=True, tls=True, resolve=names.resolve)
    with ironic_server(tmp_path_factory.mktemp("server"), options) as server:
        yield server


@pytest.fixture
async def hall(tmp_path: Path, ironic: IronicServer, names: Names) -> AsyncGenerator[IronicHall]:
    # Nodes stay in Ironic, so no two tests share a hall's name.
    name = f"hall-{next(_NUMBERS)}"
    async with ironic_hall(name, tmp_path, ironic, names) as running:
        yield running


async def test_a_server_is_enrolled_installed_once_and_given_back(hall: IronicHall) -> None:
    async with hall.machine("SN1") as (machine, journal):
        running = await machine.bring_up(hall.wanted(), online=True)

        counters, node = hall.counters("SN1"), hall.node("SN1")
        assert (Phase.RUNNING, "On") == (journal.claim.phase, running.power)
        assert 1 == counters.installs_started == counters.installs_completed
        assert ("active", "direct", "fleet/test", False) == (
            *(node["provision_state"], node["deploy_interface"], node["owner"], node["maintenance"]),
        )
        assert {} == hall.simulator.bmc("SN1").machine.state.media

        assert "Off" == (await machine.bring_up(hall.wanted(), online=False)).power
        assert running.boot_id == (await machine.look()).boot_id

        await machine.take_down()

        assert Phase.CLAIMED is journal.claim.phase
        assert ("available", None, None, "power off") == free_state(hall.node("SN1"))
    assert 1 == counters.installs_started
    for log in (hall.ironic.log.read_text(), str(hall.node("SN1"))):
        assert hall.simulator.password not in log


async def test_a_run_that_dies_after_every_single_order_goes_on_and_installs_once(hall: IronicHall) -> None:
    def dies() -> None:
        raise Killed

    deaths = 0
    while hall.claim("SN1").phase is not Phase.RUNNING:
        async with hall.machine("SN1", dies=dies) as (machine, _):
            try:
                await machine.bring_up(hall.wanted(), online=True)
            except Killed:
                deaths += 1

    counters = hall.counters("SN1")
    assert 1 == counters.installs_started == counters.installs_completed == hall.claim("SN1").attempts
    assert deaths > 8

    while hall.claim("SN1").phase is not Phase.CLAIMED:
        async with hall.machine("SN1", dies=dies) as (machine, _):
            try:
                await machine.take_down()
            except Killed:
                deaths += 1
    assert ("available", None, None, "power off") == free_state(hall.node("SN1"))


async def test_a_conductor_that_dies_while_deploying_costs_an_attempt_and_the_next_one_runs(
    hall: IronicHall,
) -> None:
    async with hall.machine("SN1") as (machine, journal):
        coming = asyncio.create_task(machine.bring_up(hall.wanted(), online=True))
        await until(lambda: is_deploying(hall))
        hall.ironic.kill()
        await asyncio.to_thread(hall.ironic.start)

        with pytest.raises(MachineNotReadyError, match="can't be resumed by conductor"):
            await coming
        assert (Phase.FAILED, 1) == (journal.claim.phase, journal.claim.attempts)

        await machine.bring_up(hall.wanted(), online=True)
        assert (Phase.RUNNING, 2) == (journal.claim.phase, journal.claim.attempts)
        assert 1 == hall.counters("SN1").installs_completed


async def test_an_image_that_is_not_there_is_told_in_ironics_words_and_quarantines(hall: IronicHall) -> None:
    missing = hall.wanted("missing", sha256="0" * 64)
    for attempt in (1, 2):
        async with hall.machine("SN1") as (machine, journal):
            with pytest.raises(MachineNotReadyError, match=r"Ironic says `deploy failed`: .*missing\.iso"):
                await machine.bring_up(missing, online=True)
            assert (Phase.FAILED, attempt) == (journal.claim.phase, journal.claim.attempts)

    async with hall.machine("SN1") as (machine, journal):
        with pytest.raises(MachineNotReadyError, match="quarantined after 2 attempts"):
            await machine.bring_up(missing, online=True)
        assert Phase.QUARANTINED is journal.claim.phase


async def test_a_node_that_others_use_is_never_touched(hall: IronicHall) -> None:
    instance = str(uuid.uuid4())
    enrol(hall, "SN1", instance_uuid=instance)
    before = hall.node("SN1")
    async with hall.machine("SN1") as (machine, journal):
        with pytest.raises(
            MachineNotReadyError, match=rf"is not ours: owner nobody by name, instance {instance}"
        ):
            await machine.bring_up(hall.wanted(), online=True)
        assert 0 == journal.claim.attempts

        await machine.take_down()

    assert before == hall.node("SN1")
    assert 0 == hall.counters("SN1").resets


async def test_a_node_that_the_operator_enrolled_is_given_back_as_it_was(hall: IronicHall) -> None:
    enrol(hall, "SN1", automated_clean=False, description="ours by hand")
    for target, state in (("manage", "manageable"), ("inspect", "manageable"), ("provide", "available")):
        path = f"/v1/nodes/{hall.name}.SN1/states/provision"
        await asyncio.to_thread(hall.ironic.request, "PUT", path, {"target": target})
        await until(lambda state=state: hall.node("SN1")["provision_state"] == state)
    before = hall.node("SN1")
    async with hall.machine("SN1", password="not-the-bmcs") as (machine, _):
        await machine.bring_up(hall.wanted(), online=True)
        await machine.take_down()

    after = hall.node("SN1")
    kept = ("name", "description", "owner", "extra", "instance_info", "deploy_interface", "automated_clean")
    assert {key: before[key] for key in kept} == {key: after[key] for key in kept}


async def test_a_node_that_is_not_available_is_left_to_who_enrolled_it(hall: IronicHall) -> None:
    enrol(hall, "SN1")
    async with hall.machine("SN1") as (machine, _):
        with pytest.raises(MachineNotReadyError, match=r"it is `enroll`, and we have not enrolled it"):
            await machine.bring_up(hall.wanted(), online=True)


async def test_another_server_behind_the_bmc_is_left_alone(hall: IronicHall) -> None:
    hall.simulator.inject(FaultRule("wrong-serial"))
    async with hall.machine("SN1") as (machine, _):
        with pytest.raises(MachineNotReadyError, match=r"Ironic has seen serial .*, not SN1"):
            await machine.bring_up(hall.wanted(), online=True)
    assert 0 == hall.counters("SN1").resets


async def test_a_server_that_somebody_has_switched_on_is_left_on_and_the_hall_names_its_system(
    tmp_path: Path, ironic: IronicServer, names: Names
) -> None:
    async with ironic_hall("hall-gpu", tmp_path, ironic, names, types=("gb200-nvl72-tray",)) as hall:
        bmc = hall.simulator.bmc("SN1")
        bmc.machine.reset("On", hall.simulator.simulation.clock.now())
        async with hall.machine("SN1") as (machine, _):
            with pytest.raises(MachineNotReadyError, match="System count is not exactly one"):
                await machine.bring_up(hall.wanted(), online=True)

        system_id = f"/redfish/v1/Systems/{bmc.profile.system_id}"
        async with hall.machine("SN1", system_id=system_id) as (machine, _):
            with pytest.raises(MachineNotReadyError, match="the server is not off"):
                await machine.bring_up(hall.wanted(), online=True)
        assert 1 == hall.counters("SN1").resets


def free_state(node: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(node[key] for key in ("provision_state", "instance_uuid", "owner", "power_state"))


def is_deploying(hall: IronicHall) -> bool:
    nodes = hall.ironic.request("GET", "/v1/nodes?provision_state=deploying")["nodes"]
    return f"{hall.name}.SN1" in [node["name"] for node in nodes]


def enrol(hall: IronicHall, serial: str, **fields: Any) -> None:
    """What an operator does by hand."""
    simulator = hall.simulator
    info = {
        "redfish_address": f"https://{simulator.bmc(serial).server.bmc_host}",
        "redfish_username": simulator.username,
        "redfish_password": simulator.password,
        "redfish_verify_ca": str(simulator.ca_file),
    }
    node = {"driver": "redfish", "name": f"{hall.name}.{serial}", "driver_info": info, **fields}
    instance = node.pop("instance_uuid", None)
    hall.ironic.request("POST", "/v1/nodes", node)
    if instance is not None:
        patch = [{"op": "add", "path": "/instance_uuid", "value": instance}]
        hall.ironic.request("PATCH", f"/v1/nodes/{hall.name}.{serial}", patch)
