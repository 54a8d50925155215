"""Servers whose BMC does not answer any more, over gRPC: deletions before and after a person gave one up."""

from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import pytest
from pulumi.runtime.proto import provider_pb2

from argosy_metal.claims import Claim, Phase, RunIdentity, SqliteClaimStore
from argosy_metal.lifecycle.abandonment import abandoning, is_left_behind
from argosy_metal.provider.values import plain_map, wire_map
from argosy_metal.simulator import FaultRule

from ..claims_files import claims_in
from ..kube_api import KubeApi
from .served_plugin import (
    CLAIM,
    CLAIM_URN,
    IMAGE,
    MACHINE,
    MACHINE_URN,
    Plugin,
    delete_request,
    refusal,
    served,
)

JOIN_URN = "urn:pulumi:local::lab::baremetal:index:NodeJoin::a"
CAP_URN = "urn:pulumi:local::lab::baremetal:index:PowerCap::a"
CAP: Mapping[str, Any] = {"serverId": "hall/SN1", "wattsPerGpu": 600, "restoreOnDelete": True}
DEAD = FaultRule("disconnect", host="bmc-1.*")
Up = tuple[dict[str, Any], dict[str, Any], dict[str, Any]]


@pytest.fixture
async def plugin(tmp_path: Path) -> AsyncIterator[Plugin]:
    """A plugin and a hall of one server."""
    async with served(tmp_path, servers=1) as found:
        yield found


async def up(plugin: Plugin) -> Up:
    """Claim, limit of power and machine, whose drives are to be erased."""
    claim = await plugin.create_claim()
    checked = await plugin.stub.Check(provider_pb2.CheckRequest(urn=CAP_URN, news=wire_map(CAP)))
    made = await plugin.stub.Create(provider_pb2.CreateRequest(urn=CAP_URN, properties=checked.inputs))
    return claim, plain_map(made.properties), await plugin.create_machine(wipe={"policy": "erase"})


async def delete_all(plugin: Plugin, there: Up) -> None:
    claim, cap, machine = there
    for urn, state in ((MACHINE_URN, machine), (CAP_URN, cap), (CLAIM_URN, claim)):
        await plugin.stub.Delete(delete_request(urn, state))


def give_up(plugin: Plugin) -> None:
    """A person's word, written as by the plugin's own run, so that it is not overtaken."""
    store = SqliteClaimStore(plugin.folder / "claims.sqlite", RunIdentity("run-1"))
    held = store.find("hall", "SN1")
    assert held is not None
    store.change(held, **abandoning(held, "BMC burnt"))
    store.close()


def held_claim(plugin: Plugin) -> Claim:
    (claim,) = claims_in(plugin.folder / "claims.sqlite")
    return claim


async def test_a_server_that_nobody_gave_up_stays_until_its_bmc_answers(plugin: Plugin) -> None:
    there = await up(plugin)
    plugin.simulator.inject(DEAD)

    with pytest.raises(grpc.aio.AioRpcError) as error:
        await delete_all(plugin, there)

    assert "is not taken for gone" in refusal(error, grpc.StatusCode.UNAVAILABLE)
    assert Phase.RUNNING == held_claim(plugin).phase


async def test_a_server_that_was_given_up_goes_from_the_state_and_stays_claimed_with_its_wipe(
    plugin: Plugin,
) -> None:
    there = await up(plugin)
    plugin.simulator.inject(DEAD)
    give_up(plugin)

    await delete_all(plugin, there)

    claim = held_claim(plugin)
    assert is_left_behind(claim)
    assert (Phase.RUNNING, "erase", None) == (claim.phase, claim.wipe, claim.wipe_proof)
    assert "On" == plugin.status()["power"], "nobody has reached it"


async def test_no_slot_gets_a_server_that_was_given_up(plugin: Plugin) -> None:
    there = await up(plugin)
    plugin.simulator.inject(DEAD)
    give_up(plugin)
    await delete_all(plugin, there)
    plugin.simulator.clear_faults()

    with pytest.raises(grpc.aio.AioRpcError) as error:
        await plugin.create_claim()

    told = refusal(error, grpc.StatusCode.FAILED_PRECONDITION)
    assert "abandoned: BMC burnt" in told
    assert "argosy metal abandon ENV hall/SN1 --take-back" in told
    claim, _, machine = there
    update = provider_pb2.UpdateRequest(
        urn=CLAIM_URN, id="hall/SN1", olds=wire_map(claim), news=wire_map({**CLAIM, "slot": "train/slot-02"})
    )
    for attempt in (plugin.stub.Update(update), plugin.create_machine(), plugin.read(CLAIM_URN)):
        with pytest.raises(grpc.aio.AioRpcError) as error:
            await attempt
        refusal(error, grpc.StatusCode.FAILED_PRECONDITION)
    assert "" == (await plugin.read(CLAIM_URN, claim)).id, "a state that still has it lets it go"
    assert Phase.RUNNING == held_claim(plugin).phase
    assert machine["installId"] == held_claim(plugin).install_id


async def test_a_server_that_was_given_up_and_answers_is_taken_down_and_wiped_like_any_other(
    plugin: Plugin,
) -> None:
    there = await up(plugin)
    give_up(plugin)

    await delete_all(plugin, there)

    assert ([], "Off") == (plugin.claims(), plugin.status()["power"])
    assert 0 < plugin.counters()["resets"]


async def test_a_server_that_answers_with_a_refusal_is_not_let_go_of(plugin: Plugin) -> None:
    there = await up(plugin)
    plugin.simulator.inject(FaultRule("status", host="bmc-1.*", path="*Systems*"))
    give_up(plugin)

    with pytest.raises(grpc.aio.AioRpcError) as error:
        await delete_all(plugin, there)

    refusal(error, grpc.StatusCode.UNAVAILABLE)
    assert not is_left_behind(held_claim(plugin))


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[KubeApi]:
    """A stand-in cluster; its kubeconfig lies in the project."""
    api = KubeApi(tmp_path)
    yield api
    api.stop()


async def joined(plugin: Plugin, cluster: KubeApi) -> tuple[dict[str, Any], dict[str, Any]]:
    """A machine whose Node runs a pod: their states."""
    await plugin.create_claim()
    machine = await plugin.create_machine()
    cluster.add_node("sn1", machine["bootId"])
    cluster.add_pod("job-1", "sn1")
    wish = {
        "serverId": "hall/SN1",
        "installId": machine["installId"],
        "kubeconfig": "kubeconfig",
        "nodeName": "sn1",
        "gpus": 8,
        "drainSeconds": 1,
    }
    checked = await plugin.stub.Check(provider_pb2.CheckRequest(urn=JOIN_URN, news=wire_map(wish)))
    made = await plugin.stub.Create(provider_pb2.CreateRequest(urn=JOIN_URN, properties=checked.inputs))
    return machine, plain_map(made.properties)


async def test_the_node_of_a_dead_server_is_drained_only_once_a_person_has_given_it_up(
    plugin: Plugin, cluster: KubeApi
) -> None:
    _, join = await joined(plugin, cluster)
    plugin.simulator.inject(DEAD)

    with pytest.raises(grpc.aio.AioRpcError) as error:
        await plugin.stub.Delete(delete_request(JOIN_URN, join))
    assert "argosy metal abandon ENV hall/SN1" in refusal(error, grpc.StatusCode.UNAVAILABLE)
    assert "sn1" in cluster.nodes
    give_up(plugin)
    await plugin.stub.Delete(delete_request(JOIN_URN, join))

    assert ["evict job-1", "delete sn1"] == cluster.done[-2:]


async def test_a_dead_servers_node_that_cannot_be_drained_holds_nothing_up_and_is_tried_once(
    plugin: Plugin, cluster: KubeApi
) -> None:
    machine, join = await joined(plugin, cluster)
    plugin.simulator.inject(DEAD)
    give_up(plugin)
    cluster.add_pod("job-2", "sn1", owner="")

    await plugin.stub.Delete(delete_request(JOIN_URN, join))
    asked = len(cluster.requests)
    await plugin.stub.Delete(delete_request(MACHINE_URN, machine))

    assert "sn1" in cluster.nodes
    assert asked == len(cluster.requests)


async def test_a_server_that_is_not_reached_takes_no_place_of_the_deletions(tmp_path: Path) -> None:
    async with served(tmp_path, servers=3, budgets={"deletionsPerRun": 1}) as plugin:
        states: dict[int, dict[str, Any]] = {}
        for n in (1, 2, 3):
            claim = {**CLAIM, "serial": f"SN{n}", "slot": f"t/{n}", "bmc": f"https://bmc-{n}.hall.test"}
            await plugin.stub.Create(
                provider_pb2.CreateRequest(urn=f"{CLAIM_URN}{n}", properties=wire_map(claim))
            )
            news = {**MACHINE, "serverId": f"hall/SN{n}", "image": IMAGE}
            request = provider_pb2.CreateRequest(urn=f"{MACHINE_URN}{n}", properties=wire_map(news))
            states[n] = plain_map((await plugin.stub.Create(request)).properties)
        plugin.simulator.inject(DEAD)

        async def delete(n: int) -> None:
            await plugin.stub.Delete(
                provider_pb2.DeleteRequest(
                    urn=f"{MACHINE_URN}{n}", id=f"hall/SN{n}", properties=wire_map(states[n])
                )
            )

        with pytest.raises(grpc.aio.AioRpcError) as unreached:
            await delete(1)
        await delete(2)
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await delete(3)

        assert "hall/SN1" in refusal(unreached, grpc.StatusCode.UNAVAILABLE)
        assert "this one has begun with hall/SN2;" in refusal(refused, grpc.StatusCode.FAILED_PRECONDITION)
        assert ["On", "Off", "On"] == [plugin.status(f"SN{n}")["power"] for n in (1, 2, 3)]
