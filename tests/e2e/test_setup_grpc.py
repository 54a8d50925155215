"""BIOS settings and firmware over gRPC, without an engine: what the engine is told, what a cancel leaves."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import pytest
from google.protobuf import empty_pb2
from pulumi.runtime.proto import provider_pb2

from argosy_metal.provider.values import UNKNOWN, plain_map, wire_map
from argosy_metal.simulator.firmware_facts import firmware_path, firmware_sha256

from .served_plugin import Plugin, delete_request, partial_state, refusal, served

BIOS, FIRMWARE = (
    f"urn:pulumi:local::lab::baremetal:index:{kind}::a" for kind in ("BiosSettings", "FirmwareBaseline")
)
OBSERVED = ("applied", "pending", "registry", "captured", "versions", "staged", "history")
SETTINGS: Mapping[str, Any] = {
    "serverId": "hall/SN1",
    "attributes": {"AssetTag": "x", "PowerOnDelaySeconds": 30},
}


def image(component: str, version: str) -> dict[str, str]:
    return {
        "version": version,
        "url": f"https://provision.hall.test{firmware_path('dgx-h200', component, version)}",
        "sha256": firmware_sha256("dgx-h200", component, version),
    }


async def create(
    plugin: Plugin, urn: str, inputs: Mapping[str, Any], *, preview: bool = False
) -> dict[str, Any]:
    checked = await plugin.stub.Check(provider_pb2.CheckRequest(urn=urn, news=wire_map(inputs)))
    request = provider_pb2.CreateRequest(urn=urn, properties=checked.inputs, preview=preview)
    return plain_map((await plugin.stub.Create(request)).properties)


@pytest.fixture
async def plugin(tmp_path: Path) -> AsyncIterator[Plugin]:
    """A configured plugin and a quick hall, whose one server is claimed."""
    async with served(tmp_path, servers=1) as found:
        await found.create_claim()
        yield found


async def test_settings_and_firmware_are_brought_about_read_and_left(plugin: Plugin) -> None:
    bios = await create(plugin, BIOS, {**SETTINGS, "applyOn": "now"})
    firmware = await create(
        plugin,
        FIRMWARE,
        {
            "serverId": "hall/SN1",
            "components": {"HostBIOS_0": image("HostBIOS_0", "1.05.03")},
            "applyOn": "now",
        },
    )

    assert SETTINGS["attributes"] == bios["applied"]
    assert {"HostBIOS_0": "1.05.03"} == firmware["versions"]
    for urn, state in ((BIOS, bios), (FIRMWARE, firmware)):
        inputs = {name: value for name, value in state.items() if name not in OBSERVED}
        read = provider_pb2.ReadRequest(
            urn=urn, id="hall/SN1", properties=wire_map(state), inputs=wire_map(inputs)
        )
        assert state == plain_map((await plugin.stub.Read(read)).properties)
        await plugin.stub.Delete(delete_request(urn, state))
    assert 0 == plugin.status()["firmware"]["flashes_interrupted"]
    assert "Off" == plugin.status()["power"]


async def test_a_preview_touches_no_server_and_knows_no_outputs(plugin: Plugin) -> None:
    outputs = await create(plugin, BIOS, SETTINGS, preview=True)

    assert outputs["applied"] is UNKNOWN
    assert [] == list(plugin.simulator.bmc("SN1").traffic.writes)


async def test_a_cancel_lets_the_flash_in_hand_end_and_the_engine_records_what_was_reached(
    plugin: Plugin,
) -> None:
    components = {"NIC_0": image("NIC_0", "29.0.0"), "PSU_0": image("PSU_0", "0300.0300")}
    creating = asyncio.ensure_future(
        create(plugin, FIRMWARE, {"serverId": "hall/SN1", "components": components})
    )
    async with asyncio.timeout(10):
        while not plugin.status()["firmware"]["flashes_started"]:  # noqa: ASYNC110 - the plugin tells nobody
            await asyncio.sleep(0.01)
    await plugin.stub.Cancel(empty_pb2.Empty())

    with pytest.raises(grpc.aio.AioRpcError) as failed:
        await creating

    detail = partial_state(failed.value)
    assert "told to stop; the step in hand was finished" in detail.reasons[0]
    assert {"NIC_0": "29.0.0"} == plain_map(detail.properties)["staged"]
    assert {"flashes_started": 1, "flashes_completed": 1, "flashes_interrupted": 0} == plugin.status()[
        "firmware"
    ]


async def test_wrong_attributes_are_one_clean_line(plugin: Plugin) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as failed:
        await create(plugin, BIOS, {**SETTINGS, "attributes": {"NumaNodesPerSocket": "NPS8", "Nothing": 1}})

    details = refusal(failed, grpc.StatusCode.UNAVAILABLE)
    assert "Nothing: this BIOS has no such attribute" in details
    assert "NumaNodesPerSocket: given 'NPS8'; expected one of NPS1, NPS2, NPS4" in details


async def test_the_schema_offers_both_to_programs_in_any_language(plugin: Plugin) -> None:
    schema = json.loads((await plugin.stub.GetSchema(provider_pb2.GetSchemaRequest())).schema)

    bios, firmware = (
        schema["resources"][f"baremetal:index:{n}"] for n in ("BiosSettings", "FirmwareBaseline")
    )
    assert ["attributes", "serverId"] == bios["requiredInputs"]
    assert ["components", "serverId"] == firmware["requiredInputs"]
    assert "baremetal:index:FirmwareImage" in schema["types"]
