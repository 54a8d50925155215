"""A NodeJoin over gRPC, as the engine asks for it, in a stand-in cluster."""

from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import pytest
from pulumi.runtime.proto import provider_pb2

from argosy_metal.provider.values import UNKNOWN, plain_map, wire_map

from ..kube_api import TOKEN, KubeApi
from .served_plugin import MACHINE, MACHINE_URN, OTHER_IMAGE, Plugin, partial_state, refusal, served

URN = "urn:pulumi:local::lab::baremetal:index:NodeJoin::a"
WISH: Mapping[str, Any] = {
    "serverId": "hall/SN1",
    "kubeconfig": "kubeconfig",
    "nodeName": "sn1",
    "labels": {"argosy.dev/pool": "train"},
    "gpus": 8,
    "drainSeconds": 1,
}


@pytest.fixture
async def plugin(tmp_path: Path) -> AsyncIterator[Plugin]:
    """A configured plugin and a quick hall."""
    async with served(tmp_path) as found:
        yield found


@pytest.fixture
def api(tmp_path: Path) -> Any:
    """The cluster; its kubeconfig lies in the project."""
    found = KubeApi(tmp_path)
    yield found
    found.stop()


async def checked(plugin: Plugin, machine: Mapping[str, Any]) -> dict[str, Any]:
    news = wire_map({**WISH, "installId": machine["installId"]})
    answer = await plugin.stub.Check(provider_pb2.CheckRequest(urn=URN, news=news))
    assert [] == list(answer.failures)
    return plain_map(answer.inputs)


async def create(plugin: Plugin, inputs: Mapping[str, Any], **more: Any) -> Any:
    return await plugin.stub.Create(provider_pb2.CreateRequest(urn=URN, properties=wire_map(inputs), **more))


async def delete(plugin: Plugin, urn: str, state: Mapping[str, Any], **more: Any) -> None:
    await plugin.stub.Delete(
        provider_pb2.DeleteRequest(urn=urn, id="hall/SN1", properties=wire_map(state), **more)
    )


async def test_a_node_is_previewed_joined_refreshed_unchanged_and_drained(
    plugin: Plugin, api: KubeApi
) -> None:
    await plugin.create_claim()
    machine = await plugin.create_machine()
    inputs = await checked(plugin, machine)
    preview = plain_map((await create(plugin, {**inputs, "installId": UNKNOWN}, preview=True)).properties)
    assert UNKNOWN is preview["ready"]
    assert [] == api.requests

    api.add_node("sn1", machine["bootId"])
    api.add_pod("job-1", "sn1")
    made = await create(plugin, inputs)
    state = plain_map(made.properties)
    assert ("hall/SN1", True, 8) == (made.id, state["ready"], state["gpuCount"])
    assert provider_pb2.DiffResponse.DIFF_NONE == (await plugin.diff(URN, state, inputs)).changes
    refreshed = await plugin.stub.Read(
        provider_pb2.ReadRequest(urn=URN, id="hall/SN1", properties=wire_map(state), inputs=wire_map(inputs))
    )
    assert state == plain_map(refreshed.properties)
    await delete(plugin, URN, state)
    assert ["patch sn1", "patch sn1", "evict job-1", "delete sn1"] == api.done
    assert TOKEN not in str(state)


async def test_an_install_id_to_come_replaces_it_and_the_machine_drains_it_before_it_goes(
    plugin: Plugin, api: KubeApi
) -> None:
    await plugin.create_claim()
    machine = await plugin.create_machine()
    inputs = await checked(plugin, machine)
    api.add_node("sn1", machine["bootId"])
    state = plain_map((await create(plugin, inputs)).properties)

    changed = await plugin.diff(MACHINE_URN, machine, {**MACHINE, "image": OTHER_IMAGE})
    asked = await plugin.diff(URN, state, {**inputs, "installId": UNKNOWN, "serverId": UNKNOWN})
    assert (["image.sha256"], ["installId", "serverId"]) == (list(changed.replaces), list(asked.replaces))
    assert asked.deleteBeforeReplace
    api.before["DELETE"] = lambda: api.done.append(f"power {plugin.status()['power']}")
    await delete(plugin, URN, state)
    await delete(plugin, MACHINE_URN, machine)

    assert ["patch sn1", "patch sn1", "power On", "delete sn1"] == api.done
    assert "Off" == plugin.status()["power"]


async def test_a_node_that_does_not_come_in_time_is_recorded_and_the_next_update_goes_on(
    plugin: Plugin, api: KubeApi
) -> None:
    await plugin.create_claim()
    machine = await plugin.create_machine()
    inputs = await checked(plugin, machine)
    with pytest.raises(grpc.aio.AioRpcError) as error:
        await create(plugin, inputs, timeout=0.1)

    partial = partial_state(error.value)
    assert "the time given to this resource is over" in partial.reasons[0]
    api.add_node("sn1", machine["bootId"])
    answer = await plugin.stub.Update(
        provider_pb2.UpdateRequest(urn=URN, id="hall/SN1", olds=partial.properties, news=wire_map(inputs))
    )
    assert plain_map(answer.properties)["ready"]


async def test_a_drain_that_is_refused_is_an_error_that_names_the_pods(plugin: Plugin, api: KubeApi) -> None:
    await plugin.create_claim()
    machine = await plugin.create_machine()
    api.add_node("sn1", machine["bootId"])
    state = plain_map((await create(plugin, await checked(plugin, machine))).properties)
    api.add_pod("job-1", "sn1", owner="")
    with pytest.raises(grpc.aio.AioRpcError) as error:
        await delete(plugin, URN, {**state, "drainSeconds": 1}, timeout=20)

    told = refusal(error, grpc.StatusCode.FAILED_PRECONDITION)
    assert "work/job-1: no controller would start it anew" in told
    assert TOKEN not in told
    assert "sn1" in api.nodes
