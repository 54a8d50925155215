"""Storage, secure boot, power caps, power and media of a server over gRPC, as the engine asks for them."""

from collections.abc import Mapping
from typing import Any

import grpc
import grpc.aio
import pytest
from pulumi.runtime.proto import provider_pb2

from argosy_metal.provider.values import UNKNOWN, plain_map, wire_map
from argosy_metal.simulator import FaultRule

from . import test_provider_grpc as provider_grpc

plugin = provider_grpc.plugin

IMAGE = "https://provision.hall.test/images/node.iso?signature=hunter2"
KINDS: Mapping[str, Mapping[str, Any]] = {
    "SecureBoot": {"enabled": True},
    "PowerCap": {"wattsPerGpu": 500, "restorePolicy": "LastState", "powerOnDelaySeconds": 30},
    "PowerState": {"power": "On"},
    "VirtualMedia": {"image": IMAGE},
}
LAYOUT = {"volumes": [{"name": "os", "raid": "RAID1", "drives": {"count": 2}}]}


def urn(kind: str) -> str:
    return f"urn:pulumi:local::lab::baremetal:index:{kind}::a"


async def checked(plugin: provider_grpc.Plugin, kind: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
    news = wire_map({"serverId": "hall/SN1", **inputs})
    answer = await plugin.stub.Check(provider_pb2.CheckRequest(urn=urn(kind), news=news))
    assert [] == list(answer.failures)
    return plain_map(answer.inputs)


@pytest.mark.parametrize("kind", sorted(KINDS))
async def test_a_part_is_previewed_made_refreshed_unchanged_and_deleted(
    plugin: provider_grpc.Plugin, kind: str
) -> None:
    await plugin.create_claim()
    inputs = await checked(plugin, kind, KINDS[kind])
    request = provider_pb2.CreateRequest(urn=urn(kind), properties=wire_map(inputs), preview=True)
    preview = plain_map((await plugin.stub.Create(request)).properties)
    assert any(value is UNKNOWN for value in preview.values())
    assert [] == plugin.simulator.simulation.writes()

    made = await plugin.stub.Create(provider_pb2.CreateRequest(urn=urn(kind), properties=wire_map(inputs)))
    state = plain_map(made.properties)
    assert "hall/SN1" == made.id
    unchanged = await plugin.diff(urn(kind), state, inputs)
    assert provider_pb2.DiffResponse.DIFF_NONE == unchanged.changes

    writes = plugin.simulator.simulation.writes()
    refreshed = await plugin.stub.Read(
        provider_pb2.ReadRequest(
            urn=urn(kind), id="hall/SN1", properties=wire_map(state), inputs=wire_map(inputs)
        )
    )
    assert (state, writes) == (plain_map(refreshed.properties), plugin.simulator.simulation.writes())

    await plugin.stub.Delete(
        provider_pb2.DeleteRequest(urn=urn(kind), id="hall/SN1", properties=wire_map(state))
    )
    assert ("On" if kind == "PowerState" else "Off") == plugin.status()["power"]
    assert {} == plugin.status()["media"]


async def test_a_layout_that_the_bmc_cannot_make_is_an_error_with_what_would_do(
    plugin: provider_grpc.Plugin,
) -> None:
    await plugin.create_claim()
    inputs = await checked(plugin, "StorageLayout", LAYOUT)

    with pytest.raises(grpc.aio.AioRpcError) as error:
        await plugin.stub.Create(
            provider_pb2.CreateRequest(urn=urn("StorageLayout"), properties=wire_map(inputs))
        )

    told = provider_grpc.refusal(error, grpc.StatusCode.UNAVAILABLE)
    assert "volume os: the BMC makes no RAID1, but no volumes at all" in told
    assert "correct the layout" in told


async def test_a_changed_layout_or_server_replaces_and_all_else_is_in_place(
    plugin: provider_grpc.Plugin,
) -> None:
    other = {"volumes": [{"name": "os", "raid": "RAID0", "drives": {"count": 2}}]}
    olds = {**await checked(plugin, "StorageLayout", LAYOUT), "complete": True}

    layout = await plugin.diff(urn("StorageLayout"), olds, await checked(plugin, "StorageLayout", other))
    cap = await checked(plugin, "PowerCap", KINDS["PowerCap"])
    caps = await plugin.diff(
        urn("PowerCap"), {**cap, "complete": True}, {**cap, "wattsPerGpu": 400, "serverId": "hall/SN2"}
    )

    assert (["volumes"], True) == (list(layout.replaces), layout.deleteBeforeReplace)
    assert ["serverId"] == list(caps.replaces)


async def test_a_power_state_beside_a_machine_is_refused_without_a_write(
    plugin: provider_grpc.Plugin,
) -> None:
    await plugin.create_claim()
    await plugin.create_machine()
    writes = plugin.simulator.simulation.writes()
    inputs = await checked(plugin, "PowerState", {"power": "Off"})

    with pytest.raises(grpc.aio.AioRpcError) as error:
        await plugin.stub.Create(
            provider_pb2.CreateRequest(urn=urn("PowerState"), properties=wire_map(inputs))
        )

    told = provider_grpc.refusal(error, grpc.StatusCode.FAILED_PRECONDITION)
    assert "a Machine stands on this server (phase running" in told
    assert (writes, "On") == (plugin.simulator.simulation.writes(), plugin.status()["power"])


async def test_an_unfinished_cap_is_recorded_and_the_next_update_goes_on(
    plugin: provider_grpc.Plugin,
) -> None:
    await plugin.create_claim()
    plugin.simulator.inject(
        FaultRule("status", method="PATCH", path="*GPU_SXM_3/EnvironmentMetrics", status=500)
    )
    inputs = await checked(plugin, "PowerCap", {"wattsPerGpu": 500})

    with pytest.raises(grpc.aio.AioRpcError) as error:
        await plugin.stub.Create(provider_pb2.CreateRequest(urn=urn("PowerCap"), properties=wire_map(inputs)))

    partial = provider_grpc.partial_state(error.value)
    assert "limit the power of GPU_SXM_3: HTTP 500" in partial.reasons[0]
    plugin.simulator.clear_faults()
    answer = await plugin.stub.Update(
        provider_pb2.UpdateRequest(
            urn=urn("PowerCap"), id="hall/SN1", olds=partial.properties, news=wire_map(inputs)
        )
    )
    assert plain_map(answer.properties)["complete"]


async def test_a_pre_signed_url_is_in_no_message(plugin: provider_grpc.Plugin) -> None:
    await plugin.create_claim()
    plugin.simulator.inject(FaultRule("status", method="POST", path="*InsertMedia*", status=400))
    inputs = await checked(plugin, "VirtualMedia", KINDS["VirtualMedia"])

    with pytest.raises(grpc.aio.AioRpcError) as error:
        await plugin.stub.Create(
            provider_pb2.CreateRequest(urn=urn("VirtualMedia"), properties=wire_map(inputs))
        )

    assert "hunter2" not in provider_grpc.refusal(error, grpc.StatusCode.UNKNOWN)
