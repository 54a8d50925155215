"""Limits of power are checked against the BMC's ranges, set in place, and given back."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from argosy_metal.claims import Phase
from argosy_metal.lifecycle import MachineError
from argosy_metal.provider.failures import PartialFailureError
from argosy_metal.redfish.power_limits import PowerLimit, PowerLimits, power_limit_faults
from argosy_metal.simulator import FaultRule

from .setup_halls import Killed, KillPoints, Setup, claimed_server

CAP = "baremetal:index:PowerCap"


@pytest.fixture
async def setup(tmp_path: Path) -> AsyncIterator[Setup]:
    async with claimed_server(tmp_path) as made:
        yield made


def limits(setup: Setup) -> dict[str, float]:
    return setup.bmc.machine.state.parts.limits


async def test_a_node_is_limited_in_place_and_given_back(setup: Setup) -> None:
    outputs = await setup.create(CAP, wattsPerNode=3000, restoreOnDelete=True)
    assert ({"node": 3000}, True) == (limits(setup), outputs["complete"])

    outputs = await setup.update(CAP, outputs, wattsPerNode=2000, restoreOnDelete=True)
    assert [{"part": "1", "watts": 2000, "minWatts": 400, "maxWatts": 6000}] == outputs["limits"]
    assert ["wattsPerNode"] == setup.changes(CAP, outputs, wattsPerNode=2500, restoreOnDelete=True)

    await setup.delete(CAP, outputs)
    assert {"node": 6000} == limits(setup), "what the BMC calls its default"
    assert "powerCap" not in setup.record()


async def test_deletion_forgets_unless_the_program_said_otherwise(setup: Setup) -> None:
    outputs = await setup.create(CAP, wattsPerNode=3000)

    await setup.delete(CAP, outputs)

    assert {"node": 3000} == limits(setup)


async def test_what_was_there_before_is_captured_once_and_restored(setup: Setup) -> None:
    limits(setup)["node"] = 5000.0
    outputs = await setup.create(CAP, wattsPerNode=3000, restoreOnDelete=True)
    outputs = await setup.update(CAP, outputs, wattsPerNode=2000, restoreOnDelete=True)
    assert {"/redfish/v1/Chassis/1/EnvironmentMetrics": 5000} == outputs["captured"]

    await setup.delete(CAP, outputs)

    assert {"node": 5000} == limits(setup)


async def test_a_limit_that_the_program_drops_goes_back_to_what_it_was(tmp_path: Path) -> None:
    async with claimed_server(tmp_path, vendor=None, server_type="dgx-h200") as setup:
        limits(setup)["GPU_SXM_0"] = 650.0
        outputs = await setup.create(CAP, wattsPerGpu=500, restorePolicy="LastState")
        assert {f"GPU_SXM_{n}": 500 for n in range(8)} == limits(setup)

        outputs = await setup.update(CAP, outputs, restorePolicy="LastState")

        assert {**{f"GPU_SXM_{n}": 700 for n in range(1, 8)}, "GPU_SXM_0": 650} == limits(setup)
        assert ({}, "LastState") == (outputs["captured"], setup.bmc.machine.state.restore.policy)


async def test_gpus_are_found_on_their_baseboard(tmp_path: Path) -> None:
    for server_type, names, watts in (
        ("dgx-h100", [f"GPU_SXM_{n}" for n in range(8)], 500),
        ("dgx-b200", [f"GPU_{n}" for n in range(8)], 900),
    ):
        folder = tmp_path / server_type
        folder.mkdir()
        async with claimed_server(folder, vendor=None, server_type=server_type) as setup:
            await setup.create(CAP, wattsPerGpu=watts)
            assert dict.fromkeys(names, watts) == limits(setup)


async def test_modules_share_the_watts_of_a_gb200_tray(tmp_path: Path) -> None:
    async with claimed_server(tmp_path, vendor=None, server_type="gb200-nvl72-tray") as setup:
        outputs = await setup.create(CAP, wattsPerNode=4000)

        assert {"HGX_ProcessorModule_0": 2000, "HGX_ProcessorModule_1": 2000} == limits(setup)
        assert outputs["complete"]
        with pytest.raises(MachineError) as refused:
            await setup.update(CAP, outputs, wattsPerNode=6000)
    assert "wattsPerNode: given 6000 W; the BMC allows 900 to 5640 W" in str(refused.value)


@pytest.mark.parametrize("vendor", ["dell", "hpe", "lenovo", "supermicro"])
async def test_an_old_bmc_has_its_limit_in_power(tmp_path: Path, vendor: str) -> None:
    async with claimed_server(tmp_path, vendor=vendor) as setup:
        outputs = await setup.create(CAP, wattsPerNode=3000, restoreOnDelete=True)
        assert ({"node": 3000}, True) == (limits(setup), outputs["complete"])

        await setup.delete(CAP, outputs)

        assert {} == limits(setup), "it was not limited before"


async def test_everything_out_of_range_is_told_at_once_and_nothing_is_written(setup: Setup) -> None:
    with pytest.raises(MachineError) as refused:
        await setup.create(CAP, wattsPerNode=100, wattsPerGpu=300)

    assert "wattsPerNode: given 100 W; the BMC allows 400 to 6000 W" in str(refused.value)
    assert "wattsPerGpu: the BMC shows no limit of any GPU" in str(refused.value)
    assert [] == setup.writes()


async def test_a_dgx_has_no_node_limit_that_is_written(tmp_path: Path) -> None:
    async with claimed_server(tmp_path, vendor=None, server_type="dgx-h200") as setup:
        with pytest.raises(MachineError) as refused:
            await setup.create(CAP, wattsPerNode=8000)
    assert "give wattsPerGpu instead" in str(refused.value)


def test_a_server_behind_a_node_manager_is_told_so() -> None:
    (told,) = power_limit_faults(PowerLimits(has_node_manager=True), 8000, None)

    assert "limited as a whole by NVIDIA's node manager only, which is not written" in told


def test_a_range_that_the_bmc_does_not_tell_refuses_nothing() -> None:
    unknown = PowerLimit("1", "/x", None, None, None, None)

    assert () == power_limit_faults(PowerLimits((unknown,)), 1, None)


async def test_a_limit_that_someone_changed_is_reported_and_set_again(setup: Setup) -> None:
    outputs = await setup.create(CAP, wattsPerNode=3000)
    limits(setup)["node"] = 5500.0

    found = await setup.read(CAP, outputs)

    assert ["complete"] == setup.changes(CAP, found.outputs, wattsPerNode=3000)
    await setup.update(CAP, found.outputs, wattsPerNode=3000)
    assert {"node": 3000} == limits(setup)


async def test_what_is_there_already_is_not_written_again(setup: Setup) -> None:
    outputs = await setup.create(CAP, wattsPerNode=3000, restorePolicy="LastState", powerOnDelaySeconds=40)
    writes = setup.writes()

    await setup.update(CAP, outputs, wattsPerNode=3000, restorePolicy="LastState", powerOnDelaySeconds=40)

    assert writes == setup.writes()
    assert [] == setup.changes(
        CAP, outputs, wattsPerNode=3000, restorePolicy="LastState", powerOnDelaySeconds=40
    )


async def test_how_a_server_comes_back_is_set_and_given_back(setup: Setup) -> None:
    outputs = await setup.create(CAP, restorePolicy="LastState", powerOnDelaySeconds=40, restoreOnDelete=True)
    restore = setup.bmc.machine.state.restore
    assert ("LastState", 40) == (restore.policy, restore.delay_seconds)

    await setup.delete(CAP, outputs)

    assert ("AlwaysOff", 0) == (restore.policy, restore.delay_seconds)


async def test_a_running_machine_is_limited_too(setup: Setup) -> None:
    setup.phase_is(Phase.RUNNING)

    assert (await setup.create(CAP, wattsPerNode=3000))["complete"]


async def test_an_import_takes_the_limits_as_they_are_and_writes_nothing(setup: Setup) -> None:
    limits(setup)["node"] = 3000.0

    found = await setup.read(CAP)

    assert (3000, "AlwaysOff") == (found.inputs["wattsPerNode"], found.inputs["restorePolicy"])
    assert [] == setup.writes()
    inputs, failures = setup.kind(CAP).check(found.inputs)
    assert (dict(found.inputs), []) == (dict(inputs), list(failures))


@pytest.mark.parametrize(
    ("inputs", "told"),
    [
        ({}, "wattsPerNode"),
        ({"wattsPerNode": 0}, "wattsPerNode"),
        ({"wattsPerGpu": 1.5}, "wattsPerGpu"),
        ({"restorePolicy": "On"}, "restorePolicy"),
        ({"powerOnDelaySeconds": -1}, "powerOnDelaySeconds"),
        ({"wattsPerNode": 1, "restoreOnDelete": "yes"}, "restoreOnDelete"),
    ],
)
async def test_bad_inputs_are_named(setup: Setup, inputs: dict[str, object], told: str) -> None:
    _, failures = setup.kind(CAP).check({"serverId": "hall/SN1", **inputs})

    assert [told] == [name for name, _ in failures]


async def test_a_bmc_that_ignores_a_limit_is_not_believed(setup: Setup) -> None:
    setup.simulator.inject(FaultRule("ignore-write", method="PATCH", path="*/EnvironmentMetrics"))

    with pytest.raises(PartialFailureError) as failed:
        await setup.create(CAP, wattsPerNode=3000)

    assert "limit the power of 1: the BMC accepted it, but it does not show" in str(failed.value)
    assert not failed.value.outputs["complete"]


@pytest.mark.parametrize("nth", range(1, 9))
async def test_killed_in_the_middle_what_was_there_before_is_still_known(
    setup: Setup, monkeypatch: pytest.MonkeyPatch, nth: int
) -> None:
    limits(setup)["node"] = 5000.0
    wanted = {"wattsPerNode": 3000, "restorePolicy": "LastState", "restoreOnDelete": True}
    points = KillPoints(monkeypatch)
    points.die_at = nth
    try:
        await setup.create(CAP, **wanted)
    except Killed:
        setup.again()
    points.die_at = None

    outputs = await setup.create(CAP, **wanted)
    assert ({"node": 3000}, "LastState") == (limits(setup), setup.bmc.machine.state.restore.policy)
    await setup.delete(CAP, outputs)

    assert ({"node": 5000}, "AlwaysOff") == (limits(setup), setup.bmc.machine.state.restore.policy)


async def test_a_limited_server_draws_no_more_than_that(tmp_path: Path) -> None:
    async with claimed_server(tmp_path, vendor=None, server_type="dgx-h200") as setup:
        await setup.create(CAP, wattsPerGpu=500)

        assert setup.bmc.server.max_watts - 8 * 200 == setup.bmc.limit_watts()
