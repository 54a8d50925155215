"""Machines over gRPC: wipes before release, budgets of deletions and rollouts, imports, drift."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import pytest
from pulumi.runtime.proto import provider_pb2

from argosy_metal.budgets import DELETIONS_VARIABLE
from argosy_metal.claims import RunIdentity, SqliteClaimStore
from argosy_metal.provider.values import plain_map, wire_map
from argosy_metal.simulator import FaultRule

from .served_plugin import (
    CLAIM,
    CLAIM_URN,
    IMAGE,
    MACHINE,
    MACHINE_URN,
    OTHER_IMAGE,
    Plugin,
    delete_request,
    partial_state,
    refusal,
    served,
)

ERASE = {"policy": "erase"}


@pytest.fixture
async def plugin(tmp_path: Path) -> AsyncIterator[Plugin]:
    """A plugin and a hall of two servers."""
    async with served(tmp_path) as found:
        yield found


class Pool:
    """Servers of one pool, each with its claim and its machine."""

    def __init__(self, plugin: Plugin, servers: int) -> None:
        self.plugin = plugin
        self.numbers = range(1, servers + 1)
        self.machines: dict[int, dict[str, Any]] = {}
        self.most_down = 0

    async def up(self) -> None:
        for n in self.numbers:
            claim = {
                **CLAIM,
                "serial": f"SN{n}",
                "slot": f"train/slot-0{n}",
                "bmc": f"https://bmc-{n}.hall.test",
            }
            request = provider_pb2.CreateRequest(urn=f"{CLAIM_URN}{n}", properties=wire_map(claim))
            await self.plugin.stub.Create(request)
        await asyncio.gather(*(self.create(n, IMAGE) for n in self.numbers))

    async def create(self, n: int, image: Mapping[str, Any]) -> None:
        news = {**MACHINE, "serverId": f"hall/SN{n}", "image": image}
        request = provider_pb2.CreateRequest(urn=self.urn(n), properties=wire_map(news))
        self.machines[n] = plain_map((await self.plugin.stub.Create(request)).properties)

    async def delete(self, n: int) -> None:
        await self.plugin.stub.Delete(
            provider_pb2.DeleteRequest(
                urn=self.urn(n), id=f"hall/SN{n}", properties=wire_map(self.machines[n])
            )
        )

    async def replace(self, n: int, image: Mapping[str, Any]) -> None:
        """As the engine does it: compare, delete, create."""
        await self.plugin.diff(self.urn(n), self.machines[n], {**self.machines[n], "image": image})
        await self.delete(n)
        self.most_down = max(self.most_down, self.down())
        await self.create(n, image)

    def down(self) -> int:
        return sum(phase.value != "running" for _, phase in self.plugin.claims())

    @staticmethod
    def urn(n: int) -> str:
        return f"{MACHINE_URN}{n}"


async def test_a_server_is_wiped_and_the_proof_recorded_before_it_is_given_back(plugin: Plugin) -> None:
    claim = await plugin.create_claim()
    machine = await plugin.create_machine(wipe=ERASE)

    await plugin.stub.Delete(delete_request(MACHINE_URN, machine))

    store = SqliteClaimStore(plugin.folder / "claims.sqlite", RunIdentity("looks only"))
    held = store.find("hall", "SN1")
    store.close()
    assert held is not None
    assert "erase" == held.wipe
    assert '"drives": [{' in (held.wipe_proof or "")
    await plugin.stub.Delete(delete_request(CLAIM_URN, claim))
    assert ([], "Off") == (plugin.claims(), plugin.status()["power"])


async def test_a_claim_whose_wipe_nobody_has_seen_is_wiped_before_it_is_given_back(plugin: Plugin) -> None:
    claim = await plugin.create_claim()
    machine = await plugin.create_machine(wipe=ERASE)
    await plugin.stub.Delete(delete_request(MACHINE_URN, machine))
    store = SqliteClaimStore(plugin.folder / "claims.sqlite", RunIdentity("run-1"))
    held = store.find("hall", "SN1")
    assert held is not None
    store.change(held, wipe_proof=None)
    before = plugin.counters()["resets"]

    await plugin.stub.Delete(delete_request(CLAIM_URN, claim))

    assert [] == plugin.claims()
    assert before < plugin.counters()["resets"], "its drives were erased once more"
    store.close()


async def test_another_wipe_policy_is_an_update_in_place(plugin: Plugin) -> None:
    await plugin.create_claim()
    state = await plugin.create_machine()
    difference = await plugin.diff(MACHINE_URN, state, {**MACHINE, "wipe": ERASE, "labels": {"row": "7"}})
    installs = plugin.counters()["installs_started"]

    await plugin.stub.Update(
        provider_pb2.UpdateRequest(
            urn=MACHINE_URN,
            id="hall/SN1",
            olds=wire_map(state),
            news=wire_map({**MACHINE, "wipe": ERASE, "labels": {"row": "7"}}),
        )
    )

    assert ([], ["labels", "wipe"]) == (list(difference.replaces), list(difference.diffs))
    assert installs == plugin.counters()["installs_started"]


async def test_more_machines_than_a_run_may_take_down_are_refused_and_left_on(tmp_path: Path) -> None:
    async with served(tmp_path, servers=3, budgets={"deletionsPerRun": 1}) as plugin:
        pool = Pool(plugin, 3)
        await pool.up()
        await pool.delete(1)

        with pytest.raises(grpc.aio.AioRpcError) as error:
            await pool.delete(2)

        told = refusal(error, grpc.StatusCode.FAILED_PRECONDITION)
        assert "hall/SN2 was left as it is: a run may take down 1 machine of this hall" in told
        assert f"{DELETIONS_VARIABLE}=NUMBER" in told
        assert ["Off", "On", "On"] == [plugin.status(f"SN{n}")["power"] for n in pool.numbers]


async def test_a_machine_that_is_replaced_without_a_comparison_is_none_that_is_given_up(
    tmp_path: Path,
) -> None:
    # As `pulumi up --replace` does it.
    async with served(tmp_path, servers=2, budgets={"deletionsPerRun": 1, "rollout": {"train": 1}}) as plugin:
        pool = Pool(plugin, 2)
        await pool.up()
        for n in pool.numbers:
            await plugin.check(pool.urn(n), {**MACHINE, "serverId": f"hall/SN{n}"})
            await pool.delete(n)
            await pool.create(n, IMAGE)

        assert 0 == pool.down()
        assert {2} == {plugin.counters(f"SN{n}")["installs_completed"] for n in pool.numbers}


async def test_a_person_may_allow_one_run_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(DELETIONS_VARIABLE, "all")
    async with served(tmp_path, servers=2, budgets={"deletionsPerRun": 1}) as plugin:
        pool = Pool(plugin, 2)
        await pool.up()
        for n in pool.numbers:
            await pool.delete(n)

        assert ["Off", "Off"] == [plugin.status(f"SN{n}")["power"] for n in pool.numbers]


async def test_another_image_goes_over_a_pool_so_many_machines_at_a_time(tmp_path: Path) -> None:
    budgets = {"deletionsPerRun": 0, "rollout": {"train": 1}}
    async with served(tmp_path, servers=3, budgets=budgets) as plugin:
        pool = Pool(plugin, 3)
        await pool.up()

        await asyncio.gather(*(pool.replace(n, OTHER_IMAGE) for n in pool.numbers))

        assert 1 == pool.most_down
        assert {f"sha256:{OTHER_IMAGE['sha256']}"} == {m["imageDigest"] for m in pool.machines.values()}


async def test_an_image_that_does_not_come_up_stops_at_the_first_machines_of_a_pool(tmp_path: Path) -> None:
    async with served(tmp_path, servers=3, budgets={"rollout": {"train": 1}}) as plugin:
        pool = Pool(plugin, 3)
        await pool.up()
        broken = {**OTHER_IMAGE, "sha256": "0" * 64}

        results = await asyncio.gather(
            *(pool.replace(n, broken) for n in pool.numbers), return_exceptions=True
        )

        errors = [result for result in results if isinstance(result, grpc.aio.AioRpcError)]
        halted = [
            error for error in errors if "left as it is: 1 machines of pool train" in str(error.details())
        ]
        assert (3, 2, 1) == (len(errors), len(halted), pool.down())
        # The engine records what is there: the old image runs on, and the next `up` begins with it.
        left = [plain_map(partial_state(error).properties) for error in halted]
        assert {("running", IMAGE["sha256"])} == {(m["phase"], m["image"]["sha256"]) for m in left}


async def test_a_replacement_whose_old_machine_cannot_be_taken_down_is_told_at_the_creation(
    plugin: Plugin,
) -> None:
    await plugin.create_claim()
    state = await plugin.create_machine()
    await plugin.diff(MACHINE_URN, state, {**MACHINE, "image": OTHER_IMAGE})
    plugin.simulator.inject(FaultRule("status", method="POST", path="*ComputerSystem.Reset*"))

    await plugin.stub.Delete(delete_request(MACHINE_URN, state))
    with pytest.raises(grpc.aio.AioRpcError) as error:
        await plugin.create_machine(image=OTHER_IMAGE)

    assert "phase leaving: reset the server (ForceOff)" in refusal(error, grpc.StatusCode.UNKNOWN)
    left = plain_map(partial_state(error.value).properties)
    assert {**state, "phase": "leaving"} == left
    assert ["image.sha256"] == list(
        (await plugin.diff(MACHINE_URN, left, {**MACHINE, "image": OTHER_IMAGE})).replaces
    )
    plugin.simulator.clear_faults()
    back = await plugin.stub.Update(
        provider_pb2.UpdateRequest(
            urn=MACHINE_URN, id="hall/SN1", olds=wire_map(left), news=wire_map(MACHINE)
        )
    )
    assert state == plain_map(back.properties)
    assert 1 == plugin.counters()["installs_started"]


@pytest.mark.parametrize("online", [True, False])
async def test_an_import_neither_powers_nor_wipes_nor_writes_anything(plugin: Plugin, online: bool) -> None:
    await plugin.create_claim()
    await plugin.create_machine(wipe=ERASE, online=online)
    writes, claims = plugin.simulator.simulation.writes(), plugin.claims()

    claim, machine = await plugin.read(CLAIM_URN), await plugin.read(MACHINE_URN)

    assert (writes, claims) == (plugin.simulator.simulation.writes(), plugin.claims())
    assert ("On" if online else "Off") == plugin.status()["power"]
    assert dict(CLAIM) == plain_map(claim.inputs)
    assert {**MACHINE, "online": online, "wipe": ERASE} == plain_map(machine.inputs)


async def test_a_server_that_somebody_switched_off_is_told_as_drift_and_switched_on_again(
    plugin: Plugin,
) -> None:
    await plugin.create_claim()
    state = await plugin.create_machine()
    plugin.simulator.bmc("SN1").machine.press_button(on=False, now=plugin.simulator.simulation.clock.now())

    refresh = provider_pb2.ReadRequest(
        urn=MACHINE_URN, id="hall/SN1", properties=wire_map(state), inputs=wire_map(MACHINE)
    )
    found = plain_map((await plugin.stub.Read(refresh)).properties)

    assert "Off" == found["power"]
    assert ["power"] == list((await plugin.diff(MACHINE_URN, found, MACHINE)).diffs)


async def test_a_machine_that_somebody_has_installed_anew_is_told_and_not_taken_for_gone(
    plugin: Plugin,
) -> None:
    await plugin.create_claim()
    state = await plugin.create_machine()
    store = SqliteClaimStore(plugin.folder / "claims.sqlite", RunIdentity("run-1"))
    held = store.find("hall", "SN1")
    assert held is not None
    # The hall's service has last heard of an installation that is not this one.
    store.change(held, install_id="another")
    store.close()

    with pytest.raises(grpc.aio.AioRpcError) as error:
        await plugin.read(MACHINE_URN, state)
    told = refusal(error, grpc.StatusCode.UNAVAILABLE)
    assert f"install {state['installId']} was reported last, and not ours, another" in told


async def test_user_data_is_pinned_and_shows_nowhere(plugin: Plugin) -> None:
    content = b"password: canary-4711\n"
    (plugin.folder / "user-data.yaml").write_bytes(content)
    reference = {"ref": "file:user-data.yaml", "sha256": hashlib.sha256(content).hexdigest()}
    await plugin.create_claim()

    with pytest.raises(grpc.aio.AioRpcError) as error:
        await plugin.create_machine(userData=reference)
    told = refusal(error, grpc.StatusCode.UNKNOWN)
    assert "the hall has no provisioning service that could give user data" in told
    with pytest.raises(grpc.aio.AioRpcError) as error:
        await plugin.create_machine(userData={**reference, "sha256": "0" * 64})
    assert "is pinned; find out who changed it" in refusal(error, grpc.StatusCode.UNKNOWN)

    files = [path.read_bytes() for path in plugin.folder.rglob("*") if path.is_file()]
    assert 1 == sum(b"canary-4711" in found for found in files), "only the file itself"
    assert "canary-4711" not in told


async def test_no_machine_ever_has_two_writers_or_more_connections_than_the_budget(tmp_path: Path) -> None:
    async with served(tmp_path, servers=3, budgets={"bmcConnections": 1, "imageReaders": 1}) as plugin:
        pool = Pool(plugin, 3)
        await pool.up()

        for n in pool.numbers:
            status = plugin.status(f"SN{n}")
            assert (1, 1) == (status["peak_writers"], status["peak_in_flight"])
